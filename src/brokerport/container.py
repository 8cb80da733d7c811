"""The composition root: the only module that knows every layer, and wires them by configuration."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from anyio.from_thread import start_blocking_portal
from dependency_injector import containers, providers

from brokerport.adapters.client_portal.adapter import ClientPortalAdapter
from brokerport.adapters.clock.system import SystemClock
from brokerport.adapters.journal.chosen import journal_for
from brokerport.adapters.probe import examine_address, examine_secrets
from brokerport.adapters.simulated.adapter import SimulatedAdapter
from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.broker import Broker
from brokerport.config import Settings, SimulatedSettings, load_settings
from brokerport.domain.accounts import AccountMap, BrokerAccount
from brokerport.domain.errors import InvalidConfiguration
from brokerport.domain.money import Money
from brokerport.domain.reconciliation import AccountBook
from brokerport.services.admission import Admission
from brokerport.services.books import LedgerKeeper
from brokerport.services.doctor import Finding, examine_journal, examine_session, fine, wrong
from brokerport.services.doctor import Verdict as Verdict
from brokerport.services.doubt_watch import DoubtWatch
from brokerport.services.event_bus import EventBus
from brokerport.services.event_bus import EventStream as EventStream
from brokerport.services.event_gate import EventGate
from brokerport.services.last_known import LastKnown
from brokerport.services.opening import open_books
from brokerport.services.order_book import OrderBook
from brokerport.services.order_desk import OrderDesk
from brokerport.services.order_gate import OrderGate
from brokerport.services.order_identity import ClientOrderIds
from brokerport.services.quarantine import Quarantine
from brokerport.services.reconciler import Reconciler
from brokerport.services.reconciliation_watch import ReconciliationWatch
from brokerport.services.session_keeper import SessionKeeper
from brokerport.services.session_supervisor import SessionSupervisor
from brokerport.services.synchroniser import Synchroniser
from brokerport.simulator.brokerage.account_book import account_book
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.ending import WorldEnded as WorldEnded
from brokerport.simulator.faults.chances import FaultDone as FaultDone
from brokerport.simulator.faults.fault import Player as Player
from brokerport.simulator.faults.plan import FaultPlan as FaultPlan
from brokerport.simulator.faults.plan import load_fault_plan as load_fault_plan
from brokerport.simulator.faults.portal_mischief import PortalMischief
from brokerport.simulator.faults.proxy import FaultProxy as FaultProxy
from brokerport.simulator.faults.tws_mischief import TwsMischief
from brokerport.simulator.gateways.client_portal.oauth.consumer import OAuthConsumer
from brokerport.simulator.gateways.client_portal.oauth.keys import (
    read_consumer,
    write_test_consumer,
)
from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
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


def open_tws_gateway(
    world: World,
    port: int,
    *,
    faults: FaultPlan | None = None,
    on_fault: Callable[[FaultDone], None] | None = None,
) -> TwsGateway:
    """Return a gateway that serves the world on a loopback TWS socket while it is entered.

    ``port`` 0 takes any free one; ``gateway.port`` says which. It plays the plan's ``tws.`` faults,
    and tells ``on_fault`` of each.
    """
    mischief = None if faults is None else TwsMischief(faults, on_fault)
    return TwsGateway(world, port=port, mischief=mischief)


def open_portal_gateway(
    world: World,
    port: int,
    *,
    is_plain_http: bool = False,
    enforces_pacing: bool = True,
    data_directory: Path | None = None,
    oauth_directory: Path | None = None,
    faults: FaultPlan | None = None,
    on_fault: Callable[[FaultDone], None] | None = None,
) -> ClientPortalGateway:
    """Return a gateway that serves the world over IBKR's web API while it is entered.

    It plays the plan's ``portal.`` faults, and tells ``on_fault`` of each.
    ``port`` 0 takes any free one. Its certificate is kept in ``data_directory``, None for the
    user's own; ``oauth_directory`` is where keys of an OAuth consumer are made or found.
    """
    consumers: tuple[OAuthConsumer, ...] = ()
    if oauth_directory is not None:
        write_test_consumer(oauth_directory)
        consumers = (read_consumer(oauth_directory),)
    settings = PortalSettings(
        is_plain_http=is_plain_http,
        enforces_pacing=enforces_pacing,
        data_directory=data_directory,
        oauth_consumers=consumers,
    )
    mischief = None if faults is None else PortalMischief(faults, on_fault)
    return ClientPortalGateway(world, port=port, settings=settings, mischief=mischief)


def open_fault_proxy(
    plan: FaultPlan,
    listen_port: int,
    upstream_host: str,
    upstream_port: int,
    on_fault: Callable[[FaultDone], None] | None = None,
) -> FaultProxy:
    """Return a loopback proxy that plays the plan's network faults while it is entered.

    The gateway behind it may be a real one, on any host. ``listen_port`` 0 takes any free port.
    """
    return FaultProxy(plan, listen_port, upstream_host, upstream_port, on_fault)


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
        client_portal=providers.Singleton(SystemClock),
        simulated=world.provided.clock,
    )
    journal = providers.Singleton(journal_for, settings, accounts)
    adapter = providers.Selector(
        settings.provided.adapter,
        tws=providers.Singleton(TwsAdapter, settings.provided.tws, clock, order_ids=journal),
        client_portal=providers.Singleton(
            ClientPortalAdapter, settings.provided.client_portal, clock
        ),
        simulated=providers.Singleton(SimulatedAdapter, world, settings.provided.simulated.speed),
    )
    bus = providers.Singleton(EventBus)
    order_ids = providers.Singleton(ClientOrderIds, clock, random_source)
    gate = providers.Singleton(EventGate, journal, bus.provided.publish)
    ledgers = providers.Singleton(LedgerKeeper, journal)
    book = providers.Singleton(OrderBook, accounts, gate.provided.publish, ledgers)
    quarantine = providers.Singleton(Quarantine, ledgers, gate.provided.publish)
    admission = providers.Singleton(
        Admission, adapter.provided.account_data, accounts, book, quarantine
    )
    synchroniser = providers.Singleton(
        Synchroniser,
        adapter,
        accounts,
        book,
        gate.provided.publish,
        settings.provided.orders.proof_seconds,
    )
    reconciler = providers.Singleton(
        Reconciler,
        adapter,
        accounts,
        book,
        ledgers,
        synchroniser,
        quarantine,
        gate.provided.publish,
        settle_seconds=settings.provided.reconciliation.settle_seconds,
        quarantines=settings.provided.reconciliation.quarantines,
    )
    doubt = providers.Singleton(DoubtWatch, book, synchroniser.provided.look_at)
    desk = providers.Singleton(
        OrderDesk,
        adapter,
        accounts,
        book,
        order_ids,
        settings.provided.orders.answer_timeout_seconds,
        journal,
        doubt.provided.wake,
        admission,
    )
    supervisor = providers.Singleton(
        SessionSupervisor,
        adapter.provided.session,
        accounts,
        desk,
        book,
        reconciler.provided.begin_session,
        gate.provided.publish,
        clock,
        synchroniser.provided.hear_reach,
    )
    keeper = providers.Singleton(
        SessionKeeper,
        supervisor,
        adapter.provided.session,
        random_source,
        reconnects=settings.provided.session.reconnects,
        first_delay_seconds=settings.provided.session.first_delay_seconds,
        delay_seconds_max=settings.provided.session.delay_seconds_max,
        heartbeat_seconds=settings.provided.session.heartbeat_seconds,
    )
    order_gate = providers.Singleton(
        OrderGate,
        supervisor,
        clock,
        settings.provided.session.restarts,
        settings.provided.session.restart_gate_seconds,
        settings.provided.session.queue_seconds,
    )
    last_known = providers.Singleton(LastKnown, clock)
    broker = providers.Singleton(
        Broker,
        adapter,
        accounts,
        book,
        desk,
        supervisor,
        bus,
        gate,
        order_gate,
        last_known,
        reconciler,
        quarantine,
        journal,
    )
    reconciliation_watch = providers.Singleton(
        ReconciliationWatch, reconciler, supervisor, settings.provided.reconciliation.every_seconds
    )


@asynccontextmanager
async def open_broker(
    settings: Settings | Path | str,
    *,
    world: World | None = None,
    order_ids: ClientOrderIds | None = None,
    configure: Callable[[Container], None] | None = None,
) -> AsyncIterator[Broker]:
    """Open a session with the configured broker, ready to trade, and close it at the end.

    ``settings`` is a ``Settings`` value, or the path of a TOML file over which ``BROKERPORT_...``
    environment variables have the last word. ``world`` is a simulated world that is there already:
    the ``simulated`` adapter trades in it, and its clock is the session's, whichever adapter leads
    to it. ``order_ids`` is another source of ClientOrderIds. ``configure`` may override any
    provider of the container before anything is built.

    Raises:
        InvalidConfiguration: a setting is missing or not allowed.
        UnknownAccount: a mapped broker account is not managed by the session; names the account.
        NotConnected, SessionRefused, RequestTimedOut: the session could not be opened.
        JournalInUse, JournalUnavailable, JournalDamaged: the journal cannot be kept.
    """
    if not isinstance(settings, Settings):
        settings = load_settings(settings, os.environ)
    container = Container(settings=settings)
    if world is not None:
        container.world.override(providers.Object(world))
        container.clock.override(providers.Object(world.clock))
    if order_ids is not None:
        container.order_ids.override(providers.Object(order_ids))
    if configure is not None:
        configure(container)
    broker = container.broker()
    journal, supervisor, bus = container.journal(), container.supervisor(), container.bus()
    async with AsyncExitStack() as closing:
        closing.callback(bus.close)
        closing.push_async_callback(journal.close)
        await open_books(
            journal,
            container.accounts(),
            container.book(),
            container.synchroniser(),
            container.ledgers(),
            container.quarantine(),
        )
        closing.push_async_callback(container.doubt().stop)
        await supervisor.start()
        # What becomes of the requests under way must be in the journal before it is closed.
        closing.push_async_callback(container.desk().until_quiet)
        closing.push_async_callback(supervisor.stop)
        for account in container.accounts():
            # What an earlier process left in doubt may need more than the look that was just had.
            container.doubt().wake(account.name)
        keeper = container.keeper()
        closing.push_async_callback(keeper.stop)
        keeper.start()
        watch = container.reconciliation_watch()
        closing.push_async_callback(watch.stop)
        watch.start()
        bus.end_opening()
        yield broker


async def examine(path: Path | str) -> AsyncIterator[Finding]:
    """Look at everything that trading by a configuration file needs, one thing after another."""
    try:
        settings = load_settings(path, os.environ)
        container = Container(settings=settings)
        journal, adapter = container.journal(), container.adapter()
    except InvalidConfiguration as error:
        yield wrong("configuration", str(error), "correct the setting that is named")
        return
    yield fine("configuration", f"{settings.adapter}, {len(settings.accounts)} accounts")
    for finding in examine_secrets(settings):
        yield finding
    accounts = container.accounts()
    async for finding in examine_journal(journal, accounts):
        yield finding
    is_there = True
    async for finding in examine_address(settings):
        is_there = is_there and finding.verdict is not Verdict.WRONG
        yield finding
    if is_there:
        async for finding in examine_session(adapter.session, accounts, container.clock()):
            yield finding


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
