"""The exchange matches orders against the displayed quote, in price-time priority."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerport.domain.errors import UnknownContract
from brokerport.domain.instruments import Stock
from brokerport.domain.order_types import Limit, Market, OrderType, Side, TimeInForce
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.exchange.events import (
    Accepted,
    Activated,
    Cancelled,
    CancelReason,
    ExchangeEvent,
    Replaced,
    Traded,
)
from brokerport.simulator.exchange.exchange import Exchange
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.exchange.refusals import (
    BadQuantity,
    DuplicateOrder,
    NoSuchOrder,
    OffTick,
)
from brokerport.simulator.market.scripted import ScriptedMarket
from tests.simulation.trading_floor import AAPL, CLOSING, EXPIRY_CLOSE, OPENING, PUT, D, limit

BUY, SELL = Side.BUY, Side.SELL
DAY, GTC, IOC = TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC
EVENING = datetime(2026, 1, 5, 23, 0, tzinfo=UTC)
NEXT_OPENING = datetime(2026, 1, 6, 14, 30, tzinfo=UTC)


class Floor:
    """An exchange on its own, and what it told."""

    def __init__(self) -> None:
        self.market = ScriptedMarket()
        calendar = TradingCalendar()
        listing = Listing(
            self.market.universe,
            self.market.reference_prices(OPENING),
            OPENING.date(),
            calendar,
        )
        self.exchange = Exchange(listing, self.market, calendar)
        self.told: list[ExchangeEvent] = []
        self.exchange.subscribe(self.told.append)
        self.at = OPENING

    def show(self, bid: str, ask: str, bid_size: int = 100, ask_size: int = 100) -> None:
        self.market.set_quote(AAPL, bid, ask, bid_size, ask_size)

    def submit(
        self,
        order_id: int,
        side: Side,
        quantity: int,
        order_type: OrderType | None = None,
        time_in_force: TimeInForce = DAY,
    ) -> None:
        self.exchange.submit(
            order_id, AAPL, side, D(quantity), order_type or Market(), time_in_force, self.at
        )

    def match(self) -> None:
        self.at += timedelta(seconds=1)
        self.exchange.match(self.at)

    def trades(self) -> list[tuple[int, Decimal, Decimal]]:
        """Return order id, quantity and price of each trade since the last look."""
        found = [
            (event.order_id, event.quantity, event.price)
            for event in self.told
            if isinstance(event, Traded)
        ]
        self.told.clear()
        return found


@pytest.fixture
def floor() -> Floor:
    made = Floor()
    made.show("100.00", "100.02")
    return made


def test_a_market_order_trades_at_the_quote(floor: Floor) -> None:
    """A buy pays the ask, a sell gets the bid."""
    floor.submit(1, BUY, 10)
    floor.submit(2, SELL, 20)
    assert floor.trades() == [(1, D(10), D("100.02")), (2, D(20), D("100.00"))]


def test_a_trade_takes_no_more_than_is_displayed(floor: Floor) -> None:
    """What is left of an order waits for the next quote; the same quote is not used twice."""
    floor.submit(1, BUY, 250)
    assert floor.trades() == [(1, D(100), D("100.02"))]
    floor.match()
    assert floor.trades() == []
    floor.show("100.00", "100.05", ask_size=70)
    floor.match()
    assert floor.trades() == [(1, D(70), D("100.05"))]
    floor.show("100.00", "100.03")
    floor.match()
    assert floor.trades() == [(1, D(80), D("100.03"))]


def test_two_orders_share_the_displayed_size(floor: Floor) -> None:
    """What the first took of a quote, the second cannot have; the other side is untouched."""
    floor.submit(1, BUY, 60)
    floor.submit(2, BUY, 60)
    floor.submit(3, SELL, 60)
    assert floor.trades() == [
        (1, D(60), D("100.02")),
        (2, D(40), D("100.02")),
        (3, D(60), D("100.00")),
    ]


def test_a_limit_order_trades_at_the_quote_when_that_is_better(floor: Floor) -> None:
    """A marketable limit gets the quote's price, not its own."""
    floor.submit(1, BUY, 10, limit("101.00"))
    floor.submit(2, SELL, 10, limit("99.00"))
    assert floor.trades() == [(1, D(10), D("100.02")), (2, D(10), D("100.00"))]


def test_a_limit_order_waits_for_its_price(floor: Floor) -> None:
    """It rests until the quote reaches its limit, and a cent short of it is not enough."""
    floor.submit(1, BUY, 10, limit("99.50"))
    floor.show("99.49", "99.51")
    floor.match()
    assert floor.trades() == []
    floor.show("99.48", "99.50")
    floor.match()
    assert floor.trades() == [(1, D(10), D("99.50"))]


def test_resting_orders_trade_in_price_then_time_priority(floor: Floor) -> None:
    """The better price goes first, and of equal prices the older; market orders before all."""
    floor.submit(1, SELL, 50, limit("101.00"))
    floor.submit(2, SELL, 50, limit("100.50"))
    floor.submit(3, SELL, 50, limit("100.50"))
    floor.show("101.00", "101.02", bid_size=120)
    floor.match()
    assert floor.trades() == [
        (2, D(50), D("101.00")),
        (3, D(50), D("101.00")),
        (1, D(20), D("101.00")),
    ]


