"""The replayed market: the file's prices, its holes and its end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from brokerport.domain.errors import BadInput, UnknownContract
from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.market.market import Market
from brokerport.simulator.market.replay import ReplayMarket, realised_volatility
from brokerport.simulator.market.replay_file import read_replay_file
from tests.simulation.replay_files import SHARED_FILE, rows_of, write

CALENDAR = TradingCalendar()
FIRST = date(2015, 3, 2)
AAPL, ABC = Stock("AAPL"), Stock("ABC")
SECOND = timedelta(seconds=1)


@pytest.fixture(name="path")
def small_file(tmp_path: Path) -> Path:
    """Thirty days of AAPL without the 26th, and thirty-five of ABC that begin five days later."""
    apple = rows_of("AAPL", CALENDAR, FIRST, 31)
    del apple[25]
    later = CALENDAR.sessions(FIRST, date(2015, 6, 1))[5].day
    return write(tmp_path / "bars.csv", apple + rows_of("ABC", CALENDAR, later, 35, base=2000))


def opening(number: int) -> datetime:
    """Return the opening of a session, counted from the file's first."""
    return CALENDAR.session_at(CALENDAR.ordinal(FIRST) + number).opens_at


def closing(number: int) -> datetime:
    return CALENDAR.session_at(CALENDAR.ordinal(FIRST) + number).closes_at


def test_each_session_quotes_its_rows_four_prices(path: Path) -> None:
    """On its ticks a stock opens, peaks, bottoms as its row says, and closes on its close."""
    market = ReplayMarket(path, CALENDAR, tick_seconds=60)
    bars = read_replay_file(path, CALENDAR)["AAPL"]
    for number in (0, 1, 10):
        bar = bars[number]
        ticks = [opening(number) + timedelta(minutes=minute) for minute in range(390)]
        quotes = [market.quote(AAPL, at) for at in ticks]
        lasts = [quote.last for quote in quotes if quote.last is not None]
        assert len(lasts) == 390
        assert [lasts[0], max(lasts), min(lasts)] == [
            Decimal(cents) / 100 for cents in (bar.open, bar.high, bar.low)
        ]
        assert all(
            quote.bid is not None and quote.ask is not None and quote.bid < quote.ask
            for quote in quotes
        )
        assert market.last_price(AAPL, closing(number)) == Decimal(bar.close) / 100
        (day,) = market.bars(AAPL, opening(number), closing(number), 86_400, CALENDAR)
        assert [day.open, day.high, day.low, day.close, day.volume] == [
            *(Decimal(cents) / 100 for cents in (bar.open, bar.high, bar.low, bar.close)),
            bar.volume,
        ]


def test_only_the_files_symbols_have_prices(path: Path) -> None:
    """A known stock keeps its real contract id, an unknown one gets one of ours."""
    market: Market = ReplayMarket(path, CALENDAR)
    assert [row.stock for row in market.universe] == [AAPL, ABC]
    prices = market.reference_prices(opening(10))
    listing = Listing(market.universe, prices, opening(10).date(), CALENDAR)
    assert listing.details(AAPL).contract_id == 265598
    assert listing.by_contract_id(listing.details(ABC).contract_id) == ABC
    with pytest.raises(UnknownContract):
        market.quote(Stock("MSFT"), opening(10))


def test_strikes_are_laid_out_around_the_prices_of_the_day(path: Path) -> None:
    """Not around today's prices: a hundred dollars in 2015, from 40% to 200%."""
    market = ReplayMarket(path, CALENDAR)
    prices = market.reference_prices(opening(10))
    assert prices == {
        "AAPL": market.last_price(AAPL, opening(10)),
        "ABC": market.last_price(ABC, opening(10)),
    }
    listing = Listing(market.universe, prices, opening(10).date(), CALENDAR)
    strikes = listing.option_chain(AAPL, opening(10).date()).strikes
    assert (strikes[0], strikes[-1]) == (Decimal("42.5"), Decimal(200))
    option = next(listing.options(AAPL, opening(10).date()))
    assert market.quote(option, opening(10)).ask is not None


def test_before_its_first_row_a_stock_has_no_price(path: Path) -> None:
    """It is listed, from the price it will open at, but nothing is displayed."""
    market = ReplayMarket(path, CALENDAR)
    assert market.quote(ABC, opening(3)).last is None
    assert market.quote(ABC, opening(3)).ask is None
    assert market.last_price(ABC, opening(3)) is None
    assert market.reference_prices(opening(3))["ABC"] == market.last_price(ABC, opening(5))


