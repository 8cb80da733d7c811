"""A relay between an adapter and a gateway, which can fall silent and can be cut."""

from __future__ import annotations

import asyncio


class Relay:
    """Forwards bytes both ways on a free loopback port."""

    def __init__(self, port: int) -> None:
        self._target_port = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.is_mute = False

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Cut everything and listen no more."""
        assert self._server is not None
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Cut every connection, as a pulled plug would."""
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.gather(*self._pumps)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        try:
            onward_reader, onward = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers |= {writer, onward}
            await asyncio.gather(
                self._pump(reader, onward, heeds_mute=False),
                self._pump(onward_reader, writer, heeds_mute=True),
            )
        finally:
            self._pumps.discard(task)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, heeds_mute: bool
    ) -> None:
        try:
            while data := await reader.read(65536):
                if not (heeds_mute and self.is_mute):
                    writer.write(data)
                    await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
            self._writers.discard(writer)
