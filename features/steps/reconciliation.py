"""Steps about sessions that end and begin again, and about the books and the broker's."""

from __future__ import annotations

from decimal import Decimal

from pytest_bdd import parsers, then, when

from brokerport import ExecutionReceived, OrderStatus
from features.steps.words import (
    ACCOUNT,
    INSTRUMENT,
    QUANTITY,
    SIDES,
    instrument_of,
    number,
)
from features.trading_floor import TradingFloor


@when("the client goes away")
def goes_away(floor: TradingFloor) -> None:
    floor.go_away()


@when("the client comes back")
def comes_back(floor: TradingFloor) -> None:
    floor.come_back()


@when(parsers.re(rf"a person (?P<deal>buys|sells) {QUANTITY} {INSTRUMENT} in {ACCOUNT} by hand$"))
def by_hand(floor: TradingFloor, deal: str, quantity: str, instrument: str, account: str) -> None:
    floor.trade_by_hand(account, instrument_of(instrument), SIDES[deal], number(quantity))


@when(parsers.re(rf'the figures of {ACCOUNT} are accepted: "(?P<note>[^"]+)"$'))
def accepted(floor: TradingFloor, account: str, note: str) -> None:
    floor.run(floor.broker.accept(account, note))


@when(parsers.re(rf'{ACCOUNT} is released: "(?P<note>[^"]+)"$'))
def released(floor: TradingFloor, account: str, note: str) -> None:
    floor.run(floor.broker.release(account, note))


@then(parsers.re(rf"the books of {ACCOUNT} agree with the broker's$"))
def books_agree(floor: TradingFloor, account: str) -> None:
    result = floor.run(floor.broker.reconcile(account))
    assert result.is_clean, [str(item) for item in result.discrepancies]


@then(parsers.re(rf'{ACCOUNT} is closed for opening orders: "(?P<words>[^"]+)"$'))
def is_closed(floor: TradingFloor, account: str, words: str) -> None:
    reasons = floor.run(floor.broker.quarantine(account))
    assert any(words in reason for reason in reasons), reasons


@then(parsers.re(rf"{ACCOUNT} is open$"))
def is_open(floor: TradingFloor, account: str) -> None:
    assert floor.run(floor.broker.quarantine(account)) == ()


@then(parsers.re(rf"{ACCOUNT} is told of a (?P<deal>buy|sell) of {QUANTITY} {INSTRUMENT}$"))
def told_of(floor: TradingFloor, account: str, deal: str, quantity: str, instrument: str) -> None:
    fills = [
        (event.account, event.execution.side, event.execution.quantity, event.execution.instrument)
        for event in floor.events()
        if isinstance(event, ExecutionReceived)
    ]
    expected = (account, SIDES[deal], Decimal(number(quantity)), instrument_of(instrument))
    assert fills == [expected]


@then(parsers.re(r'the order has ended: "(?P<words>[^"]+)"$'))
def has_ended(floor: TradingFloor, words: str) -> None:
    order = floor.the_order
    assert order.status is OrderStatus.CANCELLED
    assert words in order.reason
