"""Placing in doubt: an answer that is lost, or not awaited, is never taken for a failure."""

from __future__ import annotations

import asyncio

import pytest

from brokerport.adapters.journal.memory import MemoryJournal
from brokerport.domain.errors import (
    BadInput,
    BrokerportError,
    NotConnected,
    OrderInDoubt,
    RequestRefused,
    RequestTimedOut,
    UnknownContract,
    Unsupported,
)
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.ports.orders import BookedExecution
from tests.support.examples import execution, request
from tests.support.fake_adapter import (
    Fail,
    Later,
    Say,
    Step,
    Wait,
    acknowledged,
    cancelled,
    filled,
    lost,
    rejected,
)
from tests.support.trading_desk import ANSWER_TIMEOUT_SECONDS, TradingDesk, run, turns
from tests.unit.services.working_order import desk_with

S = OrderStatus


# --- the answer is lost ----------------------------------------------------------------


def test_an_order_that_waits_its_turn_to_leave_is_not_in_doubt() -> None:
    """The time-out counts from when the order has left, however long pacing held it back."""

    async def trading() -> None:
        gate = asyncio.Event()
        desk = await desk_with(Wait(gate), Later(acknowledged()))
        asyncio.get_running_loop().call_later(3 * ANSWER_TIMEOUT_SECONDS, gate.set)
        order = await desk.broker.place(request())
        assert order.status is S.WORKING

    run(trading())


def test_an_answer_that_does_not_come_is_doubt() -> None:
    """After the time-out the order is in doubt, in the book, and the caller is told which."""

    async def trading() -> None:
        desk = await desk_with()
        begun = asyncio.get_running_loop().time()
        with pytest.raises(OrderInDoubt, match="no answer within 10 seconds") as doubt:
            await desk.broker.place(request())
        assert asyncio.get_running_loop().time() - begun == ANSWER_TIMEOUT_SECONDS
        order = desk.only_order()
        assert order.status is S.IN_DOUBT
        assert (doubt.value.client_order_id, doubt.value.action) == (
            str(order.client_order_id),
            "place",
        )
        assert await desk.broker.open_orders("gen") == (order,)
        assert desk.orders.times_sent("place") == 1

    run(trading())


@pytest.mark.parametrize(
    ("late", "status"),
    [
        (acknowledged(), S.WORKING),
        (filled(4), S.WORKING),
        (filled(10), S.FILLED),
        (rejected(), S.REJECTED),
        (cancelled(), S.CANCELLED),
    ],
)
def test_a_late_report_ends_the_doubt(late: object, status: OrderStatus) -> None:
    """Whatever the broker says of the order later is what became of it."""

    async def trading() -> None:
        desk = await desk_with()
        with pytest.raises(OrderInDoubt):
            await desk.broker.place(request(10))
        key = str(desk.only_order().client_order_id)
        desk.adapter.tell(key, late)  # type: ignore[arg-type]
        assert desk.only_order().status is status
        assert desk.contradictions() == []
        assert desk.orders.times_sent("place") == 1

    run(trading())


def test_an_adapter_that_never_returns_is_doubt_too() -> None:
    """The handing over has a time-out too: no caller hangs for ever."""

    async def trading() -> None:
        desk = await desk_with(Wait(asyncio.Event()))
        with pytest.raises(OrderInDoubt, match="no answer within"):
            await desk.broker.place(request())
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


def test_an_adapter_that_never_returns_but_reports_has_answered() -> None:
    """What the broker said counts, even when the request hangs until the time-out."""

    async def trading() -> None:
        desk = await desk_with(Say(acknowledged()), Wait(asyncio.Event()))
        order = await desk.broker.place(request())
        assert order.status is S.WORKING
        assert S.IN_DOUBT not in desk.statuses()

    run(trading())


@pytest.mark.parametrize("steps", [(Later(lost()),), (Say(lost()),)])
def test_a_connection_lost_while_placing_is_doubt(steps: tuple[Step, ...]) -> None:
    """The caller is told at once, not after the time-out."""

    async def trading() -> None:
        desk = await desk_with(*steps)
        begun = asyncio.get_running_loop().time()
        with pytest.raises(OrderInDoubt, match="connection lost: cut"):
            await desk.broker.place(request())
        assert asyncio.get_running_loop().time() == begun
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


def test_a_connection_lost_after_the_answer_leaves_no_doubt() -> None:
    """The broker had answered before the line was cut."""

    async def trading() -> None:
        desk = await desk_with(Say(acknowledged()), Say(lost()))
        assert (await desk.broker.place(request())).status is S.WORKING
        assert S.IN_DOUBT not in desk.statuses()

    run(trading())


def test_the_last_words_of_a_lost_connection_count() -> None:
    """A report delivered together with the loss still answers."""

    async def trading() -> None:
        desk = await desk_with(Say(lost()), Say(acknowledged()))
        assert (await desk.broker.place(request())).status is S.WORKING

    run(trading())


def test_an_adapter_in_doubt_is_believed() -> None:
    """The adapter's own OrderInDoubt reaches the caller and the book."""

    async def trading() -> None:
        mine = OrderInDoubt("gen.X", "place", "half a message left")
        desk = await desk_with(Fail(mine))
        with pytest.raises(OrderInDoubt) as doubt:
            await desk.broker.place(request())
        assert doubt.value is mine
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


