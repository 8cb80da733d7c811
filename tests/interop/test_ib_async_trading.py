"""A whole day's trading with ib_async: every order, its fills, its money, and the next morning.

The plan and its figures stand at the head of ``floor``.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from ib_async import (
    Fill,
    LimitOrder,
    MarketOrder,
    Order,
    PortfolioItem,
    StopLimitOrder,
    StopOrder,
    Trade,
)

from tests.interop.floor import (
    AAPL,
    AAPL_ID,
    ACCOUNT,
    CLOSING,
    DAY_TRADES,
    MSFT,
    NEXT_OPENING,
    OPENING,
    PUT,
    VERSIONS,
)
from tests.interop.ib_async_desk import CLIENT_ID, IbAsyncDesk, play, put, stock

pytestmark = pytest.mark.interop
D = Decimal


def money(amount: float) -> Decimal:
    """Return an amount as it was written on the wire."""
    return D(str(amount)).quantize(D("0.01"))


def value(desk: IbAsyncDesk, tag: str, currency: str = "USD") -> Decimal:
    """Return one account value as the account updates have it now."""
    (found,) = [
        item
        for item in desk.ib.accountValues(ACCOUNT)
        if (item.tag, item.currency, item.modelCode) == (tag, currency, "")
    ]
    return D(found.value)


def status(trade: Trade) -> tuple[str, float, float]:
    """Return an order's status, what has filled and what remains."""
    return trade.orderStatus.status, trade.orderStatus.filled, trade.orderStatus.remaining


async def place(desk: IbAsyncDesk, contract: object, order: Order, reference: str) -> Trade:
    """Place an order and hear the answer."""
    order.orderRef = reference
    order.account = ACCOUNT
    trade = desk.ib.placeOrder(contract, order)  # type: ignore[arg-type]
    await desk.settle()
    return trade


async def trade_the_plan(desk: IbAsyncDesk) -> list[Trade]:
    """Make the day's trades and check each as it happens; return the orders."""
    ib, aapl, msft, option = desk.ib, stock("AAPL"), stock("MSFT"), put()
    await ib.qualifyContractsAsync(aapl, msft, option)

    market = await place(desk, aapl, MarketOrder("BUY", 100), "plan/1 market")
    assert status(market) == ("Filled", 100, 0)
    assert market.orderStatus.avgFillPrice == 270.02

    limit = await place(desk, aapl, LimitOrder("BUY", 300, 269.50), "plan/2 limit")
    assert status(limit) == ("Submitted", 0, 300)
    perm_id = limit.orderStatus.permId
    limit.order.lmtPrice, limit.order.totalQuantity = 269.90, 400
    assert ib.placeOrder(aapl, limit.order) is limit
    await desk.settle()
    assert status(limit) == ("Submitted", 0, 400)
    assert [entry.message for entry in limit.log][-2:] == ["Modify", ""]
    await desk.show(AAPL, "269.86", "269.90", size=150)
    assert status(limit) == ("Submitted", 150, 250)
    await desk.show(AAPL, "269.84", "269.88")
    assert status(limit) == ("Filled", 400, 0)
    assert limit.orderStatus.avgFillPrice == 269.8875
    assert limit.orderStatus.lastFillPrice == 269.88
    assert limit.orderStatus.permId == limit.order.permId == perm_id

    sale = await place(desk, aapl, LimitOrder("SELL", 200, 271.00), "plan/3 sale")
    await desk.show(AAPL, "271.00", "271.04", last="271.02")
    assert status(sale) == ("Filled", 200, 0)

    stop = await place(desk, aapl, StopOrder("SELL", 100, 268.00), "plan/4 stop")
    assert status(stop) == ("PreSubmitted", 0, 100)
    await desk.show(AAPL, "267.94", "267.98", last="267.95")
    assert status(stop) == ("Filled", 100, 0)

    stop_limit = await place(
        desk, msft, StopLimitOrder("BUY", 10, 481.50, 481.00), "plan/5 stop limit"
    )
    assert status(stop_limit) == ("PreSubmitted", 0, 10)
    await desk.show(MSFT, "481.16", "481.20", last="481.10")
    assert status(stop_limit) == ("Filled", 10, 0)

    long_put = await place(desk, option, LimitOrder("BUY", 2, 1.04), "plan/6 put")
    assert status(long_put) == ("Filled", 2, 0)
    (position,) = [p for p in ib.positions() if p.contract.secType == "OPT"]
    assert (position.position, position.avgCost) == (2, 104.65)
    closed_put = await place(desk, option, LimitOrder("SELL", 2, 1.50), "plan/7 put")
    await desk.show(PUT, "1.50", "1.56", last="1.52")
    assert status(closed_put) == ("Filled", 2, 0)
    return [market, limit, sale, stop, stop_limit, long_put, closed_put]


