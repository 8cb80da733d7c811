"""Numbers and times of the Client Portal API, as texts and floats, into exact values."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.adapters.client_portal.translate_numbers import (
    LastPrice,
    contract_id,
    is_abbreviated,
    last_price,
    number,
    optional_money,
    optional_number,
    optional_percentage,
    optional_size,
)
from brokerport.adapters.client_portal.translate_times import (
    compact_time,
    epoch_milliseconds,
    epoch_seconds,
    trade_time,
)
from brokerport.domain.money import Money, usd

PRICES = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=6)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (192.26, "192.26"),
        (0.1 + 0.2, "0.30000000000000004"),
        (266.20888333333335, "266.20888333333335"),
        (5, "5"),
        (Decimal("3.10"), "3.1"),
        ("192.26", "192.26"),
        ("-0.45", "-0.45"),
        ("+1.10", "1.1"),
        ("1,005,254", "1005254"),
        ("1,300", "1300"),
        ("0", "0"),
        (".5", "0.5"),
        ("1e3", "1000"),
    ],
)
def test_a_number_is_read_exactly(value: object, expected: str) -> None:
    """The digits are those that came, without zeros that say nothing."""
    found = optional_number(value)
    assert str(found) == expected


@pytest.mark.parametrize("value", [None, "", math.nan, math.inf, 1.7976931348623157e308])
def test_no_value_is_none(value: object) -> None:
    """Every one of IBKR's ways of saying so."""
    assert optional_number(value) is None
    with pytest.raises(ValueError, match="price has no value"):
        number(value, "price")


@pytest.mark.parametrize(
    "value",
    ["abc", "1,2345", "12,34", "1.2M", "C1.0", "1 000", "--1", ".", "\u0661", True, [], {}, "NaN"],
)
def test_what_is_no_number_is_refused(value: object) -> None:
    """A guess would be a wrong price."""
    with pytest.raises(ValueError, match="not a number"):
        optional_number(value)


@given(PRICES)
def test_a_price_survives_its_journey_as_json(price: Decimal) -> None:
    """As a JSON number and as a text with separators, up to a double's digits."""
    short = Decimal(repr(float(price)))
    assert optional_number(json.loads(json.dumps(float(price)))) == short
    assert optional_number(f"{price:,}") == price


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.2M", 1_200_000), ("12.3K", 12_300), ("2B", 2 * 10**9), ("950", 950), ("1,300", 1300)],
)
def test_a_size_may_be_abbreviated(value: str, expected: int) -> None:
    """Thousands, millions, billions."""
    assert optional_size(value) == expected
    assert is_abbreviated(value) == (value[-1] in "KMB")


@pytest.mark.parametrize("value", ["M", "1.2X", "1.2MM"])
def test_a_size_of_another_form_is_refused(value: str) -> None:
    """It would be a wrong size."""
    with pytest.raises(ValueError, match=r"not a number|no value"):
        optional_size(value)


def test_a_last_price_says_by_its_prefix_what_it_is() -> None:
    """The prior close, or the last one before a halt."""
    assert last_price("250.02") == LastPrice(Decimal("250.02"))
    assert last_price("C123.45") == LastPrice(Decimal("123.45"), is_prior_close=True)
    assert last_price("H123.45") == LastPrice(Decimal("123.45"), is_halted=True)
    assert last_price("") == last_price(None) == LastPrice(None)
    with pytest.raises(ValueError, match="not a number"):
        last_price("X123.45")


def test_a_percentage_is_a_fraction() -> None:
    """Exactly, with or without its sign."""
    assert str(optional_percentage("25.3%")) == "0.253"
    assert str(optional_percentage("25")) == "0.25"
    assert optional_percentage("") is None


def test_money_is_written_with_its_currency() -> None:
    """What else stands there, in brackets, is no part of it."""
    assert optional_money("1,005,254 USD") == usd(1_005_254)
    assert optional_money("1,977.60 USD (10 Shares)") == usd("1977.60")
    assert optional_money("-12.5 EUR") == Money("-12.5", "EUR")
    assert optional_money("") is optional_money(None) is None


@pytest.mark.parametrize("value", ["12.5", "USD", "1,2345 USD", "12.5 usd", 12.5, "1.2.3 USD"])
def test_money_without_a_currency_is_refused(value: object) -> None:
    """Nobody knows what it is worth."""
    with pytest.raises(ValueError, match=r"money|number"):
        optional_money(value)


def test_a_contract_id_is_a_number_or_a_text() -> None:
    """IBKR writes both."""
    assert contract_id(265598) == contract_id("265598") == 265598


@pytest.mark.parametrize("value", [0, -1, "", "12a", "-5", None, True, 1.0, "265598@SMART"])
def test_what_is_no_contract_id_is_refused(value: object) -> None:
    """A conid is a positive whole number."""
    with pytest.raises(ValueError, match="not a contract id"):
        contract_id(value)


def test_every_form_of_a_time_is_the_same_moment() -> None:
    """Milliseconds, seconds, and the two written ones; all of them UTC."""
    moment = datetime(2023, 12, 11, 18, 0, 49, tzinfo=UTC)
    assert epoch_milliseconds(1702317649000) == moment
    assert epoch_milliseconds("1702317649250") == moment.replace(microsecond=250_000)
    assert epoch_seconds(1702317649) == moment
    assert compact_time("231211180049") == moment
    assert trade_time("20231211-18:00:49") == moment


@pytest.mark.parametrize("text", ["", "2312111800", "20231211 18:00:49", None, 231211180049])
def test_a_time_of_another_form_is_refused(text: object) -> None:
    """A trade at the wrong time would be of the wrong day."""
    for read in (compact_time, trade_time):
        with pytest.raises(ValueError, match="not a time"):
            read(text)
