"""The listing: contract ids, ticks, chains, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from brokerport.domain.errors import BadInput, UnknownContract
from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.simulator.exchange import option_ids
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.exchange.option_series import strikes_around
from brokerport.simulator.exchange.universe import DEFAULT_UNIVERSE, listed_stock

CALENDAR = TradingCalendar()
MONDAY = date(2026, 1, 5)
PRICES = {row.stock.symbol: row.reference_price for row in DEFAULT_UNIVERSE}
LISTING = Listing(DEFAULT_UNIVERSE, PRICES, MONDAY, CALENDAR)
AAPL, SPY = Stock("AAPL"), Stock("SPY")


def option(
    symbol: str = "AAPL",
    expiry: date = date(2026, 1, 16),
    strike: str = "270",
    right: OptionRight = OptionRight.PUT,
) -> Option:
    return Option(symbol, expiry, Decimal(strike), right)


@pytest.mark.parametrize(
    ("symbol", "contract_id"),
    [("AAPL", 265598), ("SPY", 756733), ("IBM", 8314), ("TSLA", 76792991), ("MSFT", 272093)],
)
def test_stocks_carry_their_public_ids(symbol: str, contract_id: int) -> None:
    """A program that knows IBKR's contract ids finds the stocks under them."""
    assert LISTING.details(Stock(symbol)).contract_id == contract_id
    assert LISTING.by_contract_id(contract_id) == Stock(symbol)


def test_the_universe_has_the_stocks_that_examples_use() -> None:
    """The usual names are listed, and no id, slot or symbol is given twice."""
    usual = {"AAPL", "MSFT", "AMZN", "GOOGL", "META", "NVDA", "TSLA", "NFLX", "IBM"}
    usual |= {"SPY", "QQQ", "TLT"}
    assert usual <= {stock.symbol for stock in LISTING.stocks}
    for name in ("contract_id", "option_slot", "stock"):
        assert len({getattr(row, name) for row in DEFAULT_UNIVERSE}) == len(DEFAULT_UNIVERSE)
    assert listed_stock("SPY").stock_type == "ETF"
    assert (listed_stock("AAPL").trading_class, listed_stock("IBM").trading_class) == ("NMS", "IBM")
    with pytest.raises(UnknownContract, match="ZZZZ"):
        listed_stock("ZZZZ")


def test_every_listed_option_has_an_id_of_its_own_that_leads_back_to_it() -> None:
    """Over the whole exchange no two instruments share an id, and each id can be read back."""
    seen = {row.contract_id for row in DEFAULT_UNIVERSE}
    count = len(seen)
    for stock in LISTING.stocks[:12]:
        for listed in LISTING.options(stock, MONDAY):
            contract_id = LISTING.details(listed).contract_id
            assert 0 < contract_id < 2**31
            seen.add(contract_id)
            count += 1
            if count % 7 == 0:
                assert LISTING.by_contract_id(contract_id) == listed
    assert count > 50_000
    assert len(seen) == count


@given(
    slot=st.integers(0, 63),
    expiry=st.dates(date(2005, 1, 3), date(2044, 3, 31)),
    code=st.integers(1, 4095),
    right=st.sampled_from(OptionRight),
)
def test_an_option_id_says_all_that_it_was_made_of(
    slot: int, expiry: date, code: int, right: OptionRight
) -> None:
    """Packing and reading an id are inverse, so two options can never share one."""
    strike = Decimal(code) / 2 if code < 2000 else Decimal(1000 + 5 * (code - 2000))
    identifier = option_ids.contract_id(slot, expiry, strike, right)
    assert 2**30 <= identifier < 2**31
    read = option_ids.read(identifier)
    week = expiry - timedelta(days=expiry.weekday())
    assert (read.slot, read.expiry_week, read.strike, read.right) == (slot, week, strike, right)


def test_option_ids_do_not_depend_on_prices_or_dates() -> None:
    """Another world lists the same option under the same id."""
    other = Listing(DEFAULT_UNIVERSE, {**PRICES, "AAPL": Decimal(250)}, MONDAY, CALENDAR)
    later = Listing(DEFAULT_UNIVERSE, PRICES, date(2026, 1, 12), CALENDAR)
    ids = {each.details(option()).contract_id for each in (LISTING, other, later)}
    assert ids == {1082729528}


@pytest.mark.parametrize("contract_id", [-1, 0, 1, 2**30, 2**30 + 1, 2**31 - 1, 2**31, 2**40])
def test_an_id_of_nothing_is_unknown(contract_id: int) -> None:
    """No guess is made at a number that no instrument has."""
    with pytest.raises(UnknownContract):
        LISTING.by_contract_id(contract_id)


def test_the_chain_has_eight_weeks_and_twelve_months() -> None:
    """Weekly Fridays first, then third Fridays; Juneteenth moves June's to the Thursday."""
    chain = LISTING.option_chain(AAPL, MONDAY)
    weeklies = tuple(date(2026, 1, 9) + timedelta(weeks=week) for week in range(8))
    assert chain.expiries[:8] == weeklies
    monthlies = ((2026, 3, 20), (2026, 4, 17), (2026, 5, 15), (2026, 6, 18), (2026, 7, 17))
    assert chain.expiries[8:13] == tuple(date(*day) for day in monthlies)
    assert chain.expiries[-1] == date(2027, 1, 15)
    assert (chain.trading_class, chain.multiplier, chain.underlying) == ("AAPL", 100, AAPL)


def test_an_expiry_moves_to_thursday_when_the_exchange_is_closed_on_friday() -> None:
    """Good Friday's week expires on the Thursday, and still has its id."""
    chain = LISTING.option_chain(AAPL, date(2026, 3, 30))
    assert chain.expiries[0] == date(2026, 4, 2)
    thursday = option(expiry=date(2026, 4, 2))
    assert LISTING.by_contract_id(LISTING.details(thursday).contract_id) == thursday


