"""The same ``Broker`` for scripts without asyncio: every call blocks until it is answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from anyio.from_thread import BlockingPortal

from brokerport.broker import Broker
from brokerport.domain.accounts import LogicalAccount
from brokerport.domain.balances import Balances, MarginImpact, ProfitAndLoss
from brokerport.domain.contracts import ContractDetails, OptionChain
from brokerport.domain.errors import NotConnected
from brokerport.domain.events import BrokerEvent, SessionState
from brokerport.domain.instruments import Instrument, Stock
from brokerport.domain.known import Known
from brokerport.domain.market_data import Quote
from brokerport.domain.order_types import OrderType
from brokerport.domain.orders import ClientOrderId, Order, OrderRequest
from brokerport.domain.positions import Holding
from brokerport.domain.reconciliation import Reconciliation
from brokerport.ports.adapter import Capability
from brokerport.ports.orders import BookedExecution
from brokerport.services.event_bus import EventStream


class Loop:
    """The event loop that a ``SyncBroker`` lives on, until it is closed."""

    def __init__(self, portal: BlockingPortal) -> None:
        self._portal = portal
        self.is_closed = False

    @property
    def portal(self) -> BlockingPortal:
        """The way to call something on the loop.

        Raises:
            NotConnected: the broker was closed; nothing is called.
        """
        if self.is_closed:
            raise NotConnected("the broker was closed")
        return self._portal


class SyncEvents:
    """A blocking iterator over a ``Broker``'s events."""

    def __init__(self, stream: EventStream, loop: Loop) -> None:
        self._stream = stream
        self._loop = loop
        self._left: deque[BrokerEvent] = deque()

    def __iter__(self) -> Iterator[BrokerEvent]:
        return self

    def __next__(self) -> BrokerEvent:
        if self._loop.is_closed:
            return self._next_left()
        try:
            return self._loop.portal.call(self._stream.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None

    def drain(self) -> tuple[BrokerEvent, ...]:
        """Take every event that has arrived and is not read yet, without waiting."""
        if not self._loop.is_closed:
            return self._loop.portal.call(self._stream.drain)
        events = (*self._left, *self._stream.drain())
        self._left.clear()
        return events

    def close(self) -> None:
        """Stop listening; closing the broker has done so already."""
        if not self._loop.is_closed:
            self._loop.portal.call(self._stream.close)

    def _next_left(self) -> BrokerEvent:
        """Read on without the loop: what had arrived when the broker was closed is still here."""
        self._left.extend(self._stream.drain())
        if not self._left:
            raise StopIteration
        return self._left.popleft()


class SyncBroker:
    """``Broker`` with blocking calls; arguments, results and errors are the same.

    After its end every call raises ``NotConnected``.
    """

    def __init__(self, broker: Broker, loop: Loop) -> None:
        self._broker = broker
        self._loop = loop

    @property
    def adapter_name(self) -> str:
        """See ``Broker.adapter_name``."""
        return self._broker.adapter_name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """See ``Broker.capabilities``."""
        return self._broker.capabilities

    @property
    def accounts(self) -> tuple[LogicalAccount, ...]:
        """The logical accounts that are mapped."""
        return self._broker.accounts

    @property
    def session_state(self) -> SessionState:
        """Where the session with the broker stands."""
        return self._broker.session_state

    @contextmanager
    def events(self) -> Iterator[SyncEvents]:
        """Listen to everything that happens from now until the block ends."""
        events = SyncEvents(self._loop.portal.call(self._broker.events), self._loop)
        try:
            yield events
        finally:
            events.close()

    def place(self, request: OrderRequest) -> Order:
        """See ``Broker.place``."""
        return self._loop.portal.call(self._broker.place, request)

    def replace(
        self,
        account: str,
        client_order_id: ClientOrderId | str,
        *,
        quantity: Decimal | None = None,
        order_type: OrderType | None = None,
    ) -> Order:
        """See ``Broker.replace``."""

        async def replace() -> Order:
            return await self._broker.replace(
                account, client_order_id, quantity=quantity, order_type=order_type
            )

        return self._loop.portal.call(replace)

    def cancel(self, account: str, client_order_id: ClientOrderId | str) -> Order:
        """See ``Broker.cancel``."""
        return self._loop.portal.call(self._broker.cancel, account, client_order_id)

    def order_status(self, account: str, client_order_id: ClientOrderId | str) -> Order:
        """See ``Broker.order_status``."""
        return self._loop.portal.call(self._broker.order_status, account, client_order_id)

    def open_orders(self, account: str) -> tuple[Order, ...]:
        """See ``Broker.open_orders``."""
        return self._loop.portal.call(self._broker.open_orders, account)

    def wait_until_done(
        self, account: str, client_order_id: ClientOrderId | str, timeout_seconds: float
    ) -> Order:
        """See ``Broker.wait_until_done``."""
        return self._loop.portal.call(
            self._broker.wait_until_done, account, client_order_id, timeout_seconds
        )

    def executions(self, account: str) -> tuple[BookedExecution, ...]:
        """See ``Broker.executions``."""
        return self._loop.portal.call(self._broker.executions, account)

    def positions(self, account: str) -> tuple[Holding, ...]:
        """See ``Broker.positions``."""
        return self._loop.portal.call(self._broker.positions, account)

    def balances(self, account: str) -> Balances:
        """See ``Broker.balances``."""
        return self._loop.portal.call(self._broker.balances, account)

    def last_known_positions(self, account: str) -> Known[tuple[Holding, ...]]:
        """See ``Broker.last_known_positions``."""
        return self._loop.portal.call(self._broker.last_known_positions, account)

    def last_known_balances(self, account: str) -> Known[Balances]:
        """See ``Broker.last_known_balances``."""
        return self._loop.portal.call(self._broker.last_known_balances, account)

    def last_known_quote(self, instrument: Instrument) -> Known[Quote]:
        """See ``Broker.last_known_quote``."""
        return self._loop.portal.call(self._broker.last_known_quote, instrument)

    def profit_and_loss(self, account: str) -> ProfitAndLoss:
        """See ``Broker.profit_and_loss``."""
        return self._loop.portal.call(self._broker.profit_and_loss, account)

    def reconcile(self, account: str) -> Reconciliation:
        """See ``Broker.reconcile``."""
        return self._loop.portal.call(self._broker.reconcile, account)

    def accept(self, account: str, note: str) -> Reconciliation:
        """See ``Broker.accept``."""
        return self._loop.portal.call(self._broker.accept, account, note)

    def release(self, account: str, note: str) -> None:
        """See ``Broker.release``."""
        return self._loop.portal.call(self._broker.release, account, note)

    def quarantine(self, account: str) -> tuple[str, ...]:
        """See ``Broker.quarantine``."""
        return self._loop.portal.call(self._broker.quarantine, account)

    def margin_impact(self, request: OrderRequest) -> MarginImpact:
        """See ``Broker.margin_impact``."""
        return self._loop.portal.call(self._broker.margin_impact, request)

    def quote(self, instrument: Instrument) -> Quote:
        """See ``Broker.quote``."""
        return self._loop.portal.call(self._broker.quote, instrument)

    def contract_details(self, instrument: Instrument) -> ContractDetails:
        """See ``Broker.contract_details``."""
        return self._loop.portal.call(self._broker.contract_details, instrument)

    def find_stocks(self, pattern: str) -> tuple[Stock, ...]:
        """See ``Broker.find_stocks``."""
        return self._loop.portal.call(self._broker.find_stocks, pattern)

    def option_chain(self, underlying: Stock) -> OptionChain:
        """See ``Broker.option_chain``."""
        return self._loop.portal.call(self._broker.option_chain, underlying)

    def broker_time(self) -> datetime:
        """See ``Broker.broker_time``."""
        return self._loop.portal.call(self._broker.broker_time)
