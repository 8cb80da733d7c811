"""What ib_async's own decoder makes of the orders that we report."""

from __future__ import annotations

import math
from typing import Any

import pytest
from attrs import evolve
from ib_async import objects, order
from ib_async.util import UNSET_DOUBLE, UNSET_INTEGER

from brokerport.simulator.wire.tws import messages as m
from tests.wire import sample_replies as replies
from tests.wire import sample_values as samples
from tests.wire.foreign_clients import Call, ib_async_reads
from tests.wire.wire_strategies import ALL_VERSIONS, VERSIONS

every_version = pytest.mark.parametrize("version", VERSIONS)


def only(message: object, version: int) -> Call:
    """Return the one callback that ib_async makes for a message."""
    (call,) = ib_async_reads(message, version)
    return call


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_an_open_order_arrives(version: int) -> None:
    """A plain open order keeps its terms at every version, and unset stays unset."""
    call = only(replies.reply(m.OpenOrder), version)
    order_id, contract, placed, state = call.args
    assert (call.name, order_id, contract.conId, contract.right) == ("openOrder", 42, 265598, "?")
    assert (placed.action, placed.totalQuantity, placed.orderType) == ("BUY", 100.0, "LMT")
    assert (placed.lmtPrice, placed.auxPrice) == (150.25, UNSET_DOUBLE)
    assert (placed.orderRef, placed.permId, placed.clientId) == ("bp:GEN-1:0001", 1377295418, 7)
    assert (placed.ocaGroup, placed.ocaType, placed.outsideRth) == ("group", 2, True)
    assert placed.goodTillDate == "20261218 16:00:00 US/Eastern"
    assert (placed.modelCode, placed.clearingIntent, placed.cashQty) == ("model", "IB", 2500.5)
    assert placed.deltaNeutralOrderType == "None"
    assert (placed.trailStopPrice, placed.triggerPrice) == (UNSET_DOUBLE, UNSET_DOUBLE)
    assert (placed.minQty, placed.scaleInitLevelSize) == (UNSET_INTEGER, UNSET_INTEGER)
    assert placed.duration == (60 if version >= 159 else UNSET_INTEGER)
    assert placed.autoCancelParent is (version >= 162)
    assert placed.usePriceMgmtAlgo is False
    assert state.status == "Submitted"
    assert state.initMarginChange == "1.7976931348623157E308"
    assert state.commission == UNSET_DOUBLE


@every_version
def test_a_what_if_reply_arrives_with_numbers(version: int) -> None:
    """The margins of a what-if reply are numeric text and the commission is a number."""
    message = m.OpenOrder(42, samples.AAPL, evolve(samples.LIMIT, what_if=True), samples.WHAT_IF)
    _, _, placed, state = only(message, version).args
    assert placed.whatIf is True
    assert (state.initMarginBefore, state.initMarginChange, state.initMarginAfter) == (
        "1000.5",
        "250",
        "1250.5",
    )
    assert (state.maintMarginBefore, state.maintMarginChange, state.maintMarginAfter) == (
        "900",
        "225.5",
        "1125.5",
    )
    assert (
        state.equityWithLoanBefore,
        state.equityWithLoanChange,
        state.equityWithLoanAfter,
    ) == ("10000.25", "-1.5", "9998.75")
    assert (state.commission, state.minCommission, state.maxCommission) == (1.05, 1.0, 1.1)
    assert (state.commissionCurrency, state.warningText) == ("USD", "careful")


IB_CONDITIONS = [
    order.PriceCondition(1, "a", False, 99.5, 265598, "SMART", 2),
    order.TimeCondition(3, "o", True, "20261218 15:00:00 US/Eastern"),
    order.MarginCondition(4, "a", True, 30),
    order.ExecutionCondition(5, "a", "STK", "SMART", "MSFT"),
    order.VolumeCondition(6, "o", True, 1_000_000, 265598, "NASDAQ"),
    order.PercentChangeCondition(7, "a", True, 2.5, 265598, "SMART"),
]


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_an_open_order_with_every_block_arrives(version: int) -> None:
    """Legs, hedge, scale, algorithm, benchmark, conditions and the tail all arrive in place."""
    message = m.OpenOrder(42, samples.HEDGED_SPREAD, samples.EVERYTHING, samples.WHAT_IF)
    _, contract, placed, state = only(message, version).args
    assert_blocks(contract, placed, version)
    assert placed.deltaNeutralSettlingFirm == "firm"
    assert placed.deltaNeutralClearingIntent == "Away"
    assert placed.deltaNeutralOpenClose == "O"
    assert (placed.basisPoints, placed.basisPointsType) == (0.5, 1)
    assert (placed.parentId, placed.displaySize) == (41, 5)
    assert (placed.adjustedOrderType, placed.triggerPrice) == ("STP", 97.0)
    assert (placed.adjustedStopPrice, placed.adjustedStopLimitPrice) == (96.5, 96.4)
    assert (placed.adjustedTrailingAmount, placed.adjustableTrailingUnit) == (0.7, 1)
    assert placed.softDollarTier == objects.SoftDollarTier("tier", "value", "shown")
    assert placed.usePriceMgmtAlgo is True
    assert placed.postToAts == (15 if version >= 160 else UNSET_INTEGER)
    assert state.warningText == "careful"


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_a_completed_order_with_every_block_arrives(version: int) -> None:
    """A completed order keeps the same blocks and its own tail."""
    state = m.WireOrderState(
        "Cancelled", completed_time="20260115 10:30:00 US/Eastern", completed_status="by trader"
    )
    message = m.CompletedOrder(samples.HEDGED_SPREAD, samples.EVERYTHING, state)
    contract, placed, done = only(message, version).args
    assert_blocks(contract, placed, version)
    assert (placed.autoCancelDate, placed.filledQuantity) == ("20261231", 2.0)
    assert (placed.refFuturesConId, placed.imbalanceOnly) == (77, True)
    assert placed.shareholder == "Not an insider or substantial shareholder"
    assert (placed.routeMarketableToBbo, placed.parentPermId) == (True, 88)
    assert (done.status, done.completedTime, done.completedStatus) == (
        "Cancelled",
        "20260115 10:30:00 US/Eastern",
        "by trader",
    )


