"""The books balance to the cent, whatever the orders: cash, positions, fills, reservations."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given, settings

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.instruments import Instrument
from brokerport.domain.money import to_cents
from brokerport.simulator.brokerage.events import (
    ExecutionBooked,
    OptionSettled,
    PositionUpdated,
)
from brokerport.simulator.brokerage.orders import BrokerageOrder, BrokerageStatus
from tests.simulation.order_scripts import MOVING_PRICES, ScriptPlayer, Step
from tests.simulation.trading_floor import CASH_ACCOUNT, MARGIN_ACCOUNT, TradingFloor

OPENING_CASH = 500_000


def check_cash(floor: TradingFloor) -> None:
    """Cash is opening cash, the executions' flows less commissions, and settlement flows."""
    for account in floor.brokerage.accounts:
        expected = Decimal(OPENING_CASH)
        for booked in floor.brokerage.executions():
            if booked.execution.broker_account == account:
                expected += booked.execution.cash_flow.amount - booked.commission.amount.amount
        for event in floor.events:
            if isinstance(event, OptionSettled) and event.account == account:
                expected += event.cash.amount
        assert floor.cash(account) == expected
        assert expected == to_cents(expected)


def check_positions(floor: TradingFloor) -> None:
    """A position is the sum of the executions and settlements, and its last event said so."""
    sums = defaultdict[tuple[BrokerAccount, Instrument], Decimal](Decimal)
    told: dict[tuple[BrokerAccount, Instrument], Decimal] = {}
    for event in floor.events:
        match event:
            case ExecutionBooked(booked):
                fill = booked.execution
                sums[fill.broker_account, fill.instrument] += fill.side.sign * fill.quantity
            case OptionSettled(account, option, quantity, _, stock_quantity):
                sums[account, option] -= quantity
                if stock_quantity:
                    stock = next(
                        row.stock
                        for row in floor.market.universe
                        if row.stock.symbol == option.underlying
                    )
                    sums[account, stock] += stock_quantity
            case PositionUpdated(account, position):
                told[account, position.instrument] = position.quantity
            case _:
                pass
    held = {
        (account, position.instrument): position.quantity
        for account in floor.brokerage.accounts
        for position in floor.brokerage.positions(account)
    }
    assert held == {key: quantity for key, quantity in sums.items() if quantity}
    assert {key: quantity for key, quantity in told.items() if quantity} == held


def check_orders(floor: TradingFloor) -> None:
    """An order's fills are its executions', and its status follows from them."""
    filled, charged = defaultdict[int, Decimal](Decimal), defaultdict[int, Decimal](Decimal)
    value = defaultdict[int, Decimal](Decimal)
    for booked in floor.brokerage.executions():
        perm_id = booked.execution.perm_id
        assert perm_id is not None
        filled[perm_id] += booked.execution.quantity
        value[perm_id] += booked.execution.quantity * booked.execution.price
        charged[perm_id] += booked.commission.amount.amount
        assert booked.cumulative_quantity == filled[perm_id]
    for order in floor.brokerage.orders():
        assert order.filled == filled[order.perm_id]
        assert order.commission_total == charged[order.perm_id]
        assert order.filled + order.remaining == order.quantity
        assert (order.remaining == 0) == (order.status is BrokerageStatus.FILLED)
        assert (order.completed_at is None) == order.is_open
        if order.filled:
            assert order.average_fill_price == value[order.perm_id] / order.filled
    ids = [booked.execution.execution_id for booked in floor.brokerage.executions()]
    assert len(set(ids)) == len(ids)


def check_reservations(floor: TradingFloor) -> None:
    """What the accounts count as open is what is open, and nothing stays behind."""
    expected = defaultdict[tuple[BrokerAccount, Instrument, str], Decimal](Decimal)
    for order in floor.brokerage.open_orders():
        expected[order.account, order.instrument, order.side.value] += order.remaining
    counted: dict[tuple[BrokerAccount, Instrument, str], Decimal] = {}
    for account_id, books in floor.brokerage._accounts.items():
        for instrument, exposure in books.exposures.items():
            for side, interest in (("BUY", exposure.buying), ("SELL", exposure.selling)):
                if interest.quantity:
                    counted[account_id, instrument, side] = interest.quantity
                else:
                    assert interest.notional == 0
        mine = [order for order in floor.brokerage.open_orders() if order.account == account_id]
        assert books.reserved_commission >= 0
        assert mine or books.reserved_commission == 0
    assert counted == expected


@settings(max_examples=120, deadline=None)
@given(MOVING_PRICES)
def test_the_books_balance_after_every_script(script: list[Step]) -> None:
    """Cash, positions, orders and reservations agree with the executions and settlements."""
    player = ScriptPlayer(OPENING_CASH)
    for step in script:
        player.play(step)
    floor = player.floor
    check_cash(floor)
    check_positions(floor)
    check_orders(floor)
    check_reservations(floor)


@settings(max_examples=40, deadline=None)
@given(MOVING_PRICES)
def test_profit_is_equity_gained(script: list[Step]) -> None:
    """Realised and unrealised profit over all sessions are what net liquidation has gained."""
    player = ScriptPlayer(OPENING_CASH)
    for step in script:
        player.play(step)
    for account in (MARGIN_ACCOUNT, CASH_ACCOUNT):
        books = player.floor.brokerage._accounts[account]
        realised = sum((position.realised_pnl for position in books.positions.values()), Decimal(0))
        unrealised = sum(
            (holding.unrealised_pnl for holding in player.floor.brokerage.portfolio(account)),
            Decimal(0),
        )
        gained = player.floor.brokerage.balances(account).net_liquidation.amount - OPENING_CASH
        # Average costs are quotients: equal to far below a cent.
        assert realised + unrealised == pytest.approx(gained, abs=Decimal("0.006"))


@settings(max_examples=60, deadline=None)
@given(MOVING_PRICES)
def test_the_events_alone_rebuild_every_order(script: list[Step]) -> None:
    """Whoever only listens knows all orders as the broker does, and none goes back in time."""
    player = ScriptPlayer(OPENING_CASH)
    for step in script:
        player.play(step)
    heard: dict[int, BrokerageOrder] = {}
    for event in player.floor.events:
        order = getattr(event, "order", None)
        if not isinstance(order, BrokerageOrder):
            continue
        before = heard.get(order.perm_id)
        if before is not None:
            assert order.filled >= before.filled
            assert order.commission_total >= before.commission_total
            assert before.is_open or not isinstance(event, ExecutionBooked)
            assert before.is_open or before.status is order.status
        heard[order.perm_id] = order
    assert heard == {order.perm_id: order for order in player.floor.brokerage.orders()}


@settings(max_examples=30, deadline=None)
@given(MOVING_PRICES)
def test_the_same_script_gives_the_same_run(script: list[Step]) -> None:
    """Same seed, same calls: the event logs are equal to the last character."""

    def log() -> str:
        player = ScriptPlayer(OPENING_CASH, seed=23)
        for step in script:
            player.play(step)
        return "\n".join(map(repr, player.floor.events))

    assert log() == log()
