"""A book of orders under random requests, reports, corrections and restarts.

Whatever happens, the book that the journal gives back is the book that lives, a fill counts once
with its last correction, and nothing is told twice.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from brokerport.adapters.journal.codec import EntryCodec
from brokerport.adapters.journal.memory import MemoryJournal, MemoryStorage
from brokerport.domain.errors import ContradictoryReport, InvalidOrder
from brokerport.domain.events import BrokerEvent, ContradictionFound, ExecutionReceived
from brokerport.domain.executions import Execution
from brokerport.domain.journal_fold import recorded_book
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit
from brokerport.domain.orders import ClientOrderId, Order
from brokerport.domain.reports import (
    Acknowledged,
    Cancelled,
    CancelRefused,
    OrderReport,
    Rejected,
    Replaced,
    ReplaceRefused,
)
from brokerport.services.order_book import UNANSWERED, OrderBook
from tests.support.examples import account_map, execution, request
from tests.support.properties import STATE_MACHINE

CODEC = EntryCodec()
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
quantities = st.integers(1, 9)
terms = st.sampled_from([Limit("190.00"), Limit("191.00")])
reasons = st.sampled_from(["", "first", "second"])


class BookMachine(RuleBasedStateMachine):
    """Several orders in one book, and what must be true of them together."""

    orders = Bundle("orders")
    fills = Bundle("fills")

    def __init__(self) -> None:
        super().__init__()
        self.storage = MemoryStorage()
        self.told: list[BrokerEvent] = []
        self.believed: dict[str, dict[str, Execution]] = {}
        self.count = 0
        self.book = self.opened()

    def opened(self) -> OrderBook:
        """Begin a process."""
        return OrderBook(account_map(), self.told.append, MemoryJournal(self.storage))

    def the(self, key: str) -> Order:
        """Return an order."""
        return self.book.order("gen", key)

    def report(self, report: OrderReport) -> None:
        """Let the broker say something; true or not, the book stays whole."""
        self.book.apply(report)

    @rule(target=orders, quantity=quantities)
    def place(self, quantity: int) -> str:
        """An order leaves."""
        self.count += 1
        identity = ClientOrderId(
            "gen", f"{'0' * 24}{LETTERS[self.count // 32]}{LETTERS[self.count % 32]}"
        )
        self.book.enter(Order.submitted(identity, request(quantity)))
        self.believed[str(identity)] = {}
        return str(identity)

    @rule(key=orders, quantity=quantities, order_type=terms)
    def ask_to_replace(self, key: str, quantity: int, order_type: Limit) -> None:
        """We ask for new terms, where the order allows it."""
        try:
            self.book.enter(self.the(key).with_replace_requested(Decimal(quantity), order_type))
        except (ContradictoryReport, InvalidOrder):
            return

    @rule(key=orders, what=st.sampled_from(["cancel", "lost", "absent"]))
    def ask(self, key: str, what: str) -> None:
        """We ask to cancel, lose an answer, or prove an absence."""
        order = self.the(key)
        try:
            match what:
                case "cancel":
                    self.book.enter(order.with_cancel_requested())
                case "lost":
                    self.book.enter(order.with_answer_lost())
                case _:
                    self.book.enter(order.with_absence_proved())
        except ContradictoryReport:
            return

    @rule(key=orders, reason=reasons, which=st.integers(0, 4))
    def say(self, key: str, reason: str, which: int) -> None:
        """The broker says something that is no fill."""
        said: tuple[OrderReport, ...] = (
            Acknowledged(key, "17", 4711),
            Cancelled(key, reason),
            Rejected(key, reason, 201),
            ReplaceRefused(key, reason, 104),
            CancelRefused(key, reason, 161),
        )
        self.report(said[which])

    @rule(key=orders, quantity=quantities, order_type=terms)
    def say_replaced(self, key: str, quantity: int, order_type: Limit) -> None:
        """The broker works the order on some terms."""
        self.report(Replaced(key, Decimal(quantity), order_type))

    def hear(self, fill: Execution) -> None:
        """Tell the book of a fill, and remember what its order must hold if it was believed."""
        key = fill.order_reference or ""
        before = len(self.told)
        self.book.apply_execution(fill)
        if any(isinstance(event, ContradictionFound) for event in self.told[before:]):
            return
        known = self.believed[key].get(fill.family)
        if known is None or known.revision < fill.revision:
            self.believed[key][fill.family] = fill

    @rule(target=fills, key=orders, quantity=quantities)
    def fill(self, key: str, quantity: int) -> Execution:
        """A new fill arrives."""
        self.count += 1
        fill = execution(quantity, "190.00", f"0000aaaa.{self.count}.01.01", order_reference=key)
        self.hear(fill)
        return fill

    @rule(target=fills, key=orders)
    def fill_the_rest(self, key: str) -> Execution:
        """All that is left trades."""
        rest = self.the(key).remaining_quantity
        assume(rest > 0)
        self.count += 1
        fill = execution(rest, "190.50", f"0000aaaa.{self.count}.01.01", order_reference=key)
        self.hear(fill)
        return fill

    @rule(fill=fills)
    def repeat(self, fill: Execution) -> None:
        """A fill is told again."""
        self.hear(fill)

    @rule(target=fills, fill=fills, revision=st.integers(2, 5), quantity=quantities)
    def correct(self, fill: Execution, revision: int, quantity: int) -> Execution:
        """A fill is corrected; corrections may overtake each other."""
        execution_id = f"{fill.family}.{revision:02d}"
        assume(all(execution_id != told for told in self.executions_told()))
        corrected = evolve(
            fill, execution_id=execution_id, quantity=Decimal(quantity), price=Decimal("189.00")
        )
        self.hear(corrected)
        return corrected

    @rule()
    def restart(self) -> None:
        """The process dies: what is written down is what the next one has."""
        entries = self.storage.entries.get("gen", [])
        read = [CODEC.decoded(*CODEC.encoded(entry)) for entry in entries]
        assert read == entries
        self.book = self.opened()
        self.book.load(recorded_book(read))
        for order in self.book.open_orders():
            assert order.status not in UNANSWERED

    def executions_told(self) -> list[str]:
        """Return the ids of the fills that were told."""
        return [
            event.execution.execution_id
            for event in self.told
            if isinstance(event, ExecutionReceived)
        ]

    @invariant()
    def a_fill_is_told_once(self) -> None:
        """Over restarts too."""
        told = self.executions_told()
        assert len(told) == len(set(told))

    @invariant()
    def the_journal_gives_the_book_back(self) -> None:
        """Each order, to the last field."""
        read = recorded_book(self.storage.entries.get("gen", [])).orders
        assert read == {key: self.the(key) for key in self.believed}

    @invariant()
    def each_order_holds_what_it_believed(self) -> None:
        """Each fill once, by its last correction, and no more than was ordered."""
        for key, believed in self.believed.items():
            order = self.the(key)
            assert {fill.family: fill for fill in order.executions} == believed
            assert len(order.executions) == len(believed)
            ordered = (
                order.quantity if order.proposed is None else max(order.quantity, order.proposed[0])
            )
            assert order.filled_quantity <= ordered

    @invariant()
    def open_is_what_is_not_done(self) -> None:
        """The list of open orders is exactly the orders that may still trade."""
        is_open = {str(order.client_order_id) for order in self.book.open_orders()}
        assert is_open == {key for key in self.believed if not self.the(key).status.is_done}
        for key in self.believed:
            order = self.the(key)
            if order.status is OrderStatus.FILLED:
                assert order.filled_quantity == order.quantity


TestBook = BookMachine.TestCase
TestBook.settings = STATE_MACHINE
