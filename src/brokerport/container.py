"""The composition root: the only module that knows every layer, and wires them by configuration."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

from anyio.from_thread import start_blocking_portal
from dependency_injector import containers, providers

from brokerport.adapters.clock.system import SystemClock
from brokerport.adapters.simulated.adapter import SimulatedAdapter
from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.broker import Broker
from brokerport.config import Settings, SimulatedSettings, load_settings
from brokerport.domain.accounts import AccountMap, BrokerAccount
from brokerport.domain.money import Money
from brokerport.domain.reconciliation import AccountBook
from brokerport.services.adoption import adopt_orders
from brokerport.services.event_bus import EventBus
from brokerport.services.event_bus import EventStream as EventStream
from brokerport.services.order_book import OrderBook
from brokerport.services.order_desk import OrderDesk
from brokerport.services.order_identity import ClientOrderIds
from brokerport.services.session_supervisor import SessionSupervisor
from brokerport.simulator.brokerage.account_book import account_book
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.ending import WorldEnded as WorldEnded
from brokerport.simulator.gateways.tws.server import TwsGateway
from brokerport.simulator.pacemaker import Pacemaker
from brokerport.simulator.scenario import ReplaySettings, Scenario
from brokerport.simulator.world import World as World
from brokerport.sync_broker import Loop, SyncBroker


def build_world(settings: SimulatedSettings, accounts: AccountMap) -> World:
    """Build the world the ``simulated`` adapter trades in: every mapped account, freshly funded.

    Raises:
        BadInput: the replay file or a setting is not usable.
    """
    cash = Money(settings.opening_cash)
    return build_world_of(
        settings, {accounts.broker_account(account.name): cash for account in accounts}
    )


def build_world_of(settings: SimulatedSettings, funded: Mapping[BrokerAccount, Money]) -> World:
    """Build a world with these broker accounts and their opening cash.

    Raises:
        BadInput: the replay file or a setting is not usable.
    """
    setups = tuple(AccountSetup(account, cash) for account, cash in funded.items())
    replay = settings.replay
    return World.build(
        Scenario(
            seed=settings.seed,
            accounts=setups,
            starts_at=settings.starts_at,
            tick_seconds=settings.tick_seconds,
            market="synthetic" if replay is None else ReplaySettings(replay, settings.replay_from),
        )
    )


def open_tws_gateway(world: World, port: int) -> TwsGateway:
    """Return a gateway that serves the world on a loopback TWS socket while it is entered.

    ``port`` 0 takes any free one; ``gateway.port`` says which.
    """
    return TwsGateway(world, port=port)


@asynccontextmanager
async def run_world(
    world: World, speed: float, on_end: Callable[[WorldEnded], None]
) -> AsyncIterator[None]:
    """Let the world's time pass, ``speed`` times as fast as ours, while the block runs.

    ``on_end`` is told when the world has come to its end; the block runs on, time stands still.
    """

    async def run_to_the_end() -> None:
        try:
            await Pacemaker(world, speed).run()
        except WorldEnded as end:
            on_end(end)

    async with asyncio.TaskGroup() as tasks:
        pace = tasks.create_task(run_to_the_end(), name="simulated world")
        yield
        pace.cancel()


def seeded_order_ids(world: World) -> ClientOrderIds:
    """Return ClientOrderIds that depend on the world's seed and time alone, to repeat a run."""
    return ClientOrderIds(world.clock, random.Random(world.seed))  # noqa: S311 - repeatable on purpose


def exchange_book(world: World, broker_account: str, account: str) -> AccountBook:
    """Return the exchange's own book of a broker account, under the logical account's name."""
    return account_book(world.brokerage, BrokerAccount(broker_account), account)


class Container(containers.DeclarativeContainer):
    """Everything a ``Broker`` is made of; a test or a program can override each provider."""

    settings = providers.Dependency(instance_of=Settings)

    random_source = providers.Singleton(random.SystemRandom)
    accounts = providers.Singleton(lambda settings: settings.account_map(), settings)
    world = providers.Singleton(build_world, settings.provided.simulated, accounts)
    clock = providers.Selector(
        settings.provided.adapter,
        tws=providers.Singleton(SystemClock),
        simulated=world.provided.clock,
    )
    adapter = providers.Selector(
        settings.provided.adapter,
        tws=providers.Singleton(TwsAdapter, settings.provided.tws, clock),
        simulated=providers.Singleton(SimulatedAdapter, world, settings.provided.simulated.speed),
    )
    bus = providers.Singleton(EventBus)
    order_ids = providers.Singleton(ClientOrderIds, clock, random_source)
    book = providers.Singleton(OrderBook, accounts, bus.provided.publish)
    desk = providers.Singleton(
        OrderDesk,
        adapter,
        accounts,
        book,
        order_ids,
        settings.provided.orders.answer_timeout_seconds,
    )
    synchronise = providers.Factory(
        partial, adopt_orders, adapter, accounts, book, bus.provided.publish
    )
    supervisor = providers.Singleton(
        SessionSupervisor,
        adapter.provided.session,
        accounts,
        desk,
        synchronise,
        bus.provided.publish,
        clock,
    )
    broker = providers.Singleton(Broker, adapter, accounts, book, desk, supervisor, bus)


@asynccontextmanager
async def open_broker(
    settings: Settings | Path | str,
    *,
    world: World | None = None,
    order_ids: ClientOrderIds | None = None,
) -> AsyncIterator[Broker]:
    """Open a session with the configured broker, ready to trade, and close it at the end.

    ``settings`` is a ``Settings`` value, or the path of a TOML file over which ``BROKERPORT_...``
    environment variables have the last word. ``world`` is a simulated world that is there already:
    the ``simulated`` adapter trades in it, and its clock is the session's, whichever adapter leads
    to it. ``order_ids`` is another source of ClientOrderIds.

    Raises:
        InvalidConfiguration: a setting is missing or not allowed.
        UnknownAccount: a mapped broker account is not managed by the session; names the account.
        NotConnected, SessionRefused, RequestTimedOut: the session could not be opened.
    """
    if not isinstance(settings, Settings):
        settings = load_settings(settings, os.environ)
    container = Container(settings=settings)
    if world is not None:
        container.world.override(providers.Object(world))
        container.clock.override(providers.Object(world.clock))
    if order_ids is not None:
        container.order_ids.override(providers.Object(order_ids))
    broker = container.broker()
    supervisor = container.supervisor()
    bus = container.bus()
    await supervisor.start()
    bus.end_opening()
    try:
        yield broker
    finally:
        try:
            await supervisor.stop()
        finally:
            bus.close()


@contextmanager
def open_broker_sync(settings: Settings | Path | str) -> Iterator[SyncBroker]:
    """Open the same session for a script without asyncio; calls block until they are answered.

    The session lives on an event loop in a thread of its own, so it stays alive between calls.

    Raises: as ``open_broker``.
    """
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(open_broker(settings)) as broker,
    ):
        loop = Loop(portal)
        try:
            yield SyncBroker(broker, loop)
        finally:
            loop.is_closed = True
