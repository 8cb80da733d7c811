"""What ib_async's own decoder makes of our replies."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from ib_async import objects
from ib_async.contract import Contract
from ib_async.util import UNSET_DOUBLE

from brokerport.simulator.wire.tws import messages as m
from brokerport.simulator.wire.tws.codec import encode_reply
from tests.wire import sample_replies as replies
from tests.wire.foreign_clients import Call, ib_async_reads
from tests.wire.wire_strategies import ALL_VERSIONS, REPLY_CLASSES, VERSIONS, examples, of_class

every_version = pytest.mark.parametrize("version", VERSIONS)


def only(message: object, version: int) -> Call:
    """Return the one callback that ib_async makes for a message."""
    (call,) = ib_async_reads(message, version)
    return call


def test_there_is_a_sample_of_every_reply() -> None:
    """No reply is left out of the tests against foreign clients."""
    assert {type(sample) for sample in replies.REPLIES} == set(REPLY_CLASSES)


SIMPLE: list[tuple[type, str, tuple[Any, ...]]] = [
    (m.TickPrice, "priceSizeTick", (11, 1, 150.1, 300.0)),
    (m.TickSize, "tickSize", (11, 8, 1_000_000.0)),
    (
        m.OrderStatus,
        "orderStatus",
        (42, "Submitted", 10.0, 90.0, 150.2, 99, 41, 150.3, 7, "locate", 1.5),
    ),
    (m.AccountValue, "updateAccountValue", ("NetLiquidation", "100000.5", "USD", "DU1234567")),
    (m.AccountUpdateTime, "updateAccountTime", ("10:30",)),
    (m.NextValidId, "nextValidId", (101,)),
    (m.MarketDepth, "updateMktDepth", (13, 0, 1, 1, 150.1, 200.0)),
    (m.MarketDepthL2, "updateMktDepthL2", (13, 2, "ARCA", 0, 0, 150.2, 300.0, True)),
    (m.ManagedAccounts, "managedAccounts", ("DU1234567,DU7654321",)),
    (m.ReceiveFA, "receiveFA", (1, "<xml/>")),
    (m.ScannerParameters, "scannerParameters", ("<xml>\n</xml>",)),
    (
        m.TickOptionComputation,
        "tickOptionComputation",
        (11, 13, 1, 0.2, -0.4, 3.1, -1.0, 0.01, 0.3, -2.0, 412.1),
    ),
    (m.TickGeneric, "tickGeneric", (11, 49, 0.0)),
    (m.TickString, "tickString", (11, 45, "1768491000")),
    (m.CurrentTime, "currentTime", (1768491000,)),
    (m.RealTimeBar, "realtimeBar", (15, 1768491000, 1.0, 4.0, 0.5, 2.0, 100.0, 1.5, 9)),
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
        (20, "SMART", "756733", "SPY", "100", ["20261218", "20270115"], [412.5, 415.0, 417.5]),
    ),
    (m.SecurityDefinitionOptionParameterEnd, "securityDefinitionOptionParameterEnd", (20,)),
    (
        m.FamilyCodes,
        "familyCodes",
        ([objects.FamilyCode("DU1234567", "F1"), objects.FamilyCode("DU7654321", "")],),
    ),
    (
        m.MktDepthExchanges,
        "mktDepthExchanges",
        ([objects.DepthMktDataDescription("ISLAND", "STK", "NASDAQ", "Deep", 3)],),
    ),
    (m.TickReqParams, "tickReqParams", (11, 0.01, "9c0001", 3)),
    (
        m.SmartComponents,
        "smartComponents",
        (22, [objects.SmartComponent(0, "NYSE", "N"), objects.SmartComponent(4, "ARCA", "P")]),
    ),
    (
        m.NewsProviders,
        "newsProviders",
        ([objects.NewsProvider("BRFG", "Briefing"), objects.NewsProvider("DJNL", "Dow Jones")],),
    ),
    (m.HeadTimestamp, "headTimestamp", (23, "19801212-14:30:00")),
    (
        m.MarketRule,
        "marketRule",
        (26, [objects.PriceIncrement(0.0, 0.01), objects.PriceIncrement(3.0, 0.05)]),
    ),
    (m.PnL, "pnl", (24, 12.5, -3.0, UNSET_DOUBLE)),
    (m.PnLSingle, "pnlSingle", (25, 100.0, 12.5, UNSET_DOUBLE, 4.0, 15050.0)),
    (m.CompletedOrdersEnd, "completedOrdersEnd", ()),
    (m.UserInfo, "userInfo", (27, "brand")),
    (
        m.TickByTickLast,
        "tickByTickAllLast",
        (26, 2, 1768491000, 150.1, 100.0, objects.TickAttribLast(True, False), "ARCA", "  TI"),
    ),
    (
        m.TickByTickBidAsk,
        "tickByTickBidAsk",
        (26, 1768491000, 150.1, 150.2, 3.0, 4.0, objects.TickAttribBidAsk(False, True)),
    ),
    (m.TickByTickMidPoint, "tickByTickMidPoint", (26, 1768491000, 150.15)),
    (
        m.CommissionReport,
        "commissionReport",
        (objects.CommissionReport("0000e0d5.6586c0f4.01.01", 1.05, "USD", 12.5, UNSET_DOUBLE, 0),),
    ),
]


@every_version
@pytest.mark.parametrize(("cls", "name", "args"), SIMPLE, ids=[case[1] for case in SIMPLE])
def test_simple_replies_arrive(cls: type, name: str, args: tuple[Any, ...], version: int) -> None:
    """Each simple reply makes exactly the callback, with exactly the values, that it means."""
    assert only(replies.reply(cls), version) == Call(name, args)


@pytest.mark.parametrize("cls", REPLY_CLASSES, ids=lambda cls: cls.__name__)
@examples(6)
@given(data=st.data())
def test_no_reply_makes_ib_async_stumble(cls: type, data: st.DataObject) -> None:
    """Whatever values a reply has, at any version, ib_async decodes it without an error."""
    message: Any = data.draw(of_class(cls))
    if isinstance(message, m.ExecDetails):
        message = evolve(message, execution=evolve(message.execution, time="20260115  10:30:00"))
    for version in (*VERSIONS, data.draw(st.sampled_from(ALL_VERSIONS))):
        assert ib_async_reads(message, version)


@every_version
def test_an_error_carries_the_reject_details_from_166_on(version: int) -> None:
    """The advanced reject JSON is there from 166 on and absent before; text is 7-bit."""
    call = only(replies.reply(m.ErrorMessage), version)
    text = "Order rejected: na\\xefve \\\\ path"
    assert call == Call("error", (42, 201, text, '{"a":"b"}' if version >= 166 else ""))


def contract_fields(contract: Contract) -> tuple[Any, ...]:
    """Return what identifies a contract."""
    return (
        contract.conId,
        contract.symbol,
        contract.secType,
        contract.lastTradeDateOrContractMonth,
        contract.strike,
        contract.right,
        contract.multiplier,
        contract.exchange,
        contract.primaryExchange,
        contract.currency,
        contract.localSymbol,
        contract.tradingClass,
    )


PUT_FIELDS = (
    700001,
    "SPY",
    "OPT",
    "20261218",
    412.5,
    "P",
    "100",
    "SMART",
    "",
    "USD",
    "SPY   261218P00412500",
    "SPY",
)


@every_version
def test_a_position_arrives(version: int) -> None:
    """A short option position keeps contract, size and cost."""
    call = only(replies.reply(m.Position), version)
    account, contract, size, cost = call.args
    assert (call.name, account, size, cost) == ("position", "DU1234567", -2.0, 310.55)
    assert contract_fields(contract) == PUT_FIELDS


@every_version
def test_a_model_position_arrives(version: int) -> None:
    """A position of a model keeps its request, account, model, contract, size and cost."""
    request, account, model, contract, size, cost = only(
        replies.reply(m.PositionMulti), version
    ).args
    assert (request, account, model, size, cost) == (18, "DU1234567", "model", -2.0, 310.55)
    assert contract_fields(contract) == PUT_FIELDS


@every_version
def test_a_portfolio_line_arrives(version: int) -> None:
    """A portfolio line keeps the contract, whose exchange is the primary one, and six numbers."""
    call = only(replies.reply(m.PortfolioValue), version)
    contract, *numbers, account = call.args
    assert call.name == "updatePortfolio"
    assert numbers == [100.0, 150.5, 15050.0, 149.25, 125.0, -3.5]
    assert account == "DU1234567"
    assert contract_fields(contract) == (
        265598,
        "AAPL",
        "STK",
        "",
        0.0,
        "",
        "",
        "",
        "NASDAQ",
        "USD",
        "AAPL",
        "NMS",
    )


@every_version
def test_an_execution_arrives(version: int) -> None:
    """An execution keeps every field; the price revision flag exists from 178 on."""
    call = only(replies.reply(m.ExecDetails), version)
    request, contract, execution = call.args
    assert (call.name, request, contract.conId) == ("execDetails", -1, 265598)
    assert execution == objects.Execution(
        execId="0000e0d5.6586c0f4.01.01",
        time=datetime(2026, 1, 15, 15, 30, tzinfo=UTC),
        acctNumber="DU1234567",
        exchange="ISLAND",
        side="BOT",
        shares=100.0,
        price=150.2,
        permId=1377295418,
        clientId=7,
        orderId=42,
        cumQty=200.0,
        avgPrice=150.15,
        orderRef="bp:GEN-1:0001",
        modelCode="model",
        lastLiquidity=2,
        pendingPriceRevision=version >= 178,
    )


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_contract_details_arrive(version: int) -> None:
    """Contract details keep their fields across the shifts at 163, 164 and 174."""
    call = only(replies.reply(m.ContractData), version)
    request, details = call.args
    assert (call.name, request) == ("contractDetails", 12)
    assert contract_fields(details.contract) == (*PUT_FIELDS[:8], "CBOE", *PUT_FIELDS[9:])
    assert details.longName == "S&P 500 «ETF» \\ trust"
    assert (details.minTick, details.priceMagnifier, details.underConId) == (0.01, 1, 756733)
    assert (details.lastTradeTime, details.timeZoneId) == ("16:00:00", "US/Eastern")
    assert [(tag.tag, tag.value) for tag in details.secIdList] == [
        ("ISIN", "US78462F1030"),
        ("CUSIP", "78462F103"),
    ]
    assert (details.marketRuleIds, details.realExpirationDate) == ("32,109", "20261218")
    assert (details.evRule, details.evMultiplier, details.aggGroup) == ("rule", 3, 2)
    assert (details.orderTypes, details.validExchanges) == ("LMT,MKT", "SMART,CBOE")
    assert (details.industry, details.category, details.subcategory) == (
        "Funds",
        "Equity",
        "Large",
    )
    assert details.stockType == "ETF"
    if version >= 164:
        sizes = (details.minSize, details.sizeIncrement, details.suggestedSizeIncrement)
        assert sizes == (1.0, 0.5, 100.0)


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (173, b"\x0020261218 16:00:00\x00"),
        (174, b"\x0020261218 16:00:00 US/Eastern\x00"),
    ],
)
def test_the_last_trade_names_its_time_zone_from_174_on(version: int, text: bytes) -> None:
    """The time zone of the instrument travels with the time of its last trade from 174 on."""
    assert text in encode_reply(replies.reply(m.ContractData), version)


@every_version
def test_symbol_samples_arrive(version: int) -> None:
    """Found symbols keep their fields; the company name exists from 176 on."""
    request, (apple, bond) = only(replies.reply(m.SymbolSamples), version).args
    assert request == 21
    assert (apple.contract.conId, apple.contract.symbol) == (265598, "AAPL")
    assert apple.derivativeSecTypes == ["OPT", "CFD"]
    assert (bond.contract.secType, bond.derivativeSecTypes) == ("BOND", [])
    named = (apple.contract.description, apple.contract.issuerId)
    assert named == (("APPLE INC", "e123") if version >= 176 else ("", ""))


@every_version
def test_historical_bars_arrive(version: int) -> None:
    """Bars keep their values and the end of the bars is announced once, after them."""
    first, second, end = ib_async_reads(replies.reply(m.HistoricalData), version)
    bar = first.args[1]
    assert (first.name, first.args[0]) == ("historicalData", 14)
    assert (bar.date, bar.open, bar.high, bar.low, bar.close) == (
        "20260115 09:30:00 US/Eastern",
        150.1,
        151.0,
        149.9,
        150.5,
    )
    assert (bar.volume, bar.average, bar.barCount) == (12345.0, 150.3, 678)
    assert second.args[1].barCount == 0
    assert end == Call("historicalDataEnd", (14, "20260114  10:30:00", "20260115  10:30:00"))


@every_version
def test_a_running_bar_arrives_with_its_odd_order(version: int) -> None:
    """The running bar travels as open, close, high, low."""
    request, bar = only(replies.reply(m.HistoricalDataUpdate), version).args
    assert (request, bar.barCount, bar.date) == (14, 3, "20260115")
    assert (bar.open, bar.close, bar.high, bar.low) == (1.0, 2.0, 4.0, 0.5)
    assert (bar.average, bar.volume) == (1.5, 100.0)


@pytest.mark.parametrize("value", ["100", "100.00", "1E+2"])
def test_sizes_are_plain_integers_on_the_wire(value: str) -> None:
    """Clients at version 157 read sizes as integers, so 100 is never written as 100.0 or 1E+2."""
    assert encode_reply(m.TickSize(1, 0, Decimal(value)), 157) == b"2\x006\x001\x000\x00100\x00"
