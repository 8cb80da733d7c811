"""Option quotes: on tick, around the model, never below intrinsic, in parity, gone at expiry."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.exchange.option_series import strikes_around
from brokerport.simulator.exchange.quotes import DisplayedQuote
from brokerport.simulator.exchange.universe import listed_stock
from brokerport.simulator.market import option_quotes
from brokerport.simulator.market.synthetic import SyntheticMarket

CALENDAR = TradingCalendar()
OPENING = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
MARKET = SyntheticMarket(7, CALENDAR)
LISTING = Listing(MARKET.universe, MARKET.reference_prices(OPENING), OPENING.date(), CALENDAR)
SYMBOLS = ["AAPL", "SPY", "TSLA", "F", "IWM", "KO"]
CALL, PUT = OptionRight.CALL, OptionRight.PUT


@st.composite
def options(draw: st.DrawFn) -> Option:
    stock = Stock(draw(st.sampled_from(SYMBOLS)))
    chain = LISTING.option_chain(stock, OPENING.date())
    return Option(
        stock.symbol,
        draw(st.sampled_from(chain.expiries)),
        draw(st.sampled_from(chain.strikes)),
        draw(st.sampled_from(OptionRight)),
    )


TIMES = st.integers(0, 23_399).map(lambda seconds: OPENING + timedelta(seconds=seconds))


def spot_of(option: Option, at: datetime) -> Decimal:
    price = MARKET.last_price(Stock(option.underlying), at)
    assert price is not None
    return price


def intrinsic(option: Option, spot: Decimal) -> Decimal:
    gain = spot - option.strike if option.right is CALL else option.strike - spot
    return max(gain, Decimal(0))


def ask_of(quote: DisplayedQuote) -> Decimal:
    assert quote.ask is not None
    return quote.ask


def last_of(quote: DisplayedQuote) -> Decimal:
    assert quote.last is not None
    return quote.last


def bid_of(quote: DisplayedQuote) -> Decimal:
    """Return the bid, or zero when there is none."""
    return quote.bid or Decimal(0)


@settings(max_examples=400)
@given(options(), TIMES)
def test_an_option_quote_is_well_formed(option: Option, at: datetime) -> None:
    """Bid below ask, last between them, all on the option's ticks, all sizes positive."""
    quote = MARKET.quote(option, at)
    details = LISTING.details(option)
    assert bid_of(quote) < ask_of(quote)
    assert bid_of(quote) <= last_of(quote) <= ask_of(quote)
    assert last_of(quote) > 0
    for price in (quote.bid, quote.ask, quote.last):
        assert price is None or (price > 0 and details.is_on_tick(price))
    assert (quote.bid is None) == (quote.bid_size is None)
    for size in (quote.bid_size, quote.ask_size, quote.last_size):
        assert size is None or (size >= 1 and size == size.to_integral_value())
    assert quote.ask_size is not None


@settings(max_examples=400)
@given(options(), TIMES)
def test_no_option_is_offered_below_intrinsic(option: Option, at: datetime) -> None:
    """Buying and exercising at once never pays; a bid is at most a tick below."""
    quote = MARKET.quote(option, at)
    floor = intrinsic(option, spot_of(option, at))
    tick = LISTING.details(option).tick_size(floor)
    assert ask_of(quote) >= floor
    assert last_of(quote) >= floor
    assert bid_of(quote) > floor - tick


@settings(max_examples=300)
@given(options(), TIMES)
def test_calls_and_puts_are_in_parity_within_their_spreads(option: Option, at: datetime) -> None:
    """Neither conversion nor reversal earns anything at the displayed prices."""
    call, put = (MARKET.quote(evolve(option, right=right), at) for right in (CALL, PUT))
    stock = MARKET.quote(Stock(option.underlying), at)
    assert stock.bid is not None
    assert bid_of(call) - ask_of(put) <= ask_of(stock) - option.strike
    assert ask_of(call) - bid_of(put) >= stock.bid - option.strike


@settings(max_examples=300)
@given(options(), TIMES)
def test_no_vertical_spread_is_free(option: Option, at: datetime) -> None:
    """The option nearer the money is never offered below the bid of the one further out."""
    strikes = strikes_around(MARKET.reference_prices(OPENING)[option.underlying])
    place = strikes.index(option.strike)
    assume(place + 1 < len(strikes))
    low, high = (MARKET.quote(evolve(option, strike=s), at) for s in strikes[place : place + 2])
    dear, cheap = (low, high) if option.right is CALL else (high, low)
    assert ask_of(dear) >= bid_of(cheap)
    assert last_of(dear) >= last_of(cheap)


@settings(max_examples=200)
@given(options(), TIMES)
def test_greeks_have_their_signs_and_agree_with_the_quote(option: Option, at: datetime) -> None:
    """Deltas by right, no negative gamma or vega, the model's price between bid and ask."""
    greeks, quote = MARKET.greeks(option, at), MARKET.quote(option, at)
    assert greeks is not None
    low, high = (0, 1) if option.right is CALL else (-1, 0)
    assert low <= greeks.delta <= high
    assert greeks.gamma >= 0
    assert greeks.vega >= 0
    assert greeks.theta <= 0
    assert greeks.implied_volatility > 0
    assert greeks.underlying_price == spot_of(option, at)
    rounding = Decimal("0.000001")
    assert greeks.model_price is not None
    assert bid_of(quote) - rounding <= greeks.model_price <= ask_of(quote) + rounding


