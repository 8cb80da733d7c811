"""Who sees which orders and executions: owners, client 0, the master client, and other doors."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.order_types import Limit, OrderType, Side, TimeInForce
from brokerport.simulator.brokerage.orders import BrokerageOrder, OrderEntry, Ticket
from brokerport.simulator.gateways.tws import GatewaySettings
from brokerport.simulator.wire.tws.messages.executions import (
    CommissionReport,
    ExecDetails,
    ExecDetailsEnd,
    ReqExecutions,
)
from brokerport.simulator.wire.tws.messages.orders import (
    CancelOrder,
    CompletedOrder,
    CompletedOrdersEnd,
    OpenOrder,
    OpenOrderEnd,
    OrderStatus,
    ReqAllOpenOrders,
    ReqAutoOpenOrders,
    ReqCompletedOrders,
    ReqOpenOrders,
)
from tests.simulation.trading_floor import AAPL, CASH_ACCOUNT, MARGIN_ACCOUNT
from tests.simulation.tws_door import (
    OPTION,
    Door,
    errors,
    every,
    limit_order,
    names,
    only,
    order,
    place,
    play,
)


def place_by_hand(door: Door, order_type: OrderType | None = None) -> BrokerageOrder:
    """Place an order through another door than the TWS one."""
    ticket = Ticket(
        MARGIN_ACCOUNT,
        AAPL,
        Side.BUY,
        Decimal(5),
        order_type or Limit(Decimal("200.00")),
        TimeInForce.DAY,
        None,
        OrderEntry("by hand", 0, 0),
    )
    placed: BrokerageOrder = door.brokerage.place(ticket)
    return placed


def ids(messages: list[Any]) -> list[tuple[int, int]]:
    """Return the order id and client id of each openOrder, in order."""
    return [(m.order_id, m.order.client_id) for m in every(OpenOrder, messages)]


def test_an_open_order_is_replayed_with_its_status() -> None:
    """Each openOrder is followed by its orderStatus, and the list by its end."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, limit_order("1.00")), place(102, limit_order("2.00")))
        messages = await client.ask(ReqOpenOrders())
        assert names(messages) == ["OpenOrder", "OrderStatus"] * 2 + ["OpenOrderEnd"]
        assert [m.order_id for m in every(OrderStatus, messages)] == [101, 102]

    play(story)


def test_open_orders_are_the_client_s_own_and_all_are_everybody_s() -> None:
    """Request 5 shows one client's orders, request 16 all of them, under their owners' ids."""

    async def story(door: Door) -> None:
        first, second = await door.client(1), await door.client(2)
        await first.ask(place(101, limit_order("1.00")))
        await second.ask(place(300, limit_order("2.00")))
        place_by_hand(door)
        assert ids(await first.ask(ReqOpenOrders())) == [(101, 1)]
        assert ids(await second.ask(ReqOpenOrders())) == [(300, 2)]
        assert ids(await first.ask(ReqAllOpenOrders())) == [(101, 1), (300, 2), (0, 0)]

    play(story)


def test_no_open_orders_is_an_empty_list_with_its_end() -> None:
    """An empty answer is an answer."""

    async def story(door: Door) -> None:
        client = await door.client()
        assert await client.ask(ReqOpenOrders(), ReqAllOpenOrders()) == [OpenOrderEnd()] * 2

    play(story)


def test_an_id_shown_is_an_id_passed() -> None:
    """After seeing another client's order 300, a client's next id must be higher (IBKR's rule)."""

    async def story(door: Door) -> None:
        first, second = await door.client(1), await door.client(2)
        await second.ask(place(300, limit_order("2.00")))
        await first.ask(ReqAllOpenOrders())
        messages = await first.ask(place(101, limit_order("1.00")))
        assert errors(messages) == [(101, 103)]
        assert errors(await first.ask(place(301, limit_order("1.00")))) == []

    play(story)


def test_a_client_hears_nothing_of_another_s_orders() -> None:
    """Fills and cancels go to the client that placed the order."""

    async def story(door: Door) -> None:
        first, second = await door.client(1), await door.client(2)
        await first.ask(place(101, order()), place(102, limit_order("1.00")), CancelOrder(102))
        assert await second.ask() == []

    play(story)


