"""Black-Scholes-Merton: European option prices and sensitivities, as pure functions of floats.

Prices are per share; volatility, rate and dividend yield are yearly fractions, the latter two
continuously compounded; time is in years. With no rate and no dividends an American option is worth
the same, for early exercise never pays. Tested against QuantLib.

Source: Black and Scholes (1973), Merton (1973); Hull, "Options, Futures, and Other Derivatives".
"""

from __future__ import annotations

import math

from attrs import frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import OptionRight

DAYS_A_YEAR = 365.0
_ROOT_2 = math.sqrt(2.0)
_ROOT_2_PI = math.sqrt(2.0 * math.pi)
_HIGHEST_VOLATILITY = 10.0
_LOWEST_VOLATILITY = 1e-6


@frozen
class Sensitivities:
    """What an option's price answers to; ``theta`` per calendar day, ``vega`` per 1% volatility."""

    delta: float
    gamma: float
    theta: float
    vega: float


def intrinsic_value(right: OptionRight, spot: float, strike: float) -> float:
    """Return what exercising at once would bring, zero at least."""
    gain = spot - strike if right is OptionRight.CALL else strike - spot
    return max(gain, 0.0)


def price(
    right: OptionRight,
    spot: float,
    strike: float,
    years: float,
    volatility: float,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> float:
    """Return an option's price; at or after expiry its intrinsic value.

    Raises:
        BadInput: the spot, strike or volatility is not positive.
    """
    if years <= 0.0:
        return intrinsic_value(right, spot, strike)
    _check(spot, strike, volatility)
    deviation = volatility * math.sqrt(years)
    carry = rate - dividend_yield
    d1 = (math.log(spot / strike) + carry * years) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    forward_leg = spot * math.exp(-dividend_yield * years) if dividend_yield else spot
    strike_leg = strike * math.exp(-rate * years) if rate else strike
    # erfc keeps its precision in the tails, where 1 - N(x) would lose it.
    if right is OptionRight.CALL:
        return 0.5 * (
            forward_leg * math.erfc(-d1 / _ROOT_2) - strike_leg * math.erfc(-d2 / _ROOT_2)
        )
    return 0.5 * (strike_leg * math.erfc(d2 / _ROOT_2) - forward_leg * math.erfc(d1 / _ROOT_2))


def sensitivities(
    right: OptionRight,
    spot: float,
    strike: float,
    years: float,
    volatility: float,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> Sensitivities:
    """Return an option's delta, gamma, theta and vega before its expiry.

    Raises:
        BadInput: the spot, strike, time or volatility is not positive.
    """
    if years <= 0.0:
        raise BadInput("years", years, "greater than zero")
    _check(spot, strike, volatility)
    root_years = math.sqrt(years)
    deviation = volatility * root_years
    d1 = (math.log(spot / strike) + (rate - dividend_yield) * years) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    dividend_discount = math.exp(-dividend_yield * years)
    discounted_strike = strike * math.exp(-rate * years)
    density = math.exp(-0.5 * d1 * d1) / _ROOT_2_PI
    sign = 1.0 if right is OptionRight.CALL else -1.0
    probability_1 = 0.5 * math.erfc(-sign * d1 / _ROOT_2)
    probability_2 = 0.5 * math.erfc(-sign * d2 / _ROOT_2)
    yearly_theta = (
        -spot * dividend_discount * density * volatility / (2.0 * root_years)
        - sign * rate * discounted_strike * probability_2
        + sign * dividend_yield * spot * dividend_discount * probability_1
    )
    return Sensitivities(
        delta=sign * dividend_discount * probability_1,
        gamma=dividend_discount * density / (spot * deviation),
        theta=yearly_theta / DAYS_A_YEAR,
        vega=spot * dividend_discount * density * root_years / 100.0,
    )


def implied_volatility(
    right: OptionRight,
    option_price: float,
    spot: float,
    strike: float,
    years: float,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> float | None:
    """Return the volatility that explains a price, or None when none between 0 and 1000% does.

    Found by bisection, to a ten-millionth: the price rises with volatility throughout.

    Raises:
        BadInput: the spot, strike or time is not positive.
    """
    if years <= 0.0:
        raise BadInput("years", years, "greater than zero")
    low, high = _LOWEST_VOLATILITY, _HIGHEST_VOLATILITY
    if price(right, spot, strike, years, low, rate, dividend_yield) > option_price:
        return None
    if price(right, spot, strike, years, high, rate, dividend_yield) < option_price:
        return None
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        if price(right, spot, strike, years, middle, rate, dividend_yield) < option_price:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _check(spot: float, strike: float, volatility: float) -> None:
    if spot > 0.0 and strike > 0.0 and volatility > 0.0:
        return
    for name, value in (("spot", spot), ("strike", strike), ("volatility", volatility)):
        if not value > 0.0:
            raise BadInput(name, value, "greater than zero")
