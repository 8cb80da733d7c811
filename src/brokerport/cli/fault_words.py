"""What the commands that play a fault plan print of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import typer

from brokerport.container import FaultDone, FaultPlan, Player
from brokerport.domain.errors import InvalidConfiguration


def faults_of(plan: FaultPlan, path: Path, *players: Player) -> FaultPlan:
    """Return a plan, and say which of its faults are left to others.

    Raises:
        InvalidConfiguration: none of its faults is for one of these players.
    """
    mine = [fault for fault in plan.faults if fault.PLAYER in players]
    names = " and ".join(player.value for player in players)
    if not mine:
        raise InvalidConfiguration("fault plan", str(path), f"with a fault that {names} can play")
    others = Counter(fault.PLAYER for fault in plan.faults if fault.PLAYER not in players)
    for player, count in others.items():
        noun = "fault" if count == 1 else "faults"
        typer.echo(f"{count} {noun} of the plan left to {player.value}")
    return plan


def tell(done: FaultDone) -> None:
    """Print a fault that was played."""
    typer.echo(str(done))


def summary(kinds: Iterable[str]) -> str:
    """Say how often each kind of fault was played."""
    counts = Counter(kinds)
    if not counts:
        return "no fault was played"
    return "played: " + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