@given(st.dates(MONDAY, date(2030, 1, 1)))
def test_an_option_once_listed_stays_listed_to_its_expiry(day: date) -> None:
    """What is in today's chain is in tomorrow's, except what expired today."""
    today = LISTING.option_chain(AAPL, day).expiries
    tomorrow = LISTING.option_chain(AAPL, day + timedelta(days=1)).expiries
    assert {expiry for expiry in today if expiry > day} <= set(tomorrow)
    assert all(CALENDAR.session_on(expiry) for expiry in today)
    assert list(today) == sorted(set(today))


@pytest.mark.parametrize(
    ("price", "step", "lowest", "highest"),
    [
        ("13.20", "0.5", "5.5", "26"),
        ("87.50", "1", "35", "175"),
        ("270", "2.5", "110", "540"),
        ("685", "5", "275", "1370"),
    ],
)
def test_strikes_go_from_40_to_200_percent_in_even_steps(
    price: str, step: str, lowest: str, highest: str
) -> None:
    """The grid widens with the price."""
    strikes = strikes_around(Decimal(price))
    assert (strikes[0], strikes[-1]) == (Decimal(lowest), Decimal(highest))
    assert {b - a for a, b in pairwise(strikes)} == {Decimal(step)}


def test_is_listed_knows_strikes_expiries_and_dates() -> None:
    """An option trades up to and on its expiry day, and not after it."""
    assert LISTING.is_listed(AAPL, MONDAY)
    assert LISTING.is_listed(option(), MONDAY)
    assert LISTING.is_listed(option(), date(2026, 1, 16))
    assert not LISTING.is_listed(option(), date(2026, 1, 17))
    assert not LISTING.is_listed(option(strike="271"), MONDAY)
    assert not LISTING.is_listed(option(expiry=date(2026, 1, 15)), MONDAY)
    assert not LISTING.is_listed(evolve(option(), multiplier=10), MONDAY)
    assert not LISTING.is_listed(Stock("ZZZZ"), MONDAY)
    assert not LISTING.is_listed(Stock("AAPL", "EUR"), MONDAY)


@pytest.mark.parametrize(
    "unknown",
    [
        Stock("ZZZZ"),
        Stock("AAPL", "EUR"),
        option(symbol="ZZZZ"),
        option(strike="271"),
        option(expiry=date(2026, 1, 15)),
        option(expiry=date(2026, 1, 2)),
        option(expiry=date(2041, 6, 7)),
        Option("AAPL", date(2026, 1, 16), Decimal(270), OptionRight.PUT, multiplier=10),
    ],
    ids=str,
)
def test_details_of_what_is_not_listed_are_refused(unknown: Stock | Option) -> None:
    """A symbol, currency, strike, expiry or multiplier that is not listed is unknown."""
    with pytest.raises(UnknownContract):
        LISTING.details(unknown)


def test_an_expired_option_still_has_details() -> None:
    """What was listed on the listing date can be looked up for ever after."""
    assert LISTING.details(option(expiry=date(2026, 1, 9))).long_name == "APPLE INC"


def test_ticks_follow_the_penny_program() -> None:
    """Stocks trade in cents; options in nickels from three dollars, but SPY's in cents."""
    assert LISTING.details(AAPL).tick_size(Decimal(500)) == Decimal("0.01")
    apple = LISTING.details(option())
    assert apple.tick_size(Decimal("2.99")) == Decimal("0.01")
    assert apple.tick_size(Decimal("3.00")) == Decimal("0.05")
    for symbol, strike in (("SPY", "685"), ("QQQ", "620"), ("IWM", "247.5")):
        penny = LISTING.details(option(symbol=symbol, strike=strike))
        assert penny.tick_size(Decimal("30.00")) == Decimal("0.01")


def test_find_takes_the_beginning_of_a_symbol_or_part_of_a_name() -> None:
    """Capitals do not matter, and the exact symbol comes first."""
    assert [found.instrument for found in LISTING.find("spy")] == [SPY]
    assert [found.instrument.symbol for found in LISTING.find("alphabet")] == ["GOOG", "GOOGL"]
    assert LISTING.find("goog")[0].instrument == Stock("GOOG")
    assert LISTING.find("f")[0].instrument == Stock("F")
    assert LISTING.find("no such company") == ()
    with pytest.raises(BadInput, match="pattern"):
        LISTING.find("  ")


def test_a_listing_that_contradicts_itself_is_refused() -> None:
    """A symbol, id or slot given twice, no stock, or a price that is missing or out of range."""
    apple, spy = listed_stock("AAPL"), listed_stock("SPY")
    for universe in (
        (apple, apple),
        (apple, evolve(spy, contract_id=265598)),
        (apple, evolve(spy, option_slot=0)),
        (),
    ):
        with pytest.raises(BadInput, match="universe"):
            Listing(universe, PRICES, MONDAY, CALENDAR)
    for price in (None, Decimal("0.50"), Decimal(6000)):
        prices = {} if price is None else {"AAPL": price}
        with pytest.raises(BadInput, match="reference_prices"):
            Listing((apple,), prices, MONDAY, CALENDAR)


def test_a_stock_without_a_slot_has_no_options() -> None:
    """It is listed, and its chain is unknown."""
    listing = Listing((evolve(listed_stock("AAPL"), option_slot=None),), {}, MONDAY, CALENDAR)
    assert listing.details(AAPL).contract_id == 265598
    assert not listing.is_listed(option(), MONDAY)
    with pytest.raises(UnknownContract):
        listing.option_chain(AAPL, MONDAY)
    with pytest.raises(UnknownContract):
        listing.details(option())
