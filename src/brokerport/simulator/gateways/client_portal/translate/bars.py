"""Bars as the portal tells them, by request and by stream.

Rules (Web API, "Historical Market Data"; the examples of IBKR's OpenAPI description):

- Times are the bar's beginning in epoch milliseconds; a week's or month's is its first session's.
- At most 1000 bars an answer: of a longer window the latest. No bars at all are 500
  "Chart data unavailable", so that a caller never takes a failure for a quiet market.
- Volume is in hundreds of shares, or in contracts (``volumeFactor``); only trades have any.
- ``points`` is one less than the number of bars, as in each of IBKR's examples.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import evolve

from brokerport.domain.errors import FinalError
from brokerport.domain.instruments import Instrument, Option
from brokerport.simulator.gateways.bars import DAY_SECONDS, by_period, joined
from brokerport.simulator.gateways.client_portal.errors import PortalError, server_error
from brokerport.simulator.gateways.client_portal.history_request import HistoryRequest
from brokerport.simulator.gateways.client_portal.market_desk import MarketDesk
from brokerport.simulator.gateways.client_portal.translate.contracts import decimal_places
from brokerport.simulator.gateways.client_portal.translate.times import (
    epoch_milliseconds,
    long_time,
)
from brokerport.simulator.market.market import Bar

POINTS_MAX = 1000
_SHARES_PER_LOT = 100
_MOMENT = timedelta(microseconds=1)


def history_answer(
    desk: MarketDesk, contract_id: int, request: HistoryRequest, at: datetime
) -> dict[str, Any]:
    """Return the bars of a contract as of ``at`` (UTC), with all that IBKR tells about them.

    Raises:
        PortalError: the contract is unknown or there are no bars (500), or the window lies outside
            the calendar (400).
    """
    try:
        instrument = desk.instrument(contract_id)
        details = desk.details(instrument)
        start, end = request.window(at, desk.world.calendar)
        bars = _latest_bars(desk, instrument, request, start, end)
    except FinalError:
        raise _no_bars() from None
    if not bars:
        raise _no_bars()
    decimals = decimal_places(details.price_increments[0].increment)
    price_factor = 10**decimals
    volume_factor = 1 if isinstance(instrument, Option) else _SHARES_PER_LOT
    rows = bar_rows(bars, volume_factor)
    highest = max(bars, key=lambda bar: bar.high)
    lowest = min(bars, key=lambda bar: bar.low)
    return {
        "serverId": desk.next_history_id(),
        "symbol": instrument.symbol,
        "text": details.long_name,
        "priceFactor": price_factor,
        "startTime": long_time(start),
        "high": _extreme(highest, highest.high * price_factor, volume_factor, start),
        "low": _extreme(lowest, lowest.low * price_factor, volume_factor, start),
        "timePeriod": request.period,
        "barLength": request.bar_seconds,
        "mdAvailability": "S",
        "mktDataDelay": 0,
        "outsideRth": request.outside_regular_hours,
        "volumeFactor": volume_factor,
        "priceDisplayRule": 1,
        "priceDisplayValue": str(decimals),
        "chartPanStartTime": long_time(end),
        "direction": -1,
        "negativeCapable": False,
        "messageVersion": 2,
        "data": rows,
        "points": len(rows) - 1,
        "travelTime": 0,
    }


def bar_rows(bars: Iterable[Bar], volume_factor: int) -> list[dict[str, Any]]:
    """Return bars as an answer's ``data``."""
    return [
        {
            "t": epoch_milliseconds(bar.begins_at),
            "o": bar.open,
            "h": bar.high,
            "l": bar.low,
            "c": bar.close,
            "v": _volume(bar, volume_factor),
        }
        for bar in bars
    ]


def _no_bars() -> PortalError:
    return server_error("Chart data unavailable")


def _latest_bars(
    desk: MarketDesk,
    instrument: Instrument,
    request: HistoryRequest,
    start: datetime,
    end: datetime,
) -> tuple[Bar, ...]:
    what, seconds = request.what_to_show, request.bar_seconds
    if seconds < DAY_SECONDS:
        return _intraday_bars(desk, instrument, request, start, end)
    days = desk.bar_source.bars(instrument, what, start, end, DAY_SECONDS)
    if seconds == DAY_SECONDS:
        return days[-POINTS_MAX:]
    periods = by_period(days, seconds)[-POINTS_MAX:]
    return tuple(evolve(joined(days), begins_at=days[0].begins_at) for days in periods)


def _intraday_bars(
    desk: MarketDesk,
    instrument: Instrument,
    request: HistoryRequest,
    start: datetime,
    end: datetime,
) -> tuple[Bar, ...]:
    """Return the latest bars, looked up from the end backwards: no long window is read whole."""
    calendar = desk.world.calendar
    length = timedelta(seconds=request.bar_seconds)
    found: tuple[Bar, ...] = ()
    session = calendar.latest_session(end - _MOMENT)
    while len(found) < POINTS_MAX:
        until = min(end, session.closes_at)
        while until > max(start, session.opens_at) and len(found) < POINTS_MAX:
            # Pieces are cut where bars begin, so that none is cut in two.
            bars_before = -((session.opens_at - until) // length)
            piece = max(0, bars_before - POINTS_MAX)
            since = max(start, session.opens_at + piece * length)
            found = (
                *desk.bar_source.bars(
                    instrument, request.what_to_show, since, until, request.bar_seconds
                ),
                *found,
            )
            until = since
        if session.opens_at <= start:
            break
        session = calendar.previous_session(session.day)
    return found[-POINTS_MAX:]


def _extreme(bar: Bar, price: Decimal, volume_factor: int, start: datetime) -> str:
    minutes = int((bar.begins_at - start).total_seconds() // 60)
    return f"{int(price)}/{_volume(bar, volume_factor):f}/{minutes}"


def _volume(bar: Bar, volume_factor: int) -> Decimal:
    return max(bar.volume, Decimal(0)) / volume_factor
