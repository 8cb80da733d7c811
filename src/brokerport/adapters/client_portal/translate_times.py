"""Times: the forms in which Client Portal tells a moment, as aware UTC times.

The ``_r`` fields and ``_updated`` are milliseconds since 1970; the ledger counts seconds. Written
times are UTC whatever the exchange: ``YYMMDDhhmmss`` of orders, ``YYYYMMDD-hh:mm:ss`` of trades.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from brokerport.adapters.client_portal.translate_numbers import number

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def epoch_milliseconds(value: object) -> datetime:
    """Return the moment that is so many milliseconds after 1970.

    Raises:
        ValueError: it is no such number.
    """
    return _after_epoch(number(value, "time") / 1000)


def epoch_seconds(value: object) -> datetime:
    """Return the moment that is so many seconds after 1970.

    Raises:
        ValueError: it is no such number.
    """
    return _after_epoch(number(value, "time"))


def compact_time(text: object) -> datetime:
    """Read ``YYMMDDhhmmss``.

    Raises:
        ValueError: it is not of that form.
    """
    return _written(text, "%y%m%d%H%M%S", 12)


def trade_time(text: object) -> datetime:
    """Read ``YYYYMMDD-hh:mm:ss``.

    Raises:
        ValueError: it is not of that form.
    """
    return _written(text, "%Y%m%d-%H:%M:%S", 17)


def _written(text: object, form: str, length: int) -> datetime:
    wrong = ValueError(f"{text!r} is not a time of the form {form}")
    if not isinstance(text, str) or len(text) != length:
        raise wrong
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        raise wrong from None


def _after_epoch(seconds: Decimal) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
    except OverflowError:
        raise ValueError(f"{seconds} seconds after 1970 is no time") from None
