"""Past prices through the Client Portal gateway."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.instruments import Instrument
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.gateways.client_portal.history_request import HistoryRequest
from brokerport.simulator.gateways.client_portal.market_desk import MarketDesk
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from brokerport.simulator.gateways.client_portal.translate.bars import history_answer
from brokerport.simulator.market.market import Bar
from brokerport.simulator.market.synthetic import SyntheticMarket
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World
from tests.client_portal.openapi import check_answer
from tests.client_portal.portal_desk import AAPL, PUT, HandClock, PortalDesk

HISTORY = "/iserver/marketdata/history"
AAPL_ID, UNKNOWN_ID = 265598, 999999999
OPENING = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
DAY_SECONDS = 86_400
D = Decimal


def bar(begins_at: datetime, close: str = "250.5", volume: int = 1250, high: str = "251") -> Bar:
    """Return a bar that opens at 250."""
    return Bar(begins_at, D(250), D(high), D("249.25"), D(close), D(volume), 7, D("250.1"))


def minutes(count: int, start: datetime = OPENING) -> list[Bar]:
    """Return bars of a minute, the first from ``start`` on."""
    return [bar(start + timedelta(minutes=number)) for number in range(count)]


def days(desk: PortalDesk, count: int) -> list[Bar]:
    """Return daily bars of the latest sessions, today's the last."""
    calendar = desk.world.calendar
    session = calendar.latest_session(desk.world.clock.now())
    found = []
    for number in range(count):
        found.append(bar(session.opens_at, close=str(250 - number)))
        session = calendar.previous_session(session.day)
    return found[::-1]


def history(desk: PortalDesk, instrument: Instrument = AAPL, **terms: Any) -> dict[str, Any]:
    """Ask for bars; minutes of today unless other terms are given."""
    asked = {"conid": desk.world.listing.details(instrument).contract_id, **terms}
    answer: dict[str, Any] = desk.answer("GET", HISTORY, params=asked)
    return answer


def times(answer: dict[str, Any]) -> list[datetime]:
    """Return when the bars of an answer begin."""
    return [datetime.fromtimestamp(row["t"] / 1000, UTC) for row in answer["data"]]


def test_bars_with_all_that_ibkr_tells_about_them() -> None:
    """Milliseconds, prices, volume in hundreds of shares, and the scales of IBKR's chart."""
    with PortalDesk() as desk:
        desk.market.set_bars(
            AAPL, 60, [bar(OPENING), bar(OPENING + timedelta(minutes=1), high="252.5", volume=300)]
        )
        desk.pass_time(timedelta(minutes=2))
        answer = history(desk, period="1d", bar="1min")
    first, second = answer["data"]
    opening = int(OPENING.timestamp() * 1000)
    assert first == {"t": opening, "o": 250, "h": 251, "l": 249.25, "c": 250.5, "v": 12.5}
    assert (second["t"], second["v"]) == (opening + 60_000, 3)
    assert (answer["symbol"], answer["text"]) == ("AAPL", "APPLE INC")
    assert (answer["priceFactor"], answer["volumeFactor"]) == (100, 100)
    assert (answer["high"], answer["low"]) == ("25250/3/1", "24925/12.5/0")
    assert (answer["barLength"], answer["timePeriod"], answer["points"]) == (60, "1d", 1)
    assert (answer["startTime"], answer["chartPanStartTime"]) == (
        "20260105-14:30:00",
        "20260105-14:32:00",
    )
    assert answer["outsideRth"] is False
    check_answer("GET", HISTORY, 200, answer)


def test_an_options_volume_is_in_contracts() -> None:
    """A factor of one, and whole contracts."""
    with PortalDesk() as desk:
        desk.market.set_bars(PUT, 60, [bar(OPENING, volume=12)])
        desk.pass_time(timedelta(minutes=1))
        answer = history(desk, PUT)
    assert (answer["volumeFactor"], answer["data"][0]["v"]) == (1, 12)


def test_the_defaults_are_a_day_of_minutes() -> None:
    """The whole session in progress, and no bar of yesterday's."""
    with PortalDesk() as desk:
        yesterday = datetime(2026, 1, 2, 20, 59, tzinfo=UTC)
        desk.market.set_bars(AAPL, 60, [bar(yesterday), *minutes(3)])
        desk.pass_time(timedelta(minutes=3))
        assert times(history(desk)) == [OPENING + timedelta(minutes=n) for n in range(3)]


