"""The event stream a library user listens to; an event names its logical account if it has one."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TypeAlias

from attrs import frozen

from brokerport.domain.executions import Commission, Execution
from brokerport.domain.orders import Order
from brokerport.domain.positions import Holding
from brokerport.domain.reports import OrderReport


class SessionState(Enum):
    """Where the session with the broker stands; READY means reads and orders are served."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    SYNCHRONISING = "synchronising"
    READY = "ready"
    DEGRADED = "degraded"


@frozen
class OrderChanged:
    """An order of ours changed; ``report`` is what changed it, None when we did ourselves."""

    order: Order
    report: OrderReport | None = None


@frozen
class ExecutionReceived:
    """A fill arrived, for an order of ours or not; ``account`` is None when unmapped."""

    account: str | None
    execution: Execution


@frozen
class CommissionCharged:
    """The broker charged commission for an execution."""

    account: str | None
    commission: Commission


@frozen
class PositionChanged:
    """The broker reports this holding now; a flat one has quantity zero."""

    account: str
    holding: Holding


@frozen
class SessionChanged:
    """The session moved to another state."""

    state: SessionState
    at: datetime
    reason: str = ""


@frozen
class BrokerNotice:
    """The broker said something that belongs to no order: a farm is down, data is delayed."""

    code: int | None
    message: str


@frozen
class ContradictionFound:
    """A report could not be true of the order it names; it was kept out and is shown here."""

    client_order_id: str
    detail: str
    report: OrderReport


@frozen
class AccountClosed:
    """The account was closed for opening orders: its books and the broker's do not agree.

    ``reasons`` are the differences, in words. Told again when they are other ones, and when a
    session begins with an account that is still closed.
    """

    account: str
    reasons: tuple[str, ...]


@frozen
class AccountOpened:
    """Somebody looked at a closed account and opened it again; ``note`` is what they wrote."""

    account: str
    note: str


BrokerEvent: TypeAlias = (
    OrderChanged
    | ExecutionReceived
    | CommissionCharged
    | PositionChanged
    | SessionChanged
    | BrokerNotice
    | ContradictionFound
    | AccountClosed
    | AccountOpened
)
