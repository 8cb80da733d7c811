"""The options of ``brokerport paper`` and the meaning of its exit code."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from brokerport.cli.failures import FAILED, reported_failures
from brokerport.cli.paper.run import PaperOptions, run_week
from brokerport.config import ADAPTERS, SimulatedSettings
from brokerport.domain.errors import InvalidConfiguration
from brokerport.domain.money import exact_decimal


def paper(
    adapter: Annotated[
        str,
        typer.Option(
            help="tws (over the TWS socket), client_portal (over the web API) or simulated "
            "(in process)."
        ),
    ] = "tws",
    seed: Annotated[int, typer.Option(help="The same seed repeats the same week exactly.")] = 1,
    replay: Annotated[
        Path | None, typer.Option(help="Trade on real prices: a CSV of daily bars.")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day of a replay."),
    ] = None,
    cash: Annotated[
        str, typer.Option(help="What each account begins with, in US dollars.")
    ] = "200000",
) -> None:
    """Live one week of the wheel on three accounts, and reconcile it to the cent.

    Exit code 0 when what the client believes agrees with the exchange's own book, 1 when it does
    not or something failed, 2 for bad input.
    """
    with reported_failures():
        if adapter not in ADAPTERS:
            raise InvalidConfiguration("--adapter", adapter, f"one of {', '.join(ADAPTERS)}")
        if start is not None and replay is None:
            raise InvalidConfiguration("--from", f"{start:%Y-%m-%d}", "used with --replay")
        first_day: date | None = None if start is None else start.date()
        simulated = SimulatedSettings(
            seed=seed,
            speed=0,
            opening_cash=exact_decimal(cash, "--cash"),
            replay=replay,
            replay_from=first_day,
        )
        console = Console(width=None if Console().is_terminal else 140)
        found = asyncio.run(run_week(PaperOptions(adapter, simulated), console))
    if found:
        raise typer.Exit(FAILED)