def test_a_bar_that_has_not_begun_is_not_told() -> None:
    """Nobody sees the future, whatever end is named."""
    with PortalDesk() as desk:
        desk.market.set_bars(AAPL, 60, minutes(10))
        desk.pass_time(timedelta(minutes=4))
        told = history(desk, startTime="20261231-00:00:00")
    assert len(told["data"]) == 4


def test_the_start_time_is_where_the_window_ends() -> None:
    """Whatever its name says."""
    with PortalDesk() as desk:
        desk.market.set_bars(AAPL, 60, minutes(60))
        desk.pass_time(timedelta(hours=1))
        told = history(desk, period="10min", startTime="20260105-15:00:00")
    assert times(told) == [OPENING + timedelta(minutes=n) for n in range(20, 30)]
    assert (told["startTime"], told["direction"]) == ("20260105-14:50:00", -1)


def test_with_direction_one_the_window_begins_there() -> None:
    """Minutes, and days as sessions."""
    with PortalDesk() as desk:
        desk.market.set_bars(AAPL, 60, minutes(60))
        desk.market.set_bars(AAPL, DAY_SECONDS, days(desk, 5))
        desk.pass_time(timedelta(hours=1))
        told = history(desk, period="10min", startTime="20260105-15:00:00", direction="1")
        three = history(desk, period="3d", bar="1d", startTime="20251229-14:30:00", direction="1")
    assert times(told) == [OPENING + timedelta(minutes=n) for n in range(30, 40)]
    assert [at.date().isoformat() for at in times(three)] == [
        "2025-12-29",
        "2025-12-30",
        "2025-12-31",
    ]


@pytest.mark.parametrize(
    ("period", "count"), [("5min", 5), ("300S", 5), ("1h", 60), ("1d", 390), ("2d", 420)]
)
def test_periods_of_minutes_count_back_from_now(period: str, count: int) -> None:
    """After the close from the close; days are whole sessions."""
    friday = datetime(2026, 1, 2, 20, 30, tzinfo=UTC)
    with PortalDesk() as desk:
        desk.market.set_bars(AAPL, 60, [*minutes(30, friday), *minutes(390)])
        desk.pass_time(timedelta(hours=9))
        told = history(desk, period=period)
    assert len(told["data"]) == count
    assert times(told)[-1] == OPENING + timedelta(minutes=389)


@pytest.mark.parametrize(("period", "count"), [("3d", 3), ("1w", 4), ("1m", 19), ("1y", 39)])
def test_days_are_sessions(period: str, count: int) -> None:
    """Weeks and months are those of the calendar, holidays left out."""
    with PortalDesk() as desk:
        desk.market.set_bars(AAPL, DAY_SECONDS, days(desk, 39))
        desk.pass_time(timedelta(minutes=1))
        told = history(desk, period=period, bar="1d")
    assert len(told["data"]) == count
    assert times(told)[-1] == OPENING


def test_weeks_and_months_begin_with_their_first_session() -> None:
    """Put together from days: opened by the first, closed by the last, with all their volume."""
    with PortalDesk() as desk:
        desk.market.set_bars(AAPL, DAY_SECONDS, days(desk, 24))
        desk.pass_time(timedelta(minutes=1))
        weeks = history(desk, period="2w", bar="1w")
        months = history(desk, period="2m", bar="1m")
    assert [at.date().isoformat() for at in times(weeks)] == [
        "2025-12-23",  # The window began within the Monday.
        "2025-12-29",
        "2026-01-05",
    ]
    assert [row["v"] for row in weeks["data"]] == [37.5, 50, 12.5]
    assert [row["c"] for row in weeks["data"]] == [245, 249, 250]
    assert [at.date().isoformat() for at in times(months)] == ["2025-12-01", "2026-01-02"]


def test_sources_move_the_bars_to_their_side() -> None:
    """The middle of bid and ask, and each of them; they have no volume."""
    with PortalDesk() as desk:
        desk.market.set_bars(AAPL, 60, minutes(1))
        desk.market.set_quote(AAPL, "250.00", "250.10", 10, 10, "250.02", 1)
        desk.pass_time(timedelta(minutes=1))
        found = {
            source: history(desk, source=source)["data"][0]
            for source in ("Last", "Midpoint", "Bid", "Ask")
        }
    assert found["Last"]["o"] == 250
    assert [found[side]["o"] for side in ("Midpoint", "Bid", "Ask")] == [250.03, 249.98, 250.08]
    assert [found[source]["v"] for source in ("Midpoint", "Bid", "Ask")] == [0, 0, 0]


