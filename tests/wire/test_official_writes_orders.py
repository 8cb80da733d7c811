"""What we make of the orders that the official client sends."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from ibapi import contract as ib
from ibapi import order_condition
from ibapi.order import Order, OrderComboLeg
from ibapi.softdollartier import SoftDollarTier

from brokerport.simulator.wire.tws import messages as m
from tests.wire import sample_values as samples
from tests.wire.official_objects import LEGS, STOCK, filled, sent, tag
from tests.wire.wire_strategies import ALL_VERSIONS


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_a_limit_order_arrives(version: int) -> None:
    """A plain limit order keeps its terms, and nothing that the user left unset is set."""
    placed = filled(
        Order(),
        action="BUY",
        totalQuantity=Decimal(100),
        orderType="LMT",
        lmtPrice=150.25,
        tif="GTC",
        account="DU1",
        orderRef="bp:GEN-1:1",
    )
    expected = m.WireOrder(
        action="BUY",
        total_quantity=Decimal(100),
        order_type="LMT",
        lmt_price=Decimal("150.25"),
        tif="GTC",
        account="DU1",
        order_ref="bp:GEN-1:1",
        display_size=0,
    )
    request = sent(lambda c: c.placeOrder(42, STOCK, placed), version)
    assert request == m.PlaceOrder(42, samples.AAPL, expected)


def test_a_quantity_that_was_never_set_is_unset() -> None:
    """The official client sends 2**127-1 for a quantity that the user forgot."""
    placed = filled(Order(), action="BUY", orderType="MKT")
    request = sent(lambda c: c.placeOrder(42, STOCK, placed), 178)
    assert request.order.total_quantity is None
    assert request.contract.strike is None


def conditions() -> list[Any]:
    """Return one official condition of each kind."""
    price = order_condition.PriceCondition(2, 265598, "SMART", False, 99.5)
    time = order_condition.TimeCondition(True, "20261218 15:00:00 US/Eastern").Or()
    margin = order_condition.MarginCondition(True, 30)
    execution = order_condition.ExecutionCondition("STK", "SMART", "MSFT")
    volume = order_condition.VolumeCondition(265598, "NASDAQ", True, 1_000_000).Or()
    change = order_condition.PercentChangeCondition(265598, "SMART", True, 2.5)
    return [price, time, margin, execution, volume, change]


def full_order(version: int) -> Any:
    """Return an official order with every optional block that the version allows."""
    since: dict[str, Any] = {}
    if version >= 160:
        since["postToAts"] = 15
    if version >= 166:
        since["advancedErrorOverride"] = "8229=IBDBUYTX"
    if version >= 169:
        since["manualOrderTime"] = "20260115 10:00:00"
    return filled(
        Order(),
        action="SELL",
        totalQuantity=Decimal("3.5"),
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
        orderComboLegs=[filled(OrderComboLeg(), price=1.25), OrderComboLeg()],
        smartComboRoutingParams=[tag("NonGuaranteed", "1")],
        minQty=3,
        percentOffset=0.02,
        startingPrice=10.0,
        stockRefPrice=11.0,
        delta=0.4,
        stockRangeLower=8.0,
        stockRangeUpper=12.0,
        volatility=0.25,
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
        hedgeType="D",
        hedgeParam="param",
        algoStrategy="Adaptive",
        algoParams=[tag("adaptivePriority", "Urgent")],
        algoId="algo",
        whatIf=True,
        orderMiscOptions=[tag("x", "y")],
        referenceContractId=265598,
        isPeggedChangeAmountDecrease=True,
        peggedChangeAmount=0.1,
        referenceChangeAmount=0.2,
        referenceExchangeId="ISLAND",
        conditions=conditions(),
        conditionsIgnoreRth=True,
        conditionsCancelOrder=True,
        adjustedOrderType="STP",
        triggerPrice=97.0,
        lmtPriceOffset=0.03,
        adjustedStopPrice=96.5,
        adjustedStopLimitPrice=96.4,
        adjustedTrailingAmount=0.7,
        adjustableTrailingUnit=1,
        softDollarTier=SoftDollarTier("tier", "value", "shown"),
        usePriceMgmtAlgo=True,
        **since,
    )


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_an_order_with_every_block_arrives(version: int) -> None:
    """Legs, hedge, scale, algorithm, benchmark and all kinds of conditions are read in place."""
    hedge = filled(ib.DeltaNeutralContract(), conId=265598, delta=0.6, price=150.5)
    spread = filled(
        ib.Contract(),
        secType="BAG",
        symbol="SPY",
        exchange="SMART",
        currency="USD",
        comboLegs=LEGS,
        deltaNeutralContract=hedge,
    )
    request = sent(lambda c: c.placeOrder(42, spread, full_order(version)), version)
    assert request.contract == samples.HEDGED_SPREAD
    unset = m.WireOrder()
    not_sent = {
        *("client_id", "perm_id", "basis_points", "basis_points_type", "fa_profile"),
        *("min_trade_qty", "min_compete_size", "compete_against_best_offset"),
        *("mid_offset_at_whole", "mid_offset_at_half", "auto_cancel_date", "filled_quantity"),
        *("ref_futures_con_id", "shareholder", "imbalance_only", "route_marketable_to_bbo"),
        "parent_perm_id",
    }
    expected = evolve(
        samples.EVERYTHING,
        transmit=False,
        algo_id="algo",
        what_if=True,
        order_misc_options="x=y;",
        soft_dollar_tier=m.SoftDollarTier("tier", "value"),
        post_to_ats=15 if version >= 160 else None,
        advanced_error_override="8229=IBDBUYTX" if version >= 166 else "",
        manual_order_time="20260115 10:00:00" if version >= 169 else "",
        **{name: getattr(unset, name) for name in not_sent},
    )
    assert request.order == expected


@pytest.mark.parametrize(
    ("exchange", "order_type", "offset", "expected"),
    [
        ("IBKRATS", "LMT", 0.02, (5, None, None, None, None)),
        ("SMART", "PEG BEST", 0.02, (None, 6, Decimal("0.02"), None, None)),
        (
            "IBKRATS",
            "PEGBEST",
            math.inf,
            (5, 6, m.UP_TO_MID, Decimal("0.03"), Decimal("0.04")),
        ),
        ("SMART", "PEG MID", 0.02, (None, None, None, Decimal("0.03"), Decimal("0.04"))),
    ],
)
@pytest.mark.parametrize("version", [170, 178])
def test_the_tail_of_pegged_orders_arrives(
    exchange: str, order_type: str, offset: float, expected: tuple[Any, ...], version: int
) -> None:
    """From 170 on the tail depends on the exchange, the order type and the offset."""
    contract = filled(ib.Contract(), symbol="AAPL", secType="STK", exchange=exchange)
    placed = filled(
        Order(),
        action="BUY",
        totalQuantity=Decimal(1),
        orderType=order_type,
        minTradeQty=5,
        minCompeteSize=6,
        competeAgainstBestOffset=offset,
        midOffsetAtWhole=0.03,
        midOffsetAtHalf=0.04,
    )
    order = sent(lambda c: c.placeOrder(42, contract, placed), version).order
    assert expected == (
        order.min_trade_qty,
        order.min_compete_size,
        order.compete_against_best_offset,
        order.mid_offset_at_whole,
        order.mid_offset_at_half,
    )
