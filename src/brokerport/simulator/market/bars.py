"""Historical bars from session paths.

A bar's open and close are the path's prices at its two ends, its high and low the path's extremes
between them, so that no tick inside it lies outside. Bars start anew at every session's opening.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from brokerport.domain.errors import BadInput
from brokerport.domain.executions import utc
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.exchange.calendar import Session, TradingCalendar
from brokerport.simulator.market.market import DAY_SECONDS, Bar
from brokerport.simulator.market.paths import SessionPath
from brokerport.simulator.market.stock_quotes import dollars

_SHARES_A_TRADE, _CONTRACTS_A_TRADE = 100, 5


class BarWindow(NamedTuple):
    """The stretch of a session that a bar covers, in seconds since the opening."""

    begins_at: datetime
    begin: int
    end: int


def bar_windows(
    start: datetime, end: datetime, bar_seconds: int, calendar: TradingCalendar
) -> Iterator[tuple[Session, list[BarWindow]]]:
    """Yield each session with the windows of the bars that begin in ``[start, end)``.

    Raises:
        BadInput: ``bar_seconds`` is not 1 to 86400, or ``start`` is later than ``end``.
    """
    if not 1 <= bar_seconds <= DAY_SECONDS:
        raise BadInput("bar_seconds", bar_seconds, f"1 to {DAY_SECONDS} (one bar a session)")
    if utc(start) > utc(end):
        raise BadInput("start", start.isoformat(), f"no later than the end, {end.isoformat()}")
    first_day, last_day = (exchange_date(time) for time in (start, end))
    for session in calendar.sessions(first_day, last_day):
        yield session, _windows_of(session, start, end, bar_seconds)


def _windows_of(
    session: Session, start: datetime, end: datetime, bar_seconds: int
) -> list[BarWindow]:
    known = min(session.seconds, int((end - session.opens_at).total_seconds()))
    windows: list[BarWindow] = []
    for begin in range(0, session.seconds, bar_seconds):
        begins_at = session.opens_at + timedelta(seconds=begin)
        if begins_at >= end:
            break
        if begins_at >= start:
            windows.append(BarWindow(begins_at, begin, min(begin + bar_seconds, known)))
    return windows


def stock_bar(path: SessionPath, window: BarWindow) -> Bar:
    """Return a stock's bar over a stretch of its path."""
    _, begin, end = window
    high, low = path.range_between(begin, end)
    volume = path.volume_to(end) - path.volume_to(begin)
    prices = (path.price(begin), high, low, path.price(end))
    return _bar(window, prices, volume, _SHARES_A_TRADE)


def option_bar(
    path: SessionPath, window: BarWindow, price_at: Callable[[int, int], int], volume: int
) -> Bar:
    """Return an option's bar over a stretch of its stock's path.

    ``price_at`` gives the option's price in cents from the stock's and the seconds since the
    opening; ``volume`` is the whole session's in contracts. The extremes are the option's at the
    stock's extremes, at the bar's beginning and end.
    """
    _, begin, end = window
    extremes = path.range_between(begin, end)
    open_, close = price_at(path.price(begin), begin), price_at(path.price(end), end)
    reached = [price_at(spot, elapsed) for spot in extremes for elapsed in (begin, end)]
    high, low = max(open_, close, *reached), min(open_, close, *reached)
    traded = volume * end // path.seconds - volume * begin // path.seconds
    return _bar(window, (open_, high, low, close), traded, _CONTRACTS_A_TRADE)


def _bar(
    window: BarWindow, prices: tuple[int, int, int, int], volume: int, size_of_a_trade: int
) -> Bar:
    open_, high, low, close = (dollars(price) for price in prices)
    return Bar(
        begins_at=window.begins_at,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=Decimal(volume),
        count=-(-volume // size_of_a_trade),
        average=Decimal(sum(prices)).scaleb(-2) / 4,
    )
