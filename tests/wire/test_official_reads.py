"""What the official client's own decoder makes of our replies.

The decoder must also have read every field: a field too many would be a layout that has slipped.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from ibapi.const import UNSET_DECIMAL, UNSET_DOUBLE, UNSET_INTEGER

from brokerport.simulator.wire.tws import messages as m
from tests.wire import sample_replies as replies
from tests.wire import sample_values as samples
from tests.wire.foreign_clients import Call, official_reads
from tests.wire.wire_strategies import ALL_VERSIONS, REPLY_CLASSES, VERSIONS, examples, of_class

every_version = pytest.mark.parametrize("version", VERSIONS)


def only(message: object, version: int) -> Call:
    """Return the one callback that the official client makes for a message."""
    (call,) = official_reads(message, version)
    return call


SIMPLE: list[tuple[type, str, tuple[Any, ...]]] = [
    (m.TickSize, "tickSize", (11, 8, Decimal(1_000_000))),
    (
        m.OrderStatus,
        "orderStatus",
        (42, "Submitted", Decimal(10), Decimal(90), 150.2, 99, 41, 150.3, 7, "locate", 1.5),
    ),
    (m.AccountValue, "updateAccountValue", ("NetLiquidation", "100000.5", "USD", "DU1234567")),
    (m.AccountUpdateTime, "updateAccountTime", ("10:30",)),
    (m.NextValidId, "nextValidId", (101,)),
    (m.MarketDepth, "updateMktDepth", (13, 0, 1, 1, 150.1, Decimal(200))),
    (m.MarketDepthL2, "updateMktDepthL2", (13, 2, "ARCA", 0, 0, 150.2, Decimal(300), True)),
    (m.ManagedAccounts, "managedAccounts", ("DU1234567,DU7654321",)),
    (m.ReceiveFA, "receiveFA", (1, "<xml/>")),
    (m.ScannerParameters, "scannerParameters", ("<xml>\n</xml>",)),
    (
        m.TickOptionComputation,
        "tickOptionComputation",
        (11, 13, 1, 0.2, -0.4, 3.1, None, 0.01, 0.3, None, 412.1),
    ),
    (m.TickGeneric, "tickGeneric", (11, 49, 0.0)),
    (m.TickString, "tickString", (11, 45, "1768491000")),
    (m.CurrentTime, "currentTime", (1768491000,)),
    (
        m.RealTimeBar,
        "realtimeBar",
        (15, 1768491000, 1.0, 4.0, 0.5, 2.0, Decimal(100), Decimal("1.5"), 9),
    ),
    (m.ContractDataEnd, "contractDetailsEnd", (12,)),
    (m.OpenOrderEnd, "openOrderEnd", ()),
    (m.AccountDownloadEnd, "accountDownloadEnd", ("DU1234567",)),
    (m.ExecDetailsEnd, "execDetailsEnd", (16,)),
    (m.TickSnapshotEnd, "tickSnapshotEnd", (11,)),
    (m.MarketDataType, "marketDataType", (11, 3)),
    (m.PositionEnd, "positionEnd", ()),
    (m.AccountSummary, "accountSummary", (17, "DU1234567", "NetLiquidation", "100000.5", "USD")),
    (m.AccountSummaryEnd, "accountSummaryEnd", (17,)),
    (m.PositionMultiEnd, "positionMultiEnd", (18,)),
    (
        m.AccountUpdateMulti,
        "accountUpdateMulti",
        (19, "DU1234567", "model", "CashBalance", "5", "USD"),
    ),
    (m.AccountUpdateMultiEnd, "accountUpdateMultiEnd", (19,)),
    (
        m.SecurityDefinitionOptionParameter,
        "securityDefinitionOptionParameter",
        (20, "SMART", 756733, "SPY", "100", {"20261218", "20270115"}, {412.5, 415.0, 417.5}),
    ),
    (m.SecurityDefinitionOptionParameterEnd, "securityDefinitionOptionParameterEnd", (20,)),
    (m.TickReqParams, "tickReqParams", (11, 0.01, "9c0001", 3)),
    (m.HeadTimestamp, "headTimestamp", (23, "19801212-14:30:00")),
    (m.PnL, "pnl", (24, 12.5, -3.0, UNSET_DOUBLE)),
    (m.PnLSingle, "pnlSingle", (25, Decimal(100), 12.5, UNSET_DOUBLE, 4.0, 15050.0)),
    (m.CompletedOrdersEnd, "completedOrdersEnd", ()),
    (m.UserInfo, "userInfo", (27, "brand")),
    (m.TickByTickMidPoint, "tickByTickMidPoint", (26, 1768491000, 150.15)),
]


@every_version
@pytest.mark.parametrize(("cls", "name", "args"), SIMPLE, ids=[case[1] for case in SIMPLE])
def test_simple_replies_arrive(cls: type, name: str, args: tuple[Any, ...], version: int) -> None:
    """Each simple reply makes exactly the callback, with exactly the values, that it means."""
    assert only(replies.reply(cls), version) == Call(name, args)


@pytest.mark.parametrize("cls", REPLY_CLASSES, ids=lambda cls: cls.__name__)
@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@examples(6)
@given(data=st.data())
def test_no_reply_makes_the_official_client_stumble(cls: type, data: st.DataObject) -> None:
    """Whatever values a reply has, at any version, the decoder reads it to its last field."""
    message: Any = data.draw(of_class(cls))
    for version in (*VERSIONS, data.draw(st.sampled_from(ALL_VERSIONS))):
        assert official_reads(message, version)


@every_version
def test_an_error_keeps_its_text(version: int) -> None:
    """The official client undoes the escapes of an error's text and JSON."""
    call = only(replies.reply(m.ErrorMessage), version)
    request, _time, code, text, json = call.args
    assert (call.name, request, code, text) == (
        "error",
        42,
        201,
        "Order rejected: naïve \\ path",
    )
    assert json == ('{"a":"b"}' if version >= 166 else "")


