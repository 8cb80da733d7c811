"""The synthetic market: pure, seeded, on tick, within its session."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerport.domain.errors import BadInput, UnknownContract
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.exchange.universe import DEFAULT_UNIVERSE, listed_stock
from brokerport.simulator.market.market import Market
from brokerport.simulator.market.synthetic import SyntheticMarket

CALENDAR = TradingCalendar()
OPENING = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
CLOSING = datetime(2026, 1, 5, 21, 0, tzinfo=UTC)
AAPL, SPY = Stock("AAPL"), Stock("SPY")
PUT = Option("AAPL", date(2026, 1, 16), Decimal(265), OptionRight.PUT)
CENT = Decimal("0.01")
SECOND = timedelta(seconds=1)
MARKET = SyntheticMarket(7, CALENDAR)

STOCKS = st.sampled_from([row.stock for row in DEFAULT_UNIVERSE])
INSTRUMENTS = st.one_of(STOCKS, st.just(PUT))
SESSIONS = st.sampled_from(CALENDAR.sessions(date(2025, 6, 1), date(2026, 12, 31)))
TIMES = st.builds(
    lambda session, seconds: session.opens_at + timedelta(seconds=seconds),
    SESSIONS,
    st.integers(0, 12_599),
)
ANY_TIMES = st.datetimes(datetime(2025, 6, 1), datetime(2027, 1, 1)).map(  # noqa: DTZ001
    lambda time: time.replace(tzinfo=UTC)
)


def test_it_is_a_market() -> None:
    """The class fits the protocol (the type checker's word) and names its stocks."""
    market: Market = MARKET
    assert market.universe == DEFAULT_UNIVERSE


@settings(max_examples=200)
@given(STOCKS, TIMES)
def test_a_stock_quote_is_well_formed(stock: Stock, at: datetime) -> None:
    """Bid below ask, last on or between them, all whole cents, all sizes positive."""
    quote = MARKET.quote(stock, at)
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.last is not None
    assert 0 < quote.bid < quote.ask
    assert quote.bid <= quote.last <= quote.ask
    assert all(price % CENT == 0 for price in (quote.bid, quote.ask, quote.last))
    assert quote.ask - quote.bid <= max(quote.last / 2000, Decimal("0.03"))
    for size in (quote.bid_size, quote.ask_size, quote.last_size):
        assert size is not None
        assert size > 0
        assert size % 100 == 0
    assert quote.at <= at < quote.at + timedelta(seconds=5)


@settings(max_examples=40)
@given(st.lists(st.tuples(INSTRUMENTS, ANY_TIMES), min_size=1, max_size=8))
def test_the_order_of_questions_does_not_matter(
    questions: list[tuple[Instrument, datetime]],
) -> None:
    """Asked in any order, once or twice, by a fresh market or a used one, the answers agree."""

    def answers(market: SyntheticMarket, asked: list[tuple[Instrument, datetime]]) -> list[object]:
        return [
            (
                market.quote(instrument, at),
                market.last_price(instrument, at),
                market.statistics(instrument, at),
            )
            for instrument, at in asked
        ]

    forwards = answers(SyntheticMarket(7, CALENDAR), questions)
    backwards = answers(SyntheticMarket(7, CALENDAR), questions[::-1])[::-1]
    assert forwards == backwards == answers(MARKET, questions)


PROBE = """
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.market.synthetic import SyntheticMarket
market = SyntheticMarket({seed}, TradingCalendar())
put = Option("AAPL", date(2026, 1, 16), Decimal(265), OptionRight.PUT)
for day in (5, 6, 7, 30):
    at = datetime(2026, 1, day, 16, 0, 3, tzinfo=UTC)
    for instrument in (Stock("AAPL"), Stock("SPY"), put):
        print(market.quote(instrument, at), market.statistics(instrument, at))
"""


def fresh_process(seed: int, hash_seed: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", PROBE.format(seed=seed)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_same_seed_gives_the_same_quotes_in_another_process() -> None:
    """Neither Python's salted hashing nor the process leaves a mark."""
    first = fresh_process(7, "1")
    assert first == fresh_process(7, "2")
    at = datetime(2026, 1, 5, 16, 0, 3, tzinfo=UTC)
    assert first.splitlines()[0] == f"{MARKET.quote(AAPL, at)} {MARKET.statistics(AAPL, at)}"
    assert first != fresh_process(8, "1")


def test_seeds_differ() -> None:
    """Another seed is another market: other prices, spreads and sizes."""
    times = [OPENING + timedelta(minutes=minute) for minute in range(0, 390, 30)]
    other = SyntheticMarket(8, CALENDAR)
    assert all(MARKET.quote(AAPL, at) != other.quote(AAPL, at) for at in times)


def test_stocks_differ() -> None:
    """Two stocks with the same figures do not move in step."""
    universe = tuple(
        evolve(listed_stock(symbol), reference_price=Decimal(100), annual_volatility=Decimal("0.3"))
        for symbol in ("AAPL", "MSFT")
    )
    market = SyntheticMarket(7, CALENDAR, universe=universe)
    times = [OPENING + timedelta(minutes=minute) for minute in range(60)]
    apple, microsoft = ([market.quote(row.stock, at).last for at in times] for row in universe)
    assert sum(one == other for one, other in zip(apple, microsoft, strict=True)) < 10


@given(STOCKS, TIMES)
def test_the_quote_stands_for_a_tick_and_then_changes(stock: Stock, at: datetime) -> None:
    """Within a tick it is the same quote; with the next tick comes a new sequence."""
    quote = MARKET.quote(stock, at)
    assert MARKET.quote(stock, quote.at + timedelta(seconds=4, microseconds=999_999)) == quote
    later = MARKET.quote(stock, quote.at + timedelta(seconds=5))
    assert later.sequence == quote.sequence + 1


def test_sequences_never_repeat_and_only_grow() -> None:
    """Over ticks, the close, the night and the next opening."""
    times = [CLOSING - timedelta(seconds=10 - second) for second in range(0, 15, 5)]
    times += [datetime(2026, 1, 6, 14, 30, tzinfo=UTC) + timedelta(seconds=s) for s in (0, 5)]
    for instrument in (AAPL, PUT):
        sequences = [MARKET.quote(instrument, at).sequence for at in times]
        assert sequences == sorted(set(sequences))


@given(STOCKS, ANY_TIMES)
def test_nothing_is_displayed_outside_a_session(stock: Stock, at: datetime) -> None:
    """When the exchange is closed there is a last price and no bid or ask."""
    quote = MARKET.quote(stock, at)
    assert (quote.bid is None) == (quote.ask is None) == (not CALENDAR.is_open(at))
    assert quote.last == MARKET.last_price(stock, at)
    assert quote.last is not None


def test_the_last_price_outside_a_session_is_the_close() -> None:
    """It is the session's last price, it stands all night, and is tomorrow's previous close."""
    close = MARKET.last_price(AAPL, CLOSING)
    tomorrow = datetime(2026, 1, 6, 14, 30, tzinfo=UTC)
    assert MARKET.last_price(AAPL, tomorrow - SECOND) == close
    assert MARKET.statistics(AAPL, tomorrow).previous_close == close
    day = MARKET.bars(AAPL, OPENING, CLOSING, 86_400, CALENDAR)
    assert [bar.close for bar in day] == [close]


def test_the_anchor_day_follows_a_close_at_the_reference_price() -> None:
    """A scenario starts from the universe's prices, whatever its date or seed."""
    for seed, anchor in ((1, date(2026, 1, 5)), (2, date(2015, 8, 24)), (3, date(2026, 1, 3))):
        market = SyntheticMarket(seed, CALENDAR, anchor=anchor)
        session = CALENDAR.session_on(anchor) or CALENDAR.next_session(anchor)
        for row in DEFAULT_UNIVERSE:
            statistics = market.statistics(row.stock, session.opens_at)
            assert statistics.previous_close == row.reference_price
        before = session.opens_at - SECOND
        assert market.reference_prices(before)["AAPL"] == listed_stock("AAPL").reference_price


@settings(max_examples=50)
@given(STOCKS, TIMES)
def test_statistics_hold_the_session_so_far(stock: Stock, at: datetime) -> None:
    """The last price lies between low and high, and neither turns back later."""
    now = MARKET.statistics(stock, at)
    last = MARKET.last_price(stock, at)
    assert now.low is not None
    assert now.high is not None
    assert now.volume is not None
    assert last is not None
    assert now.low <= last <= now.high
    later = MARKET.statistics(stock, at + timedelta(minutes=30))
    assert later.low is not None
    assert later.high is not None
    assert later.volume is not None
    assert later.low <= now.low
    assert later.high >= now.high
    assert later.volume >= now.volume
    assert later.open == now.open


def test_prices_move_as_much_as_the_volatility_says() -> None:
    """Over 500 sessions the closes of a stock at 26% move by about 26% a year, without a trend."""
    at = datetime(2028, 1, 5, 22, 0, tzinfo=UTC)
    closes = [
        float(bar.close)
        for bar in MARKET.bars(AAPL, at - timedelta(days=730), at, 86_400, CALENDAR)
    ]
    returns = [math.log(later / earlier) for earlier, later in pairwise(closes)]
    mean = sum(returns) / len(returns)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in returns) / len(returns))
    assert deviation * math.sqrt(252) == pytest.approx(0.26, rel=0.1)


