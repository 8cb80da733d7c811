"""``Broker``, what a library user holds, over a fake adapter."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from brokerport.domain.errors import (
    NotConnected,
    OrderInDoubt,
    RequestRefused,
    RequestTimedOut,
    UnknownAccount,
    UnknownOrder,
)
from brokerport.domain.events import OrderChanged, SessionChanged
from brokerport.domain.money import usd
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.positions import Holding
from brokerport.ports.adapter import Capability
from brokerport.ports.orders import BookedExecution
from brokerport.ports.session import ConnectionLost
from brokerport.services.event_bus import EventStream
from tests.support.examples import AAPL, GEN, KEY, NOON, REV, execution, facts, request
from tests.support.fake_adapter import FakeAdapter, Say, acknowledged, cancelled, filled
from tests.support.trading_desk import TradingDesk, run, turns

S = OrderStatus


def test_a_broker_tells_what_it_is() -> None:
    """Adapter, capabilities and accounts can be read off it."""
    desk = TradingDesk(FakeAdapter([Capability.OPTION_CHAINS]))
    assert desk.broker.adapter_name == "fake"
    assert desk.broker.capabilities == {Capability.OPTION_CHAINS}
    assert [account.name for account in desk.broker.accounts] == ["gen", "rev"]


def test_reads_are_of_the_account_that_is_named() -> None:
    """Two accounts, two answers, for every read that names one."""

    async def reading() -> None:
        desk = await TradingDesk().open()
        held = Holding(AAPL, Decimal(5), Decimal(190))
        desk.adapter.account_data.holdings[REV] = (held,)
        fill = BookedExecution(execution(broker_account=REV), None)
        desk.orders.booked.append(fill)
        assert await desk.broker.positions("gen") == ()
        assert await desk.broker.positions("rev") == (held,)
        assert await desk.broker.executions("gen") == ()
        assert await desk.broker.executions("rev") == (fill,)
        assert (await desk.broker.balances("gen")).total_cash == usd(100)
        assert (await desk.broker.balances("rev")).total_cash == usd(200)
        assert (await desk.broker.profit_and_loss("gen")).daily == usd(1)
        assert (await desk.broker.profit_and_loss("rev")).daily == usd(2)

    run(reading())


def test_reads_of_the_session_need_no_account() -> None:
    """Quotes, contracts and time belong to the session."""

    async def reading() -> None:
        desk = await TradingDesk().open()
        assert (await desk.broker.quote(AAPL)).bid == 189
        assert (await desk.broker.contract_details(AAPL)).contract_id == 265598
        assert await desk.broker.find_stocks("AA") == (AAPL,)
        assert (await desk.broker.option_chain(AAPL)).multiplier == 100
        assert await desk.broker.broker_time() == NOON

    run(reading())


def test_an_unmapped_account_is_refused_by_every_call_that_names_one() -> None:
    """Before anything is read or sent."""

    async def reading() -> None:
        desk = await TradingDesk().open()
        for call in (
            desk.broker.positions("com"),
            desk.broker.executions("com"),
            desk.broker.balances("com"),
            desk.broker.profit_and_loss("com"),
            desk.broker.open_orders("com"),
            desk.broker.order_status("com", KEY),
            desk.broker.cancel("com", KEY),
            desk.broker.place(request(account="com")),
            desk.broker.margin_impact(request(account="com")),
        ):
            with pytest.raises(UnknownAccount, match="'com' is not mapped"):
                await call
        assert desk.orders.sent == []

    run(reading())


def test_a_what_if_places_nothing() -> None:
    """The impact is read under the mapped account, and no order is made."""

    async def asking() -> None:
        desk = await TradingDesk().open()
        impact = await desk.broker.margin_impact(request())
        assert impact.initial_margin_change == 1
        assert [sent.action for sent in desk.orders.sent] == ["margin impact"]
        assert desk.statuses() == []
        desk.orders.margin_error = RequestRefused("no such right", 201)
        with pytest.raises(RequestRefused, match="no such right"):
            await desk.broker.margin_impact(request())

    run(asking())


def test_orders_are_read_from_the_book() -> None:
    """Status and open orders need no session, and each account sees its own."""

    async def trading() -> None:
        desk = await TradingDesk().open()
        for account in ("gen", "rev"):
            desk.orders.script("place", Say(acknowledged()))
            await desk.broker.place(request(account=account))
        (mine,) = await desk.broker.open_orders("gen")
        assert mine.account == "gen"
        await desk.supervisor.stop()
        assert await desk.broker.order_status("gen", mine.client_order_id) == mine
        assert await desk.broker.order_status("gen", str(mine.client_order_id)) == mine
        with pytest.raises(UnknownOrder):
            await desk.broker.order_status("rev", mine.client_order_id)

    run(trading())


# --- waiting -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("told", "status"), [(filled(10), S.FILLED), (cancelled(), S.CANCELLED)])
def test_waiting_ends_with_the_order(told: object, status: OrderStatus) -> None:
    """Fills and acknowledgements on the way do not end it; the end does."""

    async def waiting() -> None:
        desk = await TradingDesk().open()
        desk.orders.script("place", Say(acknowledged()))
        order = await desk.broker.place(request(10))
        key = str(order.client_order_id)
        task = asyncio.create_task(
            desk.broker.wait_until_done("gen", order.client_order_id, timeout_seconds=60)
        )
        await turns()
        desk.adapter.tell(key, acknowledged("18"))
        await turns()
        assert not task.done()
        desk.adapter.tell(key, told)  # type: ignore[arg-type]
        assert (await task).status is status

    run(waiting())


def test_waiting_for_what_is_done_does_not_wait() -> None:
    """An order that ended before is returned at once, even without time."""

    async def waiting() -> None:
        desk = await TradingDesk().open()
        desk.orders.script("place", Say(filled(10)))
        order = await desk.broker.place(request(10))
        assert await desk.broker.wait_until_done("gen", order.client_order_id, 0) == order

    run(waiting())


def test_waiting_too_long_says_where_the_order_stands() -> None:
    """The time-out changes nothing: the order is still alive and still known."""

    async def waiting() -> None:
        desk = await TradingDesk().open()
        desk.orders.script("place", Say(filled(4)))
        order = await desk.broker.place(request(10))
        with pytest.raises(RequestTimedOut, match=r"is still working after 2\.5 seconds"):
            await desk.broker.wait_until_done("gen", order.client_order_id, 2.5)
        assert desk.only_order() == order
        with pytest.raises(UnknownOrder):
            await desk.broker.wait_until_done("rev", order.client_order_id, 1)

    run(waiting())


def test_waiting_outlasts_doubt() -> None:
    """An order in doubt is not done: whoever waits hears how it ended."""

    async def waiting() -> None:
        desk = await TradingDesk().open()
        with pytest.raises(OrderInDoubt):
            await desk.broker.place(request(10))
        key = str(desk.only_order().client_order_id)
        task = asyncio.create_task(desk.broker.wait_until_done("gen", key, 60))
        await turns()
        desk.adapter.tell(key, filled(10))
        assert (await task).status is S.FILLED

    run(waiting())


def test_waiting_on_a_lost_session_claims_nothing_of_the_order() -> None:
    """It may have filled since; the caller hears of the loss, not that the order is working."""

    async def waiting() -> None:
        desk = await TradingDesk().open()
        desk.orders.script("place", Say(acknowledged()))
        order = await desk.broker.place(request(10))
        desk.adapter.session.tell(ConnectionLost("cut"))
        with pytest.raises(NotConnected, match="disconnected: cut"):
            await desk.broker.wait_until_done("gen", order.client_order_id, 2.5)

    run(waiting())


def test_waiting_ends_when_the_broker_is_closed() -> None:
    """Nothing more will be heard, and the caller is told so in our own words."""

    async def waiting() -> None:
        desk = await TradingDesk().open()
        desk.orders.script("place", Say(acknowledged()))
        order = await desk.broker.place(request(10))
        task = asyncio.create_task(
            desk.broker.wait_until_done("gen", order.client_order_id, timeout_seconds=60)
        )
        await turns()
        desk.bus.close()
        with pytest.raises(NotConnected, match=r"closed while order .* was working"):
            await task
        with pytest.raises(NotConnected):
            await desk.broker.wait_until_done("gen", order.client_order_id, 60)

    run(waiting())


def test_waiting_leaves_no_listener_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that was waited on, in vain or not, is closed and hears nothing more."""

    async def waiting() -> None:
        desk = await TradingDesk().open()
        opened: list[EventStream] = []
        subscribe = desk.bus.subscribe

        def remember(client_order_id: str | None = None) -> EventStream:
            opened.append(subscribe(client_order_id))
            return opened[-1]

        monkeypatch.setattr(desk.bus, "subscribe", remember)
        desk.orders.script("place", Say(acknowledged()))
        order = await desk.broker.place(request(10))
        with pytest.raises(RequestTimedOut):
            await desk.broker.wait_until_done("gen", order.client_order_id, 1)
        with pytest.raises(UnknownOrder):
            await desk.broker.wait_until_done("rev", order.client_order_id, 1)
        assert len(opened) == 2
        desk.adapter.tell(str(order.client_order_id), filled(10))
        assert [stream.drain() for stream in opened] == [(), ()]
        assert S.FILLED in desk.statuses()

    run(waiting())


def test_a_users_stream_hears_of_orders() -> None:
    """``events`` tells of the opening first, and is live from the moment it is asked for."""

    async def listening() -> None:
        desk = await TradingDesk().open()
        with desk.broker.events() as events:
            opening = [event for event in events.drain() if isinstance(event, SessionChanged)]
            desk.orders.script("place", Say(acknowledged()))
            await desk.broker.place(request())
            first = await anext(events)
        assert [event.state.value for event in opening] == ["connecting", "synchronising", "ready"]
        assert isinstance(first, OrderChanged)
        assert facts(first.order.status, first.order.account) == (S.PENDING_SUBMIT, "gen")
        assert GEN in {ticket.broker_account for ticket in desk.orders.tickets.values()}

    run(listening())
