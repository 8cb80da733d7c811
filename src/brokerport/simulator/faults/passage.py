"""One connection through the proxy: bytes both ways, and what the plan does to them.

Rules:

- Within a direction the order of bytes is kept, as TCP keeps it: what is held holds what follows.
- A connection that is closed by a fault is closed on both sides, after what was passed on.
- What a client has sent before its connection broke still reaches the server.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol

from attrs import frozen

from brokerport.simulator.faults.chances import ConnectionChances, Struck
from brokerport.simulator.faults.fault import Direction
from brokerport.simulator.faults.framing import cutter
from brokerport.simulator.faults.network import (
    BlackHole,
    Cut,
    Delay,
    Drop,
    Duplicate,
    LoseResponse,
    Reorder,
)
from brokerport.simulator.faults.plan import Framing

_READ_BYTES = 65_536
_PLAYED = (Delay, Drop, Cut, Duplicate, Reorder, LoseResponse, BlackHole)


class Crowd(Protocol):
    """What a connection needs of the proxy: to be heard by the others, and to hear of them."""

    def has_spoken(self, number: int) -> None:
        """Take note that a connection's bytes were passed on."""
        ...

    async def later_speaks(self, number: int) -> None:
        """Wait until a connection opened after this one has had bytes passed on."""
        ...


@frozen
class Ends:
    """The near ends of a connection's two sides."""

    client: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    server: tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Broken(Exception):
    """A fault has closed the connection."""


class Passage:
    """Passes one connection's bytes on until both sides have ended, or a fault ends it."""

    def __init__(
        self, ends: Ends, chances: ConnectionChances, framing: Framing, crowd: Crowd
    ) -> None:
        self._ends = ends
        self._chances = chances
        self._framing = framing
        self._crowd = crowd
        self._swallowed: dict[Direction, BlackHole] = {}
        self._loses_response: LoseResponse | None = None

    async def run(self) -> None:
        """Pass on until the end; leaves both sides closed or closing."""
        (client_reader, client), (server_reader, server) = self._ends.client, self._ends.server
        pumps = {
            asyncio.create_task(self._pump(Direction.CLIENT_TO_SERVER, client_reader, server)),
            asyncio.create_task(self._pump(Direction.SERVER_TO_CLIENT, server_reader, client)),
        }
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for pump in pumps:
                pump.cancel()
            outcomes = await asyncio.gather(*pumps, return_exceptions=True)
            for writer in (client, server):
                writer.close()
        for outcome in outcomes:
            if isinstance(outcome, Exception) and not isinstance(
                outcome, _Broken | ConnectionError
            ):
                raise outcome

    async def _pump(
        self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        chunks = cutter(self._framing, direction)
        while data := await self._read(direction, reader):
            for chunk in chunks.cut(data):
                await self._pass(direction, chunk, writer)
        if direction in self._swallowed:
            # A client hears nothing of its server's end. One that has left needs no server.
            if direction is Direction.CLIENT_TO_SERVER:
                raise _Broken
            return
        if rest := chunks.rest():
            await self._write(writer, rest)
        if writer.can_write_eof():
            with suppress(OSError):
                writer.write_eof()
        else:
            raise _Broken

    async def _read(self, direction: Direction, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read(_READ_BYTES)
        except ConnectionError:
            if direction in self._swallowed:
                return b""
            raise

    async def _pass(self, direction: Direction, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        if direction in self._swallowed:
            return
        if direction is Direction.SERVER_TO_CLIENT and self._loses_response is not None:
            self._chances.record(
                direction, self._loses_response, f"{len(chunk)} bytes swallowed, then closed"
            )
            raise _Broken
        copies = 1
        lost: LoseResponse | None = None
        for struck in self._chances.struck(_PLAYED, direction, chunk):
            match struck.fault:
                case Delay() as fault:
                    await self._delay(direction, fault, struck)
                case Reorder() as fault:
                    await self._hold(direction, fault)
                case Duplicate() as fault:
                    copies += 1
                    self._chances.record(direction, fault, f"{len(chunk)} bytes once more")
                case LoseResponse() as fault:
                    lost = fault
                case BlackHole() as fault:
                    self._swallow(direction, fault)
                    return
                case Cut() as fault:
                    most = min(fault.after_bytes_max, len(chunk) - 1)
                    count = struck.whole(min(fault.after_bytes_min, most), most)
                    self._chances.record(direction, fault, f"after {count} of {len(chunk)} bytes")
                    await self._write(writer, chunk[:count])
                    raise _Broken
                case Drop() as fault:
                    self._chances.record(direction, fault, f"instead of {len(chunk)} bytes")
                    raise _Broken
        if direction in self._swallowed:
            # The other direction fell silent while this chunk was held.
            return
        if lost is not None:
            self._loses_response = lost
        await self._write(writer, chunk * copies)
        self._crowd.has_spoken(self._chances.number)

    async def _delay(self, direction: Direction, fault: Delay, struck: Struck) -> None:
        milliseconds = struck.between(fault.latency_ms_min, fault.latency_ms_max)
        self._chances.record(direction, fault, f"{milliseconds:.3f} ms")
        await asyncio.sleep(milliseconds / 1000)

    async def _hold(self, direction: Direction, fault: Reorder) -> None:
        self._chances.record(direction, fault, "held until a later connection speaks")
        with suppress(TimeoutError):
            async with asyncio.timeout(fault.held_ms_max / 1000):
                await self._crowd.later_speaks(self._chances.number)

    def _swallow(self, direction: Direction, fault: BlackHole) -> None:
        ways = Direction if fault.direction is None else (direction,)
        self._swallowed |= dict.fromkeys(ways, fault)
        self._chances.record(direction, fault, "swallowed from here on")

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if data:
            writer.write(data)
            await writer.drain()
