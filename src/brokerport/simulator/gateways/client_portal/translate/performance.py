"""Portfolio Analyst's series: what accounts were worth, and what they returned.

Rules:

- Several accounts are consolidated: their values add up, on the days on which all are known.
- A period begins with the close before its first day (``startNAV``); where the history does not
  reach so far back it begins with the first close known, and says so in ``start``.
- ``cps`` is the cumulative return since ``startNAV`` and ``tpps`` the return of each month, as
  fractions rounded to four decimals. Nothing is paid in or out, so a return is a change in value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from attrs import frozen

from brokerport.simulator.gateways.client_portal.nav_history import NavPoint

PERIODS = ("1D", "7D", "MTD", "1M", "3M", "6M", "12M", "YTD", "1Y")
ALL_PERIODS = ("1D", "7D", "MTD", "1M", "YTD", "1Y")
_MONTHS = {"1M": 1, "3M": 3, "6M": 6, "12M": 12, "1Y": 12}
_STEP = Decimal("0.0001")


@frozen
class Series:
    """The values of a period, and the close before it."""

    start: NavPoint
    points: tuple[NavPoint, ...]

    @property
    def dates(self) -> list[str]:
        """The days, as YYYYMMDD."""
        return [day_text(point.day) for point in self.points]

    @property
    def values(self) -> list[Decimal]:
        """What was there on each day."""
        return [point.value for point in self.points]

    @property
    def cumulative_returns(self) -> list[Decimal]:
        """The return of each day since the start."""
        return [_return(self.start, point) for point in self.points]

    def monthly_returns(self) -> dict[str, Decimal]:
        """Return each month's return by its YYYYMM."""
        months: dict[str, NavPoint] = {}
        for point in self.points:
            months[f"{point.day:%Y%m}"] = point
        ends = [self.start, *months.values()]
        returns = [_return(before, after) for before, after in pairwise(ends)]
        return dict(zip(months, returns, strict=True))

    def start_row(self) -> dict[str, Any]:
        """Return ``startNAV``."""
        return {"date": day_text(self.start.day), "val": self.start.value}


def consolidated(histories: Sequence[Sequence[NavPoint]]) -> tuple[NavPoint, ...]:
    """Add the values of several accounts up, on the days that all of them know."""
    by_day = [{point.day: point.value for point in history} for history in histories]
    days = sorted(set.intersection(*(set(one) for one in by_day)))
    return tuple(NavPoint(day, sum((one[day] for one in by_day), Decimal(0))) for day in days)


def of_period(points: Sequence[NavPoint], period: str) -> Series:
    """Return a period's series up to the last point, which is today's; at least one day."""
    first_day = _first_day(points[-1].day, period)
    inside = tuple(point for point in points[1:] if point.day >= first_day)
    if not inside:
        inside = (points[-1],)
    before = [point for point in points if point.day < inside[0].day]
    return Series(before[-1] if before else points[0], inside)


def day_text(day: date) -> str:
    """Return a day as YYYYMMDD."""
    return f"{day:%Y%m%d}"


def _first_day(today: date, period: str) -> date:
    if period == "1D":
        return today
    if period == "7D":
        return today - timedelta(days=6)
    if period == "MTD":
        return today.replace(day=1)
    if period == "YTD":
        return today.replace(month=1, day=1)
    return _months_before(today, _MONTHS[period])


def _months_before(today: date, months: int) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    day = today.day
    while True:
        try:
            return date(year, month + 1, day)
        except ValueError:
            day -= 1


def _return(before: NavPoint, after: NavPoint) -> Decimal:
    if before.value <= 0:
        return Decimal(0)
    return (after.value / before.value - 1).quantize(_STEP)