def test_a_thousand_bars_are_the_most() -> None:
    """Of a longer window the latest, and none of them twice."""
    calendar = TradingCalendar()
    with PortalDesk() as desk:
        sessions = [calendar.session_on(datetime(2026, 1, day).date()) for day in (5, 6, 7, 8)]  # noqa: DTZ001
        everything = [
            one for session in sessions if session for one in minutes(390, session.opens_at)
        ]
        desk.market.set_bars(AAPL, 60, everything)
        desk.pass_time(timedelta(days=3, hours=3))
        desk.portal.log_in()
        answer = history(desk, period="1w")
    told = [one.begins_at for one in everything if one.begins_at < OPENING + timedelta(days=3.125)]
    assert times(answer) == told[-1000:]
    assert answer["points"] == 999


def test_bars_far_apart_are_each_told_once() -> None:
    """A market that trades rarely: its bars are looked for piece by piece, none is met twice."""
    places = (0, 339, 340, 999, 1000, 1339, 1340, 2339)
    with PortalDesk() as desk:
        rare = [bar(OPENING + timedelta(seconds=10 * place)) for place in places]
        desk.market.set_bars(AAPL, 10, rare)
        desk.pass_time(timedelta(hours=7))
        answer = history(desk, bar="10S")
    assert times(answer) == [one.begins_at for one in rare]


@pytest.mark.parametrize(
    ("bar_size", "period", "seconds"), [("30S", "2d", 30), ("5min", "1m", 300), ("1h", "1y", 3600)]
)
def test_long_windows_hold_what_the_market_has(bar_size: str, period: str, seconds: int) -> None:
    """Read piece by piece from the end, a real market's bars are the same as read at once."""
    calendar = TradingCalendar()
    market = SyntheticMarket(7, calendar)
    portal = ServedPortal(World.build(Scenario(market=market)), PortalSettings(), HandClock())
    portal.world.advance(timedelta(hours=3, minutes=10))
    request = HistoryRequest.read(period, bar_size)
    answer = history_answer(MarketDesk(portal), AAPL_ID, request, portal.now)
    start, now = request.window(portal.now, calendar)
    whole = market.bars(AAPL, start, now, seconds, calendar)[-1000:]
    assert len(answer["data"]) == len(whole)
    assert times(answer) == [one.begins_at for one in whole]
    assert [row["c"] for row in answer["data"]] == [one.close for one in whole]


@pytest.mark.parametrize(
    "terms",
    [
        {"period": "INVALID"},
        {"period": "0d"},
        {"period": "1001d"},
        {"period": "16y"},
        {"period": "1x"},
        {"bar": "7min"},
        {"bar": "1"},
        {"startTime": "2026-01-05"},
        {"startTime": "20261305-10:00:00"},
        {"source": "Bid_Ask"},
        {"direction": "2"},
        {"conid": "AAPL"},
        {"conid": ""},
        {"startTime": "19000101-00:00:00"},
    ],
    ids=str,
)
def test_a_request_that_makes_no_sense_is_refused(terms: dict[str, str]) -> None:
    """With what would do; nothing is guessed."""
    with PortalDesk() as desk:
        desk.market.set_bars(AAPL, 60, minutes(3))
        desk.pass_time(timedelta(minutes=3))
        response = desk.get(HISTORY, {"conid": AAPL_ID, **terms})
    assert response.status_code == 400
    assert response.json()["error"].startswith("Bad Request: ")


@pytest.mark.parametrize("conid", [AAPL_ID, UNKNOWN_ID])
def test_no_bars_are_an_error(conid: int) -> None:
    """A market without bars and a contract that is unknown: never an empty answer."""
    with PortalDesk() as desk:
        response = desk.get(HISTORY, {"conid": conid})
    assert response.status_code == 500
    assert response.json()["error"] == "Chart data unavailable"
    check_answer("GET", HISTORY, 500, response.json())


def test_outside_regular_hours_is_repeated() -> None:
    """It changes nothing, for nothing trades then."""
    with PortalDesk() as desk:
        desk.market.set_bars(AAPL, 60, minutes(1))
        desk.pass_time(timedelta(minutes=1))
        inside, outside = history(desk), history(desk, outsideRth="true")
    assert (inside["outsideRth"], outside["outsideRth"]) == (False, True)
    assert inside["data"] == outside["data"]
    assert (inside["serverId"], outside["serverId"]) == ("1", "2")
