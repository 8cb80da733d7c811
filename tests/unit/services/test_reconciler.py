"""The reconciler finds what differs, explains what has one cause, and repairs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from brokerport.adapters.journal.memory import MemoryStorage
from brokerport.domain.errors import RequestRefused, RequestTimedOut
from brokerport.domain.events import BrokerNotice, ExecutionReceived
from brokerport.domain.journal import BaselineRecorded
from brokerport.domain.money import Money, usd
from brokerport.domain.positions import Holding
from brokerport.domain.reconciliation import (
    CashMismatch,
    PositionMismatch,
    UnknownExecution,
)
from brokerport.ports.orders import BookedExecution, ForeignOrder
from brokerport.services.reconciliation_watch import RETRY_SECONDS, ReconciliationWatch
from tests.support.broker_side import BrokerSide
from tests.support.examples import AAPL, GEN, MSFT, request
from tests.support.fake_adapter import Say, acknowledged
from tests.support.reconciling_desk import ReconcilingDesk
from tests.support.trading_desk import SETTLE_SECONDS, run
from tests.unit.services.test_proof_of_doubt import shown


def test_the_first_reconciliation_takes_the_brokers_figures_as_the_baseline() -> None:
    """What was there before us is no difference, and its executions are in the figures."""

    async def trading() -> None:
        desk = ReconcilingDesk()
        desk.broker_side.trade(10)
        await desk.open()
        (baseline,) = await desk.entries(BaselineRecorded)
        assert baseline.cash == usd(100 - 1900 - 1)
        assert baseline.holdings == (Holding(AAPL, Decimal(10), Decimal(1)),)
        assert baseline.executions == ("0000aaaa.00000001.01.01",)
        assert baseline.reason == "first session"
        assert (await desk.reconcile()).is_clean
        assert len(await desk.entries(BaselineRecorded)) == 1

    run(trading())


def test_books_that_agree_are_clean_at_once() -> None:
    """A fill that was heard is in both books; nothing is waited for."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        desk.broker_side.tell(desk.broker_side.trade(10))
        began_at = asyncio.get_running_loop().time()
        result = await desk.reconcile()
        assert (result.discrepancies, result.explained) == ((), ())
        assert asyncio.get_running_loop().time() == began_at

    run(trading())


def test_a_fill_that_was_never_heard_is_told_and_booked() -> None:
    """A person's trade of today is found by its execution: known now, and no difference."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        desk.broker_side.trade(-10)
        assert (await desk.reconcile()).is_clean
        told = desk.told(ExecutionReceived)
        assert [event.account for event in told] == ["gen"]
        books = desk.ledgers.books("gen")
        assert books is not None
        assert books.ledger.quantity_of(AAPL) == -10

    run(trading())


def test_a_trade_of_an_earlier_day_is_a_difference_in_cash_and_position() -> None:
    """The broker shows no execution of it any more, and nobody makes one up."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        desk.broker_side.trade(5, is_shown=False)
        result = await desk.reconcile()
        assert result.discrepancies == (
            CashMismatch("gen", usd(100), usd(-851)),
            PositionMismatch("gen", AAPL, Decimal(0), Decimal(5)),
        )
        assert not desk.told(ExecutionReceived)
        assert await desk.broker.quarantine("gen") == (
            "gen: the broker has 951.00 less USD of cash",
            "gen: the broker holds 5 more of AAPL",
        )

    run(trading())


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    """The books follow the corrected price to the cent."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        booked = desk.broker_side.trade(10)
        desk.broker_side.tell(booked)
        desk.broker_side.correct(booked, "189.50")
        assert (await desk.reconcile()).is_clean

    run(trading())


@pytest.mark.parametrize("lasts_seconds", [SETTLE_SECONDS / 2, SETTLE_SECONDS * 2])
def test_a_difference_is_believed_when_it_lasts(lasts_seconds: float) -> None:
    """The broker's cash comes after its position; only one that stays apart is a difference."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        desk.broker_side.tell(desk.broker_side.trade(10))
        desk.broker_side.pay("-7")
        loop = asyncio.get_running_loop()
        loop.call_later(lasts_seconds, desk.broker_side.pay, "7")
        result = await desk.reconcile()
        assert result.is_clean is (lasts_seconds < SETTLE_SECONDS)

    run(trading())


