"""Steps about orders: placing, changing and cancelling them, and what becomes of them."""

from __future__ import annotations

from decimal import Decimal

from pytest_bdd import parsers, then, when

from brokerport import (
    CancelRejected,
    ClientOrderId,
    Limit,
    OrderRejected,
    OrderRequest,
    ReplaceRejected,
    usd,
)
from brokerport.domain import errors
from brokerport.domain.errors import BadInput, BrokerportError
from brokerport.ports.adapter import Capability
from features.steps.words import (
    ACCOUNT,
    INSTRUMENT,
    LIFE,
    LIVES,
    PRICE,
    QUANTITY,
    SIDES,
    TERMS,
    instrument_of,
    number,
    order_type_of,
)
from features.trading_floor import TradingFloor


@when(parsers.re(rf"{ACCOUNT} (?P<deal>buys|sells) {QUANTITY} {INSTRUMENT} {TERMS}{LIFE}$"))
def place(
    floor: TradingFloor,
    account: str,
    deal: str,
    quantity: str,
    instrument: str,
    terms: str,
    life: str,
) -> None:
    try:
        request = OrderRequest(
            account,
            instrument_of(instrument),
            SIDES[deal],
            number(quantity),
            order_type_of(terms),
            LIVES[life],
        )
    except BadInput as error:
        floor.error = error
        return
    floor.place(request)


@when(parsers.re(rf"{ACCOUNT} changes the order to a limit of (?P<price>{PRICE})$"))
def change_price(floor: TradingFloor, account: str, price: str) -> None:
    _replace(floor, account, None, number(price))


@when(parsers.re(rf"{ACCOUNT} changes the order to {QUANTITY} shares$"))
def change_quantity(floor: TradingFloor, account: str, quantity: str) -> None:
    _replace(floor, account, number(quantity), None)


def _replace(floor: TradingFloor, account: str, quantity: str | None, price: str | None) -> None:
    order = floor.the_order
    floor.attempt(
        floor.broker.replace(
            account,
            order.client_order_id,
            quantity=None if quantity is None else Decimal(quantity),
            order_type=None if price is None else Limit(price),
        )
    )


@when(parsers.re(rf"{ACCOUNT} cancels the order$"))
def cancel(floor: TradingFloor, account: str) -> None:
    floor.attempt(floor.broker.cancel(account, floor.the_order.client_order_id))


@then(parsers.re(r"the order is (?P<status>working|filled|cancelled|rejected)$"))
def status_is(floor: TradingFloor, status: str) -> None:
    assert floor.the_order.status.value == status, floor.error


@then(parsers.re(rf"{QUANTITY} of the order (?:is|are) filled at (?P<price>{PRICE})$"))
def filled_at(floor: TradingFloor, quantity: str, price: str) -> None:
    order = floor.the_order
    assert order.filled_quantity == Decimal(number(quantity))
    assert order.average_fill_price == Decimal(number(price))


@then(parsers.re(rf"the fills are (?P<fills>{QUANTITY} at {PRICE}(?:, [\d,]+ at {PRICE})*)$"))
def fills_are(floor: TradingFloor, fills: str, quantity: str) -> None:
    expected = [
        tuple(Decimal(number(part)) for part in fill.split(" at ")) for fill in fills.split(", ")
    ]
    assert [(fill.quantity, fill.price) for fill in floor.the_order.executions] == expected


@then("nothing of the order is filled")
def nothing_filled(floor: TradingFloor) -> None:
    assert floor.the_order.executions == ()


@then(parsers.re(rf"the order works {QUANTITY} shares at a limit of (?P<price>{PRICE})$"))
def works_at(floor: TradingFloor, quantity: str, price: str) -> None:
    order = floor.the_order
    assert order.status.value == "working"
    assert order.quantity == Decimal(number(quantity))
    assert order.order_type == Limit(number(price))


@then(parsers.re(rf"the commission on the order is (?P<amount>{PRICE}) USD$"))
def commission_is(floor: TradingFloor, amount: str) -> None:
    order = floor.the_order
    booked = floor.run(floor.broker.executions(order.account))
    ours = {fill.execution_id for fill in order.executions}
    charged = [
        entry.commission.amount.amount
        for entry in booked
        if entry.commission is not None and entry.execution.execution_id in ours
    ]
    assert len(charged) == len(ours)
    assert usd(sum(charged, Decimal(0))) == usd(number(amount))


@then(parsers.re(r"the broker rejects the order with code (?P<code>\d+)$"))
def order_rejected(floor: TradingFloor, code: str) -> None:
    assert isinstance(floor.error, OrderRejected), floor.error
    # Client Portal refuses in the same words, without a number.
    has_codes = Capability.MESSAGE_CODES in floor.broker.capabilities
    assert floor.error.code == (int(code) if has_codes else None)
    assert floor.the_order.status.value == "rejected"


@then(parsers.re(r'the rejection says "(?P<words>[^"]+)"$'))
def rejection_says(floor: TradingFloor, words: str) -> None:
    assert words.lower() in str(floor.error).lower()


@then("the change is refused")
def change_refused(floor: TradingFloor) -> None:
    assert isinstance(floor.error, ReplaceRejected), floor.error


@then("the cancel is refused")
def cancel_refused(floor: TradingFloor) -> None:
    assert isinstance(floor.error, CancelRejected), floor.error


@then(
    parsers.re(
        r"the order is refused before it is sent: (?P<field>\S+) is (?P<value>.+), must be "
        r'"(?P<allowed>[^"]+)"$'
    )
)
def bad_input(floor: TradingFloor, field: str, value: str, allowed: str) -> None:
    assert isinstance(floor.error, BadInput), floor.error
    assert floor.error.field == field
    assert str(floor.error.value) == value
    assert allowed in floor.error.allowed


@then(parsers.re(r'the order is refused as an? (?P<name>\w+): "(?P<words>[^"]+)"$'))
def refused_as(floor: TradingFloor, name: str, words: str) -> None:
    expected: type[BrokerportError] = getattr(errors, name)
    assert type(floor.error) is expected, floor.error
    assert words in str(floor.error)


@then("the broker has no order")
def broker_has_no_order(floor: TradingFloor) -> None:
    floor.settle()
    assert floor.world is not None
    assert floor.world.brokerage.orders() == ()


@then(parsers.re(rf"{ACCOUNT} has (?P<count>\d+) open orders?$"))
def open_order_count(floor: TradingFloor, account: str, count: str) -> None:
    floor.settle()
    assert len(floor.run(floor.broker.open_orders(account))) == int(count)


@then(parsers.re(rf"the order carries a ClientOrderId of {ACCOUNT} to the exchange$"))
def carries_identity(floor: TradingFloor, account: str) -> None:
    order = floor.the_order
    assert floor.world is not None
    references = [entry.order_reference for entry in floor.world.brokerage.orders()]
    assert references[-1] == str(order.client_order_id)
    assert ClientOrderId.parse(references[-1] or "").account == account


@then(parsers.re(r"the exchange has the order on (?P<broker_account>[A-Z]+\d+)$"))
def on_broker_account(floor: TradingFloor, broker_account: str) -> None:
    floor.settle()
    assert floor.world is not None
    assert str(floor.world.brokerage.orders()[-1].account) == broker_account
