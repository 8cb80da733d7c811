"""Who is connected and what they ask for: frames in, answers and news out.

Rules (Web API, "Websockets"):

- A connection is told who it is (``system``), its accounts (``act``) and the state of its session
  (``sts``), then hears a heartbeat every ten seconds of the wall's time.
- Without a session it is told that one is waited for, and may show it later.
- News are sent in the order in which they happened, and a frame is answered after everything that
  happened before it came.
- A frame that makes no sense is answered with an error; the connection goes on.
- Subscriptions that take the brokerage session end with it, as at IBKR: it is the client's to
  subscribe again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from brokerport.domain.errors import BrokerportError
from brokerport.simulator.brokerage.events import BrokerageEvent
from brokerport.simulator.gateways.client_portal.errors import PortalError, bad_request, no_bridge
from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.stream.admission import Credentials, login_of
from brokerport.simulator.gateways.client_portal.stream.frame import (
    Frame,
    MalformedFrame,
    read_frame,
    read_session,
)
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from brokerport.simulator.gateways.client_portal.stream.topics import Topics
from brokerport.simulator.gateways.client_portal.stream.topics.topic import Topic
from brokerport.simulator.gateways.client_portal.translate.accounts import brokerage_accounts
from brokerport.simulator.gateways.client_portal.translate.auth_status import (
    SERVER_INFO,
    auth_status,
)
from brokerport.simulator.gateways.turn import EndOfTurn

STATUS_NAMES = (
    "connected",
    "authenticated",
    "established",
    "competing",
    "message",
    "fail",
    "serverName",
    "serverVersion",
    "username",
)
WAITING = {"message": "waiting for session"}


class Switchboard:
    """The connections of a portal that is open."""

    def __init__(self, portal: ServedPortal, loop: asyncio.AbstractEventLoop) -> None:
        self._portal = portal
        self._loop = loop
        self._end_of_turn = EndOfTurn(loop, portal.faults)
        self.topics = Topics.build(portal, self._end_of_turn)
        self._commands = self.topics.commands()
        self._connections: dict[Subscriber, Credentials] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def subscribers(self) -> tuple[Subscriber, ...]:
        """Everybody who is connected."""
        return tuple(self._connections)

    def admit(self, subscriber: Subscriber, credentials: Credentials) -> None:
        """Take a new connection in."""
        self._connections[subscriber] = credentials
        if not self._greet(subscriber):
            subscriber.send(WAITING)

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a connection that has ended."""
        self._connections.pop(subscriber, None)
        for topic in self.topics.all:
            topic.end(subscriber)
        self._set_timer()

    def receive(self, subscriber: Subscriber, text: str) -> None:
        """Follow one frame of a client."""
        self._end_of_turn.finish()
        self.check_time()
        session_id = read_session(text)
        if session_id is not None:
            self._show_session(subscriber, session_id)
            return
        if subscriber.login is None and not self._greet(subscriber):
            subscriber.send(WAITING)
            return
        try:
            frame = read_frame(text)
        except MalformedFrame as error:
            subscriber.send({"topic": error.topic, "error": f"Bad Request: {error}"})
            return
        try:
            self._follow(subscriber, frame)
        except PortalError as error:
            subscriber.send({"topic": frame.topic, "error": error.body["error"]})
        except BrokerportError as error:
            subscriber.send({"topic": frame.topic, "error": str(error)})
        except Exception:
            self._portal.faults.record(f"stream {frame.command}")
            subscriber.send({"topic": frame.topic, "error": "Internal Server Error"})
        self._set_timer()

    def on_event(self, event: BrokerageEvent) -> None:
        """Pass something on that happened at the broker."""
        self._pass_on(lambda topic: topic.on_event(event))

    def on_tick(self, at: datetime) -> None:
        """Pass on that the market has moved."""
        self._pass_on(lambda topic: topic.on_tick(at))

    def check_time(self) -> None:
        """Do what is due by the wall's clock."""
        seconds = self._portal.monotonic()
        self._portal.sessions.check()
        self._send_heartbeats(seconds)
        self._pass_on(lambda topic: topic.on_time(seconds))
        self._set_timer()

    def tell_status(self, login: Login) -> None:
        """Tell a login's connections that its session has changed, and look again at who waits."""
        for subscriber in self._of(login):
            self._send_status(subscriber, login)
            if not login.is_authenticated:
                for topic in self.topics.all:
                    topic.end_brokerage(subscriber)
            if not login.is_open:
                self._shut_out(subscriber)
        for subscriber in self.subscribers:
            if subscriber.login is None:
                self._greet(subscriber)

    def tell_accounts(self, login: Login) -> None:
        """Tell a login's connections its accounts again."""
        for subscriber in self._of(login):
            self._send_accounts(subscriber, login)

    def notify(self, login: Login, notification: Mapping[str, Any]) -> None:
        """Tell a login's connections of something they did not ask for (``ntf``)."""
        for subscriber in self._of(login):
            subscriber.send({"topic": "ntf", "args": [notification]})

    def stop(self) -> None:
        """Forget what is due."""
        self._end_of_turn.cancel()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _follow(self, subscriber: Subscriber, frame: Frame) -> None:
        command = self._commands.get(frame.command)
        if command is None:
            raise bad_request(f"Bad Request: unknown topic {frame.command[:20]}")
        login = subscriber.login
        if command.needs_bridge and not (login and login.is_authenticated):
            raise no_bridge()
        command.follow(subscriber, frame)

    def _show_session(self, subscriber: Subscriber, session_id: str) -> None:
        shown = self._connections.get(subscriber, Credentials())
        self._connections[subscriber] = Credentials(session_id, shown.token)
        if subscriber.login is None and not self._greet(subscriber):
            subscriber.send(WAITING)

    def _greet(self, subscriber: Subscriber) -> bool:
        """Say hello to a connection whose login is known; False when it is not."""
        login = login_of(self._portal, self._connections[subscriber])
        if login is None:
            return False
        subscriber.login = login
        subscriber.heartbeat_at = self._next_heartbeat()
        accounts = brokerage_accounts(login, self._portal.accounts)
        flags = {name: accounts[name] for name in ("isFT", "isPaper")}
        subscriber.send({"topic": "system", "success": login.username, **flags})
        self._send_accounts(subscriber, login)
        self._send_status(subscriber, login)
        self._set_timer()
        return True

    def _shut_out(self, subscriber: Subscriber) -> None:
        for topic in self.topics.all:
            topic.end(subscriber)
        subscriber.login = subscriber.heartbeat_at = None
        subscriber.send(WAITING)

    def _send_accounts(self, subscriber: Subscriber, login: Login) -> None:
        accounts = brokerage_accounts(login, self._portal.accounts)
        subscriber.send({"topic": "act", "args": accounts})

    def _send_status(self, subscriber: Subscriber, login: Login) -> None:
        status = {**auth_status(login), **SERVER_INFO, "username": login.username}
        shown = {name: status[name] for name in STATUS_NAMES}
        subscriber.send({"topic": "sts", "args": shown})

    def _send_heartbeats(self, seconds: float) -> None:
        for subscriber in self.subscribers:
            if subscriber.heartbeat_at is not None and subscriber.heartbeat_at <= seconds:
                subscriber.heartbeat_at = self._next_heartbeat()
                now = datetime.now(UTC)
                subscriber.send({"topic": "system", "hb": int(now.timestamp() * 1000)})

    def _next_heartbeat(self) -> float:
        return self._portal.monotonic() + self._portal.settings.heartbeat_seconds

    def _of(self, login: Login) -> list[Subscriber]:
        return [one for one in self._connections if one.login is login]

    def _pass_on(self, work: Callable[[Topic], None]) -> None:
        for topic in self.topics.all:
            try:
                work(topic)
            except Exception:
                # One topic's fault must not silence the others, or stop the world.
                self._portal.faults.record(f"stream {type(topic).__name__}")

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = [one.heartbeat_at for one in self._connections if one.heartbeat_at is not None]
        due += [at for topic in self.topics.all if (at := topic.next_due()) is not None]
        if due:
            delay_seconds = max(min(due) - self._portal.monotonic(), 0.0)
            self._timer = self._loop.call_later(delay_seconds, self.check_time)
