"""A relay for HTTP that can lose chosen requests, or the answers to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum

from tests.contract.relay import Relay


class Loss(Enum):
    """What becomes of a request that is lost; the connection breaks in either case."""

    REQUEST = "it never arrives"
    ANSWER = "it arrives, and its answer does not come back"


class HttpRelay(Relay):
    """Forwards HTTP and WebSocket; ``losses`` are taken one for each request that begins so.

    ``on_request`` is called with each request's first line before it is forwarded. What a WebSocket
    says is held back while ``stream_flows`` is not set.
    """

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.losses: list[tuple[str, Loss]] = []
        self.on_request: Callable[[str], None] = lambda _line: None
        self.requests: list[str] = []
        self.stream_flows = asyncio.Event()
        self.stream_flows.set()

    async def cut(self) -> None:
        """Cut every connection, and hold nothing back any more."""
        self.stream_flows.set()
        await super().cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        writers = {writer}
        try:
            onward_reader, onward = await asyncio.open_connection("127.0.0.1", self._target_port)
            writers.add(onward)
            self._writers |= writers
            exchange = _Exchange(self, writer, onward)
            await asyncio.gather(exchange.forward(reader), exchange.return_answers(onward_reader))
        finally:
            self._writers -= writers
            self._pumps.discard(task)

    def loss_of(self, line: str) -> Loss | None:
        """Take the loss that a request with this first line is to suffer, if any."""
        for loss in self.losses:
            if line.startswith(loss[0]):
                self.losses.remove(loss)
                return loss[1]
        return None


class _Exchange:
    """One connection through the relay."""

    def __init__(
        self, relay: HttpRelay, client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        self._relay = relay
        self._client = client
        self._server = server
        self._loses_answer = False
        self._is_stream = False

    async def forward(self, reader: asyncio.StreamReader) -> None:
        """Pass on what the client sends."""
        try:
            while data := await reader.read(65536):
                line = _request_line(data)
                if line is not None:
                    self._relay.requests.append(line)
                    self._relay.on_request(line)
                    loss = self._relay.loss_of(line)
                    if loss is Loss.REQUEST:
                        self._break()
                        return
                    self._loses_answer = loss is Loss.ANSWER
                    self._is_stream = " /v1/api/ws" in line
                self._server.write(data)
                await self._server.drain()
        except ConnectionError:
            pass
        finally:
            self._server.close()

    async def return_answers(self, reader: asyncio.StreamReader) -> None:
        """Pass back what the server answers."""
        try:
            while data := await reader.read(65536):
                if self._loses_answer:
                    self._break()
                    return
                if self._is_stream:
                    await self._relay.stream_flows.wait()
                self._client.write(data)
                await self._client.drain()
        except ConnectionError:
            pass
        finally:
            self._client.close()

    def _break(self) -> None:
        for writer in (self._client, self._server):
            writer.transport.abort()


def _request_line(data: bytes) -> str | None:
    """Return the first line of a request, None for the rest of one or a WebSocket's frame."""
    line, _, _ = data.partition(b"\r\n")
    if not line.endswith(b" HTTP/1.1"):
        return None
    return line.decode("ascii")
