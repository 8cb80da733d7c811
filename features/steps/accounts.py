"""Steps about accounts: what they begin with, what they hold, and what their money is."""

from __future__ import annotations

from decimal import Decimal

from pytest_bdd import given, parsers, then

from brokerport import Limit, OrderRequest, OrderStatus, Role, Side, usd
from features.steps.words import ACCOUNT, INSTRUMENT, PRICE, QUANTITY, instrument_of, number
from features.trading_floor import Trader, TradingFloor


@given("the accounts")
def accounts(floor: TradingFloor, datatable: list[list[str]]) -> None:
    headings, *rows = datatable
    assert headings == ["account", "role", "broker account", "cash"]
    for name, role, broker_account, cash in rows:
        floor.traders[name] = Trader(name, Role(role), broker_account, Decimal(number(cash)))


@given(parsers.re(rf"{ACCOUNT} has bought {QUANTITY} {INSTRUMENT} at (?P<price>{PRICE})$"))
def has_bought(
    floor: TradingFloor, account: str, quantity: str, instrument: str, price: str
) -> None:
    _deal(floor, account, Side.BUY, quantity, instrument, price)


@given(parsers.re(rf"{ACCOUNT} has sold {QUANTITY} {INSTRUMENT} at (?P<price>{PRICE})$"))
def has_sold(floor: TradingFloor, account: str, quantity: str, instrument: str, price: str) -> None:
    _deal(floor, account, Side.SELL, quantity, instrument, price)


def _deal(
    floor: TradingFloor, account: str, side: Side, quantity: str, instrument: str, price: str
) -> None:
    """Trade at one price, and leave the market quoted there."""
    traded = instrument_of(instrument)
    floor.quote(traded, number(price), number(price), 100_000)
    floor.place(OrderRequest(account, traded, side, number(quantity), Limit(number(price))))
    assert floor.error is None, floor.error
    assert floor.the_order.status is OrderStatus.FILLED


@then(
    parsers.re(rf"{ACCOUNT} holds {QUANTITY} {INSTRUMENT} at an average cost of (?P<cost>{PRICE})$")
)
def holds(floor: TradingFloor, account: str, quantity: str, instrument: str, cost: str) -> None:
    floor.settle()
    held = {held.instrument: held for held in floor.run(floor.broker.positions(account))}
    holding = held[instrument_of(instrument)]
    assert holding.quantity == Decimal(number(quantity))
    assert holding.average_cost == Decimal(number(cost))


@then(parsers.re(rf"{ACCOUNT} holds nothing$"))
def holds_nothing(floor: TradingFloor, account: str) -> None:
    floor.settle()
    assert floor.run(floor.broker.positions(account)) == ()


@then(parsers.re(rf"{ACCOUNT} holds only {QUANTITY} {INSTRUMENT}$"))
def holds_only(floor: TradingFloor, account: str, quantity: str, instrument: str) -> None:
    floor.settle()
    held = [(held.instrument, held.quantity) for held in floor.run(floor.broker.positions(account))]
    assert held == [(instrument_of(instrument), Decimal(number(quantity)))]


@then(parsers.re(rf"{ACCOUNT} has (?P<cash>-?{PRICE}) USD in cash$"))
def cash_is(floor: TradingFloor, account: str, cash: str) -> None:
    floor.settle()
    assert floor.run(floor.broker.balances(account)).total_cash == usd(number(cash))


@then(parsers.re(rf"{ACCOUNT} has a net liquidation value of (?P<value>{PRICE}) USD$"))
def net_liquidation_is(floor: TradingFloor, account: str, value: str) -> None:
    floor.settle()
    assert floor.run(floor.broker.balances(account)).net_liquidation == usd(number(value))


@then(parsers.re(rf"{ACCOUNT} has (?P<amount>{PRICE}) USD in available funds$"))
def available_funds_are(floor: TradingFloor, account: str, amount: str) -> None:
    floor.settle()
    assert floor.run(floor.broker.balances(account)).available_funds == usd(number(amount))


@then(parsers.re(rf"{ACCOUNT} has realised (?P<amount>-?{PRICE}) USD today$"))
def realised_is(floor: TradingFloor, account: str, amount: str) -> None:
    floor.settle()
    assert floor.run(floor.broker.profit_and_loss(account)).realised == usd(number(amount))


@then(parsers.re(rf"{ACCOUNT} has no executions$"))
def no_executions(floor: TradingFloor, account: str) -> None:
    floor.settle()
    assert floor.run(floor.broker.executions(account)) == ()
