"""Adoption: taking over, at the start of a session, the orders an earlier session of ours placed.

Rules:

- an order is ours when its order reference is a ClientOrderId of a mapped account;
- it enters the book only if the broker's record is whole: what the broker says is filled must be
  what its executions add up to;
- the market does not stop for the reads: one that disagrees is read again, and what was reported
  of the order in between is applied when it enters the book;
- what still disagrees, and an order found in another account than it names, is published as a
  contradiction, because a wrong order is worse than none;
- an order or execution of someone else's that brokerport has no words for is told of as a notice,
  and keeps no order of ours out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from brokerport.domain.accounts import AccountMap
from brokerport.domain.errors import BadInput, ContradictoryReport, Unsupported
from brokerport.domain.events import BrokerNotice, ContradictionFound
from brokerport.domain.executions import Execution
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.orders import ClientOrderId, Order, OrderRequest, is_client_order_id
from brokerport.domain.reports import Acknowledged, Cancelled, Executed, Rejected
from brokerport.ports.adapter import BrokerAdapter, Capability
from brokerport.ports.orders import (
    BookedExecution,
    BrokerOrder,
    BrokerOrderStatus,
    ForeignOrder,
    OrderRecord,
)
from brokerport.services.event_bus import Publish
from brokerport.services.order_book import OrderBook

READS_MAX = 3


async def adopt_orders(
    adapter: BrokerAdapter, accounts: AccountMap, book: OrderBook, publish: Publish
) -> None:
    """Read every mapped account's orders and executions, and enter those that are ours.

    Raises:
        NotConnected, RequestTimedOut, RequestRefused: a read failed; the session is not ready.
    """
    for account in accounts:
        found: list[ContradictionFound] = []
        notices: dict[str, None] = {}
        for _reading in range(READS_MAX):
            found = await _adopt_account(adapter, accounts, account.name, book, notices)
            if not found:
                break
        for notice in notices:
            publish(BrokerNotice(None, f"account {account.name!r}: {notice}"))
        for contradiction in found:
            publish(contradiction)
    book.end_adoption()


async def _adopt_account(
    adapter: BrokerAdapter,
    accounts: AccountMap,
    account: str,
    book: OrderBook,
    notices: dict[str, None],
) -> list[ContradictionFound]:
    """Adopt what can be; return what disagrees, and add what is not ours to ``notices``."""
    broker_account = accounts.broker_account(account)
    records = await adapter.orders.open_orders(broker_account)
    if Capability.COMPLETED_ORDERS in adapter.capabilities:
        records += await adapter.orders.completed_orders(broker_account)
    for record in records:
        if isinstance(record, ForeignOrder):
            notices[f"an order that is not brokerport's: {record.description}"] = None
    booked: tuple[BookedExecution, ...] = ()
    try:
        booked = await adapter.orders.executions(broker_account)
    except Unsupported as unsupported:
        # Without the executions an order of ours that has filled disagrees, and is told of so.
        notices[f"the executions cannot be shown: {unsupported}"] = None
    fills = _by_reference(booked)
    found: list[ContradictionFound] = []
    for reference, record in _latest(records).items():
        if book.find(reference) is None:
            disagreement = _adopt(reference, record, fills.get(reference, ()), account, book)
            if disagreement is not None:
                acknowledged = _acknowledged(reference, record)
                found.append(ContradictionFound(reference, disagreement, acknowledged))
    return found


def _latest(records: Iterable[OrderRecord]) -> dict[str, BrokerOrder]:
    """Return our records by reference; the later read, of completed orders, has the last word."""
    return {
        record.order_reference: record
        for record in records
        if isinstance(record, BrokerOrder)
        and record.order_reference is not None
        and is_client_order_id(record.order_reference)
    }


def _by_reference(booked: Iterable[BookedExecution]) -> dict[str | None, list[Execution]]:
    fills: dict[str | None, list[Execution]] = {}
    for entry in booked:
        fills.setdefault(entry.execution.order_reference, []).append(entry.execution)
    return fills


def _adopt(
    reference: str,
    record: BrokerOrder,
    fills: Sequence[Execution],
    account: str,
    book: OrderBook,
) -> str | None:
    """Enter an order into the book, or return what is wrong with its record."""
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
    if not _agrees(order, record):
        return (
            f"the broker's record is {record.status.value} with {record.filled_quantity} filled, "
            f"its executions add up to {order.filled_quantity}"
        )
    book.adopt(order)
    return None


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
    order = Order.submitted(client_order_id, request).after(_acknowledged(reference, record))
    for execution in fills:
        order = order.after(Executed(reference, execution))
    match record.status:
        case BrokerOrderStatus.CANCELLED:
            return order.after(Cancelled(reference, record.reason))
        case BrokerOrderStatus.REJECTED:
            return order.after(Rejected(reference, record.reason))
        case BrokerOrderStatus.WORKING | BrokerOrderStatus.FILLED:
            return order


def _acknowledged(reference: str, record: BrokerOrder) -> Acknowledged:
    return Acknowledged(reference, record.broker_order_id, record.perm_id)


def _agrees(order: Order, record: BrokerOrder) -> bool:
    is_filled = order.status is OrderStatus.FILLED
    return order.filled_quantity == record.filled_quantity and is_filled == (
        record.status is BrokerOrderStatus.FILLED
    )
