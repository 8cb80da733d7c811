"""What the broker tells its subscribers, in the order in which a customer's API tells it.

Placing an order that fills at once (the sequence IBKR's TWS was captured sending):

    OrderUpdated       PreSubmitted or Submitted           -> openOrder, orderStatus
    ExecutionBooked    the fill                            -> execDetails
    OrderUpdated       Filled, without its commission      -> openOrder, orderStatus
    CommissionBooked   Filled, with its commission         -> openOrder, orderStatus,
                                                              commissionReport
    PositionUpdated, AccountUpdated

A refusal for lack of funds is one OrderRefusedEvent (-> error 201, then openOrder and orderStatus
with Inactive). A cancel is one OrderUpdated (-> orderStatus Cancelled, then error 202).
Events are delivered when the broker's books agree with all of them, so a subscriber may call the
broker from its callback; each event carries the order as it was at that event.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from attrs import frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.instruments import Option
from brokerport.domain.money import Money
from brokerport.domain.positions import Position
from brokerport.simulator.brokerage.orders import BrokerageExecution, BrokerageOrder


@frozen
class OrderUpdated:
    """The order's status, fills or terms are now these."""

    order: BrokerageOrder


@frozen
class OrderRefusedEvent:
    """The broker refused an order it had recorded; ``order`` is Inactive."""

    order: BrokerageOrder
    code: int
    reason: str


@frozen
class ExecutionBooked:
    """A fill was booked; ``order`` counts it but not yet its commission."""

    booked: BrokerageExecution
    order: BrokerageOrder


@frozen
class CommissionBooked:
    """The commission of a fill was charged; ``order`` counts it."""

    booked: BrokerageExecution
    order: BrokerageOrder


@frozen
class PositionUpdated:
    """The account holds this now; a closed position has quantity zero."""

    account: BrokerAccount
    position: Position


@frozen
class AccountUpdated:
    """The account's cash changed."""

    account: BrokerAccount


class SettlementOutcome(Enum):
    """What became of an option position on its expiry date."""

    ASSIGNED = "assigned"
    EXERCISED = "exercised"
    EXPIRED = "expired"


@frozen
class OptionSettled:
    """An option position ended on its expiry date.

    ``quantity`` is the position in contracts (negative when it was short). ``stock_quantity`` is
    the change of the position in the underlying, in shares, and ``cash`` what was received
    (negative: paid) for it; both are zero when the option expired worthless.
    """

    account: BrokerAccount
    option: Option
    quantity: Decimal
    outcome: SettlementOutcome
    stock_quantity: Decimal
    cash: Money


BrokerageEvent: TypeAlias = (
    OrderUpdated
    | OrderRefusedEvent
    | ExecutionBooked
    | CommissionBooked
    | PositionUpdated
    | AccountUpdated
    | OptionSettled
)
