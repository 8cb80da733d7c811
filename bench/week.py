"""The week of ``brokerport paper``, with more accounts than the command has.

The command trades three accounts and offers no other number, so the accounts of its own module are
replaced here, in the process of the benchmark alone.
"""

from __future__ import annotations

import io
from decimal import Decimal

from rich.console import Console

from bench.stage import throttles_lifted
from bench.ways import Stopwatch, Way
from brokerport.cli.paper import run
from brokerport.config import AccountSettings, SimulatedSettings
from brokerport.domain.accounts import Role

ROLES = (Role.GEN, Role.REV, Role.COM)


async def _week(adapter: str, accounts: int) -> Stopwatch:
    run.ACCOUNTS = tuple(  # type: ignore[assignment]
        AccountSettings(f"a{number}", ROLES[number % len(ROLES)], f"DU{1_000_001 + number}")
        for number in range(accounts)
    )
    simulated = SimulatedSettings(seed=1, speed=0, opening_cash=Decimal(200_000))
    screen = io.StringIO()
    console = Console(file=screen, width=140)
    with throttles_lifted(), Stopwatch() as watch:
        found = await run.run_week(run.PaperOptions(adapter, simulated), console)
    if found or screen.getvalue().count("reconciled") != accounts:
        raise RuntimeError(f"{accounts} accounts were to be reconciled; differences: {found}")
    return watch


async def simulated_week(accounts: int) -> Stopwatch:
    """Live the week in process with so many accounts."""
    return await _week("simulated", accounts)


async def tws_week(accounts: int) -> Stopwatch:
    """Live the week over the socket with so many accounts, the throttle lifted."""
    return await _week("tws", accounts)


WEEKS: dict[str, Way] = {"week, in process": simulated_week, "week, tws": tws_week}
