"""The scripted market: it shows what it was told, and refuses nonsense."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from brokerport.domain.errors import BadInput, UnknownContract
from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.domain.market_data import Greeks
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.exchange.universe import DEFAULT_UNIVERSE
from brokerport.simulator.market.market import Bar, Market, SessionStatistics
from brokerport.simulator.market.scripted import ScriptedMarket

AT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
AAPL = Stock("AAPL")
PUT = Option("AAPL", date(2026, 1, 16), Decimal(265), OptionRight.PUT)
CALENDAR = TradingCalendar()


def test_what_was_set_is_shown() -> None:
    """Prices and sizes come back as they were given, exactly."""
    market = ScriptedMarket()
    market.set_quote(AAPL, "269.98", "270.02", 300, 200, last="270.00", last_size=50)
    quote = market.quote(AAPL, AT)
    assert (quote.bid, quote.ask, quote.last) == tuple(map(Decimal, ("269.98", "270.02", "270.00")))
    assert (quote.bid_size, quote.ask_size, quote.last_size) == (
        Decimal(300),
        Decimal(200),
        Decimal(50),
    )
    assert (quote.at, quote.sequence) == (AT, 1)
    assert market.last_price(AAPL, AT) == Decimal("270.00")


def test_each_setting_is_a_new_sequence_and_asking_is_not() -> None:
    """The same figures set again are fresh liquidity."""
    market = ScriptedMarket()
    market.set_quote(AAPL, 1, 2)
    first = market.quote(AAPL, AT).sequence
    assert market.quote(AAPL, AT + timedelta(hours=1)).sequence == first
    market.set_quote(PUT, 1, 2)
    market.set_quote(AAPL, 1, 2)
    assert market.quote(AAPL, AT).sequence > market.quote(PUT, AT).sequence > first


def test_what_was_never_set_is_empty() -> None:
    """No price is made up."""
    market: Market = ScriptedMarket()
    quote = market.quote(AAPL, AT)
    assert {quote.bid, quote.bid_size, quote.ask, quote.ask_size, quote.last} == {None}
    assert market.last_price(AAPL, AT) is None
    assert market.statistics(AAPL, AT) == SessionStatistics()
    assert market.greeks(PUT, AT) is None
    assert market.bars(AAPL, AT, AT, 60, CALENDAR) == ()


def test_a_side_can_be_empty_and_the_last_price_stays() -> None:
    """A quote without a bid has no bid size; the last trade outlives the quote it was made on."""
    market = ScriptedMarket()
    market.set_quote(AAPL, 10, 11, last="10.5")
    market.set_quote(AAPL, None, 12)
    quote = market.quote(AAPL, AT)
    assert (quote.bid, quote.bid_size, quote.ask, quote.last) == (
        None,
        None,
        Decimal(12),
        Decimal("10.5"),
    )
    market.clear(AAPL)
    assert market.last_price(AAPL, AT) is None
    assert market.quote(AAPL, AT).ask is None
    assert market.quote(AAPL, AT).sequence > quote.sequence


def test_without_a_last_price_the_midpoint_counts() -> None:
    """Half way, even between ticks; with one side only there is no price."""
    market = ScriptedMarket()
    market.set_quote(AAPL, "10.00", "10.01")
    assert market.last_price(AAPL, AT) == Decimal("10.005")
    market.set_quote(AAPL, "10.00", None)
    assert market.last_price(AAPL, AT) is None


def test_the_rest_can_be_set_too() -> None:
    """Greeks, statistics, bars and reference prices come back as given."""
    market = ScriptedMarket(reference_prices={"AAPL": Decimal(120)})
    greeks = Greeks(*(Decimal(number) for number in range(7)))
    statistics = SessionStatistics(open=Decimal(5))
    ten = Decimal(10)
    bar = Bar(AT, ten, ten, ten, ten, Decimal(1), 1, ten)
    bars = [evolve(bar, begins_at=AT + timedelta(minutes=m)) for m in (2, 0, 1)]
    market.set_greeks(PUT, greeks)
    market.set_statistics(AAPL, statistics)
    market.set_bars(AAPL, 60, bars)
    assert market.greeks(PUT, AT) == greeks
    assert market.statistics(AAPL, AT) == statistics
    found = market.bars(AAPL, AT, AT + timedelta(minutes=2), 60, CALENDAR)
    assert [bar.begins_at.minute for bar in found] == [0, 1]
    assert market.bars(AAPL, AT, AT + timedelta(minutes=2), 30, CALENDAR) == ()
    assert market.reference_prices(AT)["AAPL"] == 120
    assert market.universe == DEFAULT_UNIVERSE


@pytest.mark.parametrize(
    ("field", "bid", "ask", "size"),
    [("bid", 2, 1, 1), ("bid", 0, 1, 1), ("ask", 1, "-1", 1), ("bid_size", 1, 2, 0)],
)
def test_a_quote_that_cannot_be_is_refused(field: str, bid: int, ask: int | str, size: int) -> None:
    """A crossed quote, a price or a size that is not positive; the old quote stands."""
    market = ScriptedMarket()
    market.set_quote(AAPL, 10, 11)
    before = market.quote(AAPL, AT)
    with pytest.raises(BadInput, match=field):
        market.set_quote(AAPL, bid, ask, size, 1)
    assert market.quote(AAPL, AT) == before


def test_an_unknown_symbol_is_refused() -> None:
    """A typing error in a test shows at once."""
    market = ScriptedMarket()
    with pytest.raises(UnknownContract, match="AAPLE"):
        market.set_quote(Stock("AAPLE"), 1, 2)
    with pytest.raises(UnknownContract, match="AAPLE"):
        market.quote(Stock("AAPLE"), AT)
