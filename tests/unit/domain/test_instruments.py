"""Instruments are values, and an option's OSI symbol says all that it is."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Option, OptionRight, Stock
from tests.support.properties import PROPERTY

roots = st.from_regex(r"[A-Z][A-Z0-9]{0,5}", fullmatch=True)
expiries = st.dates(date(2000, 1, 1), date(2099, 12, 31))
strikes = st.integers(1, 99_999_999).map(lambda thousandths: Decimal(thousandths) / 1000)
options = st.builds(Option, roots, expiries, strikes, st.sampled_from(OptionRight))


@PROPERTY
@given(options)
def test_an_option_survives_its_osi_symbol(option: Option) -> None:
    """Writing an OSI symbol and reading it gives the same option, padded or not."""
    assert len(option.osi_symbol) == 21
    assert Option.from_osi(option.osi_symbol) == option
    assert Option.from_osi(option.osi_symbol.replace(" ", "")) == option


@PROPERTY
@given(roots, expiries, st.sampled_from("CP"), st.integers(1, 99_999_999))
def test_an_osi_symbol_survives_the_option(
    root: str, expiry: date, right: str, strike: int
) -> None:
    """Reading an OSI symbol and writing it gives the same 21 characters."""
    symbol = f"{root:<6}{expiry:%y%m%d}{right}{strike:08d}"
    assert Option.from_osi(symbol).osi_symbol == symbol


@PROPERTY
@given(options, options)
def test_two_options_share_an_osi_symbol_only_if_equal(one: Option, other: Option) -> None:
    """Nothing an option consists of is left out of its symbol."""
    assert (one.osi_symbol == other.osi_symbol) == (one == other)


def test_the_clearing_houses_example() -> None:
    """The symbol has OCC's layout: root, yymmdd, C or P, strike in thousandths."""
    option = Option("AAPL", date(2026, 12, 18), Decimal("250.5"), OptionRight.PUT)
    assert option.osi_symbol == "AAPL  261218P00250500"
    assert str(option) == "AAPL 2026-12-18 250.5 put"


@pytest.mark.parametrize("strike", ["250", "250.0", "250.000", "2.5E+2"])
def test_a_strike_has_one_form(strike: str) -> None:
    """However a strike is written, it is the same option and reads the same."""
    option = Option("AAPL", date(2026, 12, 18), Decimal(strike), OptionRight.CALL)
    assert option == Option("AAPL", date(2026, 12, 18), Decimal(250), OptionRight.CALL)
    assert str(option.strike) == "250"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "OSI symbol"),
        ("AAPL", "OSI symbol"),
        ("AAPL  261218X00250000", "OSI symbol"),
        ("AAPL  261218P0025000", "OSI symbol"),
        ("aapl  261218P00250000", "OSI symbol"),
        ("TOOLONG261218P00250000", "OSI symbol"),
        ("AAPL  261218P00250000\n", "OSI symbol"),
        ("AAPL  26121\u0668P00250000", "OSI symbol"),
        ("AAPL  261318P00250000", "no date"),
        ("AAPL  260230P00250000", "no date"),
        ("AAPL  261218P00000000", "greater than zero"),
    ],
)
def test_a_text_that_is_no_osi_symbol_is_refused(text: str, reason: str) -> None:
    """Each way of being wrong is named."""
    with pytest.raises(BadInput, match=reason):
        Option.from_osi(text)


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("symbol", {"underlying": "aapl"}),
        ("symbol", {"underlying": "AAPL "}),
        ("symbol", {"underlying": ""}),
        ("symbol", {"underlying": None}),
        ("expiry", {"expiry": "2026-12-18"}),
        ("expiry", {"expiry": datetime(2026, 12, 18)}),  # noqa: DTZ001 - naive on purpose
        ("expiry", {"expiry": date(1999, 12, 31)}),
        ("expiry", {"expiry": date(2100, 1, 1)}),
        ("strike", {"strike": 0}),
        ("strike", {"strike": -5}),
        ("strike", {"strike": "1.0005"}),
        ("strike", {"strike": 100_000}),
        ("strike", {"strike": "1E+40"}),
        ("strike", {"strike": 250.0}),
        ("right", {"right": "P"}),
        ("multiplier", {"multiplier": 0}),
        ("multiplier", {"multiplier": 100.0}),
        ("multiplier", {"multiplier": True}),
        ("currency", {"currency": "usd"}),
    ],
)
def test_a_bad_part_of_an_option_is_named(field: str, changed: dict[str, object]) -> None:
    """Every field refuses what it cannot be, by name and value."""
    parts: dict[str, object] = {
        "underlying": "AAPL",
        "expiry": date(2026, 12, 18),
        "strike": Decimal(250),
        "right": OptionRight.PUT,
    }
    with pytest.raises(BadInput) as refused:
        Option(**{**parts, **changed})  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.parametrize("symbol", ["A", "BRK B", "BRK.B", "SPX1", "ABCDEFGHIJKL"])
def test_a_symbol_may_have_dots_digits_and_inner_blanks(symbol: str) -> None:
    """The forms IBKR uses are taken as they are."""
    assert Stock(symbol).symbol == symbol


@pytest.mark.parametrize("symbol", ["", " A", "A ", "a", "1A", "ABCDEFGHIJKLM", "A\n", "A-B", 5])
def test_another_form_of_symbol_is_refused(symbol: object) -> None:
    """A blank at the end would make the same share another instrument."""
    with pytest.raises(BadInput) as refused:
        Stock(symbol)  # type: ignore[arg-type]
    assert refused.value.field == "symbol"


def test_a_root_too_long_for_osi_is_refused() -> None:
    """OSI has six characters for the root."""
    option = Option("ABCDEFG", date(2026, 12, 18), Decimal(250), OptionRight.PUT)
    with pytest.raises(BadInput, match="six characters"):
        _ = option.osi_symbol


def test_multipliers() -> None:
    """A share is one, an option a hundred shares unless adjusted; two multipliers, two options."""
    option = Option("AAPL", date(2026, 12, 18), Decimal(250), OptionRight.PUT)
    assert (Stock("AAPL").multiplier, option.multiplier) == (1, 100)
    adjusted = Option("AAPL", date(2026, 12, 18), Decimal(250), OptionRight.PUT, multiplier=10)
    assert adjusted != option
