"""The trading calendar in the portal's two forms.

Rules: hours are New York's; the one trading time of a day is its regular session, for nothing
trades outside it. Days without a session are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE
from brokerport.simulator.exchange.calendar import Session


def venue_schedule(exchange: str, sessions: Iterable[Session]) -> dict[str, Any]:
    """Return one venue's schedule, as trsrv/secdef/schedule tells it."""
    return {
        "id": f"p{exchange}",
        "tradeVenueId": f"v{exchange}",
        "exchange": exchange,
        "description": exchange,
        "timezone": EXCHANGE_TIME_ZONE.key,
        "schedules": [_day(session) for session in sessions],
    }


def contract_schedule(sessions: Iterable[Session]) -> dict[str, Any]:
    """Return the schedule by day in epoch seconds, as contract/trading-schedule tells it."""
    days: dict[str, Any] = {}
    for session in sessions:
        hours = {
            "opening": int(session.opens_at.timestamp()),
            "closing": int(session.closes_at.timestamp()),
        }
        days[f"{session.day:%Y%m%d}"] = {
            "extended_hours": [{**hours, "cancel_daily_orders": True}],
            "liquid_hours": [hours],
        }
    return {"exchange_time_zone": EXCHANGE_TIME_ZONE.key, "schedules": days}


def _day(session: Session) -> dict[str, Any]:
    opening = f"{session.opens_at.astimezone(EXCHANGE_TIME_ZONE):%H%M}"
    closing = f"{session.closes_at.astimezone(EXCHANGE_TIME_ZONE):%H%M}"
    return {
        "clearingCycleEndTime": closing,
        "tradingScheduleDate": f"{session.day:%Y%m%d}",
        "sessions": [{"openingTime": opening, "closingTime": closing, "prop": "LIQUID"}],
        "tradingtimes": [{"openingTime": opening, "closingTime": closing, "cancelDayOrders": "Y"}],
    }
