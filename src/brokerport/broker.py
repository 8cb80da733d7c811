"""Broker: what a library user holds. One interface, whichever API carries it.

Every call on orders, positions or money names the logical account; quotes and contracts belong to
the session, as at IBKR, and name none. Open one with ``open_broker``::

    async with open_broker("brokerport.toml") as broker:
        order = await broker.place(
            OrderRequest("gen", Stock("AAPL"), Side.BUY, 100, Limit("190.00"))
        )
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal

from attrs import frozen

from brokerport.domain.accounts import AccountMap, LogicalAccount
from brokerport.domain.balances import Balances, MarginImpact, ProfitAndLoss
from brokerport.domain.contracts import ContractDetails, OptionChain
from brokerport.domain.errors import NotConnected, RequestTimedOut
from brokerport.domain.events import SessionState
from brokerport.domain.instruments import Instrument, Stock
from brokerport.domain.known import Known
from brokerport.domain.market_data import Quote
from brokerport.domain.order_types import OrderType
from brokerport.domain.orders import ClientOrderId, Order, OrderRequest
from brokerport.domain.positions import Holding
from brokerport.domain.reconciliation import Reconciliation
from brokerport.ports.adapter import BrokerAdapter, Capability
from brokerport.ports.journal import Journal
from brokerport.ports.orders import BookedExecution
from brokerport.services.event_bus import EventBus, EventStream
from brokerport.services.event_gate import EventGate
from brokerport.services.last_known import LastKnown
from brokerport.services.order_book import OrderBook
from brokerport.services.order_desk import OrderDesk
from brokerport.services.order_gate import OrderGate
from brokerport.services.quarantine import Quarantine
from brokerport.services.reconciler import Reconciler
from brokerport.services.session_supervisor import SessionSupervisor


@frozen
class Broker:
    """Orders, executions, positions, balances, quotes and contracts of the mapped accounts."""

    _adapter: BrokerAdapter
    _accounts: AccountMap
    _book: OrderBook
    _desk: OrderDesk
    _supervisor: SessionSupervisor
    _bus: EventBus
    _gate: EventGate
    _order_gate: OrderGate
    _last_known: LastKnown
    _reconciler: Reconciler
    _quarantine: Quarantine
    _journal: Journal

    @property
    def adapter_name(self) -> str:
        """The name of the adapter in use, such as ``tws``."""
        return self._adapter.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the adapter in use can do."""
        return self._adapter.capabilities

    @property
    def accounts(self) -> tuple[LogicalAccount, ...]:
        """The logical accounts that are mapped."""
        return tuple(self._accounts)

    @property
    def session_state(self) -> SessionState:
        """Where the session with the broker stands."""
        return self._supervisor.state

    def events(self) -> EventStream:
        """Return a stream of what happens from now on; close it when done.

        The first stream begins with what happened while the session was opened: its states, the
        orders taken over from an earlier session, and contradictions found among them.
        """
        return self._bus.subscribe()

    async def place(self, request: OrderRequest) -> Order:
        """Place an order; return it once the broker works it, or has filled it already.

        Raises:
            UnknownAccount, UnknownContract, InvalidOrder, NotConnected: nothing was sent.
            AccountQuarantined: the account is closed for opening orders; nothing was sent.
            OrderRejected: the broker refused it, for the reason given.
            UnansweredQuestion: it asked something first that no setting allows a yes to.
            OrderInDoubt: no answer came; the order may be working. Do not place it again.
        """
        await self._order_gate.admit()
        return await self._desk.place(request)

    async def replace(
        self,
        account: str,
        client_order_id: ClientOrderId | str,
        *,
        quantity: Decimal | None = None,
        order_type: OrderType | None = None,
    ) -> Order:
        """Give a working order a new quantity, order type or both; what is None stays.

        ``quantity`` is the whole order's, what is filled already included.

        Raises:
            UnknownAccount, UnknownOrder, InvalidOrder, NotConnected: nothing was sent.
            AccountQuarantined: the account is closed, and more would open; nothing was sent.
            ReplaceRejected: the change was refused; the order lives on as it was, or has ended.
            OrderInDoubt: no answer came; either set of terms may hold.
        """
        await self._order_gate.admit()
        return await self._desk.replace(account, str(client_order_id), quantity, order_type)

    async def cancel(self, account: str, client_order_id: ClientOrderId | str) -> Order:
        """Cancel a working order; return it once it is off the market.

        Raises:
            UnknownAccount, UnknownOrder, NotConnected: nothing was sent.
            CancelRejected: refused, or the order ended another way first (a fill, mostly).
            OrderInDoubt: no answer came; the order may still be working.
        """
        await self._order_gate.admit_cancel()
        return await self._desk.cancel(account, str(client_order_id))

    async def order_status(self, account: str, client_order_id: ClientOrderId | str) -> Order:
        """Return all that is known of one order, done or not.

        Raises:
            UnknownAccount, UnknownOrder: there is no such order.
        """
        return self._book.order(account, str(client_order_id))

    async def open_orders(self, account: str) -> tuple[Order, ...]:
        """Return the account's orders that are not done, those in doubt included.

        Raises:
            UnknownAccount: the account is not mapped.
        """
        self._accounts.logical(account)
        return self._book.open_orders_of(account)

    async def wait_until_done(
        self, account: str, client_order_id: ClientOrderId | str, timeout_seconds: float
    ) -> Order:
        """Wait until an order is filled, cancelled or rejected, and return it.

        Raises:
            UnknownAccount, UnknownOrder: there is no such order.
            RequestTimedOut: it is still alive; nothing was changed.
            NotConnected: the broker was closed, or the session was lost, and nothing was heard.
        """
        key = str(client_order_id)
        with self._bus.subscribe(key) as changes:
            order = self._book.order(account, key)
            try:
                async with asyncio.timeout(timeout_seconds):
                    while not order.status.is_done:
                        await anext(changes)
                        order = self._book.order(account, key)
            except TimeoutError:
                # Without a session it may have ended long ago: where it stands is not known.
                self._supervisor.require_ready()
                raise RequestTimedOut(
                    f"order {key} is still {order.status.value} after {timeout_seconds:g} seconds"
                ) from None
            except StopAsyncIteration:
                raise NotConnected(
                    f"the broker was closed while order {key} was {order.status.value}"
                ) from None
        return order

    async def executions(self, account: str) -> tuple[BookedExecution, ...]:
        """Read the executions the broker shows for the account, with their commissions.

        TWS shows those since midnight, New York time.

        Raises:
            UnknownAccount, NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        broker_account = self._accounts.broker_account(account)
        self._supervisor.require_ready()
        return await self._adapter.orders.executions(broker_account)

    async def positions(self, account: str) -> tuple[Holding, ...]:
        """Read what the account holds, with average costs; flat positions are left out.

        Raises:
            UnknownAccount, NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        broker_account = self._accounts.broker_account(account)
        self._supervisor.require_ready()
        holdings = await self._adapter.account_data.positions(broker_account)
        self._last_known.keep_positions(account, holdings)
        return holdings

    def last_known_positions(self, account: str) -> Known[tuple[Holding, ...]]:
        """Return what the account held when ``positions`` was last read, and when that was.

        Raises:
            UnknownAccount: the account is not mapped.
            NotConnected: nothing was ever read.
        """
        self._accounts.logical(account)
        return self._last_known.positions(account)

    async def balances(self, account: str) -> Balances:
        """Read the account's cash, equity, buying power and margin.

        Raises:
            UnknownAccount, NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        broker_account = self._accounts.broker_account(account)
        self._supervisor.require_ready()
        balances = await self._adapter.account_data.balances(broker_account)
        self._last_known.keep_balances(account, balances)
        return balances

    def last_known_balances(self, account: str) -> Known[Balances]:
        """Return the account's balances as ``balances`` last read them, and when that was.

        Raises:
            UnknownAccount: the account is not mapped.
            NotConnected: nothing was ever read.
        """
        self._accounts.logical(account)
        return self._last_known.balances(account)

    async def profit_and_loss(self, account: str) -> ProfitAndLoss:
        """Read the account's daily, unrealised and realised profit and loss.

        Raises:
            UnknownAccount, NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        broker_account = self._accounts.broker_account(account)
        self._supervisor.require_ready()
        return await self._adapter.account_data.profit_and_loss(broker_account)

    async def reconcile(self, account: str) -> Reconciliation:
        """Hold the account's orders, executions, positions and cash against the broker's.

        A difference that cannot be explained closes the account for opening orders.

        Raises:
            UnknownAccount, NotConnected, RequestTimedOut, RequestRefused: a read failed; nothing is
                known, and nothing was concluded.
        """
        self._accounts.logical(account)
        self._supervisor.require_ready()
        return await self._reconciler.reconcile(account)

    async def accept(self, account: str, note: str) -> Reconciliation:
        """Take the broker's figures for right from here on, then reconcile again.

        ``note`` says why, and is kept. An account that is closed stays so until it is released.

        Raises:
            BadInput: the note is empty; nothing changed.
            UnknownAccount, NotConnected, RequestTimedOut, RequestRefused: nothing changed.
            JournalUnavailable: it holds, but could not be written down yet.
        """
        self._supervisor.require_ready()
        result = await self._reconciler.accept(account, note)
        await self._journal.flush()
        return result

    async def release(self, account: str, note: str) -> None:
        """Open an account that is closed for opening orders again, by whoever looked at it.

        ``note`` says what was seen, and is kept. The differences that were there do not close it
        again unless they change.

        Raises:
            BadInput: the note is empty; nothing changed.
            UnknownAccount: the account is not mapped.
            JournalUnavailable: it holds, but could not be written down yet.
        """
        self._accounts.logical(account)
        self._quarantine.release(account, note)
        await self._journal.flush()

    async def quarantine(self, account: str) -> tuple[str, ...]:
        """Return why the account is closed for opening orders; empty when it is open.

        Raises:
            UnknownAccount: the account is not mapped.
        """
        self._accounts.logical(account)
        return self._quarantine.reasons(account)

    async def margin_impact(self, request: OrderRequest) -> MarginImpact:
        """Ask what an order would do to margin and cost in commission, without placing it.

        Raises:
            UnknownAccount, UnknownContract, InvalidOrder, NotConnected: it was not asked.
            RequestRefused: the broker would not accept the order.
        """
        self._supervisor.require_ready()
        return await self._desk.margin_impact(request)

    async def quote(self, instrument: Instrument) -> Quote:
        """Read the best bid and offer now, with greeks for an option.

        Raises:
            UnknownContract, NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        self._supervisor.require_ready()
        quote = await self._adapter.market_data.quote(instrument)
        self._last_known.keep_quote(quote)
        return quote

    def last_known_quote(self, instrument: Instrument) -> Known[Quote]:
        """Return the instrument's quote as ``quote`` last read it, and when that was.

        Raises:
            NotConnected: it was never read.
        """
        return self._last_known.quote(instrument)

    async def contract_details(self, instrument: Instrument) -> ContractDetails:
        """Look up the broker's definition of an instrument.

        Raises:
            UnknownContract, NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        self._supervisor.require_ready()
        return await self._adapter.contracts.details(instrument)

    async def find_stocks(self, pattern: str) -> tuple[Stock, ...]:
        """Find stocks by the beginning of their symbol or a part of their name.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        self._supervisor.require_ready()
        return await self._adapter.contracts.find(pattern)

    async def option_chain(self, underlying: Stock) -> OptionChain:
        """Read the listed expiries and strikes over a stock.

        Raises:
            UnknownContract, NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        self._supervisor.require_ready()
        return await self._adapter.contracts.option_chain(underlying)

    async def broker_time(self) -> datetime:
        """Read the broker's time (UTC); all it said before has been told when this returns.

        Raises:
            NotConnected, RequestTimedOut: the line is dead or silent.
        """
        self._supervisor.require_ready()
        time = await self._adapter.session.broker_time()
        await self._gate.until_empty()
        return time
