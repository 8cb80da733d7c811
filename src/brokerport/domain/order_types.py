"""Side, order type and time in force: the terms of an order, as a tagged union.

Each order type carries exactly the prices it needs, so a stop without a trigger cannot be written.
Prices are in the instrument's currency per share.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from attrs import field, frozen

from brokerport.domain.errors import BadInput, InvalidOrder
from brokerport.domain.money import exact_decimal

# No order is near it; beyond it, decimal arithmetic would begin to round or overflow.
_TOO_MUCH = Decimal(10**12)


class Side(Enum):
    """Which way an order trades."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell: what a fill does to the position."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The side that undoes this one."""
        return Side.SELL if self is Side.BUY else Side.BUY


class TimeInForce(Enum):
    """How long an order works: the session, until cancelled, or immediate or cancel."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"


def order_number(name: str, value: Decimal | int | str) -> Decimal:
    """Read a price or a quantity of an order exactly.

    Raises:
        InvalidOrder: it is not an exact number, or not greater than zero.
    """
    try:
        number = exact_decimal(value, name)
    except BadInput as error:
        raise InvalidOrder(name, value, error.allowed) from None
    if number <= 0:
        raise InvalidOrder(name, value, "greater than zero")
    if number >= _TOO_MUCH:
        raise InvalidOrder(name, value, f"below {_TOO_MUCH:,}")
    return number


def _price(name: str, value: Decimal | int | str | None) -> Decimal:
    if value is None:
        raise InvalidOrder(name, value, "a price; this order type cannot go without one")
    return order_number(name, value)


def _limit(value: Decimal | int | str) -> Decimal:
    return _price("limit_price", value)


def _trigger(value: Decimal | int | str) -> Decimal:
    return _price("trigger_price", value)


@frozen
class Market:
    """Trade now, at whatever price the market shows."""


@frozen
class Limit:
    """Trade at ``limit_price`` or better."""

    limit_price: Decimal = field(converter=_limit)


@frozen
class Stop:
    """Become a market order when the market trades through ``trigger_price``."""

    trigger_price: Decimal = field(converter=_trigger)


@frozen
class StopLimit:
    """Become a limit order at ``limit_price`` when the market trades through ``trigger_price``."""

    trigger_price: Decimal = field(converter=_trigger)
    limit_price: Decimal = field(converter=_limit)


OrderType: TypeAlias = Market | Limit | Stop | StopLimit


def prices_of(order_type: OrderType) -> dict[str, Decimal]:
    """Return the prices an order type carries, by field name."""
    match order_type:
        case Market():
            return {}
        case Limit(limit_price):
            return {"limit_price": limit_price}
        case Stop(trigger_price):
            return {"trigger_price": trigger_price}
        case StopLimit(trigger_price, limit_price):
            return {"trigger_price": trigger_price, "limit_price": limit_price}
