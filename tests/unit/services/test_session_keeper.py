"""A session that survives: brought back with patience, dead lines found, restarts respected."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from brokerport.config import SessionSettings, WhileAway
from brokerport.domain.errors import (
    InvalidConfiguration,
    NotConnected,
    OrderInDoubt,
    RequestRefused,
    RequestTimedOut,
    UnknownAccount,
)
from brokerport.domain.events import ExecutionReceived, SessionState
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.positions import Holding
from brokerport.domain.restart_times import next_restart, restart_time
from brokerport.ports.orders import BookedExecution
from brokerport.ports.session import BrokerReachable, BrokerUnreachable, ConnectionLost
from tests.support.examples import AAPL, GEN, NOON, execution, request
from tests.support.fake_adapter import Say, acknowledged, cancelled
from tests.support.trading_desk import TradingDesk, run
from tests.unit.services.test_proof_of_doubt import shown

NEW_YORK = ZoneInfo("America/New_York")


async def kept(**settings: Any) -> TradingDesk:
    """Return an open desk whose session is watched over."""
    desk = TradingDesk(session=SessionSettings(**settings))
    await desk.open()
    desk.keeper.start()
    return desk


def lose(desk: TradingDesk) -> None:
    """Cut the line."""
    desk.adapter.session.tell(ConnectionLost("cut"))


def test_a_lost_session_comes_back_by_itself() -> None:
    """It goes through its states again, and orders are served as before."""

    async def trading() -> None:
        desk = await kept()
        lose(desk)
        with pytest.raises(NotConnected, match="cut"):
            await desk.broker.place(request())
        await asyncio.sleep(1)
        assert [state for state, _ in desk.states()] == [
            "disconnected",
            "connecting",
            "synchronising",
            "ready",
        ]
        desk.orders.script("place", Say(acknowledged()))
        assert (await desk.broker.place(request())).status is OrderStatus.WORKING
        await desk.keeper.stop()

    run(trading())


def test_delays_double_up_to_their_maximum_and_are_jittered() -> None:
    """Nobody hammers a gateway that is down, and it is found within a delay of its return."""

    async def trading() -> None:
        desk = await kept(first_delay_seconds=1, delay_seconds_max=8)
        attempts: list[float] = []
        loop = asyncio.get_running_loop()
        desk.adapter.session.when_connecting = lambda: None
        desk.adapter.session.connect_error = NotConnected("nothing listens")
        connect = desk.adapter.session.connect

        async def counted(listener: Any) -> None:
            attempts.append(loop.time())
            await connect(listener)

        desk.adapter.session.connect = counted  # type: ignore[method-assign]
        lost_at = loop.time()
        lose(desk)
        await asyncio.sleep(60)
        gaps = [
            later - sooner for sooner, later in zip([lost_at, *attempts], attempts, strict=False)
        ]
        for gap, most in zip(gaps, [1, 2, 4, 8, 8, 8], strict=False):
            assert most / 2 <= gap <= most
        assert len(set(gaps)) == len(gaps), "jitter"
        assert len(attempts) < 20
        desk.adapter.session.connect_error = None
        await asyncio.sleep(8)
        assert desk.broker.session_state is SessionState.READY
        await desk.keeper.stop()

    run(trading())


def test_the_reason_of_each_failure_is_told() -> None:
    """Whoever watches the states knows why it is still down."""

    async def trading() -> None:
        desk = await kept()
        desk.adapter.session.connect_error = NotConnected("nothing listens on 4002")
        lose(desk)
        await asyncio.sleep(1)
        assert any("nothing listens on 4002" in reason for _, reason in desk.states())
        await desk.keeper.stop()

    run(trading())


def test_what_needs_a_person_is_not_tried_again() -> None:
    """An account that is no longer managed will not be managed in a minute either."""

    async def trading() -> None:
        desk = await kept()
        desk.adapter.session.managed = (GEN,)
        lose(desk)
        await asyncio.sleep(600)
        assert [state for state, _ in desk.states()].count("connecting") == 1
        await desk.keeper.stop()

    run(trading())


def test_reconnecting_can_be_switched_off() -> None:
    """Then a loss is final, as it was told."""

    async def trading() -> None:
        desk = await kept(reconnects=False)
        lose(desk)
        await asyncio.sleep(600)
        assert desk.broker.session_state is SessionState.DISCONNECTED
        await desk.keeper.stop()

    run(trading())


@pytest.mark.parametrize(("silences", "is_dropped"), [(1, False), (2, True)])
def test_a_dead_line_is_told_from_a_slow_answer(silences: int, is_dropped: bool) -> None:
    """One heartbeat without an answer is bad luck; two in a row are a dead line."""

    async def trading() -> None:
        desk = await kept(heartbeat_seconds=30, reconnects=False)
        answers: list[datetime | RequestTimedOut] = [RequestTimedOut("no answer")] * silences

        async def broker_time() -> datetime:
            if answers:
                raise answers.pop()  # type: ignore[misc]
            return NOON

        desk.adapter.session.broker_time = broker_time  # type: ignore[method-assign]
        waiting = asyncio.create_task(desk.desk.place(request()))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.sleep(100)
        assert (desk.broker.session_state is SessionState.DISCONNECTED) is is_dropped
        if is_dropped:
            assert any("2 heartbeats" in reason for _, reason in desk.states())
        await desk.keeper.stop()

    run(trading())


def test_the_broker_out_of_the_gateways_reach_degrades_the_session() -> None:
    """Nothing can be asked until it is back, and then everything is looked at again."""

    async def trading() -> None:
        desk = await kept()
        desk.adapter.account_data.holdings = {GEN: (Holding(AAPL, Decimal(5), Decimal(1)),)}
        known = await desk.broker.positions("gen")
        desk.adapter.session.tell(BrokerUnreachable("1100"))
        assert desk.broker.session_state is SessionState.DEGRADED
        with pytest.raises(NotConnected, match="1100"):
            await desk.broker.place(request())
        with pytest.raises(NotConnected):
            await desk.broker.positions("gen")
        last = desk.broker.last_known_positions("gen")
        assert (last.value, last.as_of) == (known, NOON)
        with pytest.raises(NotConnected, match="never read"):
            desk.broker.last_known_balances("gen")
        desk.orders.reads.clear()
        desk.adapter.session.tell(BrokerReachable("1102"))
        await asyncio.sleep(0.1)
        assert desk.broker.session_state is SessionState.READY
        assert "open orders" in desk.orders.reads
        await desk.keeper.stop()

    run(trading())


def test_reach_lost_again_while_everything_is_looked_at() -> None:
    """The look is given up, and the session is not called ready."""

    async def trading() -> None:
        desk = await kept()
        session = desk.adapter.session
        session.tell(BrokerUnreachable("1100"))
        session.tell(BrokerReachable("1102"))
        session.tell(BrokerUnreachable("1100 again"))
        await asyncio.sleep(1)
        assert desk.broker.session_state is SessionState.DEGRADED
        session.tell(BrokerReachable("1102"))
        await asyncio.sleep(1)
        assert desk.broker.session_state is SessionState.READY
        await desk.keeper.stop()

    run(trading())


def test_an_order_can_wait_for_the_session() -> None:
    """Queued while the broker is away, it is placed once, when it is back."""

    async def trading() -> None:
        desk = await kept(while_away=WhileAway.QUEUE)
        lose(desk)
        desk.orders.script("place", Say(acknowledged()))
        order = await desk.broker.place(request())
        assert order.status is OrderStatus.WORKING
        assert desk.orders.times_sent("place") == 1
        await desk.keeper.stop()

    run(trading())


def test_an_order_does_not_wait_for_ever() -> None:
    """The wait is bounded, and nothing was sent."""

    async def trading() -> None:
        desk = await kept(while_away=WhileAway.QUEUE, queue_seconds_max=30, reconnects=False)
        lose(desk)
        with pytest.raises(NotConnected):
            await desk.broker.place(request())
        assert desk.orders.sent == []
        await desk.keeper.stop()

    run(trading())


def test_no_order_is_placed_just_before_a_restart() -> None:
    """Its answer would be lost with the session; a cancel may still leave."""

    async def trading() -> None:
        desk = await kept(restarts=("23:45",))
        desk.orders.script("place", Say(acknowledged()))
        order = await desk.broker.place(request())
        desk.clock.at = datetime(2026, 1, 5, 23, 43, 30, tzinfo=NEW_YORK)
        with pytest.raises(NotConnected, match="restarts at 23:45"):
            await desk.broker.place(request())
        with pytest.raises(OrderInDoubt):
            await desk.broker.cancel("gen", order.client_order_id)
        desk.clock.at += timedelta(minutes=3)
        desk.orders.script("place", Say(acknowledged()))
        await desk.broker.place(request())
        await desk.keeper.stop()

    run(trading())


@pytest.mark.parametrize(
    ("now", "is_near"),
    [
        ("2026-01-05T23:42:59", False),
        ("2026-01-05T23:43:00", True),
        ("2026-01-05T23:45:00", True),
        ("2026-01-05T23:45:01", False),
        ("2026-01-09T23:59:00", True),
        ("2026-01-08T23:59:00", False),
    ],
)
def test_which_restart_is_near(now: str, is_near: bool) -> None:
    """Daily and weekly ones, across midnight too (2026-01-10 is a Saturday)."""
    restarts = (restart_time("23:45"), restart_time("sat 00:00"))
    at = datetime.fromisoformat(now).replace(tzinfo=NEW_YORK)
    assert (next_restart(restarts, at, timedelta(minutes=2)) is not None) is is_near


@pytest.mark.parametrize("text", ["24:00", "sun 7:00", "someday 07:00", "07:00 "])
def test_a_restart_time_that_is_none_is_refused(text: str) -> None:
    """The setting is named."""
    with pytest.raises(InvalidConfiguration, match=r"session\.restarts"):
        SessionSettings(restarts=("23:45", text))


def test_an_unmapped_account_has_nothing_last_known() -> None:
    """It is not the broker that is asked, but the map still is."""
    desk = TradingDesk()
    with pytest.raises(UnknownAccount):
        desk.broker.last_known_positions("nobody")


@pytest.mark.parametrize(
    "error", [RequestRefused("not now", 322), ValueError("a bug")], ids=["refused", "a bug"]
)
def test_what_fails_while_a_session_is_made_ready_is_tried_again(error: Exception) -> None:
    """A gateway that has just come back refuses reads for a while; nobody has to restart us."""

    async def trading() -> None:
        unexpected: list[object] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: unexpected.append(context.get("exception"))
        )
        desk = await kept()
        desk.orders.read_error = error
        lose(desk)
        await asyncio.sleep(10)
        desk.orders.read_error = None
        await asyncio.sleep(60)
        assert desk.broker.session_state is SessionState.READY
        assert (error in unexpected) is isinstance(error, ValueError), "a defect is told of"
        await desk.keeper.stop()

    run(trading())


def test_a_defect_while_everything_is_looked_at_again_is_not_the_end() -> None:
    """The session must not stay between two states for ever: it is closed, and opened anew."""

    async def trading() -> None:
        desk = await kept()
        desk.adapter.session.tell(BrokerUnreachable("1100"))
        desk.orders.read_error = ValueError("a bug")
        unexpected: list[object] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: unexpected.append(context.get("exception"))
        )
        desk.adapter.session.tell(BrokerReachable("1102"))
        await asyncio.sleep(0.1)
        assert desk.broker.session_state is SessionState.DISCONNECTED
        desk.orders.read_error = None
        await asyncio.sleep(60)
        assert desk.broker.session_state is SessionState.READY
        await desk.keeper.stop()

    run(trading())


@pytest.mark.parametrize("closes_badly", [False, True])
def test_a_line_that_dies_while_the_broker_is_out_of_reach_is_found(closes_badly: bool) -> None:
    """Nobody could tell over it that the broker is back; however it closes, it is opened anew."""

    async def trading() -> None:
        desk = await kept(heartbeat_seconds=30)
        session = desk.adapter.session
        session.tell(BrokerUnreachable("1100"))
        is_dead = True
        broker_time = session.broker_time

        async def silent() -> datetime:
            if is_dead:
                raise RequestTimedOut("no answer")
            return await broker_time()

        session.broker_time = silent  # type: ignore[method-assign]
        session.disconnect_error = NotConnected("it is gone") if closes_badly else None
        await asyncio.sleep(59)
        assert desk.broker.session_state is SessionState.DEGRADED
        await asyncio.sleep(1.1)
        assert ("disconnected", "no answer to 2 heartbeats") in desk.states()
        is_dead, session.disconnect_error = False, None
        await asyncio.sleep(30)
        assert desk.broker.session_state is SessionState.READY
        await desk.keeper.stop()

    run(trading())


def test_reach_that_is_told_twice_is_one_recovery() -> None:
    """1101 and 1102, or the same twice: a second recovery could end the next session's start."""

    async def trading() -> None:
        desk = await kept()
        desk.adapter.session.tell(BrokerUnreachable("1100"))
        desk.states()
        desk.adapter.session.tell(BrokerReachable("1101"))
        desk.adapter.session.tell(BrokerReachable("1102"))
        await asyncio.sleep(1)
        assert desk.states() == [("synchronising", "1102"), ("ready", "")]
        await desk.keeper.stop()

    run(trading())


