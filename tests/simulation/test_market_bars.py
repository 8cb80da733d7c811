"""Historical bars: windows, no look ahead, sums and extremes that agree with the ticks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.market.synthetic import SyntheticMarket

CALENDAR = TradingCalendar()
MARKET = SyntheticMarket(7, CALENDAR)
AAPL = Stock("AAPL")
PUT = Option("AAPL", date(2026, 1, 16), Decimal(265), OptionRight.PUT)
OPENING = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
CLOSING = datetime(2026, 1, 5, 21, 0, tzinfo=UTC)
BAR_SECONDS = st.sampled_from([5, 30, 60, 300, 1800, 3600, 7200, 14_400, 28_800, 86_400])
INSTRUMENTS = st.sampled_from([AAPL, PUT])


@settings(max_examples=60)
@given(INSTRUMENTS, BAR_SECONDS, st.integers(0, 23_400))
def test_bars_are_well_formed_and_never_past_the_end(
    instrument: Instrument, bar_seconds: int, elapsed: int
) -> None:
    """Low to high holds the rest, bars follow each other, and the last closes on the price then."""
    end = OPENING + timedelta(seconds=elapsed)
    bars = MARKET.bars(instrument, OPENING, end, bar_seconds, CALENDAR)
    assert len(bars) == -(-elapsed // bar_seconds)
    for number, bar in enumerate(bars):
        assert bar.begins_at == OPENING + timedelta(seconds=number * bar_seconds)
        assert bar.low <= min(bar.open, bar.close, bar.average)
        assert bar.high >= max(bar.open, bar.close, bar.average)
        assert bar.volume >= 0
        assert (bar.count > 0) == (bar.volume > 0)
    if bars and elapsed % 5 == 0:
        assert bars[-1].close == MARKET.last_price(instrument, end)


@pytest.mark.parametrize("instrument", [AAPL, PUT], ids=str)
def test_bars_of_any_length_add_up_to_the_day(instrument: Instrument) -> None:
    """Short bars join without gaps, and give the day's extremes and volume together."""
    (day,) = MARKET.bars(instrument, OPENING, CLOSING, 86_400, CALENDAR)
    for bar_seconds in (60, 1800, 7200):
        bars = MARKET.bars(instrument, OPENING, CLOSING, bar_seconds, CALENDAR)
        assert (bars[0].open, bars[-1].close) == (day.open, day.close)
        assert sum(bar.volume for bar in bars) == day.volume
        assert all(earlier.close == later.open for earlier, later in pairwise(bars))
        if instrument is AAPL:
            assert max(bar.high for bar in bars) == day.high
            assert min(bar.low for bar in bars) == day.low


def test_ticks_lie_inside_their_bar() -> None:
    """No last price of the session is outside the minute it belongs to."""
    for bar in MARKET.bars(AAPL, OPENING, CLOSING, 60, CALENDAR):
        for second in range(0, 60, 5):
            last = MARKET.last_price(AAPL, bar.begins_at + timedelta(seconds=second))
            assert last is not None
            assert bar.low <= last <= bar.high


def test_statistics_are_the_daily_bar_so_far() -> None:
    """The session's figures and the day's bar never tell two stories."""
    at = OPENING + timedelta(hours=2)
    for instrument in (AAPL, PUT):
        (bar,) = MARKET.bars(instrument, OPENING, at, 86_400, CALENDAR)
        now = MARKET.statistics(instrument, at)
        assert (now.open, now.high, now.low, now.volume) == (
            bar.open,
            bar.high,
            bar.low,
            bar.volume,
        )


def test_daily_bars_come_one_a_session() -> None:
    """Over a holiday week there is one bar for each open day, at its opening."""
    start, end = datetime(2025, 12, 29, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)
    bars = MARKET.bars(AAPL, start, end, 86_400, CALENDAR)
    assert [bar.begins_at.day for bar in bars] == [29, 30, 31, 2]
    assert all((bar.begins_at.hour, bar.begins_at.minute) == (14, 30) for bar in bars)


def test_bars_start_anew_at_every_opening() -> None:
    """Two-hour bars of a session are four, the last one short; a half day has two."""
    bars = MARKET.bars(AAPL, OPENING, CLOSING + timedelta(days=1), 7200, CALENDAR)
    assert [(bar.begins_at.day, bar.begins_at.hour) for bar in bars] == [
        (day, hour) for day in (5, 6) for hour in (14, 16, 18, 20)
    ]
    half = datetime(2025, 11, 28, tzinfo=UTC)
    assert len(MARKET.bars(AAPL, half, half + timedelta(days=1), 7200, CALENDAR)) == 2


def test_only_bars_that_begin_in_the_stretch_are_given() -> None:
    """A bar that began before the start is left out; the end itself is not in the stretch."""
    start = OPENING + timedelta(seconds=1)
    bars = MARKET.bars(AAPL, start, OPENING + timedelta(minutes=2), 60, CALENDAR)
    assert [bar.begins_at for bar in bars] == [OPENING + timedelta(minutes=1)]
    assert MARKET.bars(AAPL, OPENING, OPENING, 60, CALENDAR) == ()
    night = CLOSING + timedelta(hours=1)
    assert MARKET.bars(AAPL, night, night + timedelta(hours=3), 60, CALENDAR) == ()


@pytest.mark.parametrize("bar_seconds", [0, -60, 86_401])
def test_a_length_that_is_none_is_refused(bar_seconds: int) -> None:
    """The field, the value and what is allowed are named."""
    with pytest.raises(BadInput, match="bar_seconds"):
        MARKET.bars(AAPL, OPENING, CLOSING, bar_seconds, CALENDAR)


def test_a_stretch_that_ends_before_it_starts_is_refused() -> None:
    """And so is a time without a zone."""
    with pytest.raises(BadInput, match="start"):
        MARKET.bars(AAPL, CLOSING, OPENING, 60, CALENDAR)
    with pytest.raises(BadInput, match="UTC"):
        MARKET.bars(AAPL, datetime(2026, 1, 5), CLOSING, 60, CALENDAR)  # noqa: DTZ001