def test_a_smaller_quantity_keeps_the_place_in_time(floor: Floor) -> None:
    """Reducing an order leaves it where it was in the queue."""
    floor.submit(1, BUY, 50, limit("99.00"))
    floor.submit(2, BUY, 50, limit("99.00"))
    floor.exchange.replace(1, D(40), limit("99.00"), floor.at)
    floor.show("98.98", "99.00", ask_size=60)
    floor.match()
    assert floor.trades() == [(1, D(40), D("99.00")), (2, D(20), D("99.00"))]


@pytest.mark.parametrize(("quantity", "first_price"), [(60, "99.00"), (50, "99.01")])
def test_a_larger_quantity_or_new_price_loses_the_place_in_time(
    floor: Floor, quantity: int, first_price: str
) -> None:
    """After a change back to the same price, the order stands behind those that waited."""
    floor.submit(1, BUY, 50, limit("99.00"))
    floor.submit(2, BUY, 50, limit("99.00"))
    floor.exchange.replace(1, D(quantity), limit(first_price), floor.at)
    floor.exchange.replace(1, D(quantity), limit("99.00"), floor.at)
    floor.show("98.98", "99.00", ask_size=60)
    floor.match()
    assert floor.trades() == [(2, D(50), D("99.00")), (1, D(10), D("99.00"))]


def test_a_replace_that_becomes_marketable_trades_at_once(floor: Floor) -> None:
    """The new terms are reported, then the trade."""
    floor.submit(1, BUY, 50, limit("99.00"))
    floor.told.clear()
    floor.exchange.replace(1, D(30), limit("100.02"), floor.at)
    assert [type(event) for event in floor.told] == [Replaced, Traded]
    assert floor.trades() == [(1, D(30), D("100.02"))]


def test_an_immediate_order_cancels_what_is_left(floor: Floor) -> None:
    """It takes what is displayed and the rest ends with that reason."""
    floor.submit(1, BUY, 150, limit("100.02"), IOC)
    assert isinstance(floor.told[-1], Cancelled)
    assert floor.told[-1].reason is CancelReason.IMMEDIATE_OR_CANCEL
    assert floor.trades() == [(1, D(100), D("100.02"))]
    with pytest.raises(NoSuchOrder):
        floor.exchange.cancel(1, floor.at)


def test_a_cancelled_order_never_trades(floor: Floor) -> None:
    """Cancelling takes it out of the queue and a second cancel finds nothing."""
    floor.submit(1, BUY, 50, limit("99.00"))
    floor.exchange.cancel(1, floor.at)
    assert floor.told[-1] == Cancelled(1, CancelReason.REQUESTED, floor.at)
    floor.show("98.00", "98.02")
    floor.match()
    assert floor.trades() == []
    with pytest.raises(NoSuchOrder, match="no live order has the id 1"):
        floor.exchange.cancel(1, floor.at)


def test_an_order_outside_the_session_waits_for_the_next(floor: Floor) -> None:
    """It is accepted but not working, can be cancelled, and trades at the next opening."""
    floor.at = EVENING
    floor.submit(1, BUY, 10)
    floor.submit(2, BUY, 10)
    floor.exchange.cancel(2, floor.at)
    floor.exchange.match(EVENING)
    assert floor.told[0] == Accepted(1, False, EVENING)
    assert floor.trades() == []
    floor.exchange.match(NEXT_OPENING)
    assert floor.told[0] == Activated(1, NEXT_OPENING)
    assert floor.trades() == [(1, D(10), D("100.02"))]


def test_the_session_s_end_ends_day_orders_only(floor: Floor) -> None:
    """A good-till-cancelled order lives on and trades the next day."""
    floor.submit(1, BUY, 10, limit("99.00"), DAY)
    floor.submit(2, BUY, 10, limit("99.00"), GTC)
    floor.exchange.end_session(CLOSING)
    assert floor.told[-1] == Cancelled(1, CancelReason.SESSION_ENDED, CLOSING)
    floor.show("98.98", "99.00")
    floor.exchange.match(NEXT_OPENING)
    assert floor.trades() == [(2, D(10), D("99.00"))]


def test_a_good_till_cancelled_order_ends_with_its_option(floor: Floor) -> None:
    """After the close of the expiry date nothing of the option is left to trade."""
    floor.exchange.submit(1, PUT, BUY, D(1), limit("1.00"), GTC, floor.at)
    floor.exchange.end_session(CLOSING)
    assert not any(isinstance(event, Cancelled) for event in floor.told)
    floor.exchange.end_session(EXPIRY_CLOSE)
    assert floor.told[-1] == Cancelled(1, CancelReason.INSTRUMENT_EXPIRED, EXPIRY_CLOSE)


def test_an_empty_side_trades_nothing(floor: Floor) -> None:
    """A market order waits while there is no offer."""
    floor.market.set_quote(AAPL, "100.00", None)
    floor.submit(1, BUY, 10)
    assert floor.trades() == []
    floor.show("100.00", "100.02")
    floor.match()
    assert floor.trades() == [(1, D(10), D("100.02"))]


