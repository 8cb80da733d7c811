"""The session port over TWS: opens and closes the line, and hands on all that is heard on it.

Rules:

- A session is open for callers once TWS has told its open orders and positions, so that a change
  can be told from the state at the start.
- Events come to the listener in the order in which things were heard. An end of an order that waits
  for its reason is told when the reason comes, or when a list of open orders lacks the order: at
  the next ``broker_time``, or after ``HELD_SECONDS_MAX``. A session that ends first leaves it to
  the next one: a status alone is not believed.
- The end of a session is told once, and not at all when it was asked for.
- TWS that has lost IBKR (1100, 2110) is a session that cannot be used until TWS has it again (1101,
  1102); what was missed in between is for the caller to look up.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

from brokerport.adapters.tws.allowance import Allowance
from brokerport.adapters.tws.book import TwsOrderBook
from brokerport.adapters.tws.code_table import BROKER_REACHABLE, BROKER_UNREACHABLE, CodeTable
from brokerport.adapters.tws.codes import CODES
from brokerport.adapters.tws.line import Line
from brokerport.adapters.tws.order_events import OrderEvents
from brokerport.adapters.tws.order_ids import OrderIds, ReserveInMemory
from brokerport.adapters.tws.position_stream import PositionStream
from brokerport.adapters.tws.reads import Kind
from brokerport.adapters.tws.tap import Tap
from brokerport.config import TwsSettings
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import (
    NotConnected,
    RequestRefused,
    RequestTimedOut,
    SessionRefused,
    TemporarilyRefused,
)
from brokerport.ports.order_ids import OrderIdReserve
from brokerport.ports.session import (
    AdapterEvent,
    AdapterListener,
    BrokerReachable,
    BrokerUnreachable,
    ConnectionLost,
    NoticeReported,
)

HELD_SECONDS_MAX = 1.0


class Session:
    """One session with TWS at a time, and what outlives it: the order book, what may be sent."""

    def __init__(
        self,
        settings: TwsSettings,
        codes: CodeTable = CODES,
        order_ids: OrderIdReserve | None = None,
    ) -> None:
        self.settings = settings
        self._codes = codes
        self.book = TwsOrderBook(codes)
        self._allowance = Allowance()
        reserve = ReserveInMemory() if order_ids is None else order_ids
        self.order_ids = OrderIds(reserve, settings.client_id, self.book)
        self.order_events = OrderEvents(
            self.book, settings.client_id, self._emit, self._release_held_later
        )
        self._line: Line | None = None
        self._listener: AdapterListener | None = None
        self._sessions = 0
        self._turn = asyncio.Lock()
        self._release: asyncio.Task[None] | None = None

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
            SessionRefused: TWS gives no session, does not tell its orders or positions now, or this
                adapter has one already.
            RequestTimedOut: TWS did not finish in time.
        """
        async with self._turn:
            if self.is_connected:
                raise SessionRefused("this adapter has a session already; disconnect it first")
            self._sessions += 1
            self._listener = listener
            line = Line(self.settings, self._sessions, self._allowance, self._codes)
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
                line.hold_back,
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
            self._forget_held()
            await line.close()

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
        await self._confirm_held(line)
        return datetime.fromtimestamp(rows[0], UTC)

    async def _synchronise(self, line: Line) -> None:
        try:
            await line.read_kind(Kind.OPEN_ORDERS, line.client.reqOpenOrders)
        except RequestRefused as error:
            # A read-only session may be told no orders; it can still read the rest.
            self._notice(error.code, error.reason)
        except TemporarilyRefused as error:
            raise SessionRefused(str(error)) from error
        try:
            await line.read_kind(Kind.POSITIONS, line.client.reqPositions)
        except (RequestRefused, TemporarilyRefused) as error:
            raise SessionRefused(str(error)) from error

    def _emit(self, event: AdapterEvent) -> None:
        if self._listener is not None:
            self._listener(event)

    def _notice(self, code: int | None, message: str) -> None:
        self._emit(NoticeReported(code, message))
        if code in BROKER_UNREACHABLE:
            self._emit(BrokerUnreachable(f"{message} (code {code})"))
        elif code in BROKER_REACHABLE:
            self._emit(BrokerReachable(f"{message} (code {code})"))

    def _on_lost(self, reason: str) -> None:
        self._line = None
        self._forget_held()
        self._emit(ConnectionLost(reason))

    def _release_held_later(self) -> None:
        if self._release is None:
            self._release = asyncio.create_task(self._confirm_later(), name="tws confirm")

    async def _confirm_later(self) -> None:
        try:
            while self.book.holds_any and self.is_connected:
                await asyncio.sleep(HELD_SECONDS_MAX)
                # A list that is refused or late confirms nothing; it is asked for again.
                with suppress(RequestRefused, TemporarilyRefused, RequestTimedOut, NotConnected):
                    await self._confirm_held(self.line)
        finally:
            self._release = None

    async def _confirm_held(self, line: Line) -> None:
        """Tell the ends that only a status spoke for, once a list of open orders lacks them."""
        held = self.book.held
        if held:
            await line.read_kind(Kind.OPEN_ORDERS, line.client.reqAllOpenOrders)
            self.order_events.release_held(held)

    def _forget_held(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release.cancel()
        self.book.forget_held()