def held_reads(desk: TradingDesk) -> asyncio.Event:
    """Let the session's looks wait until the event is set."""
    free = asyncio.Event()
    broker_time = desk.adapter.session.broker_time

    async def held() -> datetime:
        await free.wait()
        return await broker_time()

    desk.adapter.session.broker_time = held  # type: ignore[method-assign]
    return free


@pytest.mark.parametrize("is_closed_by_us", [False, True])
def test_a_recovery_ends_with_its_session(is_closed_by_us: bool) -> None:
    """One that went on would call the next session ready before it is."""

    async def trading() -> None:
        desk = await kept(reconnects=False)
        desk.adapter.session.tell(BrokerUnreachable("1100"))
        free = held_reads(desk)
        desk.adapter.session.tell(BrokerReachable("1102"))
        await asyncio.sleep(1)
        if is_closed_by_us:
            await desk.supervisor.stop()
        else:
            lose(desk)
        starting = asyncio.create_task(desk.supervisor.start())
        await asyncio.sleep(1)
        desk.states()
        free.set()
        await starting
        assert desk.states() == [("ready", "")]
        await desk.keeper.stop()

    run(trading())


def test_a_new_session_begins_within_reach() -> None:
    """What the lost one had said of the broker is forgotten: the new one is ready, and proves."""

    async def trading() -> None:
        desk = await kept(reconnects=False)
        with pytest.raises(OrderInDoubt):
            await desk.broker.place(request())
        desk.adapter.session.tell(BrokerUnreachable("1100"))
        lose(desk)
        await desk.supervisor.start()
        assert desk.broker.session_state is SessionState.READY
        assert desk.only_order().status is OrderStatus.NOT_PLACED
        await desk.keeper.stop()

    run(trading())