def test_refusals_change_nothing(floor: Floor) -> None:
    """Each bad request is refused by its own type, and no event is told."""
    floor.submit(1, BUY, 10, limit("99.00"))
    floor.told.clear()
    with pytest.raises(DuplicateOrder):
        floor.submit(1, BUY, 10)
    with pytest.raises(BadQuantity):
        floor.submit(2, BUY, 0)
    with pytest.raises(BadQuantity):
        floor.exchange.submit(2, AAPL, BUY, D("0.5"), Market(), DAY, floor.at)
    with pytest.raises(OffTick, match=r"limit_price is 99\.005, but must be a multiple of 0\.01"):
        floor.submit(2, BUY, 10, limit("99.005"))
    with pytest.raises(UnknownContract):
        floor.exchange.submit(2, Stock("NOSUCH"), BUY, D(1), Market(), DAY, floor.at)
    with pytest.raises(OffTick):
        floor.exchange.replace(1, D(10), limit("98.001"), floor.at)
    with pytest.raises(NoSuchOrder):
        floor.exchange.replace(2, D(10), limit("98.00"), floor.at)
    assert floor.told == []


def test_a_replace_must_stay_above_what_has_traded(floor: Floor) -> None:
    """The new total counts what has traded."""
    floor.submit(1, BUY, 150, limit("100.02"))
    floor.told.clear()
    with pytest.raises(BadQuantity, match="not above the 100 traded"):
        floor.exchange.replace(1, D(100), limit("100.02"), floor.at)
    floor.exchange.replace(1, D(120), limit("100.02"), floor.at)
    floor.show("100.00", "100.02")
    floor.match()
    assert floor.trades() == [(1, D(20), D("100.02"))]


def test_a_callback_may_not_call_back(floor: Floor) -> None:
    """The exchange refuses to be changed in the middle of a change."""
    floor.exchange.subscribe(lambda event: floor.exchange.match(floor.at))
    with pytest.raises(RuntimeError, match="from one of its own callbacks"):
        floor.submit(1, BUY, 10)


SIZES = st.integers(min_value=1, max_value=60)
CENTS = st.integers(min_value=9_990, max_value=10_010)
STEPS = st.one_of(
    st.tuples(st.just("quote"), CENTS, SIZES, SIZES),
    st.tuples(st.just("order"), st.sampled_from([BUY, SELL]), SIZES, st.none() | CENTS),
    st.tuples(st.just("immediate"), st.sampled_from([BUY, SELL]), SIZES, st.none() | CENTS),
    st.tuples(st.just("replace"), st.integers(1, 20), SIZES, CENTS),
    st.tuples(st.just("cancel"), st.integers(1, 20), st.none(), st.none()),
    st.tuples(st.just("match"), st.none(), st.none(), st.none()),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_no_more_trades_than_is_displayed_and_no_limit_is_broken(steps: list[tuple]) -> None:  # type: ignore[type-arg]
    """Per quote and side at most its size trades; each trade is at the quote, within the limit."""
    floor = Floor()
    displayed = {"bid": (D(0), D(0)), "ask": (D(0), D(0))}
    sequence, taken = 0, defaultdict[tuple[int, Side], Decimal](Decimal)
    sides: dict[int, Side] = {}
    limits: dict[int, Decimal | None] = {}
    totals: dict[int, Decimal] = {}
    traded = defaultdict[int, Decimal](Decimal)

    def check(event: ExchangeEvent) -> None:
        if isinstance(event, Replaced):
            totals[event.order_id] = event.quantity
            if isinstance(event.order_type, Limit):
                limits[event.order_id] = event.order_type.limit_price
        if not isinstance(event, Traded):
            return
        side = sides[event.order_id]
        price, size = displayed["ask" if side is BUY else "bid"]
        taken[sequence, side] += event.quantity
        traded[event.order_id] += event.quantity
        bound = limits[event.order_id]
        assert event.price == price
        assert taken[sequence, side] <= size
        assert traded[event.order_id] <= totals[event.order_id]
        assert bound is None or (price <= bound if side is BUY else price >= bound)

    floor.exchange.subscribe(check)
    for name, first, second, third in steps:
        try:
            if name == "quote":
                bid = D(first) / 100
                displayed = {"bid": (bid, D(second)), "ask": (bid + D("0.02"), D(third))}
                sequence += 1
                floor.show(str(bid), str(bid + D("0.02")), second, third)
            elif name in ("order", "immediate"):
                order_id = len(sides) + 1
                sides[order_id], totals[order_id] = first, D(second)
                limits[order_id] = None if third is None else D(third) / 100
                price = limits[order_id]
                order_type = Market() if price is None else Limit(price)
                floor.submit(order_id, first, second, order_type, IOC if name[0] == "i" else DAY)
            elif name == "replace":
                floor.exchange.replace(first, D(second), Limit(D(third) / 100), floor.at)
            elif name == "cancel":
                floor.exchange.cancel(first, floor.at)
            else:
                floor.match()
        except (NoSuchOrder, BadQuantity):
            pass
