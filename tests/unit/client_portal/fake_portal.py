"""A Client Portal without a network: answers and a stream that do as the test says.

It knows the two sessions, counts what it is asked, and answers ``tic`` and subscriptions. What it
is to do beyond that is written into ``answers``, or pushed into its streams.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from brokerport.adapters.client_portal.door import Door
from brokerport.adapters.client_portal.json_text import write_json
from brokerport.adapters.client_portal.stream import Message, Stream, StreamFailed
from brokerport.adapters.client_portal.transport import Transport
from brokerport.config import ClientPortalSettings

ACCOUNTS = ["DU1000001", "DU1000002"]
SUBSCRIPTIONS = ["str", "sor"]
MILLISECONDS = 1_767_623_400_000

Answer = Callable[[httpx.Request], httpx.Response]


class FakeStream(Stream):
    """One WebSocket of the fake portal."""

    def __init__(
        self,
        portal: FakePortal,
        session_id: str,
        on_message: Callable[[Message], None],
        on_end: Callable[[str], None],
    ) -> None:
        self._portal = portal
        self.session_id = session_id
        self._hear = on_message
        self._end_is = on_end
        self.sent: list[str] = []
        self._is_over = False

    @property
    def is_open(self) -> bool:
        """Whether it is still read."""
        return not self._is_over

    async def send(self, text: str) -> None:
        """Take a message of the adapter's, and answer it."""
        if self._is_over:
            raise StreamFailed("it is over")
        self.sent.append(text)
        topic = text.partition("+")[0]
        if topic == "tic" and not self._portal.is_silent:
            self.push(topic="tic", alive=True, lastAccessed=MILLISECONDS)
        elif topic in self._portal.rows:
            self.push(topic=topic, args=list(self._portal.rows[topic]))

    async def close(self) -> None:
        """Be closed by the adapter."""
        self._is_over = True

    def push(self, **message: Any) -> None:
        """Say something."""
        if not self._is_over:
            self._hear(message)

    def drop(self, reason: str = "the stream broke") -> None:
        """Break."""
        if not self._is_over:
            self._is_over = True
            self._end_is(reason)


class FakePortal:
    """The portal: its sessions, its answers, its streams."""

    def __init__(self) -> None:
        self.session_id = "abc"
        self.is_logged_in = True
        self.has_bridge = True
        self.is_competing = False
        self.gives_bridge = True
        self.gives_stream = True
        self.is_away = False
        self.is_silent = False
        self.asked: list[str] = []
        self.bodies: list[Any] = []
        self.streams: list[FakeStream] = []
        self.rows: dict[str, list[dict[str, Any]]] = {"sor": [], "str": []}
        self.orders: list[dict[str, Any]] = []
        self.trades: list[dict[str, Any]] = []
        self.answers: dict[str, Answer] = {}

    @property
    def stream(self) -> FakeStream:
        """The stream that was opened last."""
        return self.streams[-1]

    def asked_since(self, count: int) -> list[str]:
        """What was asked after the first so many requests."""
        return self.asked[count:]

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if self.is_away:
            raise httpx.ConnectError("All connection attempts failed")
        path = request.url.path.removeprefix("/v1/api")
        self.asked.append(f"{request.method} {path}")
        self.bodies.append(json.loads(request.content) if request.content else None)
        if self.is_silent:
            raise httpx.ReadTimeout("")
        if path in self.answers:
            return self.answers[path](request)
        if not self.is_logged_in:
            return httpx.Response(401, json={"error": "not authenticated", "statusCode": 401})
        return self._usual(path)

    def _usual(self, path: str) -> httpx.Response:
        if path == "/iserver/auth/ssodh/init" and self.gives_bridge:
            self.has_bridge, self.is_competing = True, False
        status = {
            "authenticated": self.has_bridge,
            "competing": self.is_competing,
            "connected": True,
        }
        match path:
            case "/tickle":
                body: Any = {"session": self.session_id, "iserver": {"authStatus": status}}
            case "/iserver/auth/ssodh/init" | "/iserver/auth/status":
                body = status
            case _ if path.startswith("/iserver") and not self.has_bridge:
                return httpx.Response(400, json={"error": "Bad Request: no bridge"})
            case "/iserver/accounts":
                body = {"accounts": [*ACCOUNTS, "All"], "selectedAccount": ACCOUNTS[0]}
            case "/portfolio/accounts":
                body = [{"accountId": account} for account in ACCOUNTS]
            case "/iserver/account/orders":
                body = {"orders": self.orders, "snapshot": True}
            case "/iserver/account/trades":
                body = self.trades
            case "/iserver/questions/suppress" | "/iserver/questions/suppress/reset":
                body = {"status": "submitted"}
            case _:
                return httpx.Response(404, json={"error": "Resource not found"})
        return httpx.Response(200, text=write_json(body))

    def new_door(self, settings: ClientPortalSettings) -> Door:
        """The way in to this portal."""
        return FakeDoor(settings, self)


class FakeDoor(Door):
    """A way in without a network."""

    def __init__(self, settings: ClientPortalSettings, portal: FakePortal) -> None:
        super().__init__(settings)
        self._portal = portal

    def transport(self) -> Transport:
        """A transport to the portal."""
        return Transport(
            "http://localhost/v1/api", 5.0, http=httpx.MockTransport(self._portal.answer)
        )

    async def open_stream(
        self,
        session_id: str,
        on_message: Callable[[Message], None],
        on_end: Callable[[str], None],
    ) -> Stream:
        """A stream of the portal."""
        if not self._portal.gives_stream:
            raise StreamFailed("no stream today")
        stream = FakeStream(self._portal, session_id, on_message, on_end)
        self._portal.streams.append(stream)
        return stream
