"""Tick sizes: which prices an exchange takes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.domain.contracts import ContractDetails, PriceIncrement
from brokerport.domain.errors import BadInput, InvalidOrder
from brokerport.domain.order_types import Limit, Market, Stop, StopLimit
from brokerport.domain.orders import check_prices
from tests.support.examples import AAPL_PUT
from tests.support.properties import PROPERTY

PENNY_PROGRAMME = (
    PriceIncrement(Decimal(0), Decimal("0.01")),
    PriceIncrement(Decimal(3), Decimal("0.05")),
)


def details(steps: tuple[PriceIncrement, ...] = PENNY_PROGRAMME) -> ContractDetails:
    """Return an option's details with these price steps."""
    return ContractDetails(AAPL_PUT, 1, "APPLE INC", "AMEX", steps)


@pytest.mark.parametrize(
    ("price", "tick", "allowed"),
    [
        ("0.01", "0.01", True),
        ("2.99", "0.01", True),
        ("2.995", "0.01", False),
        ("3.00", "0.05", True),
        ("3.01", "0.05", False),
        ("3.05", "0.05", True),
        ("1000.05", "0.05", True),
    ],
)
def test_the_step_depends_on_the_price(price: str, tick: str, allowed: bool) -> None:
    """Below three dollars a cent, from three dollars on five."""
    assert details().tick_size(Decimal(price)) == Decimal(tick)
    assert details().is_on_tick(Decimal(price)) is allowed


@PROPERTY
@given(st.integers(1, 10**6), st.sampled_from(["0.01", "0.05", "0.1", "0.25", "1"]))
def test_exactly_the_whole_ticks_are_allowed(thousandths: int, tick: str) -> None:
    """A price is allowed if and only if it is a whole number of ticks."""
    price = Decimal(thousandths) / 1000
    step = int(Decimal(tick) * 1000)
    one_step = details((PriceIncrement(Decimal(0), Decimal(tick)),))
    assert one_step.is_on_tick(price) is (thousandths % step == 0)


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (PriceIncrement(Decimal(1), Decimal("0.01")),),
        (*reversed(PENNY_PROGRAMME),),
        (PriceIncrement(Decimal(0), Decimal(0)),),
        (*PENNY_PROGRAMME, PriceIncrement(Decimal(5), Decimal("-0.1"))),
    ],
)
def test_steps_that_are_no_ladder_are_refused(steps: tuple[PriceIncrement, ...]) -> None:
    """A tick of zero would divide by zero, a gap would leave a price without a rule."""
    with pytest.raises(BadInput, match="price_increments"):
        details(steps)


@pytest.mark.parametrize(
    ("order_type", "field"),
    [
        (Limit("3.01"), "limit_price"),
        (Stop("2.995"), "trigger_price"),
        (StopLimit("3.01", "3.05"), "trigger_price"),
        (StopLimit("3.05", "3.01"), "limit_price"),
    ],
)
def test_a_price_off_the_tick_is_refused_by_name(
    order_type: Limit | Stop | StopLimit, field: str
) -> None:
    """The error names the price, its value and the tick."""
    with pytest.raises(InvalidOrder, match=r"multiple of the tick size 0\.0") as refused:
        check_prices(order_type, details())
    assert refused.value.field == field


def test_prices_on_the_tick_pass() -> None:
    """Whole ticks, and orders without a price, are let through."""
    for order_type in (Market(), Limit("3.05"), StopLimit("2.99", "3.00")):
        check_prices(order_type, details())
