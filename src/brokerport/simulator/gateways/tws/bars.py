"""What a client asks of past prices.

Rules (TWS API, "Historical Bars"): a duration is a whole number of S, D, W, M or Y; a request ends
now, or at the time given. There is no trading outside regular hours, so ``useRTH`` makes no
difference. What the bars are, ``gateways/bars`` says.
"""

from __future__ import annotations

import re
from datetime import datetime

from attrs import frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument
from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.gateways.bars import (
    DAY_SECONDS,
    MONTH_SECONDS,
    WEEK_SECONDS,
    WHAT_TO_SHOW,
    BarSource,
    window_start,
)
from brokerport.simulator.gateways.tws.times import epoch_seconds, read_time, time_text
from brokerport.simulator.market.market import Bar

SESSION_SECONDS = 23_400
BARS_MAX = 100_000
"""More bars than one answer may hold; IBKR refuses long requests for small bars too."""

BAR_SECONDS: dict[str, int] = {
    "1 secs": 1,
    "5 secs": 5,
    "10 secs": 10,
    "15 secs": 15,
    "30 secs": 30,
    "1 min": 60,
    "2 mins": 120,
    "3 mins": 180,
    "5 mins": 300,
    "10 mins": 600,
    "15 mins": 900,
    "20 mins": 1200,
    "30 mins": 1800,
    "1 hour": 3600,
    "2 hours": 7200,
    "3 hours": 10_800,
    "4 hours": 14_400,
    "8 hours": 28_800,
    "1 day": DAY_SECONDS,
    "1 week": WEEK_SECONDS,
    "1W": WEEK_SECONDS,
    "1 month": MONTH_SECONDS,
    "1M": MONTH_SECONDS,
}

_DURATION = re.compile(r"([1-9][0-9]{0,6}) ([SDWMY])")


@frozen
class BarRequest:
    """A client's request for bars, read and checked; ``ends_at`` None means now."""

    bar_seconds: int
    duration: tuple[int, str]
    what_to_show: str
    ends_at: datetime | None
    in_epoch_seconds: bool

    @classmethod
    def read(
        cls,
        bar_size: str,
        duration: str,
        what_to_show: str,
        end_date_time: str,
        format_date: int,
    ) -> BarRequest:
        """Read a request's texts.

        Raises:
            BadInput: one of them is none that IBKR knows, or asks for more bars than 100,000.
        """
        if bar_size not in BAR_SECONDS:
            raise BadInput("barSizeSetting", bar_size, f"one of {', '.join(BAR_SECONDS)}")
        match = _DURATION.fullmatch(duration.strip())
        if match is None:
            raise BadInput("durationStr", duration, "a number and S, D, W, M or Y, like '1 D'")
        check_what_to_show(what_to_show)
        if format_date not in (1, 2):
            raise BadInput("formatDate", format_date, "1 (text) or 2 (seconds since 1970)")
        request = cls(
            BAR_SECONDS[bar_size],
            (int(match[1]), match[2]),
            what_to_show,
            read_time(end_date_time, "endDateTime") if end_date_time.strip() else None,
            format_date == 2,
        )
        if request._sessions * SESSION_SECONDS / request.bar_seconds > BARS_MAX:
            raise BadInput("durationStr", duration, f"at most {BARS_MAX} bars of {bar_size}")
        return request

    @property
    def _sessions(self) -> float:
        count, unit = self.duration
        per_unit = {"S": 1 / SESSION_SECONDS, "D": 1.0, "W": 5.0, "M": 21.0, "Y": 252.0}
        return count * per_unit[unit]

    def starts_at(self, ends_at: datetime, calendar: TradingCalendar) -> datetime:
        """Return where a request that ends at ``ends_at`` begins.

        Raises:
            BadInput: that lies before the calendar.
        """
        return window_start(*self.duration, ends_at, calendar, "durationStr")

    def bars(
        self, source: BarSource, instrument: Instrument, start: datetime, end: datetime
    ) -> tuple[Bar, ...]:
        """Return the bars asked for that lie between two moments."""
        return source.bars(instrument, self.what_to_show, start, end, self.bar_seconds)


def check_what_to_show(what_to_show: str) -> None:
    """Check that the simulated market has bars of that kind; raises BadInput."""
    if what_to_show not in WHAT_TO_SHOW:
        raise BadInput("whatToShow", what_to_show, f"one of {', '.join(WHAT_TO_SHOW)}")


def bar_date(bar: Bar, request: BarRequest, version: int) -> str:
    """Return a bar's date as its request wants it: days as YYYYMMDD in either form."""
    if request.bar_seconds >= DAY_SECONDS:
        return f"{bar.begins_at.astimezone(EXCHANGE_TIME_ZONE):%Y%m%d}"
    if request.in_epoch_seconds:
        return str(epoch_seconds(bar.begins_at))
    return time_text(bar.begins_at, version)
