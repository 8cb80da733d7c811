"""The same ``Broker`` for scripts without asyncio: every call blocks until it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from anyio.from_thread import BlockingPortal

from brokerport.broker import Broker
from brokerport.domain.accounts import LogicalAccount
from brokerport.domain.balances import Balances, MarginImpact, ProfitAndLoss
from brokerport.domain.contracts import ContractDetails, OptionChain
from brokerport.domain.events import BrokerEvent, SessionState
from brokerport.domain.instruments import Instrument, Stock
from brokerport.domain.market_data import Quote
from brokerport.domain.order_types import OrderType
from brokerport.domain.orders import ClientOrderId, Order, OrderRequest
from brokerport.domain.positions import Holding
from brokerport.ports.orders import BookedExecution
from brokerport.services.event_bus import EventStream


class SyncEvents:
    """A blocking iterator over a ``Broker``'s events."""

    def __init__(self, stream: EventStream, portal: BlockingPortal) -> None:
        self._stream = stream
        self._portal = portal

    def __iter__(self) -> Iterator[BrokerEvent]:
        return self

    def __next__(self) -> BrokerEvent:
        try:
            return self._portal.call(self._stream.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None

    def drain(self) -> tuple[BrokerEvent, ...]:
        """Take every event that has arrived and is not read yet, without waiting."""
        return self._portal.call(self._stream.drain)


class SyncBroker:
    """``Broker`` with blocking calls; arguments, results and errors are the same."""

    def __init__(self, broker: Broker, portal: BlockingPortal) -> None:
        self._broker = broker
        self._portal = portal

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
        stream = self._portal.call(self._broker.events)
        try:
            yield SyncEvents(stream, self._portal)
        finally:
            self._portal.call(stream.close)

    def place(self, request: OrderRequest) -> Order:
        """See ``Broker.place``."""
        return self._portal.call(self._broker.place, request)

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

        return self._portal.call(replace)

    def cancel(self, account: str, client_order_id: ClientOrderId | str) -> Order:
        """See ``Broker.cancel``."""
        return self._portal.call(self._broker.cancel, account, client_order_id)

    def order_status(self, account: str, client_order_id: ClientOrderId | str) -> Order:
        """See ``Broker.order_status``."""
        return self._portal.call(self._broker.order_status, account, client_order_id)

    def open_orders(self, account: str) -> tuple[Order, ...]:
        """See ``Broker.open_orders``."""
        return self._portal.call(self._broker.open_orders, account)

    def wait_until_done(
        self, account: str, client_order_id: ClientOrderId | str, timeout_seconds: float
    ) -> Order:
        """See ``Broker.wait_until_done``."""
        return self._portal.call(
            self._broker.wait_until_done, account, client_order_id, timeout_seconds
        )

    def executions(self, account: str) -> tuple[BookedExecution, ...]:
        """See ``Broker.executions``."""
        return self._portal.call(self._broker.executions, account)

    def positions(self, account: str) -> tuple[Holding, ...]:
        """See ``Broker.positions``."""
        return self._portal.call(self._broker.positions, account)

    def balances(self, account: str) -> Balances:
        """See ``Broker.balances``."""
        return self._portal.call(self._broker.balances, account)

    def profit_and_loss(self, account: str) -> ProfitAndLoss:
        """See ``Broker.profit_and_loss``."""
        return self._portal.call(self._broker.profit_and_loss, account)

    def margin_impact(self, request: OrderRequest) -> MarginImpact:
        """See ``Broker.margin_impact``."""
        return self._portal.call(self._broker.margin_impact, request)

    def quote(self, instrument: Instrument) -> Quote:
        """See ``Broker.quote``."""
        return self._portal.call(self._broker.quote, instrument)

    def contract_details(self, instrument: Instrument) -> ContractDetails:
        """See ``Broker.contract_details``."""
        return self._portal.call(self._broker.contract_details, instrument)

    def find_stocks(self, pattern: str) -> tuple[Stock, ...]:
        """See ``Broker.find_stocks``."""
        return self._portal.call(self._broker.find_stocks, pattern)

    def option_chain(self, underlying: Stock) -> OptionChain:
        """See ``Broker.option_chain``."""
        return self._portal.call(self._broker.option_chain, underlying)

    def broker_time(self) -> datetime:
        """See ``Broker.broker_time``."""
        return self._portal.call(self._broker.broker_time)
