"""When the exchange is open: New York's regular sessions, holidays and half days.

The schedule is exchange-calendars' XNYS (NYSE rule 7.2 hours: 9:30 to 16:00 New York, 13:00 on half
days). Rules: a session is open from its opening instant up to, not including, its closing instant;
days are dates in New York; times are aware UTC.

exchange-calendars brings pandas, which is slow to import: it is imported when the first calendar is
built, and the schedule is kept as plain tuples.
"""

from __future__ import annotations

import warnings
from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime
from functools import lru_cache

from attrs import frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.executions import utc

FIRST_DAY = date(2005, 1, 1)
LAST_DAY = date(2040, 12, 31)


@frozen
class Session:
    """One trading day: its New York date, and its opening and closing instants in UTC."""

    day: date
    opens_at: datetime
    closes_at: datetime

    @property
    def seconds(self) -> int:
        """How long the session lasts."""
        return int((self.closes_at - self.opens_at).total_seconds())


@lru_cache(maxsize=4)
def _schedule(start: date, end: date) -> tuple[Session, ...]:
    with warnings.catch_warnings():
        # pandas warns exchange-calendars of changes to come; its user can do nothing about them.
        warnings.simplefilter("ignore")
        import exchange_calendars

        exchange = exchange_calendars.get_calendar(
            "XNYS", start=start.isoformat(), end=end.isoformat()
        )
        rows = zip(exchange.sessions, exchange.opens, exchange.closes, strict=True)
        return tuple(
            Session(
                day.date(),
                opens.to_pydatetime().astimezone(UTC),
                closes.to_pydatetime().astimezone(UTC),
            )
            for day, opens, closes in rows
        )


class TradingCalendar:
    """The sessions from ``start`` to ``end``, both included."""

    def __init__(self, start: date = FIRST_DAY, end: date = LAST_DAY) -> None:
        """Load the schedule.

        Raises:
            BadInput: ``start`` is not before ``end``, or no session lies between them.
        """
        if start >= end:
            raise BadInput("calendar.start", start.isoformat(), f"before {end.isoformat()}")
        self._sessions = _schedule(start, end)
        if not self._sessions:
            raise BadInput("calendar.start", start.isoformat(), "followed by a session")
        self._days = tuple(session.day for session in self._sessions)
        self._opens = tuple(session.opens_at for session in self._sessions)
        self._closes = tuple(session.closes_at for session in self._sessions)
        self._position = {day: index for index, day in enumerate(self._days)}
        self._latest = self._sessions[0]
        self._latest_until = self._opens[1] if len(self._opens) > 1 else self._closes[0]

    @property
    def first_session(self) -> Session:
        """The first session the calendar knows."""
        return self._sessions[0]

    @property
    def last_session(self) -> Session:
        """The last session the calendar knows."""
        return self._sessions[-1]

    def is_open(self, at: datetime) -> bool:
        """Say whether a session is in progress.

        Raises:
            BadInput: the time is not aware UTC, or before the first session or after the last.
        """
        return at < self.latest_session(at).closes_at

    def session_of(self, at: datetime) -> Session | None:
        """Return the session in progress, or None when the exchange is closed.

        Raises:
            BadInput: the time is not aware UTC, or before the first session or after the last.
        """
        latest = self.latest_session(at)
        return latest if at < latest.closes_at else None

    def latest_session(self, at: datetime) -> Session:
        """Return the session in progress, or else the last one before that time.

        Raises:
            BadInput: the time is not aware UTC, or before the first session or after the last.
        """
        latest = self._latest
        if at.tzinfo is UTC and latest.opens_at <= at < self._latest_until:
            return latest
        index = bisect_right(self._opens, utc(at)) - 1
        if index < 0 or (index == len(self._opens) - 1 and at > self._closes[-1]):
            raise self._outside("at", at.isoformat())
        self._latest = self._sessions[index]
        self._latest_until = (
            self._opens[index + 1] if index + 1 < len(self._opens) else self._closes[-1]
        )
        return self._latest

    def session_on(self, day: date) -> Session | None:
        """Return the session of a New York date, or None when there is none that day.

        Raises:
            BadInput: the day lies outside the calendar.
        """
        index = self._position.get(day)
        if index is not None:
            return self._sessions[index]
        if not self._days[0] <= day <= self._days[-1]:
            raise self._outside("day", day.isoformat())
        return None

    def ordinal(self, day: date) -> int:
        """Return the place of a day's session in the calendar, counted from 0.

        Raises:
            BadInput: the exchange has no session that day.
        """
        index = self._position.get(day)
        if index is None:
            raise BadInput("calendar.day", day.isoformat(), "a day with a session")
        return index

    def session_at(self, ordinal: int) -> Session:
        """Return the session at a place in the calendar, counted from 0.

        Raises:
            BadInput: the calendar does not reach so far.
        """
        if not 0 <= ordinal < len(self._sessions):
            raise BadInput("calendar.ordinal", ordinal, f"0 to {len(self._sessions) - 1}")
        return self._sessions[ordinal]

    def sessions(self, start: date, end: date) -> tuple[Session, ...]:
        """Return the sessions from ``start`` to ``end``, both included, oldest first.

        Days outside the calendar have no sessions here.
        """
        return self._sessions[bisect_left(self._days, start) : bisect_right(self._days, end)]

    def previous_session(self, day: date) -> Session:
        """Return the last session strictly before a date.

        Raises:
            BadInput: the calendar holds none.
        """
        index = bisect_left(self._days, day) - 1
        if index < 0:
            raise self._outside("day", day.isoformat())
        return self._sessions[index]

    def next_session(self, day: date) -> Session:
        """Return the first session strictly after a date.

        Raises:
            BadInput: the calendar holds none.
        """
        index = bisect_right(self._days, day)
        if index == len(self._days):
            raise self._outside("day", day.isoformat())
        return self._sessions[index]

    def next_open(self, after: datetime) -> datetime:
        """Return the first opening strictly after a time.

        Raises:
            BadInput: the time is not aware UTC, or the calendar holds none.
        """
        return self._next(self._opens, after)

    def next_close(self, after: datetime) -> datetime:
        """Return the first closing strictly after a time.

        Raises:
            BadInput: the time is not aware UTC, or the calendar holds none.
        """
        return self._next(self._closes, after)

    def _next(self, instants: tuple[datetime, ...], after: datetime) -> datetime:
        index = bisect_right(instants, utc(after))
        if index == len(instants):
            raise self._outside("after", after.isoformat())
        return instants[index]

    def _outside(self, field: str, value: str) -> BadInput:
        first, last = self._days[0], self._days[-1]
        return BadInput(f"calendar.{field}", value, f"within the calendar, from {first} to {last}")