@every_version
def test_a_price_tick_brings_its_size(version: int) -> None:
    """A bid with attributes arrives as a price and a size."""
    price, size = official_reads(replies.reply(m.TickPrice), version)
    assert (price.name, *price.args[:3]) == ("tickPrice", 11, 1, 150.1)
    attributes = price.args[3]
    assert (attributes.canAutoExecute, attributes.pastLimit, attributes.preOpen) == (
        True,
        False,
        True,
    )
    assert size == Call("tickSize", (11, 0, Decimal(300)))


@every_version
def test_trades_and_quotes_arrive(version: int) -> None:
    """Tick-by-tick trades and quotes keep their attributes."""
    trade = only(replies.reply(m.TickByTickLast), version)
    assert trade.name == "tickByTickAllLast"
    assert trade.args[:5] == (26, 2, 1768491000, 150.1, Decimal(100))
    assert (trade.args[5].pastLimit, trade.args[5].unreported) == (True, False)
    assert trade.args[6:] == ("ARCA", "  TI")
    quote = only(replies.reply(m.TickByTickBidAsk), version)
    assert quote.args[:6] == (26, 1768491000, 150.1, 150.2, Decimal(3), Decimal(4))
    assert (quote.args[6].bidPastLow, quote.args[6].askPastHigh) == (False, True)


