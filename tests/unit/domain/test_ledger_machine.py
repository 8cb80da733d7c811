"""A ledger kept through anything: at every step it is a model's, live and read back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from attrs import define, evolve, field
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from brokerport.adapters.journal.codec import EntryCodec
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.instruments import Instrument, Option, OptionRight
from brokerport.domain.journal import (
    BaselineRecorded,
    CommissionRecorded,
    ExecutionRecorded,
    JournalEntry,
    SettlementRecorded,
)
from brokerport.domain.journal_fold import LedgerFold, recorded_book
from brokerport.domain.money import usd
from brokerport.domain.order_types import Side
from brokerport.domain.positions import Holding
from tests.support.examples import AAPL, MSFT, NOON, execution
from tests.support.properties import STATE_MACHINE

PUT = Option("AAPL", date(2026, 1, 9), Decimal(185), OptionRight.PUT)
CALL = Option("MSFT", date(2026, 1, 9), Decimal(400), OptionRight.CALL, multiplier=10)
CODEC = EntryCodec()
INSTRUMENTS: tuple[Instrument, ...] = (AAPL, MSFT, PUT, CALL)

prices = st.integers(1, 100_000).map(lambda cents: Decimal(cents) / 100)
quantities = st.integers(1, 50).map(Decimal)


@define
class Model:
    """What an account is, as plainly as it can be said: every fill's last word, and sums."""

    opening_cash: Decimal = Decimal(0)
    opening: dict[Instrument, Decimal] = field(factory=dict)
    fills: dict[str, Execution] = field(factory=dict)
    commissions: dict[str, Decimal] = field(factory=dict)
    settled: list[tuple[Option, Decimal, Decimal]] = field(factory=list)

    def cash(self) -> Decimal:
        """Add up what every fill, commission and settlement did."""
        cash = self.opening_cash
        for fill in self.fills.values():
            cash -= fill.side.sign * fill.quantity * fill.price * fill.instrument.multiplier
        cash -= sum(self.commissions.values(), Decimal(0))
        return cash - sum((shares * one.strike for one, _gone, shares in self.settled), Decimal(0))

    def quantity(self, instrument: Instrument) -> Decimal:
        """Add up what came and went."""
        held = self.opening.get(instrument, Decimal(0))
        held += sum(
            (
                fill.side.sign * fill.quantity
                for fill in self.fills.values()
                if fill.instrument == instrument
            ),
            Decimal(0),
        )
        for option, gone, shares in self.settled:
            held -= gone if option == instrument else 0
            is_delivered = not isinstance(instrument, Option)
            held += shares if is_delivered and option.underlying == instrument.symbol else 0
        return held


