"""A gateway of a few lines: it shakes hands, and answers as a test tells it to.

It knows nothing of trading; the tests write messages as they stand on the wire.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Self

from brokerport.config import TwsSettings

Fields = tuple[object, ...]
Answer = Callable[[list[str]], list[Fields]]

SERVER_VERSION = "178"
HANDSHAKE_TIME = "20260105 09:30:00 EST"
GREETING: list[Fields] = [(15, 1, "DU1000001,DU1000002"), (9, 1, 101)]
NO_ORDERS: list[Fields] = [(53, 1)]
NO_POSITIONS: list[Fields] = [(62, 1)]
OPEN_ORDERS, POSITIONS, CURRENT_TIME, START = "5", "61", "49", "71"


def framed(fields: Fields) -> bytes:
    """One message as bytes."""
    body = "".join(f"{field}\0" for field in fields).encode()
    return struct.pack(">I", len(body)) + body


class FakeTws:
    """Serves one client at a time on a free loopback port."""

    def __init__(self, answers: dict[str, list[Fields] | Answer] | None = None) -> None:
        self.answers: dict[str, list[Fields] | Answer] = {
            START: GREETING,
            OPEN_ORDERS: NO_ORDERS,
            POSITIONS: NO_POSITIONS,
            CURRENT_TIME: [(49, 1, 1_767_623_400)],
        }
        self.answers.update(answers or {})
        self.received: list[list[str]] = []
        self.version: str | None = SERVER_VERSION
        self.handshake_time = HANDSHAKE_TIME
        self.hangs_up_on: str | None = None
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self.hang_up()
        self._server.close()
        for task in list(self._serving):
            await task

    def settings(self, *, timeout_seconds: float = 5.0, client_id: int = 7) -> TwsSettings:
        """How to reach it."""
        assert self._server is not None
        return TwsSettings(
            port=self._server.sockets[0].getsockname()[1],
            client_id=client_id,
            connect_timeout_seconds=timeout_seconds,
            request_timeout_seconds=timeout_seconds,
        )

    def say(self, *messages: Fields) -> None:
        """Send messages now, in one packet."""
        assert self._writer is not None
        self._writer.write(b"".join(framed(message) for message in messages))

    def hang_up(self) -> None:
        """Close the client's socket."""
        if self._writer is not None:
            self._writer.close()

    def sent(self, kind: str) -> list[list[str]]:
        """Return what the client sent of one kind."""
        return [fields for fields in self.received if fields[0] == kind]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self._writer = writer
        try:
            await self._serve(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self._serving.discard(task)

    async def _serve(self, reader: asyncio.StreamReader) -> None:
        await reader.readexactly(4)
        await self._read(reader)
        if self.version is None:
            await reader.read()
            return
        self.say((self.version, self.handshake_time))
        while True:
            fields = (await self._read(reader)).split("\0")[:-1]
            self.received.append(fields)
            if fields[0] == self.hangs_up_on:
                return
            answer = self.answers.get(fields[0], [])
            self.say(*(answer(fields) if callable(answer) else answer))

    async def _read(self, reader: asyncio.StreamReader) -> str:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        return (await reader.readexactly(length)).decode()