@every_version
def test_a_completed_order_without_parent_has_the_long_sentinel(version: int) -> None:
    """The parent's permanent id of an order without one is 9223372036854775807."""
    _, placed, state = only(replies.reply(m.CompletedOrder), version).args
    assert placed.parentPermId == 9223372036854775807
    assert (placed.permId, placed.orderRef, state.status) == (
        1377295418,
        "bp:GEN-1:0001",
        "Filled",
    )


def assert_blocks(contract: Any, placed: Any, version: int) -> None:
    """Check the blocks that open and completed orders share."""
    legs = [
        (leg.conId, leg.ratio, leg.action, leg.exchange, leg.openClose, leg.shortSaleSlot)
        for leg in contract.comboLegs
    ]
    assert legs == [(700001, 1, "SELL", "SMART", 1, 0), (700002, 2, "BUY", "CBOE", 0, 2)]
    assert [leg.exemptCode for leg in contract.comboLegs] == [-1, 3]
    hedge = contract.deltaNeutralContract
    assert (hedge.conId, hedge.delta, hedge.price) == (265598, 0.6, 150.5)
    assert [leg.price for leg in placed.orderComboLegs] == [1.25, UNSET_DOUBLE]
    assert [(p.tag, p.value) for p in placed.smartComboRoutingParams] == [("NonGuaranteed", "1")]
    assert placed.faProfile == ("profile" if version < 177 else "")
    assert (placed.lmtPrice, placed.auxPrice, placed.totalQuantity) == (-0.05, 0.01, 3.5)
    assert (placed.volatility, placed.volatilityType) == (0.25, 2)
    assert (placed.deltaNeutralOrderType, placed.deltaNeutralAuxPrice) == ("LMT", 1.5)
    assert (placed.deltaNeutralConId, placed.deltaNeutralShortSale) == (265598, True)
    assert placed.deltaNeutralDesignatedLocation == "place"
    assert (placed.trailStopPrice, placed.trailingPercent) == (98.7, 1.5)
    assert (placed.scaleInitLevelSize, placed.scaleSubsLevelSize) == (10, 20)
    assert (placed.scalePriceIncrement, placed.scaleRandomPercent) == (0.05, True)
    assert (placed.scaleInitPosition, placed.scaleInitFillQty) == (5, 6)
    assert (placed.hedgeType, placed.hedgeParam) == ("D", "param")
    assert placed.algoStrategy == "Adaptive"
    assert [(p.tag, p.value) for p in placed.algoParams] == [("adaptivePriority", "Urgent")]
    assert (placed.referenceContractId, placed.referenceExchangeId) == (265598, "ISLAND")
    assert placed.conditions == IB_CONDITIONS
    assert (placed.conditionsIgnoreRth, placed.conditionsCancelOrder) == (True, True)
    assert placed.lmtPriceOffset == 0.03
    offsets = (placed.competeAgainstBestOffset, placed.midOffsetAtWhole, placed.midOffsetAtHalf)
    assert offsets == ((0.04, 0.05, 0.06) if version >= 170 else (UNSET_DOUBLE,) * 3)


def test_an_offset_up_to_the_midpoint_is_infinity() -> None:
    """ "Up to the midpoint" reaches ib_async as infinity."""
    best = evolve(samples.LIMIT, order_type="PEG BEST", compete_against_best_offset=m.UP_TO_MID)
    call = only(m.OpenOrder(1, samples.AAPL, best, m.WireOrderState()), 178)
    assert call.args[2].competeAgainstBestOffset == math.inf
