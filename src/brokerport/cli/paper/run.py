"""One paper-trading week from beginning to end: world, gateway, broker, strategy, verdict."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import evolve, frozen
from rich.console import Console

from brokerport.broker import Broker
from brokerport.cli.paper.books import ClientBooks
from brokerport.cli.paper.display import AccountResult, Display
from brokerport.cli.paper.policy import policies_for
from brokerport.cli.paper.week import Week, week_end
from brokerport.cli.paper.wheel import Wheel
from brokerport.config import (
    AccountSettings,
    ClientPortalSettings,
    JournalSettings,
    PortalPacing,
    Settings,
    SimulatedSettings,
    TwsSettings,
)
from brokerport.config.client_portal import USUAL_ANSWERS
from brokerport.container import (
    World,
    build_world,
    exchange_book,
    open_broker,
    open_portal_gateway,
    open_tws_gateway,
    seeded_order_ids,
)
from brokerport.domain.accounts import Role
from brokerport.domain.errors import BadInput, InvalidConfiguration
from brokerport.domain.reconciliation import AccountBook, Discrepancy, reconcile
from brokerport.domain.trading_day import exchange_date

ACCOUNTS = (
    AccountSettings("gen", Role.GEN, "DU1000001"),
    AccountSettings("rev", Role.REV, "DU1000002"),
    AccountSettings("com", Role.COM, "DU1000003"),
)


@frozen
class PaperOptions:
    """What a run is made of; the same options give the same run."""

    adapter: str
    simulated: SimulatedSettings


async def run_week(options: PaperOptions, console: Console) -> tuple[Discrepancy, ...]:
    """Trade the week and return every difference between the client's books and the exchange's."""
    # The world ends with the run, so the user's own journal has no place for it.
    journal = JournalSettings(url="memory:")
    draft = Settings(options.adapter, ACCOUNTS, simulated=options.simulated, journal=journal)
    world = build_world(options.simulated, draft.account_map())
    symbols = _priced_symbols(world, week_end(world))
    async with AsyncExitStack() as stack:
        settings = await _through_door(draft, world, stack)
        order_ids = seeded_order_ids(world)
        broker = await stack.enter_async_context(
            open_broker(settings, world=world, order_ids=order_ids)
        )
        return await _trade(world, broker, symbols, console)


async def _through_door(draft: Settings, world: World, stack: AsyncExitStack) -> Settings:
    """Open the gateway that the adapter connects to, and return the settings that lead there."""
    if draft.adapter == "tws":
        gateway = await stack.enter_async_context(open_tws_gateway(world, port=0))
        return evolve(draft, tws=TwsSettings(port=gateway.port))
    if draft.adapter == "client_portal":
        directory = stack.enter_context(TemporaryDirectory())
        portal = await stack.enter_async_context(
            # A week in seconds would take hours under limits such as one list of orders in five.
            open_portal_gateway(world, 0, enforces_pacing=False, data_directory=Path(directory))
        )
        return evolve(
            draft,
            client_portal=ClientPortalSettings(
                base_url=portal.base_url,
                certificate=portal.certificate_path,
                pacing=PortalPacing.OFF,
                # The wheel's orders are what they are meant to be, whatever their size.
                answered_questions=(*USUAL_ANSWERS, "o163", "o383", "o451"),
            ),
        )
    return draft


def _priced_symbols(world: World, ends_at: datetime) -> tuple[str, ...]:
    """Return the symbols that have prices until the week's end.

    Raises:
        InvalidConfiguration: none has; a replay would run out of prices.
    """
    symbols = []
    for stock in world.listing.stocks:
        try:
            price = world.market.last_price(stock, ends_at)
        except BadInput:
            # A replayed file ends for each symbol on a day of its own.
            continue
        if price is not None:
            symbols.append(stock.symbol)
    if not symbols:
        first_day = exchange_date(world.clock.now())
        raise InvalidConfiguration(
            "--from",
            first_day.isoformat(),
            f"early enough for the replay to have prices until {exchange_date(ends_at)}",
        )
    return tuple(symbols)


async def _trade(
    world: World, broker: Broker, symbols: tuple[str, ...], console: Console
) -> tuple[Discrepancy, ...]:
    now = world.clock.now()
    display = Display(console, now, week_end(world))
    display.line(
        f"seed {world.seed}, {now:%A %Y-%m-%d %H:%M} UTC, adapter {broker.adapter_name}, "
        f"accounts {', '.join(account.name for account in broker.accounts)}"
    )
    with broker.events() as events, display:
        books = ClientBooks()
        await books.open(broker)
        opening = {account.name: books.ledger(account.name).cash for account in broker.accounts}
        policies = {policy.role: policy for policy in policies_for(symbols)}
        wheels = tuple(
            Wheel(broker, account.name, policies[account.role], books.ledger(account.name))
            for account in broker.accounts
        )
        await Week(world, broker, books, wheels, events, display).run()
        results = []
        for account in broker.accounts:
            balances = await broker.balances(account.name)
            ledger = books.ledger(account.name)
            results.append(
                AccountResult(
                    account=account.name,
                    role=account.role.value,
                    opening_cash=opening[account.name],
                    closing_cash=ledger.cash,
                    net_liquidation=balances.net_liquidation,
                    commissions=ledger.commissions,
                    holdings=tuple(
                        f"{held.quantity} {held.instrument}" for held in ledger.positions()
                    ),
                )
            )
        found, checked = await _reconcile(world, broker, books)
    display.blotter()
    display.results(results)
    display.reconciliation(checked, found)
    return found


async def _reconcile(
    world: World, broker: Broker, books: ClientBooks
) -> tuple[tuple[Discrepancy, ...], list[str]]:
    """Hold our ledger, and what the broker reports to us, against the exchange's own book."""
    found: list[Discrepancy] = []
    checked = []
    settings_map = {entry.name: entry.broker_account for entry in ACCOUNTS}
    for account in broker.accounts:
        actual = exchange_book(world, settings_map[account.name], account.name)
        believed = books.book(account.name)
        found += reconcile(believed, actual)
        reported = AccountBook(
            account=account.name,
            cash=(await broker.balances(account.name)).total_cash,
            quantities={
                held.instrument: held.quantity for held in await broker.positions(account.name)
            },
            executions=actual.executions,
        )
        found += reconcile(reported, actual)
        checked.append(
            f"{account.name}: {len(actual.executions)} executions, "
            f"{len(actual.quantities)} positions, cash {actual.cash}"
        )
    return tuple(found), checked
