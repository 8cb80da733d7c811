"""``brokerport simulate``: serve a simulated world to any IBKR program until interrupted.

Two doors lead to the same accounts: the TWS socket, and the Client Portal web API when it is given
a port.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from attrs import frozen

from brokerport.cli.failures import reported_failures
from brokerport.cli.fault_words import faults_of, summary, tell
from brokerport.config import SimulatedSettings
from brokerport.container import (
    FaultDone,
    FaultPlan,
    Player,
    World,
    WorldEnded,
    build_world_of,
    load_fault_plan,
    open_portal_gateway,
    open_tws_gateway,
    run_world,
)
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import InvalidConfiguration
from brokerport.domain.money import Money, usd

DEFAULT_CASH = usd(1_000_000)


@frozen
class Doors:
    """Where the world is served; the web API only when ``portal_port`` is given."""

    tws_port: int
    portal_port: int | None
    is_portal_plain: bool
    oauth_directory: Path | None
    faults: FaultPlan | None = None


def simulate(
    tws_port: Annotated[int, typer.Option(help="The TWS socket's port on 127.0.0.1.")] = 4002,
    portal_port: Annotated[
        int | None, typer.Option(help="The Client Portal web API's port; closed when left out.")
    ] = None,
    portal_http: Annotated[
        bool, typer.Option("--portal-http", help="Serve the web API over plain HTTP.")
    ] = False,
    oauth_keys: Annotated[
        Path | None,
        typer.Option(help="Directory of an OAuth test consumer; its keys are made when missing."),
    ] = None,
    accounts: Annotated[
        str,
        typer.Option(help="Account ids with their cash: DU1000001=250000,DU1000002."),
    ] = "DU1000001",
    seed: Annotated[int, typer.Option(help="The same seed gives the same market.")] = 1,
    speed: Annotated[float, typer.Option(help="Simulated seconds that pass in one.")] = 1.0,
    replay: Annotated[Path | None, typer.Option(help="Real prices: a CSV of daily bars.")] = None,
    start: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day of a replay."),
    ] = None,
    faults: Annotated[
        Path | None, typer.Option(help="Misbehave as IBKR does: a fault plan, a TOML file.")
    ] = None,
) -> None:
    """Serve a simulated Interactive Brokers gateway on this machine until interrupted."""
    with reported_failures():
        for option, port in (("--tws-port", tws_port), ("--portal-port", portal_port)):
            if port is not None and not 0 <= port <= 65535:
                raise InvalidConfiguration(option, port, "a port from 0 to 65535")
        if portal_port is None and (portal_http or oauth_keys is not None):
            option = "--portal-http" if portal_http else "--oauth-keys"
            raise InvalidConfiguration(option, "given", "used with --portal-port")
        if speed <= 0:
            raise InvalidConfiguration("--speed", speed, "greater than zero")
        if start is not None and replay is None:
            raise InvalidConfiguration("--from", f"{start:%Y-%m-%d}", "used with --replay")
        settings = SimulatedSettings(
            seed=seed,
            speed=speed,
            replay=replay,
            replay_from=None if start is None else start.date(),
        )
        plan = None if faults is None else _plan(faults, has_portal=portal_port is not None)
        doors = Doors(tws_port, portal_port, portal_http, oauth_keys, plan)
        asyncio.run(_serve(settings, read_accounts(accounts), doors))


def read_accounts(text: str) -> dict[BrokerAccount, Money]:
    """Read ``DU1000001=250000,DU1000002``: account ids and their opening cash in US dollars.

    Raises:
        InvalidConfiguration: an id is not an IBKR account id, is named twice, or the cash is not a
            positive amount.
    """
    funded: dict[BrokerAccount, Money] = {}
    for part in text.split(","):
        account_id, equals, cash = part.strip().partition("=")
        account = BrokerAccount(account_id)
        if account in funded:
            raise InvalidConfiguration("--accounts", account_id, "named once only")
        amount = usd(cash) if equals else DEFAULT_CASH
        if amount.amount <= 0:
            raise InvalidConfiguration("--accounts", part, "funded with more than zero")
        funded[account] = amount
    return funded


async def _serve(
    settings: SimulatedSettings, accounts: dict[BrokerAccount, Money], doors: Doors
) -> None:
    world = build_world_of(settings, accounts)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)

    def tell_end(end: WorldEnded) -> None:
        typer.echo(
            f"simulated time stands still at {world.clock.now():%Y-%m-%d %H:%M:%S} UTC: {end}; "
            "clients are still served, Ctrl-C ends it"
        )

    played: list[str] = []

    def hear(done: FaultDone) -> None:
        played.append(done.kind)
        tell(done)

    async with AsyncExitStack() as stack:
        tws = await stack.enter_async_context(
            open_tws_gateway(world, doors.tws_port, faults=doors.faults, on_fault=hear)
        )
        typer.echo(f"TWS API on 127.0.0.1:{tws.port}")
        if doors.portal_port is not None:
            await _open_portal(stack, world, doors.portal_port, doors, hear)
        await stack.enter_async_context(run_world(world, settings.speed, tell_end))
        typer.echo(f"accounts: {', '.join(str(account) for account in accounts)}")
        typer.echo(
            f"simulated time {world.clock.now():%Y-%m-%d %H:%M:%S} UTC, speed {settings.speed:g}, "
            f"seed {settings.seed}; Ctrl-C ends it"
        )
        await stopped.wait()
    if doors.faults is not None:
        typer.echo(summary(played))
    typer.echo("stopped")


def _plan(path: Path, *, has_portal: bool) -> FaultPlan:
    players = (Player.TWS, Player.CLIENT_PORTAL) if has_portal else (Player.TWS,)
    return faults_of(load_fault_plan(path), path, *players)


async def _open_portal(
    stack: AsyncExitStack,
    world: World,
    port: int,
    doors: Doors,
    hear: Callable[[FaultDone], None],
) -> None:
    gateway = await stack.enter_async_context(
        open_portal_gateway(
            world,
            port,
            is_plain_http=doors.is_portal_plain,
            oauth_directory=doors.oauth_directory,
            faults=doors.faults,
            on_fault=hear,
        )
    )
    typer.echo(f"Client Portal API on {gateway.base_url}")
    if gateway.certificate_path is not None:
        typer.echo(f"its certificate, to be pinned: {gateway.certificate_path}")
    if doors.oauth_directory is not None:
        typer.echo(f"OAuth test consumer: {doors.oauth_directory}")
