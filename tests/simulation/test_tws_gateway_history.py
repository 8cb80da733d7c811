"""Past prices through the TWS gateway: bars in every form, once, kept up to date, and streamed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.errors import BadInput
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.gateways.tws.bars import BAR_SECONDS, BarRequest
from brokerport.simulator.market.market import Bar
from brokerport.simulator.wire.tws.messages.history import (
    CancelHeadTimestamp,
    CancelHistoricalData,
    CancelRealTimeBars,
    HeadTimestamp,
    HistoricalBar,
    HistoricalData,
    HistoricalDataUpdate,
    RealTimeBar,
    ReqHeadTimestamp,
    ReqHistoricalData,
    ReqRealTimeBars,
)
from brokerport.simulator.wire.tws.messages.values import WireContract
from tests.simulation.trading_floor import AAPL, OPENING
from tests.simulation.tws_door import (
    STOCK,
    Door,
    errors,
    every,
    only,
    play,
)

D = Decimal
CALENDAR = TradingCalendar()


def bar(begins_at: datetime, close: str = "270.5", volume: int = 500) -> Bar:
    """Return a bar that opens at 270."""
    return Bar(begins_at, D(270), D(271), D(269), D(close), D(volume), 7, D("270.1"))


def request(
    bar_size: str = "1 min",
    duration: str = "1 D",
    what: str = "TRADES",
    end: str = "",
    **fields: Any,
) -> ReqHistoricalData:
    """Return a request for bars of AAPL."""
    terms: dict[str, Any] = {"contract": STOCK, "use_rth": True, **fields}
    return ReqHistoricalData(
        request_id=1,
        end_date_time=end,
        bar_size_setting=bar_size,
        duration_str=duration,
        what_to_show=what,
        **terms,
    )


def with_minutes(door: Door, count: int) -> None:
    """Have the market know some minutes, and let them pass."""
    door.market.set_bars(AAPL, 60, [bar(OPENING + timedelta(minutes=n)) for n in range(count)])
    door.world.advance(timedelta(minutes=count))


def test_bars_are_told_in_one_answer() -> None:
    """Every field of a bar, with the times it was asked for."""

    async def story(door: Door) -> None:
        client = await door.client()
        with_minutes(door, 2)
        [told] = await client.ask(request())
        assert told == HistoricalData(
            1,
            "20260105 09:30:00 US/Eastern",
            "20260105 09:32:00 US/Eastern",
            tuple(
                HistoricalBar(
                    f"20260105 09:3{n}:00 US/Eastern",
                    D(270),
                    D(271),
                    D(269),
                    D("270.5"),
                    D(500),
                    D("270.1"),
                    7,
                )
                for n in (0, 1)
            ),
        )

    play(story)


@pytest.mark.parametrize(
    ("format_date", "version", "date"),
    [
        (1, 178, "20260105 09:30:00 US/Eastern"),
        (1, 157, "20260105  09:30:00"),
        (2, 178, str(int(OPENING.timestamp()))),
    ],
)
def test_a_bar_s_date_has_the_form_asked_for(format_date: int, version: int, date: str) -> None:
    """Text or seconds; before version 174 the text names no zone."""

    async def story(door: Door) -> None:
        client = await door.client(max_version=version)
        with_minutes(door, 1)
        [told] = await client.ask(request(format_date=format_date))
        assert told.bars[0].date == date

    play(story)


@pytest.mark.parametrize("format_date", [1, 2])
def test_a_day_s_date_is_a_day(format_date: int) -> None:
    """Daily bars are dated YYYYMMDD in either form."""

    async def story(door: Door) -> None:
        client = await door.client()
        sessions = CALENDAR.sessions(OPENING.date() - timedelta(days=30), OPENING.date())
        door.market.set_bars(AAPL, 86400, [bar(s.opens_at) for s in sessions])
        door.world.advance(timedelta(hours=1))
        [told] = await client.ask(request("1 day", "3 D", format_date=format_date))
        assert [b.date for b in told.bars] == ["20251231", "20260102", "20260105"]

    play(story)


def test_weeks_and_months_are_put_together_from_days() -> None:
    """First open, last close, the extremes, the sums; dated by the last session so far."""

    async def story(door: Door) -> None:
        client = await door.client()
        sessions = CALENDAR.sessions(OPENING.date() - timedelta(days=40), OPENING.date())
        door.market.set_bars(AAPL, 86400, [bar(s.opens_at, "270.7", 100) for s in sessions])
        door.world.advance(timedelta(hours=1))
        [weeks] = await client.ask(request("1 week", "1 M"))
        assert [b.date for b in weeks.bars][-3:] == ["20251226", "20260102", "20260105"]
        # Christmas and New Year: four sessions each, after a full week.
        assert [b.volume for b in weeks.bars][-4:] == [500, 400, 400, 100]
        assert weeks.bars[-2].close == D("270.7")
        [months] = await client.ask(request("1 month", "2 M"))
        assert [b.date for b in months.bars][-2:] == ["20251231", "20260105"]
        assert months.bars[-1].bar_count == 14

    play(story)


@pytest.mark.parametrize(
    ("what", "open_"), [("BID", "269.99"), ("ASK", "270.01"), ("MIDPOINT", "270")]
)
def test_quotes_are_shown_as_bars_without_volume(what: str, open_: str) -> None:
    """Bid, ask and midpoint lie where the quote was; IBKR writes their volume as -1."""

    async def story(door: Door) -> None:
        client = await door.client()
        with_minutes(door, 1)
        [told] = await client.ask(request(what=what))
        [shown] = told.bars
        assert shown.open == D(open_)
        assert shown.high - shown.low == 2
        assert (shown.volume, shown.wap, shown.bar_count) == (-1, -1, -1)

    play(story)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (request(duration="60 S"), 1),
        (request(duration="120 S"), 2),
        (request(duration="120 S", end="20260105 09:32:00 US/Eastern"), 2),
        (request(duration="1 D", end="20260105 09:33:00"), 3),
        (request(duration="1 D", end="20260105-14:31:00"), 1),
        (request(duration="1 D", end="20261231 16:00:00 US/Eastern"), 5),
        (request(duration="1 W"), 5),
        (request(duration="1 Y", bar_size="1 min"), 5),
    ],
)
def test_a_request_ends_and_lasts_as_asked(wanted: ReqHistoricalData, count: int) -> None:
    """Durations count back from the end; an end to come is now."""

    async def story(door: Door) -> None:
        client = await door.client()
        with_minutes(door, 5)
        assert len(only(HistoricalData, await client.ask(wanted)).bars) == count

    play(story)


@pytest.mark.parametrize(
    "wanted",
    [
        request("7 mins"),
        request(duration="1 fortnight"),
        request(duration="0 D"),
        request(duration=""),
        request(what="OPTION_IMPLIED_VOLATILITY"),
        request(end="yesterday"),
        request(end="20261341 00:00:00"),
        request(end="20260105 09:33:00 Mars/Olympus"),
        request(format_date=3),
        request("1 secs", "1 Y"),
        request("1 month", "900 Y"),
        request(keep_up_to_date=True, end="20260105 09:33:00"),
        request("1 week", keep_up_to_date=True),
        request("5 mins"),
    ],
)
def test_a_request_that_cannot_be_answered_is_162(wanted: ReqHistoricalData) -> None:
    """Whatever is wrong, or no data: the historical data service's error, never an empty list."""

    async def story(door: Door) -> None:
        client = await door.client()
        with_minutes(door, 1)
        messages = await client.ask(wanted)
        assert errors(messages) == [(1, 162)]
        assert messages[0].error_string.startswith("Historical Market Data Service error message:")
        assert every(HistoricalData, messages) == []

    play(story)


