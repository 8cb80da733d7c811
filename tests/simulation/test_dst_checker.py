"""The checker is not blind: each kind of violation is found where one thing is spoilt."""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal

import pytest
from attrs import evolve

from brokerport.domain.errors import NotConnected
from brokerport.domain.events import ContradictionFound, ExecutionReceived, OrderChanged
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.orders import Order
from brokerport.domain.reports import Acknowledged
from brokerport.dst.checker import check
from brokerport.dst.record import Books, Call, Told
from brokerport.dst.run import play
from brokerport.dst.violations import Kind
from brokerport.simulator.brokerage.orders import BrokerageOrder
from tests.simulation.dst_books import CANCELLED, FILLED, ORDER, clean_plan


@pytest.fixture(scope="module")
def clean() -> Books:
    """Books of a run in which nothing is wrong."""
    return play(clean_plan()).books


@pytest.fixture
def books(clean: Books) -> Books:
    """A copy of them, to be spoilt."""
    copied = copy.copy(clean)
    copied.calls = [copy.copy(call) for call in clean.calls]
    copied.told = list(clean.told)
    copied.lives = [copy.copy(life) for life in clean.lives]
    copied.orders = dict(clean.orders)
    copied.holdings = dict(clean.holdings)
    return copied


def call_of(books: Books, name: str, action: str = "place") -> Call:
    """Return a call by the name of its order."""
    return next(call for call in books.calls if (call.name, call.action) == (name, action))


def key_of(books: Books, name: str) -> str:
    """Return the ClientOrderId of an order by name."""
    return call_of(books, name).client_order_id or ""


def at_exchange(books: Books, name: str) -> BrokerageOrder:
    """Return an order of the exchange's by name."""
    key = key_of(books, name)
    return next(order for order in books.exchange_orders if order.order_reference == key)


def change(books: Books, name: str, **values: object) -> None:
    """Change an order in the client's final book."""
    key = key_of(books, name)
    books.orders[key] = evolve(books.orders[key], **values)  # type: ignore[arg-type]


def doubled(books: Books) -> None:
    """The exchange has the order once more."""
    twin = evolve(at_exchange(books, ORDER), perm_id=1)
    books.exchange_orders = (*books.exchange_orders, twin)


def lost(books: Books) -> None:
    """The exchange never had the order."""
    gone = at_exchange(books, ORDER)
    books.exchange_orders = tuple(one for one in books.exchange_orders if one is not gone)


def placed_after_all(books: Books) -> None:
    """The caller was told that nothing was sent."""
    call = call_of(books, ORDER)
    call.result, call.error = None, NotConnected("there is no session")


def told_not_placed(books: Books) -> None:
    """Listeners were told that it was not placed."""
    order = evolve(books.orders[key_of(books, ORDER)], status=OrderStatus.NOT_PLACED)
    books.told.insert(0, Told(0.0, 1, OrderChanged(order)))


def unasked(books: Books) -> None:
    """The order was asked for with another quantity."""
    call = call_of(books, FILLED)
    if call.request is not None:
        call.request = evolve(call.request, quantity=Decimal(11))


def nameless(books: Books) -> None:
    """An order came through the API without a ClientOrderId."""
    order = evolve(at_exchange(books, ORDER), perm_id=1, order_reference=None)
    books.exchange_orders = (*books.exchange_orders, order)


def wrong_status(books: Books) -> None:
    """The book has a cancelled order working."""
    change(books, CANCELLED, status=OrderStatus.WORKING)


def wrong_terms(books: Books) -> None:
    """The book has the order on its old terms."""
    change(books, ORDER, quantity=Decimal(10))


def wrong_fills(books: Books) -> None:
    """The book lacks a fill."""
    change(books, FILLED, executions=())


def still_unknown(books: Books) -> None:
    """The book has the order in doubt."""
    change(books, ORDER, status=OrderStatus.IN_DOUBT)


def fills_told(books: Books) -> list[Told]:
    """Return what was told of fills."""
    return [told for told in books.told if isinstance(told.event, ExecutionReceived)]


def fill_not_told(books: Books) -> None:
    """Nobody was told of the fill."""
    (told,) = fills_told(books)
    books.told.remove(told)


def fill_told_twice(books: Books) -> None:
    """Everybody was told twice."""
    books.told += fills_told(books)


def fill_mistold(books: Books) -> None:
    """It was told at another price."""
    (told,) = fills_told(books)
    event = told.event
    if isinstance(event, ExecutionReceived):
        wrong = ExecutionReceived(event.account, evolve(event.execution, price=Decimal(1)))
        books.told[books.told.index(told)] = evolve(told, event=wrong)


def false_return(books: Books) -> None:
    """A cancel returned before the order was cancelled."""
    call = call_of(books, CANCELLED, "cancel")
    call.ended_at = call_of(books, CANCELLED).ended_at


