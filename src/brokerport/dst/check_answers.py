"""Checks of what callers were told while the run went on: answers and events, each at its time."""

from __future__ import annotations

from collections.abc import Iterator

from brokerport.domain.errors import (
    BrokerportError,
    CancelRejected,
    FinalError,
    ReplaceRejected,
    RetryableError,
)
from brokerport.domain.events import ContradictionFound, OrderChanged
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.orders import Order
from brokerport.dst.exchange_view import ExchangeView
from brokerport.dst.record import Books, Call, Told
from brokerport.dst.violations import Kind, Violation
from brokerport.dst.words import order_line
from brokerport.ports.orders import BookedExecution
from brokerport.simulator.brokerage.orders import BrokerageStatus

_MAY_FOLLOW = {
    OrderStatus.FILLED: {OrderStatus.FILLED},
    OrderStatus.CANCELLED: {OrderStatus.CANCELLED, OrderStatus.FILLED},
    OrderStatus.REJECTED: {OrderStatus.REJECTED},
    OrderStatus.NOT_PLACED: {OrderStatus.NOT_PLACED},
}


def check_answers(
    books: Books, exchange: ExchangeView, midnights: tuple[float, ...]
) -> Iterator[Violation]:
    """Yield what was told wrongly."""
    for call in books.calls:
        if call.error is not None and not isinstance(call.error, BrokerportError):
            yield Violation(Kind.UNEXPECTED_ERROR, f"{call.action}: {call.error!r}")
        if call.ended_at is None:
            continue
        if call.order is not None:
            yield from _check_true(
                books, call.order, call.ended_at, exchange, f"{call.action} returned"
            )
        if call.action == "replace":
            yield from _check_replace(books, call, exchange)
        elif call.action == "cancel":
            yield from _check_cancel(books, call, exchange)
        elif call.name == "executions" and isinstance(call.result, tuple):
            yield from _check_executions(books, call, exchange, midnights)
    yield from _check_events(books, exchange)
    for told in books.told:
        if isinstance(told.event, ContradictionFound):
            key = told.event.client_order_id
            if not _is_cut_by_midnight(key, told.at, exchange, midnights):
                detail = f"{key} at {told.at:.3f}: {told.event.detail}"
                yield Violation(Kind.UNEXPLAINED_CONTRADICTION, detail)


def _check_true(
    books: Books, order: Order, at: float, exchange: ExchangeView, said: str
) -> Iterator[Violation]:
    """Compare what was said of an order with what it was: it may be old news, never early."""
    key = str(order.client_order_id)
    text = f"{said} {order_line(order)} at {at:.3f}"
    if order.filled_quantity > exchange.filled_by(key, at):
        yield Violation(Kind.FALSE_ANSWER, f"{text}: not so much had traded")
    if order.status is OrderStatus.FILLED and not exchange.was(key, BrokerageStatus.FILLED, at):
        yield Violation(Kind.FALSE_ANSWER, f"{text}: it was not filled")
    # Of an order of an earlier day that nobody shows any more, and that moved no money, more cannot
    # be known than that it is over.
    is_unknowable = books.is_stale(key) and not exchange.history(key)
    was_cancelled = exchange.was(key, BrokerageStatus.CANCELLED, at)
    if order.status is OrderStatus.CANCELLED and not was_cancelled and not is_unknowable:
        yield Violation(Kind.FALSE_ANSWER, f"{text}: it was not cancelled")
    if order.status is OrderStatus.WORKING and not any(
        moment.at <= at for moment in exchange.history(key)
    ):
        yield Violation(Kind.FALSE_ANSWER, f"{text}: it was not at the exchange")


def _check_events(books: Books, exchange: ExchangeView) -> Iterator[Violation]:
    last: dict[str, tuple[Told, Order]] = {}
    for told in books.told:
        if not isinstance(told.event, OrderChanged):
            continue
        order = told.event.order
        key = str(order.client_order_id)
        yield from _check_true(books, order, told.at, exchange, "told")
        if key in last:
            earlier, before = last[key]
            is_new = books.was_forgotten(earlier.at, earlier.life)
            may_follow = _MAY_FOLLOW.get(before.status, set(OrderStatus))
            if order.status not in may_follow and not is_new:
                yield Violation(
                    Kind.BACK_FROM_THE_END,
                    f"told {order_line(before)}, then at {told.at:.3f} {order_line(order)}",
                )
        last[key] = (told, order)


def _check_replace(books: Books, call: Call, exchange: ExchangeView) -> Iterator[Violation]:
    key = call.client_order_id or ""
    ended = call.ended_at or 0.0
    history = exchange.history(key)
    if call.order is not None:
        terms = (call.order.quantity, call.order.order_type)
        if all(moment.terms != terms for moment in history if moment.at <= ended):
            yield Violation(
                Kind.FALSE_ANSWER,
                f"replace returned {order_line(call.order)} at {ended:.3f}: no such terms",
            )
        return
    others = [
        other
        for other in books.calls
        if other is not call and other.action == "replace" and other.client_order_id == key
    ]
    if others or not history:
        return
    is_nothing_sent = isinstance(call.error, RetryableError | FinalError)
    first = history[0].terms
    was_changed = any(moment.terms != first for moment in history)
    is_open = exchange.orders[key][0].is_open if key in exchange.orders else False
    if is_nothing_sent and was_changed and (is_open or not isinstance(call.error, ReplaceRejected)):
        yield Violation(
            Kind.FALSE_ANSWER,
            f"replace of {key} raised {type(call.error).__name__} ({call.error}), "
            "and its terms were changed",
        )


def _check_cancel(books: Books, call: Call, exchange: ExchangeView) -> Iterator[Violation]:
    key = call.client_order_id or ""
    is_refused = isinstance(call.error, RetryableError | FinalError)
    if isinstance(call.error, CancelRejected) or not is_refused:
        return
    others = [
        other
        for other in books.calls
        if other is not call and other.action == "cancel" and other.client_order_id == key
    ]
    orders = exchange.orders.get(key, [])
    if not others and any(
        order.status is BrokerageStatus.CANCELLED and not order.reason for order in orders
    ):
        yield Violation(
            Kind.FALSE_ANSWER,
            f"cancel of {key} raised {type(call.error).__name__} ({call.error}), and it was sent",
        )


def _check_executions(
    books: Books, call: Call, exchange: ExchangeView, midnights: tuple[float, ...]
) -> Iterator[Violation]:
    if not isinstance(call.result, tuple):
        return
    shown = {
        booked.execution.family for booked in call.result if isinstance(booked, BookedExecution)
    }
    day_began = max((night for night in midnights if night <= call.started_at), default=0.0)
    broker_account = books.accounts[call.account]
    for execution_id, booked in exchange.executions.items():
        at = exchange.executed_at[execution_id]
        is_due = day_began <= at < call.started_at
        is_here = booked.execution.broker_account.account_id == broker_account
        if is_due and is_here and booked.execution.family not in shown:
            yield Violation(
                Kind.FALSE_ANSWER,
                f"a read of executions at {call.started_at:.3f} does not show {execution_id}",
            )


def _is_cut_by_midnight(
    key: str, at: float, exchange: ExchangeView, midnights: tuple[float, ...]
) -> bool:
    """Say whether the broker's record no longer shows all of an order's fills."""
    day_began = max((night for night in midnights if night <= at), default=0.0)
    return any(
        exchange.executed_at[booked.execution.execution_id] < day_began
        for booked in exchange.executions_of.get(key, [])
    )
