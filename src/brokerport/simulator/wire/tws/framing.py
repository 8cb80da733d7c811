"""Frames: a 4-byte big-endian length, then that many bytes of payload.

Rules: a length of zero, a length with the sign bit set and a length above the limit are the
peer's violation; after one the decoder refuses further use, because the stream has lost its
frame boundaries. The work is linear in the bytes received, however they are torn or glued.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from brokerport.simulator.wire.tws.errors import LocalViolation, RemoteViolation

CLIENT_FRAME_LENGTH_MAX = 1 << 20
"""What a server accepts from a client, in bytes."""
SERVER_FRAME_LENGTH_MAX = (1 << 24) - 1
"""What a client accepts from a server, in bytes (the official client's limit is 16 MiB - 1)."""

_LENGTH = struct.Struct(">I")
_COMPACT_FROM = 1 << 16


class FrameDecoder:
    """Cuts a stream of bytes into payloads.

    Feed it bytes in pieces of any size, then call `next_frame` (or iterate) until it has no more.
    """

    def __init__(self, max_length: int = CLIENT_FRAME_LENGTH_MAX) -> None:
        if max_length < 1:
            raise ValueError(f"max_length must be at least 1, got {max_length}")
        self._max_length = max_length
        self._buffer = bytearray()
        self._start = 0
        self._violation: str | None = None

    @property
    def buffered_length(self) -> int:
        """How many bytes wait for the rest of their frame."""
        return len(self._buffer) - self._start

    def feed(self, data: bytes) -> None:
        """Take in bytes; raises RemoteViolation if an earlier frame was in violation."""
        if self._violation is not None:
            raise RemoteViolation(self._violation)
        self._buffer += data

    def next_frame(self) -> bytes | None:
        """Return the next complete payload, or None if more bytes are needed.

        Raises RemoteViolation as soon as a forbidden length has arrived.
        """
        if self._violation is not None:
            raise RemoteViolation(self._violation)
        if self.buffered_length < _LENGTH.size:
            self._compact()
            return None
        (length,) = _LENGTH.unpack_from(self._buffer, self._start)
        if not 1 <= length <= self._max_length:
            shown = length - (1 << 32) if length >= 1 << 31 else length
            self._violation = f"a frame's length must be 1 to {self._max_length} bytes, got {shown}"
            self._buffer.clear()
            self._start = 0
            raise RemoteViolation(self._violation)
        end = self._start + _LENGTH.size + length
        if len(self._buffer) < end:
            self._compact()
            return None
        payload = bytes(memoryview(self._buffer)[self._start + _LENGTH.size : end])
        self._start = end
        return payload

    def __iter__(self) -> Iterator[bytes]:
        while (payload := self.next_frame()) is not None:
            yield payload

    def _compact(self) -> None:
        """Drop the bytes already handed out, once they are at least half of the buffer."""
        if self._start == len(self._buffer):
            self._buffer.clear()
            self._start = 0
        elif self._start >= _COMPACT_FROM and self._start * 2 >= len(self._buffer):
            del self._buffer[: self._start]
            self._start = 0


def encode_frame(payload: bytes, max_length: int = SERVER_FRAME_LENGTH_MAX) -> bytes:
    """Put its length before a payload; raises LocalViolation if it is empty or too long."""
    if not 1 <= len(payload) <= max_length:
        raise LocalViolation(f"a frame's length must be 1 to {max_length}, got {len(payload)}")
    return _LENGTH.pack(len(payload)) + payload
