"""Several clients at once: what each sees of the others' orders, and in its own layout."""

from __future__ import annotations

from typing import Any

import pytest
from ib_async import IB, LimitOrder
from ibapi.execution import ExecutionFilter
from ibapi.order_cancel import OrderCancel

from brokerport.simulator.gateways.tws import GatewaySettings
from tests.interop.client_log import client_log
from tests.interop.floor import AAPL, ACCOUNT, Floor
from tests.interop.ib_async_desk import stock as ib_async_stock
from tests.interop.official_client import OfficialClient, errors, every, names, only, order, stock
from tests.interop.official_desk import CLIENT_ID, OfficialDesk, play

pytestmark = pytest.mark.interop
OTHER_ID = 9


class Neighbour:
    """An ib_async client on the gateway's loop, next to the official one in its threads."""

    def __init__(self, desk: OfficialDesk) -> None:
        self._desk = desk
        self.ib: Any = None
        self.errors: list[tuple[int, int]] = []
        self.executions: list[float] = []

    def connect(self, client_id: int) -> None:
        """Connect and synchronise."""

        async def connect(floor: Floor) -> None:
            self.ib = IB()
            self.ib.errorEvent += lambda request, code, *_: self.errors.append((request, code))
            self.ib.execDetailsEvent += lambda _, fill: self.executions.append(
                fill.execution.shares
            )
            await self.ib.connectAsync(
                "127.0.0.1", floor.gateway.port, client_id, timeout=10, raiseSyncErrors=True
            )

        self._desk.do_async(connect)

    def ask(self, name: str, *arguments: Any) -> Any:
        """Call one of ib_async's coroutine methods and return its result."""

        async def ask(_floor: Floor) -> Any:
            return await getattr(self.ib, name)(*arguments)

        return self._desk.do_async(ask)

    def do(self, name: str, *arguments: Any) -> Any:
        """Call one of ib_async's plain methods, and hear what came of it."""

        async def do(_floor: Floor) -> Any:
            result = getattr(self.ib, name)(*arguments)
            for _ in range(2):
                await self.ib.reqCurrentTimeAsync()
            return result

        return self._desk.do_async(do)


def test_ib_async_next_to_the_official_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has orders of its own; either can list the other's, and both see the account."""

    def story(desk: OfficialDesk) -> None:
        user, other = desk.user, Neighbour(desk)
        resting = order("BUY", 10, "LMT", lmtPrice=260.0, orderRef="official")
        user.ask(lambda client: client.placeOrder(101, stock("AAPL"), resting))
        user.ask(lambda client: client.placeOrder(102, stock("AAPL"), order("BUY", 100)))
        other.connect(OTHER_ID)
        assert other.errors[-3:] == [(-1, 2104), (-1, 2106), (-1, 2158)]
        other.errors.clear()

        assert other.do("openTrades") == []
        (position,) = other.do("positions")
        assert (position.position, position.avgCost) == (100, 270.03)
        (seen,) = other.ask("reqAllOpenOrdersAsync")
        assert (seen.order.orderId, seen.order.clientId) == (101, CLIENT_ID)
        assert (seen.order.orderRef, seen.orderStatus.status) == ("official", "Submitted")
        (fill,) = other.ask("reqExecutionsAsync")
        assert (fill.execution.clientId, fill.execution.orderId) == (CLIENT_ID, 102)

        # Its own orders get ids above all it has seen, and are not told to the official client.
        start = len(user.calls)
        mine = other.do("placeOrder", ib_async_stock("AAPL"), LimitOrder("SELL", 40, 270.00))
        assert mine.order.orderId > 102
        assert mine.orderStatus.status == "Filled"
        assert other.executions == [40]
        user.barrier()
        assert {"openOrder", "orderStatus", "execDetails"}.isdisjoint(names(user.calls[start:]))
        calls = user.ask(lambda client: client.reqExecutions(1, ExecutionFilter()))
        assert [c.execution.clientId for c in every("execDetails", calls)] == [CLIENT_ID, OTHER_ID]
        own = ExecutionFilter()
        own.clientId = OTHER_ID
        calls = user.ask(lambda client: client.reqExecutions(2, own))
        assert only("execDetails", calls).execution.side == "SLD"

        # Another client's order cannot be cancelled by its id, only with everybody's.
        other.do("cancelOrder", seen.order)
        assert other.errors == [(101, 10147)]
        calls = user.ask(lambda client: client.reqOpenOrders())
        assert only("openOrder", calls).orderState.status == "Submitted"
        start = len(user.calls)
        other.do("reqGlobalCancel")
        user.barrier()
        calls = user.calls[start:]
        assert every("orderStatus", calls)[-1].status == "Cancelled"
        assert errors(calls) == [(101, 202)]
        desk.do(lambda _floor: other.ib.disconnect())

    with client_log("ib_async") as log:
        play(story, monkeypatch)
    assert log.faults == []
    assert log.api_errors == [10147]


