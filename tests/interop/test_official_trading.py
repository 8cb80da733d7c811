"""A whole day's trading with the official client: every order, its fills, its money, the next day.

The plan and its figures stand at the head of ``floor``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ibapi.execution import ExecutionFilter
from ibapi.order_cancel import OrderCancel

from tests.interop.floor import (
    AAPL,
    AAPL_ID,
    ACCOUNT,
    CLOSING,
    DAY_TRADES,
    MSFT,
    NEXT_OPENING,
    PUT,
    VERSIONS,
)
from tests.interop.official_client import Call, errors, every, names, only, order, put, stock
from tests.interop.official_desk import CLIENT_ID, OfficialDesk, play

pytestmark = pytest.mark.interop
D = Decimal
UNSET = 1.7976931348623157e308
SUMMARY_TAGS = "NetLiquidation,TotalCashValue,BuyingPower,AvailableFunds,AccountType"


def money(amount: float) -> Decimal:
    """Return an amount as it was written on the wire."""
    return D(str(amount)).quantize(D("0.01"))


def time_of(execution: Any, version: int) -> datetime:
    """Read an execution's time: it names its zone from version 174 on; before, it is New York's."""
    if version < 174:
        local = datetime.strptime(execution.time, "%Y%m%d  %H:%M:%S")  # noqa: DTZ007
        return local.replace(tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
    moment, zone = execution.time.rsplit(" ", 1)
    local = datetime.strptime(moment, "%Y%m%d %H:%M:%S")  # noqa: DTZ007
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def statuses(calls: list[Call], order_id: int) -> list[tuple[str, int, int]]:
    """Return the states an order was told to be in, each once, in order."""
    told: list[tuple[str, int, int]] = []
    for call in every("orderStatus", calls):
        state = (call.status, int(call.filled), int(call.remaining))
        if call.orderId == order_id and state not in told[-1:]:
            told.append(state)
    return told


class Dealer:
    """Places the plan's orders with ids of its own."""

    def __init__(self, desk: OfficialDesk) -> None:
        self.desk = desk
        self.next_id = int(only("nextValidId", desk.user.calls).orderId)

    def place(
        self, contract: Any, action: str, quantity: int, kind: str = "MKT", **fields: Any
    ) -> tuple[int, list[Call]]:
        """Place an order under the next id; return it with what came of it."""
        order_id = self.next_id
        self.next_id += 1
        return order_id, self.send(order_id, contract, order(action, quantity, kind, **fields))

    def send(self, order_id: int, contract: Any, wanted: Any) -> list[Call]:
        """Send an order, new or changed; return what came of it."""
        wanted.account = ACCOUNT
        return self.desk.user.ask(lambda client: client.placeOrder(order_id, contract, wanted))


def trade_the_plan(desk: OfficialDesk, dealer: Dealer) -> list[int]:
    """Make the day's trades and check each as it happens; return the order ids."""
    aapl, msft, option = stock("AAPL"), stock("MSFT"), put()

    market, calls = dealer.place(aapl, "BUY", 100, orderRef="plan/1 market")
    assert statuses(calls, market) == [("Submitted", 0, 100), ("Filled", 100, 0)]

    limit, calls = dealer.place(aapl, "BUY", 300, "LMT", lmtPrice=269.50, orderRef="plan/2 limit")
    assert statuses(calls, limit) == [("Submitted", 0, 300)]
    perm_id = only("orderStatus", calls).permId
    changed = order("BUY", 400, "LMT", lmtPrice=269.90, orderRef="plan/2 limit")
    calls = dealer.send(limit, aapl, changed)
    assert statuses(calls, limit) == [("Submitted", 0, 400)]
    assert only("openOrder", calls).order.lmtPrice == 269.90
    calls = desk.show(AAPL, "269.86", "269.90", size=150)
    assert statuses(calls, limit) == [("Submitted", 150, 250)]
    calls = desk.show(AAPL, "269.84", "269.88")
    assert statuses(calls, limit) == [("Filled", 400, 0)]
    last = every("orderStatus", calls)[-1]
    assert (last.avgFillPrice, last.lastFillPrice, last.permId) == (269.8875, 269.88, perm_id)

    sale, calls = dealer.place(aapl, "SELL", 200, "LMT", lmtPrice=271.0, orderRef="plan/3 sale")
    assert statuses(calls, sale) == [("Submitted", 0, 200)]
    calls = desk.show(AAPL, "271.00", "271.04", last="271.02")
    assert statuses(calls, sale) == [("Filled", 200, 0)]

    stop, calls = dealer.place(aapl, "SELL", 100, "STP", auxPrice=268.0, orderRef="plan/4 stop")
    assert statuses(calls, stop) == [("PreSubmitted", 0, 100)]
    calls = desk.show(AAPL, "267.94", "267.98", last="267.95")
    assert statuses(calls, stop) == [("Submitted", 0, 100), ("Filled", 100, 0)]

    stop_limit, calls = dealer.place(
        msft, "BUY", 10, "STP LMT", auxPrice=481.0, lmtPrice=481.5, orderRef="plan/5 stop limit"
    )
    assert statuses(calls, stop_limit) == [("PreSubmitted", 0, 10)]
    calls = desk.show(MSFT, "481.16", "481.20", last="481.10")
    assert statuses(calls, stop_limit) == [("Submitted", 0, 10), ("Filled", 10, 0)]

    bought, calls = dealer.place(option, "BUY", 2, "LMT", lmtPrice=1.04, orderRef="plan/6 put")
    assert statuses(calls, bought) == [("Submitted", 0, 2), ("Filled", 2, 0)]
    sold, calls = dealer.place(option, "SELL", 2, "LMT", lmtPrice=1.5, orderRef="plan/7 put")
    calls = desk.show(PUT, "1.50", "1.56", last="1.52")
    assert statuses(calls, sold) == [("Filled", 2, 0)]
    return [market, limit, sale, stop, stop_limit, bought, sold]