@every_version
def test_lists_arrive(version: int) -> None:
    """Counted lists keep their items."""
    (codes,) = only(replies.reply(m.FamilyCodes), version).args
    assert [(c.accountID, c.familyCodeStr) for c in codes] == [
        ("DU1234567", "F1"),
        ("DU7654321", ""),
    ]
    ((depth,),) = only(replies.reply(m.MktDepthExchanges), version).args
    assert (depth.exchange, depth.secType, depth.listingExch) == ("ISLAND", "STK", "NASDAQ")
    assert (depth.serviceDataType, depth.aggGroup) == ("Deep", 3)
    (providers,) = only(replies.reply(m.NewsProviders), version).args
    assert [(p.code, p.name) for p in providers] == [("BRFG", "Briefing"), ("DJNL", "Dow Jones")]
    rule, steps = only(replies.reply(m.MarketRule), version).args
    assert (rule, [(s.lowEdge, s.increment) for s in steps]) == (26, [(0.0, 0.01), (3.0, 0.05)])
    _, found = only(replies.reply(m.SymbolSamples), version).args
    assert [d.contract.symbol for d in found] == ["AAPL", "APL"]
    assert found[0].derivativeSecTypes == ["OPT", "CFD"]
    assert found[0].contract.description == ("APPLE INC" if version >= 176 else "")


@every_version
def test_bars_arrive(version: int) -> None:
    """Bars arrive one by one, then their end; the running bar in its odd order."""
    first, _, end = official_reads(replies.reply(m.HistoricalData), version)
    bar = first.args[1]
    assert (bar.date, bar.open, bar.high, bar.low, bar.close) == (
        "20260115 09:30:00 US/Eastern",
        150.1,
        151.0,
        149.9,
        150.5,
    )
    assert (bar.volume, bar.wap, bar.barCount) == (Decimal(12345), Decimal("150.3"), 678)
    assert end == Call("historicalDataEnd", (14, "20260114  10:30:00", "20260115  10:30:00"))
    running = only(replies.reply(m.HistoricalDataUpdate), version).args[1]
    assert (running.open, running.close, running.high, running.low) == (1.0, 2.0, 4.0, 0.5)
    assert (running.barCount, running.wap, running.volume) == (3, Decimal("1.5"), Decimal(100))


def identity(contract: Any) -> tuple[Any, ...]:
    """Return what identifies a contract in replies."""
    return (
        contract.conId,
        contract.symbol,
        contract.secType,
        contract.lastTradeDateOrContractMonth,
        contract.strike,
        contract.right,
        contract.multiplier,
        contract.currency,
        contract.localSymbol,
        contract.tradingClass,
    )


PUT_IDENTITY = (
    700001,
    "SPY",
    "OPT",
    "20261218",
    412.5,
    "P",
    "100",
    "USD",
    "SPY   261218P00412500",
    "SPY",
)


@every_version
def test_positions_arrive(version: int) -> None:
    """Positions and portfolio lines keep contract and numbers."""
    account, contract, size, cost = only(replies.reply(m.Position), version).args
    assert (account, size, cost) == ("DU1234567", Decimal(-2), 310.55)
    assert (identity(contract), contract.exchange) == (PUT_IDENTITY, "SMART")
    request, account, model, contract, size, cost = only(
        replies.reply(m.PositionMulti), version
    ).args
    assert (request, account, model, size, cost) == (18, "DU1234567", "model", -2, 310.55)
    assert identity(contract) == PUT_IDENTITY
    contract, *numbers, account = only(replies.reply(m.PortfolioValue), version).args
    assert (contract.conId, contract.primaryExchange, account) == (265598, "NASDAQ", "DU1234567")
    assert numbers == [Decimal(100), 150.5, 15050.0, 149.25, 125.0, -3.5]


