"""The session supervisor: opens the session, makes it ready, and says what state it is in.

    DISCONNECTED > CONNECTING > SYNCHRONISING > READY        a loss from any state > DISCONNECTED

READY means that every mapped account is managed by the session and that the orders an earlier
session of ours left are in the book. Reconnecting by itself is not part of this first form: after a
loss the caller opens a new broker.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from brokerport.domain.accounts import AccountMap
from brokerport.domain.errors import NotConnected
from brokerport.domain.events import (
    BrokerNotice,
    CommissionCharged,
    PositionChanged,
    SessionChanged,
    SessionState,
)
from brokerport.ports.clock import Clock
from brokerport.ports.session import (
    AdapterEvent,
    CommissionReported,
    ConnectionLost,
    ExecutionReported,
    NoticeReported,
    OrderReported,
    PositionReported,
    SessionPort,
)
from brokerport.services.event_bus import Publish
from brokerport.services.order_desk import OrderDesk


class SessionSupervisor:
    """Owns the session's state and passes on what is heard over it."""

    def __init__(
        self,
        session: SessionPort,
        accounts: AccountMap,
        desk: OrderDesk,
        synchronise: Callable[[], Awaitable[None]],
        publish: Publish,
        clock: Clock,
    ) -> None:
        self._session = session
        self._accounts = accounts
        self._desk = desk
        self._synchronise = synchronise
        self._publish = publish
        self._clock = clock
        self._state = SessionState.DISCONNECTED
        self._reason = "the session was never opened"

    @property
    def state(self) -> SessionState:
        """Where the session stands."""
        return self._state

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
        self._move(SessionState.CONNECTING)
        try:
            await self._session.connect(self._hear)
            self._require(SessionState.CONNECTING)
            self._accounts.check_managed(self._session.managed_accounts())
            self._move(SessionState.SYNCHRONISING)
            await self._synchronise()
            self._require(SessionState.SYNCHRONISING)
        except BaseException:
            await self.stop("the session could not be made ready")
            raise
        self._move(SessionState.READY)

    async def stop(self, reason: str = "closed") -> None:
        """Close the session; idempotent."""
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
        self._publish(SessionChanged(state, self._clock.now(), reason))

    def _hear(self, event: AdapterEvent) -> None:
        match event:
            case OrderReported(report):
                self._desk.hear(report)
            case ExecutionReported(execution):
                self._desk.hear_execution(execution)
            case CommissionReported(broker_account, commission):
                account = self._accounts.name_of(broker_account)
                self._publish(CommissionCharged(account, commission))
            case PositionReported(broker_account, holding):
                account = self._accounts.name_of(broker_account)
                if account is not None:
                    self._publish(PositionChanged(account, holding))
            case NoticeReported(code, message):
                self._publish(BrokerNotice(code, message))
            case ConnectionLost(reason):
                self._desk.connection_lost(reason)
                self._move(SessionState.DISCONNECTED, reason)
