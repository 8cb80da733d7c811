"""``brokerport reconcile``: the books against the broker's, and what opens a closed account."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from brokerport.broker import Broker
from brokerport.cli.failures import FAILED, reported_failures
from brokerport.config import Settings, load_settings
from brokerport.container import open_broker
from brokerport.domain.errors import InvalidConfiguration


def reconcile(
    config: Annotated[Path, typer.Argument(help="The configuration, a TOML file.")],
    account: Annotated[
        str | None, typer.Option(help="One logical account; all of them when left out.")
    ] = None,
    accept: Annotated[
        str | None,
        typer.Option(metavar="NOTE", help="Take the broker's figures for right; say why."),
    ] = None,
    release: Annotated[
        str | None,
        typer.Option(metavar="NOTE", help="Open the account again; say what was looked at."),
    ] = None,
) -> None:
    """Hold orders, executions, positions and cash against the broker's.

    Exit code 0 when all agrees, 1 when something does not or could not be read, 2 for bad input.
    """
    with reported_failures():
        settings = load_settings(config, os.environ)
        names = _names(settings, account, accept, release)
        is_clean = asyncio.run(_reconcile(settings, names, accept, release))
    if not is_clean:
        raise typer.Exit(FAILED)


def _names(
    settings: Settings, account: str | None, accept: str | None, release: str | None
) -> list[str]:
    names = [entry.name for entry in settings.accounts]
    if accept is not None and release is not None:
        raise InvalidConfiguration("--release", release, "left out when --accept is given")
    if account is not None:
        if account not in names:
            raise InvalidConfiguration("--account", account, f"one of {', '.join(names)}")
        return [account]
    if len(names) > 1 and (accept is not None or release is not None):
        raise InvalidConfiguration("--account", None, "named: one account at a time is looked at")
    return names


async def _reconcile(
    settings: Settings, names: list[str], accept: str | None, release: str | None
) -> bool:
    is_clean = True
    async with open_broker(settings) as broker:
        for name in names:
            if release is not None:
                await broker.release(name, release)
            is_clean = await _show(broker, name, accept) and is_clean
    return is_clean


async def _show(broker: Broker, name: str, accept: str | None) -> bool:
    if accept is None:
        result = await broker.reconcile(name)
    else:
        result = await broker.accept(name, accept)
    for text in result.explained:
        typer.echo(f"{name}: explained: {text}")
    for text in result.notices:
        typer.echo(f"{name}: note: {text}")
    for discrepancy in result.discrepancies:
        typer.echo(f"{discrepancy}")
        typer.echo(f"    {discrepancy.proposal}")
    if result.is_clean:
        typer.echo(f"{name}: the books agree")
    if await broker.quarantine(name):
        typer.echo(f"{name}: closed for opening orders until it is released")
    return result.is_clean
