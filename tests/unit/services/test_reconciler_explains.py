"""What the reconciler explains, what it does not, and what accepting the figures does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from brokerport.domain.errors import BadInput, RequestTimedOut
from brokerport.domain.instruments import Instrument, Option, OptionRight
from brokerport.domain.journal import BaselineRecorded, SettlementRecorded
from brokerport.domain.money import usd
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import TimeInForce
from brokerport.domain.orders import Order
from brokerport.domain.reconciliation import (
    CashMismatch,
    OrderMismatch,
    StaleOrder,
)
from brokerport.ports.orders import BookedExecution
from tests.support.examples import AAPL, MSFT, NOON, request
from tests.support.fake_adapter import Say, acknowledged
from tests.support.reconciling_desk import ReconcilingDesk
from tests.support.trading_desk import run
from tests.unit.services.test_proof_of_doubt import shown

FRIDAY = datetime(2026, 1, 9, 22, 0, tzinfo=UTC)
PUT = Option("AAPL", date(2026, 1, 9), Decimal(185), OptionRight.PUT)
OTHER_PUT = Option("AAPL", date(2026, 1, 9), Decimal(190), OptionRight.PUT)
CALL = Option("MSFT", date(2026, 1, 9), Decimal(400), OptionRight.CALL)


@pytest.mark.parametrize(
    ("held", "settled", "said"),
    [
        ({PUT: -2}, {PUT: 0}, ["-2 AAPL 2026-01-09 185 put expired worthless"]),
        (
            {PUT: -2},
            {PUT: 200},
            ["-2 AAPL 2026-01-09 185 put assigned: 200 AAPL bought at 185"],
        ),
        (
            {PUT: -2},
            {PUT: 100},
            ["-2 AAPL 2026-01-09 185 put assigned: 100 AAPL bought at 185"],
        ),
        ({PUT: 1}, {PUT: -100}, ["1 AAPL 2026-01-09 185 put exercised: 100 AAPL sold at 185"]),
        (
            {PUT: -1, OTHER_PUT: -1, CALL: -1, MSFT: 100},
            {PUT: 0, OTHER_PUT: 100, CALL: -100},
            [
                "-1 AAPL 2026-01-09 185 put expired worthless",
                "-1 AAPL 2026-01-09 190 put assigned: 100 AAPL bought at 190",
                "-1 MSFT 2026-01-09 400 call assigned: 100 MSFT sold at 400",
            ],
        ),
    ],
    ids=["worthless", "assigned", "assigned in part", "exercised", "three at once"],
)
def test_the_end_of_an_option_at_expiry_is_explained(
    held: dict[Instrument, int], settled: dict[Option, int], said: list[str]
) -> None:
    """It is journalled, and the books agree after it; strikes are told apart by the cash."""

    async def trading() -> None:
        desk = ReconcilingDesk()
        for instrument, quantity in held.items():
            desk.broker_side.move(instrument, quantity)
        await desk.open()
        for option, shares in settled.items():
            desk.broker_side.settle(option, shares)
        desk.now_is(FRIDAY)
        result = await desk.reconcile()
        assert result.is_clean, result
        assert list(result.explained) == said
        recorded = await desk.entries(SettlementRecorded)
        assert {entry.option: int(entry.stock_quantity) for entry in recorded} == settled
        assert (await desk.reconcile()).explained == ()

    run(trading())


@pytest.mark.parametrize("wrong", ["early", "cash", "shares", "long in part"])
def test_what_expiry_does_not_explain_exactly_is_a_difference(wrong: str) -> None:
    """Before the day, with a dollar too many, with other shares: nothing is booked."""

    async def trading() -> None:
        desk = ReconcilingDesk()
        contracts = 2 if wrong == "long in part" else -1
        desk.broker_side.move(PUT, contracts)
        await desk.open()
        desk.broker_side.settle(PUT, -100 if wrong == "long in part" else 100)
        if wrong == "cash":
            desk.broker_side.pay("1.00")
        if wrong == "shares":
            desk.broker_side.move(AAPL, 1)
        desk.now_is(FRIDAY - timedelta(days=1) if wrong == "early" else FRIDAY)
        result = await desk.reconcile()
        assert not result.is_clean
        assert result.explained == ()
        assert await desk.entries(SettlementRecorded) == []

    run(trading())


def test_a_dividend_is_a_difference_in_cash_alone() -> None:
    """It says so, and proposes to accept the broker's cash; accepted, the books agree."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        desk.broker_side.pay("24.00")
        result = await desk.reconcile()
        (found,) = result.discrepancies
        assert found == CashMismatch("gen", usd(100), usd(124))
        assert "accept the broker's cash" in found.proposal
        with pytest.raises(BadInput, match="note"):
            await desk.broker.accept("gen", "  ")
        assert (await desk.broker.accept("gen", "dividend of MSFT")).is_clean
        (_first, second) = await desk.entries(BaselineRecorded)
        assert (second.cash, second.reason) == (usd(124), "dividend of MSFT")

    run(trading())


