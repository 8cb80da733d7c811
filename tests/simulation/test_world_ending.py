"""Where a world ends: before a session that its books could not be kept in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.order_types import Limit, Market, OrderType, Side, TimeInForce
from brokerport.simulator.brokerage.orders import BrokerageOrder, OrderEntry, Ticket
from brokerport.simulator.ending import WorldEnded
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.scenario import ReplaySettings, Scenario
from brokerport.simulator.world import World
from tests.simulation.replay_files import rows_of, write

FIRST = date(2015, 3, 2)
CALENDAR = TradingCalendar()
SESSIONS = CALENDAR.sessions(FIRST, date(2015, 6, 1))
AAPL_ENDS, ALL_END = SESSIONS[29], SESSIONS[39]
AAPL = Stock("AAPL")
PUT = Option("AAPL", date(2015, 4, 24), Decimal(100), OptionRight.PUT)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two stocks: AAPL with 30 days of prices, MSFT with 40."""
    rows = [*rows_of("AAPL", CALENDAR, FIRST, 30), *rows_of("MSFT", CALENDAR, FIRST, 40)]
    path = write(tmp_path / "bars.csv", rows)
    return World.build(Scenario(tick_seconds=600, market=ReplaySettings(path, date(2015, 4, 6))))


def place(
    world: World, instrument: Instrument, side: Side, order_type: OrderType
) -> BrokerageOrder:
    """Place an order for one, good till cancelled."""
    (account,) = world.brokerage.accounts
    one = Decimal(1)
    return world.brokerage.place(
        Ticket(
            account,
            instrument,
            side,
            one,
            order_type,
            TimeInForce.GTC,
            None,
            OrderEntry("tws", client_id=1, order_id=1),
        )
    )


def run_to_the_end(world: World) -> str:
    """Let a year pass, in short steps as a pacemaker does; return why it ended before."""
    try:
        while world.clock.now() < datetime(2016, 1, 1, tzinfo=UTC):
            world.advance(timedelta(hours=1))
    except WorldEnded as ended:
        return str(ended)
    return "it did not end"


def test_a_replay_runs_to_the_last_day_of_any_stock(world: World) -> None:
    """A stock that ends earlier, and that nobody is in, ends nothing."""
    assert run_to_the_end(world) == f"prices end on {ALL_END.day}"
    assert ALL_END.closes_at < world.clock.now() < SESSIONS[40].opens_at


@pytest.mark.parametrize(
    ("instrument", "side", "order_type"),
    [
        (AAPL, Side.BUY, Market()),
        (AAPL, Side.SELL, Market()),
        (PUT, Side.SELL, Market()),
        (AAPL, Side.BUY, Limit(Decimal(1))),
        (PUT, Side.BUY, Limit(Decimal("0.01"))),
    ],
)
def test_it_ends_before_a_holding_cannot_be_valued(
    world: World, instrument: Instrument, side: Side, order_type: OrderType
) -> None:
    """A position, an option that expires later, an open order: its stock's last day is the end."""
    order = place(world, instrument, side, order_type)
    assert order.filled == (1 if order_type == Market() else 0)
    assert run_to_the_end(world) == (
        f"prices of AAPL end on {AAPL_ENDS.day}, with a position or an open order in it"
    )
    assert AAPL_ENDS.closes_at < world.clock.now() < SESSIONS[30].opens_at


def test_after_the_end_the_books_can_be_read(world: World) -> None:
    """The account is worth what it was at the last close, and asking again moves nothing."""
    place(world, AAPL, Side.BUY, Market())
    (account,) = world.brokerage.accounts
    world.advance_to(AAPL_ENDS.closes_at)
    at_the_close = world.brokerage.balances(account).net_liquidation
    run_to_the_end(world)
    stood_at = world.clock.now()
    run_to_the_end(world)
    assert world.clock.now() == stood_at
    assert world.brokerage.balances(account).net_liquidation == at_the_close


def test_a_world_without_end_of_prices_ends_with_the_calendar() -> None:
    """The last session of the calendar closes, and nothing comes after it."""
    last = CALENDAR.last_session
    world = World.build(Scenario(tick_seconds=3600, starts_at=last.opens_at))
    world.advance_to(last.closes_at - timedelta(hours=1))
    with pytest.raises(WorldEnded, match=f"the calendar ends on {last.day}"):
        world.advance(timedelta(days=2))
    assert world.clock.now() == last.closes_at
