"""The client's order book: every order this session knows, and what reports do to them.

An order leaves the book never; it ends. A report that cannot be true is kept out of the book and
published as ``ContradictionFound``, so that it is neither believed nor lost.

Whatever enters the book is appended to the journal in the same step, in the same order: a report
that changed an order as the report, anything else as the whole order it made. A fill stands there
as the account's already; one that its order took only later is there once more, as a report.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from brokerport.domain.accounts import AccountMap, BrokerAccount
from brokerport.domain.errors import ContradictoryReport, UnknownOrder
from brokerport.domain.events import (
    CommissionCharged,
    ContradictionFound,
    ExecutionReceived,
    OrderChanged,
)
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.journal import (
    CommissionRecorded,
    ExecutionRecorded,
    HistoryRecorded,
    JournalEntry,
    OrderRecorded,
    ReportRecorded,
)
from brokerport.domain.journal_fold import RecordedBook
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.orders import Order
from brokerport.domain.reports import Acknowledged, Executed, OrderReport
from brokerport.services.event_bus import Publish

# A request on it is under way: its answer is awaited, or a crash left it without one.
UNANSWERED = frozenset(
    {OrderStatus.PENDING_SUBMIT, OrderStatus.PENDING_REPLACE, OrderStatus.PENDING_CANCEL}
)


class Recorder(Protocol):
    """Where entries go: a journal, or who books them too (``books.LedgerKeeper``)."""

    def append(self, account: str, entry: JournalEntry) -> None:
        """Add an entry to a logical account's record."""
        ...


class OrderBook:
    """Orders by their ClientOrderId, each changed only by the order's own rules."""

    def __init__(self, accounts: AccountMap, publish: Publish, journal: Recorder) -> None:
        self._accounts = accounts
        self._publish = publish
        self._journal = journal
        self._orders: dict[str, Order] = {}
        self._open: dict[str, None] = {}
        self._told_executions: set[str] = set()
        self._told_commissions: dict[str, Commission] = {}
        self._is_adopting = True
        self._early: dict[str, list[OrderReport]] = {}

    def load(self, recorded: RecordedBook) -> None:
        """Take in what the journal of an account adds up to, before anything else is heard.

        An order whose request was never answered is in doubt from here on.
        """
        self._told_executions |= recorded.executions
        self._told_commissions.update(recorded.commissions)
        for order in recorded.orders.values():
            self._keep(order)
            if order.status in UNANSWERED:
                self.enter(order.with_answer_lost())

    def enter(self, order: Order, report: OrderReport | None = None) -> None:
        """Put an order, new or changed, into the book and the journal, and tell of it."""
        self._keep(order)
        entry = OrderRecorded(order) if report is None else ReportRecorded(report)
        self._journal.append(order.account, entry)
        self._publish(OrderChanged(order, report))

    def adopt(self, order: Order) -> None:
        """Enter an order of an earlier session, and what was reported of it since this one began.

        Between the read that showed the order and its entry it may have filled or ended. Its
        acknowledgement is in the read already, and must not revive an order that has ended.
        """
        self.enter(order)
        for report in self._early.pop(str(order.client_order_id), []):
            if not isinstance(report, Acknowledged):
                self.apply(report)

    def begin_adoption(self) -> None:
        """Keep reports on unknown orders from here on: a read may show that they are ours."""
        self._is_adopting = True

    def end_adoption(self) -> None:
        """Keep reports on unknown orders no longer: every order that is ours is in the book."""
        self._is_adopting = False
        self._early.clear()

    def find(self, client_order_id: str) -> Order | None:
        """Return the order of that id, or None."""
        return self._orders.get(client_order_id)

    def order(self, account: str, client_order_id: str) -> Order:
        """Return an account's order.

        Raises:
            UnknownAccount: the account is not mapped.
            UnknownOrder: the account has no such order.
        """
        self._accounts.logical(account)
        order = self._orders.get(client_order_id)
        if order is None or order.account != account:
            raise UnknownOrder(f"account {account!r} has no order {client_order_id!r}")
        return order

    def orders(self) -> tuple[Order, ...]:
        """Return every order, done or not, in order of entry."""
        return tuple(self._orders.values())

    def open_orders(self) -> Iterable[Order]:
        """Return the orders that are not done, in order of entry."""
        return tuple(self._orders[key] for key in self._open)

    def open_orders_of(self, account: str) -> tuple[Order, ...]:
        """Return an account's orders that are not done, in order of entry."""
        return tuple(order for order in self.open_orders() if order.account == account)

    def apply(self, report: OrderReport) -> Order | None:
        """Let a report change its order; return the order, or None when the book has none."""
        return self._apply(report, is_recorded=False)

    def _apply(self, report: OrderReport, *, is_recorded: bool) -> Order | None:
        order = self._orders.get(report.client_order_id)
        if order is None:
            if self._is_adopting:
                self._early.setdefault(report.client_order_id, []).append(report)
            return None
        try:
            self._check_account(order, report)
            changed = order.after(report)
        except ContradictoryReport as contradiction:
            self._publish(ContradictionFound(report.client_order_id, str(contradiction), report))
            return order
        if changed != order and is_recorded:
            self._keep(changed)
            self._publish(OrderChanged(changed, report))
        elif changed != order:
            self.enter(changed, report)
        return changed

    def begin_history(self, account: str, executions: Iterable[Execution]) -> None:
        """Begin an account's books: these fills are older, known and never told."""
        known = tuple(execution.execution_id for execution in executions)
        self._told_executions.update(known)
        self._journal.append(account, HistoryRecorded(known))

    def apply_execution(self, execution: Execution) -> Order | None:
        """Tell of a fill, once, and give it to its order when it is one of ours."""
        is_news = execution.execution_id not in self._told_executions
        if is_news:
            self._told_executions.add(execution.execution_id)
            name = self._accounts.name_of(execution.broker_account)
            if name is not None:
                self._journal.append(name, ExecutionRecorded(execution))
            self._publish(ExecutionReceived(name, execution))
        if execution.order_reference is None:
            return None
        return self._apply(Executed(execution.order_reference, execution), is_recorded=is_news)

    def record_commission(self, broker_account: BrokerAccount, commission: Commission) -> None:
        """Tell of what an execution cost, once."""
        if self._told_commissions.get(commission.execution_id) == commission:
            return
        self._told_commissions[commission.execution_id] = commission
        name = self._accounts.name_of(broker_account)
        if name is not None:
            self._journal.append(name, CommissionRecorded(commission))
        self._publish(CommissionCharged(name, commission))

    def _keep(self, order: Order) -> None:
        key = str(order.client_order_id)
        self._orders[key] = order
        if order.status.is_done:
            self._open.pop(key, None)
        else:
            self._open[key] = None

    def _check_account(self, order: Order, report: OrderReport) -> None:
        if not isinstance(report, Executed):
            return
        name = self._accounts.name_of(report.execution.broker_account)
        if name != order.account:
            raise ContradictoryReport(
                f"execution {report.execution.execution_id} of order {order.client_order_id} is in "
                f"{'an unmapped account' if name is None else f'account {name!r}'}"
            )