def test_nothing_is_accepted_before_every_commission_is_known() -> None:
    """Cash with half of a trade in it would be wrong for ever."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        booked = desk.broker_side.trade(10)
        desk.orders.booked[:] = [BookedExecution(booked.execution, None)]
        with pytest.raises(RequestTimedOut, match="commission"):
            await desk.broker.accept("gen", "looked")
        assert len(await desk.entries(BaselineRecorded)) == 1

    run(trading())


async def placed(desk: ReconcilingDesk, life: TimeInForce = TimeInForce.DAY) -> Order:
    """Place an order that the broker works, and shows."""
    desk.orders.script("place", Say(acknowledged()))
    order = await desk.broker.place(request(time_in_force=life))
    desk.orders.open_records[:] = [shown(order)]
    assert (await desk.reconcile()).is_clean
    return order


def test_an_order_for_the_day_that_is_gone_after_it_has_ended_unheard() -> None:
    """Cash and positions agree exactly: it did not trade."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        order = await placed(desk)
        desk.orders.open_records.clear()
        desk.now_is(NOON + timedelta(days=1))
        result = await desk.reconcile()
        assert result.is_clean
        assert result.explained == (
            f"order {order.client_order_id} ended while no session was open",
        )
        now = desk.only_order()
        assert (now.status, now.reason) == (
            OrderStatus.CANCELLED,
            "ended while no session was open",
        )

    run(trading())


@pytest.mark.parametrize("why", ["same day", "good till cancelled", "cash differs"])
def test_any_other_order_that_is_gone_is_a_difference(why: str) -> None:
    """It may have traded; accepting the broker's figures ends it."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        life = TimeInForce.GTC if why == "good till cancelled" else TimeInForce.DAY
        order = await placed(desk, life)
        desk.orders.open_records.clear()
        if why == "cash differs":
            desk.broker_side.pay("5.00")
        if why != "same day":
            desk.now_is(NOON + timedelta(days=1))
        result = await desk.reconcile()
        key = str(order.client_order_id)
        assert StaleOrder("gen", key, "working", Decimal(0)) in result.discrepancies
        assert desk.only_order().status is OrderStatus.WORKING
        assert (await desk.broker.accept("gen", "it was cancelled by hand")).is_clean
        now = desk.only_order()
        assert now.status is OrderStatus.CANCELLED
        assert now.reason == "accepted as ended: it was cancelled by hand"

    run(trading())


def test_an_order_that_the_record_contradicts_is_a_difference() -> None:
    """The broker works what was told to be cancelled: money may move on it."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        order = await placed(desk)
        desk.adapter.tell(str(order.client_order_id), acknowledged())
        desk.orders.open_records[:] = [evolve(shown(order), filled_quantity=Decimal(3))]
        (found,) = (await desk.reconcile()).discrepancies
        assert isinstance(found, OrderMismatch)
        assert "3 filled" in found.detail

    run(trading())
