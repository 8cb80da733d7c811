"""The WebSocket: what comes in order, what ends it, and that its end is told once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from brokerport.adapters.client_portal import stream as stream_module
from brokerport.adapters.client_portal.stream import Message, Stream, StreamFailed

Handle = Callable[[ServerConnection], Awaitable[None]]


class Heard:
    """What was heard of a stream."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.ended: asyncio.Queue[str] = asyncio.Queue()

    async def open(self, port: int, **changes: Any) -> Stream:
        """Open a stream to a server on this machine."""
        options: dict[str, Any] = {
            "tls": None,
            "headers": {"Cookie": 'api={"session":"abc"}'},
            "timeout_seconds": 5.0,
            "on_message": self.messages.append,
            "on_end": self.ended.put_nowait,
        }
        return await Stream.open(f"ws://localhost:{port}/v1/api/ws", **{**options, **changes})


def with_server(handle: Handle, use: Callable[[int, Heard], Awaitable[None]]) -> None:
    """Use a server on a free loopback port."""

    async def run() -> None:
        async with serve(handle, "localhost", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            await use(port, Heard())

    asyncio.run(run())


def test_messages_come_in_order_as_text_or_bytes() -> None:
    """With exact numbers; what we send arrives, and who we are."""
    seen: list[object] = []

    async def handle(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.append(socket.request.path)
        seen.append(socket.request.headers["Cookie"])
        await socket.send('{"topic":"system","hb":1}')
        await socket.send(b'{"topic":"sor","price":0.10}')
        seen.append(await socket.recv())
        await socket.close()

    async def use(port: int, heard: Heard) -> None:
        stream = await heard.open(port)
        await stream.send("tic")
        assert "closed" in await heard.ended.get()
        assert [message["topic"] for message in heard.messages] == ["system", "sor"]
        assert heard.messages[1]["price"] == Decimal("0.10")
        assert not stream.is_open
        with pytest.raises(StreamFailed):
            await stream.send("tic")
        await stream.close()
        assert heard.ended.empty()

    with_server(handle, use)
    assert seen == ["/v1/api/ws", 'api={"session":"abc"}', "tic"]


@pytest.mark.parametrize("sent", ["no JSON", "[1]", b"\xff\xfe"])
def test_what_cannot_be_read_ends_the_stream(sent: str | bytes) -> None:
    """It may have been an order or a fill."""

    async def handle(socket: ServerConnection) -> None:
        await socket.send(sent)
        await socket.wait_closed()

    async def use(port: int, heard: Heard) -> None:
        stream = await heard.open(port)
        assert "could not be read" in await heard.ended.get()
        await stream.close()

    with_server(handle, use)


def test_a_broken_line_ends_the_stream() -> None:
    """Without a good-bye."""

    async def handle(socket: ServerConnection) -> None:
        socket.transport.abort()

    async def use(port: int, heard: Heard) -> None:
        stream = await heard.open(port)
        assert "broke" in await heard.ended.get()
        await stream.close()

    with_server(handle, use)


def test_a_silent_stream_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """IBKR's heart beats every ten seconds: what comes later than the limit is not waited for."""
    monkeypatch.setattr(stream_module, "SILENCE_SECONDS_MAX", 0.05)

    async def handle(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async def use(port: int, heard: Heard) -> None:
        stream = await heard.open(port)
        # Looked at too early, it is looked at again.
        stream._silence.cancel()
        stream._check_silence()
        assert stream.is_open
        async with asyncio.timeout(5):
            assert "silent" in await heard.ended.get()
        await stream.close()

    with_server(handle, use)


def test_a_stream_that_we_close_does_not_tell_its_end() -> None:
    """Nobody has to mend it."""

    async def handle(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async def use(port: int, heard: Heard) -> None:
        stream = await heard.open(port)
        await stream.close()
        await stream.close()
        assert heard.ended.empty()
        assert len(asyncio.all_tasks()) > 0

    with_server(handle, use)


def test_where_nothing_answers_there_is_no_stream() -> None:
    """One error for every way of failing."""

    async def handle(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async def use(port: int, heard: Heard) -> None:
        closed = await asyncio.start_server(lambda _r, _w: None, "localhost", 0)
        free = closed.sockets[0].getsockname()[1]
        closed.close()
        await closed.wait_closed()
        with pytest.raises(StreamFailed):
            await heard.open(free)

    with_server(handle, use)


def with_raw_server(answer: bytes, match: str, timeout_seconds: float) -> None:
    """See an opening fail against a server that answers so, and leave no socket open."""

    async def run() -> None:
        is_closed = asyncio.Event()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await reader.read()
            writer.close()
            await writer.wait_closed()
            is_closed.set()

        server = await asyncio.start_server(handle, "localhost", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(StreamFailed, match=match):
            await Heard().open(port, timeout_seconds=timeout_seconds)
        await is_closed.wait()
        server.close()
        await server.wait_closed()

    asyncio.run(run())


def test_a_refused_handshake_is_no_stream() -> None:
    """An HTTP error instead of a WebSocket."""
    with_raw_server(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "401", 5.0)


def test_a_handshake_that_takes_too_long_is_given_up() -> None:
    """The port takes the connection and says nothing."""
    with_raw_server(b"", "no stream within", 0.05)


def test_the_log_shows_no_cookie_and_no_token(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the program's logging says."""

    async def handle(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async def use(port: int, _heard: Heard) -> None:
        stream = await Stream.open(
            f"ws://localhost:{port}/v1/api/ws?oauth_token=hidden",
            tls=None,
            headers={"Cookie": "api=hidden"},
            timeout_seconds=5.0,
            on_message=lambda _message: None,
            on_end=lambda _reason: None,
        )
        await stream.close()

    with caplog.at_level("DEBUG"):
        with_server(handle, use)
    ours = [record for record in caplog.records if record.name.startswith("websockets.client")]
    assert "hidden" not in "".join(record.getMessage() for record in ours)
