"""Money is exact: what goes in comes out, and nothing is rounded behind the caller's back."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.domain.errors import BadInput
from brokerport.domain.money import Money, exact_decimal, to_cents, usd
from tests.support.properties import PROPERTY

amounts = st.decimals(
    min_value=Decimal("-1e12"), max_value=Decimal("1e12"), places=6, allow_nan=False
)


@PROPERTY
@given(amounts, amounts)
def test_sums_and_differences_are_exact(left: Decimal, right: Decimal) -> None:
    """Adding and taking away agree with exact fractions."""
    assert Fraction((usd(left) + usd(right)).amount) == Fraction(left) + Fraction(right)
    assert Fraction((usd(left) - usd(right)).amount) == Fraction(left) - Fraction(right)
    assert Fraction((-usd(left)).amount) == -Fraction(left)


@PROPERTY
@given(amounts, st.integers(-100_000, 100_000))
def test_products_are_exact(amount: Decimal, factor: int) -> None:
    """A price times a quantity agrees with exact fractions."""
    assert Fraction((usd(amount) * factor).amount) == Fraction(amount) * factor


@PROPERTY
@given(amounts, amounts)
def test_comparisons_are_those_of_the_amounts(left: Decimal, right: Decimal) -> None:
    """Money of one currency is ordered as its amounts are."""
    assert (usd(left) < usd(right)) == (left < right)
    assert (usd(left) <= usd(right)) == (left <= right)
    assert (usd(left) > usd(right)) == (left > right)
    assert (usd(left) >= usd(right)) == (left >= right)
    assert (usd(left) == usd(right)) == (left == right)


@PROPERTY
@given(amounts)
def test_cents_are_rounded_half_away_from_zero(amount: Decimal) -> None:
    """Rounding goes to the nearest cent, and a half cent away from zero, on both sides."""
    cents = abs(Fraction(amount)) * 100
    nearest = (cents + Fraction(1, 2)).numerator // (cents + Fraction(1, 2)).denominator
    sign = -1 if amount < 0 else 1
    assert Fraction(to_cents(amount)) == sign * Fraction(nearest, 100)
    assert usd(amount).rounded() == usd(to_cents(amount))


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0.005", "0.01 USD"),
        ("-0.005", "-0.01 USD"),
        ("0.004", "0.00 USD"),
        ("1234567.8", "1,234,567.80 USD"),
    ],
)
def test_text_shows_whole_cents(amount: str, text: str) -> None:
    """A statement's reader sees cents and thousands."""
    assert str(usd(amount)) == text


@pytest.mark.parametrize(
    "value", [1.5, True, None, "abc", "", "NaN", "Infinity", "-Infinity", Decimal("sNaN"), b"1"]
)
def test_a_value_that_is_no_exact_number_is_refused(value: object) -> None:
    """Floats, booleans, words and infinities are refused by field, value and what is allowed."""
    with pytest.raises(BadInput) as refused:
        exact_decimal(value, "strike")  # type: ignore[arg-type]
    assert refused.value.field == "strike"
    assert refused.value.value is value
    shown = str(value) if isinstance(value, Decimal) else repr(value)
    assert str(refused.value).startswith(f"strike is {shown}, but must be a finite Decimal")


@pytest.mark.parametrize("currency", ["usd", "US", "USDX", "U5D", "", "ÄÖÜ", "USD\n", 840, None])
def test_a_currency_is_three_capital_letters(currency: object) -> None:
    """Anything but an ISO 4217 code is refused, other types included."""
    with pytest.raises(BadInput) as refused:
        Money(Decimal(1), currency)  # type: ignore[arg-type]
    assert refused.value.field == "currency"


def test_currencies_never_mix() -> None:
    """Every operation on two amounts refuses two currencies."""
    euros = Money(Decimal(1), "EUR")
    for mixed in (
        lambda: usd(1) + euros,
        lambda: usd(1) - euros,
        lambda: usd(1) < euros,
        lambda: usd(1) <= euros,
        lambda: usd(1) > euros,
        lambda: usd(1) >= euros,
    ):
        with pytest.raises(BadInput, match="'EUR', but must be USD"):
            mixed()
    assert usd(1) != euros


def test_equal_amounts_are_one_key() -> None:
    """1 and 1.00 are the same amount, also in a set."""
    assert len({usd(1), usd("1.00")}) == 1
