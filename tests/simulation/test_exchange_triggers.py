"""Stops are triggered by IBKR's default methods: stocks by last, options by double bid/ask."""

from __future__ import annotations

from decimal import Decimal

import pytest

from brokerport.domain.instruments import Instrument
from brokerport.domain.order_types import OrderType, Stop, TimeInForce
from brokerport.simulator.brokerage.orders import BrokerageStatus
from tests.simulation.trading_floor import AAPL, PUT, D, TradingFloor, limit, stop, stop_limit

WAITING, WORKING = BrokerageStatus.PRE_SUBMITTED, BrokerageStatus.SUBMITTED
FILLED, CANCELLED = BrokerageStatus.FILLED, BrokerageStatus.CANCELLED


@pytest.fixture
def floor() -> TradingFloor:
    made = TradingFloor()
    made.show_everything()
    return made


def test_a_sell_stop_in_a_stock_waits_for_the_last_price(floor: TradingFloor) -> None:
    """Bid and ask through the trigger do nothing; a last price at the trigger does."""
    floor.buy(100)
    order = floor.sell(100, AAPL, stop("265.00"))
    assert order.status is WAITING
    floor.show(AAPL, "264.00", "264.02", last="265.01")
    floor.tick()
    assert floor.now(order).status is WAITING
    floor.show(AAPL, "264.90", "264.92", last="265.00")
    floor.tick()
    assert floor.now(order).status is FILLED
    assert floor.now(order).average_fill_price == D("264.90")


def test_a_buy_stop_in_a_stock_is_triggered_from_below(floor: TradingFloor) -> None:
    """The mirror image: a last price at or above the trigger."""
    order = floor.buy(10, AAPL, stop("271.00"))
    floor.show(AAPL, "270.98", "270.99", last="270.99")
    floor.tick()
    assert floor.now(order).status is WAITING
    floor.show(AAPL, "271.10", "271.12", last="271.10")
    floor.tick()
    assert floor.now(order).average_fill_price == D("271.12")


def test_a_stop_already_reached_is_triggered_at_once(floor: TradingFloor) -> None:
    """A sell stop above the last price trades as it is placed."""
    floor.buy(10)
    order = floor.sell(10, AAPL, stop("270.50"))
    assert order.status is FILLED


def test_a_stop_limit_rests_at_its_limit_once_triggered(floor: TradingFloor) -> None:
    """After the trigger it works as a limit order, and never trades below its limit."""
    floor.buy(10)
    order = floor.sell(10, AAPL, stop_limit("265.00", "264.50"))
    floor.show(AAPL, "264.00", "264.02", last="264.00")
    floor.tick()
    assert floor.now(order).status is WORKING
    floor.show(AAPL, "264.50", "264.52", last="264.50")
    floor.tick()
    assert floor.now(order).average_fill_price == D("264.50")


@pytest.mark.parametrize(
    ("second_ask", "second_size", "is_triggered"),
    [("1.50", 11, True), ("1.50", 10, False), ("1.50", 9, False), ("1.49", 1, True)],
)
def test_a_sell_stop_in_an_option_needs_two_asks(
    floor: TradingFloor, second_ask: str, second_size: int, is_triggered: bool
) -> None:
    """Two consecutive asks at or below the trigger; at one price, the second must be larger."""
    floor.show(PUT, "1.90", "2.00", 10)
    floor.buy(1, PUT)
    order = floor.sell(1, PUT, stop("1.50"))
    floor.show(PUT, "1.40", "1.50", 10)
    floor.tick()
    floor.tick()
    assert floor.now(order).status is WAITING
    floor.show(PUT, "1.40", second_ask, second_size)
    floor.tick()
    assert (floor.now(order).status is FILLED) is is_triggered


def test_an_ask_above_the_trigger_breaks_the_pair(floor: TradingFloor) -> None:
    """The two asks must follow each other."""
    floor.show(PUT, "1.90", "2.00", 10)
    floor.buy(1, PUT)
    order = floor.sell(1, PUT, stop("1.50"))
    for ask in ("1.50", "1.51", "1.49"):
        floor.show(PUT, "1.40", ask, 10)
        floor.tick()
    assert floor.now(order).status is WAITING
    floor.show(PUT, "1.40", "1.45", 10)
    floor.tick()
    assert floor.now(order).status is FILLED


def test_a_buy_stop_in_an_option_needs_two_bids(floor: TradingFloor) -> None:
    """A last price through the trigger does nothing for an option."""
    order = floor.buy(1, PUT, stop("1.50"))
    floor.show(PUT, "1.00", "1.04", last="1.60")
    floor.tick()
    floor.show(PUT, "1.50", "1.54")
    floor.tick()
    assert floor.now(order).status is WAITING
    floor.show(PUT, "1.52", "1.56")
    floor.tick()
    assert floor.now(order).average_fill_price == D("1.56")


@pytest.mark.parametrize(
    ("new_terms", "status"),
    [(stop("268.00"), WAITING), (stop("270.01"), FILLED), (limit("270.00"), FILLED)],
)
def test_a_waiting_stop_can_be_changed(
    floor: TradingFloor, new_terms: OrderType, status: BrokerageStatus
) -> None:
    """New terms count against the quote on display, as if the order were new."""
    floor.buy(10)
    order = floor.sell(10, AAPL, stop("265.00"))
    assert floor.brokerage.replace(order.perm_id, D(10), new_terms).status is status


def test_a_triggered_stop_limit_stays_triggered_with_new_prices(floor: TradingFloor) -> None:
    """It is at the market already; only its limit matters."""
    floor.buy(10)
    order = floor.sell(10, AAPL, stop_limit("265.00", "264.50"))
    floor.show(AAPL, "264.00", "264.02", last="264.00")
    floor.tick()
    floor.show(AAPL, "266.00", "266.02", last="266.01")
    changed = floor.brokerage.replace(order.perm_id, D(10), stop_limit("260.00", "266.00"))
    assert changed.status is FILLED


def test_an_untriggered_immediate_stop_ends_with_the_session(floor: TradingFloor) -> None:
    """It is immediate from its trigger on, and does not outlive the session."""
    order = floor.buy(10, AAPL, stop("280.00"), TimeInForce.IOC)
    floor.tick()
    assert floor.now(order).status is WAITING
    floor.world.advance_to(floor.world.calendar.next_close(floor.world.clock.now()))
    assert floor.now(order).status is CANCELLED


@pytest.mark.parametrize(("instrument", "trigger"), [(AAPL, "280.00"), (PUT, "1.50")])
def test_a_stop_outside_the_session_is_not_looked_at(
    floor: TradingFloor, instrument: Instrument, trigger: str
) -> None:
    """Prices through the trigger while the exchange is closed do nothing before the opening."""
    floor.world.advance_to(floor.world.calendar.next_close(floor.world.clock.now()))
    order = floor.buy(1, instrument, Stop(Decimal(trigger)))
    for price in ("290.00", "291.00", "292.00"):
        floor.show(instrument, price, price, last=price)
        floor.world.brokerage.match(floor.world.clock.now())
    assert floor.now(order).status is WAITING
