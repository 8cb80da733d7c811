"""The connections to a gateway: kept while they are sound; no request is ever sent twice."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from brokerport.adapters.client_portal.transport import AnswerLost, NotSent, Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A server that answers as it is told, and remembers requests by their connection's number."""

    def __init__(self, answer: Answer | bytes) -> None:
        self._answer = answer
        self.port = 0
        self.connections = 0
        self.requests: list[tuple[int, str]] = []
        self.arrived = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other."""
        self.connections += 1
        number = self.connections
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append((number, head.decode().partition(" HTTP")[0]))
                self.arrived.set()
                if isinstance(self._answer, bytes):
                    writer.write(self._answer)
                else:
                    await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def serving(
    answer: Answer | bytes, timeout_seconds: float = 5.0
) -> AsyncIterator[tuple[Server, Transport]]:
    """Serve on a free port, and have a transport to it."""
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    transport = Transport(f"http://127.0.0.1:{server.port}", timeout_seconds)
    try:
        yield server, transport
    finally:
        await transport.close()
        listening.close()


async def turns(condition: Callable[[], bool]) -> None:
    """Let the loop turn until something holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - a state of the other end, not an event
            await asyncio.sleep(0)


def test_a_connection_is_kept_and_used_again() -> None:
    """One handshake for all requests that come one after the other."""

    async def run() -> None:
        async with serving(OK) as (server, transport):
            for path in ("/one", "/two", "/three"):
                assert (await transport.request("GET", path)).body == {}
            assert server.requests == [(1, "GET /one"), (1, "GET /two"), (1, "GET /three")]

    asyncio.run(run())


def test_requests_at_the_same_time_have_a_connection_each() -> None:
    """And no more connections than are allowed: the others wait for one."""

    async def run() -> None:
        async with serving(OK) as (server, transport):
            paths = [f"/{number}" for number in range(50)]
            replies = await asyncio.gather(*(transport.request("GET", path) for path in paths))
            assert [reply.body for reply in replies] == [{}] * 50
            assert sorted(path for _number, path in server.requests) == sorted(
                f"GET {path}" for path in paths
            )
            assert 1 < server.connections <= 20

    asyncio.run(run())


def test_a_body_goes_with_its_length_and_comes_in_chunks() -> None:
    """What a server says before its answer is not the answer."""
    bodies: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append(await reader.readexactly(len('{"a":1}')))
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n")
        await writer.drain()
        writer.write(b"3\r\n,2]\r\n0\r\n\r\n")

    async def run() -> None:
        async with serving(answer) as (_server, transport):
            for _request in range(2):
                assert (await transport.request("POST", "/p", body={"a": 1})).body == [1, 2]
        assert bodies == [b'{"a":1}'] * 2

    asyncio.run(run())


def test_an_answer_may_be_compressed() -> None:
    """As IBKR's are."""
    packed = gzip.compress(b'{"a": 1}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"

    async def run() -> None:
        async with serving(head.encode() + packed) as (_server, transport):
            assert (await transport.request("GET", "/p")).body == {"a": 1}

    asyncio.run(run())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        OK + b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["the server says it closes", "the server says more than it was asked"],
)
def test_a_connection_that_is_not_sound_is_not_used_again(answer: bytes) -> None:
    """An answer of the last request must never be taken for one of the next."""

    async def run() -> None:
        async with serving(answer) as (server, transport):
            for _request in range(2):
                reply = await transport.request("GET", "/p")
                assert (reply.status, reply.body) == (200, {})
            assert [number for number, _path in server.requests] == [1, 2]

    asyncio.run(run())


def test_a_connection_on_which_the_server_speaks_unasked_is_not_used_again() -> None:
    """Nor is one that the server has closed meanwhile."""
    writers: list[asyncio.StreamWriter] = []

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(OK)

    async def run() -> None:
        async with serving(answer) as (server, transport):
            await transport.request("GET", "/p")
            writers[-1].write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            await turns(lambda: not _kept(transport))
            assert (await transport.request("GET", "/p")).status == 200
            writers[-1].close()
            await turns(lambda: not _kept(transport))
            assert (await transport.request("GET", "/p")).status == 200
            assert [number for number, _path in server.requests] == [1, 2, 3]

    asyncio.run(run())


