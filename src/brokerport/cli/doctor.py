"""``brokerport doctor``: what is fine, what is wrong and what to do, line by line."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from brokerport.cli.failures import FAILED, reported_failures
from brokerport.container import Verdict, examine

MARKS = {Verdict.FINE: "ok   ", Verdict.NOTE: "note ", Verdict.WRONG: "WRONG"}


def doctor(
    config: Annotated[Path, typer.Argument(help="The configuration, a TOML file.")],
) -> None:
    """Look at everything that trading needs, and say what to do about what is wrong.

    Exit code 0 when nothing is wrong, 1 when something is. No order is touched.
    """
    with reported_failures():
        is_well = asyncio.run(_examine(config))
    if not is_well:
        raise typer.Exit(FAILED)


async def _examine(config: Path) -> bool:
    is_well = True
    async for finding in examine(config):
        typer.echo(f"{MARKS[finding.verdict]} {finding.subject}: {finding.text}")
        if finding.advice:
            typer.echo(f"      {finding.advice}")
        is_well = is_well and finding.verdict is not Verdict.WRONG
    return is_well