def test_two_versions_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old client and a new one on the same gateway each get the layout of their version."""

    def story(desk: OfficialDesk) -> None:
        new = desk.user
        monkeypatch.setattr("ibapi.client.MAX_CLIENT_VER", 157)
        old = desk.client(OTHER_ID)
        old.connect()
        assert (old.version, new.version) == (157, 178)
        first_id = only("nextValidId", old.calls).orderId
        for client in (old, new):
            client.ask(lambda client: client.reqPositions())
        old.ask(lambda client: client.placeOrder(first_id, stock("AAPL"), order("BUY", 7)))
        new.barrier()
        for client in (old, new):
            position = every("position", client.calls)[-1]
            assert (int(position.position), position.avgCost) == (7, 270.02 + 1 / 7)
        calls = [
            client.ask(lambda client: client.reqExecutions(1, ExecutionFilter()))
            for client in (old, new)
        ]
        times = [only("execDetails", answer).execution.time for answer in calls]
        assert times == ["20260105  09:30:00", "20260105 09:30:00 US/Eastern"]

    play(story, monkeypatch)


def test_a_master_client_hears_of_everybody_s_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """The master client is told of every order, execution and commission as it happens."""

    def story(desk: OfficialDesk) -> None:
        master = desk.client(OTHER_ID)
        master.connect()
        start = len(master.calls)
        desk.user.ask(lambda client: client.placeOrder(101, stock("AAPL"), order("BUY", 10)))
        master.barrier()
        heard = master.calls[start:]
        assert every("orderStatus", heard)[-1].clientId == CLIENT_ID
        assert only("execDetails", heard).execution.clientId == CLIENT_ID
        assert only("commissionAndFeesReport", heard).commissionAndFeesReport.currency == "USD"
        # It may look, but an order is its owner's: under the master's id there is no order 101.
        calls = master.ask(lambda client: client.cancelOrder(101, OrderCancel()))
        assert errors(calls) == [(101, 10147)]

    settings = GatewaySettings(messages_per_second_max=None, master_client_id=OTHER_ID)
    play(story, monkeypatch, settings=settings)


def test_a_fill_while_its_client_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fills while the client is gone is in its executions when it comes back."""

    def story(desk: OfficialDesk) -> None:
        user: OfficialClient = desk.user
        resting = order("BUY", 10, "LMT", lmtPrice=269.0, account=ACCOUNT, orderRef="left alone")
        calls = user.ask(lambda client: client.placeOrder(101, stock("AAPL"), resting))
        perm_id = only("orderStatus", calls).permId
        user.hang_up()
        desk.wait_until_dropped()
        desk.do(lambda floor: floor.show(AAPL, "268.90", "268.95"))
        calls = user.connect()
        assert "execDetails" not in names(calls)
        calls = user.ask(
            lambda client: client.reqOpenOrders(),
            lambda client: client.reqExecutions(1, ExecutionFilter()),
            lambda client: client.reqCompletedOrders(True),
        )
        assert names(calls) == [
            *("openOrderEnd", "execDetails", "commissionAndFeesReport", "execDetailsEnd"),
            *("completedOrder", "completedOrdersEnd"),
        ]
        execution = only("execDetails", calls).execution
        assert (execution.orderId, execution.permId, execution.price) == (101, perm_id, 268.95)
        assert execution.orderRef == only("completedOrder", calls).order.orderRef == "left alone"
        assert only("completedOrder", calls).order.permId == perm_id

    play(story, monkeypatch)
