"""Reading an answer: what cannot be read is refused, never taken for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from brokerport.domain.errors import BadInput, RequestRefused


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Read something Client Portal told; the error of reading it names it.

    Raises:
        RequestRefused: in place of ValueError and BadInput.
    """
    try:
        yield
    except (BadInput, ValueError) as error:
        raise RequestRefused(f"Client Portal's {what} is not usable: {error}") from error
