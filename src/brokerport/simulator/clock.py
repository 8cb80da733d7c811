"""The world's clock: everyone may read it, only the world holds its hand."""

from __future__ import annotations

from datetime import datetime, timedelta

from brokerport.domain.errors import BadInput


class SimulatedClock:
    """The time inside one world, timezone-aware UTC."""

    def __init__(self, starts_at: datetime) -> None:
        """Set the clock; raises ``BadInput`` unless the time is aware and in UTC."""
        _check_utc(starts_at)
        self._now = starts_at

    def now(self) -> datetime:
        """Return the time in the world."""
        return self._now


class ClockHand:
    """The right to move a clock; whoever builds the clock keeps it."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock

    def move_to(self, at: datetime) -> None:
        """Set the clock forward to ``at``.

        Raises:
            BadInput: the time is not aware UTC, or lies in the past of the clock.
        """
        _check_utc(at)
        if at < self._clock.now():
            raise BadInput("at", at.isoformat(), f"{self._clock.now().isoformat()} or later")
        self._clock._now = at


def _check_utc(at: datetime) -> None:
    if at.tzinfo is None or at.utcoffset() != timedelta(0):
        raise BadInput("time", at.isoformat(), "timezone-aware UTC")
