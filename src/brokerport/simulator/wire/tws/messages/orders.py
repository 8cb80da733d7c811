"""Messages about orders: placing, cancelling, listing and their states."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from attrs import frozen

from brokerport.simulator.wire.tws.markers import ContractForm, Since
from brokerport.simulator.wire.tws.messages.order_values import WireOrder, WireOrderState
from brokerport.simulator.wire.tws.messages.values import WireContract
from brokerport.simulator.wire.tws.versions import MANUAL_ORDER_TIME


@frozen
class PlaceOrder:
    """Request 3: place a new order, or modify the one with this id."""

    order_id: int
    contract: WireContract
    order: WireOrder


@frozen
class CancelOrder:
    """Request 4: cancel one order."""

    order_id: int
    manual_order_cancel_time: Annotated[str, Since(MANUAL_ORDER_TIME)] = ""


@frozen
class ReqOpenOrders:
    """Request 5: list this client's open orders."""


@frozen
class ReqAllOpenOrders:
    """Request 16: list the open orders of all clients."""


@frozen
class ReqAutoOpenOrders:
    """Request 15: bind orders entered by hand to this client (client 0 only)."""

    auto_bind: bool


@frozen
class ReqGlobalCancel:
    """Request 58: cancel every open order."""


@frozen
class ReqCompletedOrders:
    """Request 99: list the orders that are done."""

    api_only: bool


@frozen
class ExerciseOptions:
    """Request 21: exercise (1) or lapse (2) a long option position.

    `override` 1 allows an action against the option's natural one.
    """

    request_id: int
    contract: Annotated[WireContract, ContractForm.REPLY]
    exercise_action: int
    exercise_quantity: int
    account: str
    override: int


@frozen
class OrderStatus:
    """Reply 3: where an order stands.

    Quantities are in shares or contracts, prices in the contract's currency.
    """

    order_id: int
    status: str
    filled: Decimal
    remaining: Decimal
    avg_fill_price: Decimal
    perm_id: int
    parent_id: int
    last_fill_price: Decimal
    client_id: int
    why_held: str = ""
    mkt_cap_price: Decimal = Decimal(0)


@frozen
class OpenOrder:
    """Reply 5: an open order, or the answer to a what-if order."""

    order_id: int
    contract: WireContract
    order: WireOrder
    order_state: WireOrderState


@frozen
class OpenOrderEnd:
    """Reply 53: the list of open orders is complete."""


@frozen
class CompletedOrder:
    """Reply 101: an order that is done; the wire carries neither its order id nor its client id."""

    contract: WireContract
    order: WireOrder
    order_state: WireOrderState


@frozen
class CompletedOrdersEnd:
    """Reply 102: the list of completed orders is complete."""