def test_a_client_that_comes_back_finds_its_orders_under_their_ids() -> None:
    """Ids outlive the connection: the order is listed, modified and cancelled as before."""

    async def story(door: Door) -> None:
        client = await door.client(4)
        await client.ask(place(101, limit_order("1.00", order_ref="mine")))
        await client.hang_up()
        await door.dropped()
        again = await door.client(4)
        assert ids(await again.ask(ReqOpenOrders())) == [(101, 4)]
        assert errors(await again.ask(CancelOrder(101))) == [(101, 202)]

    play(story)


# --- client 0 and the master client -------------------------------------------------------------


def test_only_client_0_binds_orders_of_other_doors() -> None:
    """Any other client is told 327."""

    async def story(door: Door) -> None:
        client = await door.client(1)
        assert errors(await client.ask(ReqAutoOpenOrders(True))) == [(-1, 327)]

    play(story)


def test_client_0_binds_orders_entered_by_hand() -> None:
    """Bound orders have negative ids, under which client 0 hears of them and cancels them."""

    async def story(door: Door) -> None:
        client = await door.client(0)
        place_by_hand(door)
        assert await client.ask() == []
        assert ids(await client.ask(ReqOpenOrders())) == [(-1, 0)]
        await client.ask(ReqAutoOpenOrders(True))
        place_by_hand(door)
        assert ids(await client.ask()) == [(-2, 0)]
        messages = await client.ask(CancelOrder(-1))
        assert errors(messages) == [(-1, 202)]
        assert only(OrderStatus, messages).order_id == -1
        assert len(door.brokerage.open_orders()) == 1

    play(story)


def test_the_master_client_hears_of_everybody_s_orders() -> None:
    """With a master client id set, that client gets orders, fills and commissions of all."""

    async def story(door: Door) -> None:
        master, client = await door.client(9), await door.client(1)
        told = await client.ask(place(101, order()), place(102, limit_order("1.00")))
        assert await master.ask() == told
        by_hand = place_by_hand(door)
        [shown, _status] = await master.ask()
        assert (shown.order_id, shown.order.perm_id) == (0, by_hand.perm_id)
        assert await client.ask() == []

    play(story, settings=GatewaySettings(master_client_id=9))


def test_the_master_client_is_told_its_own_orders_once() -> None:
    """Being owner and master is no reason to hear everything twice."""

    async def story(door: Door) -> None:
        master = await door.client(9)
        assert len(every(ExecDetails, await master.ask(place(101, order())))) == 1

    play(story, settings=GatewaySettings(master_client_id=9))


# --- completed orders ---------------------------------------------------------------------------


