"""Cancelling: off the market, refused, or overtaken, and the caller is told which."""

from __future__ import annotations

import pytest

from brokerport.domain.errors import (
    CancelRejected,
    NotConnected,
    OrderInDoubt,
)
from brokerport.domain.order_lifecycle import OrderStatus
from tests.support.examples import request
from tests.support.fake_adapter import (
    Fail,
    Later,
    Say,
    Step,
    Told,
    cancel_refused,
    cancelled,
    filled,
    rejected,
)
from tests.support.trading_desk import TradingDesk, run, turns
from tests.unit.services.working_order import (
    cancel,
    desk_working,
)

S = OrderStatus


@pytest.mark.parametrize("when", [Say, Later])
def test_a_cancel_returns_the_order_off_the_market(when: type[Say] | type[Later]) -> None:
    """Confirmed before or after the request returns, the order is cancelled."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("cancel", when(cancelled()))
        assert (await cancel(desk, key)).status is S.CANCELLED
        assert desk.statuses() == [S.PENDING_CANCEL, S.CANCELLED]
        assert desk.orders.times_sent("cancel") == 1

    run(trading())


def test_a_fill_while_the_cancel_travels_is_kept() -> None:
    """What traded before the cancel took hold counts, and the rest is off the market."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script(
            "cancel", Say(filled(4)), Later(cancelled()), Later(filled(3, "1", "e2"))
        )
        order = await cancel(desk, key)
        assert order.status is S.CANCELLED
        await turns()
        assert desk.only_order().filled_quantity == 7

    run(trading())


@pytest.mark.parametrize(("told", "ended"), [(filled(10), S.FILLED), (rejected(), S.REJECTED)])
def test_an_order_that_ends_before_the_cancel(told: Told, ended: OrderStatus) -> None:
    """Too late to cancel: the caller is told how it ended, not that it was cancelled."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("cancel", Say(told))
        with pytest.raises(CancelRejected, match=f"was {ended.value} before the cancel"):
            await cancel(desk, key)
        assert desk.only_order().status is ended

    run(trading())


def test_a_refused_cancel_leaves_the_order_working() -> None:
    """The caller hears the broker's words."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("cancel", Say(cancel_refused("too late", 10148)))
        with pytest.raises(CancelRejected) as refused:
            await cancel(desk, key)
        assert (refused.value.reason, refused.value.code) == ("too late", 10148)
        assert desk.only_order().status is S.WORKING

    run(trading())


def test_a_refused_cancel_of_what_is_cancelled_is_a_cancel() -> None:
    """TWS says "cannot be cancelled, state: Cancelled": the caller has what was wanted."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("cancel", Say(cancel_refused("state: Cancelled")), Say(cancelled()))
        assert (await cancel(desk, key)).status is S.CANCELLED

    run(trading())


def test_an_order_in_doubt_can_be_cancelled() -> None:
    """The way out of doubt that is always safe, when the broker does confirm."""

    async def trading() -> None:
        desk = await TradingDesk().open()
        with pytest.raises(OrderInDoubt):
            await desk.broker.place(request())
        key = str(desk.only_order().client_order_id)
        desk.orders.script("cancel", Say(cancelled()))
        assert (await cancel(desk, key)).status is S.CANCELLED

    run(trading())


@pytest.mark.parametrize(
    "step", [Say(cancel_refused("no such order", 10147)), Fail(NotConnected("closed"))]
)
def test_a_cancel_that_fails_does_not_end_doubt(step: Step) -> None:
    """ "No such order" must not turn an order nobody confirmed into a working one."""

    async def trading() -> None:
        desk = await TradingDesk().open()
        with pytest.raises(OrderInDoubt):
            await desk.broker.place(request())
        key = str(desk.only_order().client_order_id)
        desk.orders.script("cancel", step)
        with pytest.raises((CancelRejected, NotConnected)):
            await cancel(desk, key)
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())
