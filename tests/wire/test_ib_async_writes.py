"""What we make of the bytes that ib_async's own client sends."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from ib_async import contract as ib
from ib_async import objects

from brokerport.simulator.wire.tws import messages as m
from tests.wire import sample_values as samples
from tests.wire.ib_async_objects import DATA_SPREAD, OPTION, SPREAD, STOCK, sent
from tests.wire.wire_strategies import REQUEST_CLASSES, VERSIONS

every_version = pytest.mark.parametrize("version", VERSIONS)

REQUESTS: list[tuple[Callable[[Any], object], object]] = [
    (lambda c: c.startApi(), m.StartApi(7, "")),
    (
        lambda c: c.reqMktData(1, OPTION, "100,106", True, False, [ib.TagValue("a", "b")]),
        m.ReqMktData(
            request_id=1,
            contract=samples.PUT,
            generic_tick_list="100,106",
            snapshot=True,
            regulatory_snapshot=False,
            mkt_data_options="a=b;",
        ),
    ),
    (
        lambda c: c.reqMktData(1, SPREAD, "", False, False, []),
        m.ReqMktData(request_id=1, contract=DATA_SPREAD),
    ),
    (lambda c: c.cancelMktData(1), m.CancelMktData(1)),
    (lambda c: c.reqOpenOrders(), m.ReqOpenOrders()),
    (lambda c: c.reqAccountUpdates(True, "DU1"), m.ReqAccountUpdates(True, "DU1")),
    (
        lambda c: c.reqExecutions(
            2, objects.ExecutionFilter(7, "DU1", "20260115", "SPY", "OPT", "CBOE", "BUY")
        ),
        m.ReqExecutions(
            request_id=2,
            client_id=7,
            acct_code="DU1",
            time="20260115",
            symbol="SPY",
            sec_type="OPT",
            exchange="CBOE",
            side="BUY",
        ),
    ),
    (lambda c: c.reqIds(1), m.ReqIds(1)),
    (
        lambda c: c.reqMktDepth(3, STOCK, 5, True, []),
        m.ReqMktDepth(request_id=3, contract=samples.AAPL, num_rows=5, is_smart_depth=True),
    ),
    (lambda c: c.cancelMktDepth(3, True), m.CancelMktDepth(3, True)),
    (lambda c: c.setServerLogLevel(2), m.SetServerLogLevel(2)),
    (lambda c: c.reqAutoOpenOrders(True), m.ReqAutoOpenOrders(True)),
    (lambda c: c.reqAllOpenOrders(), m.ReqAllOpenOrders()),
    (lambda c: c.reqManagedAccts(), m.ReqManagedAccts()),
    (lambda c: c.requestFA(1), m.RequestFA(1)),
    (
        lambda c: c.reqHistoricalData(
            4, OPTION, "20260115 10:00:00", "1 D", "1 min", "TRADES", True, 2, True, []
        ),
        m.ReqHistoricalData(
            request_id=4,
            contract=samples.PUT,
            end_date_time="20260115 10:00:00",
            bar_size_setting="1 min",
            duration_str="1 D",
            use_rth=True,
            what_to_show="TRADES",
            format_date=2,
            keep_up_to_date=True,
        ),
    ),
    (
        lambda c: c.reqHistoricalData(4, SPREAD, "", "1 D", "1 min", "TRADES", False, 1, False, []),
        m.ReqHistoricalData(
            request_id=4,
            contract=DATA_SPREAD,
            end_date_time="",
            bar_size_setting="1 min",
            duration_str="1 D",
            use_rth=False,
            what_to_show="TRADES",
        ),
    ),
    (
        lambda c: c.exerciseOptions(5, OPTION, 1, 2, "DU1", 0),
        m.ExerciseOptions(
            request_id=5,
            contract=evolve(samples.PUT, primary_exchange=""),
            exercise_action=1,
            exercise_quantity=2,
            account="DU1",
            override=0,
        ),
    ),
    (lambda c: c.reqScannerParameters(), m.ReqScannerParameters()),
    (lambda c: c.cancelHistoricalData(4), m.CancelHistoricalData(4)),
    (lambda c: c.reqCurrentTime(), m.ReqCurrentTime()),
    (
        lambda c: c.reqRealTimeBars(6, STOCK, 5, "MIDPOINT", True, []),
        m.ReqRealTimeBars(
            request_id=6, contract=samples.AAPL, bar_size=5, what_to_show="MIDPOINT", use_rth=True
        ),
    ),
    (lambda c: c.cancelRealTimeBars(6), m.CancelRealTimeBars(6)),
    (
        lambda c: c.calculateImpliedVolatility(7, OPTION, 3.1, 412.0, [ib.TagValue("a", "b")]),
        m.CalculateImpliedVolatility(
            request_id=7,
            contract=samples.PUT,
            option_price=Decimal("3.1"),
            under_price=Decimal(412),
            options="a=b;",
        ),
    ),
    (
        lambda c: c.calculateOptionPrice(7, OPTION, 0.25, 412.0, []),
        m.CalculateOptionPrice(
            request_id=7, contract=samples.PUT, volatility=Decimal("0.25"), under_price=Decimal(412)
        ),
    ),
    (lambda c: c.cancelCalculateImpliedVolatility(7), m.CancelCalculateImpliedVolatility(7)),
    (lambda c: c.cancelCalculateOptionPrice(7), m.CancelCalculateOptionPrice(7)),
    (lambda c: c.reqGlobalCancel(), m.ReqGlobalCancel()),
    (lambda c: c.reqMarketDataType(3), m.ReqMarketDataType(3)),
    (lambda c: c.reqPositions(), m.ReqPositions()),
    (
        lambda c: c.reqAccountSummary(8, "All", "NetLiquidation,$LEDGER:USD"),
        m.ReqAccountSummary(request_id=8, group_name="All", tags="NetLiquidation,$LEDGER:USD"),
    ),
    (lambda c: c.cancelAccountSummary(8), m.CancelAccountSummary(8)),
    (lambda c: c.cancelPositions(), m.CancelPositions()),
    (
        lambda c: c.reqPositionsMulti(9, "DU1", "mod"),
        m.ReqPositionsMulti(request_id=9, account="DU1", model_code="mod"),
    ),
    (lambda c: c.cancelPositionsMulti(9), m.CancelPositionsMulti(9)),
    (
        lambda c: c.reqAccountUpdatesMulti(10, "DU1", "mod", True),
        m.ReqAccountUpdatesMulti(
            request_id=10, account="DU1", model_code="mod", ledger_and_nlv=True
        ),
    ),
    (lambda c: c.cancelAccountUpdatesMulti(10), m.CancelAccountUpdatesMulti(10)),
    (
        lambda c: c.reqSecDefOptParams(11, "SPY", "", "STK", 756733),
        m.ReqSecDefOptParams(
            request_id=11,
            underlying_symbol="SPY",
            fut_fop_exchange="",
            underlying_sec_type="STK",
            underlying_con_id=756733,
        ),
    ),
    (lambda c: c.reqFamilyCodes(), m.ReqFamilyCodes()),
    (lambda c: c.reqMatchingSymbols(12, "app"), m.ReqMatchingSymbols(12, "app")),
    (lambda c: c.reqMktDepthExchanges(), m.ReqMktDepthExchanges()),
    (lambda c: c.reqSmartComponents(13, "9c0001"), m.ReqSmartComponents(13, "9c0001")),
    (lambda c: c.reqNewsProviders(), m.ReqNewsProviders()),
    (
        lambda c: c.reqHeadTimeStamp(14, STOCK, "TRADES", True, 1),
        m.ReqHeadTimestamp(
            request_id=14, contract=samples.AAPL, use_rth=True, what_to_show="TRADES", format_date=1
        ),
    ),
    (lambda c: c.cancelHeadTimeStamp(14), m.CancelHeadTimestamp(14)),
    (lambda c: c.reqMarketRule(26), m.ReqMarketRule(26)),
    (
        lambda c: c.reqPnL(15, "DU1", "mod"),
        m.ReqPnL(request_id=15, account="DU1", model_code="mod"),
    ),
    (lambda c: c.cancelPnL(15), m.CancelPnL(15)),
    (
        lambda c: c.reqPnLSingle(16, "DU1", "mod", 265598),
        m.ReqPnLSingle(request_id=16, account="DU1", model_code="mod", con_id=265598),
    ),
    (lambda c: c.cancelPnLSingle(16), m.CancelPnLSingle(16)),
    (
        lambda c: c.reqTickByTickData(17, STOCK, "BidAsk", 10, True),
        m.ReqTickByTickData(
            request_id=17,
            contract=samples.AAPL,
            tick_type="BidAsk",
            number_of_ticks=10,
            ignore_size=True,
        ),
    ),
    (lambda c: c.cancelTickByTickData(17), m.CancelTickByTickData(17)),
    (lambda c: c.reqCompletedOrders(True), m.ReqCompletedOrders(True)),
    (lambda c: c.reqUserInfo(18), m.ReqUserInfo(18)),
]


@pytest.mark.parametrize(
    ("send", "expected"), REQUESTS, ids=[type(case[1]).__name__ for case in REQUESTS]
)
@every_version
def test_requests_arrive(send: Callable[[Any], object], expected: object, version: int) -> None:
    """Each request that ib_async sends is decoded to exactly what was asked."""
    assert sent(send, version) == expected


@every_version
def test_a_contract_request_arrives(version: int) -> None:
    """A request for contract details carries the issuer from 176 on."""
    bond = ib.Contract(secType="BOND", secIdType="CUSIP", secId="912828", issuerId="e1234")
    bond.includeExpired = True
    wire = m.WireContract(
        sec_type="BOND",
        sec_id_type="CUSIP",
        sec_id="912828",
        include_expired=True,
        issuer_id="e1234" if version >= 176 else "",
    )
    assert sent(lambda c: c.reqContractDetails(1, bond), version) == m.ReqContractDetails(1, wire)


@every_version
def test_a_cancel_arrives(version: int) -> None:
    """A cancel carries the time of a manual cancel from 169 on."""
    time = "20260115 10:00:00" if version >= 169 else ""
    request = sent(lambda c: c.cancelOrder(42, "20260115 10:00:00"), version)
    assert request == m.CancelOrder(42, time)


def test_every_request_class_is_covered() -> None:
    """No request is left out of the tests against ib_async."""
    covered = {type(expected) for _, expected in REQUESTS}
    covered |= {m.ReqContractDetails, m.CancelOrder, m.PlaceOrder}
    assert covered == set(REQUEST_CLASSES)


UNKNOWN: list[tuple[Callable[[Any], object], int, int | None]] = [
    (lambda c: c.reqNewsBulletins(True), 12, None),
    (lambda c: c.replaceFA(30, 1, "<xml/>"), 19, 30),
    (lambda c: c.reqScannerSubscription(31, objects.ScannerSubscription(), [], []), 22, 31),
    (lambda c: c.cancelScannerSubscription(31), 23, 31),
    (lambda c: c.reqFundamentalData(32, STOCK, "ReportSnapshot", []), 52, 32),
    (lambda c: c.queryDisplayGroups(33), 67, 33),
    (lambda c: c.reqSoftDollarTiers(34), 79, 34),
    (lambda c: c.reqNewsArticle(35, "BRFG", "a", []), 84, 35),
    (lambda c: c.reqHistoricalNews(36, 1, "BRFG", "", "", 10, []), 86, 36),
    (lambda c: c.reqHistogramData(37, STOCK, True, "3 days"), 88, 37),
    (
        lambda c: c.reqHistoricalTicks(38, STOCK, "", "", 10, "TRADES", True, False, []),
        96,
        38,
    ),
    (lambda c: c.reqWshMetaData(39), 100, 39),
]


@pytest.mark.parametrize(("send", "message_id", "request_id"), UNKNOWN)
@every_version
def test_other_requests_are_unknown_and_keep_their_id(
    send: Callable[[Any], object], message_id: int, request_id: int | None, version: int
) -> None:
    """A request without a class of its own names its message and, if it has one, its id."""
    request = sent(send, version)
    assert isinstance(request, m.UnknownRequest)
    assert (request.message_id, request.request_id) == (message_id, request_id)
