"""The trading day is the date in New York, winter and summer."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE, exchange_date, exchange_midnight
from tests.support.properties import PROPERTY


@pytest.mark.parametrize(
    ("at", "day", "midnight"),
    [
        ("2026-01-06T04:59:59+00:00", "2026-01-05", "2026-01-05T05:00:00+00:00"),
        ("2026-01-06T05:00:00+00:00", "2026-01-06", "2026-01-06T05:00:00+00:00"),
        ("2026-07-01T03:59:59+00:00", "2026-06-30", "2026-06-30T04:00:00+00:00"),
        ("2026-07-01T04:00:00+00:00", "2026-07-01", "2026-07-01T04:00:00+00:00"),
        # Clocks went forward at two that morning, and back on the other.
        ("2026-03-08T20:00:00+00:00", "2026-03-08", "2026-03-08T05:00:00+00:00"),
        ("2026-11-01T20:00:00+00:00", "2026-11-01", "2026-11-01T04:00:00+00:00"),
    ],
)
def test_the_day_begins_at_midnight_in_new_york(at: str, day: str, midnight: str) -> None:
    """The same moment of UTC falls on different sides of midnight in winter and summer."""
    moment = datetime.fromisoformat(at)
    assert exchange_date(moment) == date.fromisoformat(day)
    assert exchange_midnight(moment) == datetime.fromisoformat(midnight)


@PROPERTY
@given(st.integers(1_577_836_800, 1_893_456_000).map(lambda at: datetime.fromtimestamp(at, UTC)))
def test_a_moment_lies_in_its_own_day(at: datetime) -> None:
    """Midnight is not after the moment, on the same date, and at most 25 hours back."""
    midnight = exchange_midnight(at)
    assert midnight.astimezone(EXCHANGE_TIME_ZONE).time().isoformat() == "00:00:00"
    assert exchange_date(midnight) == exchange_date(at)
    assert 0 <= (at - midnight).total_seconds() < 25 * 3600
