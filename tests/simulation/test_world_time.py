"""The world's time: ticks in order, sessions, closed time, and who may move the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from brokerport.domain.errors import BadInput
from brokerport.simulator.clock import ClockHand, SimulatedClock
from brokerport.simulator.scenario import ReplaySettings, Scenario
from brokerport.simulator.world import SessionChange, World
from tests.simulation.trading_floor import AAPL, CLOSING, OPENING, TradingFloor, limit

NEXT_OPENING = datetime(2026, 1, 6, 14, 30, tzinfo=UTC)


def world(tick_seconds: int = 60, **settings: object) -> World:
    """Build a synthetic world."""
    return World.build(Scenario(tick_seconds=tick_seconds, **settings))  # type: ignore[arg-type]


def test_a_world_begins_at_the_opening_unless_told_otherwise() -> None:
    """Monday 2026-01-05, 9:30 in New York; the session is open."""
    made = world()
    assert made.clock.now() == OPENING
    assert made.calendar.is_open(OPENING)


def test_every_tick_happens_once_in_order() -> None:
    """However the time is cut, the ticks are the same: each minute after the start, to the end."""
    whole, pieces = world(), world()
    ticks: list[datetime] = []
    whole.subscribe_ticks(ticks.append)
    whole.advance(timedelta(minutes=10))
    assert ticks == [OPENING + timedelta(minutes=minute) for minute in range(1, 11)]
    in_pieces: list[datetime] = []
    pieces.subscribe_ticks(in_pieces.append)
    for seconds in (1, 58, 1, 0, 119, 300, 121):
        pieces.advance(timedelta(seconds=seconds))
    assert in_pieces == ticks
    assert pieces.clock.now() == whole.clock.now()


def test_the_clock_shows_the_tick_while_it_happens() -> None:
    """Whoever is called reads the tick's time, not where the advance will end."""
    made = world()
    seen: list[bool] = []
    made.subscribe_ticks(lambda at: seen.append(made.clock.now() == at))
    made.advance(timedelta(minutes=3, seconds=30))
    assert seen == [True, True, True]
    assert made.clock.now() == OPENING + timedelta(minutes=3, seconds=30)


def test_ticks_are_counted_from_the_opening() -> None:
    """A world that starts in the middle of a tick has its next tick on the session's grid."""
    made = world(starts_at=OPENING + timedelta(seconds=75))
    ticks: list[datetime] = []
    made.subscribe_ticks(ticks.append)
    made.advance(timedelta(seconds=60))
    assert ticks == [OPENING + timedelta(minutes=2)]


def test_a_session_closes_and_the_next_opens() -> None:
    """Closed time has no ticks but the close itself; weekends and holidays are skipped."""
    made = world(tick_seconds=3600, starts_at=datetime(2026, 1, 16, 20, 0, tzinfo=UTC))
    log: list[tuple[str, datetime]] = []

    def on_session(change: SessionChange) -> None:
        log.append(("open" if change.is_open else "close", change.at))

    made.subscribe_ticks(lambda at: log.append(("tick", at)))
    made.subscribe_sessions(on_session)
    made.advance_to(datetime(2026, 1, 20, 15, 40, tzinfo=UTC))
    close, opening = (
        datetime(2026, 1, 16, 21, tzinfo=UTC),
        datetime(2026, 1, 20, 14, 30, tzinfo=UTC),
    )
    assert log == [
        ("tick", datetime(2026, 1, 16, 20, 30, tzinfo=UTC)),
        ("close", close),
        ("tick", close),
        # Monday the 19th is Martin Luther King's day.
        ("open", opening),
        ("tick", opening),
        ("tick", opening + timedelta(hours=1)),
    ]


def test_a_half_day_closes_at_one() -> None:
    """On the Friday after Thanksgiving the close comes three hours early."""
    made = world(starts_at=datetime(2026, 11, 27, 17, 59, tzinfo=UTC))
    closes: list[datetime] = []
    made.subscribe_sessions(lambda change: closes.append(change.at))
    made.advance(timedelta(minutes=5))
    assert closes == [datetime(2026, 11, 27, 18, 0, tzinfo=UTC)]


