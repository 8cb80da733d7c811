"""An order and the broker's record of it: what the record says of an order, known or not.

Rules:

- an order is ours when its order reference is a ClientOrderId of a mapped account;
- one that the book does not have is taken over only if the record is whole: what the broker says
  is filled must be what its executions add up to;
- one that the book has is brought up to date by reports, as if they had been heard;
- an order found in another account than it names is no one's: a wrong order is worse than none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brokerport.domain.errors import BadInput, ContradictoryReport
from brokerport.domain.executions import Execution
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.orders import ClientOrderId, Order, OrderRequest
from brokerport.domain.reports import (
    Acknowledged,
    Cancelled,
    Executed,
    OrderReport,
    Rejected,
    Replaced,
    ReplaceRefused,
)
from brokerport.ports.orders import BrokerOrder, BrokerOrderStatus

_NOT_SEEN_ALIVE = frozenset(
    {
        OrderStatus.PENDING_SUBMIT,
        OrderStatus.IN_DOUBT,
        OrderStatus.NOT_PLACED,
        OrderStatus.REJECTED,
    }
)

_ENDED_SHORT = frozenset({BrokerOrderStatus.CANCELLED, BrokerOrderStatus.REJECTED})

_NEVER_WORKED = frozenset({OrderStatus.NOT_PLACED, OrderStatus.REJECTED})


def adopted(record: BrokerOrder, fills: Sequence[Execution], account: str) -> Order | str:
    """Return the order that a record and its fills make, or what is wrong with them."""
    reference = record.order_reference or ""
    client_order_id = ClientOrderId.parse(reference)
    if client_order_id.account != account:
        return (
            f"the order names account {client_order_id.account!r}, "
            f"but is in the broker account of {account!r}"
        )
    try:
        order = _rebuilt(client_order_id, record, fills)
    except (BadInput, ContradictoryReport) as error:
        return str(error)
    return disagreement(order, record) or order


def disagreement(order: Order, record: BrokerOrder) -> str | None:
    """Return how an order and its record contradict each other, None when they agree."""
    is_filled = order.status is OrderStatus.FILLED
    if order.filled_quantity != record.filled_quantity or is_filled != (
        record.status is BrokerOrderStatus.FILLED
    ):
        return (
            f"the broker's record is {record.status.value} with {record.filled_quantity} filled, "
            f"its executions add up to {order.filled_quantity}"
        )
    if order.status.is_done and record.status is BrokerOrderStatus.WORKING:
        return f"the broker works an order that was told to be {order.status.value}"
    return None


def reports_towards(
    order: Order, record: BrokerOrder, *, is_settled: bool
) -> Iterator[OrderReport]:
    """Yield the reports that bring an order to where the broker's record has it, fills apart.

    ``is_settled`` says that no request on it can still be under way to the broker, so that terms
    the record does not show have been refused.
    """
    reference = str(order.client_order_id)
    is_refused = record.status is BrokerOrderStatus.REJECTED or (
        # Some records call a refused order cancelled; neither ever worked.
        order.status is OrderStatus.REJECTED and record.status is BrokerOrderStatus.CANCELLED
    )
    if order.status in _NOT_SEEN_ALIVE and not is_refused:
        yield acknowledged(reference, record)
    terms = (record.quantity, record.order_type)
    if record.status in _ENDED_SHORT and record.quantity <= record.filled_quantity:
        # It ended with something left, so this is not what was ordered: TWS leaves that out.
        pass
    elif order.proposed is not None and terms == order.proposed:
        yield Replaced(reference, *terms)
    elif order.proposed is not None:
        is_working = record.status is BrokerOrderStatus.WORKING
        if (is_settled and is_working) or record.status is BrokerOrderStatus.FILLED:
            yield ReplaceRefused(reference, "the broker has the order on its old terms")
    elif terms != (order.quantity, order.order_type) and order.status not in _NEVER_WORKED:
        # Also of one that is done: a change whose answer was lost held, and then it filled.
        yield Replaced(reference, *terms)
    match record.status:
        case BrokerOrderStatus.CANCELLED:
            yield Cancelled(reference, record.reason)
        case BrokerOrderStatus.REJECTED:
            yield Rejected(reference, record.reason)
        case BrokerOrderStatus.WORKING | BrokerOrderStatus.FILLED:
            pass


def acknowledged(reference: str, record: BrokerOrder) -> Acknowledged:
    """Return the acknowledgement that a record amounts to."""
    return Acknowledged(reference, record.broker_order_id, record.perm_id)


def _rebuilt(
    client_order_id: ClientOrderId, record: BrokerOrder, fills: Sequence[Execution]
) -> Order:
    reference = str(client_order_id)
    request = OrderRequest(
        account=client_order_id.account,
        instrument=record.instrument,
        side=record.side,
        quantity=record.quantity,
        order_type=record.order_type,
        time_in_force=record.time_in_force,
    )
    order = Order.submitted(client_order_id, request).after(acknowledged(reference, record))
    for execution in fills:
        order = order.after(Executed(reference, execution))
    match record.status:
        case BrokerOrderStatus.CANCELLED:
            return order.after(Cancelled(reference, record.reason))
        case BrokerOrderStatus.REJECTED:
            return order.after(Rejected(reference, record.reason))
        case BrokerOrderStatus.WORKING | BrokerOrderStatus.FILLED:
            return order