def check_executions(fills: list[Fill]) -> None:
    """Check the executions against the plan, in order, to the cent and the second."""
    assert len(fills) == len(DAY_TRADES)
    assert len({fill.execution.execId for fill in fills}) == len(fills)
    for fill, planned in zip(fills, DAY_TRADES, strict=True):
        execution = fill.execution
        assert fill.contract.symbol == planned.symbol
        assert execution.side == planned.side
        assert execution.shares == planned.quantity
        assert D(str(execution.price)) == D(planned.price)
        assert execution.time == planned.at
        assert execution.acctNumber == ACCOUNT
        assert execution.clientId == CLIENT_ID
        assert execution.exchange == "SMART"
        assert execution.pendingPriceRevision is False


def check_fills(fills: list[Fill]) -> None:
    """Check executions and their commissions against the plan."""
    check_executions(fills)
    for fill, planned in zip(fills, DAY_TRADES, strict=True):
        report = fill.commissionReport
        assert report.execId == fill.execution.execId
        assert money(report.commission) == D(planned.commission)
        assert report.currency == "USD"
        assert money(report.realizedPNL) == D(planned.realised or 0)


def check_books(desk: IbAsyncDesk) -> None:
    """Check positions, portfolio and account values at the end of the plan."""
    ib = desk.ib
    assert desk.floor.cash == D("941308.40")
    held = {p.contract.symbol: (p.position, p.avgCost) for p in ib.positions(ACCOUNT)}
    assert held == {"AAPL": (200, 269.92), "MSFT": (10, 481.30)}
    portfolio = {item.contract.symbol: item for item in ib.portfolio(ACCOUNT)}
    assert set(portfolio) == {"AAPL", "MSFT"}
    aapl = portfolio["AAPL"]
    assert aapl.contract.conId == AAPL_ID
    assert (aapl.position, aapl.averageCost, aapl.marketPrice) == (200, 269.92, 267.95)
    assert money(aapl.marketValue) == D("53590.00")
    assert money(aapl.unrealizedPNL) == D("-394.00")
    assert money(aapl.realizedPNL) == D("16.00")
    assert money(portfolio["MSFT"].unrealizedPNL) == D("-1.40")
    assert value(desk, "TotalCashValue") == D("941308.40")
    assert value(desk, "NetLiquidation") == D("999710.00")
    assert value(desk, "RealizedPnL") == D("105.40")
    assert value(desk, "UnrealizedPnL") == D("-395.40")
    assert value(desk, "InitMarginReq") == (D("53590.00") + D("4811.60")) / 2


