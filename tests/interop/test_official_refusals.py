"""How the official client is told no: orders, questions, connections that cannot be had."""

from __future__ import annotations

from typing import Any

import pytest
from ibapi.order_cancel import OrderCancel

from brokerport.simulator.gateways.tws import GatewaySettings
from tests.interop.floor import (
    VERSIONS,
)
from tests.interop.official_client import Call, errors, every, names, only, order, stock
from tests.interop.official_desk import CLIENT_ID, OfficialDesk, play

pytestmark = pytest.mark.interop


@pytest.mark.parametrize("version", VERSIONS)
def test_refused_orders(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of refusal comes under its order's id, and changes nothing else."""

    def story(desk: OfficialDesk) -> None:
        user, aapl = desk.user, stock("AAPL")

        def send(order_id: int, wanted: Any, contract: Any = aapl) -> list[Call]:
            return user.ask(lambda client: client.placeOrder(order_id, contract, wanted))

        assert names(send(101, order("BUY", 10, "LMT", lmtPrice=260.0))) == [
            "openOrder", "orderStatus",
        ]  # fmt: skip
        calls = send(102, order("BUY", 100_000))
        assert names(calls) == ["error", "openOrder", "orderStatus"]
        assert errors(calls) == [(102, 201)]
        assert "EQUITY WITH LOAN VALUE" in only("error", calls).errorString
        assert only("openOrder", calls).orderState.status == "Inactive"
        assert only("orderStatus", calls).status == "Inactive"
        for order_id, wanted, code in (
            (103, order("BUY", 10, "LMT", lmtPrice=260.005), 110),
            (104, order("BUY", 0), 434),
            (105, order("BUY", 10, account="DU9999999"), 321),
            (106, order("BUY", 10, "MIT", auxPrice=260.0), 387),
            (107, order("BUY", 10, parentId=5), 145),
            (108, order("BUY", 10, "LMT"), 107),
            (109, order("HOLD", 10), 303),
            (110, order("BUY", 10, tif="GTD"), 10052),
            (100, order("BUY", 10), 103),
            (110, order("BUY", 10), 103),
            (0, order("BUY", 10), 10149),
        ):
            calls = send(order_id, wanted)
            assert names(calls) == ["error"]
            assert errors(calls) == [(order_id, code)]
        assert errors(send(111, order("BUY", 10), stock("NOSUCH"))) == [(111, 200)]

        # What was modified badly is still at work as it was.
        assert errors(send(101, order("BUY", 10, "LMT", lmtPrice=259.995))) == [(101, 110)]
        assert errors(send(101, order("SELL", 10, "LMT", lmtPrice=260.0))) == [(101, 105)]
        calls = user.ask(lambda client: client.reqAllOpenOrders())
        still = only("openOrder", calls)
        assert (still.orderId, still.order.lmtPrice, still.order.action) == (101, 260.0, "BUY")

        calls = user.ask(lambda client: client.cancelOrder(999, OrderCancel()))
        assert errors(calls) == [(999, 10147)]
        filled = send(112, order("BUY", 10))
        assert every("orderStatus", filled)[-1].status == "Filled"
        assert errors(send(112, order("BUY", 20))) == [(112, 104)]
        calls = user.ask(lambda client: client.cancelOrder(112, OrderCancel()))
        assert errors(calls) == [(112, 161)]

        calls = user.ask(lambda client: client.reqGlobalCancel(OrderCancel()))
        assert names(calls) == ["orderStatus", "error"]
        assert errors(calls) == [(101, 202)]
        assert desk.do(lambda floor: floor.world.brokerage.open_orders()) == ()

    play(story, monkeypatch, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_refused_questions(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that cannot be answered is answered so, under its own id; the line stays up."""

    def story(desk: OfficialDesk) -> None:
        nobody, aapl = stock("NOSUCH"), stock("AAPL")
        bars: tuple[Any, ...] = ("TRADES", 1, 1, False, [])
        questions: tuple[tuple[Any, tuple[int, int]], ...] = (
            (lambda c: c.reqContractDetails(1, nobody), (1, 200)),
            (lambda c: c.reqMktData(2, nobody, "", False, False, []), (2, 200)),
            (lambda c: c.reqHistoricalData(3, nobody, "", "1 D", "1 day", *bars), (3, 200)),
            (lambda c: c.reqHistoricalData(4, aapl, "", "1 D", "7 mins", *bars), (4, 162)),
            (lambda c: c.reqSecDefOptParams(5, "NOSUCH", "", "STK", 1), (5, 200)),
            (lambda c: c.reqAccountSummary(6, "All", "NoSuchTag"), (6, 322)),
            (lambda c: c.reqPnL(7, "DU9999999", ""), (7, 322)),
            (lambda c: c.reqHistogramData(8, aapl, True, "1 day"), (8, 322)),
            (lambda c: c.reqMktDepth(9, aapl, 5, False, []), (9, 10092)),
            (lambda c: c.cancelMktData(10), (10, 300)),
            (lambda c: c.cancelRealTimeBars(11), (11, 300)),
            (lambda c: c.cancelHistoricalData(12), (12, 366)),
            (lambda c: c.cancelTickByTickData(13), (13, 300)),
            (lambda c: c.reqMarketRule(9999), (-1, 124)),
            (lambda c: c.reqAutoOpenOrders(True), (-1, 327)),
            (lambda c: c.reqNewsBulletins(True), (-1, 322)),
        )
        for ask, answer in questions:
            calls = desk.user.ask(ask)
            assert errors(calls) == [answer], names(calls)
            assert names(calls) == ["error"]

    play(story, monkeypatch, version=version)


def test_a_client_id_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second client with the same id is told 326 and closed; the first one lives on."""

    def story(desk: OfficialDesk) -> None:
        late = desk.client(CLIENT_ID)
        late.connect_in_vain()
        assert errors(late.calls) == [(-1, 326)]
        assert names(late.calls)[-1] == "connectionClosed"
        assert "nextValidId" not in names(late.calls)
        assert names(desk.user.ask(lambda client: client.reqIds(1))) == ["nextValidId"]

    play(story, monkeypatch)


def test_too_many_messages_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 50 messages a second an official client, which does not throttle, is told so: 100."""

    def story(desk: OfficialDesk) -> None:
        flood = [lambda client: client.reqIds(1) for _ in range(200)]
        calls = desk.user.ask(*flood)
        assert len(every("nextValidId", calls)) == 200
        told = errors(calls)
        assert told != []
        assert set(told) == {(-1, 100)}
        assert desk.do(lambda floor: floor.gateway.pacing_violations(CLIENT_ID)) == len(told)

    play(story, monkeypatch, settings=GatewaySettings())


def test_the_gateway_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client whose gateway closes notices at once, and both its threads end in order."""

    def story(desk: OfficialDesk) -> None:
        desk.close_gateway()
        desk.user.wait_until_closed()
        assert names(desk.user.calls)[-1] == "connectionClosed"
        assert errors(desk.user.calls) == []

    play(story, monkeypatch)
