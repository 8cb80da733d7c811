"""Shrinking: the smallest part of a failing plan that still fails in the same way.

Delta debugging (Zeller, "Yesterday, my program worked", 1999): leave out ever smaller parts of the
steps; what the failure does not need goes.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from brokerport.dst.plan import Plan, Step


def shrink(plan: Plan, still_fails: Callable[[Plan], bool]) -> Plan:
    """Return the plan with every step left out that can be; it fails still."""
    steps = list(plan.steps)
    size = max(1, len(steps) // 2)
    while True:
        shorter = _without_one_part(plan, steps, size, still_fails)
        if shorter is not None:
            steps = shorter
            size = min(size, max(1, len(steps) // 2))
        elif size > 1:
            size //= 2
        else:
            break
    shrunk = evolve(plan, steps=tuple(steps))
    for simpler in (
        evolve(shrunk, latency_seconds=0.0),
        evolve(shrunk, disk_seconds=0.0),
    ):
        if simpler != shrunk and still_fails(simpler):
            shrunk = simpler
    return shrunk


def _without_one_part(
    plan: Plan, steps: list[Step], size: int, still_fails: Callable[[Plan], bool]
) -> list[Step] | None:
    for start in range(0, len(steps), size):
        rest = steps[:start] + steps[start + size :]
        if still_fails(evolve(plan, steps=tuple(rest))):
            return rest
    return None
