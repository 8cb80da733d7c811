"""The session port over TWS: opens and closes the line, and hands on all that is heard on it.

Rules:

- A session is open for callers once TWS has told its open orders and positions, so that a change
  can be told from the state at the start.
- Events come to the listener in the order in which things were heard. An end of an order that waits
  for its reason is told when the reason comes, at the next answer to ``broker_time``, after
  ``HELD_SECONDS_MAX``, or before the end of the session, whichever is first.
- The end of a session is told once, and not at all when it was asked for.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from brokerport.adapters.tws.book import TwsOrderBook
from brokerport.adapters.tws.line import Line
from brokerport.adapters.tws.order_events import OrderEvents
from brokerport.adapters.tws.position_stream import PositionStream
from brokerport.adapters.tws.reads import Kind
from brokerport.adapters.tws.tap import Tap
from brokerport.config import TwsSettings
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import NotConnected, RequestRefused, SessionRefused
from brokerport.ports.session import (
    AdapterEvent,
    AdapterListener,
    ConnectionLost,
    NoticeReported,
)

HELD_SECONDS_MAX = 1.0


class Session:
    """One session with TWS at a time, and what outlives it: the order book."""

    def __init__(self, settings: TwsSettings) -> None:
        self.settings = settings
        self.book = TwsOrderBook()
        self.order_events = OrderEvents(
            self.book, settings.client_id, self._emit, self._release_held_later
        )
        self._line: Line | None = None
        self._listener: AdapterListener | None = None
        self._sessions = 0
        self._turn = asyncio.Lock()
        self._release: asyncio.TimerHandle | None = None

    @property
    def line(self) -> Line:
        """The line to send on.

        Raises:
            NotConnected: there is no session.
        """
        if self._line is None or not self._line.is_open:
            raise NotConnected(
                f"there is no session with TWS at {self.settings.host}:{self.settings.port}"
            )
        return self._line

    @property
    def is_connected(self) -> bool:
        """Whether requests can be sent now."""
        return self._line is not None and self._line.is_open

    async def connect(self, listener: AdapterListener) -> None:
        """Open the session; see ``SessionPort.connect``.

        Raises:
            NotConnected: nothing answers, or the line broke while the session was opened.
            SessionRefused: TWS gives no session, or this adapter has one already.
            RequestTimedOut: TWS did not finish in time.
        """
        async with self._turn:
            if self.is_connected:
                raise SessionRefused("this adapter has a session already; disconnect it first")
            self._sessions += 1
            self._listener = listener
            line = Line(self.settings, self._sessions)
            positions = PositionStream(self._emit)

            def refused(reason: str) -> None:
                line.refusal = reason

            tap = Tap(
                line.reads,
                self.order_events,
                positions,
                self._notice,
                refused,
                lambda: line.time_zone,
            )
            line.on_unreadable = lambda detail: self._notice(None, detail)
            try:
                await line.open(tap)
                await self._synchronise(line)
                _ = line.client  # Raises when the line broke just after its last answer.
            except BaseException:
                await line.close()
                raise
            self._line = line
            line.on_lost = self._on_lost

    async def disconnect(self) -> None:
        """Close the session; idempotent, and no ``ConnectionLost`` is delivered for it."""
        async with self._turn:
            line, self._line = self._line, None
            if line is None:
                return
            if line.is_open:
                self._release_held()
            await line.close()
            self._cancel_release()

    def managed_accounts(self) -> tuple[BrokerAccount, ...]:
        """Return the broker accounts this session may trade.

        Raises:
            NotConnected: there is no session.
        """
        return tuple(BrokerAccount(account) for account in self.line.client.getAccounts())

    def require_managed(self, broker_account: BrokerAccount) -> None:
        """Refuse to read an account of which this session would be told nothing.

        Raises:
            NotConnected: there is no session.
            RequestRefused: the session does not manage the account.
        """
        if broker_account not in self.managed_accounts():
            raise RequestRefused(f"this session does not manage account {broker_account}")

    async def broker_time(self) -> datetime:
        """Ask TWS its time (UTC, whole seconds): a barrier; see ``SessionPort.broker_time``."""
        line = self.line
        rows = await line.read_kind(Kind.BROKER_TIME, line.client.reqCurrentTime)
        return datetime.fromtimestamp(rows[0], UTC)

    async def _synchronise(self, line: Line) -> None:
        try:
            await line.read_kind(Kind.OPEN_ORDERS, line.client.reqOpenOrders)
        except RequestRefused as error:
            # A read-only session may be told no orders; it can still read the rest.
            self._notice(error.code, error.reason)
        try:
            await line.read_kind(Kind.POSITIONS, line.client.reqPositions)
        except RequestRefused as error:
            raise SessionRefused(str(error)) from error

    def _emit(self, event: AdapterEvent) -> None:
        if self._listener is not None:
            self._listener(event)

    def _notice(self, code: int | None, message: str) -> None:
        self._emit(NoticeReported(code, message))

    def _on_lost(self, reason: str) -> None:
        self._line = None
        self._release_held()
        self._emit(ConnectionLost(reason))

    def _release_held_later(self) -> None:
        if self._release is None:
            loop = asyncio.get_running_loop()
            self._release = loop.call_later(HELD_SECONDS_MAX, self._release_held)

    def _release_held(self) -> None:
        self._cancel_release()
        self.order_events.release_held()

    def _cancel_release(self) -> None:
        if self._release is not None:
            self._release.cancel()
            self._release = None
