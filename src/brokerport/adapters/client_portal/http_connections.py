"""HTTP/1.1 connections to one's own gateway, kept open: one httpx client asks over them.

httpx's own connections take twice the processor time, and several times when requests wait for
one; ``bench/portal.py`` shows it. HTTP itself is h11's, as it is httpx's. Rules:

- One request is under way on a connection, ``connections_max`` in all. Who waits too long for a
  free one gets ``PoolTimeout``: nothing of the request has left.
- A connection is kept only after an answer that came whole, and only as long as it is silent, open
  and young enough. Whatever else happens on it, a cancelled wait included, ends it. Before it is
  used again its socket is asked, for the event loop may not have heard yet that the server left.
- Nothing is sent twice. As long as there is no connection, an error is ``NoConnection``; from then
  on it is ``AnswerBroken``: the server may have acted.
- Requests are small: nobody waits for the socket to take them.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from typing import Any, NamedTuple, cast

import h11

Headers = list[tuple[bytes, bytes]]

CLOSED = "the connections were closed"


class NoConnection(Exception):
    """There is no connection: nothing of the request was sent."""


class AnswerBroken(Exception):
    """The request may have been sent; no answer came, or not a whole one."""


class Server(NamedTuple):
    """Where requests go."""

    host: str
    port: int
    tls: ssl.SSLContext | None


class Request(NamedTuple):
    """A request; ``target`` is its path with its query."""

    method: str
    target: bytes
    headers: Headers
    body: bytes


class Answer(NamedTuple):
    """An answer that came whole."""

    status: int
    headers: Headers
    body: bytes


class HttpConnections:
    """Connections that requests are sent over, from the first request to ``close``."""

    def __init__(
        self, *, connections_max: int, idle_seconds_max: float, timeout_seconds: float
    ) -> None:
        """Prepare; ``timeout_seconds`` bounds each wait: for a connection, and for some answer."""
        self._timeout_seconds = timeout_seconds
        self._idle_seconds_max = idle_seconds_max
        self._places = asyncio.Semaphore(connections_max)
        # Those that wait for a request, the one that was used last at the end.
        self._kept: list[Connection] = []
        self._open: set[Connection] = set()
        self._is_closed = False

    async def ask(self, server: Server, request: Request) -> Answer:
        """Send a request and return its answer, whole.

        Raises:
            NoConnection: nothing of it was sent.
            AnswerBroken: it may have been.
        """
        await self._take_place()
        try:
            connection = self._reusable(server) or await self._connect(server)
            try:
                return await connection.ask(request, self._timeout_seconds)
            finally:
                self._give_back(connection)
        finally:
            self._places.release()

    async def close(self) -> None:
        """End every connection; what is under way on one fails."""
        self._is_closed = True
        self._kept.clear()
        for connection in tuple(self._open):
            connection.end()
            await connection.ended.wait()

    async def _take_place(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise NoConnection("no connection became free in time") from None

    def _reusable(self, server: Server) -> Connection | None:
        oldest = asyncio.get_running_loop().time() - self._idle_seconds_max
        while self._kept:
            connection = self._kept.pop()
            if (
                connection.server == server
                and connection.used_at > oldest
                and connection.is_ready
                and connection.is_silent()
            ):
                return connection
            connection.end()
        return None

    async def _connect(self, server: Server) -> Connection:
        self._check_open()
        host, port, tls = server
        try:
            async with asyncio.timeout(self._timeout_seconds):
                _transport, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(server, self._open), host, port, ssl=tls
                )
        except TimeoutError as error:
            raise NoConnection(f"no connection to {host}:{port} in time") from error
        except OSError as error:
            raise NoConnection(str(error)) from error
        try:
            self._check_open()
        except NoConnection:
            connection.end()
            raise
        return connection

    def _check_open(self) -> None:
        if self._is_closed:
            raise NoConnection(CLOSED)

    def _give_back(self, connection: Connection) -> None:
        if connection.is_ready and not self._is_closed:
            self._kept.append(connection)
        else:
            connection.end()


class Connection(asyncio.Protocol):
    """One connection: a request at a time, and its answer.

    It stands in ``open_ones`` from when it is open until it is gone.
    """

    def __init__(self, server: Server, open_ones: set[Connection]) -> None:
        self.server = server
        self._open_ones = open_ones
        self.used_at = 0.0
        self.ended = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._http = h11.Connection(h11.CLIENT)
        self._awaited: asyncio.Future[Answer] | None = None
        self._patience: asyncio.Timeout | None = None
        self._patience_seconds = 0.0
        self._head: h11.Response | None = None
        self._body = bytearray()
        self._is_over = False

    @property
    def is_ready(self) -> bool:
        """Whether a request may be sent on it."""
        return (
            not self._is_over
            and self._awaited is None
            and self._http.our_state is h11.IDLE
            and self._transport is not None
            and not self._transport.is_closing()
        )

    def is_silent(self) -> bool:
        """Say whether nothing has arrived that nobody has read, its end included."""
        socket = None if self._transport is None else self._transport.get_extra_info("socket")
        return socket is not None and not _has_arrived(socket.fileno())

    async def ask(self, request: Request, seconds: float) -> Answer:
        """Send a request and return its answer; a silence of so long ends the connection.

        Raises:
            AnswerBroken: there is none; it is not known what became of the request.
        """
        loop = asyncio.get_running_loop()
        self._head, self._body = None, bytearray()
        awaited: asyncio.Future[Answer] = loop.create_future()
        self._awaited = awaited
        self._patience_seconds = seconds
        is_whole = False
        try:
            async with asyncio.timeout(seconds) as self._patience:
                self._send(request)
                answer = await awaited
            is_whole = True
        except TimeoutError as error:
            raise AnswerBroken(f"no answer in time: {seconds:g} s of silence") from error
        finally:
            self._awaited = self._patience = None
            if not is_whole:
                self.end()
        self.used_at = loop.time()
        return answer

    def end(self) -> None:
        """Cut it; does nothing twice."""
        self._is_over = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note how to send."""
        self._transport = cast(asyncio.Transport, transport)
        self._open_ones.add(self)

    def data_received(self, data: bytes) -> None:
        """Take in a part of the answer; a server that speaks unasked is not listened to."""
        if self._awaited is None or self._awaited.done():
            self.end()
            return
        if self._patience is not None:
            now = asyncio.get_running_loop().time()
            self._patience.reschedule(now + self._patience_seconds)
        self._take_in(data)

    def eof_received(self) -> None:
        """Take in the end, which is the answer's end too when no length was told."""
        self._is_over = True
        if self._awaited is not None and not self._awaited.done():
            self._take_in(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """Let whoever waits for an answer know that none will come."""
        self._is_over = True
        self.ended.set()
        self._open_ones.discard(self)
        self._fail(str(exc or "") or "the connection was closed")

    def _send(self, request: Request) -> None:
        if self._transport is None:
            raise AnswerBroken("there is no connection")
        try:
            head = h11.Request(
                method=request.method, target=request.target, headers=request.headers
            )
            data = self._http.send(head) or b""
            if request.body:
                data += self._http.send(h11.Data(request.body)) or b""
            data += self._http.send(h11.EndOfMessage()) or b""
        except h11.LocalProtocolError as error:
            raise AnswerBroken(f"the request is no HTTP: {error}") from error
        self._transport.write(data)

    def _take_in(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            while True:
                event: Any = self._http.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                if isinstance(event, h11.Response):
                    self._head = event
                elif isinstance(event, h11.Data):
                    self._body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    self._finish()
                    return
                elif isinstance(event, h11.ConnectionClosed):
                    self._fail("the server closed the connection")
                    return
        except h11.RemoteProtocolError as error:
            self._fail(f"the answer is not whole, or no HTTP: {error}")

    def _finish(self) -> None:
        rest, _is_end = self._http.trailing_data
        try:
            self._http.start_next_cycle()
        except h11.ProtocolError:
            self._is_over = True
        if rest:
            self._is_over = True
        if self._awaited is not None and self._head is not None:
            headers = [*self._head.headers.raw_items()]
            self._awaited.set_result(Answer(self._head.status_code, headers, bytes(self._body)))

    def _fail(self, reason: str) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_exception(AnswerBroken(reason))


def _has_arrived(socket: int) -> bool:
    if socket < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([socket], [], [], 0)[0])
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))