def test_a_call_and_a_put_share_the_money_between_their_deltas() -> None:
    """The deltas of a call and its put differ by one."""
    put = Option("AAPL", date(2026, 1, 16), Decimal(270), PUT)
    call_greeks = MARKET.greeks(evolve(put, right=CALL), OPENING)
    put_greeks = MARKET.greeks(put, OPENING)
    assert call_greeks is not None
    assert put_greeks is not None
    assert call_greeks.delta - put_greeks.delta == pytest.approx(Decimal(1), abs=Decimal("1e-5"))


def test_volatility_smiles() -> None:
    """Low strikes cost more volatility than the money, which is the stock's own."""
    volatilities = [option_quotes.strike_volatility(0.3, 100.0, k) for k in (60, 100, 110, 180)]
    assert volatilities[0] > volatilities[1] == 0.3
    assert volatilities[2] < volatilities[1] < volatilities[3]


def test_an_option_loses_time_value_over_a_weekend() -> None:
    """With the stock where it was, less time is worth less."""
    worth = [
        option_quotes.model_price(PUT, 27_000, 27_000.0, days * 86_400.0, 0.3) for days in (7, 4, 1)
    ]
    assert worth == sorted(worth, reverse=True)


@settings(max_examples=300)
@given(
    st.one_of(st.floats(0.0, 50_000.0), st.floats(290.0, 350.0)),
    st.integers(0, 2**64 - 1),
    st.booleans(),
)
def test_any_model_price_gives_a_quote_around_it(model: float, bits: int, is_penny: bool) -> None:
    """Whatever the price, the bid is at or below it and the ask at or above."""
    quote = option_quotes.option_quote(model, 0.0, bits, OPENING, 1, is_penny=is_penny)
    assert float(bid_of(quote)) * 100 <= model + 1e-6
    assert float(ask_of(quote)) * 100 >= model - 1e-6
    assert bid_of(quote) < ask_of(quote)
    for price in (bid_of(quote), ask_of(quote), last_of(quote)):
        step = Decimal("0.01") if is_penny or price < 3 else Decimal("0.05")
        assert price % step == 0


@pytest.mark.parametrize("right", [CALL, PUT])
@pytest.mark.parametrize("strike", ["110", "270", "540"])
def test_at_the_close_of_its_expiry_an_option_is_worth_what_exercising_brings(
    right: OptionRight, strike: str
) -> None:
    """From that instant nothing is displayed; the day after there is no price at all."""
    expiry = date(2026, 1, 16)
    option = Option("AAPL", expiry, Decimal(strike), right)
    session = CALENDAR.session_on(expiry)
    assert session is not None
    last_tick = MARKET.quote(option, session.closes_at - timedelta(seconds=1))
    assert last_tick.ask is not None
    close = spot_of(option, session.closes_at)
    for at in (session.closes_at, session.closes_at + timedelta(days=3)):
        assert MARKET.last_price(option, at) == intrinsic(option, close)
        quote = MARKET.quote(option, at)
        assert (quote.bid, quote.ask) == (None, None)
        assert MARKET.greeks(option, at) is None
    later = CALENDAR.next_session(expiry).opens_at
    assert MARKET.last_price(option, later) is None
    assert MARKET.quote(option, later).last is None
    assert MARKET.greeks(option, later) is None
    after = MARKET.statistics(option, later)
    assert (after.open, after.volume) == (None, None)
    assert MARKET.bars(option, later, later + timedelta(days=9), 86_400, CALENDAR) == ()


def test_out_of_session_an_option_keeps_its_closing_price() -> None:
    """It is marked at the close all night, and has greeks, but nothing is displayed."""
    option = Option("AAPL", date(2026, 1, 16), Decimal(265), PUT)
    close = datetime(2026, 1, 5, 21, 0, tzinfo=UTC)
    marks = {MARKET.last_price(option, close + timedelta(hours=hours)) for hours in range(0, 17, 4)}
    assert len(marks) == 1
    assert None not in marks
    quote = MARKET.quote(option, close)
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (None,) * 4
    assert quote.last in marks
    assert MARKET.greeks(option, close) is not None
    next_opening = datetime(2026, 1, 6, 14, 30, tzinfo=UTC)
    assert MARKET.statistics(option, next_opening).previous_close in marks


@settings(max_examples=60)
@given(options(), TIMES)
def test_option_statistics_hold_the_session_so_far(option: Option, at: datetime) -> None:
    """Low, last and high are in order and volume is a whole number of contracts."""
    found = MARKET.statistics(option, at)
    assert found.low is not None
    assert found.high is not None
    assert found.open is not None
    assert found.volume is not None
    assert found.low <= last_of(MARKET.quote(option, at)) <= found.high
    assert found.low <= found.open <= found.high
    assert found.volume == found.volume.to_integral_value()
    assert found.previous_close is not None


def test_penny_options_are_those_of_the_three_big_funds() -> None:
    """The universe's word is what the quotes follow."""
    assert listed_stock("SPY").penny_options
    deep = Option("SPY", date(2026, 1, 16), Decimal(400), CALL)
    times = [OPENING + timedelta(minutes=minute) for minute in range(60)]
    asks = [ask_of(MARKET.quote(deep, at)) for at in times]
    assert any(ask % Decimal("0.05") for ask in asks)
