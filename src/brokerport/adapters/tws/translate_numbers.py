"""Numbers and times: ib_async's floats and texts into exact Decimals and UTC times.

A price came over the wire as decimal text and was made a float; the shortest text that gives the
same float back (``repr``) is the text that came. IBKR's ways of saying "no value" (the largest
double, the largest int, NaN, an empty text) become None here and pass no further.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ib_async.util import UNSET_DOUBLE, UNSET_INTEGER

from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE

EXCHANGE_ZONE_NAME = EXCHANGE_TIME_ZONE.key

# How TWS names its login zone in the handshake; ZoneInfo's own "EST" knows no summer time.
_TIME_ZONES = {
    "EST": EXCHANGE_ZONE_NAME,
    "EDT": EXCHANGE_ZONE_NAME,
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "MST": "America/Denver",
    "MDT": "America/Denver",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "BST": "Europe/London",
    "CEST": "Europe/Berlin",
}

_UNSET_INTEGERS = frozenset({UNSET_INTEGER, 2**63 - 1})


def optional_number(value: float | Decimal | str | None) -> Decimal | None:
    """Return a number exactly as it was written, or None when it stands for no value."""
    if value is None or value == "":
        return None
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, str):
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise ValueError(f"{value!r} is not a number") from None
    else:
        if not math.isfinite(value):
            return None
        number = Decimal(repr(value))
    if not number.is_finite() or abs(number) >= Decimal(repr(UNSET_DOUBLE)):
        return None
    return _plain(number)


def number(value: float | Decimal | str | None, name: str) -> Decimal:
    """Return a number that must be there.

    Raises:
        ValueError: it stands for no value.
    """
    found = optional_number(value)
    if found is None:
        raise ValueError(f"{name} has no value")
    return found


def optional_id(value: int) -> int | None:
    """Return a broker's id, or None for zero and for the unset integer."""
    return None if value == 0 or value in _UNSET_INTEGERS else value


def wire_price(price: Decimal) -> Decimal:
    """Return a price whose text is plain decimal, as the socket needs it."""
    return _plain(price)


def _plain(number: Decimal) -> Decimal:
    if number == number.to_integral_value():
        return number.quantize(Decimal(1)) if abs(number) < Decimal(10) ** 20 else number
    return Decimal(format(number.normalize(), "f"))


def utc_time(value: datetime) -> datetime:
    """Return an aware time in UTC.

    Raises:
        ValueError: the time is naive, so that nobody knows when it was.
    """
    if value.tzinfo is None:
        raise ValueError(f"the time {value} has no time zone")
    return value.astimezone(UTC)


def login_time_zone(connection_time: str) -> str:
    """Return the IANA zone that the handshake's time names; New York when it names none known.

    TWS stamps executions without a zone in older forms; they are in its login zone.
    """
    name = connection_time.rpartition(" ")[2]
    name = _TIME_ZONES.get(name, name)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return EXCHANGE_ZONE_NAME
    return name
