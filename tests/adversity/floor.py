"""A trading floor behind a fault proxy: real sockets, a stepped world, and a record of every word.

Rules:

- The world stands still except where the script moves it, so that what is true at the end is known.
- Every order that was entered is remembered, with what its caller was told; every event is kept.
- A session that is lost is waited for, and opened by a fresh broker when it does not come back.
- ``audit`` holds what was told against the exchange's own book; nothing in it knows of any fault.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from brokerport.broker import Broker
from brokerport.config import (
    AccountSettings,
    ClientPortalSettings,
    JournalSettings,
    OrderSettings,
    PortalPacing,
    Settings,
    TwsSettings,
)
from brokerport.config.client_portal import USUAL_ANSWERS
from brokerport.container import (
    EventStream,
    open_broker,
    open_fault_proxy,
    open_portal_gateway,
    open_tws_gateway,
)
from brokerport.domain.accounts import BrokerAccount, Role
from brokerport.domain.errors import (
    BrokerportError,
    FinalError,
    OrderInDoubt,
    OrderRejected,
    OutcomeUnknown,
    RetryableError,
)
from brokerport.domain.events import ExecutionReceived, OrderChanged, SessionState
from brokerport.domain.executions import Execution
from brokerport.domain.instruments import Stock
from brokerport.domain.money import usd
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit, OrderType, Side
from brokerport.domain.orders import Order, OrderRequest
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.brokerage.orders import BrokerageOrder, BrokerageStatus
from brokerport.simulator.faults.chances import FaultDone
from brokerport.simulator.faults.plan import FaultPlan
from brokerport.simulator.market.scripted import ScriptedMarket
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World

ACCOUNT = BrokerAccount("DU1000001")
AAPL = Stock("AAPL")
TICK = timedelta(seconds=1)
WAIT_SECONDS = 0.25
OPENINGS_MAX = 12


@frozen
class Attempt:
    """One try to place, and what the caller was told: the order, or an error."""

    request: OrderRequest
    client_order_id: str | None
    outcome: Order | BrokerportError


@define
class AdverseFloor:
    """What the script acts on, and everything that was heard."""

    adapter_name: str
    plan: FaultPlan
    world: World
    settings: Settings
    attempts: list[Attempt] = field(factory=list)
    outcomes: list[str] = field(factory=list)
    orders_told: list[Order] = field(factory=list)
    fills_told: list[tuple[int, Execution]] = field(factory=list)
    openings: int = 0
    log: Callable[[], list[FaultDone]] = list
    _session: AsyncExitStack = field(factory=AsyncExitStack)
    _broker: Broker | None = None
    _events: EventStream | None = None

    def advance(self) -> None:
        """Let a second pass: orders match."""
        self.world.advance(TICK)

    async def broker(self) -> Broker:
        """Return a broker that is ready, a fresh one when the session does not come back."""
        if self._broker is not None and await self._comes_back(self._broker):
            return self._broker
        await self.leave()
        for _ in range(OPENINGS_MAX):
            self.openings += 1
            try:
                broker = await self._session.enter_async_context(
                    open_broker(self.settings, world=self.world)
                )
            except RetryableError as error:
                self.outcomes.append(f"open: {type(error).__name__}")
                continue
            self._broker, self._events = broker, broker.events()
            return broker
        raise AssertionError(f"no session after {OPENINGS_MAX} tries: {self.outcomes}")

    async def leave(self) -> None:
        """Close the broker, as a program that ends does."""
        if self._broker is not None:
            self._hear()
            self._broker = None
        await self._session.aclose()

    async def place(
        self, quantity: int, price: str, side: Side = Side.BUY
    ) -> Order | BrokerportError:
        """Try to place an order, and remember what came of it."""
        broker = await self.broker()
        self._hear()
        request = OrderRequest("gen", AAPL, side, Decimal(quantity), Limit(price))
        known = {str(order.client_order_id) for order in self.orders_told}
        try:
            outcome: Order | BrokerportError = await broker.place(request)
        except BrokerportError as error:
            outcome = error
        self._hear()
        entered = {
            str(order.client_order_id)
            for order in self.orders_told
            if order.request == request and str(order.client_order_id) not in known
        }
        assert len(entered) <= 1, entered
        self.attempts.append(Attempt(request, next(iter(entered), None), outcome))
        self.outcomes.append(f"place: {_name(outcome)}")
        return outcome

    async def change(
        self, placed: Order | BrokerportError, quantity: int | None, order_type: OrderType | None
    ) -> None:
        """Try to give an order new terms, if it was placed."""
        if isinstance(placed, Order):
            broker, key = await self.broker(), placed.client_order_id
            replacing = broker.replace(
                "gen",
                key,
                quantity=None if quantity is None else Decimal(quantity),
                order_type=order_type,
            )
            await self._try("replace", replacing)

    async def cancel(self, placed: Order | BrokerportError) -> None:
        """Try to cancel an order, if it was placed."""
        if isinstance(placed, Order):
            broker = await self.broker()
            await self._try("cancel", broker.cancel("gen", placed.client_order_id))

    async def told_at_last(self) -> None:
        """Hold the book of the broker that is open now against the exchange's: every live order."""
        broker = await self.broker()
        true = {
            order.order_reference: (order.quantity, order.filled)
            for order in self.world.brokerage.open_orders()
        }
        told = {
            str(order.client_order_id): (order.quantity, order.filled_quantity)
            for order in await broker.open_orders("gen")
            if order.status is OrderStatus.WORKING
        }
        assert told == true, "the live orders of the last broker are not the exchange's"

    async def settle(self) -> None:
        """Hear what the broker has said until now, as far as it can be heard."""
        broker = await self.broker()
        await self._try("settle", broker.broker_time())
        self._hear()

    async def _try(self, name: str, work: Awaitable[object]) -> None:
        try:
            await work
        except BrokerportError as error:
            self.outcomes.append(f"{name}: {type(error).__name__}")
        self._hear()

    def _hear(self) -> None:
        for event in () if self._events is None else self._events.drain():
            if isinstance(event, OrderChanged):
                self.orders_told.append(event.order)
            elif isinstance(event, ExecutionReceived):
                self.fills_told.append((self.openings, event.execution))

    async def _comes_back(self, broker: Broker) -> bool:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while broker.session_state is not SessionState.READY:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def adverse_floor(
    adapter_name: str, document: dict[str, Any], *, tls_directory: Path | None = None
) -> AsyncIterator[AdverseFloor]:
    """Serve a world through a proxy that plays a plan, to a broker with short patience.

    The web API is plain HTTP unless its certificate is given a directory.
    """
    plan, market = FaultPlan.from_mapping(document), ScriptedMarket()
    market.set_quote(AAPL, "250.00", "250.05", 300, 300)
    world = World.build(Scenario(accounts=(AccountSetup(ACCOUNT, usd(100_000)),), market=market))
    played: list[FaultDone] = []
    async with AsyncExitStack() as stack:
        tws, portal = TwsSettings(), ClientPortalSettings()
        if adapter_name == "tws":
            gateway = await stack.enter_async_context(
                open_tws_gateway(world, 0, faults=plan, on_fault=played.append)
            )
            proxy = await stack.enter_async_context(
                open_fault_proxy(plan, 0, "127.0.0.1", gateway.port, played.append)
            )
            tws = TwsSettings(
                port=proxy.port,
                connect_timeout_seconds=2 * WAIT_SECONDS,
                request_timeout_seconds=WAIT_SECONDS,
            )
            faults = gateway.faults
        else:
            portal_gateway = await stack.enter_async_context(
                open_portal_gateway(
                    world,
                    0,
                    is_plain_http=tls_directory is None,
                    enforces_pacing=False,
                    data_directory=tls_directory,
                    faults=plan,
                    on_fault=played.append,
                )
            )
            proxy = await stack.enter_async_context(
                open_fault_proxy(plan, 0, "127.0.0.1", portal_gateway.port, played.append)
            )
            scheme = "http" if tls_directory is None else "https"
            portal = ClientPortalSettings(
                base_url=f"{scheme}://localhost:{proxy.port}/v1/api",
                certificate=portal_gateway.certificate_path,
                request_timeout_seconds=WAIT_SECONDS,
                pacing=PortalPacing.OFF,
                takes_over_session=True,
                answered_questions=(*USUAL_ANSWERS, "o163", "o383", "o403", "o451"),
            )
            faults = portal_gateway.faults
        settings = Settings(
            adapter=adapter_name,
            accounts=(AccountSettings("gen", Role.GEN, ACCOUNT.account_id),),
            tws=tws,
            client_portal=portal,
            orders=OrderSettings(answer_timeout_seconds=WAIT_SECONDS, proof_seconds=60),
            journal=JournalSettings(url="memory:"),
        )
        floor = AdverseFloor(adapter_name, plan, world, settings, log=lambda: played)
        try:
            yield floor
        finally:
            await floor.leave()
        assert faults.count == 0, "the gateway itself failed"


