"""What Client Portal says of orders and fills, turned into the events that the listener gets.

Rules:

- ``sor`` tells an order whole once, and then only what changed: rows are put together by order id.
- A fill is told once, by its execution id; so is its commission, after the fill.
- A correction (an execution id that differs from a known one only in its revision) is told as the
  execution that takes its place; an older revision is not told any more.
- What had happened before a session began is no news, whenever it is told, except of orders in the
  book: what they missed is told. An order of ours that works already is adopted and acknowledged.
- What brokerport has no words for (a future, a combination as a whole) is pointed out as a notice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from brokerport.adapters.client_portal.book import ALIVE, PortalBook, SeenOrder, Terms, TrackedOrder
from brokerport.adapters.client_portal.translate_executions import (
    executed_at,
    filled_by,
    is_combination,
    row_execution_id,
    to_commission,
    to_execution,
)
from brokerport.adapters.client_portal.translate_orders import (
    Row,
    row_account,
    row_contract_id,
    row_filled,
    row_order_id,
    row_quantity,
    row_reason,
    row_reference,
    row_status,
    to_order_type,
    to_side,
    to_time_in_force,
)
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import BadInput, RequestRefused, UnknownContract, Unsupported
from brokerport.domain.executions import Commission, execution_family
from brokerport.domain.instruments import Instrument
from brokerport.domain.orders import is_client_order_id
from brokerport.domain.reports import OrderReport
from brokerport.ports.orders import OrderTicket
from brokerport.ports.session import (
    AdapterEvent,
    CommissionReported,
    ExecutionReported,
    NoticeReported,
    OrderReported,
)

# Looks up what a contract id stands for; None when brokerport does not have it.
InstrumentOf = Callable[[int], Awaitable[Instrument | None]]


class OrderEvents:
    """Turns rows about orders into events; lives as long as the adapter, across sessions."""

    def __init__(self, book: PortalBook, emit: Callable[[AdapterEvent], None]) -> None:
        self._book = book
        self._emit = emit
        self.instrument_of: InstrumentOf = _no_instruments
        self._rows: dict[int, dict[str, Any]] = {}
        self._revisions: dict[str, int] = {}
        self._quantities: dict[str, Decimal] = {}
        self._told: dict[str, tuple[BrokerAccount, str]] = {}
        self._commissions: dict[str, Commission] = {}
        self._noticed: set[object] = set()
        # Until when what happened is no news; all of it while a session begins, which is None.
        self._began_at: datetime | None = None

    def begins_session(self) -> None:
        """Take what comes now for what had happened before."""
        self._rows.clear()
        self._began_at = None

    def has_begun(self, at: datetime) -> None:
        """Take what happens from now on, by the broker's clock, for news."""
        self._began_at = at

    async def hear_order(self, row: Row, *, is_listed: bool = False) -> None:
        """Take in a row about an order, whole or only what changed; of a list, or the stream's.

        Raises:
            ValueError: it cannot be read.
            NotConnected, RequestTimedOut: what it is an order of could not be looked up.
        """
        order_id = row_order_id(row)
        whole = self._rows.setdefault(order_id, {})
        whole.update(row)
        reference = row_reference(whole)
        tracked = self._book.match(reference, order_id)
        if tracked is None:
            if not is_client_order_id(reference):
                return
            tracked = self._book.find(reference or "") or await self._adopted(
                whole, reference or ""
            )
            if tracked is None:
                return
        seen = SeenOrder(
            client_order_id=tracked.client_order_id,
            order_id=order_id,
            terms=self._terms(whole, tracked),
            status=row_status(whole),
            filled=row_filled(whole),
            reason=row_reason(whole),
            is_listed=is_listed,
        )
        self.report(self._book.show(seen))

    async def hear_execution(self, row: Row) -> None:
        """Take in a row about an execution, with its commission or without.

        Raises:
            ValueError: it cannot be read.
            NotConnected, RequestTimedOut: what it is an execution in could not be looked up.
        """
        if is_combination(row):
            return
        execution_id = row_execution_id(row)
        family, revision = execution_family(execution_id)
        known = self._revisions.get(family)
        if known is None or revision > known:
            await self._hear_news(row, family, revision)
        self._hear_commission(row)

    def report(self, reports: Iterable[OrderReport]) -> None:
        """Tell the listener what the book reports."""
        for report in reports:
            self._emit(OrderReported(report))

    def notice(self, key: object, text: str) -> None:
        """Tell the listener something once that belongs to no order."""
        if key not in self._noticed:
            self._noticed.add(key)
            self._emit(NoticeReported(None, text))

    async def _hear_news(self, row: Row, family: str, revision: int) -> None:
        reference = row_reference(row)
        order_id = None if row.get("order_id") is None else row_order_id(row)
        tracked = self._book.match(reference, order_id)
        if tracked is not None:
            reference = tracked.client_order_id
        if tracked is None and (self._began_at is None or executed_at(row) < self._began_at):
            self._count(row, reference, family, revision)
            return
        try:
            instrument = await self._instrument(row, tracked)
            execution = to_execution(row, instrument, reference)
        except (Unsupported, UnknownContract, RequestRefused) as error:
            if tracked is not None:
                raise ValueError(f"a fill of order {reference} cannot be read: {error}") from error
            if not isinstance(error, RequestRefused):
                # What was only refused now may be answered when the fill is told again.
                self._revisions[family] = revision
            self.notice(("execution", family, revision), f"a fill is not shown: {error}")
            return
        self._told[execution.execution_id] = (execution.broker_account, instrument.currency)
        self._emit(ExecutionReported(execution))
        self._hear_commission(row)
        self._count(row, reference, family, revision)

    def _count(self, row: Row, reference: str | None, family: str, revision: int) -> None:
        """Note a fill as known, and count it for its order; a correction counts by what differs."""
        quantity = filled_by(row)
        further = quantity - self._quantities.get(family, Decimal(0))
        self._revisions[family], self._quantities[family] = revision, quantity
        order_id = None if row.get("order_id") is None else row_order_id(row)
        first = self._book.find(reference or "")
        is_of_double = first is not None and self._book.match(reference, order_id) is not first
        if reference is not None and not is_of_double:
            self.report(self._book.hear_fill(reference, further))

    def _hear_commission(self, row: Row) -> None:
        """Tell what a fill cost, once it is known, if the fill was told."""
        told = self._told.get(row_execution_id(row))
        if told is None:
            return
        account, currency = told
        commission = to_commission(row, currency)
        if commission is None or self._commissions.get(commission.execution_id) == commission:
            return
        self._commissions[commission.execution_id] = commission
        self._emit(CommissionReported(account, commission))

    async def _adopted(self, row: Row, reference: str) -> TrackedOrder | None:
        """Enter an order of ours that works already; None when it is done or in other words."""
        if row_status(row) not in ALIVE - {"Filled"}:
            return None
        try:
            instrument = await self._instrument(row, None)
            ticket = OrderTicket(
                client_order_id=reference,
                broker_account=row_account(row),
                instrument=instrument,
                side=to_side(row),
                quantity=row_quantity(row),
                order_type=to_order_type(row),
                time_in_force=to_time_in_force(row),
            )
        except (BadInput, Unsupported, UnknownContract, RequestRefused, ValueError) as error:
            key = ("changed", reference, str(error))
            self.notice(key, f"order {reference} was changed at Client Portal: {error}")
            return None
        tracked = self._book.find(reference)
        if tracked is not None:
            # It was entered while its instrument was looked up.
            return tracked
        return self._book.adopt(ticket, row_order_id(row), row_filled(row))

    def _terms(self, row: Row, tracked: TrackedOrder) -> Terms | None:
        try:
            return row_quantity(row), to_order_type(row)
        except (Unsupported, ValueError) as error:
            if "totalSize" in row and "orderType" in row:
                reference = tracked.client_order_id
                key = ("changed", reference, str(error))
                self.notice(key, f"order {reference} was changed at Client Portal: {error}")
            return None

    async def _instrument(self, row: Row, tracked: TrackedOrder | None) -> Instrument:
        if tracked is not None:
            return tracked.instrument
        identity = row_contract_id(row)
        instrument = await self.instrument_of(identity)
        if instrument is None:
            named = row.get("symbol") or row.get("ticker") or ""
            raise Unsupported(f"contract {identity} {named} is no instrument brokerport has")
        return instrument


async def _no_instruments(_identity: int) -> Instrument | None:
    return None
