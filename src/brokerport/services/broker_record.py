"""The broker's record of one account's orders and executions, read as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import Unsupported
from brokerport.domain.orders import is_client_order_id
from brokerport.ports.adapter import BrokerAdapter, Capability
from brokerport.ports.orders import BookedExecution, BrokerOrder, ForeignOrder, OrderRecord


@frozen
class BrokerRecord:
    """What the broker showed: our orders by their reference, all fills, and what is not ours.

    ``is_whole`` says that open orders, completed orders and executions were all answered, so that
    what is in none of them is not there. ``notices`` are in words, and so is ``foreign``: the
    working orders that are not brokerport's. ``filled`` are the references of orders with a fill.
    ``doubled`` are references that more than one order carries.
    """

    orders: dict[str, BrokerOrder]
    executions: tuple[BookedExecution, ...]
    is_whole: bool
    notices: tuple[str, ...]
    foreign: tuple[str, ...] = ()
    filled: frozenset[str | None] = frozenset()
    doubled: frozenset[str] = frozenset()

    def has(self, client_order_id: str) -> bool:
        """Say whether the broker shows the order, or a fill of it."""
        return client_order_id in self.orders or client_order_id in self.filled


async def read_record(adapter: BrokerAdapter, broker_account: BrokerAccount) -> BrokerRecord:
    """Read an account's open orders, completed orders and executions, in this order.

    An order that ends between two reads is in the later one; a fill is in the last.

    Raises:
        NotConnected, RequestTimedOut, RequestRefused: a read failed; nothing is known.
    """
    is_whole = Capability.COMPLETED_ORDERS in adapter.capabilities
    records = await adapter.orders.open_orders(broker_account)
    foreign = tuple(_foreign(records))
    if is_whole:
        records += await adapter.orders.completed_orders(broker_account)
    notices = [
        f"an order that is not brokerport's: {record.description}"
        for record in records
        if isinstance(record, ForeignOrder)
    ]
    booked: tuple[BookedExecution, ...] = ()
    try:
        booked = await adapter.orders.executions(broker_account)
    except Unsupported as unsupported:
        # Without the executions an order of ours that has filled disagrees, and is told of so.
        is_whole = False
        notices.append(f"the executions cannot be shown: {unsupported}")
    told = tuple(dict.fromkeys(notices))
    filled = frozenset(entry.execution.order_reference for entry in booked)
    ours, doubled = _ours(records)
    return BrokerRecord(ours, booked, is_whole, told, foreign, filled, doubled)


def _foreign(working: Iterable[OrderRecord]) -> Iterator[str]:
    for record in working:
        if isinstance(record, ForeignOrder):
            yield record.description
        elif not is_client_order_id(record.order_reference):
            yield f"{record.side.value} {record.quantity} {record.instrument}"


def _ours(records: Iterable[OrderRecord]) -> tuple[dict[str, BrokerOrder], frozenset[str]]:
    """Return our records by reference, and the references that more than one order carries.

    The later read, of completed orders, has the last word on an order that is in both.
    """
    ours: dict[str, BrokerOrder] = {}
    doubled: set[str] = set()
    for record in records:
        reference = record.order_reference
        if not isinstance(record, BrokerOrder) or reference is None:
            continue
        if is_client_order_id(reference):
            if reference in ours and _is_another(ours[reference], record):
                doubled.add(reference)
            ours[reference] = record
    return ours, frozenset(doubled)


def _is_another(one: BrokerOrder, other: BrokerOrder) -> bool:
    if one.perm_id is not None and other.perm_id is not None:
        return one.perm_id != other.perm_id
    # A record of completed orders may leave the id out.
    ids = {one.broker_order_id, other.broker_order_id} - {""}
    return len(ids) > 1