def test_an_end_that_the_loop_has_not_heard_of_is_seen() -> None:
    """The server left while the program was busy: no order may be sent after it."""
    is_busy, has_left = threading.Event(), threading.Event()
    requests: list[int] = []

    def serve(listening: socket.socket) -> None:
        for number in (1, 2):
            connection, _address = listening.accept()
            with connection:
                while b"\r\n\r\n" not in connection.recv(65536):
                    pass
                requests.append(number)
                connection.sendall(OK)
                is_busy.wait(5)
            has_left.set()

    async def run(port: int) -> None:
        transport = Transport(f"http://127.0.0.1:{port}", 5.0)
        await transport.request("POST", "/p")
        is_busy.set()
        assert has_left.wait(5)
        await transport.request("POST", "/p")
        await transport.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        asyncio.run(run(listening.getsockname()[1]))
        thread.join()
    assert requests == [1, 2]


def test_a_connection_is_given_up_when_it_was_idle_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before the server closes it under a request."""
    monkeypatch.setattr(f"{Transport.__module__}.IDLE_CONNECTION_SECONDS_MAX", 0)

    async def run() -> None:
        async with serving(OK) as (server, transport):
            for _request in range(2):
                await transport.request("GET", "/p")
            assert [number for number, _path in server.requests] == [1, 2]

    asyncio.run(run())


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"no HTTP at all\r\n\r\n"],
    ids=["none", "half of one", "something else"],
)
def test_an_answer_that_does_not_come_whole_is_lost(answer: bytes) -> None:
    """The request has arrived, once."""

    async def say(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def run() -> None:
        async with serving(say) as (server, transport):
            with pytest.raises(AnswerLost):
                await transport.request("POST", "/p")
            assert len(server.requests) == 1

    asyncio.run(run())


def test_a_server_that_keeps_silent_is_not_waited_for_without_end() -> None:
    """Nobody knows what it made of the request."""

    async def keep_silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)

    async def run() -> None:
        async with serving(keep_silent, timeout_seconds=0.02) as (server, transport):
            with pytest.raises(AnswerLost, match="no answer in time"):
                await transport.request("POST", "/p")
            assert len(server.requests) == 1

    asyncio.run(run())


def test_the_answer_of_a_cancelled_request_is_nobody_elses() -> None:
    """Its connection is cut."""
    let_go = asyncio.Event()

    async def answer_late(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_go.wait()
        writer.write(OK)

    async def run() -> None:
        async with serving(answer_late) as (server, transport):
            asking = asyncio.create_task(transport.request("GET", "/first"))
            await server.arrived.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            let_go.set()
            await transport.request("GET", "/second")
            assert server.requests == [(1, "GET /first"), (2, "GET /second")]

    asyncio.run(run())


def test_a_request_that_gets_no_connection_is_not_sent() -> None:
    """Whether nobody listens, or all connections are in use for too long."""

    async def keep_silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)

    async def run() -> None:
        async with serving(OK) as (server, _transport):
            port = server.port
        nobody = Transport(f"http://127.0.0.1:{port}", 5.0)
        with pytest.raises(NotSent):
            await nobody.request("POST", "/p")
        await nobody.close()
        async with serving(keep_silent, timeout_seconds=0.05) as (server, transport):
            asking = [asyncio.create_task(transport.request("POST", "/p")) for _ in range(21)]
            outcomes = await asyncio.gather(*asking, return_exceptions=True)
            assert [type(one) for one in outcomes].count(AnswerLost) == len(server.requests)
            assert all(isinstance(one, AnswerLost | NotSent) for one in outcomes)

    asyncio.run(run())


def test_closing_ends_those_who_wait_for_a_connection() -> None:
    """What has left is lost, what has not is not sent."""

    async def keep_silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)

    async def run() -> None:
        async with serving(keep_silent) as (server, transport):
            asking = [asyncio.create_task(transport.request("POST", "/p")) for _ in range(25)]
            await turns(lambda: len(server.requests) == 20)
            await transport.close()
            outcomes = await asyncio.gather(*asking, return_exceptions=True)
            assert [type(one) for one in outcomes] == [AnswerLost] * 20 + [NotSent] * 5

    asyncio.run(run())


def _kept(transport: Transport) -> bool:
    """Say whether a connection is kept that could be used again."""
    own: Any = transport._client._transport
    return any(one.is_ready for one in own._connections._kept)