def audit(floor: AdverseFloor) -> None:
    """Hold everything that was told against the exchange's own book."""
    book: dict[str, list[BrokerageOrder]] = {}
    for order in floor.world.brokerage.orders():
        book.setdefault(order.order_reference or "", []).append(order)
    doubled = {key: len(orders) for key, orders in book.items() if len(orders) > 1}
    assert doubled == {}, "an order stands in the exchange's book more than once"
    ours = {attempt.client_order_id for attempt in floor.attempts}
    assert set(book) <= ours, "an order stands in the exchange's book that nobody placed"
    for attempt in floor.attempts:
        _audit_attempt(attempt, book.get(attempt.client_order_id or "", []))
    _audit_fills(floor)
    for told in floor.orders_told:
        _audit_order(told, book.get(str(told.client_order_id), []))


def _audit_attempt(attempt: Attempt, stands: list[BrokerageOrder]) -> None:
    is_taken = [order for order in stands if order.status is not BrokerageStatus.INACTIVE]
    match attempt.outcome:
        case Order():
            assert is_taken, f"acknowledged, and not in the book: {attempt}"
            (order,) = is_taken
            assert order.instrument == attempt.request.instrument
            assert order.side is attempt.request.side
        case OrderRejected():
            assert not is_taken, f"told rejected, and taken: {attempt}"
        case OrderInDoubt():
            pass
        case RetryableError() | FinalError():
            assert not stands, f"told not sent, and in the book: {attempt}"
        case OutcomeUnknown():
            pass
        case other:
            raise AssertionError(f"placing raised {other!r}")


