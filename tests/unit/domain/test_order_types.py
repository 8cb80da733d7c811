"""Order types carry exactly the prices they need, and refuse prices that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from brokerport.domain.errors import InvalidOrder
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    prices_of,
)

BAD_PRICES = [
    None,
    0,
    -1,
    "-0.01",
    1.5,
    True,
    "",
    "abc",
    "NaN",
    "Infinity",
    "1E+40",
    Decimal("1000000000000"),
]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("limit_price", lambda price: Limit(price)),
        ("trigger_price", lambda price: Stop(price)),
        ("trigger_price", lambda price: StopLimit(price, Decimal(5))),
        ("limit_price", lambda price: StopLimit(Decimal(5), price)),
    ],
)
@pytest.mark.parametrize("price", BAD_PRICES, ids=repr)
def test_a_price_that_cannot_be_is_an_invalid_order(
    name: str, make: Callable[[object], OrderType], price: object
) -> None:
    """Every bad price is refused as an invalid order, by its name and value."""
    with pytest.raises(InvalidOrder) as refused:
        make(price)
    assert refused.value.field == name
    assert refused.value.value == price


def test_prices_by_name() -> None:
    """Each order type tells the prices it carries."""
    assert prices_of(Market()) == {}
    assert prices_of(Limit("1.5")) == {"limit_price": Decimal("1.5")}
    assert prices_of(Stop(2)) == {"trigger_price": Decimal(2)}
    assert prices_of(StopLimit("2", "1.9")) == {
        "trigger_price": Decimal(2),
        "limit_price": Decimal("1.9"),
    }


def test_terms_are_equal_when_their_prices_are() -> None:
    """190 and 190.00 are the same limit, so an echo of it is no change."""
    assert Limit("190") == Limit("190.00")
    terms: list[OrderType] = [Limit("190"), Stop("190")]
    assert terms[0] != terms[1]


def test_sides() -> None:
    """A buy adds to a position, a sell takes from it, and each undoes the other."""
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert (Side.BUY.opposite, Side.SELL.opposite) == (Side.SELL, Side.BUY)
