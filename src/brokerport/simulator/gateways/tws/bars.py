"""What a client asks of past prices, and the bars that answer it.

Rules (TWS API, "Historical Bars"), and what the simulated market makes of them:

- A duration is a whole number of S, D, W, M or Y; days are sessions, the session in progress
  included. A request ends now, or at the time given. Seconds count back from the last trading time.
- Intraday bars begin at the session's opening plus a whole number of their length. Weeks and months
  are put together from days; their date is that of their last session so far.
- TRADES are the market's bars. BID and ASK are the same moved by the distance of that side from the
  last price when the bar began, MIDPOINT by that of their middle; they have no volume, which IBKR
  writes as -1. There is no trading outside regular hours, so ``useRTH`` makes no difference.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal

from attrs import evolve, frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument
from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE, exchange_date
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.gateways.tws.times import epoch_seconds, read_time, time_text
from brokerport.simulator.market.market import Bar, Market

DAY_SECONDS = 86_400
WEEK_SECONDS = 7 * DAY_SECONDS
MONTH_SECONDS = 30 * DAY_SECONDS
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
WHAT_TO_SHOW = ("TRADES", "MIDPOINT", "BID", "ASK")

_DURATION = re.compile(r"([1-9][0-9]{0,6}) ([SDWMY])")
_NO_VOLUME = Decimal(-1)
_MOMENT = timedelta(microseconds=1)
_CENT_OF_A_CENT = Decimal("0.0001")


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
        count, unit = self.duration
        # A session that opens at this very moment has no bar yet.
        session = calendar.latest_session(ends_at - _MOMENT)
        if unit == "S":
            return min(ends_at, session.closes_at) - timedelta(seconds=count)
        if unit == "D":
            for _ in range(count - 1):
                session = calendar.previous_session(session.day)
            return session.opens_at
        if unit == "W":
            return ends_at - timedelta(weeks=count)
        return _months_before(ends_at, count * (12 if unit == "Y" else 1))


def check_what_to_show(what_to_show: str) -> None:
    """Check that the simulated market has bars of that kind; raises BadInput."""
    if what_to_show not in WHAT_TO_SHOW:
        raise BadInput("whatToShow", what_to_show, f"one of {', '.join(WHAT_TO_SHOW)}")


class BarSource:
    """The market's bars, as clients ask for them."""

    def __init__(self, market: Market, calendar: TradingCalendar) -> None:
        self._market = market
        self._calendar = calendar

    def requested(
        self, instrument: Instrument, request: BarRequest, start: datetime, end: datetime
    ) -> tuple[Bar, ...]:
        """Return a request's bars between two moments."""
        return self.bars(instrument, request.what_to_show, start, end, request.bar_seconds)

    def bars(
        self,
        instrument: Instrument,
        what_to_show: str,
        start: datetime,
        end: datetime,
        bar_seconds: int,
    ) -> tuple[Bar, ...]:
        """Return the bars of ``[start, end)``, oldest first."""
        if start >= end:
            return ()
        step = min(bar_seconds, DAY_SECONDS)
        bars = self._market.bars(instrument, start, end, step, self._calendar)
        if what_to_show != "TRADES":
            bars = tuple(self._moved(instrument, bar, what_to_show) for bar in bars)
        return bars if bar_seconds <= DAY_SECONDS else _put_together(bars, bar_seconds)

    def _moved(self, instrument: Instrument, bar: Bar, what_to_show: str) -> Bar:
        quote = self._market.quote(instrument, bar.begins_at)
        distance = Decimal(0)
        if quote.last is not None and quote.bid is not None and quote.ask is not None:
            side = {
                "BID": quote.bid,
                "ASK": quote.ask,
                "MIDPOINT": (quote.bid + quote.ask) / 2,
            }[what_to_show]
            distance = side - quote.last
        return evolve(
            bar,
            open=bar.open + distance,
            high=bar.high + distance,
            low=bar.low + distance,
            close=bar.close + distance,
            average=_NO_VOLUME,
            volume=_NO_VOLUME,
            count=-1,
        )


def bar_date(bar: Bar, request: BarRequest, version: int) -> str:
    """Return a bar's date as its request wants it: days as YYYYMMDD in either form."""
    if request.bar_seconds >= DAY_SECONDS:
        return f"{bar.begins_at.astimezone(EXCHANGE_TIME_ZONE):%Y%m%d}"
    if request.in_epoch_seconds:
        return str(epoch_seconds(bar.begins_at))
    return time_text(bar.begins_at, version)


def _put_together(days: tuple[Bar, ...], bar_seconds: int) -> tuple[Bar, ...]:
    periods: dict[tuple[int, int], list[Bar]] = {}
    for day in days:
        periods.setdefault(_period(day.begins_at, bar_seconds), []).append(day)
    return tuple(_joined(bars) for bars in periods.values())


def _period(at: datetime, bar_seconds: int) -> tuple[int, int]:
    day = exchange_date(at)
    if bar_seconds == WEEK_SECONDS:
        return day.isocalendar()[:2]
    return day.year, day.month


def _joined(bars: list[Bar]) -> Bar:
    volume = sum((bar.volume for bar in bars), Decimal(0))
    has_volume = volume > 0
    average = bars[-1].average
    if has_volume:
        average = sum((bar.average * bar.volume for bar in bars), Decimal(0)) / volume
    return Bar(
        begins_at=bars[-1].begins_at,
        open=bars[0].open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=volume if has_volume else _NO_VOLUME,
        count=sum(bar.count for bar in bars) if has_volume else -1,
        average=average.quantize(_CENT_OF_A_CENT) if has_volume else average,
    )


def _months_before(at: datetime, months: int) -> datetime:
    month = at.year * 12 + at.month - 1 - months
    year, index = divmod(month, 12)
    if year < 1:
        raise BadInput("durationStr", months, "a duration within the calendar")
    day = at.day
    while True:
        try:
            return at.replace(year=year, month=index + 1, day=day)
        except ValueError:
            day -= 1