def test_a_contract_that_fits_nothing_is_200() -> None:
    """The contract is looked up before anything else."""

    async def story(door: Door) -> None:
        client = await door.client()
        nothing = WireContract(symbol="NOSUCH", sec_type="STK")
        messages = await client.ask(
            request(contract=nothing),
            ReqRealTimeBars(2, nothing, 5, "TRADES", True),
            ReqHeadTimestamp(3, nothing, True, "TRADES"),
        )
        assert errors(messages) == [(1, 200), (2, 200), (3, 200)]

    play(story)


@pytest.mark.parametrize("bar_size", sorted(BAR_SECONDS))
def test_every_bar_size_of_ibkr_s_list_is_read(bar_size: str) -> None:
    """No documented size is refused."""
    assert BarRequest.read(bar_size, "1 D", "TRADES", "", 1).bar_seconds == BAR_SECONDS[bar_size]


@pytest.mark.parametrize(
    ("duration", "ends_at", "starts_at"),
    [
        ("1 D", "2026-01-05 20:00", "2026-01-05 14:30"),
        ("2 D", "2026-01-05 20:00", "2026-01-02 14:30"),
        ("1 D", "2026-01-05 14:30", "2026-01-02 14:30"),
        ("1 D", "2026-01-04 12:00", "2026-01-02 14:30"),
        ("60 S", "2026-01-04 12:00", "2026-01-02 20:59"),
        ("60 S", "2026-01-05 15:00", "2026-01-05 14:59"),
        ("2 W", "2026-01-05 20:00", "2025-12-22 20:00"),
        ("1 M", "2026-03-31 20:00", "2026-02-28 20:00"),
        ("2 Y", "2026-01-05 20:00", "2024-01-05 20:00"),
    ],
)
def test_a_duration_counts_back_from_its_end(duration: str, ends_at: str, starts_at: str) -> None:
    """Days are sessions, seconds count from the last trading time, months keep their day."""
    wanted = BarRequest.read("1 min" if "Y" not in duration else "1 day", duration, "BID", "", 1)
    found = wanted.starts_at(_utc(ends_at), CALENDAR)
    assert found == _utc(starts_at)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_duration_before_the_calendar_is_refused() -> None:
    """Asking for more days than there are names the problem."""
    wanted = BarRequest.read("1 day", "90 Y", "TRADES", "", 1)
    assert wanted.starts_at(OPENING, CALENDAR).year == 1936
    with pytest.raises(BadInput):
        BarRequest.read("1 day", "20000 D", "TRADES", "", 1).starts_at(OPENING, CALENDAR)


