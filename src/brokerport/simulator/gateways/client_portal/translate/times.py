"""Times as Client Portal writes them: always UTC, in three forms."""

from __future__ import annotations

from datetime import UTC, datetime


def short_time(at: datetime) -> str:
    """Return a moment as orders carry it, YYMMDDhhmmss: ``260105143000``."""
    return f"{at.astimezone(UTC):%y%m%d%H%M%S}"


def long_time(at: datetime) -> str:
    """Return a moment as trades carry it: ``20260105-14:30:00``."""
    return f"{at.astimezone(UTC):%Y%m%d-%H:%M:%S}"


def epoch_milliseconds(at: datetime) -> int:
    """Return whole milliseconds since 1970 UTC, as the ``_r`` fields carry a moment."""
    return round(at.timestamp() * 1000)
