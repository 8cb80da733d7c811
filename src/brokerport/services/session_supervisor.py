"""The session supervisor: opens the session, makes it ready, and says what state it is in.

    DISCONNECTED > CONNECTING > SYNCHRONISING > READY        a loss from any state > DISCONNECTED
    READY (> DEGRADED) > SYNCHRONISING > READY      the gateway cannot reach the broker, then can

READY means that every mapped account is managed by the session and that the order book agrees with
the broker's record. What was read while the gateway lost and found the broker again is read anew.
Opening a lost session again is the session keeper's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from brokerport.domain.accounts import AccountMap
from brokerport.domain.errors import BrokerportError, NotConnected
from brokerport.domain.events import (
    BrokerNotice,
    PositionChanged,
    SessionChanged,
    SessionState,
)
from brokerport.ports.clock import Clock
from brokerport.ports.session import (
    AdapterEvent,
    BrokerReachable,
    BrokerUnreachable,
    CommissionReported,
    ConnectionLost,
    ExecutionReported,
    NoticeReported,
    OrderReported,
    PositionReported,
    SessionPort,
)
from brokerport.services.event_bus import Publish
from brokerport.services.order_book import OrderBook
from brokerport.services.order_desk import OrderDesk


class SessionSupervisor:
    """Owns the session's state and passes on what is heard over it."""

    def __init__(
        self,
        session: SessionPort,
        accounts: AccountMap,
        desk: OrderDesk,
        book: OrderBook,
        synchronise: Callable[[], Awaitable[object]],
        publish: Publish,
        clock: Clock,
        on_reach: Callable[[bool], None],
    ) -> None:
        """Put it together; ``on_reach`` is told whether the gateway can reach the broker."""
        self._on_reach = on_reach
        self._session = session
        self._accounts = accounts
        self._desk = desk
        self._book = book
        self._synchronise = synchronise
        self._publish = publish
        self._clock = clock
        self._state = SessionState.DISCONNECTED
        self._reason = "the session was never opened"
        self._change = asyncio.Event()
        self._recovery: asyncio.Task[None] | None = None
        self._unreachable: str | None = None
        self._must_look_again = False

    @property
    def state(self) -> SessionState:
        """Where the session stands."""
        return self._state

    @property
    def is_ready(self) -> bool:
        """Whether reads and orders are served."""
        return self._state is SessionState.READY

    async def changed(self) -> None:
        """Return at the next change of state."""
        self._change = asyncio.Event() if self._change.is_set() else self._change
        await self._change.wait()

    async def until(self, state: SessionState) -> None:
        """Return when the session is in this state, at once if it is."""
        while self._state is not state:
            await self.changed()

    def require_ready(self) -> None:
        """Refuse to go on unless the session is ready.

        Raises:
            NotConnected: says why.
        """
        if self._state is not SessionState.READY:
            raise NotConnected(f"the session is {self._state.value}: {self._reason}")

    async def start(self) -> None:
        """Open the session and make it ready, or raise and leave nothing open.

        Raises:
            NotConnected, SessionRefused, RequestTimedOut: the session could not be opened.
            UnknownAccount: the session does not manage a mapped account.
        """
        self._unreachable = None
        self._on_reach(True)
        self._move(SessionState.CONNECTING)
        try:
            await self._session.connect(self._hear)
            self._require(SessionState.CONNECTING)
            self._accounts.check_managed(self._session.managed_accounts())
            self._move(SessionState.SYNCHRONISING)
            await self._look_at_everything()
        except BaseException as error:
            detail = f": {error}" if isinstance(error, BrokerportError) else ""
            await self.stop(f"the session could not be made ready{detail}")
            raise
        self._move_to_ready()

    async def stop(self, reason: str = "closed") -> None:
        """Close the session; idempotent."""
        self._end_recovery()
        try:
            await self._session.disconnect()
        finally:
            # However the closing went, no request may go on waiting for an answer.
            if self._state is not SessionState.DISCONNECTED:
                self._desk.connection_lost(reason)
                self._move(SessionState.DISCONNECTED, reason)

    def _require(self, state: SessionState) -> None:
        """Refuse to go on when the session was lost meanwhile, even if it came back since."""
        if self._state is not state or not self._session.is_connected:
            raise NotConnected(f"the session was lost while it was made ready: {self._reason}")

    def _move(self, state: SessionState, reason: str = "") -> None:
        self._state = state
        self._reason = reason
        self._change.set()
        self._publish(SessionChanged(state, self._clock.now(), reason))

    def _hear(self, event: AdapterEvent) -> None:
        match event:
            case OrderReported(report):
                self._desk.hear(report)
            case ExecutionReported(execution):
                self._desk.hear_execution(execution)
            case CommissionReported(broker_account, commission):
                self._book.record_commission(broker_account, commission)
            case PositionReported(broker_account, holding):
                account = self._accounts.name_of(broker_account)
                if account is not None:
                    self._publish(PositionChanged(account, holding))
            case NoticeReported(code, message):
                self._publish(BrokerNotice(code, message))
            case BrokerUnreachable(reason):
                self._unreachable = reason
                self._on_reach(False)
                if self._end_recovery() or self._state is SessionState.READY:
                    self._move(SessionState.DEGRADED, reason)
            case BrokerReachable(reason):
                self._unreachable = None
                self._on_reach(True)
                self._must_look_again = True
                if self._state in (SessionState.DEGRADED, SessionState.READY):
                    # Told twice, it is one recovery; of a loss that nobody told, it is one, too.
                    self._end_recovery()
                    self._recovery = asyncio.create_task(self._recover(reason))
            case ConnectionLost(reason):
                self._end_recovery()
                self._desk.connection_lost(reason)
                self._move(SessionState.DISCONNECTED, reason)

    async def _recover(self, reason: str) -> None:
        """Look at everything again after the broker was out of reach; the session stood."""
        self._move(SessionState.SYNCHRONISING, reason)
        try:
            await self._look_at_everything()
        except Exception as error:
            if self._state is SessionState.SYNCHRONISING:
                self._recovery = None
                await self.stop(f"the session could not be made ready again: {error}")
            if not isinstance(error, BrokerportError):
                raise
            return
        self._move_to_ready()

    async def _look_at_everything(self) -> None:
        self._must_look_again = True
        while self._must_look_again:
            self._must_look_again = False
            await self._synchronise()
            self._require(SessionState.SYNCHRONISING)

    def _end_recovery(self) -> bool:
        """Give up a recovery that is under way; say whether there was one."""
        recovery, self._recovery = self._recovery, None
        if recovery is None or recovery.done():
            return False
        return recovery.cancel()

    def _move_to_ready(self) -> None:
        if self._unreachable is None:
            self._move(SessionState.READY)
        else:
            self._move(SessionState.DEGRADED, self._unreachable)
