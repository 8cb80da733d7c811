"""Whole runs of a synthetic world: the same again for the same seed, and linear in cost."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from random import Random
from types import FrameType

from brokerport.domain.instruments import Instrument, OptionRight, Stock
from brokerport.domain.money import usd
from brokerport.domain.order_types import Limit, Market, OrderType, Side, TimeInForce
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.brokerage.events import BrokerageEvent, ExecutionBooked, OptionSettled
from brokerport.simulator.brokerage.orders import OrderEntry, Ticket
from brokerport.simulator.brokerage.refusals import OrderRefused
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World
from tests.simulation.trading_floor import AAPL, MARGIN_ACCOUNT, D, TradingFloor


def random_week(
    seed: int, listener: Callable[[BrokerageEvent], None] | None = None
) -> tuple[str, World]:
    """Trade at random for a week in a world of that seed; return what was told, and the world."""
    world = World.build(
        Scenario(
            seed=seed, accounts=(AccountSetup(MARGIN_ACCOUNT, usd(500_000)),), tick_seconds=300
        )
    )
    log: list[str] = []
    world.brokerage.subscribe(lambda event: log.append(repr(event)))
    if listener is not None:
        world.brokerage.subscribe(listener)
    world.subscribe_ticks(lambda at: log.append(repr(at)))
    draw = Random(seed)
    today = world.clock.now().date()
    instruments: list[Instrument] = [Stock("KO"), Stock("SPY")]
    for stock in tuple(instruments):
        mark = world.market.last_price(stock, world.clock.now()) or D(0)
        near = [
            option
            for option in world.listing.options(Stock(stock.symbol), today)
            if abs(option.strike - mark) < mark / 20 and option.right is OptionRight.PUT
        ]
        instruments += near[:6]
    for order_id in range(1, 61):
        instrument = draw.choice(instruments)
        price = world.market.last_price(instrument, world.clock.now()) or D(1)
        order_type: OrderType = Market()
        if draw.random() < 0.5:
            order_type = Limit(max(round(price * 20) / D(20), D("0.05")))
        ticket = Ticket(
            MARGIN_ACCOUNT,
            instrument,
            draw.choice(list(Side)),
            D(draw.randint(1, 5)),
            order_type,
            draw.choice(list(TimeInForce)),
            f"order {order_id}",
            OrderEntry("test", 1, order_id),
        )
        try:
            world.brokerage.place(ticket)
        except OrderRefused as error:
            log.append(repr(error))
        world.advance(timedelta(minutes=draw.randint(1, 240)))
    world.advance(timedelta(days=3))
    log.append(repr(world.brokerage.balances(MARGIN_ACCOUNT)))
    return "\n".join(log), world


def test_the_same_seed_is_the_same_week() -> None:
    """Trades, ticks, expiries and balances, to the last character; another seed differs."""
    first, world = random_week(5)
    again, _ = random_week(5)
    other, _ = random_week(6)
    assert first == again
    assert first != other
    assert len(world.brokerage.executions()) > 10
    for kind in (ExecutionBooked, OptionSettled):
        assert kind.__name__ in first


def test_cash_balances_after_a_random_week() -> None:
    """With the synthetic market, too, cash is what executions and settlements made of it."""
    settlements: list[OptionSettled] = []

    def note(event: BrokerageEvent) -> None:
        if isinstance(event, OptionSettled):
            settlements.append(event)

    _, world = random_week(7, note)
    expected = D(500_000)
    for booked in world.brokerage.executions():
        expected += booked.execution.cash_flow.amount - booked.commission.amount.amount
    for settled in settlements:
        expected += settled.cash.amount
    assert world.brokerage.balances(MARGIN_ACCOUNT).total_cash == usd(expected)
    assert settlements
    assert any(settled.cash.amount for settled in settlements)


def calls_of(work: Callable[[], None]) -> int:
    """Count the Python function calls that ``work`` makes."""
    count = 0

    def profiler(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        if event == "call":
            count += 1

    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def fill(orders: int) -> Callable[[], None]:
    """Prepare placing and filling so many orders."""
    floor = TradingFloor(margin_cash=100_000_000)
    floor.show(AAPL, "270.00", "270.02", size=1_000_000, last="270.01")

    def work() -> None:
        for number in range(orders):
            (floor.buy if number % 2 else floor.sell)(1)

    return work


def rest_and_cancel(orders: int) -> Callable[[], None]:
    """Prepare placing so many orders that rest, waiting for as many ticks, and cancelling them."""
    floor = TradingFloor(margin_cash=100_000_000, tick_seconds=1)
    floor.show(AAPL, "270.00", "270.02", size=1_000_000, last="270.01")

    def work() -> None:
        placed = [floor.buy(1, AAPL, Limit(D(100 + number % 50))) for number in range(orders)]
        for _ in range(orders):
            floor.show(AAPL, "270.00", "270.02", size=100, last="270.01")
            floor.tick()
        for order in placed:
            floor.brokerage.cancel(order.perm_id)

    return work


def test_ten_times_the_orders_cost_ten_times_as_much() -> None:
    """No event looks at past orders or executions: counted in function calls, not in seconds."""
    assert calls_of(fill(1000)) < 10.5 * calls_of(fill(100))


def test_ten_times_the_resting_orders_and_ticks_cost_ten_times_as_much() -> None:
    """A tick looks at the orders that may trade, not at those that wait below the market."""
    assert calls_of(rest_and_cancel(500)) < 10.5 * calls_of(rest_and_cancel(50))


def test_an_idle_tick_costs_next_to_nothing() -> None:
    """Ten minutes of one-second ticks without orders: some twenty calls each."""
    world = World.build(Scenario(tick_seconds=1))
    assert calls_of(lambda: world.advance(timedelta(minutes=10))) < 600 * 25
