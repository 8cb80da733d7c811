"""An order under random reports: whatever the broker says, in whatever order, the sums hold.

The machine tells one order everything a broker can tell, true or not, duplicated, late and out of
order, and keeps beside it only the fills that must count: those with a new execution id that the
ordered quantity, or one asked for and not answered, has room for.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from brokerport.domain.errors import ContradictoryReport, InvalidOrder
from brokerport.domain.executions import Execution
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit, Side
from brokerport.domain.orders import Order
from brokerport.domain.reports import (
    Acknowledged,
    Cancelled,
    CancelRefused,
    Executed,
    OrderReport,
    Rejected,
    Replaced,
    ReplaceRefused,
    Warned,
)
from tests.support.examples import KEY, execution, submitted
from tests.support.properties import STATE_MACHINE

quantities = st.integers(1, 9)
terms = st.sampled_from([Limit("190.00"), Limit("191.00")])
prices = st.sampled_from(["189.50", "190.00"])
reasons = st.sampled_from(["", "first", "second"])


class OrderUnderReports(RuleBasedStateMachine):
    """One order, everything told of it, and the fills that must count."""

    def __init__(self) -> None:
        super().__init__()
        self.order: Order = submitted(1)
        self.counted: dict[str, Execution] = {}
        self.executions = 0

    @initialize(quantity=quantities)
    def place(self, quantity: int) -> None:
        """Begin with an order for any quantity."""
        self.order = submitted(quantity)

    def tell(self, report: OrderReport) -> bool:
        """Tell the order something; say whether it believed it."""
        before, copy = self.order, self.order
        try:
            self.order = before.after(report)
        except ContradictoryReport:
            assert before == copy
            return False
        try:
            again = self.order.after(report)
        except ContradictoryReport:
            return True
        assert again == self.order, "the same news told twice changed the order"
        return True

    def ask(self, request: Callable[[], Order]) -> None:
        """Ask something of the order, if its status allows."""
        try:
            self.order = request()
        except (ContradictoryReport, InvalidOrder):
            return

    @rule(perm_id=st.sampled_from([None, 4711]))
    def acknowledged(self, perm_id: int | None) -> None:
        """The broker has the order."""
        self.tell(Acknowledged(KEY, "17", perm_id))

    @rule(quantity=quantities, price=prices)
    def executed(self, quantity: int, price: str) -> None:
        """A new fill counts if there is room for it, and is refused if there is none."""
        self.executions += 1
        fill = execution(quantity, price, f"e{self.executions}")
        room = self.order.quantity
        if self.order.proposed is not None:
            room = max(room, self.order.proposed[0])
        fits = sum(done.quantity for done in self.counted.values()) + quantity <= room
        assert self.tell(Executed(KEY, fill)) is fits
        if fits:
            self.counted[fill.execution_id] = fill

    @rule(price=prices)
    def executed_in_full(self, price: str) -> None:
        """What remains of the terms in force trades at once."""
        if self.order.remaining_quantity:
            self.executed(int(self.order.remaining_quantity), price)

    @rule(data=st.data())
    def executed_again(self, data: st.DataObject) -> None:
        """A fill told again changes nothing at all."""
        if self.counted:
            fill = data.draw(st.sampled_from(list(self.counted.values())))
            before = self.order
            assert self.tell(Executed(KEY, fill))
            assert self.order is before

    @rule(quantity=quantities, price=prices)
    def executed_for_another(self, quantity: int, price: str) -> None:
        """A fill on the other side never counts."""
        assert not self.tell(Executed(KEY, execution(quantity, price, "x", side=Side.SELL)))

    @rule(quantity=st.integers(-1, 9), order_type=terms)
    def replaced(self, quantity: int, order_type: Limit) -> None:
        """The broker works the order on some terms."""
        self.tell(Replaced(KEY, Decimal(quantity), order_type))

    @rule()
    def replaced_as_asked(self) -> None:
        """The broker takes the terms that were asked for."""
        if self.order.proposed is not None:
            self.tell(Replaced(KEY, *self.order.proposed))

    @rule(reason=reasons)
    def replace_refused(self, reason: str) -> None:
        """The broker refuses new terms."""
        self.tell(ReplaceRefused(KEY, reason, 104))

    @rule(reason=reasons)
    def cancel_refused(self, reason: str) -> None:
        """The broker refuses a cancel."""
        self.tell(CancelRefused(KEY, reason, 10148))

    @rule(reason=reasons)
    def cancelled(self, reason: str) -> None:
        """The order is off the market."""
        self.tell(Cancelled(KEY, reason))

    @rule(reason=reasons)
    def rejected(self, reason: str) -> None:
        """The broker refuses the order."""
        self.tell(Rejected(KEY, reason, 201))

    @rule(reason=reasons)
    def warned(self, reason: str) -> None:
        """The broker has something to say."""
        status = self.order.status
        assert self.tell(Warned(KEY, reason, 399))
        assert self.order.status is status

    @rule(quantity=quantities, order_type=terms)
    def ask_replace(self, quantity: int, order_type: Limit) -> None:
        """We ask for new terms."""
        self.ask(lambda: self.order.with_replace_requested(Decimal(quantity), order_type))

    @rule()
    def ask_cancel(self) -> None:
        """We ask for a cancel."""
        self.ask(self.order.with_cancel_requested)

    @rule()
    def lose_answer(self) -> None:
        """An answer is lost."""
        before = self.order
        self.ask(self.order.with_answer_lost)
        assert before.status.is_done or self.order.status is OrderStatus.IN_DOUBT

    @rule()
    def send_nothing(self) -> None:
        """The adapter says that nothing was sent."""
        self.ask(self.order.with_nothing_sent)

    @invariant()
    def the_fills_add_up(self) -> None:
        """Filled is the sum of the distinct executions, in order of arrival, at their prices."""
        assert self.order.executions == tuple(self.counted.values())
        filled = sum((fill.quantity for fill in self.counted.values()), Decimal(0))
        assert self.order.filled_quantity == filled
        assert self.order.remaining_quantity == self.order.quantity - filled
        if filled:
            paid = sum(fill.quantity * fill.price for fill in self.counted.values())
            assert self.order.average_fill_price == paid / filled

    @invariant()
    def no_more_is_filled_than_ordered(self) -> None:
        """The filled quantity is never above the ordered one."""
        assert 0 <= self.order.filled_quantity <= self.order.quantity

    @invariant()
    def filled_means_all_of_it(self) -> None:
        """FILLED if and only if all is filled, unless a larger quantity is still in question."""
        order = self.order
        may_grow = order.proposed is not None and order.proposed[0] > order.quantity
        complete = order.filled_quantity == order.quantity and not may_grow
        assert (order.status is OrderStatus.FILLED) is complete

    @invariant()
    def proposals_belong_to_living_orders(self) -> None:
        """A replace under way has its terms, and an order that is done has none."""
        if self.order.status is OrderStatus.PENDING_REPLACE:
            assert self.order.proposed is not None
        if self.order.status.is_done:
            assert self.order.proposed is None

    @invariant()
    def a_fill_was_placed(self) -> None:
        """An order that traded is never waiting to be sent, nor declared not placed."""
        if self.counted:
            assert self.order.status not in {OrderStatus.PENDING_SUBMIT, OrderStatus.NOT_PLACED}


TestOrderUnderReports = OrderUnderReports.TestCase
TestOrderUnderReports.settings = STATE_MACHINE