def when_read(desk: ReconcilingDesk, read: str, act: Callable[[], None]) -> None:
    """Do something once, right after the figures' positions, cash or executions were read."""
    seen: list[str] = []

    def hook(name: str) -> None:
        seen.append(name)
        if name == read and "positions" in seen and "done" not in seen:
            seen.append("done")
            act()

    desk.adapter.account_data.after_reading = hook
    desk.orders.after_reading = hook


@pytest.mark.parametrize("read", ["positions", "balances", "executions"])
@pytest.mark.parametrize("is_heard", [True, False])
def test_a_fill_between_the_reads_is_no_difference(read: str, *, is_heard: bool) -> None:
    """Cash of before and holdings of after are read again, whether the fill was heard or not."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)

        def trade() -> None:
            booked = desk.broker_side.trade(10)
            if is_heard:
                desk.broker_side.tell(booked)

        when_read(desk, read, trade)
        began_at = asyncio.get_running_loop().time()
        assert (await desk.reconcile()).is_clean
        assert asyncio.get_running_loop().time() == began_at, "no difference was seen at all"

    run(trading())


@pytest.mark.parametrize("read", ["positions", "balances", "executions"])
def test_a_fill_while_the_baseline_is_read_is_in_it_once(read: str) -> None:
    """It is either in the figures and in their executions, or in neither."""

    async def trading() -> None:
        desk = ReconcilingDesk()

        def trade() -> None:
            desk.broker_side.tell(desk.broker_side.trade(10))

        when_read(desk, read, trade)
        await desk.open()
        assert (await desk.reconcile()).is_clean

    run(trading())


def test_an_account_that_never_stands_still_cannot_be_compared() -> None:
    """It is said, and nothing is concluded."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)

        def trade(name: str) -> None:
            if name == "positions":
                desk.broker_side.tell(desk.broker_side.trade(1))

        desk.adapter.account_data.after_reading = trade
        with pytest.raises(RequestTimedOut, match="traded each time"):
            await desk.reconcile()
        assert await desk.broker.quarantine("gen") == ()

    run(trading())


@pytest.mark.parametrize(("difference", "is_clean"), [("0.009", True), ("-0.01", False)])
def test_cash_is_compared_to_the_cent(difference: str, *, is_clean: bool) -> None:
    """The broker rounds what it shows; a cent is a difference."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        desk.broker_side.pay(difference)
        assert (await desk.reconcile()).is_clean is is_clean

    run(trading())


def test_cash_in_another_currency_is_a_difference() -> None:
    """The account's base currency was changed: nothing is converted here."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        desk.adapter.account_data.cash[GEN] = Money(Decimal(100), "EUR")
        (found,) = (await desk.reconcile()).discrepancies
        assert isinstance(found, CashMismatch)

    run(trading())


def test_cash_is_not_compared_before_every_commission_is_known() -> None:
    """The position is; and what was left out is said."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        booked = desk.broker_side.trade(10)
        desk.orders.booked[:] = [BookedExecution(booked.execution, None)]
        result = await desk.reconcile()
        assert result.is_clean
        assert any("not compared" in notice for notice in result.notices)
        desk.broker_side.move(MSFT, 1)
        assert [type(item) for item in (await desk.reconcile()).discrepancies] == [PositionMismatch]

    run(trading())


def test_a_baseline_waits_for_every_commission() -> None:
    """Cash with half of a trade in it is no beginning."""

    async def trading() -> None:
        desk = ReconcilingDesk()
        booked = desk.broker_side.trade(10)
        desk.orders.booked[:] = [BookedExecution(booked.execution, None)]
        await desk.open()
        assert await desk.entries(BaselineRecorded) == []
        desk.orders.booked[:] = [booked]
        await desk.reconciler.reconcile_all()
        assert len(await desk.entries(BaselineRecorded)) == 1
        assert (await desk.reconcile()).is_clean

    run(trading())


def test_orders_of_others_are_told_and_close_nothing() -> None:
    """A person's trailing stop, another program's limit order."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        desk.orders.script("place", Say(acknowledged()))
        order = await desk.broker.place(request())
        theirs = evolve(shown(order), order_reference="somebody")
        trailing = ForeignOrder("9", None, None, GEN, "SELL 5 AAPL TRAIL")
        desk.orders.open_records[:] = [shown(order), theirs, trailing]
        result = await desk.reconcile()
        assert result.is_clean
        assert result.notices == (
            "an order that is not brokerport's is working: BUY 10 AAPL",
            "an order that is not brokerport's is working: SELL 5 AAPL TRAIL",
        )

    run(trading())