def test_a_day_without_a_row_is_a_session_without_quotes(path: Path) -> None:
    """Nothing trades; the last price stays the close before; the day after trades again."""
    market = ReplayMarket(path, CALENDAR)
    close = market.last_price(AAPL, closing(24))
    option = Option("AAPL", date(2015, 4, 17), Decimal(100), OptionRight.PUT)
    for at in (opening(25), opening(25) + timedelta(hours=3), closing(25)):
        for instrument in (AAPL, option):
            quote = market.quote(instrument, at)
            assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (None,) * 4
        assert market.quote(AAPL, at).last == market.last_price(AAPL, at) == close
        assert market.last_price(option, at) is not None
        statistics = market.statistics(AAPL, at)
        assert (statistics.open, statistics.volume) == (None, None)
        assert statistics.previous_close == close
    assert market.bars(AAPL, opening(25), closing(25), 60, CALENDAR) == ()
    assert market.quote(AAPL, opening(26)).ask is not None
    assert market.statistics(AAPL, opening(26)).previous_close == close
    assert market.quote(ABC, opening(25)).ask is not None


def test_after_its_last_row_a_stock_is_gone_and_its_price_is_an_error(path: Path) -> None:
    """The final close stands until the next opening; then nobody is told a stale price."""
    market = ReplayMarket(path, CALENDAR)
    option = Option("AAPL", date(2015, 4, 24), Decimal(100), OptionRight.PUT)
    night = closing(30) + timedelta(hours=10)
    assert market.last_price(AAPL, night) == market.last_price(AAPL, closing(30))
    for at in (opening(31), closing(40)):
        for instrument in (AAPL, option):
            quote = market.quote(instrument, at)
            assert (quote.bid, quote.ask, quote.last) == (None, None, None)
            with pytest.raises(BadInput, match="2015-04-14, the last day AAPL has prices"):
                market.last_price(instrument, at)
            assert market.statistics(instrument, at).previous_close is None
        assert market.greeks(option, at) is None
        assert market.bars(AAPL, opening(31), at, 60, CALENDAR) == ()
    assert market.quote(ABC, opening(31)).ask is not None


def test_from_date_begins_later_and_keeps_the_history(path: Path) -> None:
    """Rows before it are history; a stock that has ended by then is not listed."""
    market = ReplayMarket(path, CALENDAR, from_date=opening(20).date())
    assert market.first_day == opening(20).date()
    history = market.bars(AAPL, opening(0), opening(20), 86_400, CALENDAR)
    assert len(history) == 20
    late = ReplayMarket(path, CALENDAR, from_date=opening(32).date())
    assert [row.stock for row in late.universe] == [ABC]
    weekend = ReplayMarket(path, CALENDAR, from_date=date(2015, 3, 7))
    assert weekend.first_day == date(2015, 3, 9)
    assert weekend.last_day == opening(39).date()
    assert ReplayMarket(path, CALENDAR).first_day == FIRST
    with pytest.raises(BadInput, match=r"from_date.*2015-04-27 or earlier") as caught:
        ReplayMarket(path, CALENDAR, from_date=date(2015, 4, 28))
    assert caught.value.value == "2015-04-28"


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    """Twenty-one days are needed to know a stock's volatility."""
    path = write(tmp_path / "few.csv", rows_of("AAPL", CALENDAR, FIRST, 20))
    with pytest.raises(BadInput, match=r"few\.csv rows of AAPL is 20, but must be 21 or more"):
        ReplayMarket(path, CALENDAR)
    ReplayMarket(write(path, rows_of("AAPL", CALENDAR, FIRST, 21)), CALENDAR)


