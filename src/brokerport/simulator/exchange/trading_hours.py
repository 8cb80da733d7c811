"""The trading calendar in IBKR's words: the text of ContractDetails' trading hours.

IBKR's format (TWS API, ContractDetails.tradingHours): days joined by semicolons, each
``20260105:0930-20260105:1600`` in the exchange's time zone, or ``20260110:CLOSED``.
"""

from __future__ import annotations

from datetime import date, timedelta

from brokerport.domain.errors import BadInput
from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE
from brokerport.simulator.exchange.calendar import TradingCalendar


def trading_hours(calendar: TradingCalendar, on: date, days: int = 6) -> str:
    """Return the regular hours of ``days`` days from ``on`` on, in New York time.

    Raises:
        BadInput: ``days`` is not positive, or a day lies outside the calendar.
    """
    if days < 1:
        raise BadInput("days", days, "1 or more")
    parts: list[str] = []
    for offset in range(days):
        day = on + timedelta(days=offset)
        session = calendar.session_on(day)
        if session is None:
            parts.append(f"{day:%Y%m%d}:CLOSED")
        else:
            opens = session.opens_at.astimezone(EXCHANGE_TIME_ZONE)
            closes = session.closes_at.astimezone(EXCHANGE_TIME_ZONE)
            parts.append(f"{opens:%Y%m%d:%H%M}-{closes:%Y%m%d:%H%M}")
    return ";".join(parts)
