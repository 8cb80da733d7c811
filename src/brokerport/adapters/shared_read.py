"""A read that several callers share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from brokerport.domain.errors import BrokerportError, RequestTimedOut

T = TypeVar("T")


class SharedRead(Generic[T]):
    """A read of which one answer serves all callers that asked before it was sent.

    Callers that come while one is under way share the next: an answer is never older than the
    question. They share its error too, so that nobody waits for more than two reads.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]]) -> None:
        self._fetch = fetch
        self._turn = asyncio.Lock()
        self._begun = 0
        self._ended = 0
        self._outcome: tuple[T] | BrokerportError = RequestTimedOut("nothing was asked yet")

    async def __call__(self) -> T:
        """Return an answer that was asked for after this call began."""
        begun_before = self._begun
        async with self._turn:
            if self._ended <= begun_before:
                self._begun += 1
                try:
                    self._outcome = (await self._fetch(),)
                except BrokerportError as error:
                    self._outcome = error
                self._ended = self._begun
            if isinstance(self._outcome, BrokerportError):
                raise self._outcome
            return self._outcome[0]
