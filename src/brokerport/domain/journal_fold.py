"""What a journal adds up to: the orders, the ledger and the quarantine of one logical account.

The same rules that changed an order when it was heard of change it here (``Order.after``), so the
book that is read back is the book that was.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from brokerport.domain.errors import BadInput, ContradictoryReport
from brokerport.domain.executions import Commission, execution_family
from brokerport.domain.journal import (
    BaselineRecorded,
    CommissionRecorded,
    ExecutionRecorded,
    HistoryRecorded,
    JournalEntry,
    OrderRecorded,
    QuarantineRecorded,
    ReleaseRecorded,
    ReportRecorded,
    SettlementRecorded,
)
from brokerport.domain.ledger import Ledger
from brokerport.domain.orders import Order
from brokerport.domain.positions import Position
from brokerport.domain.reports import Executed


@frozen
class RecordedBook:
    """What the journal of one account adds up to.

    ``is_new`` says that nothing was ever recorded. ``orders`` are by ClientOrderId, in order of
    entry. ``executions`` are the ids of every fill that was recorded or in a baseline. ``books`` is
    None before the first baseline. ``quarantine`` holds the reasons why the account is closed for
    opening orders; empty when it is open. ``released`` holds those that the last release looked at.
    ``commissions`` are the last that were charged, by execution id.
    """

    is_new: bool = True
    orders: dict[str, Order] = field(factory=dict)
    executions: frozenset[str] = frozenset()
    books: LedgerFold | None = None
    quarantine: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    commissions: dict[str, Commission] = field(factory=dict)

    @property
    def ledger(self) -> Ledger | None:
        """The ledger since the last baseline."""
        return None if self.books is None else self.books.ledger


def recorded_book(entries: Iterable[JournalEntry]) -> RecordedBook:
    """Return what an account's entries, oldest first, add up to."""
    orders: dict[str, Order] = {}
    executions: set[str] = set()
    books: LedgerFold | None = None
    quarantine: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    commissions: dict[str, Commission] = {}
    is_new = True
    for entry in entries:
        is_new = False
        match entry:
            case OrderRecorded(order):
                orders[str(order.client_order_id)] = order
            case ReportRecorded(report):
                order = orders[report.client_order_id]
                orders[report.client_order_id] = order.after(report)
            case ExecutionRecorded(execution):
                executions.add(execution.execution_id)
                reference = execution.order_reference
                if reference in orders:
                    orders[reference] = _after_fill(orders[reference], entry)
            case HistoryRecorded(history):
                executions.update(history)
            case CommissionRecorded(commission):
                commissions[commission.execution_id] = commission
            case BaselineRecorded():
                books = LedgerFold(entry)
                executions.update(entry.executions)
                released = ()
            case QuarantineRecorded(reasons):
                quarantine = reasons
            case ReleaseRecorded():
                released, quarantine = quarantine, ()
            case _:
                pass
        if books is not None:
            books.take(entry)
    return RecordedBook(
        is_new, orders, frozenset(executions), books, quarantine, released, commissions
    )


class LedgerFold:
    """A ledger that grows from a baseline, entry by entry.

    ``unbooked`` says in words which entries the ledger has no room for, a fill in another currency:
    the account had them nevertheless, so the broker's figures will differ.
    """

    def __init__(self, baseline: BaselineRecorded) -> None:
        """Begin with what the broker showed."""
        self.ledger = Ledger(baseline.cash)
        self.unbooked: tuple[str, ...] = ()
        self._included = {execution_family(execution)[0] for execution in baseline.executions}
        for held in baseline.holdings:
            cost = held.quantity * held.average_cost
            self.ledger.open_position(Position(held.instrument, held.quantity, cost))

    def take(self, entry: JournalEntry) -> None:
        """Book an entry, unless the baseline has its effect already."""
        try:
            self._book(entry)
        except BadInput as problem:
            self.unbooked = (*self.unbooked, str(problem))

    def _book(self, entry: JournalEntry) -> None:
        match entry:
            case ExecutionRecorded(execution):
                if not self.includes(execution.execution_id):
                    self.ledger.enter_execution(execution)
            case CommissionRecorded(commission):
                if not self.includes(commission.execution_id):
                    self.ledger.enter_commission(commission)
            case SettlementRecorded(option, _, stock_quantity):
                self.ledger.enter_settlement(option, stock_quantity)
            case _:
                pass

    def includes(self, execution_id: str) -> bool:
        """Say whether the baseline has the effect of a fill already."""
        # A correction of a fill in the baseline cannot be booked: what it corrects is not known
        # here. The next reconciliation shows the difference.
        return execution_family(execution_id)[0] in self._included


def _after_fill(order: Order, entry: ExecutionRecorded) -> Order:
    try:
        return order.after(Executed(str(order.client_order_id), entry.execution))
    except ContradictoryReport:
        # It was kept out of the order then, too; the account had the fill nevertheless.
        return order
