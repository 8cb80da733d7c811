"""The session port: opening and closing the line to the broker, and what is heard over it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeAlias

from attrs import frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.positions import Holding
from brokerport.domain.reports import OrderReport


@frozen
class OrderReported:
    """The broker reported something of an order that carries our ClientOrderId."""

    report: OrderReport


@frozen
class ExecutionReported:
    """The broker reported a fill, of an order of ours or of anyone's in a managed account.

    The order desk gives it to its order, by the order reference; adapters need not.
    """

    execution: Execution


@frozen
class CommissionReported:
    """The broker reported the commission of an execution."""

    broker_account: BrokerAccount
    commission: Commission


@frozen
class PositionReported:
    """The broker reports what an account now holds of one instrument."""

    broker_account: BrokerAccount
    holding: Holding


@frozen
class ConnectionLost:
    """The session ended without our asking; nothing more will be heard on it."""

    reason: str


@frozen
class BrokerUnreachable:
    """The session stands, but what it leads to has lost the broker: nothing can be asked now.

    TWS code 1100 and 2110, a Client Portal session without its bridge.
    """

    reason: str


@frozen
class BrokerReachable:
    """The broker can be asked again after ``BrokerUnreachable``; what was missed is not known.

    TWS codes 1101 and 1102, a Client Portal session that was opened again.
    """

    reason: str


@frozen
class NoticeReported:
    """The broker said something that belongs to no order."""

    code: int | None
    message: str


AdapterEvent: TypeAlias = (
    OrderReported
    | ExecutionReported
    | CommissionReported
    | PositionReported
    | ConnectionLost
    | BrokerUnreachable
    | BrokerReachable
    | NoticeReported
)

AdapterListener: TypeAlias = Callable[[AdapterEvent], None]


class SessionPort(Protocol):
    """One session with the broker."""

    @property
    def is_connected(self) -> bool:
        """Whether requests can be sent now."""
        ...

    async def connect(self, listener: AdapterListener) -> None:
        """Open the session and deliver every event from now on to ``listener``.

        The listener is called on the running event loop, in the order in which things were heard,
        and must not block. When this returns, the session is ready for requests.

        Raises:
            NotConnected: nothing answers at the address.
            SessionRefused: the gateway answers, but gives no session (client id in use).
            RequestTimedOut: the gateway does not finish the opening in time.
        """
        ...

    async def disconnect(self) -> None:
        """Close the session; idempotent. No ``ConnectionLost`` is delivered for it."""
        ...

    def managed_accounts(self) -> tuple[BrokerAccount, ...]:
        """Return the broker accounts this session may trade.

        Raises:
            NotConnected: there is no session.
        """
        ...

    async def broker_time(self) -> datetime:
        """Ask the broker its time (UTC), which also proves the line is alive in both directions.

        All that the broker said before its answer has been delivered when this returns.
        """
        ...