class LedgerMachine(RuleBasedStateMachine):
    """Fills, corrections, commissions, settlements, repetitions, new baselines and restarts."""

    told = Bundle("told")

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.entries: list[JournalEntry] = []
        self.model = Model()
        self.included: set[str] = set()
        self.charged: dict[str, int] = {}
        self.fold = self.begin(Decimal(1000), {}, ())

    def begin(
        self, cash: Decimal, holdings: dict[Instrument, Decimal], executions: tuple[str, ...]
    ) -> LedgerFold:
        """Take figures as the baseline."""
        held = tuple(Holding(one, quantity, Decimal(1)) for one, quantity in holdings.items())
        entry = BaselineRecorded(usd(cash), held, executions, NOON, "the story's")
        self.entries.append(entry)
        self.model = Model(cash, dict(holdings))
        self.included = {execution_id.rpartition(".")[0] for execution_id in executions}
        return LedgerFold(entry)

    def enter(self, entry: JournalEntry) -> None:
        """Journal an entry and book it."""
        self.entries.append(entry)
        self.fold.take(entry)

    def model_takes(self, fill: Execution) -> None:
        """Let a fill's last word count, unless the baseline has it."""
        known = self.model.fills.get(fill.family)
        if fill.family not in self.included and (known is None or known.revision < fill.revision):
            self.model.fills[fill.family] = fill

    @rule(
        target=told,
        instrument=st.sampled_from(INSTRUMENTS),
        side=st.sampled_from(Side),
        quantity=quantities,
        price=prices,
    )
    def trade(
        self, instrument: Instrument, side: Side, quantity: Decimal, price: Decimal
    ) -> Execution:
        """A new fill arrives."""
        self.count += 1
        fill = execution(
            quantity, price, f"0000aaaa.{self.count}.01.01", instrument=instrument, side=side
        )
        self.enter(ExecutionRecorded(fill))
        self.model_takes(fill)
        return fill

    @rule(fill=told)
    def repeat(self, fill: Execution) -> None:
        """The same fill is told again."""
        self.enter(ExecutionRecorded(fill))
        self.model_takes(fill)

    @rule(target=told, fill=told, revision=st.integers(2, 6), quantity=quantities, price=prices)
    def correct(
        self, fill: Execution, revision: int, quantity: Decimal, price: Decimal
    ) -> Execution:
        """A fill is corrected; corrections may overtake each other, each is told one thing."""
        corrected = evolve(
            fill, execution_id=f"{fill.family}.{revision:02d}", quantity=quantity, price=price
        )
        assume(corrected.execution_id not in self.ids())
        # What was settled was counted with the fills as they were known then.
        assume(all(one != fill.instrument for one, _gone, _shares in self.model.settled))
        self.enter(ExecutionRecorded(corrected))
        self.model_takes(corrected)
        return corrected

    def ids(self) -> tuple[str, ...]:
        """Return the id of every fill that was told."""
        return tuple(
            entry.execution.execution_id
            for entry in self.entries
            if isinstance(entry, ExecutionRecorded)
        )

    @rule(fill=told, cents=st.integers(-100, 500))
    def charge(self, fill: Execution, cents: int) -> None:
        """A commission, or a rebate, is charged for a fill; once."""
        amount = Decimal(cents) / 100
        self.enter(CommissionRecorded(Commission(fill.execution_id, usd(amount))))
        revision = self.charged.get(fill.family, 0)
        if fill.family not in self.included and revision < fill.revision:
            self.model.commissions[fill.family] = amount
            self.charged[fill.family] = fill.revision

    @rule(option=st.sampled_from([PUT, CALL]), share=st.integers(0, 2))
    def settle(self, option: Option, share: int) -> None:
        """An option ends: worthless, delivered in part, or whole."""
        held = self.model.quantity(option)
        assume(held)
        sign = 1 if (option.right is OptionRight.CALL) == (held > 0) else -1
        delivered = abs(held) * share // 2
        shares = sign * delivered * option.multiplier
        self.enter(SettlementRecorded(option, held, shares))
        self.model.settled.append((option, held, shares))

    @rule()
    def restart(self) -> None:
        """The process dies; the next one reads the journal."""
        read = recorded_book([CODEC.decoded(*CODEC.encoded(entry)) for entry in self.entries])
        assert read.books is not None
        self.fold = read.books

    @rule(cash=st.integers(0, 10_000))
    def accept(self, cash: int) -> None:
        """The broker's figures are taken as a new baseline, with all fills so far in them."""
        holdings = {one: self.model.quantity(one) for one in INSTRUMENTS}
        held = {one: quantity for one, quantity in holdings.items() if quantity}
        self.fold = self.begin(Decimal(cash), held, self.ids())
        self.charged.clear()

    @invariant()
    def figures_are_the_models(self) -> None:
        """Cash and every quantity are exactly those of the model."""
        assert self.fold.ledger.cash == usd(self.model.cash())
        for instrument in INSTRUMENTS:
            assert self.fold.ledger.quantity_of(instrument) == self.model.quantity(instrument)
        assert all(held.quantity for held in self.fold.ledger.positions())

    @invariant()
    def what_is_read_back_is_what_lives(self) -> None:
        """Positions too, cost and realised profit included."""
        read = recorded_book(self.entries).ledger
        assert read is not None
        assert read.positions() == self.fold.ledger.positions()
        assert read.commissions == self.fold.ledger.commissions


TestLedger = LedgerMachine.TestCase
TestLedger.settings = STATE_MACHINE
