"""The order port: sending orders and reading back what the broker knows of them."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Protocol, TypeAlias

from attrs import frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import MarginImpact
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.instruments import Instrument
from brokerport.domain.order_types import OrderType, Side, TimeInForce


@frozen
class OrderTicket:
    """An order as it is handed to an adapter: checked, mapped to its broker account, and named."""

    client_order_id: str
    broker_account: BrokerAccount
    instrument: Instrument
    side: Side
    quantity: Decimal
    order_type: OrderType
    time_in_force: TimeInForce


class BrokerOrderStatus(Enum):
    """Where an order stands on the broker's own record."""

    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


@frozen
class BrokerOrder:
    """An order as the broker has it on record, ours or not.

    ``order_reference`` is the text that travelled as orderRef or cOID, None when there was none.
    """

    broker_order_id: str
    perm_id: int | None
    order_reference: str | None
    broker_account: BrokerAccount
    instrument: Instrument
    side: Side
    quantity: Decimal
    order_type: OrderType
    time_in_force: TimeInForce
    status: BrokerOrderStatus
    filled_quantity: Decimal
    reason: str = ""


@frozen
class ForeignOrder:
    """An order on the broker's record in terms brokerport has no words for.

    It is not one of ours: another program or a person placed it, a trailing stop by hand perhaps.
    ``description`` says what it is in the broker's words; it is shown, never guessed at.
    """

    broker_order_id: str
    perm_id: int | None
    order_reference: str | None
    broker_account: BrokerAccount
    description: str


OrderRecord: TypeAlias = BrokerOrder | ForeignOrder


@frozen
class BookedExecution:
    """An execution with its commission, None until the broker has reported it."""

    execution: Execution
    commission: Commission | None


class OrderPort(Protocol):
    """Orders and executions at the broker."""

    async def place(self, ticket: OrderTicket) -> None:
        """Hand the order to the broker, once; its fate comes as reports.

        Raises:
            InvalidOrder: this session was given an order of that ClientOrderId before; nothing was
                sent, because the broker would take it for a second order.
            NotConnected: there is no session; nothing was sent.
            UnknownContract: the broker knows no such instrument; nothing was sent.
            OrderInDoubt: the order may or may not have left.
        """
        ...

    async def replace(self, client_order_id: str, quantity: Decimal, order_type: OrderType) -> None:
        """Ask for new terms on a working order; ``Replaced`` or ``ReplaceRefused`` answers.

        ``quantity`` is the order's whole quantity, what is filled already included.

        Raises:
            NotConnected, OrderInDoubt: as for ``place``.
            UnknownOrder: this session did not place the order and the broker does not show it.
        """
        ...

    async def cancel(self, client_order_id: str) -> None:
        """Ask to cancel a working order; ``Cancelled`` or ``CancelRefused`` answers.

        Raises: as for ``replace``.
        """
        ...

    async def open_orders(self, broker_account: BrokerAccount) -> tuple[OrderRecord, ...]:
        """Read the orders that are working at the broker for one account."""
        ...

    async def completed_orders(self, broker_account: BrokerAccount) -> tuple[OrderRecord, ...]:
        """Read the orders of this trading day that are filled, cancelled or rejected."""
        ...

    async def executions(self, broker_account: BrokerAccount) -> tuple[BookedExecution, ...]:
        """Read the executions the broker still shows, in the order in which they happened.

        TWS shows the current day since midnight, New York time.
        """
        ...

    async def margin_impact(self, ticket: OrderTicket) -> MarginImpact:
        """Ask what the order would do to margin, without placing it.

        Raises:
            RequestRefused: the broker would not accept the order, with its reason and code.
        """
        ...