@pytest.mark.parametrize("version", VERSIONS)
def test_a_day_of_trading(version: int) -> None:
    """Orders, fills, commissions, positions and money are what the plan says, to the cent."""

    async def story(desk: IbAsyncDesk) -> None:
        ib = desk.ib
        account = ib.reqPnL(ACCOUNT)
        single = ib.reqPnLSingle(ACCOUNT, "", AAPL_ID)
        portfolio: list[PortfolioItem] = []
        ib.updatePortfolioEvent += portfolio.append
        trades = await trade_the_plan(desk)
        check_fills([fill for trade in trades for fill in trade.fills])
        check_fills(ib.fills())
        # Replayed executions that ib_async knows already come back without their commissions: it
        # puts the commission of an execution into the first Fill it ever made of it only.
        check_executions(await ib.reqExecutionsAsync())
        check_books(desk)
        assert [trade.order.orderRef for trade in trades] == [
            fill.execution.orderRef for trade in trades for fill in trade.fills[:1]
        ]
        assert [trade.order.orderRef.split("/")[1][0] for trade in trades] == list("1234567")
        assert all(a.order.permId != b.order.permId for a, b in pairwise(trades))
        assert [fill.execution.permId for fill in trades[1].fills] == [trades[1].order.permId] * 2
        assert [fill.execution.cumQty for fill in trades[1].fills] == [150, 400]
        assert money(account.dailyPnL) == D("-290.00")
        assert money(account.realizedPnL) == D("105.40")
        assert money(account.unrealizedPnL) == D("-395.40")
        assert single.position == 200
        assert money(single.value) == D("53590.00")
        assert money(single.unrealizedPnL) == D("-394.00")
        assert money(single.realizedPnL) == D("16.00")
        # A position's daily figure counts prices only: the realised 16 and the unrealised -394 less
        # the five dollars of commission that are in them.
        assert money(single.dailyPnL) == D("-373.00")
        closed = [item for item in portfolio if item.contract.secType == "OPT"][-1]
        assert (closed.position, closed.marketValue, closed.averageCost) == (0, 0, 0)
        assert money(closed.realizedPNL) == D("89.40")
        summary = {item.tag: item.value for item in await ib.accountSummaryAsync(ACCOUNT)}
        assert summary["NetLiquidation"] == "999710.00"
        assert summary["TotalCashValue"] == summary["TotalCashBalance"] == "941308.40"
        assert summary["AccountType"] == "INDIVIDUAL"
        assert D(summary["BuyingPower"]) == 4 * D(summary["AvailableFunds"])

    play(story, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_night_and_the_next_morning(version: int) -> None:
    """After a reconnect the client sees its old orders; a GTC order fills the next morning."""

    async def story(desk: IbAsyncDesk) -> None:
        ib, floor, aapl = desk.ib, desk.floor, stock("AAPL")
        trades = await trade_the_plan(desk)
        for_today = await place(desk, aapl, LimitOrder("BUY", 5, 241.00), "today only")
        forever = await place(desk, aapl, LimitOrder("BUY", 5, 240.00, tif="GTC"), "till cancelled")
        floor.wait_until(CLOSING)
        await desk.settle()
        assert status(for_today) == ("Cancelled", 0, 5)
        assert desk.errors == [(for_today.order.orderId, 202)]
        assert status(forever) == ("Submitted", 0, 5)
        perm_ids = [trade.order.permId for trade in trades]

        await desk.reconnect()
        (found,) = ib.openTrades()
        assert found is not forever
        assert (found.order.orderId, found.order.permId, found.order.orderRef) == (
            forever.order.orderId,
            forever.order.permId,
            "till cancelled",
        )
        assert (found.order.tif, found.order.lmtPrice, found.order.action) == ("GTC", 240.0, "BUY")
        check_fills(ib.fills())
        completed = {trade.order.permId: trade for trade in ib.trades() if trade.isDone()}
        assert list(completed) == [*perm_ids, for_today.order.permId]
        assert [t.orderStatus.status for t in completed.values()] == ["Filled"] * 7 + ["Cancelled"]
        assert completed[perm_ids[1]].order.filledQuantity == 400
        assert completed[perm_ids[0]].order.orderRef == "plan/1 market"
        # What ib_async knows of a completed order's fills it has from the executions.
        assert [len(completed[perm_id].fills) for perm_id in perm_ids] == [1, 2, 1, 1, 1, 1, 1]
        check_books(desk)

        floor.wait_until(NEXT_OPENING)
        await desk.settle()
        assert await ib.reqExecutionsAsync() == []
        assert await ib.reqCompletedOrdersAsync(False) == []
        await desk.show(AAPL, "239.96", "239.98", last="239.97")
        assert status(found) == ("Filled", 5, 0)
        (fill,) = found.fills
        assert (fill.execution.price, fill.execution.orderRef) == (239.98, "till cancelled")
        assert money(fill.commissionReport.commission) == D("1.00")
        assert floor.cash == D("941308.40") - 5 * D("239.98") - 1
        assert value(desk, "TotalCashValue") == floor.cash
        again = await place(desk, aapl, MarketOrder("SELL", 5), "next day")
        assert again.order.orderId > forever.order.orderId
        assert status(again) == ("Filled", 5, 0)

    play(story, version=version, errors=(202,))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cancelled_order(version: int) -> None:
    """A cancel is told as the status Cancelled, and then as error 202."""

    async def story(desk: IbAsyncDesk) -> None:
        order = await place(desk, stock("AAPL"), LimitOrder("BUY", 10, 250.00), "to cancel")
        order_id = order.order.orderId
        heard: list[str] = []
        desk.ib.orderStatusEvent += lambda trade: heard.append(trade.orderStatus.status)
        desk.ib.errorEvent += lambda _id, code, _text, _contract: heard.append(str(code))
        assert desk.ib.cancelOrder(order.order) is order
        assert order.orderStatus.status == "PendingCancel"
        await desk.settle()
        assert heard == ["PendingCancel", "Cancelled", "202"]
        # Had the error come first, it would have ended the order, and stood in its log.
        assert [entry.errorCode for entry in order.log if entry.status == "Cancelled"] == [0]
        assert status(order) == ("Cancelled", 0, 10)
        assert desk.errors == [(order_id, 202)]
        assert await desk.ib.reqOpenOrdersAsync() == []
        (done,) = await desk.ib.reqCompletedOrdersAsync(True)
        assert (done.order.permId, done.orderStatus.status) == (order.order.permId, "Cancelled")

    play(story, version=version, errors=(202,))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_what_if_order(version: int) -> None:
    """A what-if order answers with numbers for margins and commission, and places nothing."""

    async def story(desk: IbAsyncDesk) -> None:
        state = await desk.ib.whatIfOrderAsync(stock("AAPL"), MarketOrder("BUY", 100))
        assert D(state.initMarginChange) == D("13500.50")
        assert D(state.maintMarginChange) == D("6750.25")
        assert D(state.equityWithLoanBefore) == 1_000_000
        assert D(state.equityWithLoanAfter) == 999_998
        assert money(state.commission) == D("1.00")
        assert state.commissionCurrency == "USD"
        assert await desk.ib.reqAllOpenOrdersAsync() == []
        assert desk.floor.cash == 1_000_000
        trade = await place(desk, stock("AAPL"), MarketOrder("BUY", 100), "for real")
        assert status(trade) == ("Filled", 100, 0)
        assert value(desk, "InitMarginReq") == D("13500.50")

    play(story, version=version)


def test_the_sequence_of_a_filled_order() -> None:
    """A fill is told as TWS tells it: status, execution, then the commission once it is known."""

    async def story(desk: IbAsyncDesk) -> None:
        heard: list[object] = []
        ib = desk.ib
        ib.openOrderEvent += lambda trade: heard.append("openOrder")
        ib.orderStatusEvent += lambda trade: heard.append(trade.orderStatus.status)
        ib.execDetailsEvent += lambda _trade, fill: heard.append(fill.execution.shares)
        ib.commissionReportEvent += lambda _trade, _fill, report: heard.append(report.commission)
        await place(desk, stock("AAPL"), MarketOrder("BUY", 100), "sequence")
        assert heard == [
            *("openOrder", "Submitted"),
            100,
            *("openOrder", "Filled"),
            # The same status again changes nothing, so ib_async tells only of the order.
            "openOrder",
            1.0,
        ]
        assert desk.floor.now == OPENING

    play(story)