def false_replace(books: Books) -> None:
    """A replace returned terms that the exchange never had."""
    call = call_of(books, ORDER, "replace")
    if isinstance(call.result, Order):
        call.result = evolve(call.result, quantity=Decimal(30))


def replaced_unsaid(books: Books) -> None:
    """A replace said that nothing was sent, and the terms were changed."""
    call = call_of(books, ORDER, "replace")
    call.result, call.error = None, NotConnected("there is no session")


def cancelled_unsaid(books: Books) -> None:
    """A cancel said that nothing was sent, and the order was cancelled."""
    call = call_of(books, CANCELLED, "cancel")
    call.result, call.error = None, NotConnected("there is no session")


def executions_missing(books: Books) -> None:
    """A read of executions was empty."""
    call_of(books, "executions", "read").result = ()


def back_from_the_end(books: Books) -> None:
    """A filled order was told to be working again."""
    order = evolve(books.orders[key_of(books, FILLED)], status=OrderStatus.WORKING)
    books.told.append(Told(books.told[-1].at, 1, OrderChanged(order)))


def contradiction(books: Books) -> None:
    """A contradiction was told."""
    key = key_of(books, ORDER)
    event = ContradictionFound(key, "it cannot be", Acknowledged(key, "1"))
    books.told.append(Told(books.told[-1].at, 1, event))


def journal_differs(books: Books) -> None:
    """A crash found the journal unlike the book."""
    books.lives[0].journal_differs = ("one order",)


def wrong_position(books: Books) -> None:
    """Nothing was read where there is something."""
    books.holdings["gen"] = ()


def unexpected_error(books: Books) -> None:
    """A call failed with somebody else's error."""
    call = call_of(books, ORDER)
    call.result, call.error = None, ValueError("oops")


def setting(name: str, value: object) -> Callable[[Books], None]:
    """Return what sets one attribute of the books."""

    def spoil(books: Books) -> None:
        setattr(books, name, value)

    return spoil


SPOILT: list[tuple[Kind, Callable[[Books], None]]] = [
    (Kind.DOUBLED, doubled),
    (Kind.LOST, lost),
    (Kind.LOST, setting("orders", {})),
    (Kind.PLACED_AFTER_ALL, placed_after_all),
    (Kind.PLACED_AFTER_ALL, told_not_placed),
    (Kind.UNASKED, unasked),
    (Kind.UNASKED, nameless),
    (Kind.WRONG_STATUS, wrong_status),
    (Kind.WRONG_TERMS, wrong_terms),
    (Kind.WRONG_FILLS, wrong_fills),
    (Kind.STILL_UNKNOWN, still_unknown),
    (Kind.FILL_NOT_TOLD, fill_not_told),
    (Kind.FILL_TOLD_TWICE, fill_told_twice),
    (Kind.FILL_MISTOLD, fill_mistold),
    (Kind.FALSE_ANSWER, false_return),
    (Kind.FALSE_ANSWER, false_replace),
    (Kind.FALSE_ANSWER, replaced_unsaid),
    (Kind.FALSE_ANSWER, cancelled_unsaid),
    (Kind.FALSE_ANSWER, executions_missing),
    (Kind.BACK_FROM_THE_END, back_from_the_end),
    (Kind.UNEXPLAINED_CONTRADICTION, contradiction),
    (Kind.JOURNAL_DIFFERS, journal_differs),
    (Kind.INTENT_NOT_WRITTEN, setting("unwritten", ["gen.1"])),
    (Kind.WRONG_POSITION, wrong_position),
    (Kind.UNEXPECTED_ERROR, unexpected_error),
    (Kind.UNEXPECTED_ERROR, setting("loop_errors", ["a task died"])),
    (Kind.STUCK, setting("stuck", "no session")),
    (Kind.PACING, setting("pacing_violations", ("1 of orders",))),
    (Kind.SIMULATOR, setting("gateway_faults", ("one",))),
]


def test_a_clean_run_has_no_violation(books: Books) -> None:
    """What is not spoilt is not found fault with."""
    assert check(books) == ()
    assert {order.status for order in books.orders.values()} == {
        OrderStatus.WORKING,
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
    }


@pytest.mark.parametrize(("kind", "spoil"), SPOILT, ids=lambda value: getattr(value, "name", None))
def test_each_violation_is_found(books: Books, kind: Kind, spoil: Callable[[Books], None]) -> None:
    """One thing is spoilt, and named."""
    spoil(books)
    assert kind in {violation.kind for violation in check(books)}


def test_every_kind_has_such_a_test() -> None:
    """A kind that no books can have would be a blind spot."""
    assert {kind for kind, _spoil in SPOILT} == set(Kind)
