"""What TWS has on record of orders, read back as ``BrokerOrder`` values."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ib_async.contract import Contract
from ib_async.order import Order as TwsOrder

from brokerport.adapters.tws.book import TwsOrderBook
from brokerport.adapters.tws.rows import CompletedOrderRow, OpenOrderRow, OrderStatusRow
from brokerport.adapters.tws.translate_contracts import to_instrument
from brokerport.adapters.tws.translate_numbers import number, optional_id, optional_number
from brokerport.adapters.tws.translate_orders import (
    to_broker_order_status,
    to_order_type,
    to_side,
    to_time_in_force,
)
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import RequestRefused, Unsupported
from brokerport.domain.orders import is_client_order_id
from brokerport.ports.orders import (
    BrokerOrder,
    BrokerOrderStatus,
    ForeignOrder,
    OrderRecord,
)

ASKED_FOR = "Cancelled by Trader"

_ENDED = frozenset({BrokerOrderStatus.FILLED, BrokerOrderStatus.CANCELLED})


def open_orders(rows: Iterable[object], broker_account: BrokerAccount) -> tuple[OrderRecord, ...]:
    """Return an account's working orders from the messages of one answer.

    TWS sends openOrder and then orderStatus for each; live news of an order may come between, so
    the last of each counts. An order that is inactive without being held is shown as rejected: it
    is neither working nor gone.

    Raises:
        RequestRefused: an order came without its status, so that how much is filled is unknown.
    """
    orders: dict[tuple[int, int, int], OpenOrderRow] = {}
    statuses: dict[tuple[int, int, int], OrderStatusRow] = {}
    for row in rows:
        if isinstance(row, OpenOrderRow):
            order = row.order
            orders[_key(order.clientId, order.orderId, order.permId)] = row
        elif isinstance(row, OrderStatusRow):
            statuses[_key(row.client_id, row.order_id, row.perm_id)] = row
    found: list[OrderRecord] = []
    for key, row in orders.items():
        if row.order.account != broker_account.account_id:
            continue
        status = statuses.get(key)
        if status is None:
            raise RequestRefused(f"TWS showed order {row.order.permId} without its status")
        standing = to_broker_order_status(status.status, status.why_held)
        if standing not in _ENDED:
            found.append(
                _record(
                    row.contract,
                    row.order,
                    broker_order_id=str(row.order.orderId),
                    quantity=number(row.order.totalQuantity, "totalQuantity"),
                    status=standing,
                    filled_quantity=number(status.filled, "filled"),
                    reason=row.state.warningText,
                )
            )
    return tuple(found)


def completed_order(row: CompletedOrderRow, book: TwsOrderBook) -> OrderRecord:
    """Return an order that is done, from its completedOrder message.

    TWS leaves out the order id, and the ordered quantity of an order that is done may be 0: what
    the book knows of it stands in, then what is filled.
    """
    order = row.order
    tracked = book.find(order.orderRef) if order.orderRef else None
    status = to_broker_order_status(row.state.status)
    total = optional_number(order.totalQuantity) or Decimal(0)
    filled = optional_number(order.filledQuantity)
    if filled is None:
        filled = total if status is BrokerOrderStatus.FILLED else Decimal(0)
    if total == 0:
        total = filled if tracked is None else tracked.quantity
    is_refusal = status is not BrokerOrderStatus.FILLED
    return _record(
        row.contract,
        order,
        broker_order_id="" if tracked is None else str(tracked.order_id),
        quantity=total,
        status=status,
        filled_quantity=filled,
        reason=_why(row.state.completedStatus) if is_refusal else "",
    )


def _why(completed_status: str) -> str:
    """Return the reason for an end; one that was asked for has none, as when it is told live."""
    return "" if completed_status == ASKED_FOR else completed_status


def _key(client_id: int, order_id: int, perm_id: int) -> tuple[int, int, int]:
    """Name an order within one answer: by permId, else by client and order id."""
    return (0, 0, perm_id) if perm_id else (client_id, order_id, 0)


def _record(
    contract: Contract,
    order: TwsOrder,
    *,
    broker_order_id: str,
    quantity: Decimal,
    status: BrokerOrderStatus,
    filled_quantity: Decimal,
    reason: str,
) -> OrderRecord:
    """Return an order in our words, or as a foreign one where there are none for it."""
    perm_id = optional_id(order.permId)
    reference = order.orderRef or None
    broker_account = BrokerAccount(order.account)
    try:
        return BrokerOrder(
            broker_order_id=broker_order_id,
            perm_id=perm_id,
            order_reference=reference,
            broker_account=broker_account,
            instrument=to_instrument(contract),
            side=to_side(order.action),
            quantity=quantity,
            order_type=to_order_type(order),
            time_in_force=to_time_in_force(order),
            status=status,
            filled_quantity=filled_quantity,
            reason=reason,
        )
    except Unsupported as unsupported:
        if is_client_order_id(reference):
            # We never place such an order: who could have changed ours must be looked at.
            raise
        return ForeignOrder(broker_order_id, perm_id, reference, broker_account, str(unsupported))
