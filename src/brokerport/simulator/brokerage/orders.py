"""A customer's ticket, and the broker's record of the order it became.

Statuses carry IBKR's own texts (TWS API, ``orderStatus``):

    PRE_SUBMITTED  the broker holds it: the session is closed, or its stop is not triggered
    SUBMITTED      it works at the exchange, partly filled or not
    FILLED         all of it traded
    CANCELLED      what was left of it is off the market: on request, or its time in force ran out
    INACTIVE       the broker refused it (insufficient funds...): it never worked
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum

from attrs import frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.instruments import Instrument
from brokerport.domain.order_types import OrderType, Side, TimeInForce


class BrokerageStatus(Enum):
    """Where an order stands at the broker; the values are IBKR's own words."""

    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"

    @property
    def is_open(self) -> bool:
        """Whether the order may still trade."""
        return self is BrokerageStatus.PRE_SUBMITTED or self is BrokerageStatus.SUBMITTED


@frozen
class OrderEntry:
    """Which door an order came through, and what the caller calls it there.

    ``door`` is free text such as ``"tws"`` or ``"client portal"``; ``client_id`` and ``order_id``
    are the caller's own numbers and mean nothing to the broker.
    """

    door: str
    client_id: int
    order_id: int


@frozen
class Ticket:
    """What a customer asks for; checked only when it is placed.

    ``quantity`` is in shares or contracts. ``order_reference`` is echoed on the order and on each
    of its executions, as IBKR echoes orderRef. ``outside_regular_hours`` is echoed only: the
    simulated exchange has no extended hours.
    """

    account: BrokerAccount
    instrument: Instrument
    side: Side
    quantity: Decimal
    order_type: OrderType
    time_in_force: TimeInForce
    order_reference: str | None
    entry: OrderEntry
    outside_regular_hours: bool = False


@frozen
class BrokerageOrder:
    """The broker's record of one order at a moment; each change is a new value.

    ``filled`` and ``remaining`` are in shares or contracts and add up to ``quantity`` while the
    order is open; on a cancelled order ``remaining`` is what never traded. Prices are in the
    instrument's currency per share, ``commission_total`` is in the same currency. ``reason`` and
    ``reason_code`` say why the broker refused or ended it, in IBKR's words; a cancel on request
    has no reason. Times are UTC.
    """

    perm_id: int
    account: BrokerAccount
    instrument: Instrument
    side: Side
    quantity: Decimal
    order_type: OrderType
    time_in_force: TimeInForce
    order_reference: str | None
    entry: OrderEntry
    outside_regular_hours: bool
    status: BrokerageStatus
    filled: Decimal
    remaining: Decimal
    average_fill_price: Decimal | None
    last_fill_price: Decimal | None
    commission_total: Decimal
    placed_at: datetime
    completed_at: datetime | None = None
    reason: str = ""
    reason_code: int | None = None

    @classmethod
    def entered(cls, ticket: Ticket, perm_id: int, placed_at: datetime) -> BrokerageOrder:
        """Return the record of an order that has just been taken, before anything traded."""
        return cls(
            perm_id=perm_id,
            account=ticket.account,
            instrument=ticket.instrument,
            side=ticket.side,
            quantity=ticket.quantity,
            order_type=ticket.order_type,
            time_in_force=ticket.time_in_force,
            order_reference=ticket.order_reference,
            entry=ticket.entry,
            outside_regular_hours=ticket.outside_regular_hours,
            status=BrokerageStatus.PRE_SUBMITTED,
            filled=Decimal(0),
            remaining=ticket.quantity,
            average_fill_price=None,
            last_fill_price=None,
            commission_total=Decimal(0),
            placed_at=placed_at,
        )

    @property
    def is_open(self) -> bool:
        """Whether the order may still trade."""
        return self.status.is_open


@frozen
class BrokerageExecution:
    """One execution with the commission charged for it, and the order it belongs to.

    ``cumulative_quantity`` and ``average_price`` are the order's own after this execution.
    """

    execution: Execution
    commission: Commission
    entry: OrderEntry
    cumulative_quantity: Decimal
    average_price: Decimal
