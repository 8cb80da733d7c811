"""A stream cut into chunks: what the socket gave, or one TWS message each.

A TWS stream is frames (a 4-byte big-endian length, then the payload); a client opens with ``API``
and a zero byte, a chunk of its own. A stream that turns out to be something else passes as it
comes.
"""

from __future__ import annotations

import struct
from typing import Protocol

from brokerport.simulator.faults.fault import Direction
from brokerport.simulator.faults.plan import Framing

_HELLO = b"API\0"
_LENGTH = struct.Struct(">I")
_FRAME_BYTES_MAX = 1 << 24


class Cutter(Protocol):
    """Cuts one direction of one connection."""

    def cut(self, data: bytes) -> list[bytes]:
        """Take in bytes, and return the chunks that are complete."""
        ...

    def rest(self) -> bytes:
        """Return what never became a whole chunk; asked for at the end of the stream."""
        ...


class AsItComes:
    """A chunk is what the socket gave."""

    def cut(self, data: bytes) -> list[bytes]:
        """See ``Cutter``."""
        return [data]

    def rest(self) -> bytes:
        """See ``Cutter``."""
        return b""


class TwsFrames:
    """A chunk is one TWS message, whatever the socket gave."""

    def __init__(self, *, begins_with_hello: bool) -> None:
        self._buffer = bytearray()
        self._awaits_hello = begins_with_hello
        self._is_foreign = False

    def cut(self, data: bytes) -> list[bytes]:
        """See ``Cutter``."""
        self._buffer += data
        chunks = []
        while (size := self._next_size()) is not None:
            chunks.append(bytes(self._buffer[:size]))
            del self._buffer[:size]
        return chunks

    def rest(self) -> bytes:
        """See ``Cutter``."""
        return bytes(self._buffer)

    def _next_size(self) -> int | None:
        if self._is_foreign:
            return len(self._buffer) or None
        if len(self._buffer) < _LENGTH.size:
            return None
        if self._awaits_hello:
            self._awaits_hello = False
            self._is_foreign = not self._buffer.startswith(_HELLO)
            return len(self._buffer) if self._is_foreign else len(_HELLO)
        (length,) = _LENGTH.unpack_from(self._buffer)
        if not 0 < length < _FRAME_BYTES_MAX:
            self._is_foreign = True
            return len(self._buffer)
        size = _LENGTH.size + int(length)
        return size if len(self._buffer) >= size else None


def cutter(framing: Framing, direction: Direction) -> Cutter:
    """Return what cuts one direction of a new connection."""
    if framing is Framing.TWS:
        return TwsFrames(begins_with_hello=direction is Direction.CLIENT_TO_SERVER)
    return AsItComes()
