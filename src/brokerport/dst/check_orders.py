"""Checks of orders: none doubled, none lost, none that nobody asked for, none in another state."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from brokerport.domain.errors import FinalError, OrderRejected, RetryableError
from brokerport.domain.events import ContradictionFound, OrderChanged
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import OrderType
from brokerport.domain.orders import Order
from brokerport.dst.exchange_view import ExchangeView
from brokerport.dst.record import Books, Call
from brokerport.dst.sight import Sight
from brokerport.dst.violations import Kind, Violation
from brokerport.dst.words import exchange_order_line, order_line
from brokerport.simulator.brokerage.orders import BrokerageOrder, BrokerageStatus

_AGREEING = {
    OrderStatus.FILLED: BrokerageStatus.FILLED,
    OrderStatus.CANCELLED: BrokerageStatus.CANCELLED,
    OrderStatus.REJECTED: BrokerageStatus.INACTIVE,
}
_UNKNOWN = (
    OrderStatus.IN_DOUBT,
    OrderStatus.PENDING_SUBMIT,
    OrderStatus.PENDING_REPLACE,
    OrderStatus.PENDING_CANCEL,
)


def check_orders(books: Books, exchange: ExchangeView, sight: Sight) -> Iterator[Violation]:
    """Yield what is wrong with the orders."""
    placed = {
        call.client_order_id: call
        for call in books.calls
        if call.action == "place" and call.client_order_id is not None
    }
    yield from _check_exchange(books, exchange, placed)
    for call in placed.values():
        yield from _check_answered(call, exchange)
    yield from _check_never_placed(books, exchange)
    if books.stuck is None:
        yield from _check_final_book(books, exchange, sight, placed)


def _check_exchange(
    books: Books, exchange: ExchangeView, placed: dict[str, Call]
) -> Iterator[Violation]:
    for order in exchange.nameless:
        yield Violation(Kind.UNASKED, exchange_order_line(order))
    for reference, orders in exchange.orders.items():
        if len(orders) > 1:
            lines = " and ".join(exchange_order_line(order) for order in orders)
            yield Violation(Kind.DOUBLED, lines)
        call = placed.get(reference)
        if call is None or call.request is None:
            yield Violation(Kind.UNASKED, f"no call placed {reference}")
            continue
        request = call.request
        quantities, order_types = _asked_terms(books, call)
        for moment in exchange.history(reference):
            order = moment.order
            is_same = (
                order.account.account_id == books.accounts[request.account]
                and order.instrument == request.instrument
                and order.side is request.side
                and order.time_in_force is request.time_in_force
                and order.quantity in quantities
                and order.order_type in order_types
            )
            if not is_same:
                yield Violation(
                    Kind.UNASKED, f"{exchange_order_line(order)}, asked for was {request}"
                )
                break
    for account, broker_account in books.accounts.items():
        count = sum(
            order.account.account_id == broker_account
            for orders in exchange.orders.values()
            for order in orders
        )
        calls = sum(call.account == account for call in books.calls if call.action == "place")
        if count > calls:
            yield Violation(Kind.DOUBLED, f"{calls} place calls of {account} made {count} orders")


def _asked_terms(books: Books, placed: Call) -> tuple[set[Decimal], set[OrderType]]:
    request = placed.request
    quantities = {request.quantity} if request is not None else set()
    order_types = {request.order_type} if request is not None else set()
    for call in books.calls:
        if call.action == "replace" and call.client_order_id == placed.client_order_id:
            if call.quantity is not None:
                quantities.add(call.quantity)
            if call.order_type is not None:
                order_types.add(call.order_type)
    return quantities, order_types


def _check_answered(call: Call, exchange: ExchangeView) -> Iterator[Violation]:
    key = call.client_order_id or ""
    orders = exchange.orders.get(key, [])
    if call.order is not None and not orders:
        yield Violation(Kind.LOST, f"place returned {order_line(call.order)}")
    if isinstance(call.error, OrderRejected):
        alive = [order for order in orders if order.status is not BrokerageStatus.INACTIVE]
    elif isinstance(call.error, RetryableError | FinalError):
        alive = orders
    else:
        return
    for order in alive:
        yield Violation(
            Kind.PLACED_AFTER_ALL,
            f"place raised {type(call.error).__name__} ({call.error}), "
            f"the exchange has {exchange_order_line(order)}",
        )


def _check_never_placed(books: Books, exchange: ExchangeView) -> Iterator[Violation]:
    told: set[str] = set()
    for entry in books.told:
        if isinstance(entry.event, OrderChanged):
            order = entry.event.order
            key = str(order.client_order_id)
            if (
                order.status is OrderStatus.NOT_PLACED
                and key not in told
                and key in exchange.orders
            ):
                told.add(key)
                yield Violation(
                    Kind.PLACED_AFTER_ALL,
                    f"told {order_line(order)} at {entry.at:.3f}, the exchange has "
                    f"{exchange_order_line(exchange.orders[key][0])}",
                )


def _check_final_book(
    books: Books, exchange: ExchangeView, sight: Sight, placed: dict[str, Call]
) -> Iterator[Violation]:
    for key, orders in exchange.orders.items():
        changed_at = exchange.last_change(key)
        is_seen = (
            changed_at is None
            or orders[0].is_open
            or sight.could_see(changed_at, since=books.journal_began_at)
        )
        # An order whose record is not whole is shown, and not taken over: see ``check_answers``.
        is_shown = any(
            isinstance(entry.event, ContradictionFound) and entry.event.client_order_id == key
            for entry in books.told
        )
        if key not in books.orders and key in placed and is_seen and not is_shown:
            line = exchange_order_line(orders[0])
            yield Violation(Kind.LOST, f"the client's book has no {line}")
    stale = {entry.client_order_id for entry in books.stale}
    for key, order in books.orders.items():
        found = exchange.orders.get(key, [None])[0]
        changed_at = exchange.last_change(key)
        if changed_at is None and key in placed:
            changed_at = placed[key].started_at
        is_hidden = (
            changed_at is not None
            and not sight.could_see(changed_at)
            and not (found is not None and found.is_open)
        )
        is_over_unheard = found is None and order.status is OrderStatus.CANCELLED
        if key in stale and (is_hidden or is_over_unheard):
            continue
        yield from _check_order(order, found)
        prices = {
            booked.execution.family: booked.execution.price
            for booked in exchange.executions_of.get(key, [])
        }
        for fill in order.executions:
            if prices.get(fill.family, fill.price) != fill.price:
                yield Violation(
                    Kind.WRONG_FILLS,
                    f"{order_line(order)}: {fill.execution_id} at {fill.price}, "
                    f"the exchange has {prices[fill.family]}",
                )


def _check_order(order: Order, found: BrokerageOrder | None) -> Iterator[Violation]:
    shown = "nothing" if found is None else exchange_order_line(found)
    both = f"{order_line(order)}; the exchange has {shown}"
    if order.status in _UNKNOWN:
        yield Violation(Kind.STILL_UNKNOWN, both)
        return
    if found is None:
        if order.status not in (OrderStatus.NOT_PLACED, OrderStatus.REJECTED):
            yield Violation(Kind.WRONG_STATUS, both)
        return
    if order.status is OrderStatus.WORKING:
        agrees = found.is_open
    else:
        agrees = _AGREEING.get(order.status) is found.status
    if not agrees:
        yield Violation(Kind.WRONG_STATUS, both)
    elif order.filled_quantity != found.filled:
        yield Violation(Kind.WRONG_FILLS, both)
    elif found.status is not BrokerageStatus.INACTIVE and (
        order.quantity != found.quantity or order.order_type != found.order_type
    ):
        yield Violation(Kind.WRONG_TERMS, both)
