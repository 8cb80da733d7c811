"""Replacing and cancelling alike: asked once, one request at a time, in doubt without an answer."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from brokerport.domain.errors import (
    CancelRejected,
    NotConnected,
    OrderInDoubt,
    ReplaceRejected,
    UnknownAccount,
    UnknownOrder,
    Unsupported,
)
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.orders import Order
from tests.support.examples import KEY, facts, request
from tests.support.fake_adapter import (
    Fail,
    Later,
    Say,
    Wait,
    acknowledged,
    cancelled,
    filled,
    lost,
    replaced,
)
from tests.support.trading_desk import TradingDesk, run, turns
from tests.unit.services.working_order import (
    CHANGES,
    NEW,
    Change,
    cancel,
    desk_working,
    replace,
)

S = OrderStatus


# --- both ----------------------------------------------------------------


@pytest.mark.parametrize("change", CHANGES)
def test_an_answer_that_does_not_come_is_doubt(change: Change) -> None:
    """After the time-out either may hold; it was asked once, and a late answer resolves it."""

    async def trading() -> None:
        desk, key = await desk_working()
        with pytest.raises(OrderInDoubt, match="no answer within 10 seconds") as doubt:
            await change(desk, key)
        assert (doubt.value.client_order_id, doubt.value.action) == (key, change.__name__)
        assert desk.only_order().status is S.IN_DOUBT
        assert desk.orders.times_sent(change.__name__) == 1
        late = replaced(20, NEW) if change is replace else cancelled()
        desk.adapter.tell(key, late)
        assert desk.only_order().status is (S.WORKING if change is replace else S.CANCELLED)
        assert desk.contradictions() == []

    run(trading())


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("when", [Say, Later])
def test_a_connection_lost_is_doubt(change: Change, when: type[Say] | type[Later]) -> None:
    """The caller is told at once, whichever request was under way."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script(change.__name__, when(lost()))
        with pytest.raises(OrderInDoubt, match="connection lost: cut"):
            await change(desk, key)
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


@pytest.mark.parametrize("change", CHANGES)
def test_a_caller_who_gives_up_leaves_doubt(change: Change) -> None:
    """The request is under way whether or not anybody waits for its answer."""

    async def trading() -> None:
        desk, key = await desk_working()
        task = asyncio.create_task(change(desk, key))
        await turns()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


@pytest.mark.parametrize("change", CHANGES)
def test_an_adapter_that_fails_half_way_is_doubt(change: Change) -> None:
    """An error that proves nothing leaves the request in doubt."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script(change.__name__, Fail(ValueError("a bug")))
        with pytest.raises(OrderInDoubt, match="a bug"):
            await change(desk, key)
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "error",
    [NotConnected("closed"), UnknownOrder("not shown"), Unsupported("cannot")],
    ids=lambda error: type(error).__name__,
)
def test_what_was_not_sent_changes_nothing(change: Change, error: Exception) -> None:
    """The order works on with its old terms, and takes the next request."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script(change.__name__, Fail(error))
        with pytest.raises(type(error)):
            await change(desk, key)
        order = desk.only_order()
        assert facts(order.status, order.quantity, order.proposed) == (S.WORKING, 10, None)
        desk.orders.script("cancel", Say(cancelled()))
        assert (await cancel(desk, key)).status is S.CANCELLED

    run(trading())


