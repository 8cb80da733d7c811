"""A small broker that says exactly what a test tells it to, when the test tells it to.

For each request a test writes a script: steps played in order, *before* the request returns.
``Say`` tells a report at once; ``Later`` tells it on a later turn of the event loop, after the
request has returned; ``Wait`` holds the request until the test lets it go; ``Fail`` raises. A
request without a script is taken and never answered. Everything sent is kept in ``sent``.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from attrs import define, field, frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import Balances, MarginImpact, ProfitAndLoss
from brokerport.domain.contracts import ContractDetails, OptionChain, PriceIncrement
from brokerport.domain.errors import NotConnected, UnknownContract
from brokerport.domain.executions import Execution
from brokerport.domain.instruments import Instrument, Stock
from brokerport.domain.market_data import Quote
from brokerport.domain.money import Money, usd
from brokerport.domain.order_types import OrderType
from brokerport.domain.positions import Holding
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
from brokerport.ports.adapter import Capability
from brokerport.ports.orders import BookedExecution, OrderRecord, OrderTicket
from brokerport.ports.session import (
    AdapterEvent,
    AdapterListener,
    ConnectionLost,
    ExecutionReported,
    OrderReported,
)
from tests.support.examples import GEN, NOON, REV

Told: TypeAlias = Callable[[OrderTicket], AdapterEvent]


def _reported(make: Callable[[str], OrderReport]) -> Told:
    return lambda ticket: OrderReported(make(ticket.client_order_id))


def acknowledged(broker_order_id: str = "17", perm_id: int | None = 4711) -> Told:
    """The broker has the order."""
    return _reported(lambda key: Acknowledged(key, broker_order_id, perm_id))


def rejected(reason: str = "insufficient funds", code: int | None = 201) -> Told:
    """The broker refuses the order."""
    return _reported(lambda key: Rejected(key, reason, code))


def cancelled(reason: str = "") -> Told:
    """The order is off the market."""
    return _reported(lambda key: Cancelled(key, reason))


def cancel_refused(reason: str = "too late", code: int | None = 10148) -> Told:
    """The broker refuses a cancel."""
    return _reported(lambda key: CancelRefused(key, reason, code))


def replaced(quantity: int | Decimal, order_type: OrderType) -> Told:
    """The broker works the order on these terms."""
    return _reported(lambda key: Replaced(key, Decimal(quantity), order_type))


def replace_refused(reason: str = "not allowed", code: int | None = 104) -> Told:
    """The broker refuses new terms."""
    return _reported(lambda key: ReplaceRefused(key, reason, code))


def warned(reason: str = "held until the open", code: int | None = 399) -> Told:
    """The broker has something to say."""
    return _reported(lambda key: Warned(key, reason, code))


def filled(quantity: int, price: str = "190.00", execution_id: str = "e1") -> Told:
    """The order trades, on its own side, instrument and account."""
    return lambda ticket: ExecutionReported(
        Execution(
            execution_id=execution_id,
            broker_account=ticket.broker_account,
            instrument=ticket.instrument,
            side=ticket.side,
            quantity=Decimal(quantity),
            price=Decimal(price),
            executed_at=NOON,
            order_reference=ticket.client_order_id,
        )
    )


def lost(reason: str = "cut") -> Told:
    """The connection ends."""
    return lambda _ticket: ConnectionLost(reason)


@frozen
class Say:
    """Tell at once, before the request returns."""

    told: Told


@frozen
class Later:
    """Tell on a later turn of the event loop."""

    told: Told


@frozen
class Wait:
    """Hold the request until the gate is opened."""

    gate: asyncio.Event


@frozen
class Fail:
    """Raise from the request."""

    error: BaseException


Step: TypeAlias = Say | Later | Wait | Fail


@frozen
class Sent:
    """One request that reached the adapter."""

    action: str
    client_order_id: str
    quantity: Decimal | None = None
    order_type: OrderType | None = None


class FakeSession:
    """A session that is as alive as the test says."""

    def __init__(self) -> None:
        self.is_connected = False
        self.managed: tuple[BrokerAccount, ...] = (GEN, REV)
        self.connect_error: BaseException | None = None
        self.disconnect_error: BaseException | None = None
        self.when_connecting: Callable[[], None] = lambda: None
        self.disconnects = 0
        self.now = NOON
        self._listener: AdapterListener | None = None

    async def connect(self, listener: AdapterListener) -> None:
        """Open the session, unless the test wants it refused."""
        if self.connect_error is not None:
            raise self.connect_error
        self._listener = listener
        self.is_connected = True
        self.when_connecting()

    async def disconnect(self) -> None:
        """Close the session, and fail if the test wants it to."""
        self.disconnects += 1
        self.is_connected = False
        if self.disconnect_error is not None:
            raise self.disconnect_error

    def managed_accounts(self) -> tuple[BrokerAccount, ...]:
        """Return the accounts the test set."""
        if not self.is_connected:
            raise NotConnected("the fake session is closed")
        return self.managed

    async def broker_time(self) -> datetime:
        """Return the time the test set."""
        return self.now

    def tell(self, event: AdapterEvent) -> None:
        """Deliver an event to the listener, now."""
        if self._listener is None:
            raise RuntimeError("nobody listens: the fake session was never opened")
        if isinstance(event, ConnectionLost):
            self.is_connected = False
        self._listener(event)


@define
class FakeOrders:
    """Takes orders and plays the scripts; its records are what the test puts there."""

    session: FakeSession
    sent: list[Sent] = field(factory=list)
    tickets: dict[str, OrderTicket] = field(factory=dict)
    open_records: list[OrderRecord] = field(factory=list)
    completed_records: list[OrderRecord] = field(factory=list)
    booked: list[BookedExecution] = field(factory=list)
    reads: list[str] = field(factory=list)
    read_error: BaseException | None = None
    executions_error: BaseException | None = None
    after_reading: Callable[[str], None] = field(default=lambda _name: None)
    margin_error: BaseException | None = None
    _scripts: defaultdict[str, deque[tuple[Step, ...]]] = field(
        factory=lambda: defaultdict(deque), init=False
    )

    def script(self, action: str, *steps: Step) -> None:
        """Say what happens at the next unscripted ``place``, ``replace`` or ``cancel``."""
        self._scripts[action].append(steps)

    def times_sent(self, action: str) -> int:
        """Count the requests of one kind."""
        return sum(sent.action == action for sent in self.sent)

    async def place(self, ticket: OrderTicket) -> None:
        """Take an order and play its script."""
        self.tickets[ticket.client_order_id] = ticket
        await self._play(Sent("place", ticket.client_order_id, ticket.quantity, ticket.order_type))

    async def replace(self, client_order_id: str, quantity: Decimal, order_type: OrderType) -> None:
        """Take new terms and play the script."""
        await self._play(Sent("replace", client_order_id, quantity, order_type))

    async def cancel(self, client_order_id: str) -> None:
        """Take a cancel and play the script."""
        await self._play(Sent("cancel", client_order_id))

    async def _play(self, sent: Sent) -> None:
        self.sent.append(sent)
        scripts = self._scripts[sent.action]
        for step in scripts.popleft() if scripts else ():
            match step:
                case Say(told):
                    self.session.tell(told(self.tickets[sent.client_order_id]))
                case Later(told):
                    event = told(self.tickets[sent.client_order_id])
                    asyncio.get_running_loop().call_soon(self.session.tell, event)
                case Wait(gate):
                    await gate.wait()
                case Fail(error):
                    raise error

    async def open_orders(self, broker_account: BrokerAccount) -> tuple[OrderRecord, ...]:
        """Return the open records of an account."""
        return self._read("open orders", self._of(broker_account, self.open_records))

    async def completed_orders(self, broker_account: BrokerAccount) -> tuple[OrderRecord, ...]:
        """Return the completed records of an account."""
        return self._read("completed orders", self._of(broker_account, self.completed_records))

    async def executions(self, broker_account: BrokerAccount) -> tuple[BookedExecution, ...]:
        """Return the executions of an account, or fail as the test wants."""
        if self.executions_error is not None:
            raise self.executions_error
        found = tuple(
            entry for entry in self.booked if entry.execution.broker_account == broker_account
        )
        self._read("executions", ())
        return found

    async def margin_impact(self, ticket: OrderTicket) -> MarginImpact:
        """Return a made-up impact, or fail as the test wants."""
        if self.margin_error is not None:
            raise self.margin_error
        self.sent.append(Sent("margin impact", ticket.client_order_id))
        return MarginImpact(*[usd(amount) for amount in (1, 2, 3, 4, 5, 6)])

    def _of(
        self, broker_account: BrokerAccount, records: Iterable[OrderRecord]
    ) -> tuple[OrderRecord, ...]:
        return tuple(record for record in records if record.broker_account == broker_account)

    def _read(self, name: str, answer: tuple[OrderRecord, ...]) -> tuple[OrderRecord, ...]:
        if self.read_error is not None:
            raise self.read_error
        self.reads.append(name)
        # The answer stands; what happens from here on is news that the reader has not got.
        self.after_reading(name)
        return answer


class FakeContracts:
    """Knows every instrument but those the test takes away."""

    def __init__(self) -> None:
        self.unknown: set[Instrument] = set()
        self.when_asked: Callable[[], None] = lambda: None

    async def details(self, instrument: Instrument) -> ContractDetails:
        """Return details with a tick of one cent."""
        self.when_asked()
        if instrument in self.unknown:
            raise UnknownContract(f"no security definition for {instrument}")
        ticks = (PriceIncrement(Decimal(0), Decimal("0.01")),)
        return ContractDetails(instrument, 265598, "APPLE INC", "NASDAQ", ticks)

    async def find(self, pattern: str) -> tuple[Stock, ...]:
        """Return the one stock there is, when its symbol begins so."""
        return (Stock("AAPL"),) if "AAPL".startswith(pattern) else ()

    async def option_chain(self, underlying: Stock) -> OptionChain:
        """Return an empty chain."""
        return OptionChain(underlying, underlying.symbol, 100, (), ())


class FakeAccountData:
    """Account data as the test sets it."""

    def __init__(self) -> None:
        self.holdings: dict[BrokerAccount, tuple[Holding, ...]] = {}
        self.cash: dict[BrokerAccount, Money] = {GEN: usd(100), REV: usd(200)}
        self.read_error: BaseException | None = None
        self.after_reading: Callable[[str], None] = lambda _name: None

    async def positions(self, broker_account: BrokerAccount) -> tuple[Holding, ...]:
        """Return an account's holdings."""
        if self.read_error is not None:
            raise self.read_error
        answer = self.holdings.get(broker_account, ())
        self.after_reading("positions")
        return answer

    async def balances(self, broker_account: BrokerAccount) -> Balances:
        """Return balances that differ by account."""
        if self.read_error is not None:
            raise self.read_error
        amount = self.cash[broker_account]
        self.after_reading("balances")
        return Balances(amount, amount, amount, amount, amount, amount, amount, NOON)

    async def profit_and_loss(self, broker_account: BrokerAccount) -> ProfitAndLoss:
        """Return a profit that differs by account."""
        amount = usd(1 if broker_account == GEN else 2)
        return ProfitAndLoss(amount, amount, amount)


class FakeMarketData:
    """One quote for everything."""

    async def quote(self, instrument: Instrument) -> Quote:
        """Return a quote of a dollar wide."""
        return Quote(instrument, NOON, bid=Decimal(189), ask=Decimal(190))


class FakeAdapter:
    """Every port, in one object that a test holds by its parts."""

    name = "fake"

    def __init__(self, capabilities: Iterable[Capability] = tuple(Capability)) -> None:
        self.capabilities = frozenset(capabilities)
        self.session = FakeSession()
        self.orders = FakeOrders(self.session)
        self.contracts = FakeContracts()
        self.account_data = FakeAccountData()
        self.market_data = FakeMarketData()

    def tell(self, client_order_id: str, told: Told) -> None:
        """Report something of an order that was placed here, now."""
        self.session.tell(told(self.orders.tickets[client_order_id]))
