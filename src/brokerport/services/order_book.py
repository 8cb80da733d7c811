"""The client's order book: every order this session knows, and what reports do to them.

An order leaves the book never; it ends. A report that cannot be true is kept out of the book and
published as ``ContradictionFound``, so that it is neither believed nor lost.
"""

from __future__ import annotations

from collections.abc import Iterable

from brokerport.domain.accounts import AccountMap
from brokerport.domain.errors import ContradictoryReport, UnknownOrder
from brokerport.domain.events import (
    ContradictionFound,
    ExecutionReceived,
    OrderChanged,
)
from brokerport.domain.executions import Execution
from brokerport.domain.orders import Order
from brokerport.domain.reports import Acknowledged, Executed, OrderReport
from brokerport.services.event_bus import Publish


class OrderBook:
    """Orders by their ClientOrderId, each changed only by the order's own rules."""

    def __init__(self, accounts: AccountMap, publish: Publish) -> None:
        self._accounts = accounts
        self._publish = publish
        self._orders: dict[str, Order] = {}
        self._open: dict[str, None] = {}
        self._told_executions: set[str] = set()
        self._is_adopting = True
        self._early: dict[str, list[OrderReport]] = {}

    def enter(self, order: Order, report: OrderReport | None = None) -> None:
        """Put an order, new or changed, into the book and tell of it."""
        key = str(order.client_order_id)
        self._orders[key] = order
        if order.status.is_done:
            self._open.pop(key, None)
        else:
            self._open[key] = None
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

    def open_orders(self) -> Iterable[Order]:
        """Return the orders that are not done, in order of entry."""
        return tuple(self._orders[key] for key in self._open)

    def apply(self, report: OrderReport) -> Order | None:
        """Let a report change its order; return the order, or None when the book has none."""
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
        if changed != order:
            self.enter(changed, report)
        return changed

    def apply_execution(self, execution: Execution) -> Order | None:
        """Tell of a fill, once, and give it to its order when it is one of ours."""
        if execution.execution_id not in self._told_executions:
            self._told_executions.add(execution.execution_id)
            self._publish(
                ExecutionReceived(self._accounts.name_of(execution.broker_account), execution)
            )
        if execution.order_reference is None:
            return None
        return self.apply(Executed(execution.order_reference, execution))

    def _check_account(self, order: Order, report: OrderReport) -> None:
        if not isinstance(report, Executed):
            return
        name = self._accounts.name_of(report.execution.broker_account)
        if name != order.account:
            raise ContradictoryReport(
                f"execution {report.execution.execution_id} of order {order.client_order_id} is in "
                f"{'an unmapped account' if name is None else f'account {name!r}'}"
            )
