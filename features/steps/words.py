"""The words of the features: how an instrument, its quantity and an order's terms are written."""

from __future__ import annotations

import re
from datetime import date

from brokerport import (
    Instrument,
    Limit,
    Market,
    Option,
    OptionRight,
    OrderType,
    Side,
    Stock,
    Stop,
    StopLimit,
    TimeInForce,
)

ACCOUNT = r"(?P<account>[a-z][a-z0-9-]*)"
INSTRUMENT = r"(?P<instrument>[A-Z]+(?: \d{4}-\d\d-\d\d [\d.]+ (?:put|call))?)"
QUANTITY = r"(?P<quantity>-?[\d,]+)"
PRICE = r"[\d,]+(?:\.\d+)?"
TERMS = (
    r"(?P<terms>at market|at a limit of \S+|with a stop at \S+ and a limit of \S+"
    r"|with a stop at \S+)"
)
LIFE = r"(?P<life>, good till cancelled|, immediate or cancel|)"

SIDES = {"buy": Side.BUY, "sell": Side.SELL, "buys": Side.BUY, "sells": Side.SELL}
LIVES = {
    "": TimeInForce.DAY,
    ", good till cancelled": TimeInForce.GTC,
    ", immediate or cancel": TimeInForce.IOC,
}


def number(text: str) -> str:
    """Return a number without its thousands separators."""
    return text.replace(",", "")


def instrument_of(text: str) -> Instrument:
    """Read ``AAPL`` or ``AAPL 2026-01-16 250 put``."""
    symbol, *option = text.split(" ")
    if not option:
        return Stock(symbol)
    expiry, strike, right = option
    return Option(symbol, date.fromisoformat(expiry), strike, OptionRight[right.upper()])


def order_type_of(terms: str) -> OrderType:
    """Read an order's terms."""
    prices = [number(text) for text in re.findall(r"-?[\d,]*\.?\d+", terms)]
    if terms == "at market":
        return Market()
    if terms.startswith("at a limit"):
        return Limit(prices[0])
    if len(prices) == 2:
        return StopLimit(prices[0], prices[1])
    return Stop(prices[0])
