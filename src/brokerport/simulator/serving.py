"""A server of the simulator: serves from ``start`` to ``close``, or while it is entered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Serving(ABC):
    """Something that listens; ``async with`` starts and closes it."""

    async def __aenter__(self) -> Self:
        """Start; see ``start``."""
        await self.start()
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Close; see ``close``."""
        await self.close()

    @abstractmethod
    async def start(self) -> None:
        """Begin to listen."""

    @abstractmethod
    async def close(self) -> None:
        """Stop listening, and let go of everything; does nothing twice."""
