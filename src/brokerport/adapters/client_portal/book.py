"""The adapter's own order book: what Client Portal said of each order, as reports, each told once.

This book is pure: answers and rows go in, reports come out. An order is heard of in two ways that
overtake each other: the answer to a request, and the rows of the ``sor`` topic or of the list.

Rules:

- A row is matched by its order reference, else by its order id. A reference under a second order id
  would be an order doubled: it is pointed out, and its rows are not taken for the first's.
- An order that was taken is acknowledged by whichever comes first, the answer or a row that shows
  it alive. A status alone is never a fill.
- New terms hold once the answer takes them, or a row shows them on a live order. Several may be on
  their way, or in doubt: an answer is about its own, and settles those that were sent before.
- A cancel that was submitted is not yet a cancel: only the status is. If we asked for it, it has no
  reason; if not, the row's, or at least the words that there was none.
- Fills come by another topic than statuses. A cancel of an order of which more is filled than was
  told waits for those fills, or for ``release_held``, which its owner calls when the trades have
  been read and did not show them. What is lacking then is pointed out.
- An inactive order is refused or not transmitted: it waits for its reason in the same way, and ends
  as rejected. One called dead that is shown working again is acknowledged again.
- A cancel that was pending and is no more, while the order works on, was refused. A list may be
  older than the stream: only the stream says so.
- Fills of the old quantity are no end while a larger one may hold already.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from attrs import define, field, frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.instruments import Instrument
from brokerport.domain.order_types import OrderType, Side, TimeInForce
from brokerport.domain.reports import (
    Acknowledged,
    Cancelled,
    CancelRefused,
    OrderReport,
    Rejected,
    Replaced,
    ReplaceRefused,
    Warned,
)
from brokerport.ports.orders import OrderTicket

ALIVE = frozenset({"PendingSubmit", "PreSubmitted", "Submitted", "Filled"})
# What proves that an order called dead works all the same; one on its way to be refused does not.
WORKING = frozenset({"PreSubmitted", "Submitted", "Filled"})
BEING_CANCELLED = frozenset({"PendingCancel", "PreCancelled"})
CANCELLED = frozenset({"Cancelled", "ApiCancelled"})
REFUSED = frozenset({"Inactive", "Rejected"})

NO_CANCEL_REASON = "Client Portal shows the order cancelled and gave no reason"
NO_REFUSAL_REASON = "Client Portal shows the order inactive and gave no reason"
CANCEL_UNDONE = "the order works on"

Terms = tuple[Decimal, OrderType]


class End(Enum):
    """How an order ended, as far as Client Portal has told."""

    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


@define(eq=False)
class TrackedOrder:
    """One order of ours and all that was said of it; changed by the book alone.

    ``order_id`` is None until the broker has named it. ``proposals`` are terms whose answer is out.
    ``held`` is an end that waits, with its reason in ``held_reason``. ``claimed_filled`` is what
    its status counts as filled, of which ``looked_up_filled`` was looked for; ``earlier_filled``
    was filled before it was in the book.
    """

    client_order_id: str
    broker_account: BrokerAccount
    instrument: Instrument
    side: Side
    time_in_force: TimeInForce
    quantity: Decimal
    order_type: OrderType
    order_id: int | None = None
    acknowledged: bool = False
    proposals: list[Terms] = field(factory=list)
    cancels_pending: int = 0
    is_being_cancelled: bool = False
    end: End | None = None
    held: End | None = None
    held_reason: str = ""
    claimed_filled: Decimal = Decimal(0)
    looked_up_filled: Decimal = Decimal(0)
    earlier_filled: Decimal = Decimal(0)

    @property
    def ticket(self) -> OrderTicket:
        """The order as it would be handed over again, on the terms it has now."""
        return OrderTicket(
            client_order_id=self.client_order_id,
            broker_account=self.broker_account,
            instrument=self.instrument,
            side=self.side,
            quantity=self.quantity,
            order_type=self.order_type,
            time_in_force=self.time_in_force,
        )


@frozen
class SeenOrder:
    """An order as a row shows it, translated.

    ``terms`` is None when brokerport has no words for them. ``is_listed`` when it stands in a list.
    """

    client_order_id: str
    order_id: int
    terms: Terms | None
    status: str
    filled: Decimal
    reason: str = ""
    is_listed: bool = False


class PortalBook:
    """The orders this adapter placed, or found at Client Portal under our ClientOrderIds."""

    def __init__(self) -> None:
        self._by_reference: dict[str, TrackedOrder] = {}
        self._by_order_id: dict[int, TrackedOrder] = {}
        self._filled: dict[str, Decimal] = {}
        self._held: dict[str, TrackedOrder] = {}
        self._lacking: dict[str, TrackedOrder] = {}
        self._doubles: set[int] = set()

    def find(self, client_order_id: str) -> TrackedOrder | None:
        """Return the order of that ClientOrderId, or None."""
        return self._by_reference.get(client_order_id)

    def match(self, reference: str | None, order_id: int | None) -> TrackedOrder | None:
        """Return the order that a row is about, or None when it is not one of ours."""
        if reference is not None:
            order = self._by_reference.get(reference)
        else:
            order = self._by_order_id.get(order_id or 0)
        if order is None or (order_id is not None and order.order_id not in (None, order_id)):
            return None
        return order

    def place(self, ticket: OrderTicket) -> TrackedOrder:
        """Enter an order that is about to leave; its fill may be quicker than its answer."""
        order = TrackedOrder(
            client_order_id=ticket.client_order_id,
            broker_account=ticket.broker_account,
            instrument=ticket.instrument,
            side=ticket.side,
            time_in_force=ticket.time_in_force,
            quantity=ticket.quantity,
            order_type=ticket.order_type,
        )
        self._by_reference[order.client_order_id] = order
        return order

    def withdraw(self, order: TrackedOrder) -> None:
        """Take out an order that did not leave after all."""
        if order.order_id is None:
            self._by_reference.pop(order.client_order_id, None)

    def adopt(self, ticket: OrderTicket, order_id: int, filled: Decimal) -> TrackedOrder:
        """Enter an order of ours that an earlier session placed, and of which so much is filled."""
        order = self.place(ticket)
        self._name(order, order_id)
        known = self._filled.get(order.client_order_id, Decimal(0))
        order.earlier_filled = max(Decimal(0), filled - known)
        return order

    def taken(self, order: TrackedOrder, order_id: int, status: str) -> list[OrderReport]:
        """Take in the answer that the broker has a new order."""
        if order.order_id not in (None, order_id):
            return self._doubled(order.client_order_id, order_id)
        self._name(order, order_id)
        if status in CANCELLED and order.end is None and order.held is None:
            # The answer gives no reason for an end; the row that follows it does.
            reports = self._alive(order, "PendingSubmit")
            self._hold(order, End.CANCELLED, NO_CANCEL_REASON)
            return reports
        return self._hear(order, status, "")

    def refused(
        self,
        order: TrackedOrder,
        reason: str,
        code: int | None = None,
        question: str | None = None,
    ) -> list[OrderReport]:
        """Take in the answer that a new order is refused."""
        if order.acknowledged:
            # A row has shown it alive: whatever was refused, it was not this order.
            return [Warned(order.client_order_id, reason, code)]
        return self._rejected(order, reason, code, question)

    def replace(self, order: TrackedOrder, quantity: Decimal, order_type: OrderType) -> None:
        """Note that new terms are about to leave."""
        order.proposals.append((quantity, order_type))

    def withdraw_replace(self, order: TrackedOrder, terms: Terms) -> None:
        """Note that new terms did not leave after all."""
        if terms in order.proposals:
            order.proposals.remove(terms)

    def replace_taken(
        self, order: TrackedOrder, terms: Terms, order_id: int, status: str
    ) -> list[OrderReport]:
        """Take in the answer that new terms are taken."""
        if order.order_id not in (None, order_id):
            self._by_order_id.pop(order.order_id or 0, None)
        self._name(order, order_id)
        if status in CANCELLED and order.end is None and order.held is None:
            # The row that follows says on which terms it ended, and why.
            self._hold(order, End.CANCELLED, NO_CANCEL_REASON)
            return []
        if status not in ALIVE or order.end is not None:
            return self._hear(order, status, "")
        return [*self._hear(order, status, ""), *self._replaced(order, terms)]

    def replace_refused(
        self,
        order: TrackedOrder,
        reason: str,
        code: int | None = None,
        question: str | None = None,
        *,
        terms: Terms | None = None,
    ) -> list[OrderReport]:
        """Take in that new terms are refused; ``terms`` is None when they were never sent."""
        if terms is not None:
            self.withdraw_replace(order, terms)
        return [ReplaceRefused(order.client_order_id, reason, code, question)]

    def cancel(self, order: TrackedOrder) -> None:
        """Note that a cancel is about to leave."""
        order.cancels_pending += 1

    def withdraw_cancel(self, order: TrackedOrder) -> None:
        """Note that a cancel did not leave after all."""
        order.cancels_pending = max(0, order.cancels_pending - 1)

    def cancel_refused(
        self, order: TrackedOrder, reason: str, code: int | None = None
    ) -> list[OrderReport]:
        """Take in the answer that a cancel is refused."""
        self.withdraw_cancel(order)
        return [CancelRefused(order.client_order_id, reason, code)]

    def show(self, seen: SeenOrder) -> list[OrderReport]:
        """Take in a row on an order that is in the book."""
        order = self._by_reference[seen.client_order_id]
        if order.order_id not in (None, seen.order_id):
            return self._doubled(seen.client_order_id, seen.order_id)
        self._name(order, seen.order_id)
        order.claimed_filled = max(order.claimed_filled, seen.filled)
        self._note_lacking(order)
        reports: list[OrderReport] = []
        if seen.status in CANCELLED and order.end is None:
            # Immediate or cancel: it ended on the new terms.
            reports += self._replaced(order, seen.terms)
        reports += self._hear(order, seen.status, seen.reason, is_listed=seen.is_listed)
        is_alive = seen.status in ALIVE and order.end is not End.CANCELLED
        if is_alive:
            reports += self._replaced(order, seen.terms)
        return reports

    def hear_fill(self, reference: str, quantity: Decimal) -> list[OrderReport]:
        """Take in that so much more of an order was told as filled; an end may have waited."""
        self._filled[reference] = self._filled.get(reference, Decimal(0)) + quantity
        order = self._by_reference.get(reference)
        if order is None:
            return []
        filled = self._told_filled(order)
        wanted = max(order.quantity, *(proposed for proposed, _type in order.proposals), Decimal(0))
        if filled >= wanted and order.end is None and order.held is None:
            order.end = End.FILLED
        was_lacking = order.client_order_id in self._lacking
        self._note_lacking(order)
        if order.held is End.CANCELLED and was_lacking and filled >= order.claimed_filled:
            return self._end_cancelled(order, order.held_reason)
        return []

    def release_held(self) -> list[OrderReport]:
        """Report the ends that waited for what did not come, and what is lacking still."""
        reports: list[OrderReport] = []
        for order in list(self._lacking.values()):
            missing = order.claimed_filled - self._told_filled(order)
            text = f"Client Portal counts {missing} more as filled than its executions show"
            reports.append(Warned(order.client_order_id, text))
            order.looked_up_filled = order.claimed_filled
        self._lacking.clear()
        for order in list(self._held.values()):
            if order.held is End.CANCELLED:
                reports += self._end_cancelled(order, order.held_reason)
            else:
                reports += self._rejected(order, NO_REFUSAL_REASON, None, None)
        return reports

    @property
    def awaits_any(self) -> bool:
        """Whether a fill is lacking, or a report waits for something."""
        return bool(self._held or self._lacking)

    def _told_filled(self, order: TrackedOrder) -> Decimal:
        return order.earlier_filled + self._filled.get(order.client_order_id, Decimal(0))

    def _note_lacking(self, order: TrackedOrder) -> None:
        claimed = order.claimed_filled
        if claimed > self._told_filled(order) and claimed > order.looked_up_filled:
            self._lacking[order.client_order_id] = order
        else:
            self._lacking.pop(order.client_order_id, None)

    def _name(self, order: TrackedOrder, order_id: int) -> None:
        order.order_id = order_id
        self._by_order_id[order_id] = order

    def _doubled(self, client_order_id: str, order_id: int) -> list[OrderReport]:
        if order_id in self._doubles:
            return []
        self._doubles.add(order_id)
        text = f"a second order at Client Portal ({order_id}) carries this ClientOrderId"
        return [Warned(client_order_id, text)]

    def _hear(
        self, order: TrackedOrder, status: str, reason: str, *, is_listed: bool = False
    ) -> list[OrderReport]:
        if status in ALIVE:
            return self._alive(order, status, is_listed=is_listed)
        if status in BEING_CANCELLED:
            order.is_being_cancelled = True
            return []
        if status in CANCELLED:
            return self._cancelled(order, reason)
        if status in REFUSED:
            return self._inactive(order, reason)
        return []

    def _alive(
        self, order: TrackedOrder, status: str, *, is_listed: bool = False
    ) -> list[OrderReport]:
        if order.end is End.CANCELLED or order.held is End.CANCELLED:
            return []
        if order.end is End.FILLED and order.acknowledged:
            return []
        if order.end is End.REJECTED and status not in WORKING:
            return []
        reports: list[OrderReport] = []
        if not order.acknowledged or order.end is End.REJECTED:
            order_id = str(order.order_id)
            reports.append(Acknowledged(order.client_order_id, order_id, order.order_id))
        order.acknowledged = True
        # Its fills may have been told before anything else was.
        is_filled = status == "Filled" or order.end is End.FILLED
        order.end = End.FILLED if is_filled else None
        self._hold(order, None)
        if order.is_being_cancelled and status != "Filled" and not is_listed:
            order.is_being_cancelled = False
            if order.cancels_pending:
                reports += self.cancel_refused(order, CANCEL_UNDONE)
        return reports

    def _replaced(self, order: TrackedOrder, terms: Terms | None) -> list[OrderReport]:
        if terms is None or terms not in order.proposals:
            return []
        del order.proposals[: order.proposals.index(terms) + 1]
        order.quantity, order.order_type = terms
        return [Replaced(order.client_order_id, order.quantity, order.order_type)]

    def _cancelled(self, order: TrackedOrder, reason: str) -> list[OrderReport]:
        if order.end is not None:
            return []
        reason = "" if order.cancels_pending else reason or order.held_reason or NO_CANCEL_REASON
        if order.client_order_id in self._lacking:
            self._hold(order, End.CANCELLED, reason)
            return []
        return self._end_cancelled(order, reason)

    def _end_cancelled(self, order: TrackedOrder, reason: str) -> list[OrderReport]:
        self._finish(order, End.CANCELLED)
        return [Cancelled(order.client_order_id, reason)]

    def _inactive(self, order: TrackedOrder, reason: str) -> list[OrderReport]:
        if order.end is not None or order.held is End.CANCELLED:
            return []
        if reason:
            return self._rejected(order, reason, None, None)
        self._hold(order, End.REJECTED)
        return []

    def _rejected(
        self, order: TrackedOrder, reason: str, code: int | None, question: str | None
    ) -> list[OrderReport]:
        if order.end is not None:
            return []
        self._finish(order, End.REJECTED)
        return [Rejected(order.client_order_id, reason, code, question)]

    def _finish(self, order: TrackedOrder, end: End) -> None:
        order.end = end
        order.proposals.clear()
        order.cancels_pending, order.is_being_cancelled = 0, False
        self._hold(order, None)

    def _hold(self, order: TrackedOrder, end: End | None, reason: str = "") -> None:
        order.held, order.held_reason = end, reason
        if end is None:
            self._held.pop(order.client_order_id, None)
        else:
            self._held[order.client_order_id] = order