def test_an_execution_that_the_broker_does_not_show_matters_only_with_a_difference() -> None:
    """Absence in one answer proves nothing; beside wrong cash it says where to look."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        desk.broker_side.tell(desk.broker_side.trade(10))
        desk.broker_side.forget_executions()
        assert (await desk.reconcile()).is_clean
        desk.broker_side.pay("1901.00")
        desk.broker_side.move(AAPL, -10)
        kinds = {type(item) for item in (await desk.reconcile()).discrepancies}
        assert kinds == {CashMismatch, PositionMismatch, UnknownExecution}

    run(trading())


def test_what_cannot_be_read_is_told_once_and_tried_again() -> None:
    """The session opens all the same, no account is closed, and the watch comes back to it."""

    async def trading() -> None:
        desk = ReconcilingDesk()
        desk.adapter.account_data.read_error = RequestRefused("no mark price")
        await desk.start()
        assert desk.supervisor.is_ready
        await desk.reconciler.reconcile_all()
        notices = [event.message for event in desk.told(BrokerNotice)]
        assert len(notices) == 2, "one for each account, once"
        assert "'gen' could not be reconciled and will be later: no mark price" in notices[0]
        watch = ReconciliationWatch(desk.reconciler, desk.supervisor, 0)
        watch.start()
        desk.adapter.account_data.read_error = None
        await asyncio.sleep(RETRY_SECONDS + 1)
        assert desk.reconciler.unread == ()
        assert len(await desk.entries(BaselineRecorded)) == 1
        await watch.stop()

    run(trading())


@pytest.mark.parametrize(("every_seconds", "is_found"), [(300.0, True), (0.0, False)])
def test_the_watch_reconciles_at_its_intervals(every_seconds: float, *, is_found: bool) -> None:
    """A difference comes to light without anybody asking; with 0 only on demand."""

    async def trading() -> None:
        desk = await ReconcilingDesk().open()
        assert isinstance(desk, ReconcilingDesk)
        watch = ReconciliationWatch(desk.reconciler, desk.supervisor, every_seconds)
        watch.start()
        desk.broker_side.pay("3.00")
        await asyncio.sleep(290)
        assert await desk.broker.quarantine("gen") == ()
        await asyncio.sleep(30)
        assert bool(await desk.broker.quarantine("gen")) is is_found
        await watch.stop()

    run(trading())


def test_a_fill_while_away_is_in_the_books_of_the_next_session() -> None:
    """A second process goes on with the ledger of the first, and nothing differs."""
    storage = MemoryStorage()

    async def trading() -> None:
        first = await ReconcilingDesk(storage).open()
        assert isinstance(first, ReconcilingDesk)
        first.broker_side.tell(first.broker_side.trade(10))
        await first.journal.close()
        second = ReconcilingDesk(storage)
        second.adapter.account_data = first.adapter.account_data
        second.orders.booked = first.orders.booked
        BrokerSide(second.adapter).trade(-4, "191.00", MSFT)
        second.orders.booked[-1] = BookedExecution(
            evolve(second.orders.booked[-1].execution, execution_id="0000bbbb.1.01.01"),
            evolve_commission(second.orders.booked[-1]),
        )
        await second.start()
        assert (await second.reconcile()).is_clean
        told = [event.execution.execution_id for event in second.told(ExecutionReceived)]
        assert told == ["0000bbbb.1.01.01"]

    run(trading())


def evolve_commission(booked: BookedExecution) -> Any:
    """Return the commission of a fill under the id of the story's second process."""
    assert booked.commission is not None
    return evolve(booked.commission, execution_id="0000bbbb.1.01.01")


def test_history_before_the_first_session_is_never_told_as_news() -> None:
    """What the baseline holds is known to the second process too."""
    storage = MemoryStorage()

    async def trading() -> None:
        first = ReconcilingDesk(storage)
        first.broker_side.trade(10)
        await first.open()
        await first.journal.close()
        second = ReconcilingDesk(storage)
        second.adapter.account_data = first.adapter.account_data
        second.orders.booked = first.orders.booked
        await second.start()
        assert second.told(ExecutionReceived) == []
        assert (await second.reconcile()).is_clean

    run(trading())
