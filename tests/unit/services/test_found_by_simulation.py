"""Defects that the deterministic simulation found, each in its smallest form."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from unittest import mock

import pytest

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import OrderInDoubt
from brokerport.domain.events import OrderChanged
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit, OrderType
from brokerport.domain.orders import Order
from brokerport.domain.reconciliation import StaleOrder
from brokerport.ports.orders import (
    BookedExecution,
    BrokerOrder,
    BrokerOrderStatus,
    OrderRecord,
)
from tests.support.examples import GEN, execution, request
from tests.support.fake_adapter import FakeOrders, Say, acknowledged, replaced
from tests.support.trading_desk import TradingDesk, run

S = OrderStatus
B = BrokerOrderStatus
OLD, NEW = Limit("190.00"), Limit("191.00")


def shown(order: Order, status: BrokerOrderStatus, terms: OrderType, filled: int) -> BrokerOrder:
    """Return the broker's record of an order for ten."""
    return BrokerOrder(
        broker_order_id="17",
        perm_id=4711,
        order_reference=str(order.client_order_id),
        broker_account=GEN,
        instrument=order.instrument,
        side=order.side,
        quantity=Decimal(10),
        order_type=terms,
        time_in_force=order.request.time_in_force,
        status=status,
        filled_quantity=Decimal(filled),
    )


async def working(desk: TradingDesk) -> Order:
    """Place an order that the broker works."""
    desk.orders.script("place", Say(acknowledged()))
    await desk.open()
    return await desk.broker.place(request(order_type=OLD))


async def with_lost_replace(desk: TradingDesk, quantity: int | None = None) -> Order:
    """Ask for new terms and hear nothing; then the order fills for ten."""
    order = await working(desk)
    key = str(order.client_order_id)
    with pytest.raises(OrderInDoubt):
        await desk.broker.replace(
            "gen",
            key,
            order_type=NEW,
            quantity=None if quantity is None else Decimal(quantity),
        )
    fill = execution(10, order_reference=key)
    desk.orders.booked.append(BookedExecution(fill, None))
    return order


@pytest.mark.parametrize("held", [OLD, NEW])
def test_an_order_that_filled_in_doubt_has_the_terms_it_filled_on(held: Limit) -> None:
    """The answer to a replace was lost and the order filled: its record says on which terms."""

    async def trading() -> None:
        desk = TradingDesk()
        order = await with_lost_replace(desk)
        desk.orders.completed_records.append(shown(order, B.FILLED, held, 10))
        await desk.synchroniser.look_at("gen")
        ended = desk.only_order()
        assert (ended.status, ended.order_type, ended.proposed) == (S.FILLED, held, None)

    run(trading())


def test_an_order_that_filled_on_its_old_terms_is_not_in_doubt_for_ever() -> None:
    """A replace for more was lost; the record shows the order filled for what it was before."""

    async def trading() -> None:
        desk = TradingDesk()
        order = await with_lost_replace(desk, quantity=12)
        desk.orders.completed_records.append(shown(order, B.FILLED, OLD, 10))
        await desk.synchroniser.look_at("gen")
        ended = desk.only_order()
        assert (ended.status, ended.quantity) == (S.FILLED, Decimal(10))
        assert desk.contradictions() == []

    run(trading())


def test_a_record_that_is_older_than_what_was_heard_changes_nothing() -> None:
    """Open orders were read, then new terms were heard: the read must not turn them back."""

    async def trading() -> None:
        desk = TradingDesk()
        order = await working(desk)
        key = str(order.client_order_id)
        desk.orders.open_records.append(shown(order, B.WORKING, OLD, 0))
        read_completed = FakeOrders.completed_orders
        news = [replaced(10, NEW)]

        async def read_while_news_come(
            orders: FakeOrders, account: BrokerAccount
        ) -> tuple[OrderRecord, ...]:
            if news:
                desk.adapter.tell(key, news.pop())
                orders.open_records[:] = [shown(order, B.WORKING, NEW, 0)]
            return await read_completed(orders, account)

        with mock.patch.object(FakeOrders, "completed_orders", read_while_news_come):
            await desk.synchroniser.look_at("gen")
        assert desk.only_order().order_type == NEW
        told = [event.order.order_type for event in desk.told(OrderChanged)]
        assert told[-1] == NEW
        assert OLD not in told[told.index(NEW) :]

    run(trading())


def test_the_record_of_today_proves_nothing_of_yesterday() -> None:
    """An order of an earlier day may have filled then: its absence is shown, not believed."""

    async def trading() -> None:
        desk = TradingDesk()
        await desk.open()
        with pytest.raises(OrderInDoubt):
            await desk.broker.place(request())
        order = desk.only_order()
        desk.adapter.session.now += timedelta(days=1)
        stale = await desk.synchroniser.look_at("gen")
        key = str(order.client_order_id)
        assert stale == (StaleOrder("gen", key, "in doubt", Decimal(0)),)
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())