# --- bars that keep coming ----------------------------------------------------------------------


def updates(messages: Sequence[Any]) -> list[tuple[str, Decimal]]:
    """Return date and close of each update."""
    return [(m.date, m.close) for m in every(HistoricalDataUpdate, messages)]


def test_a_history_is_kept_up_to_date() -> None:
    """The running bar is told when it changes, and the next one once it begins."""

    async def story(door: Door) -> None:
        client = await door.client()
        with_minutes(door, 1)
        await client.ask(request(keep_up_to_date=True))
        first, second = OPENING, OPENING + timedelta(minutes=1)
        door.market.set_bars(AAPL, 60, [bar(first), bar(second, "270.6")])
        door.tick()
        assert updates(await client.ask()) == [("20260105 09:31:00 US/Eastern", D("270.6"))]
        door.tick()
        assert updates(await client.ask()) == []
        door.market.set_bars(AAPL, 60, [bar(first), bar(second, "270.7")])
        door.tick()
        assert updates(await client.ask()) == [("20260105 09:31:00 US/Eastern", D("270.7"))]
        assert errors(await client.ask(CancelHistoricalData(1))) == []
        assert errors(await client.ask(CancelHistoricalData(1))) == [(1, 366)]
        door.market.set_bars(AAPL, 60, [bar(second, "270.8")])
        door.tick()
        assert updates(await client.ask()) == []

    play(story)


def test_five_second_bars_are_told_when_they_are_complete() -> None:
    """Each bar once, with its beginning, and only after it has ended."""

    async def story(door: Door) -> None:
        client = await door.client()
        door.market.set_bars(
            AAPL, 5, [bar(OPENING + timedelta(seconds=5 * n), f"270.{n}") for n in range(6)]
        )
        assert await client.ask(ReqRealTimeBars(2, STOCK, 5, "TRADES", True)) == []
        door.tick()
        at = int(OPENING.timestamp())
        assert await client.ask() == [
            RealTimeBar(2, at, D(270), D(271), D(269), D("270.0"), D(500), D("270.1"), 7)
        ]
        door.tick(3)
        told = every(RealTimeBar, await client.ask())
        assert [m.time for m in told] == [at + 5, at + 10, at + 15]
        door.world.advance(timedelta(seconds=8))
        # The bar that began at 25 seconds is still running at 28.
        assert [m.time for m in await client.ask()] == [at + 20]
        assert errors(await client.ask(CancelRealTimeBars(2))) == []
        assert errors(await client.ask(CancelRealTimeBars(2))) == [(2, 300)]
        door.tick()
        assert await client.ask() == []

    play(story)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (ReqRealTimeBars(2, STOCK, 10, "TRADES", True), 420),
        (ReqRealTimeBars(2, STOCK, 5, "YIELD", True), 420),
        (ReqHeadTimestamp(2, STOCK, True, "YIELD"), 162),
    ],
)
def test_bars_that_are_not_had_are_refused(wanted: object, code: int) -> None:
    """Only five-second bars of what the market knows."""

    async def story(door: Door) -> None:
        client = await door.client()
        assert errors(await client.ask(wanted)) == [(2, code)]

    play(story)


def test_a_request_id_streams_one_set_of_bars() -> None:
    """A second stream under a used id is 102."""

    async def story(door: Door) -> None:
        client = await door.client()
        wanted = ReqRealTimeBars(2, STOCK, 5, "TRADES", True)
        assert errors(await client.ask(wanted, wanted)) == [(2, 102)]

    play(story)


def test_the_first_moment_of_data_is_told() -> None:
    """The calendar's first opening, as UTC text or in seconds."""

    async def story(door: Door) -> None:
        client = await door.client()
        first = CALENDAR.first_session.opens_at
        messages = await client.ask(
            ReqHeadTimestamp(2, STOCK, True, "TRADES", 1),
            ReqHeadTimestamp(3, STOCK, True, "TRADES", 2),
            CancelHeadTimestamp(3),
        )
        assert messages == [
            HeadTimestamp(2, f"{first:%Y%m%d-%H:%M:%S}"),
            HeadTimestamp(3, str(int(first.timestamp()))),
        ]

    play(story)
