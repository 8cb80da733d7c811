"""The trading calendar: sessions, half days, holidays, edges and laziness."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest

from brokerport.domain.errors import BadInput
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.exchange.trading_hours import trading_hours

CALENDAR = TradingCalendar()
SECOND = timedelta(seconds=1)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        (date(2026, 1, 5), utc(2026, 1, 5, 14, 30), utc(2026, 1, 5, 21)),
        (date(2026, 7, 6), utc(2026, 7, 6, 13, 30), utc(2026, 7, 6, 20)),
        (date(2025, 11, 28), utc(2025, 11, 28, 14, 30), utc(2025, 11, 28, 18)),
        (date(2015, 8, 24), utc(2015, 8, 24, 13, 30), utc(2015, 8, 24, 20)),
    ],
)
def test_a_session_has_its_hours(day: date, opens: datetime, closes: datetime) -> None:
    """Winter, summer and half days open and close at New York's hours."""
    session = CALENDAR.session_on(day)
    assert session is not None
    assert (session.opens_at, session.closes_at) == (opens, closes)
    assert session.seconds == (closes - opens).total_seconds()


@pytest.mark.parametrize(
    "day", [date(2026, 1, 3), date(2026, 1, 1), date(2026, 4, 3), date(2026, 6, 19)]
)
def test_no_session_on_weekends_and_holidays(day: date) -> None:
    """A Saturday, New Year, Good Friday and Juneteenth have no session."""
    assert CALENDAR.session_on(day) is None


def test_a_session_is_open_from_its_opening_up_to_its_close() -> None:
    """The opening instant belongs to the session, the closing instant does not."""
    session = CALENDAR.session_on(date(2026, 1, 5))
    assert session is not None
    assert not CALENDAR.is_open(session.opens_at - SECOND)
    assert CALENDAR.is_open(session.opens_at)
    assert CALENDAR.session_of(session.closes_at - SECOND) == session
    assert CALENDAR.session_of(session.closes_at) is None
    assert CALENDAR.latest_session(session.closes_at + timedelta(hours=9)) == session


def test_answers_do_not_depend_on_the_order_of_questions() -> None:
    """Jumping about in time gives what a fresh calendar gives."""
    times = [utc(2026, 1, 5, 15), utc(2006, 3, 1, 15), utc(2026, 1, 3), utc(2026, 1, 5, 21)]
    for at in times + times[::-1]:
        assert CALENDAR.latest_session(at) == TradingCalendar().latest_session(at)


def test_next_open_and_close_are_strictly_later() -> None:
    """From the instant itself, the next one is another."""
    monday = CALENDAR.next_session(date(2026, 1, 2))
    assert CALENDAR.next_open(monday.opens_at - SECOND) == monday.opens_at
    assert CALENDAR.next_open(monday.opens_at) == utc(2026, 1, 6, 14, 30)
    assert CALENDAR.next_close(monday.closes_at) == utc(2026, 1, 6, 21)


def test_previous_and_next_session_skip_closed_days() -> None:
    """Over a weekend and a holiday, the neighbours are found on both sides."""
    assert CALENDAR.previous_session(date(2026, 1, 5)).day == date(2026, 1, 2)
    assert CALENDAR.next_session(date(2025, 12, 31)).day == date(2026, 1, 2)
    assert CALENDAR.previous_session(date(2026, 4, 3)).day == date(2026, 4, 2)


def test_sessions_are_in_order_and_both_ends_count() -> None:
    """A week with a holiday has four sessions, and sessions never overlap."""
    week = CALENDAR.sessions(date(2026, 3, 30), date(2026, 4, 3))
    assert [session.day.day for session in week] == [30, 31, 1, 2]
    everything = CALENDAR.sessions(date(2005, 1, 1), date(2040, 12, 31))
    assert everything[0] == CALENDAR.first_session
    assert everything[-1] == CALENDAR.last_session
    assert all(earlier.closes_at < later.opens_at for earlier, later in pairwise(everything))
    assert all(session.seconds in (23_400, 12_600) for session in everything)


def test_a_place_in_the_calendar_leads_back_to_its_session() -> None:
    """Ordinals count sessions, not days."""
    ordinal = CALENDAR.ordinal(date(2026, 1, 5))
    assert CALENDAR.session_at(ordinal).day == date(2026, 1, 5)
    assert CALENDAR.session_at(ordinal - 1).day == date(2026, 1, 2)
    with pytest.raises(BadInput, match="a day with a session"):
        CALENDAR.ordinal(date(2026, 1, 4))


def test_what_lies_outside_the_calendar_is_refused() -> None:
    """A time before the first session or after the last close is an error, never an answer."""
    with pytest.raises(BadInput, match="within the calendar"):
        CALENDAR.is_open(utc(2004, 12, 31, 15))
    with pytest.raises(BadInput, match="within the calendar"):
        CALENDAR.is_open(CALENDAR.last_session.closes_at + SECOND)
    with pytest.raises(BadInput, match="within the calendar"):
        CALENDAR.next_open(CALENDAR.last_session.opens_at)
    with pytest.raises(BadInput, match="within the calendar"):
        CALENDAR.session_on(date(2041, 1, 2))
    assert not CALENDAR.is_open(CALENDAR.last_session.closes_at)


def test_a_time_that_is_not_aware_utc_is_refused() -> None:
    """A naive or local time is never guessed at, not even right after a good one."""
    assert CALENDAR.is_open(utc(2026, 1, 5, 15))
    with pytest.raises((BadInput, TypeError)):
        CALENDAR.is_open(datetime(2026, 1, 5, 15))  # noqa: DTZ001
    with pytest.raises(BadInput, match="UTC"):
        CALENDAR.is_open(datetime(2026, 1, 5, 10, tzinfo=timezone(timedelta(hours=-5))))


def test_a_calendar_that_ends_before_it_begins_is_refused() -> None:
    """The start comes before the end."""
    with pytest.raises(BadInput, match=r"calendar\.start"):
        TradingCalendar(date(2026, 1, 5), date(2026, 1, 5))


def test_trading_hours_are_in_the_words_of_ibkr() -> None:
    """Open, closed and half days read as in IBKR's contract details."""
    assert trading_hours(CALENDAR, date(2025, 11, 27), 2) == (
        "20251127:CLOSED;20251128:0930-20251128:1300"
    )
    assert trading_hours(CALENDAR, date(2026, 7, 6), 1) == "20260706:0930-20260706:1600"
    with pytest.raises(BadInput, match="days"):
        trading_hours(CALENDAR, date(2026, 7, 6), 0)


def test_importing_the_calendar_does_not_import_pandas() -> None:
    """The slow library is loaded when the first calendar is built."""
    probe = (
        "import sys; import brokerport.simulator.exchange.calendar as c;"
        "assert 'pandas' not in sys.modules; c.TradingCalendar();"
        "assert 'pandas' in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", probe], check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
