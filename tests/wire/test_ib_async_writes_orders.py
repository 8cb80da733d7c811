"""What we make of the orders that ib_async's own client sends."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from attrs import evolve
from ib_async import contract as ib
from ib_async import objects, order

from brokerport.simulator.wire.tws import messages as m
from tests.wire import sample_values as samples
from tests.wire.ib_async_objects import SPREAD, STOCK, sent
from tests.wire.wire_strategies import ALL_VERSIONS


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_a_limit_order_arrives(version: int) -> None:
    """A plain limit order keeps its terms, and nothing that the user left unset is set."""
    placed = order.LimitOrder("BUY", 100, 150.25, tif="GTC", account="DU1", orderRef="bp:GEN-1:1")
    request = sent(lambda c: c.placeOrder(42, STOCK, placed), version)
    expected = m.WireOrder(
        action="BUY",
        total_quantity=Decimal(100),
        order_type="LMT",
        lmt_price=Decimal("150.25"),
        tif="GTC",
        account="DU1",
        open_close="O",
        order_ref="bp:GEN-1:1",
        display_size=0,
        use_price_mgmt_algo=False,
    )
    assert request == m.PlaceOrder(42, samples.AAPL, expected)


def full_order() -> order.Order:
    """Return an ib_async order with every optional block."""
    e = samples.EVERYTHING
    placed = order.Order(
        action="SELL",
        totalQuantity=3.5,
        orderType="PEG BENCH",
        lmtPrice=-0.05,
        auxPrice=0.01,
        tif="GTD",
        account="DU1234567",
        openClose="C",
        orderRef="ref",
        transmit=False,
        parentId=41,
        displaySize=5,
        triggerMethod=4,
        orderComboLegs=[order.OrderComboLeg(1.25), order.OrderComboLeg()],
        smartComboRoutingParams=[ib.TagValue("NonGuaranteed", "1")],
        faProfile="profile",
        minQty=3,
        percentOffset=0.02,
        startingPrice=10.0,
        stockRefPrice=11.0,
        delta=0.4,
        stockRangeLower=8.0,
        stockRangeUpper=12.0,
        volatilityType=2,
        deltaNeutralOrderType="LMT",
        deltaNeutralAuxPrice=1.5,
        deltaNeutralConId=265598,
        deltaNeutralSettlingFirm="firm",
        deltaNeutralClearingAccount="clearing",
        deltaNeutralClearingIntent="Away",
        deltaNeutralOpenClose="O",
        deltaNeutralShortSale=True,
        deltaNeutralShortSaleSlot=2,
        deltaNeutralDesignatedLocation="place",
        referencePriceType=1,
        trailStopPrice=98.7,
        trailingPercent=1.5,
        scaleInitLevelSize=10,
        scaleSubsLevelSize=20,
        scalePriceIncrement=0.05,
        scalePriceAdjustValue=0.01,
        scalePriceAdjustInterval=30,
        scaleProfitOffset=0.2,
        scaleAutoReset=True,
        scaleInitPosition=5,
        scaleInitFillQty=6,
        scaleRandomPercent=True,
        scaleTable="table",
        activeStartTime="start",
        activeStopTime="stop",
        hedgeType="D",
        hedgeParam="param",
        algoStrategy="Adaptive",
        algoParams=[ib.TagValue("adaptivePriority", "Urgent")],
        algoId="algo",
        whatIf=True,
        orderMiscOptions=[ib.TagValue("x", "y")],
        referenceContractId=265598,
        isPeggedChangeAmountDecrease=True,
        peggedChangeAmount=0.1,
        referenceChangeAmount=0.2,
        referenceExchangeId="ISLAND",
        conditions=[
            order.PriceCondition(1, "a", False, 99.5, 265598, "SMART", 2),
            order.TimeCondition(3, "o", True, "20261218 15:00:00 US/Eastern"),
            order.MarginCondition(4, "a", True, 30),
            order.ExecutionCondition(5, "a", "STK", "SMART", "MSFT"),
            order.VolumeCondition(6, "o", True, 1_000_000, 265598, "NASDAQ"),
            order.PercentChangeCondition(7, "a", True, 2.5, 265598, "SMART"),
        ],
        conditionsIgnoreRth=True,
        conditionsCancelOrder=True,
        adjustedOrderType="STP",
        triggerPrice=97.0,
        lmtPriceOffset=0.03,
        adjustedStopPrice=96.5,
        adjustedStopLimitPrice=96.4,
        adjustedTrailingAmount=0.7,
        adjustableTrailingUnit=1,
        extOperator="operator",
        softDollarTier=objects.SoftDollarTier("tier", "value", "shown"),
        mifid2DecisionMaker="maker",
        mifid2DecisionAlgo="decision",
        mifid2ExecutionTrader="trader",
        mifid2ExecutionAlgo="execution",
        usePriceMgmtAlgo=True,
        postToAts=15,
        advancedErrorOverride="8229=IBDBUYTX",
        manualOrderTime="20260115 10:00:00",
    )
    assert e.order_type == placed.orderType
    return placed


def full_wire_order(version: int) -> m.WireOrder:
    """Return the same order as we must read it at a version."""
    since_166 = "8229=IBDBUYTX" if version >= 166 else ""
    return evolve(
        samples.EVERYTHING,
        client_id=0,
        perm_id=0,
        transmit=False,
        fa_profile="profile" if version < 177 else "",
        volatility=None,  # ib_async removes it unless the order is a VOL order
        basis_points=None,
        basis_points_type=None,
        scale_table="table",
        active_start_time="start",
        active_stop_time="stop",
        algo_id="algo",
        what_if=True,
        order_misc_options="x=y;",
        ext_operator="operator",
        soft_dollar_tier=m.SoftDollarTier("tier", "value"),
        mifid2_decision_maker="maker",
        mifid2_decision_algo="decision",
        mifid2_execution_trader="trader",
        mifid2_execution_algo="execution",
        post_to_ats=15 if version >= 160 else None,
        advanced_error_override=since_166,
        manual_order_time="20260115 10:00:00" if version >= 169 else "",
        min_trade_qty=None,
        min_compete_size=None,
        compete_against_best_offset=None,
        mid_offset_at_whole=None,
        mid_offset_at_half=None,
        auto_cancel_date="",
        filled_quantity=None,
        ref_futures_con_id=0,
        shareholder="",
        imbalance_only=False,
        route_marketable_to_bbo=False,
        parent_perm_id=None,
    )


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_an_order_with_every_block_arrives(version: int) -> None:
    """Legs, hedge, scale, algorithm, benchmark and all kinds of conditions are read in place."""
    spread = ib.Contract(
        secType="BAG",
        symbol="SPY",
        exchange="SMART",
        currency="USD",
        comboLegs=SPREAD.comboLegs,
        deltaNeutralContract=ib.DeltaNeutralContract(265598, 0.6, 150.5),
    )
    request = sent(lambda c: c.placeOrder(42, spread, full_order()), version)
    assert request.contract == samples.HEDGED_SPREAD
    assert request.order == full_wire_order(version)


PEG_TAILS: list[tuple[str, str, float, dict[str, Decimal | int]]] = [
    ("IBKRATS", "LMT", 0.02, {"min_trade_qty": 5}),
    (
        "SMART",
        "PEG BEST",
        0.02,
        {"min_compete_size": 6, "compete_against_best_offset": Decimal("0.02")},
    ),
    (
        "IBKRATS",
        "PEGBEST",
        math.inf,
        {
            "min_trade_qty": 5,
            "min_compete_size": 6,
            "compete_against_best_offset": m.UP_TO_MID,
            "mid_offset_at_whole": Decimal("0.03"),
            "mid_offset_at_half": Decimal("0.04"),
        },
    ),
    (
        "SMART",
        "PEG MID",
        0.02,
        {"mid_offset_at_whole": Decimal("0.03"), "mid_offset_at_half": Decimal("0.04")},
    ),
]


@pytest.mark.parametrize("version", [169, 170, 178])
@pytest.mark.parametrize(("exchange", "order_type", "offset", "expected"), PEG_TAILS)
def test_the_tail_of_pegged_orders_arrives(
    exchange: str,
    order_type: str,
    offset: float,
    expected: dict[str, Decimal | int],
    version: int,
) -> None:
    """From 170 on the tail depends on the exchange, the order type and the offset."""
    placed = order.Order(
        action="BUY",
        totalQuantity=1,
        orderType=order_type,
        minTradeQty=5,
        minCompeteSize=6,
        competeAgainstBestOffset=offset,
        midOffsetAtWhole=0.03,
        midOffsetAtHalf=0.04,
    )
    contract = ib.Stock("AAPL", exchange, "USD")
    request = sent(lambda c: c.placeOrder(42, contract, placed), version)
    tail = {
        name: getattr(request.order, name)
        for name in (
            "min_trade_qty",
            "min_compete_size",
            "compete_against_best_offset",
            "mid_offset_at_whole",
            "mid_offset_at_half",
        )
        if getattr(request.order, name) is not None
    }
    assert tail == (expected if version >= 170 else {})