@pytest.mark.parametrize(
    "error",
    [
        RequestTimedOut("no contract details"),
        RequestRefused("pacing", 162),
        BadInput("execution.price", 0, "greater than zero"),
        ValueError("a bug"),
        ConnectionResetError("reset by peer"),
        TimeoutError("the socket's own"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_proves_nothing_is_doubt(error: Exception) -> None:
    """An adapter that fails half way may have sent the order: it is never called not placed."""

    async def trading() -> None:
        desk = await desk_with(Fail(error))
        with pytest.raises(OrderInDoubt):
            await desk.broker.place(request())
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


@pytest.mark.parametrize(
    "error",
    [NotConnected("closed"), UnknownContract("no such"), Unsupported("no stops")],
    ids=lambda error: type(error).__name__,
)
def test_what_was_not_sent_is_not_placed(error: BrokerportError) -> None:
    """With the adapter's proof that nothing left, the order is over and may be placed again."""

    async def trading() -> None:
        desk = await desk_with(Fail(error))
        with pytest.raises(type(error)) as raised:
            await desk.broker.place(request())
        assert raised.value is error
        assert desk.only_order().status is S.NOT_PLACED
        assert await desk.broker.open_orders("gen") == ()

    run(trading())


def test_a_proof_of_not_sending_is_void_when_the_broker_has_answered() -> None:
    """The caller must not place again what the broker already works."""

    async def trading() -> None:
        desk = await desk_with(Say(acknowledged()), Fail(NotConnected("closed")))
        with pytest.raises(OrderInDoubt, match="yet the broker answered"):
            await desk.broker.place(request())
        assert desk.only_order().status is S.WORKING

    run(trading())


def test_a_loss_while_the_adapter_finds_nothing_sent_is_not_placed() -> None:
    """The line went down before the order could leave, and the adapter knows it."""

    async def trading() -> None:
        desk = await desk_with(Say(lost()), Fail(NotConnected("closed")))
        with pytest.raises(NotConnected):
            await desk.broker.place(request())
        assert desk.only_order().status is S.NOT_PLACED

    run(trading())


# --- the caller gives up ----------------------------------------------------------------


def test_a_caller_cancelled_while_waiting_leaves_an_order_in_doubt() -> None:
    """Who stops waiting does not stop the order; a later report says what became of it."""

    async def trading() -> None:
        desk = await desk_with()
        task = asyncio.create_task(desk.broker.place(request(10)))
        await turns()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert desk.only_order().status is S.IN_DOUBT
        desk.adapter.tell(str(desk.only_order().client_order_id), filled(10))
        assert desk.only_order().status is S.FILLED

    run(trading())


def test_a_caller_cancelled_while_the_order_leaves_is_in_doubt() -> None:
    """Nobody knows how much of it had left."""

    async def trading() -> None:
        desk = await desk_with(Wait(asyncio.Event()))
        task = asyncio.create_task(desk.broker.place(request()))
        await turns()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


@pytest.mark.parametrize("report_first", [True, False])
def test_an_answer_in_the_moment_of_giving_up_is_not_forgotten(report_first: bool) -> None:
    """Cancelled and answered on the same turn of the loop: the order works, without doubt."""

    async def trading() -> None:
        desk = await desk_with()
        task = asyncio.create_task(desk.broker.place(request()))
        await turns()
        key = str(desk.only_order().client_order_id)
        if report_first:
            desk.adapter.tell(key, acknowledged())
            task.cancel()
        else:
            task.cancel()
            desk.adapter.tell(key, acknowledged())
        with pytest.raises(asyncio.CancelledError):
            await task
        assert desk.only_order().status is S.WORKING
        assert S.IN_DOUBT not in desk.statuses()

    run(trading())


def test_an_answer_in_the_moment_of_the_time_out_is_an_answer() -> None:
    """Timed out and answered at the same time: the caller gets the order."""

    async def trading() -> None:
        desk = await desk_with()
        task = asyncio.create_task(desk.broker.place(request()))
        await turns()
        key = str(desk.only_order().client_order_id)
        loop = asyncio.get_running_loop()
        # Scheduled after the desk's own time-out, for the very same moment.
        loop.call_at(loop.time() + ANSWER_TIMEOUT_SECONDS, desk.adapter.tell, key, acknowledged())
        assert (await task).status is S.WORKING
        assert S.IN_DOUBT not in desk.statuses()

    run(trading())


def test_a_look_that_shows_the_order_answers_for_the_broker() -> None:
    """Its fill was read while its answer was awaited: it is filled, not in doubt."""

    async def trading() -> None:
        desk = await TradingDesk().open()
        placing = asyncio.create_task(desk.broker.place(request()))
        await asyncio.sleep(1)
        fill = execution(10, order_reference=str(desk.only_order().client_order_id))
        desk.orders.booked.append(BookedExecution(fill, None))
        await desk.synchroniser.look_at("gen")
        assert (await placing).status is OrderStatus.FILLED

    run(trading())


def test_an_answer_is_durable_however_the_request_ended() -> None:
    """The adapter was not sure that it left, the broker was: its answer is safe when heard."""

    class CountingJournal(MemoryJournal):
        flushes = 0

        async def flush(self) -> None:
            self.flushes += 1

    async def trading() -> None:
        journal = CountingJournal()
        desk = TradingDesk(journal=journal)
        unsure = OrderInDoubt("", "place", "half of it left")
        desk.orders.script("place", Say(acknowledged()), Fail(unsure))
        await desk.open()
        assert (await desk.broker.place(request())).status is OrderStatus.WORKING
        assert journal.flushes == 2, "the intent, and the answer"

    run(trading())
