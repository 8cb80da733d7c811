"""Black-Scholes-Merton against QuantLib and against what must hold of any option price."""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import OptionRight
from brokerport.simulator.market.option_pricing import (
    implied_volatility,
    intrinsic_value,
    price,
    sensitivities,
)

with warnings.catch_warnings():
    # SWIG's own types make Python 3.12 and later warn when QuantLib is imported.
    warnings.simplefilter("ignore")
    import QuantLib as ql

TODAY = ql.Date(5, 1, 2026)


class Terms(NamedTuple):
    right: OptionRight
    spot: float
    strike: float
    years: float
    volatility: float
    rate: float = 0.0
    dividend_yield: float = 0.0


class Reference(NamedTuple):
    price: float
    delta: float
    gamma: float
    theta: float
    vega: float


DAYS = st.integers(1, 800)
SPOTS = st.floats(1.0, 2000.0)
VOLATILITIES = st.floats(0.05, 1.5)


@st.composite
def terms(draw: st.DrawFn, *, rates: bool = True) -> Terms:
    spot = draw(SPOTS)
    return Terms(
        draw(st.sampled_from(OptionRight)),
        spot,
        spot * draw(st.floats(0.4, 2.0)),
        draw(DAYS) / 365.0,
        draw(VOLATILITIES),
        draw(st.floats(0.0, 0.1)) if rates else 0.0,
        draw(st.floats(0.0, 0.08)) if rates else 0.0,
    )


def quantlib(case: Terms) -> Reference:
    """Price a case with QuantLib's analytic European engine."""
    ql.Settings.instance().evaluationDate = TODAY
    day_count = ql.Actual365Fixed()
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(case.spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, case.dividend_yield, day_count)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, case.rate, day_count)),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(TODAY, ql.NullCalendar(), case.volatility, day_count)
        ),
    )
    side = ql.Option.Call if case.right is OptionRight.CALL else ql.Option.Put
    option = ql.VanillaOption(
        ql.PlainVanillaPayoff(side, case.strike),
        ql.EuropeanExercise(TODAY + round(case.years * 365)),
    )
    option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    return Reference(
        option.NPV(), option.delta(), option.gamma(), option.thetaPerDay(), option.vega() / 100
    )


@settings(max_examples=300)
@given(terms())
def test_prices_and_sensitivities_are_quantlibs(case: Terms) -> None:
    """Price, delta, gamma, theta per day and vega per point agree with QuantLib."""
    expected = quantlib(case)
    found = sensitivities(*case)
    ours = Reference(price(*case), found.delta, found.gamma, found.theta, found.vega)
    scale = case.spot
    for mine, theirs in zip(ours, expected, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-7, abs=1e-9 * scale)


def test_a_textbook_example() -> None:
    """Hull's example: 42, strike 40, half a year, 10%, 20%: call 4.76, put 0.81."""
    call = price(OptionRight.CALL, 42, 40, 0.5, 0.2, 0.1)
    put = price(OptionRight.PUT, 42, 40, 0.5, 0.2, 0.1)
    assert (round(call, 2), round(put, 2)) == (4.76, 0.81)


@given(terms())
def test_calls_and_puts_are_in_parity(case: Terms) -> None:
    """A call less a put is the discounted stock less the discounted strike."""
    call = price(OptionRight.CALL, *case[1:])
    put = price(OptionRight.PUT, *case[1:])
    forward = case.spot * math.exp(-case.dividend_yield * case.years)
    discounted = case.strike * math.exp(-case.rate * case.years)
    assert call - put == pytest.approx(forward - discounted, abs=1e-9 * case.spot)


@given(terms(rates=False))
def test_without_interest_no_price_is_below_intrinsic(case: Terms) -> None:
    """So that an American option is worth no more than a European one."""
    floor = intrinsic_value(case.right, case.spot, case.strike)
    assert price(*case) >= floor - 1e-9 * case.spot


@given(terms())
def test_deltas_have_the_sign_of_their_right(case: Terms) -> None:
    """Calls gain with the stock, puts lose; gamma and vega are never negative."""
    found = sensitivities(*case)
    if case.right is OptionRight.CALL:
        assert 0.0 <= found.delta <= 1.0
    else:
        assert -1.0 <= found.delta <= 0.0
    assert found.gamma >= 0.0
    assert found.vega >= 0.0


@given(terms())
def test_implied_volatility_finds_the_volatility_back(case: Terms) -> None:
    """The volatility found explains the price, and is the one put in where vega tells."""
    target = price(*case)
    found = implied_volatility(case.right, target, *case[1:4], case.rate, case.dividend_yield)
    if found is None:
        assert sensitivities(*case).vega < 1e-6 * case.spot
        return
    again = price(*case[:4], found, case.rate, case.dividend_yield)
    assert again == pytest.approx(target, abs=1e-7 * case.spot)
    if sensitivities(*case).vega > 1e-4 * case.spot:
        assert found == pytest.approx(case.volatility, abs=1e-5)


def test_no_volatility_explains_an_impossible_price() -> None:
    """Below intrinsic or above the stock there is none."""
    assert implied_volatility(OptionRight.CALL, 9.0, 110.0, 100.0, 0.5) is None
    assert implied_volatility(OptionRight.CALL, 111.0, 110.0, 100.0, 0.5) is None


@pytest.mark.parametrize(
    ("right", "spot", "value"),
    [
        (OptionRight.CALL, 105.0, 5.0),
        (OptionRight.CALL, 95.0, 0.0),
        (OptionRight.PUT, 95.0, 5.0),
        (OptionRight.PUT, 105.0, 0.0),
    ],
)
def test_at_expiry_an_option_is_worth_its_intrinsic_value(
    right: OptionRight, spot: float, value: float
) -> None:
    """No time is left, no time value either."""
    assert price(right, spot, 100.0, 0.0, 0.3) == value


@pytest.mark.parametrize("name", ["spot", "strike", "volatility"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_terms_that_make_no_sense_are_refused(name: str, value: float) -> None:
    """The field at fault is named."""
    values = {"spot": 100.0, "strike": 100.0, "years": 1.0, "volatility": 0.2, name: value}
    with pytest.raises(BadInput, match=name):
        price(OptionRight.CALL, **values)
    with pytest.raises(BadInput, match=name):
        sensitivities(OptionRight.CALL, **values)


def test_sensitivities_and_implied_volatility_need_time() -> None:
    """At expiry they are not defined."""
    with pytest.raises(BadInput, match="years"):
        sensitivities(OptionRight.CALL, 100.0, 100.0, 0.0, 0.2)
    with pytest.raises(BadInput, match="years"):
        implied_volatility(OptionRight.CALL, 5.0, 100.0, 100.0, 0.0)
