"""A trading floor for the features: one scripted exchange, several accounts, one ``Broker``.

The clock stands still except where a step moves it, and every step ends with a barrier: what the
broker has said until then has been heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from decimal import Decimal
from types import TracebackType
from typing import Any, TypeVar

from attrs import frozen
from dependency_injector import providers

from brokerport import (
    Broker,
    BrokerEvent,
    BrokerportError,
    Instrument,
    Market,
    Order,
    OrderRequest,
    Role,
    Side,
    TimeInForce,
    usd,
)
from brokerport.adapters.journal.memory import MemoryJournal, MemoryStorage
from brokerport.config import (
    AccountSettings,
    ClientPortalSettings,
    JournalSettings,
    OrderSettings,
    PortalPacing,
    ReconciliationSettings,
    Settings,
    TwsSettings,
)
from brokerport.config.client_portal import USUAL_ANSWERS
from brokerport.container import Container, open_broker, open_portal_gateway, open_tws_gateway
from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.brokerage.orders import OrderEntry, Ticket
from brokerport.simulator.market.scripted import ScriptedMarket
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World

Result = TypeVar("Result")
TICK = timedelta(seconds=1)


@frozen
class Trader:
    """A logical account of the feature, its broker account and its cash in US dollars."""

    name: str
    role: Role
    broker_account: str
    cash: Decimal


class TradingFloor:
    """What the steps act on, and what the scenario remembers."""

    def __init__(self, adapter_name: str) -> None:
        self._adapter_name = adapter_name
        self._runner = asyncio.Runner()
        self._resources = AsyncExitStack()
        self._session = AsyncExitStack()
        self._broker: Broker | None = None
        self._settings: Settings | None = None
        # What is written down outlives each session, as a disk does.
        self._disk = MemoryStorage()
        self._orders: dict[str, Order] = {}
        self.is_away = False
        self.traders: dict[str, Trader] = {}
        self.market = ScriptedMarket()
        self.world: World | None = None
        self.order: Order | None = None
        self.error: BrokerportError | None = None

    def __enter__(self) -> TradingFloor:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._runner.run(self._session.aclose())
        self._runner.run(self._resources.aclose())
        self._runner.close()

    @property
    def broker(self) -> Broker:
        """The open broker; opened by the first step that needs it."""
        assert not self.is_away, "the client is away"
        if self._broker is None:
            self._broker = self._runner.run(self._open())
        return self._broker

    @property
    def the_order(self) -> Order:
        """The scenario's latest order as the broker knows it now."""
        assert self.order is not None, f"no order was placed; the last error is {self.error!r}"
        self.settle()
        return self.run(self.broker.order_status(self.order.account, self.order.client_order_id))

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine to its end."""
        return self._runner.run(work)

    def attempt(self, work: Coroutine[Any, Any, Order]) -> None:
        """Do something to the order; remember the order, or the error when it was refused."""
        self.error = None
        try:
            self.order = self.run(work)
        except BrokerportError as error:
            self.error = error

    def go_away(self) -> None:
        """End the session and forget everything but what was written down."""
        _ = self.broker
        self.run(self._session.aclose())
        self._broker, self.is_away = None, True

    def come_back(self) -> None:
        """Open the next session, as another process would."""
        self.is_away = False
        _ = self.broker

    def trade_by_hand(
        self, account: str, instrument: Instrument, side: Side, quantity: str
    ) -> None:
        """Let a person trade at the market at the broker, past brokerport."""
        _ = self.is_away or self.broker
        assert self.world is not None
        done = self.world.brokerage.place(
            Ticket(
                BrokerAccount(self.traders[account].broker_account),
                instrument,
                side,
                Decimal(quantity),
                Market(),
                TimeInForce.DAY,
                None,
                OrderEntry("a person", 0, 0),
            )
        )
        assert done.filled == Decimal(quantity), done

    def place(self, request: OrderRequest) -> None:
        """Place an order; a refused one is remembered too, when it reached the broker."""
        before = self.known_orders()
        self.attempt(self.broker.place(request))
        entered = [order for key, order in self.known_orders().items() if key not in before]
        if entered:
            (self.order,) = entered

    def events(self) -> tuple[BrokerEvent, ...]:
        """Take the events that have arrived since the last look."""
        _ = self.broker
        return self._events.drain()

    def known_orders(self) -> dict[str, Order]:
        """Return every order the event stream has told of since the broker was opened."""
        for event in self.events():
            order = getattr(event, "order", None)
            if isinstance(order, Order):
                self._orders[str(order.client_order_id)] = order
        return dict(self._orders)

    def quote(self, instrument: Instrument, bid: str, ask: str, size: int) -> None:
        """Show a quote and let the exchange match against it."""
        self.market.set_quote(instrument, bid, ask, size, size)
        if self.world is not None:
            self.pass_time(TICK)

    def trade_at(self, instrument: Instrument, price: str) -> None:
        """Let a trade print at a price, with a quote one cent either side of it."""
        last = Decimal(price)
        cent = Decimal("0.01")
        self.market.set_quote(instrument, last - cent, last + cent, 10_000, 10_000, last, 100)
        self.pass_time(TICK)

    def pass_time(self, by: timedelta) -> None:
        """Let simulated time pass, and hear what happened."""
        _ = self.is_away or self.broker
        assert self.world is not None
        self.world.advance(by)
        if not self.is_away:
            self.settle()

    def settle(self) -> None:
        """Hear everything the broker has said until now."""
        self.run(self.broker.broker_time())

    async def _open(self) -> Broker:
        if self._settings is None:
            self._settings = await self._build()
        journal = MemoryJournal(self._disk)

        def keep_on_disk(parts: Container) -> None:
            parts.journal.override(providers.Object(journal))

        broker = await self._session.enter_async_context(
            open_broker(
                self._settings,
                world=self.world,
                configure=keep_on_disk,
            )
        )
        self._events = broker.events()
        return broker

    async def _build(self) -> Settings:
        """Build the world and the gateway in front of it; return the settings that lead there."""
        assert self.traders, "the accounts must be given first"
        self.world = World.build(
            Scenario(
                accounts=tuple(
                    AccountSetup(BrokerAccount(trader.broker_account), usd(trader.cash))
                    for trader in self.traders.values()
                ),
                market=self.market,
            )
        )
        tws, client_portal = TwsSettings(), ClientPortalSettings()
        if self._adapter_name == "tws":
            gateway = await self._resources.enter_async_context(
                open_tws_gateway(self.world, port=0)
            )
            tws = TwsSettings(port=gateway.port)
        if self._adapter_name == "client_portal":
            # The world's hours pass in a moment here, so limits by the wall clock are switched off.
            portal = await self._resources.enter_async_context(
                open_portal_gateway(self.world, 0, is_plain_http=True, enforces_pacing=False)
            )
            client_portal = ClientPortalSettings(
                base_url=portal.base_url,
                pacing=PortalPacing.OFF,
                answered_questions=(*USUAL_ANSWERS, "o163", "o383", "o403", "o451"),
            )
        return Settings(
            adapter=self._adapter_name,
            accounts=tuple(
                AccountSettings(trader.name, trader.role, trader.broker_account)
                for trader in self.traders.values()
            ),
            tws=tws,
            client_portal=client_portal,
            orders=OrderSettings(answer_timeout_seconds=5),
            journal=JournalSettings(url="memory:"),
            reconciliation=ReconciliationSettings(settle_seconds=0.2),
        )