def test_an_answer_between_two_silences_is_a_sign_of_life() -> None:
    """Only silences in a row make a dead line."""

    async def trading() -> None:
        desk = await kept(heartbeat_seconds=30, reconnects=False)
        is_silent = [True, False, True, False]

        async def broker_time() -> datetime:
            if is_silent and is_silent.pop(0):
                raise RequestTimedOut("no answer")
            return NOON

        desk.adapter.session.broker_time = broker_time  # type: ignore[method-assign]
        await asyncio.sleep(200)
        assert is_silent == []
        assert desk.broker.session_state is SessionState.READY
        await desk.keeper.stop()

    run(trading())


def test_a_cancel_can_wait_for_the_session_too() -> None:
    """It is sent when the session is back, once."""

    async def trading() -> None:
        desk = await kept(while_away=WhileAway.QUEUE)
        desk.orders.script("place", Say(acknowledged()))
        order = await desk.broker.place(request())
        desk.orders.open_records.append(shown(order))
        lose(desk)
        desk.orders.script("cancel", Say(cancelled()))
        ended = await desk.broker.cancel("gen", order.client_order_id)
        assert ended.status is OrderStatus.CANCELLED
        assert desk.orders.times_sent("cancel") == 1
        await desk.keeper.stop()

    run(trading())


