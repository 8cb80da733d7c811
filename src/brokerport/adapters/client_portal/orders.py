"""The order port over Client Portal: what is sent for an order, and what comes of it.

Rules:

- An order enters the book before its first byte leaves, once per session under one ClientOrderId.
- A request on an order returns when its answer has been reported. Who gives up waiting for it does
  not stop it: its answer is reported all the same.
- An order whose answer is lost is in doubt. It is never sent again: it is looked for in the lists
  of orders and trades, and what is found is reported. An order refused because its ClientOrderId is
  taken may be one whose answer was lost: that is doubt too, not a refusal.
- A change carries the whole ticket. New terms and cancels for an order that has ended are refused
  here.
- A preview carries no ClientOrderId, so that nothing can take it for the order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable
from decimal import Decimal
from typing import Any, TypeVar

from brokerport.adapters.client_portal.account_data import AccountData
from brokerport.adapters.client_portal.answers import (
    Refusal,
    Taken,
    Unclear,
    cancel_answer,
    trouble_of,
)
from brokerport.adapters.client_portal.book import Terms, TrackedOrder
from brokerport.adapters.client_portal.changes import Change
from brokerport.adapters.client_portal.contracts import Contracts
from brokerport.adapters.client_portal.line import Line
from brokerport.adapters.client_portal.order_chain import OrderChain, Refused
from brokerport.adapters.client_portal.pacing import Lane
from brokerport.adapters.client_portal.records import Records
from brokerport.adapters.client_portal.session import Session
from brokerport.adapters.client_portal.translate_margin import to_margin_impact
from brokerport.adapters.client_portal.translate_orders import to_ticket
from brokerport.adapters.client_portal.transport import AnswerLost
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import MarginImpact
from brokerport.domain.errors import (
    BrokerportError,
    InvalidOrder,
    NotConnected,
    OrderInDoubt,
    RequestRefused,
    UnknownOrder,
)
from brokerport.domain.order_types import OrderType
from brokerport.domain.reports import OrderReport
from brokerport.ports.orders import BookedExecution, OrderRecord, OrderTicket

T = TypeVar("T")

LOOKUPS_MAX = 4
LOOKUP_SECONDS = 5.0
# "Local order ID=... is already registered": there is an order of that ClientOrderId.
REGISTERED = "already registered"
# The stream may have told in the same moment what a lost answer would have: so many turns of the
# event loop are enough for what has arrived to be taken in.
STREAM_TURNS = 5
SNAPSHOT_FIELDS = "31,84,86"


class Orders:
    """Orders and executions at Client Portal."""

    def __init__(
        self,
        session: Session,
        contracts: Contracts,
        account_data: AccountData,
        records: Records,
    ) -> None:
        self._session = session
        self._contracts = contracts
        self._account_data = account_data
        self._records = records

    async def place(self, ticket: OrderTicket) -> None:
        """Hand the order to Client Portal, once; see ``OrderPort.place``.

        Raises:
            InvalidOrder: this session has sent an order of that ClientOrderId already.
            NotConnected, UnknownContract, RequestTimedOut, RequestRefused: nothing was placed.
            OrderInDoubt: it may have been.
        """
        self._session.require_connected()
        self._check_not_sent(ticket.client_order_id)
        identity = await self._contracts.contract_id(ticket.instrument)
        line = await self._session.ready_line()
        # From here on nothing pauses: what was checked still holds when the order is in the book.
        self._check_not_sent(ticket.client_order_id)
        tracked = self._session.book.place(ticket)
        change = Change.place(self._session.book, tracked)
        path = f"/iserver/account/{ticket.broker_account.account_id}/orders"
        body = {"orders": [to_ticket(ticket, identity, ticket.quantity, ticket.order_type)]}
        await self._to_its_end(change, self._place(change, line, path, body))

    async def replace(self, client_order_id: str, quantity: Decimal, order_type: OrderType) -> None:
        """Ask for new terms on a working order; see ``OrderPort.replace``.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: nothing was changed.
            UnknownOrder: Client Portal does not show it.
            OrderInDoubt: the new terms may hold.
        """
        tracked, order_id = await self._tracked(client_order_id)
        identity = await self._contracts.contract_id(tracked.instrument)
        line = await self._session.ready_line()
        book = self._session.book
        if tracked.end is not None:
            self._report(book.replace_refused(tracked, _ended(tracked)))
            return
        book.replace(tracked, quantity, order_type)
        terms = (quantity, order_type)
        change = Change.replace(book, tracked, terms)
        body = to_ticket(tracked.ticket, identity, quantity, order_type)
        path = _order_path(tracked, order_id)
        await self._to_its_end(change, self._replace(change, line, path, body, terms))

    async def cancel(self, client_order_id: str) -> None:
        """Ask to cancel a working order; see ``OrderPort.cancel``.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: nothing was cancelled.
            UnknownOrder: Client Portal does not show it.
            OrderInDoubt: it may be cancelled.
        """
        tracked, order_id = await self._tracked(client_order_id)
        line = await self._session.ready_line()
        book = self._session.book
        if tracked.end is not None:
            self._report(book.cancel_refused(tracked, _ended(tracked)))
            return
        book.cancel(tracked)
        change = Change.cancel(book, tracked)
        await self._to_its_end(change, self._cancel(change, line, _order_path(tracked, order_id)))

    async def open_orders(self, broker_account: BrokerAccount) -> tuple[OrderRecord, ...]:
        """Read the account's working orders; see ``Records.open_orders``."""
        return await self._records.open_orders(broker_account)

    async def completed_orders(self, broker_account: BrokerAccount) -> tuple[OrderRecord, ...]:
        """Read the account's orders that are done; see ``Records.completed_orders``."""
        return await self._records.completed_orders(broker_account)

    async def executions(self, broker_account: BrokerAccount) -> tuple[BookedExecution, ...]:
        """Read the account's executions of the day; see ``Records.executions``."""
        return await self._records.executions(broker_account)

    async def margin_impact(self, ticket: OrderTicket) -> MarginImpact:
        """Ask what the order would do to margin, without placing it.

        Raises:
            UnknownContract: Client Portal knows no such instrument.
            RequestRefused: the broker would not accept the order.
            NotConnected, RequestTimedOut: the read failed.
        """
        session, account = self._session, ticket.broker_account
        session.require_connected()
        identity = await self._contracts.contract_id(ticket.instrument)
        currency = await self._account_data.base_currency(account)
        # IBKR previews only what it has shown a snapshot of.
        await session.read(
            "GET",
            "/iserver/marketdata/snapshot",
            query={"conids": str(identity), "fields": SNAPSHOT_FIELDS},
        )
        previewed = to_ticket(
            ticket, identity, ticket.quantity, ticket.order_type, with_reference=False
        )
        path = f"/iserver/account/{account.account_id}/orders/whatif"
        answer = await session.read("POST", path, body={"orders": [previewed]})
        try:
            return to_margin_impact(answer, currency)
        except ValueError as error:
            raise RequestRefused(f"Client Portal's preview is incomplete: {error}") from error

    def _check_not_sent(self, client_order_id: str) -> None:
        if self._session.book.find(client_order_id) is not None:
            raise InvalidOrder(
                "client_order_id", client_order_id, "one not given to the broker already"
            )

    async def _tracked(self, client_order_id: str) -> tuple[TrackedOrder, int]:
        """Return an order and its id at the broker, looking for it when it is not known."""
        self._session.require_connected()
        book = self._session.book
        tracked = book.find(client_order_id)
        is_done = tracked is not None and tracked.end is not None
        if not is_done and (tracked is None or tracked.order_id is None):
            await self._session.read_lists()
            tracked = book.find(client_order_id)
        if tracked is None or (tracked.order_id is None and tracked.end is None):
            raise UnknownOrder(f"Client Portal shows no order {client_order_id}")
        return tracked, tracked.order_id or 0

    async def _place(self, change: Change, line: Line, path: str, body: object) -> None:
        outcome = await self._answered(change, line, self._chain(line).submit(path, body, change))
        book, tracked = self._session.book, change.tracked
        match outcome:
            case Taken(order_id, status, others):
                for one in (order_id, *others):
                    self._report(book.taken(tracked, one, status))
            case Refused(reason) if REGISTERED in reason.lower():
                raise self._in_doubt(change, reason)
            case Refused(reason, code, question):
                self._report(book.refused(tracked, reason, code, question))

    async def _replace(
        self, change: Change, line: Line, path: str, body: object, terms: Terms
    ) -> None:
        outcome = await self._answered(change, line, self._chain(line).submit(path, body, change))
        book, tracked = self._session.book, change.tracked
        match outcome:
            case Taken(order_id, status):
                self._report(book.replace_taken(tracked, terms, order_id, status))
            case Refused(reason, code, question):
                refused = book.replace_refused(tracked, reason, code, question, terms=terms)
                self._report(refused)

    async def _cancel(self, change: Change, line: Line, path: str) -> None:
        asked = line.ask(Lane.CANCEL, "DELETE", path, on_leaving=change.leaves)
        reply = await self._answered(change, line, asked)
        trouble = None if reply is None else trouble_of(reply)
        if trouble is not None:
            change.withdraw()
            self._session.on_trouble(trouble)
            raise NotConnected(f"the cancel was not taken: {trouble.value}")
        match None if reply is None else cancel_answer(reply):
            case Refusal(reason, code):
                book = self._session.book
                self._report(book.cancel_refused(change.tracked, reason, code))
            case Unclear(detail):
                raise self._in_doubt(change, detail)
            case None:
                pass

    def _chain(self, line: Line) -> OrderChain:
        answered = self._session.settings.answered_questions
        return OrderChain(line, answered, self._session.on_trouble)

    async def _answered(self, change: Change, line: Line, sent: Awaitable[T]) -> T | None:
        """Return the answer to a request; None when what became of it was told another way.

        Raises:
            NotConnected: the broker did not take it; the book has forgotten it.
            OrderInDoubt: it may have.
        """
        try:
            answer = await sent
        except NotConnected:
            change.withdraw()
            raise
        except AnswerLost as error:
            for _turn in range(STREAM_TURNS):
                if change.is_settled():
                    return None
                await asyncio.sleep(0)
            raise self._in_doubt(change, str(error)) from error
        except asyncio.CancelledError:
            if not change.has_left:
                change.withdraw()
            raise
        if not self._session.is_current(line):
            raise change.doubt("the session ended before its answer came")
        return answer

    async def _to_its_end(self, change: Change, work: Coroutine[Any, Any, None]) -> None:
        """Carry out a request; once it has left, it goes on when nobody waits for it any more."""
        task = self._session.spawn_request(work, f"client portal {change.action}")
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if not change.has_left:
                task.cancel()
            # What becomes of it is reported; its error is for a caller who is gone.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise

    def _in_doubt(self, change: Change, detail: str) -> OrderInDoubt:
        """Begin to look for what became of an order, and return the error for its caller."""
        self._session.spawn(self._look_up(change), "client portal look-up of an order")
        return change.doubt(detail)

    async def _look_up(self, change: Change) -> None:
        for reading in range(LOOKUPS_MAX):
            if reading:
                await self._session.sleep(LOOKUP_SECONDS)
            try:
                await self._session.read_lists(change.tracked.broker_account)
            except BrokerportError:
                # Nothing is known, then: it is read again.
                continue
            if change.is_settled():
                return
        text = (
            f"{change.action} of order {change.tracked.client_order_id} is in doubt: "
            f"Client Portal's lists did not settle it in {LOOKUPS_MAX} readings"
        )
        self._session.order_events.notice(("doubt", change), text)

    def _report(self, reports: Iterable[OrderReport]) -> None:
        self._session.order_events.report(reports)


def _order_path(tracked: TrackedOrder, order_id: int) -> str:
    return f"/iserver/account/{tracked.broker_account.account_id}/order/{order_id}"


def _ended(tracked: TrackedOrder) -> str:
    return f"the order is {'ended' if tracked.end is None else tracked.end.value} already"
