"""How the model's price of an option becomes a displayed quote.

The simulated market has no interest and no dividends: American and European options are worth the
same, put-call parity holds between model prices, and a price is never below intrinsic value. The
volatility of a strike is the stock's, higher for low strikes and at both ends (a mild smile).

All prices here are cents per share. A bid is on the tick at or below the model's price and never
more than a tick below intrinsic; an option whose bid would be under one cent has none. An ask is on
the tick above the bid at least. A last price is the model's on the nearest tick, at least one cent
and never below intrinsic.
"""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal

from brokerport.domain.instruments import OptionRight
from brokerport.simulator.exchange.quotes import DisplayedQuote
from brokerport.simulator.market import option_pricing

YEAR_SECONDS = 365 * 86_400
_SKEW, _CURVATURE = -0.2, 0.5
_WIDE_TICK_FROM, _WIDE_TICK = 300, 5
_HALF_SPREAD_SHARE = 0.01
_ROUNDING = 1e-7
_SIZES = tuple(Decimal(contracts) for contracts in range(10, 74))


def strike_volatility(stock_volatility: float, spot: float, strike: float) -> float:
    """Return the volatility at a strike; one of 0.5 to 2.7 times the stock's."""
    moneyness = math.log(strike / spot)
    moneyness = min(max(moneyness, -1.0), 1.0)
    return stock_volatility * (1.0 + _SKEW * moneyness + _CURVATURE * moneyness * moneyness)


def model_price(
    right: OptionRight, spot: int, strike: float, seconds_left: float, stock_volatility: float
) -> float:
    """Return an option's model price in cents, ``seconds_left`` before its expiry."""
    if seconds_left <= 0.0:
        return option_pricing.intrinsic_value(right, spot, strike)
    volatility = strike_volatility(stock_volatility, spot, strike)
    return option_pricing.price(right, spot, strike, seconds_left / YEAR_SECONDS, volatility)


def last_price(model: float, intrinsic: float, *, is_penny: bool) -> int:
    """Return the price of the last trade in cents: on a tick."""
    last = max(math.floor(model + 0.5), 1)
    if is_penny or last < _WIDE_TICK_FROM:
        return last if last >= intrinsic else last + 1
    last = (2 * last + _WIDE_TICK) // (2 * _WIDE_TICK) * _WIDE_TICK
    return last if last >= intrinsic else last + _WIDE_TICK


def option_quote(
    model: float, intrinsic: float, bits: int, at: datetime, sequence: int, *, is_penny: bool
) -> DisplayedQuote:
    """Return the quote around a model price."""
    half_spread = 0.5 + (bits & 1) * 0.5 + _HALF_SPREAD_SHARE * model
    bid = math.floor(max(model - half_spread, intrinsic) + _ROUNDING)
    ask = max(math.ceil(model + half_spread - _ROUNDING), bid + 1)
    if not is_penny:
        if bid >= _WIDE_TICK_FROM:
            bid -= bid % _WIDE_TICK
        if ask >= _WIDE_TICK_FROM:
            ask += -ask % _WIDE_TICK
            if ask <= bid:
                ask = bid + _WIDE_TICK
    last = last_price(model, intrinsic, is_penny=is_penny)
    has_bid = bid >= 1
    return DisplayedQuote(
        Decimal(bid).scaleb(-2) if has_bid else None,
        _SIZES[bits >> 8 & 63] if has_bid else None,
        Decimal(ask).scaleb(-2),
        _SIZES[bits >> 14 & 63],
        Decimal(last).scaleb(-2),
        _SIZES[bits >> 20 & 31],
        at,
        sequence,
    )