def check_executions(calls: list[Call], version: int, request_id: int) -> None:
    """Check executions and their commissions against the plan, in order."""
    details = every("execDetails", calls)
    reports = every("commissionAndFeesReport", calls)
    assert len(details) == len(reports) == len(DAY_TRADES)
    assert len({call.execution.execId for call in details}) == len(details)
    for call, told, planned in zip(details, reports, DAY_TRADES, strict=True):
        execution, report = call.execution, told.commissionAndFeesReport
        assert call.reqId == request_id
        assert (call.contract.symbol, execution.side) == (planned.symbol, planned.side)
        assert execution.shares == planned.quantity
        assert D(str(execution.price)) == D(planned.price)
        assert time_of(execution, version) == planned.at
        assert (execution.acctNumber, execution.clientId) == (ACCOUNT, CLIENT_ID)
        assert execution.pendingPriceRevision is False
        assert report.execId == execution.execId
        assert money(report.commissionAndFees) == D(planned.commission)
        assert report.currency == "USD"
        if planned.realised is None:
            assert report.realizedPNL == UNSET
        else:
            assert money(report.realizedPNL) == D(planned.realised)


def check_books(desk: OfficialDesk) -> None:
    """Check positions, portfolio and account values at the end of the plan."""
    assert desk.do(lambda floor: floor.cash) == D("941308.40")
    calls = desk.user.ask(lambda client: client.reqPositions())
    held = {c.contract.symbol: (int(c.position), c.avgCost) for c in every("position", calls)}
    assert held == {"AAPL": (200, 269.92), "MSFT": (10, 481.30)}
    assert names(calls)[-1] == "positionEnd"
    calls = desk.user.ask(lambda client: client.reqAccountUpdates(True, ACCOUNT))
    portfolio = {c.contract.symbol: c for c in every("updatePortfolio", calls)}
    assert set(portfolio) == {"AAPL", "MSFT"}
    aapl = portfolio["AAPL"]
    assert (aapl.contract.conId, aapl.accountName) == (AAPL_ID, ACCOUNT)
    assert (int(aapl.position), aapl.averageCost, aapl.marketPrice) == (200, 269.92, 267.95)
    assert money(aapl.marketValue) == D("53590.00")
    assert money(aapl.unrealizedPNL) == D("-394.00")
    assert money(aapl.realizedPNL) == D("16.00")
    values = {(c.key, c.currency): c.val for c in every("updateAccountValue", calls)}
    assert values["TotalCashValue", "USD"] == "941308.40"
    assert values["NetLiquidation", "USD"] == "999710.00"
    assert values["RealizedPnL", "BASE"] == "105.40"
    assert values["UnrealizedPnL", "USD"] == "-395.40"
    assert names(calls)[-2:] == ["updateAccountTime", "accountDownloadEnd"]
    assert only("updateAccountTime", calls).timeStamp == "09:30"
    desk.user.ask(lambda client: client.reqAccountUpdates(False, ACCOUNT))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_day_of_trading(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders, fills, commissions, positions and money are what the plan says, to the cent."""

    def story(desk: OfficialDesk) -> None:
        user, dealer = desk.user, Dealer(desk)
        user.ask(
            lambda client: client.reqPnL(901, ACCOUNT, ""),
            lambda client: client.reqPnLSingle(902, ACCOUNT, "", AAPL_ID),
            lambda client: client.reqPositions(),
            lambda client: client.reqAccountUpdates(True, ACCOUNT),
        )
        start = len(user.calls)
        orders = trade_the_plan(desk, dealer)
        live = user.calls[start:]
        assert errors(live) == []
        check_executions(live, version, request_id=-1)
        calls = user.ask(lambda client: client.reqExecutions(903, ExecutionFilter()))
        check_executions(calls, version, request_id=903)
        assert names(calls)[-1] == "execDetailsEnd"

        references = {call.orderId: call.order.orderRef for call in every("openOrder", live)}
        assert list(references) == orders
        assert [reference[5] for reference in references.values()] == list("1234567")
        details = every("execDetails", live)
        assert all(references[c.execution.orderId] == c.execution.orderRef for c in details)
        perm_ids = {(c.orderId, c.permId) for c in every("orderStatus", live)}
        perm_ids |= {(c.execution.orderId, c.execution.permId) for c in details}
        perm_ids |= {(c.orderId, c.order.permId) for c in every("openOrder", live)}
        assert len(perm_ids) == len({perm_id for _, perm_id in perm_ids}) == len(orders)

        closed = [c for c in every("updatePortfolio", live) if c.contract.secType == "OPT"][-1]
        assert (int(closed.position), closed.marketValue, closed.averageCost) == (0, 0, 0)
        assert money(closed.realizedPNL) == D("89.40")
        flat = [c for c in every("position", live) if c.contract.secType == "OPT"]
        assert [(int(c.position), c.avgCost) for c in flat] == [(2, 104.65), (0, 0)]
        account, single = every("pnl", live)[-1], every("pnlSingle", live)[-1]
        assert (account.reqId, single.reqId) == (901, 902)
        assert money(account.dailyPnL) == D("-290.00")
        assert money(account.realizedPnL) == D("105.40")
        assert money(account.unrealizedPnL) == D("-395.40")
        assert int(single.pos) == 200
        assert money(single.value) == D("53590.00")
        assert money(single.unrealizedPnL) == D("-394.00")
        assert money(single.realizedPnL) == D("16.00")
        assert money(single.dailyPnL) == D("-373.00")
        user.ask(lambda client: client.cancelPnL(901), lambda client: client.cancelPnLSingle(902))
        check_books(desk)

        calls = user.ask(lambda client: client.reqAccountSummary(904, "All", SUMMARY_TAGS))
        told = {c.tag: (c.value, c.currency) for c in every("accountSummary", calls)}
        assert set(told) == set(SUMMARY_TAGS.split(","))
        assert told["NetLiquidation"] == ("999710.00", "USD")
        assert told["AccountType"] == ("INDIVIDUAL", "")
        assert D(told["BuyingPower"][0]) == 4 * D(told["AvailableFunds"][0])
        assert names(calls)[-1] == "accountSummaryEnd"

    play(story, monkeypatch, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_night_and_the_next_morning(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a reconnect the client sees its old orders; a GTC order fills the next morning."""

    def story(desk: OfficialDesk) -> None:
        user, dealer = desk.user, Dealer(desk)
        orders = trade_the_plan(desk, dealer)
        today, _ = dealer.place(stock("AAPL"), "BUY", 5, "LMT", lmtPrice=241.0)
        forever, calls = dealer.place(
            stock("AAPL"), "BUY", 5, "LMT", lmtPrice=240.0, tif="GTC", orderRef="till cancelled"
        )
        perm_id = only("orderStatus", calls).permId
        calls = desk.after(lambda floor: floor.wait_until(CLOSING))
        assert statuses(calls, today) == [("Cancelled", 0, 5)]
        assert errors(calls) == [(today, 202)]

        calls = desk.reconnect()
        assert only("nextValidId", calls).orderId == dealer.next_id
        assert only("managedAccounts", calls).accountsList == ACCOUNT
        calls = user.ask(lambda client: client.reqOpenOrders())
        assert names(calls) == ["openOrder", "orderStatus", "openOrderEnd"]
        found = only("openOrder", calls)
        assert (found.orderId, found.order.permId) == (forever, perm_id)
        assert (found.order.orderRef, found.order.tif) == ("till cancelled", "GTC")
        assert (found.order.lmtPrice, found.orderState.status) == (240.0, "Submitted")
        calls = user.ask(lambda client: client.reqCompletedOrders(False))
        completed = every("completedOrder", calls)
        assert names(calls) == ["completedOrder"] * 8 + ["completedOrdersEnd"]
        assert [c.orderState.status for c in completed] == ["Filled"] * 7 + ["Cancelled"]
        assert [c.order.orderRef[5:6] for c in completed] == [*"1234567", ""]
        assert [int(c.order.filledQuantity) for c in completed] == [
            *(100, 400, 200, 100, 10, 2, 2),
            0,
        ]
        assert completed[1].orderState.completedStatus == "Filled Size: 400"
        assert completed[1].order.lmtPrice == 269.90
        assert completed[3].order.auxPrice == 268.0
        check_executions(
            user.ask(lambda client: client.reqExecutions(905, ExecutionFilter())), version, 905
        )
        check_books_after_the_close(desk)

        calls = desk.after(lambda floor: floor.wait_until(NEXT_OPENING))
        calls = user.ask(
            lambda client: client.reqExecutions(906, ExecutionFilter()),
            lambda client: client.reqCompletedOrders(False),
        )
        assert names(calls) == ["execDetailsEnd", "completedOrdersEnd"]
        calls = desk.show(AAPL, "239.96", "239.98", last="239.97")
        assert statuses(calls, forever) == [("Filled", 5, 0)]
        execution = only("execDetails", calls).execution
        assert (execution.price, execution.permId, execution.orderRef) == (
            *(239.98, perm_id, "till cancelled"),
        )
        assert desk.do(lambda floor: floor.cash) == D("941308.40") - 5 * D("239.98") - 1
        again, calls = dealer.place(stock("AAPL"), "SELL", 5)
        assert statuses(calls, again)[-1] == ("Filled", 5, 0)
        assert len(orders) == 7

    def check_books_after_the_close(desk: OfficialDesk) -> None:
        calls = desk.user.ask(lambda client: client.reqPositions())
        held = {c.contract.symbol: (int(c.position), c.avgCost) for c in every("position", calls)}
        assert held == {"AAPL": (200, 269.92), "MSFT": (10, 481.30)}

    play(story, monkeypatch, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cancelled_order(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancel is told as the status Cancelled, and then as error 202."""

    def story(desk: OfficialDesk) -> None:
        order_id, _ = Dealer(desk).place(stock("AAPL"), "BUY", 10, "LMT", lmtPrice=250.0)
        calls = desk.user.ask(lambda client: client.cancelOrder(order_id, OrderCancel()))
        assert names(calls) == ["orderStatus", "error"]
        assert statuses(calls, order_id) == [("Cancelled", 0, 10)]
        assert errors(calls) == [(order_id, 202)]
        assert only("error", calls).errorString == "Order Canceled - reason:"
        calls = desk.user.ask(lambda client: client.cancelOrder(order_id, OrderCancel()))
        assert errors(calls) == [(order_id, 10148)]
        assert names(desk.user.ask(lambda client: client.reqOpenOrders())) == ["openOrderEnd"]

    play(story, monkeypatch, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_what_if_order(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A what-if order answers with numbers for margins and commission, and places nothing."""

    def story(desk: OfficialDesk) -> None:
        dealer = Dealer(desk)
        order_id, calls = dealer.place(stock("AAPL"), "BUY", 100, whatIf=True)
        assert names(calls) == ["openOrder"]
        call = only("openOrder", calls)
        state = call.orderState
        assert call.orderId == order_id
        assert call.order.whatIf is True
        numbers: tuple[Callable[[Any], Any], ...] = (
            lambda s: s.initMarginBefore,
            lambda s: s.initMarginChange,
            lambda s: s.maintMarginAfter,
            lambda s: s.equityWithLoanBefore,
            lambda s: s.equityWithLoanChange,
        )
        assert [D(number(state)) for number in numbers] == [
            *(0, D("13500.50"), D("6750.25"), 1_000_000, -2),
        ]
        assert money(state.commissionAndFees) == D("1.00")
        assert state.commissionAndFeesCurrency == "USD"
        calls = desk.user.ask(lambda client: client.reqAllOpenOrders())
        assert names(calls) == ["openOrderEnd"]
        assert desk.do(lambda floor: floor.cash) == 1_000_000

    play(story, monkeypatch, version=version)


def test_the_sequence_of_a_filled_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fill is told as TWS tells it, the last status twice and the commission at the end."""

    def story(desk: OfficialDesk) -> None:
        _, calls = Dealer(desk).place(stock("AAPL"), "BUY", 100)
        assert names(calls) == [
            *("openOrder", "orderStatus"),
            "execDetails",
            *("openOrder", "orderStatus"),
            *("openOrder", "orderStatus"),
            "commissionAndFeesReport",
        ]
        states = [c.orderState for c in every("openOrder", calls)]
        assert [s.status for s in states] == ["Submitted", "Filled", "Filled"]
        assert [s.commissionAndFees for s in states] == [UNSET, UNSET, 1.0]
        # The margins of a real order are unset, not zero.
        assert {D(s.initMarginAfter) for s in states} == {D("1.7976931348623157E308")}

    play(story, monkeypatch)