@every_version
def test_an_execution_and_its_commission_arrive(version: int) -> None:
    """An execution keeps every field; an opening trade has no realized profit."""
    request, contract, fill = only(replies.reply(m.ExecDetails), version).args
    assert (request, contract.conId, fill.orderId) == (-1, 265598, 42)
    assert (fill.execId, fill.time) == ("0000e0d5.6586c0f4.01.01", "20260115 10:30:00 US/Eastern")
    assert (fill.acctNumber, fill.exchange, fill.side) == ("DU1234567", "ISLAND", "BOT")
    assert (fill.shares, fill.price, fill.permId) == (Decimal(100), 150.2, 1377295418)
    assert (fill.cumQty, fill.avgPrice) == (Decimal(200), 150.15)
    assert (fill.orderRef, fill.modelCode, fill.lastLiquidity) == ("bp:GEN-1:0001", "model", 2)
    assert fill.pendingPriceRevision is (version >= 178)
    (report,) = only(m.CommissionReport("id", Decimal("1.05"), "USD"), version).args
    assert (report.execId, report.commissionAndFees, report.currency) == ("id", 1.05, "USD")
    assert (report.realizedPNL, report.yield_) == (UNSET_DOUBLE, UNSET_DOUBLE)


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_contract_details_arrive(version: int) -> None:
    """Contract details keep their fields across the shifts at 163, 164 and 174."""
    request, details = only(replies.reply(m.ContractData), version).args
    assert (request, identity(details.contract)) == (12, PUT_IDENTITY)
    assert details.contract.primaryExchange == "CBOE"
    assert details.longName == "S&P 500 «ETF» \\ trust"
    assert (details.minTick, details.underConId, details.contractMonth) == (0.01, 756733, "202612")
    assert (details.lastTradeTime, details.timeZoneId) == ("16:00:00", "US/Eastern")
    assert [(t.tag, t.value) for t in details.secIdList] == [
        ("ISIN", "US78462F1030"),
        ("CUSIP", "78462F103"),
    ]
    assert (details.marketRuleIds, details.stockType, details.aggGroup) == ("32,109", "ETF", 2)
    sizes = (details.minSize, details.sizeIncrement, details.suggestedSizeIncrement)
    if version >= 164:
        assert sizes == (Decimal(1), Decimal("0.5"), Decimal(100))
    else:
        assert sizes == (UNSET_DECIMAL,) * 3


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_an_open_order_arrives(version: int) -> None:
    """A plain open order keeps its terms; what is unset is unset and not zero."""
    order_id, contract, order, state = only(replies.reply(m.OpenOrder), version).args
    assert (order_id, contract.conId, contract.right) == (42, 265598, "?")
    assert (order.action, order.totalQuantity, order.orderType) == ("BUY", Decimal(100), "LMT")
    assert (order.lmtPrice, order.auxPrice) == (150.25, UNSET_DOUBLE)
    assert (order.orderRef, order.permId, order.clientId) == ("bp:GEN-1:0001", 1377295418, 7)
    assert order.deltaNeutralOrderType == "None"
    unset = (
        order.trailStopPrice,
        order.triggerPrice,
        order.lmtPriceOffset,
        order.adjustedStopPrice,
        order.adjustedStopLimitPrice,
        order.adjustedTrailingAmount,
    )
    assert unset == (UNSET_DOUBLE,) * 6
    assert (order.minQty, order.cashQty) == (UNSET_INTEGER, 2500.5)
    assert order.duration == (60 if version >= 158 else UNSET_INTEGER)
    assert (state.status, state.commissionAndFees) == ("Submitted", UNSET_DOUBLE)
    assert state.initMarginAfter == "1.7976931348623157E308"


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_an_open_order_with_every_block_arrives(version: int) -> None:
    """Legs, hedge, scale, algorithm, benchmark, conditions and the tail all arrive in place."""
    message = m.OpenOrder(42, samples.HEDGED_SPREAD, samples.EVERYTHING, samples.WHAT_IF)
    _, contract, order, state = only(message, version).args
    assert_blocks(contract, order, version)
    assert (order.deltaNeutralSettlingFirm, order.deltaNeutralOpenClose) == ("firm", "O")
    assert (order.basisPoints, order.parentId) == (0.5, 41)
    assert (order.adjustedOrderType, order.triggerPrice) == ("STP", 97.0)
    assert (order.adjustedStopPrice, order.adjustedTrailingAmount) == (96.5, 0.7)
    assert order.softDollarTier.displayName == "shown"
    assert order.usePriceMgmtAlgo is True
    assert order.postToAts == (15 if version >= 160 else UNSET_INTEGER)
    assert (state.initMarginChange, state.equityWithLoanAfter) == ("250", "9998.75")
    assert (state.commissionAndFees, state.commissionAndFeesCurrency) == (1.05, "USD")
    assert state.warningText == "careful"


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_a_completed_order_with_every_block_arrives(version: int) -> None:
    """A completed order keeps the same blocks and its own tail."""
    done = m.WireOrderState("Filled", completed_time="time", completed_status="Filled Size: 3.5")
    message = m.CompletedOrder(samples.HEDGED_SPREAD, samples.EVERYTHING, done)
    contract, order, state = only(message, version).args
    assert_blocks(contract, order, version)
    assert (order.autoCancelDate, order.filledQuantity) == ("20261231", Decimal(2))
    assert (order.refFuturesConId, order.imbalanceOnly) == (77, True)
    assert (order.routeMarketableToBbo, order.parentPermId) == (True, 88)
    assert (state.completedTime, state.completedStatus) == ("time", "Filled Size: 3.5")