def test_day_orders_end_with_the_tick_of_the_close() -> None:
    """Up to the last tick they trade; at the close they are gone."""
    floor = TradingFloor()
    floor.show_everything()
    order = floor.buy(10, AAPL, limit("260.00"))
    floor.world.advance_to(CLOSING - timedelta(seconds=1))
    assert floor.now(order).is_open
    floor.world.advance_to(CLOSING)
    assert not floor.now(order).is_open


def test_an_unsubscribed_callback_is_not_called() -> None:
    """Ticks and sessions both."""
    made = world()
    ticks: list[datetime] = []
    changes: list[SessionChange] = []
    made.subscribe_ticks(ticks.append)
    made.subscribe_sessions(changes.append)
    made.unsubscribe_ticks(ticks.append)
    made.unsubscribe_sessions(changes.append)
    made.advance(timedelta(days=1))
    assert ticks == []
    assert changes == []


def test_time_does_not_run_backwards() -> None:
    """Nor may it be naive or in another zone."""
    made = world()
    with pytest.raises(BadInput, match="or later"):
        made.advance_to(OPENING - timedelta(seconds=1))
    with pytest.raises(BadInput, match="UTC"):
        made.advance_to(OPENING.replace(tzinfo=None))
    assert made.clock.now() == OPENING


def test_a_callback_may_not_advance_the_world() -> None:
    """The world says so, and can be advanced afterwards."""
    made = world()

    def advance(at: datetime) -> None:
        made.advance(timedelta(minutes=1))

    made.subscribe_ticks(advance)
    with pytest.raises(RuntimeError, match="one of its own callbacks"):
        made.advance(timedelta(minutes=1))
    made.unsubscribe_ticks(advance)
    made.advance(timedelta(minutes=1))


def test_only_the_hand_moves_the_clock() -> None:
    """And only forwards, in aware UTC."""
    clock = SimulatedClock(OPENING)
    hand = ClockHand(clock)
    hand.move_to(NEXT_OPENING)
    assert clock.now() == NEXT_OPENING
    with pytest.raises(BadInput, match="or later"):
        hand.move_to(OPENING)
    with pytest.raises(BadInput, match="UTC"):
        SimulatedClock(OPENING.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"tick_seconds": 0}, "tick_seconds"),
        ({"tick_seconds": 3601}, "tick_seconds"),
        ({"tick_seconds": True}, "tick_seconds"),
        ({"starts_at": datetime(2026, 1, 5, 9, 30)}, "time"),  # noqa: DTZ001
        ({"market": "bullish"}, "scenario.market"),
        ({"market": ReplaySettings(Path("no-such-file.csv"))}, "no-such-file.csv"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(settings: dict[str, object], field: str) -> None:
    """The error names the setting."""
    with pytest.raises(BadInput, match=field):
        world(**{"tick_seconds": 60, **settings})  # type: ignore[arg-type]


def test_a_replayed_world_begins_on_its_first_day(tmp_path: Path) -> None:
    """Its listing is the file's, and its first quote follows the file's prices."""
    days = _weekdays(date(2025, 3, 3), 40)
    rows = [f"KO,{day},70.00,71.00,69.00,70.50,1000000" for day in days]
    file = tmp_path / "bars.csv"
    file.write_text("\n".join(["symbol,date,open,high,low,close,volume", *rows]) + "\n")
    replay = ReplaySettings(file, date(2025, 4, 7))
    made = world(market=replay)
    assert made.clock.now() == datetime(2025, 4, 7, 13, 30, tzinfo=UTC)
    (stock,) = made.listing.stocks
    made.advance(timedelta(minutes=1))
    ask = made.market.quote(stock, made.clock.now()).ask
    assert ask is not None
    assert 69 <= ask <= 72


def _weekdays(start: date, count: int) -> list[date]:
    """Return so many trading days from ``start`` on."""
    sessions = world().calendar.sessions(start, start + timedelta(days=2 * count))
    return [session.day for session in sessions[:count]]
