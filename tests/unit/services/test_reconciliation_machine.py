"""Reconciliation under anything: each difference that is seeded is found, and no other ever is.

Beside the real reconciler stands a model that only adds up what the books must know: every trade
the broker shows, the settlements that expiry explains, and what was accepted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import async_solipsism
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from brokerport.adapters.journal.memory import MemoryJournal, MemoryStorage
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.reconciliation import (
    CashMismatch,
    Discrepancy,
    PositionMismatch,
    UnknownExecution,
)
from brokerport.ports.orders import BookedExecution
from tests.support.broker_side import BrokerSide
from tests.support.examples import AAPL, MSFT
from tests.support.fake_adapter import FakeAdapter
from tests.support.properties import STATE_MACHINE
from tests.support.trading_desk import TradingDesk

PUT = Option("AAPL", date(2026, 1, 9), Decimal(185), OptionRight.PUT)
CALL = Option("MSFT", date(2026, 1, 9), Decimal(400), OptionRight.CALL)
INSTRUMENTS: tuple[Instrument, ...] = (AAPL, MSFT, PUT, CALL)
AFTER_EXPIRY = datetime(2026, 1, 9, 22, 0, tzinfo=UTC)
# No number of these adds up to what an exercise or assignment moves.
ODD_CASH = Decimal("0.37")
ODD_SHARES = 7


class ReconciliationMachine(RuleBasedStateMachine):
    """One account, its broker's side, its books, and what the books must come to."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=async_solipsism.EventLoop)
        self.storage = MemoryStorage()
        self.adapter = FakeAdapter()
        self.adapter.session.now = AFTER_EXPIRY
        self.side = BrokerSide(self.adapter)
        self.hidden_cash = Decimal(0)
        self.hidden: dict[Instrument, Decimal] = {}
        self.settled_cash = Decimal(0)
        self.settled: dict[Instrument, Decimal] = {}
        self.included: set[str] = set()

    def teardown(self) -> None:
        """End the loop."""
        self.runner.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end."""
        return self.runner.run(work)

    @initialize(put=st.integers(-3, 3), call=st.integers(-3, 0))
    def begin(self, put: int, call: int) -> None:
        """The account has options from before our books began."""
        for option, quantity in ((PUT, put), (CALL, call)):
            if quantity:
                self.side.move(option, quantity)
        self.open()

    def open(self) -> None:
        """Begin a process."""

        async def opened() -> TradingDesk:
            desk = TradingDesk(self.adapter, MemoryJournal(self.storage), reconciles=True)
            await desk.start()
            return desk

        self.desk: TradingDesk = self.run(opened())
        self.explain()

    @rule(
        instrument=st.sampled_from([AAPL, MSFT]),
        quantity=st.integers(-9, 9).filter(bool),
        cents=st.integers(100, 20_000),
        is_heard=st.booleans(),
    )
    def trade(self, instrument: Instrument, quantity: int, cents: int, *, is_heard: bool) -> None:
        """Somebody trades today; it is heard, or found among the executions."""
        booked = self.side.trade(quantity, str(Decimal(cents) / 100), instrument)
        if is_heard:
            self.hear(booked)

    def hear(self, booked: BookedExecution) -> None:
        """Tell of a fill over the line."""

        async def heard() -> None:
            self.side.tell(booked)

        self.run(heard())

    @rule(cents=st.integers(100, 20_000))
    @precondition(lambda self: self.adapter.orders.booked)
    def correct(self, cents: int) -> None:
        """The latest fill gets another price, unheard.

        One of a fill in a baseline cannot be booked: it is a difference like any other.
        """
        booked = self.adapter.orders.booked[-1]
        if booked.execution.revision < 90:
            before = self.side.cash
            self.side.correct(booked, str(Decimal(cents) / 100))
            if booked.execution.family in self.included:
                self.hidden_cash += (self.side.cash - before).amount

    @rule(sign=st.sampled_from([-1, 1]))
    def seed_cash(self, sign: int) -> None:
        """Money moves that no trade explains."""
        self.side.pay(sign * ODD_CASH)
        self.hidden_cash += sign * ODD_CASH

    @rule(instrument=st.sampled_from([AAPL, MSFT]), sign=st.sampled_from([-1, 1]))
    def seed_shares(self, instrument: Instrument, sign: int) -> None:
        """Shares move that no trade explains."""
        self.side.move(instrument, sign * ODD_SHARES)
        self.hidden[instrument] = self.hidden.get(instrument, Decimal(0)) + sign * ODD_SHARES

    @rule(option=st.sampled_from([PUT, CALL]), is_delivered=st.booleans())
    def expire(self, option: Option, *, is_delivered: bool) -> None:
        """An option ends at expiry, worthless or delivered."""
        held = self.side.held(option)
        if not held:
            return
        sign = 1 if (option.right is OptionRight.CALL) == (held > 0) else -1
        shares = int(sign * abs(held) * option.multiplier) if is_delivered else 0
        self.side.settle(option, shares)
        stock = Stock(option.underlying)
        self.settled[option] = self.settled.get(option, Decimal(0)) - held
        self.settled[stock] = self.settled.get(stock, Decimal(0)) + shares
        self.settled_cash -= shares * option.strike

    @rule()
    def restart(self) -> None:
        """The process dies without a word; the next one reads the journal."""
        self.storage.writers.clear()
        self.open()

    @rule()
    def accept(self) -> None:
        """Somebody takes the broker's figures for right."""
        assert self.run(self.desk.broker.accept("gen", "looked at")).is_clean
        self.hidden_cash = self.settled_cash = Decimal(0)
        self.hidden.clear()
        self.settled.clear()
        self.included = {booked.execution.family for booked in self.adapter.orders.booked}

    @rule()
    def reconcile(self) -> None:
        """What is found is what was seeded, to the cent and the share."""
        result = self.run(self.desk.broker.reconcile("gen"))
        self.explain()
        found = [item for item in result.discrepancies if not isinstance(item, UnknownExecution)]
        assert self.differences(found) == self.expected()
        assert result.is_clean is (self.expected() == {})
        if not result.is_clean:
            assert self.run(self.desk.broker.quarantine("gen"))

    def explain(self) -> None:
        """Let expiry explain what it does: all cash and all stocks it concerns, or nothing."""
        concerned = {Stock(one.underlying) for one in self.settled if isinstance(one, Option)}
        if not self.hidden_cash and not any(self.hidden.get(stock) for stock in concerned):
            self.settled_cash = Decimal(0)
            self.settled.clear()

    def expected(self) -> dict[str, Decimal]:
        """Return the differences that must be found, by what differs."""
        expected = {
            str(instrument): self.hidden.get(instrument, Decimal(0))
            + self.settled.get(instrument, Decimal(0))
            for instrument in INSTRUMENTS
        }
        expected["cash"] = self.hidden_cash + self.settled_cash
        return {what: difference for what, difference in expected.items() if difference}

    def differences(self, found: list[Discrepancy]) -> dict[str, Decimal]:
        """Return the differences that were found, by what differs."""
        differences: dict[str, Decimal] = {}
        for item in found:
            match item:
                case CashMismatch(_account, believed, actual):
                    differences["cash"] = (actual - believed).amount
                case PositionMismatch(_account, instrument, believed, actual):
                    differences[str(instrument)] = actual - believed
                case _:
                    raise AssertionError(item)
        return differences


TestReconciliation = ReconciliationMachine.TestCase
TestReconciliation.settings = settings(STATE_MACHINE, max_examples=100)
