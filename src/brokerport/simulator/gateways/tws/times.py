"""Times as TWS writes them: in the exchange's time zone, which is New York here.

From version 174 on a time names its zone, "20260105 09:30:00 US/Eastern"; before, it is the old
form with two blanks and no zone, "20260105  09:30:00" (captured from a real TWS).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from brokerport.domain.errors import BadInput
from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE
from brokerport.simulator.wire.tws.versions import INSTRUMENT_TIME_ZONE

TIME_ZONE_ID = "US/Eastern"

_TIME = re.compile(
    r"(?P<day>\d{8})(?:(?P<utc>-)|\s+)(?P<time>\d{2}:\d{2}:\d{2})(?:\s+(?P<zone>\S.*))?"
)
_ZONES = {
    "EST": EXCHANGE_TIME_ZONE.key,
    "EDT": EXCHANGE_TIME_ZONE.key,
    "GMT": "UTC",
    "": TIME_ZONE_ID,
}
_ALLOWED = "a time like '20260105 16:00:00 US/Eastern' or '20260105-21:00:00' (UTC)"


def time_text(at: datetime, version: int) -> str:
    """Return a moment as messages of that version carry it."""
    local = at.astimezone(EXCHANGE_TIME_ZONE)
    if version >= INSTRUMENT_TIME_ZONE:
        return f"{local:%Y%m%d %H:%M:%S} {TIME_ZONE_ID}"
    return f"{local:%Y%m%d  %H:%M:%S}"


def handshake_time(at: datetime) -> str:
    """Return a moment as the version reply carries it: "20260105 09:30:00 EST"."""
    return f"{at.astimezone(EXCHANGE_TIME_ZONE):%Y%m%d %H:%M:%S %Z}"


def utc_text(at: datetime) -> str:
    """Return a moment in UTC, as headTimestamp carries it: "20260105-14:30:00"."""
    return f"{at.astimezone(UTC):%Y%m%d-%H:%M:%S}"


def clock_time(at: datetime) -> str:
    """Return the time of day as accountUpdateTime carries it: "09:30"."""
    return f"{at.astimezone(EXCHANGE_TIME_ZONE):%H:%M}"


def epoch_seconds(at: datetime) -> int:
    """Return whole seconds since 1970 UTC."""
    return int(at.timestamp())


def read_time(text: str, field: str) -> datetime:
    """Read a time that a client wrote; without a zone it is New York's.

    Raises:
        BadInput: the text is in none of IBKR's two forms, or its time zone is unknown.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise BadInput(field, text, _ALLOWED)
    try:
        moment = datetime.strptime(  # noqa: DTZ007 - the zone is in the text, or New York's
            f"{match['day']} {match['time']}", "%Y%m%d %H:%M:%S"
        )
        if match["utc"]:
            return moment.replace(tzinfo=UTC)
        zone = match["zone"] or ""
        return moment.replace(tzinfo=ZoneInfo(_ZONES.get(zone, zone))).astimezone(UTC)
    except (ValueError, KeyError, OSError):
        # ZoneInfoNotFoundError is a KeyError; a directory's name is an OSError.
        raise BadInput(field, text, _ALLOWED) from None
