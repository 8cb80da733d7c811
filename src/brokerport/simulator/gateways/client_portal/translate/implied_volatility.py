"""An underlying's thirty-day volatility, as its options have it.

Rule (Web API, field 7283): the at-the-money volatility thirty calendar days forward, from the
options of two consecutive expirations. At the money is the strike nearest to the last price, and
between the two expirations the volatility runs in a straight line of days.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from brokerport.domain.errors import UnknownContract
from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.gateways.client_portal.market_desk import MarketDesk

_DAYS = 30
_STEP = Decimal("0.00000001")


def thirty_day_volatility(desk: MarketDesk, stock: Stock, at: datetime) -> Decimal | None:
    """Return the yearly fraction, or None without options, a price or a model."""
    today = exchange_date(at)
    spot = desk.world.market.quote(stock, at).last
    if spot is None:
        return None
    try:
        chain = desk.world.listing.option_chain(stock, today)
    except UnknownContract:
        return None
    strike = min(chain.strikes, key=lambda one: (abs(one - spot), one))
    sooner = [day for day in chain.expiries if 0 < (day - today).days <= _DAYS]
    later = [day for day in chain.expiries if (day - today).days > _DAYS]
    if not sooner or not later:
        return None
    first = _at_the_money(desk, stock, sooner[-1], strike, at)
    second = _at_the_money(desk, stock, later[0], strike, at)
    if first is None or second is None:
        return None
    days = (later[0] - sooner[-1]).days
    share = Decimal(_DAYS - (sooner[-1] - today).days) / days
    return (first + (second - first) * share).quantize(_STEP)


def _at_the_money(
    desk: MarketDesk, stock: Stock, expiry: date, strike: Decimal, at: datetime
) -> Decimal | None:
    found = [
        desk.world.market.greeks(Option(stock.symbol, expiry, strike, right), at)
        for right in OptionRight
    ]
    known = [greeks.implied_volatility for greeks in found if greeks is not None]
    return sum(known, Decimal(0)) / len(known) if known else None