def _audit_fills(floor: AdverseFloor) -> None:
    true = {
        booked.execution.execution_id: booked.execution
        for booked in floor.world.brokerage.executions()
    }
    told = Counter((opening, fill.execution_id) for opening, fill in floor.fills_told)
    assert [key for key, count in told.items() if count > 1] == [], "a fill was told twice"
    for _opening, fill in floor.fills_told:
        booked = true.get(f"{fill.family}.01") or true.get(fill.execution_id)
        assert booked is not None, f"a fill was told that never was: {fill}"
        assert (fill.quantity, fill.side, fill.order_reference) == (
            booked.quantity,
            booked.side,
            booked.order_reference,
        )
        if fill.revision <= 1 or fill.revision == 3:
            assert fill.price == booked.price


def _audit_order(told: Order, stands: list[BrokerageOrder]) -> None:
    filled = sum((order.filled for order in stands), Decimal(0))
    assert told.filled_quantity <= filled, f"more was told filled than is: {told}"
    match told.status:
        case OrderStatus.WORKING | OrderStatus.FILLED:
            assert stands, f"told {told.status.value}, and not in the book: {told}"
        case OrderStatus.NOT_PLACED:
            assert not stands, f"told not placed, and in the book: {told}"
        case OrderStatus.CANCELLED:
            (order,) = stands
            assert order.status is BrokerageStatus.CANCELLED, f"told cancelled: {told}, {order}"
        case OrderStatus.REJECTED:
            assert all(order.status is BrokerageStatus.INACTIVE for order in stands), told
        case _:
            pass


def _name(outcome: object) -> str:
    return outcome.status.name if isinstance(outcome, Order) else type(outcome).__name__