def test_orders_that_are_done_are_listed() -> None:
    """Filled, cancelled and rejected orders of the day, with how they ended."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(
            place(101, order(order_ref="filled")),
            place(102, limit_order("1.00", order_ref="cancelled")),
            place(103, order(quantity=10**6, order_ref="rejected")),
            place(104, limit_order("1.00", order_ref="working")),
            CancelOrder(102),
        )
        place_by_hand(door, Limit(Decimal("280.00")))
        messages = await client.ask(ReqCompletedOrders(api_only=False))
        assert messages[-1] == CompletedOrdersEnd()
        found = {m.order.order_ref: m.order_state for m in every(CompletedOrder, messages)}
        assert {name: state.status for name, state in found.items()} == {
            "filled": "Filled",
            "cancelled": "Cancelled",
            "rejected": "Inactive",
            "": "Filled",
        }
        assert found["filled"].completed_status == "Filled Size: 10"
        assert found["filled"].completed_time == "20260105 09:30:00 US/Eastern"
        assert found["cancelled"].completed_status == "Cancelled by Trader"
        api_only = await client.ask(ReqCompletedOrders(api_only=True))
        assert len(every(CompletedOrder, api_only)) == 3

    play(story)


def test_a_completed_order_is_never_sent_unasked() -> None:
    """Message 101 comes only as an answer."""

    async def story(door: Door) -> None:
        client = await door.client()
        messages = await client.ask(place(101, order()), place(102, limit_order("1.00")))
        messages += await client.ask(CancelOrder(102))
        assert every(CompletedOrder, messages) == []

    play(story)


# --- executions ---------------------------------------------------------------------------------


def test_executions_and_commissions_come_before_the_end() -> None:
    """Each execution carries the request's id and is followed by its commission."""

    async def story(door: Door) -> None:
        client = await door.client(1)
        first = await client.ask(place(101, order(order_ref="a")))
        await client.ask(place(102, limit_order("1.04", quantity=1), OPTION))
        messages = await client.ask(ReqExecutions(7))
        assert names(messages) == ["ExecDetails", "CommissionReport"] * 2 + ["ExecDetailsEnd"]
        told = every(ExecDetails, messages)
        assert [m.request_id for m in told] == [7, 7]
        assert [m.order_id for m in told] == [101, 102]
        assert told[0].execution == only(ExecDetails, first).execution
        assert every(CommissionReport, messages)[0] == only(CommissionReport, first)
        assert messages[-1] == ExecDetailsEnd(7)

    play(story)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ReqExecutions(7), [101, 102, 201]),
        (ReqExecutions(7, client_id=2), [201]),
        (ReqExecutions(7, acct_code=CASH_ACCOUNT.account_id), [102]),
        (ReqExecutions(7, acct_code="DU7777777"), []),
        (ReqExecutions(7, symbol="AAPL"), [101, 102, 201]),
        (ReqExecutions(7, symbol="MSFT"), []),
        (ReqExecutions(7, sec_type="OPT"), [102]),
        (ReqExecutions(7, side="SELL"), [201]),
        (ReqExecutions(7, side="BOT"), [101, 102]),
        (ReqExecutions(7, exchange="SMART"), [101, 102, 201]),
        (ReqExecutions(7, exchange="ARCA"), []),
        (ReqExecutions(7, time="20260105 09:30:05"), [201]),
        (ReqExecutions(7, time="20260105-14:30:05"), [201]),
        (ReqExecutions(7, time="20260105 14:30:05 UTC"), [201]),
        (ReqExecutions(7, time="20251231 00:00:00 US/Eastern"), [101, 102, 201]),
    ],
)
def test_executions_are_filtered(wanted: ReqExecutions, found: list[int]) -> None:
    """Each field of the filter leaves out what does not fit; empty fields leave out nothing."""

    async def story(door: Door) -> None:
        first, second = await door.client(1), await door.client(2)
        account = {"account": MARGIN_ACCOUNT.account_id}
        await first.ask(
            place(101, order(**account)),
            place(102, limit_order("1.04", account=CASH_ACCOUNT.account_id), OPTION),
        )
        door.tick()
        await second.ask(place(201, order("SELL", **account)))
        messages = await first.ask(wanted)
        assert [m.order_id for m in every(ExecDetails, messages)] == found
        assert messages[-1] == ExecDetailsEnd(7)

    play(story, accounts=(MARGIN_ACCOUNT, CASH_ACCOUNT))


@pytest.mark.parametrize("wanted", [ReqExecutions(7, time="yesterday"), ReqExecutions(7, side="X")])
def test_a_filter_that_makes_no_sense_is_refused(wanted: ReqExecutions) -> None:
    """A filter that cannot be read is an error, never an empty list."""

    async def story(door: Door) -> None:
        client = await door.client()
        [(request_id, code)] = errors(await client.ask(wanted))
        assert request_id == 7
        assert code in (303, 322)

    play(story)


def test_yesterday_s_executions_are_not_shown() -> None:
    """TWS shows the executions since midnight in New York."""

    async def story(door: Door) -> None:
        client = await door.client()
        await client.ask(place(101, order()))
        door.world.advance(timedelta(days=1))
        assert await client.ask(ReqExecutions(7)) == [ExecDetailsEnd(7)]
        earlier = ReqExecutions(8, time="20260105 00:00:00 US/Eastern")
        assert await client.ask(earlier) == [ExecDetailsEnd(8)]

    play(story)
