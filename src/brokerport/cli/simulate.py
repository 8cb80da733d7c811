"""``brokerport simulate``: serve a simulated world to any IBKR program until interrupted."""

from __future__ import annotations

import asyncio
import signal
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from brokerport.cli.failures import reported_failures
from brokerport.config import SimulatedSettings
from brokerport.container import WorldEnded, build_world_of, open_tws_gateway, run_world
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import InvalidConfiguration
from brokerport.domain.money import Money, usd

DEFAULT_CASH = usd(1_000_000)


def simulate(
    tws_port: Annotated[int, typer.Option(help="The TWS socket's port on 127.0.0.1.")] = 4002,
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
) -> None:
    """Serve a simulated Interactive Brokers gateway on this machine until interrupted."""
    with reported_failures():
        if not 0 <= tws_port <= 65535:
            raise InvalidConfiguration("--tws-port", tws_port, "a port from 0 to 65535")
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
        asyncio.run(_serve(settings, read_accounts(accounts), tws_port))


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
    settings: SimulatedSettings, accounts: dict[BrokerAccount, Money], port: int
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

    async with (
        open_tws_gateway(world, port) as gateway,
        run_world(world, settings.speed, tell_end),
    ):
        typer.echo(f"TWS API on 127.0.0.1:{gateway.port}")
        typer.echo(f"accounts: {', '.join(str(account) for account in accounts)}")
        typer.echo(
            f"simulated time {world.clock.now():%Y-%m-%d %H:%M:%S} UTC, speed {settings.speed:g}, "
            f"seed {settings.seed}; Ctrl-C ends it"
        )
        await stopped.wait()
    typer.echo("stopped")
