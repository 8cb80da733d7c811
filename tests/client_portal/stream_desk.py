"""A Client Portal gateway on a loopback port, and WebSocket clients of it, driven by hand.

Rules:

- The gateway, its server and its sockets are real; REST requests still go in process.
- Nothing sleeps. ``Line.hear`` sends a ``tic`` and returns what came before its answer, which is
  everything that had happened by then.
- The wall's clock stands still until ``pass_seconds``, the world's until ``pass_time``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from brokerport.domain.instruments import Instrument
from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from tests.client_portal.portal_desk import AAPL, PortalDesk

Message = dict[str, Any]


class StreamDesk(PortalDesk):
    """A portal desk whose gateway listens on a port as well; ``settings`` as for PortalSettings."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"is_plain_http": True, **settings})
        self.gateway = ClientPortalGateway(self.world, settings=self.settings, monotonic=self.clock)
        self._lines: list[Line] = []

    def __enter__(self) -> Self:
        self.run(self.gateway.start())
        self.portal, self.application = self.gateway.portal, self.gateway.application
        self.client = self.new_client()
        return self

    async def _close(self) -> None:
        for line in self._lines:
            await line.leave()
        await self.client.aclose()
        await self.gateway.close()

    def connect(
        self,
        *,
        cookie: str | None = None,
        query: str = "",
        prefix: str = "/v1/api",
        greets: bool = True,
    ) -> Line:
        """Open a WebSocket with a Cookie header, the gateway login's own when None.

        ``greets`` False leaves the greeting to be heard by the test.
        """
        if cookie is None:
            cookie = f"api={json.dumps({'session': self.login.session_id})}"
        line = Line(self, self.run(self._open_socket(cookie, query, prefix)))
        self._lines.append(line)
        if greets:
            line.greeting = [line.next() for _ in range(3)]
        return line

    async def _open_socket(self, cookie: str, query: str, prefix: str) -> ClientConnection:
        url = f"ws://127.0.0.1:{self.gateway.port}{prefix}/ws{query}"
        headers = {"Cookie": cookie} if cookie else {}
        return await connect(url, additional_headers=headers, ping_interval=None)

    @property
    def conid_of_aapl(self) -> int:
        """The contract id of AAPL."""
        return self.conid(AAPL)

    def conid(self, instrument: Instrument) -> int:
        """Return an instrument's contract id."""
        return self.world.listing.details(instrument).contract_id


class Line:
    """One client's end of a WebSocket."""

    def __init__(self, desk: StreamDesk, socket: ClientConnection) -> None:
        self.greeting: list[Message] = []
        self.socket = socket
        self._desk = desk
        self._is_reading = True

    def stop_reading(self) -> None:
        """Leave everything from now on unread."""
        self._is_reading = False
        self.socket.transport.pause_reading()

    def send(self, *frames: str) -> None:
        """Send frames as they are."""
        for frame in frames:
            self._desk.run(self.socket.send(frame))

    def next(self) -> Message:
        """Return the next message."""
        return self._desk.run(self._next())

    def hear(self, *frames: str) -> list[Message]:
        """Send frames, and return every message that came by the time all of them were followed."""
        return self._desk.run(self._hear(*frames))

    def said(self, topic: str, *frames: str) -> list[Message]:
        """Return what ``hear`` returns of one topic."""
        return [message for message in self.hear(*frames) if message.get("topic") == topic]

    def only(self, *frames: str) -> Message:
        """Return the one message that ``hear`` returns."""
        (message,) = self.hear(*frames)
        return message

    def close_code(self) -> int | None:
        """Wait for the connection's end and return the code it ended with."""
        self._desk.run(self.socket.wait_closed())
        return self.socket.close_code

    async def leave(self) -> None:
        """Close this end; one that does not read is cut."""
        if not self._is_reading:
            self.socket.transport.abort()
        await self.socket.close()

    async def _hear(self, *frames: str) -> list[Message]:
        for frame in (*frames, "tic"):
            await self.socket.send(frame)
        heard: list[Message] = []
        while (message := await self._next()).get("topic") != "tic":
            heard.append(message)
        return heard

    async def _next(self) -> Message:
        async with asyncio.timeout(5):
            try:
                message = json.loads(await self.socket.recv())
            except ConnectionClosed as gone:
                raise AssertionError(f"the gateway closed the connection: {gone}") from gone
        assert isinstance(message, dict)
        return message


def orders_of(messages: list[Message]) -> list[Mapping[str, Any]]:
    """Return the rows of messages that have them, in order."""
    return [row for message in messages for row in message["args"]]