def assert_blocks(contract: Any, order: Any, version: int) -> None:
    """Check the blocks that open and completed orders share."""
    assert [(leg.conId, leg.ratio, leg.action, leg.exchange) for leg in contract.comboLegs] == [
        (700001, 1, "SELL", "SMART"),
        (700002, 2, "BUY", "CBOE"),
    ]
    hedge = contract.deltaNeutralContract
    assert (hedge.conId, hedge.delta, hedge.price) == (265598, 0.6, 150.5)
    assert [leg.price for leg in order.orderComboLegs] == [1.25, UNSET_DOUBLE]
    assert [(p.tag, p.value) for p in order.smartComboRoutingParams] == [("NonGuaranteed", "1")]
    assert (order.deltaNeutralOrderType, order.deltaNeutralConId) == ("LMT", 265598)
    assert (order.deltaNeutralShortSale, order.deltaNeutralDesignatedLocation) == (True, "place")
    assert (order.trailStopPrice, order.trailingPercent) == (98.7, 1.5)
    assert (order.scaleInitLevelSize, order.scalePriceIncrement) == (10, 0.05)
    assert (order.scaleInitFillQty, order.scaleRandomPercent) == (6, True)
    assert (order.hedgeType, order.hedgeParam) == ("D", "param")
    assert [(p.tag, p.value) for p in order.algoParams] == [("adaptivePriority", "Urgent")]
    assert (order.referenceContractId, order.referenceExchangeId) == (265598, "ISLAND")
    price, time, margin, execution, volume, change = order.conditions
    assert (price.isConjunctionConnection, price.isMore, price.price) == (True, False, 99.5)
    assert (price.conId, price.exchange, price.triggerMethod) == (265598, "SMART", 2)
    assert (time.isConjunctionConnection, time.time) == (False, "20261218 15:00:00 US/Eastern")
    assert (margin.percent, execution.symbol, volume.volume) == (30, "MSFT", 1_000_000)
    assert change.changePercent == 2.5
    assert (order.conditionsIgnoreRth, order.conditionsCancelOrder) == (True, True)
    offsets = (order.competeAgainstBestOffset, order.midOffsetAtWhole, order.midOffsetAtHalf)
    assert offsets == ((0.04, 0.05, 0.06) if version >= 170 else (UNSET_DOUBLE,) * 3)


def test_an_offset_up_to_the_midpoint_is_infinity() -> None:
    """ "Up to the midpoint" reaches the official client as infinity."""
    best = evolve(samples.LIMIT, order_type="PEG BEST", compete_against_best_offset=m.UP_TO_MID)
    call = only(m.OpenOrder(1, samples.AAPL, best, m.WireOrderState()), 178)
    assert call.args[2].competeAgainstBestOffset == math.inf
