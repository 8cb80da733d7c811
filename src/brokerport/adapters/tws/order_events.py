"""What TWS says of orders, fills and commissions, turned into the events that the listener gets.

Rules:

- A fill is told once, by its execution id; so is its commission, after the fill, however they came.
- A correction (an execution id that differs from a known one only in its revision) is told as the
  execution that takes its place; an older revision is not told any more.
- What brokerport has no words for (a future, a combination as a whole) is pointed out as a notice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from ib_async.contract import Contract
from ib_async.objects import CommissionReport
from ib_async.objects import Execution as TwsExecution
from ib_async.order import Order as TwsOrder
from ib_async.order import OrderState

from brokerport.adapters.tws.book import SeenOrder, TrackedOrder, TwsOrderBook
from brokerport.adapters.tws.translate_contracts import to_instrument
from brokerport.adapters.tws.translate_numbers import number, optional_id
from brokerport.adapters.tws.translate_orders import (
    to_commission,
    to_execution,
    to_order_type,
    to_side,
    to_time_in_force,
)
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import BadInput, Unsupported
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.orders import is_client_order_id
from brokerport.domain.reports import OrderReport, ReplaceRefused
from brokerport.ports.session import (
    AdapterEvent,
    CommissionReported,
    ExecutionReported,
    NoticeReported,
    OrderReported,
)


class OrderEvents:
    """Turns messages about orders into events; lives as long as the adapter, across sessions."""

    def __init__(
        self,
        book: TwsOrderBook,
        client_id: int,
        emit: Callable[[AdapterEvent], None],
        release_later: Callable[[], None],
    ) -> None:
        """Build it; ``release_later`` sees to it that ``release_held`` is called."""
        self._book = book
        self._client_id = client_id
        self._emit = emit
        self._release_later = release_later
        self._revisions: dict[str, int] = {}
        self._told: dict[str, BrokerAccount] = {}
        self._commissions: dict[str, Commission] = {}

    def commission(self, execution_id: str) -> Commission | None:
        """Return the commission last heard for an execution, or None."""
        return self._commissions.get(execution_id)

    def hear_open_order(self, contract: Contract, order: TwsOrder, state: OrderState) -> None:
        """Take in an openOrder message."""
        tracked = self._match(order.clientId, order.orderId, order.permId, reference=order.orderRef)
        if tracked is None and not is_client_order_id(order.orderRef):
            return
        reference = order.orderRef if tracked is None else tracked.client_order_id
        try:
            seen = SeenOrder(
                client_order_id=reference,
                client_id=order.clientId,
                order_id=order.orderId,
                perm_id=optional_id(order.permId),
                broker_account=BrokerAccount(order.account),
                instrument=to_instrument(contract),
                side=to_side(order.action),
                time_in_force=to_time_in_force(order),
                quantity=number(order.totalQuantity, "totalQuantity"),
                order_type=to_order_type(order),
                status=state.status,
            )
        except (BadInput, Unsupported) as error:
            self._emit(NoticeReported(None, f"order {reference} was changed at TWS: {error}"))
            if tracked is not None and state.status != "Inactive":
                self._report(self._book.hear_status(tracked, state.status))
            return
        self._report(self._book.show(seen))

    def hear_status(
        self, client_id: int, order_id: int, perm_id: int, status: str, why_held: str
    ) -> None:
        """Take in an orderStatus message."""
        tracked = self._match(client_id, order_id, perm_id)
        if tracked is not None:
            self._report(self._book.hear_status(tracked, status, why_held))

    def hear_code(self, order_id: int, code: int, text: str) -> bool:
        """Take in an error message; False when its id is no order's of ours."""
        if order_id <= 0:
            return False
        tracked = self._book.find_order_id(self._client_id, order_id)
        if tracked is None:
            return False
        self._report(self._book.hear_code(tracked, code, text))
        return True

    def hear_execution(self, contract: Contract, message: TwsExecution) -> None:
        """Take in a fill that just happened."""
        tracked = self._match(
            message.clientId, message.orderId, message.permId, reference=message.orderRef
        )
        reference = None if tracked is None else tracked.client_order_id
        try:
            execution = to_execution(contract, message, reference)
        except Unsupported as error:
            self._emit(NoticeReported(None, f"a fill is not shown: {error}"))
            return
        if self._is_news(execution):
            self._tell(execution)

    def hear_commission(self, report: CommissionReport) -> None:
        """Take in the commission of a fill, which may be before the fill itself."""
        commission = to_commission(report)
        is_news = self._commissions.get(commission.execution_id) != commission
        self._commissions[commission.execution_id] = commission
        account = self._told.get(commission.execution_id)
        if account is not None and is_news:
            self._emit(CommissionReported(account, commission))

    def refuse_replace(self, tracked: TrackedOrder) -> None:
        """Refuse new terms for an order that has ended, without asking TWS."""
        end = "ended" if tracked.end is None else tracked.end.value
        self._report([ReplaceRefused(tracked.client_order_id, f"the order is {end} already")])

    def release_held(self, confirmed: Collection[str]) -> None:
        """Report the ends, of those that a list confirms, whose reason did not come."""
        for report in self._book.release_held(confirmed):
            self._emit(OrderReported(report))

    def _match(
        self, client_id: int, order_id: int, perm_id: int, reference: str = ""
    ) -> TrackedOrder | None:
        return self._book.match(
            reference=reference,
            perm_id=optional_id(perm_id),
            client_id=client_id,
            order_id=order_id,
        )

    def _is_news(self, execution: Execution) -> bool:
        previous = self._revisions.get(execution.family)
        if previous is not None and execution.revision <= previous:
            return False
        self._revisions[execution.family] = execution.revision
        return True

    def _tell(self, execution: Execution) -> None:
        self._told[execution.execution_id] = execution.broker_account
        self._emit(ExecutionReported(execution))
        commission = self._commissions.get(execution.execution_id)
        if commission is not None:
            self._emit(CommissionReported(execution.broker_account, commission))

    def _report(self, reports: Iterable[OrderReport]) -> None:
        for report in reports:
            self._emit(OrderReported(report))
        if self._book.holds_any:
            self._release_later()