@pytest.mark.parametrize("change", CHANGES)
def test_a_done_order_cannot_be_changed(change: Change) -> None:
    """Nothing is sent for an order that has ended; the error says how."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.adapter.tell(key, filled(10))
        with pytest.raises((ReplaceRejected, CancelRejected), match="filled"):
            await change(desk, key)
        assert desk.orders.times_sent(change.__name__) == 0

    run(trading())


@pytest.mark.parametrize("change", CHANGES)
def test_an_order_is_its_own_accounts(change: Change) -> None:
    """Another account, an unmapped one, or an id nobody knows: nothing is sent."""

    async def trading() -> None:
        desk, key = await desk_working()
        for account, order_id, error in (
            ("rev", key, UnknownOrder),
            ("com", key, UnknownAccount),
            ("gen", KEY, UnknownOrder),
        ):
            with pytest.raises(error):
                await desk.broker.cancel(account, order_id)
            with pytest.raises(error):
                await desk.broker.replace(account, order_id, quantity=Decimal(20))
        assert len(desk.orders.sent) == 1

    run(trading())


# --- one request at a time ----------------------------------------------------------------


def test_requests_on_one_order_wait_for_each_other() -> None:
    """A cancel asked during a replace leaves only after the replace is answered."""

    async def trading() -> None:
        desk, key = await desk_working()
        first = asyncio.create_task(replace(desk, key))
        second = asyncio.create_task(cancel(desk, key))
        await turns()
        assert [sent.action for sent in desk.orders.sent] == ["place", "replace"]
        desk.orders.script("cancel", Say(cancelled()))
        desk.adapter.tell(key, replaced(20, NEW))
        assert (await first).quantity == 20
        assert (await second).status is S.CANCELLED
        assert [sent.action for sent in desk.orders.sent] == ["place", "replace", "cancel"]

    run(trading())


def test_a_cancel_waits_for_the_place_it_follows() -> None:
    """An order that has left and is not acknowledged is not cancelled into thin air."""

    async def trading() -> None:
        desk = await TradingDesk().open()
        placing = asyncio.create_task(desk.broker.place(request()))
        await turns()
        key = str(desk.only_order().client_order_id)
        cancelling = asyncio.create_task(cancel(desk, key))
        await turns()
        assert desk.orders.times_sent("cancel") == 0
        desk.orders.script("cancel", Say(cancelled()))
        desk.adapter.tell(key, acknowledged())
        await asyncio.gather(placing, cancelling)
        assert desk.only_order().status is S.CANCELLED

    run(trading())


def test_ten_cancels_at_once_are_one_cancel() -> None:
    """The first is sent; the others find the order cancelled and are refused."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("cancel", Later(cancelled()))
        outcomes = await asyncio.gather(
            *(cancel(desk, key) for _ in range(10)), return_exceptions=True
        )
        assert sum(isinstance(outcome, Order) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, CancelRejected) for outcome in outcomes) == 9
        assert desk.orders.times_sent("cancel") == 1

    run(trading())


def test_a_caller_who_gives_up_its_place_in_the_queue_leaves_no_trace() -> None:
    """A request that waited for its turn and was cancelled was never made."""

    async def trading() -> None:
        desk, key = await desk_working()
        gate = asyncio.Event()
        desk.orders.script("replace", Wait(gate), Say(replaced(20, NEW)))
        first = asyncio.create_task(replace(desk, key))
        second = asyncio.create_task(cancel(desk, key))
        await turns()
        second.cancel()
        await turns()
        gate.set()
        assert (await first).quantity == 20
        assert desk.orders.times_sent("cancel") == 0
        assert desk.only_order().status is S.WORKING

    run(trading())


def test_orders_do_not_wait_for_each_other() -> None:
    """A silent order does not hold up another."""

    async def trading() -> None:
        desk, key = await desk_working()
        silent = asyncio.create_task(replace(desk, key))
        await turns()
        desk.orders.script("place", Say(acknowledged("18")))
        other = await desk.broker.place(request())
        assert other.status is S.WORKING
        assert not silent.done()
        with pytest.raises(OrderInDoubt):
            await silent

    run(trading())


def test_a_lost_connection_answers_every_open_request() -> None:
    """Three orders with requests under way: all three callers hear of the loss."""

    async def trading() -> None:
        desk, key = await desk_working()
        tasks = [
            asyncio.create_task(desk.broker.place(request())),
            asyncio.create_task(desk.broker.place(request(account="rev"))),
            asyncio.create_task(cancel(desk, key)),
        ]
        await turns()
        desk.adapter.tell(key, lost())
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [OrderInDoubt] * 3
        assert {order.status for order in desk.book.open_orders()} == {S.IN_DOUBT}

    run(trading())