def test_the_anchor_can_be_any_day_of_the_calendar_and_the_past_is_drawn_too() -> None:
    """Twenty years back and ten ahead there are prices, above the floor."""
    for year in (2005, 2015, 2036):
        price = MARKET.last_price(SPY, datetime(year, 6, 15, 16, 0, tzinfo=UTC))
        assert price is not None
        assert price >= Decimal("0.05")


def test_days_move_the_same_whichever_way_they_were_chained() -> None:
    """The returns of a day depend on the seed alone, not on which side of the anchor it lies."""
    start, end = datetime(2025, 6, 2, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    returns: list[list[float]] = []
    for anchor in (date(2025, 6, 2), date(2026, 1, 5), date(2026, 7, 1)):
        market = SyntheticMarket(7, CALENDAR, anchor=anchor)
        closes = [float(bar.close) for bar in market.bars(SPY, start, end, 86_400, CALENDAR)]
        returns.append([later / earlier for earlier, later in pairwise(closes)])
    assert len(returns[0]) == 249
    assert returns[1] == pytest.approx(returns[0], abs=1e-4)
    assert returns[2] == pytest.approx(returns[0], abs=1e-4)


def test_what_it_does_not_know_is_refused() -> None:
    """An unknown symbol, a tick that is none, an empty universe, an expiry on a Saturday."""
    with pytest.raises(UnknownContract, match="ZZZZ"):
        MARKET.quote(Stock("ZZZZ"), OPENING)
    with pytest.raises(UnknownContract, match="ZZZZ"):
        MARKET.bars(Stock("ZZZZ"), OPENING, CLOSING, 60, CALENDAR)
    saturday = Option("AAPL", date(2026, 1, 17), Decimal(265), OptionRight.PUT)
    with pytest.raises(UnknownContract, match="2026-01-17"):
        MARKET.quote(saturday, OPENING)
    for tick_seconds in (0, 3601):
        with pytest.raises(BadInput, match="tick_seconds"):
            SyntheticMarket(7, CALENDAR, tick_seconds=tick_seconds)
    with pytest.raises(BadInput, match="universe"):
        SyntheticMarket(7, CALENDAR, universe=())
