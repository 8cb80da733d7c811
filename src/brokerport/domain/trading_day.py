"""The trading day: the date at the exchange in New York, by which orders and options live."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

EXCHANGE_TIME_ZONE = ZoneInfo("America/New_York")


def exchange_date(at: datetime) -> date:
    """Return the date at the exchange at an aware moment."""
    return at.astimezone(EXCHANGE_TIME_ZONE).date()


def exchange_midnight(at: datetime) -> datetime:
    """Return the moment (UTC) at which the exchange's date at ``at`` began."""
    return datetime.combine(exchange_date(at), time(), EXCHANGE_TIME_ZONE).astimezone(UTC)
