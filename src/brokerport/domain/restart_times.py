"""When TWS or a gateway restarts, and which restart is near."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from attrs import frozen

from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_RESTART = re.compile(r"(?:(mon|tue|wed|thu|fri|sat|sun) )?([01][0-9]|2[0-3]):([0-5][0-9])\Z")


@frozen
class RestartTime:
    """When TWS or the gateway restarts, New York time; ``weekday`` 0 is Monday, None every day."""

    weekday: int | None
    at: time


def restart_time(text: str) -> RestartTime:
    """Read ``23:45`` or ``sat 00:30``.

    Raises:
        ValueError: it is neither.
    """
    match = _RESTART.match(text)
    if match is None:
        raise ValueError(text)
    weekday = None if match[1] is None else DAYS.index(match[1])
    return RestartTime(weekday, time(int(match[2]), int(match[3])))


def next_restart(
    restarts: Sequence[RestartTime], now: datetime, within: timedelta
) -> datetime | None:
    """Return the first restart after ``now`` (New York) and ``within`` a time of it, or None."""
    near = [
        moment
        for restart in restarts
        for days in (0, 1)
        if now <= (moment := _on_day(restart, now, days)) <= now + within
        and restart.weekday in (None, moment.weekday())
    ]
    return min(near, default=None)


def _on_day(restart: RestartTime, now: datetime, days: int) -> datetime:
    day = now.date() + timedelta(days=days)
    return datetime.combine(day, restart.at, tzinfo=EXCHANGE_TIME_ZONE)
