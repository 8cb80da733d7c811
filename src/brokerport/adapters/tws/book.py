"""The adapter's own order book: what TWS said of each order, turned into reports, each told once.

ib_async keeps a book too, and it is wrong where it matters: any code it does not take for a warning
ends the order (so do 104, 161, 10147 and 10349 on one that lives), and a closed socket erases it
all. This book is pure: messages go in, reports come out.

Rules:

- A message is matched by its orderRef, else by its permId, else by client id and order id. An order
  id whose permId is another order's is no match, for TWS may hand out order ids again.
- The first status that shows the order accepted acknowledges it. A status alone is never a fill.
- Codes are read in context (``CodeTable.outcome``): a refusal while new terms are under way refuses
  them, and the order lives on.
- New terms hold once an openOrder shows them on an accepted order.
- Two orders at TWS under one ClientOrderId would be an order doubled: the second is pointed out and
  its messages are not taken for the first's.
- TWS says Cancelled first and why (202) next. If we asked for it, there is nothing to wait for.
  Otherwise the report waits for the reason, or for ``release_held``, which the owner calls once a
  list of open orders, asked for after the status came, lacks the order: a status alone may be
  false. A status that shows it working ends the wait. The reason is what follows IBKR's standing
  words "Order Canceled - reason:".
- TWS says why it refused (201) first, and shows the order Inactive next. An inactive order without
  a refusal before it waits in the same way, unless TWS holds it (404, ``whyHeld``): then it lives.
- An order called dead that is shown working again is acknowledged again.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from enum import Enum

from attrs import define, frozen

from brokerport.adapters.tws.code_table import HELD_FOR_SHARES, CodeTable, Outcome
from brokerport.adapters.tws.codes import CODES
from brokerport.config.tws_codes import OrderMeaning
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

ACCEPTED = frozenset({"PreSubmitted", "Submitted", "Filled"})
CANCELLED = frozenset({"Cancelled", "ApiCancelled"})
CANCEL_PREFIX = "Order Canceled - reason:"
NO_REASON = "TWS shows the order inactive and gave no reason"


class End(Enum):
    """How an order ended, as far as TWS has told."""

    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


@define(eq=False)
class TrackedOrder:
    """One order of ours and all that TWS has said of it; changed by the book alone."""

    client_order_id: str
    client_id: int
    order_id: int
    session: int
    broker_account: BrokerAccount
    instrument: Instrument
    side: Side
    time_in_force: TimeInForce
    quantity: Decimal
    order_type: OrderType
    perm_id: int | None = None
    acknowledged: bool = False
    proposed: tuple[Decimal, OrderType] | None = None
    cancels_pending: int = 0
    held_for_shares: bool = False
    end: End | None = None
    held: End | None = None
    refusal: tuple[int, str] | None = None
    shown: tuple[Decimal, OrderType] | None = None

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
    """An order as one openOrder message shows it, translated."""

    client_order_id: str
    client_id: int
    order_id: int
    perm_id: int | None
    broker_account: BrokerAccount
    instrument: Instrument
    side: Side
    time_in_force: TimeInForce
    quantity: Decimal
    order_type: OrderType
    status: str


class TwsOrderBook:
    """The orders this adapter placed, or found at TWS under our ClientOrderIds."""

    def __init__(self, codes: CodeTable = CODES) -> None:
        self._codes = codes
        self._by_reference: dict[str, TrackedOrder] = {}
        self._by_perm_id: dict[int, TrackedOrder] = {}
        self._by_order_id: dict[tuple[int, int], TrackedOrder] = {}
        self._held: dict[str, TrackedOrder] = {}
        self._doubles: set[int] = set()
        self._highest_order_id = 0

    @property
    def highest_order_id(self) -> int:
        """The highest order id seen, from any client: a new one must exceed it."""
        return self._highest_order_id

    def find(self, client_order_id: str) -> TrackedOrder | None:
        """Return the order of that ClientOrderId, or None."""
        return self._by_reference.get(client_order_id)

    def find_order_id(self, client_id: int, order_id: int) -> TrackedOrder | None:
        """Return the order that a client knows by that order id, or None."""
        return self._by_order_id.get((client_id, order_id))

    def match(
        self, *, reference: str = "", perm_id: int | None = None, client_id: int, order_id: int
    ) -> TrackedOrder | None:
        """Return the order that a message is about, or None when it is not one of ours."""
        self._highest_order_id = max(self._highest_order_id, order_id)
        order = self._by_reference.get(reference)
        if order is None and not reference:
            order = self._by_perm_id.get(perm_id or 0)
        if order is None and not reference:
            order = self._by_order_id.get((client_id, order_id))
        if order is None or _is_another(order, perm_id):
            return None
        if perm_id is not None:
            order.perm_id = perm_id
            self._by_perm_id[perm_id] = order
        return order

    def place(self, ticket: OrderTicket, client_id: int, order_id: int, session: int) -> None:
        """Enter an order that is about to leave; its fill may be quicker than its answer."""
        if ticket.client_order_id in self._by_reference:
            self.withdraw(ticket.client_order_id)
        self._enter(
            TrackedOrder(
                client_order_id=ticket.client_order_id,
                client_id=client_id,
                order_id=order_id,
                session=session,
                broker_account=ticket.broker_account,
                instrument=ticket.instrument,
                side=ticket.side,
                time_in_force=ticket.time_in_force,
                quantity=ticket.quantity,
                order_type=ticket.order_type,
            )
        )

    def withdraw(self, client_order_id: str) -> None:
        """Take out an order that did not leave after all."""
        order = self._by_reference.pop(client_order_id)
        self._by_order_id.pop((order.client_id, order.order_id), None)

    def replace(self, order: TrackedOrder, quantity: Decimal, order_type: OrderType) -> None:
        """Note that new terms are about to leave."""
        order.proposed = (quantity, order_type)

    def cancel(self, order: TrackedOrder) -> None:
        """Note that a cancel is about to leave."""
        order.cancels_pending += 1

    def withdraw_replace(self, order: TrackedOrder) -> None:
        """Note that new terms did not leave after all."""
        order.proposed = None

    def withdraw_cancel(self, order: TrackedOrder) -> None:
        """Note that a cancel did not leave after all."""
        order.cancels_pending = max(0, order.cancels_pending - 1)

    def show(self, seen: SeenOrder) -> list[OrderReport]:
        """Take in an openOrder message on an order that carries our ClientOrderId."""
        order = self.match(
            reference=seen.client_order_id,
            perm_id=seen.perm_id,
            client_id=seen.client_id,
            order_id=seen.order_id,
        )
        if order is None:
            if seen.client_order_id in self._by_reference:
                return self._doubled(seen)
            order = self._adopt(seen)
        order.shown = (seen.quantity, seen.order_type)
        if seen.status == "Inactive":
            # Only orderStatus says why it is held, and it comes next.
            return []
        return self.hear_status(order, seen.status)

    def hear_status(
        self, order: TrackedOrder, status: str, why_held: str = ""
    ) -> list[OrderReport]:
        """Take in an order's status."""
        if status in ACCEPTED:
            return self._accepted(order, status)
        if status in CANCELLED:
            return self._cancelled(order)
        if status == "Inactive":
            if why_held or order.held_for_shares:
                return self._accepted(order, status)
            return self._inactive(order)
        return []

    def hear_code(self, order: TrackedOrder, code: int, text: str) -> list[OrderReport]:
        """Take in an error message that names an order."""
        found = self._codes.outcome(
            code,
            replace_pending=order.proposed is not None,
            cancel_pending=order.cancels_pending > 0,
            acknowledged=order.acknowledged,
        )
        match found:
            case Outcome.REJECTED if order.end in (End.FILLED, End.CANCELLED):
                return [Warned(order.client_order_id, text, code)]
            case Outcome.REJECTED:
                return self._rejected(order, text, code)
            case Outcome.REPLACE_REFUSED:
                order.proposed = None
                if self._codes.known(code).on_order is OrderMeaning.REFUSED:
                    order.refusal = (code, text)
                return [ReplaceRefused(order.client_order_id, text, code)]
            case Outcome.CANCEL_REFUSED:
                order.cancels_pending -= 1
                return [CancelRefused(order.client_order_id, text, code)]
            case Outcome.CANCELLED:
                return self._cancelled(order, text)
            case Outcome.WARNED:
                if code == HELD_FOR_SHARES:
                    order.held_for_shares = True
                return [Warned(order.client_order_id, text, code)]

    @property
    def held(self) -> frozenset[str]:
        """The ClientOrderIds of the orders whose end waits for its reason."""
        return frozenset(self._held)

    def forget_held(self) -> None:
        """Believe none of the ends that wait: the line they came over is gone, unconfirmed."""
        for order in list(self._held.values()):
            self._hold(order, None)

    def release_held(self, confirmed: Collection[str]) -> list[OrderReport]:
        """Report the ends that waited for a reason in vain, of those that a list confirms."""
        reports: list[OrderReport] = []
        for order in [self._held[key] for key in confirmed if key in self._held]:
            if order.held is End.CANCELLED:
                reports += self._end_cancelled(order, "")
            else:
                reports += self._rejected(order, NO_REASON, None)
        return reports

    @property
    def holds_any(self) -> bool:
        """Whether a report waits for its reason."""
        return bool(self._held)

    def _enter(self, order: TrackedOrder) -> None:
        self._by_reference[order.client_order_id] = order
        self._by_order_id[order.client_id, order.order_id] = order
        self._highest_order_id = max(self._highest_order_id, order.order_id)

    def _adopt(self, seen: SeenOrder) -> TrackedOrder:
        order = TrackedOrder(
            client_order_id=seen.client_order_id,
            client_id=seen.client_id,
            order_id=seen.order_id,
            session=0,
            broker_account=seen.broker_account,
            instrument=seen.instrument,
            side=seen.side,
            time_in_force=seen.time_in_force,
            quantity=seen.quantity,
            order_type=seen.order_type,
            perm_id=seen.perm_id,
        )
        self._enter(order)
        if seen.perm_id is not None:
            self._by_perm_id[seen.perm_id] = order
        return order

    def _doubled(self, seen: SeenOrder) -> list[OrderReport]:
        if seen.perm_id is None or seen.perm_id in self._doubles:
            return []
        self._doubles.add(seen.perm_id)
        text = f"a second order at TWS (permId {seen.perm_id}) carries this ClientOrderId"
        return [Warned(seen.client_order_id, text)]

    def _accepted(self, order: TrackedOrder, status: str) -> list[OrderReport]:
        if order.end in (End.CANCELLED, End.FILLED):
            return []
        reports: list[OrderReport] = []
        if not order.acknowledged or order.end is End.REJECTED:
            order_id = str(order.order_id)
            reports.append(Acknowledged(order.client_order_id, order_id, order.perm_id))
        order.acknowledged = True
        order.refusal = None
        order.end = End.FILLED if status == "Filled" else None
        self._hold(order, None)
        if order.proposed is not None and order.proposed == order.shown:
            order.quantity, order.order_type = order.proposed
            order.proposed = None
            reports.append(Replaced(order.client_order_id, order.quantity, order.order_type))
        return reports

    def _cancelled(self, order: TrackedOrder, reason: str | None = None) -> list[OrderReport]:
        if order.end is not None:
            return []
        if order.cancels_pending:
            return self._end_cancelled(order, "")
        if reason is None:
            self._hold(order, End.CANCELLED)
            return []
        return self._end_cancelled(order, reason.removeprefix(CANCEL_PREFIX).strip())

    def _end_cancelled(self, order: TrackedOrder, reason: str) -> list[OrderReport]:
        self._finish(order, End.CANCELLED)
        return [Cancelled(order.client_order_id, reason)]

    def _inactive(self, order: TrackedOrder) -> list[OrderReport]:
        if order.end is not None or order.held is End.CANCELLED:
            return []
        if order.refusal is not None:
            code, text = order.refusal
            return self._rejected(order, text, code)
        self._hold(order, End.REJECTED)
        return []

    def _rejected(self, order: TrackedOrder, reason: str, code: int | None) -> list[OrderReport]:
        if order.end is not None:
            return []
        self._finish(order, End.REJECTED)
        return [Rejected(order.client_order_id, reason, code)]

    def _finish(self, order: TrackedOrder, end: End) -> None:
        order.end = end
        order.proposed, order.cancels_pending = None, 0
        self._hold(order, None)

    def _hold(self, order: TrackedOrder, end: End | None) -> None:
        order.held = end
        if end is None:
            self._held.pop(order.client_order_id, None)
        else:
            self._held[order.client_order_id] = order


def _is_another(order: TrackedOrder, perm_id: int | None) -> bool:
    return order.perm_id is not None and perm_id is not None and order.perm_id != perm_id
