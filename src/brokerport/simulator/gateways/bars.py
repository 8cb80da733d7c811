"""The market's bars as both front doors serve them: kinds of price, windows, weeks and months.

Rules (TWS API, "Historical Bars"), and what the simulated market makes of them:

- Days are sessions, the session in progress included. Seconds count back from the last trading
  time.
- Intraday bars begin at the session's opening plus a whole number of their length. Weeks and months
  are put together from days; their date is that of their last session so far.
- TRADES are the market's bars. BID and ASK are the same moved by the distance of that side from the
  last price when the bar began, MIDPOINT by that of their middle; they have no volume, which is -1.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from attrs import evolve

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.market.market import Bar, Market

DAY_SECONDS = 86_400
WEEK_SECONDS = 7 * DAY_SECONDS
MONTH_SECONDS = 30 * DAY_SECONDS
WHAT_TO_SHOW = ("TRADES", "MIDPOINT", "BID", "ASK")

_NO_VOLUME = Decimal(-1)
_MOMENT = timedelta(microseconds=1)
_CENT_OF_A_CENT = Decimal("0.0001")


def window_start(
    count: int, unit: str, ends_at: datetime, calendar: TradingCalendar, field: str
) -> datetime:
    """Return where a window of ``count`` S, D, W, M or Y that ends at ``ends_at`` begins.

    Raises:
        BadInput: that lies before the calendar; ``field`` is what the caller calls the window.
    """
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
    return _months_before(ends_at, count * (12 if unit == "Y" else 1), field)


class BarSource:
    """The market's bars, as clients ask for them."""

    def __init__(self, market: Market, calendar: TradingCalendar) -> None:
        self._market = market
        self._calendar = calendar

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
        if bar_seconds <= DAY_SECONDS:
            return bars
        return tuple(joined(days) for days in by_period(bars, bar_seconds))

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


def by_period(days: tuple[Bar, ...], bar_seconds: int) -> tuple[list[Bar], ...]:
    """Return daily bars by the week or month in which they fall, oldest first."""
    periods: dict[tuple[int, int], list[Bar]] = {}
    for day in days:
        periods.setdefault(_period(day.begins_at, bar_seconds), []).append(day)
    return tuple(periods.values())


def _period(at: datetime, bar_seconds: int) -> tuple[int, int]:
    day = exchange_date(at)
    if bar_seconds == WEEK_SECONDS:
        return day.isocalendar()[:2]
    return day.year, day.month


def joined(bars: list[Bar]) -> Bar:
    """Return several bars as one, dated as the last of them."""
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


def _months_before(at: datetime, months: int, field: str) -> datetime:
    month = at.year * 12 + at.month - 1 - months
    year, index = divmod(month, 12)
    if year < 1:
        raise BadInput(field, months, "a duration within the calendar")
    day = at.day
    while True:
        try:
            return at.replace(year=year, month=index + 1, day=day)
        except ValueError:
            day -= 1
