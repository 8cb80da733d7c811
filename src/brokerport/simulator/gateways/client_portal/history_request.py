"""What a caller asks of past prices: a window of time, cut into bars.

Rules (Web API, "Historical Market Data"; client-portal-wire, section 2):

- ``period`` and ``bar`` are a number and a unit: S, min, h, d, w, m, y. Days are sessions, the one
  in progress included; seconds, minutes and hours count back from the last trading time.
- ``startTime`` (UTC) is where the window ends, whatever its name says; without it the window ends
  now. With ``direction=1`` the window begins there.
- ``source`` is trades, midpoint, bid or ask. IBKR's Bid_Ask mixes averages over time that the
  simulated market does not keep: it is refused.
- There is no trading outside regular hours, so ``outsideRth`` changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from attrs import frozen

from brokerport.domain.errors import FinalError
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.gateways.bars import (
    DAY_SECONDS,
    MONTH_SECONDS,
    WEEK_SECONDS,
    window_start,
)
from brokerport.simulator.gateways.client_portal.errors import bad_request

DEFAULT_PERIOD = "1d"
DEFAULT_BAR = "1min"

_MINUTE, _HOUR = 60, 3600
_BARS: Mapping[str, int] = {
    "1S": 1, "5S": 5, "10S": 10, "15S": 15, "30S": 30,
    "1min": _MINUTE, "2min": 2 * _MINUTE, "3min": 3 * _MINUTE, "5min": 5 * _MINUTE,
    "10min": 10 * _MINUTE, "15min": 15 * _MINUTE, "20min": 20 * _MINUTE, "30min": 30 * _MINUTE,
    "1h": _HOUR, "2h": 2 * _HOUR, "3h": 3 * _HOUR, "4h": 4 * _HOUR, "8h": 8 * _HOUR,
    "1d": DAY_SECONDS, "1w": WEEK_SECONDS, "1m": MONTH_SECONDS,
}  # fmt: skip
_PERIODS_MAX: Mapping[str, int] = {
    "S": 86_400, "min": 1440, "h": 24, "d": 1000, "w": 792, "m": 182, "y": 15,
}  # fmt: skip
_SECONDS: Mapping[str, int] = {"S": 1, "min": _MINUTE, "h": _HOUR}
_SOURCES: Mapping[str, str] = {
    "last": "TRADES",
    "trades": "TRADES",
    "midpoint": "MIDPOINT",
    "bid": "BID",
    "ask": "ASK",
}
_PERIOD = re.compile(r"([0-9]{1,5})(S|min|h|d|w|m|y)")
_TIME_FORM = "%Y%m%d-%H:%M:%S"


@frozen
class HistoryRequest:
    """A request for bars, read and checked; ``reference`` None means now."""

    period: str
    bar_seconds: int
    what_to_show: str
    reference: datetime | None
    begins_at_reference: bool
    outside_regular_hours: bool

    @classmethod
    def read(
        cls,
        period: str = "",
        bar: str = "",
        start_time: str = "",
        source: str = "",
        direction: str = "",
        outside_rth: str = "",
    ) -> HistoryRequest:
        """Read a request's texts; an empty one is IBKR's default.

        Raises:
            PortalError: one of them is none that IBKR knows, or is not simulated (400).
        """
        period, bar = period or DEFAULT_PERIOD, bar or DEFAULT_BAR
        _read_period(period)
        if bar not in _BARS:
            raise bad_request(f"Bad Request: bar must be one of {', '.join(_BARS)}")
        what_to_show = _SOURCES.get((source or "Last").lower())
        if what_to_show is None:
            raise bad_request(f"Bad Request: source must be one of {', '.join(_SOURCES)}")
        if direction not in ("", "-1", "1"):
            raise bad_request("Bad Request: direction must be -1 or 1")
        reference = _read_time(start_time) if start_time else None
        return cls(
            period=period,
            bar_seconds=_BARS[bar],
            what_to_show=what_to_show,
            reference=reference,
            begins_at_reference=direction == "1" and reference is not None,
            outside_regular_hours=outside_rth.lower() in ("true", "1"),
        )

    def window(self, now: datetime, calendar: TradingCalendar) -> tuple[datetime, datetime]:
        """Return where the window begins and ends; it never ends in the future.

        Raises:
            PortalError: it lies outside the calendar (400).
        """
        count, unit = _read_period(self.period)
        try:
            if self.begins_at_reference and self.reference is not None:
                start = min(self.reference, now)
                return start, min(_end_of(start, count, unit, calendar), now)
            end = min(self.reference or now, now)
            if unit in _SECONDS:
                count, unit = count * _SECONDS[unit], "S"
            return window_start(count, unit.upper(), end, calendar, "period"), end
        except FinalError as cause:
            raise bad_request(f"Bad Request: {cause}") from None


def _read_period(text: str) -> tuple[int, str]:
    match = _PERIOD.fullmatch(text)
    count = 0 if match is None else int(match[1])
    if match is None or not 1 <= count <= _PERIODS_MAX[match[2]]:
        raise bad_request(
            "Bad Request: period must be a number and S, min, h, d, w, m or y, at most "
            + ", ".join(f"{most}{unit}" for unit, most in _PERIODS_MAX.items())
        )
    return count, match[2]


def _read_time(text: str) -> datetime:
    try:
        return datetime.strptime(text, _TIME_FORM).replace(tzinfo=UTC)
    except ValueError:
        raise bad_request("Bad Request: startTime must be like 20260105-14:30:00 (UTC)") from None


def _end_of(start: datetime, count: int, unit: str, calendar: TradingCalendar) -> datetime:
    if unit in _SECONDS:
        return start + timedelta(seconds=count * _SECONDS[unit])
    if unit == "d":
        session = calendar.latest_session(start)
        if start >= session.closes_at:
            session = calendar.next_session(session.day)
        for _ in range(count - 1):
            session = calendar.next_session(session.day)
        return session.closes_at
    days = {"w": 7, "m": 30, "y": 365}[unit]
    return start + timedelta(days=days * count)
