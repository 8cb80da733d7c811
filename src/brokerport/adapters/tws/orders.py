"""The order port over TWS: what is sent for an order, and what TWS has on record.

Rules:

- An order enters the book and is given to pacing in one step, without a pause between, and once per
  session under one ClientOrderId. Its id is the next of ``OrderIds``.
- A request on an order returns when it has left. If the line ends while pacing holds it back, it
  never leaves, and that is what the caller is told.
- An order is changed and cancelled under the client id that placed it: with another's, the same
  order id would mean another order, or a new one.
- New terms for an order that has ended are refused here: sent to TWS under its id, they could bring
  an inactive order to life.
- A what-if travels without our ClientOrderId, so that nothing can take it for the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from ib_async.objects import ExecutionFilter

from brokerport.adapters.shared_read import SharedRead
from brokerport.adapters.tws.account_data import AccountData
from brokerport.adapters.tws.book import TrackedOrder
from brokerport.adapters.tws.contracts import Contracts
from brokerport.adapters.tws.line import Line
from brokerport.adapters.tws.reads import Kind
from brokerport.adapters.tws.records import completed_order, open_orders
from brokerport.adapters.tws.rows import CompletedOrderRow, ExecutionRow, OpenOrderRow
from brokerport.adapters.tws.session import Session
from brokerport.adapters.tws.translate_orders import (
    to_execution,
    to_margin_impact,
    to_tws_order,
)
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import MarginImpact
from brokerport.domain.errors import (
    InvalidOrder,
    NotConnected,
    OrderInDoubt,
    RequestRefused,
    UnknownOrder,
)
from brokerport.domain.order_types import OrderType
from brokerport.ports.orders import BookedExecution, OrderRecord, OrderTicket


class Orders:
    """Orders and executions at TWS."""

    def __init__(self, session: Session, contracts: Contracts, account_data: AccountData) -> None:
        self._session = session
        self._contracts = contracts
        self._account_data = account_data
        self._open = SharedRead(self._read_open)
        self._completed = SharedRead(self._read_completed)

    async def place(self, ticket: OrderTicket) -> None:
        """Hand the order to TWS, once; see ``OrderPort.place``.

        Raises:
            InvalidOrder: this session has sent an order of that ClientOrderId already.
            NotConnected, UnknownContract, RequestTimedOut, JournalUnavailable: nothing was sent.
        """
        self._check_not_sent(ticket.client_order_id)
        contract = await self._contracts.contract(ticket.instrument)
        order = to_tws_order(
            ticket, ticket.quantity, ticket.order_type, reference=ticket.client_order_id
        )
        line, book = self._session.line, self._session.book
        order_id = await self._session.order_ids.next(line)
        # From here on nothing pauses: what was checked still holds when the order leaves.
        self._check_not_sent(ticket.client_order_id)
        client = line.client
        book.place(ticket, self._session.settings.client_id, order_id, line.number)
        try:
            client.placeOrder(order_id, contract, order)
        except ConnectionError as error:
            book.withdraw(ticket.client_order_id)
            raise NotConnected(str(error)) from error
        except Exception as error:
            raise OrderInDoubt(ticket.client_order_id, "place", repr(error)) from error
        try:
            await line.until_left()
        except NotConnected:
            book.withdraw(ticket.client_order_id)
            raise

    async def replace(self, client_order_id: str, quantity: Decimal, order_type: OrderType) -> None:
        """Ask for new terms on a working order; see ``OrderPort.replace``.

        Raises:
            NotConnected, RequestTimedOut: nothing was sent.
            UnknownOrder: TWS does not show it, or it was placed under another client id.
        """
        tracked = await self._tracked(client_order_id)
        contract = await self._contracts.contract(tracked.instrument)
        if tracked.end is not None:
            self._session.order_events.refuse_replace(tracked)
            return
        order = to_tws_order(tracked.ticket, quantity, order_type, reference=client_order_id)
        line, book = self._session.line, self._session.book
        client = line.client
        book.replace(tracked, quantity, order_type)
        await _send_change(
            "replace",
            tracked,
            line,
            send=lambda: client.placeOrder(tracked.order_id, contract, order),
            withdraw=book.withdraw_replace,
        )

    async def cancel(self, client_order_id: str) -> None:
        """Ask to cancel a working order; see ``OrderPort.cancel``.

        Raises:
            NotConnected, RequestTimedOut: nothing was sent.
            UnknownOrder: TWS does not show it, or it was placed under another client id.
        """
        tracked = await self._tracked(client_order_id)
        line, book = self._session.line, self._session.book
        client = line.client
        book.cancel(tracked)
        await _send_change(
            "cancel",
            tracked,
            line,
            send=lambda: client.cancelOrder(tracked.order_id),
            withdraw=book.withdraw_cancel,
        )

    async def open_orders(self, broker_account: BrokerAccount) -> tuple[OrderRecord, ...]:
        """Read the account's working orders, of every client and of TWS itself.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
            Unsupported: one of ours was changed into a kind brokerport has no words for.
        """
        self._session.require_managed(broker_account)
        return open_orders(await self._open(), broker_account)

    async def completed_orders(self, broker_account: BrokerAccount) -> tuple[OrderRecord, ...]:
        """Read the account's orders of this trading day that are done.

        TWS names no order id here: ``broker_order_id`` is empty for an order this adapter does not
        know.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
            Unsupported: one of ours was changed into a kind brokerport has no words for.
        """
        self._session.require_managed(broker_account)
        book = self._session.book
        rows: Iterable[CompletedOrderRow] = await self._completed()
        return tuple(
            completed_order(row, book)
            for row in rows
            if row.order.account == broker_account.account_id
        )

    async def executions(self, broker_account: BrokerAccount) -> tuple[BookedExecution, ...]:
        """Read the account's executions since midnight, each in its latest revision.

        The lines of a combination as a whole are left out: its legs are there each.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
            Unsupported: one is in an instrument brokerport does not have.
        """
        self._session.require_managed(broker_account)
        line = self._session.line
        client = line.client
        wanted = ExecutionFilter(acctCode=broker_account.account_id)
        rows: list[ExecutionRow] = await line.read(
            "executions", lambda request_id: client.reqExecutions(request_id, wanted)
        )
        latest: dict[str, BookedExecution] = {}
        for row in rows:
            if row.contract.secType == "BAG":
                continue
            execution = to_execution(row.contract, row.execution)
            if execution.broker_account != broker_account:
                continue
            known = latest.get(execution.family)
            if known is None or known.execution.revision <= execution.revision:
                commission = self._session.order_events.commission(execution.execution_id)
                latest[execution.family] = BookedExecution(execution, commission)
        return tuple(sorted(latest.values(), key=lambda entry: entry.execution.executed_at))

    async def margin_impact(self, ticket: OrderTicket) -> MarginImpact:
        """Ask what the order would do to margin, without placing it.

        Raises:
            RequestRefused: TWS would not accept the order, with its reason and code.
            NotConnected, RequestTimedOut, TemporarilyRefused, UnknownContract, JournalUnavailable:
                there is no answer.
        """
        currency = await self._account_data.base_currency(ticket.broker_account)
        contract = await self._contracts.contract(ticket.instrument)
        order = to_tws_order(ticket, ticket.quantity, ticket.order_type, reference="")
        order.whatIf = True
        line = self._session.line
        client = line.client
        rows: list[OpenOrderRow] = await line.read(
            "the margin an order would take",
            lambda order_id: client.placeOrder(order_id, contract, order),
            complete_in=lambda _rows: 0,
            request_id=await self._session.order_ids.next(line),
        )
        try:
            return to_margin_impact(rows[0].state, currency)
        except ValueError as error:
            words = rows[0].state.warningText or str(error)
            raise RequestRefused(words) from error

    def _check_not_sent(self, client_order_id: str) -> None:
        line = self._session.line
        tracked = self._session.book.find(client_order_id)
        if tracked is not None and (tracked.session == line.number or tracked.acknowledged):
            raise InvalidOrder(
                "client_order_id", client_order_id, "one not given to the broker already"
            )

    async def _tracked(self, client_order_id: str) -> TrackedOrder:
        _ = self._session.line
        book = self._session.book
        if book.find(client_order_id) is None:
            await self._open()
        tracked = book.find(client_order_id)
        if tracked is None:
            raise UnknownOrder(f"TWS shows no order {client_order_id}")
        client_id = self._session.settings.client_id
        if tracked.client_id != client_id or tracked.order_id <= 0:
            raise UnknownOrder(
                f"order {client_order_id} was placed under TWS client id {tracked.client_id}; "
                f"this session is client {client_id} and cannot change it"
            )
        return tracked

    async def _read_open(self) -> list[object]:
        line = self._session.line
        return await line.read_kind(Kind.OPEN_ORDERS, line.client.reqAllOpenOrders)

    async def _read_completed(self) -> list[CompletedOrderRow]:
        line = self._session.line
        client = line.client
        return await line.read_kind(Kind.COMPLETED_ORDERS, lambda: client.reqCompletedOrders(False))


async def _send_change(
    action: str,
    tracked: TrackedOrder,
    line: Line,
    *,
    send: Callable[[], None],
    withdraw: Callable[[TrackedOrder], None],
) -> None:
    """Send a change or cancel that the book has noted, and wait until it has left.

    Raises:
        NotConnected: the line ended before it left; ``withdraw`` has taken it back.
        OrderInDoubt: it may have left.
    """
    try:
        send()
    except Exception as error:
        raise OrderInDoubt(tracked.client_order_id, action, repr(error)) from error
    try:
        await line.until_left()
    except NotConnected:
        withdraw(tracked)
        raise