def test_options_are_priced_with_the_volatility_of_the_days_before(tmp_path: Path) -> None:
    """A stock that becomes wild makes its options dear, from the next day on and not before."""
    calm = rows_of("AAPL", CALENDAR, FIRST, 40)
    sessions = CALENDAR.sessions(FIRST, date(2016, 1, 1))[40:60]
    wild = [
        f"AAPL,{session.day},100,120,80,{110 if number % 2 else 90},1000"
        for number, session in enumerate(sessions)
    ]
    market = ReplayMarket(write(tmp_path / "bars.csv", calm + wild), CALENDAR)
    option = Option("AAPL", date(2015, 7, 17), Decimal(100), OptionRight.PUT)

    def volatility(number: int) -> Decimal:
        greeks = market.greeks(option, closing(number))
        assert greeks is not None
        return greeks.implied_volatility

    assert volatility(39) == pytest.approx(volatility(40), rel=Decimal("0.2"))
    assert volatility(42) > 3 * volatility(40)
    assert volatility(2) == pytest.approx(volatility(20), rel=Decimal("0.2"))


def test_realised_volatility_is_the_sample_deviation_of_a_year() -> None:
    """Worked by hand: returns of +10% and -10% (log) deviate by 0.1414 a day."""
    assert realised_volatility([1000, 1105, 1000]) == pytest.approx(2.242, abs=0.01)
    assert realised_volatility([1000, 1000, 1000]) == 0.01
    with pytest.raises(BadInput, match="closes"):
        realised_volatility([1000, 1000])


def test_the_seed_changes_sizes_and_spreads_but_no_price(path: Path) -> None:
    """What happened happened; only what is displayed around it is drawn."""
    one, other = (ReplayMarket(path, CALENDAR, seed=seed) for seed in (1, 2))
    times = [opening(3) + timedelta(minutes=minute) for minute in range(30)]
    assert [one.last_price(AAPL, at) for at in times] == [
        other.last_price(AAPL, at) for at in times
    ]
    assert [one.quote(AAPL, at) for at in times] != [other.quote(AAPL, at) for at in times]


def test_many_unknown_stocks_are_listed_with_options_while_slots_last(tmp_path: Path) -> None:
    """Thirty more than the default universe has; the rest trade without options."""
    names = [f"NEW{number:02d}" for number in range(40)]
    rows = [row for name in names for row in rows_of(name, CALENDAR, FIRST, 21)]
    market = ReplayMarket(write(tmp_path / "many.csv", rows), CALENDAR)
    slots = [row.option_slot for row in market.universe]
    assert len({slot for slot in slots if slot is not None}) == 30
    assert slots.count(None) == 10
    Listing(market.universe, market.reference_prices(opening(0)), FIRST, CALENDAR)


needs_shared_file = pytest.mark.skipif(
    not SHARED_FILE.exists(), reason="the real market data is not beside the repository"
)


@needs_shared_file
def test_the_flash_crash_of_2015_replays() -> None:
    """AAPL on 2015-08-24: opened at 94.87, 10% below the last close, from 92.00 to 108.80."""
    market = ReplayMarket(SHARED_FILE, CALENDAR, from_date=date(2015, 8, 24))
    session = CALENDAR.session_on(date(2015, 8, 24))
    assert session is not None
    before = market.last_price(AAPL, session.opens_at - SECOND)
    assert before == Decimal("105.76")
    ticks = range(0, session.seconds, 5)
    lasts = [market.last_price(AAPL, session.opens_at + timedelta(seconds=s)) for s in ticks]
    prices = [price for price in lasts if price is not None]
    assert (prices[0], min(prices), max(prices)) == tuple(
        map(Decimal, ("94.87", "92.00", "108.80"))
    )
    assert prices.index(max(prices)) < prices.index(min(prices))


@needs_shared_file
def test_the_real_file_replays_from_end_to_end() -> None:
    """Every row's four prices and volume come back as the daily bar of its day."""
    market = ReplayMarket(SHARED_FILE, CALENDAR)
    rows = read_replay_file(SHARED_FILE, CALENDAR)
    assert (market.first_day, market.last_day) == (date(2015, 2, 17), date(2018, 10, 15))
    start, end = datetime(2015, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC)
    for symbol, expected in rows.items():
        bars = market.bars(Stock(symbol), start, end, 86_400, CALENDAR)
        assert [
            (bar.begins_at.date(), bar.open, bar.high, bar.low, bar.close, bar.volume)
            for bar in bars
        ] == [
            (
                row.day,
                *(Decimal(c) / 100 for c in (row.open, row.high, row.low, row.close)),
                row.volume,
            )
            for row in expected
        ]
    listing = Listing(
        market.universe, market.reference_prices(start.replace(month=6, day=1)), FIRST, CALENDAR
    )
    assert [stock.symbol for stock in listing.stocks] == ["AAPL", "TSLA"]