def test_an_order_can_wait_for_the_session_after_a_restart() -> None:
    """Asked for just before it, it is placed after it, not on the session that is about to end."""

    async def trading() -> None:
        desk = await kept(restarts=("23:45",), while_away=WhileAway.QUEUE, queue_seconds_max=300)
        desk.clock.at = datetime(2026, 1, 5, 23, 44, tzinfo=NEW_YORK)
        desk.orders.script("place", Say(acknowledged()))
        placing = asyncio.create_task(desk.broker.place(request()))
        await asyncio.sleep(60)
        assert desk.orders.sent == []
        assert not placing.done()
        desk.clock.at += timedelta(minutes=2)
        lose(desk)
        assert (await placing).status is OrderStatus.WORKING
        await desk.keeper.stop()

    run(trading())


def test_balances_last_known_are_as_old_as_the_broker_says() -> None:
    """Not as old as their reading."""

    async def trading() -> None:
        desk = await kept()
        desk.clock.at += timedelta(minutes=5)
        await desk.broker.balances("gen")
        assert desk.broker.last_known_balances("gen").as_of == NOON
        await desk.keeper.stop()

    run(trading())


def test_reach_that_is_found_without_having_been_lost_is_believed() -> None:
    """The notice of the loss may be what was lost: everything is looked at again."""

    async def trading() -> None:
        desk = await kept()
        fill = execution(4, order_reference=None)
        desk.orders.booked.append(BookedExecution(fill, None))
        desk.adapter.session.tell(BrokerReachable("1102"))
        await asyncio.sleep(1)
        assert [event.account for event in desk.told(ExecutionReceived)] == ["gen"]
        assert desk.broker.session_state is SessionState.READY
        await desk.keeper.stop()

    run(trading())
