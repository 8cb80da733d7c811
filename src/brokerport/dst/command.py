"""The command ``brokerport-dst``: campaigns, replays and shrinking of deterministic runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from brokerport.dst.bugs import BUGS
from brokerport.dst.campaign import Outcome, Tally, quiet, run_campaign, run_plan
from brokerport.dst.generation import plan_of
from brokerport.dst.plan import Plan
from brokerport.dst.shrinking import shrink

OK, FAILED, WRONG_USE = 0, 1, 2
PROGRESS_RUNS = 500


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0 when nothing is wrong, 1 when something is, 2 for wrong use."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.seeds < 1 or chosen.jobs < 1:
        parser.error("--seeds and --jobs must be 1 or more")
    with quiet():
        if chosen.replay is not None:
            return _replay(plan_of(chosen.replay, chosen.adapter), chosen.bug)
        if chosen.shrink is not None:
            return _shrink(plan_of(chosen.shrink, chosen.adapter), chosen.bug)
        return _campaign(chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="brokerport-dst",
        description="Run the real adapters against a simulated IBKR on a virtual clock, under "
        "faults and crashes, and check three books against each other.",
    )
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds to run")
    parser.add_argument("--first-seed", type=int, default=1, help="the first of them")
    parser.add_argument("--adapter", choices=("tws", "client_portal"), default="tws")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument("--replay", type=int, metavar="SEED", help="show the trace of one seed")
    parser.add_argument("--shrink", type=int, metavar="SEED", help="make a failing seed smaller")
    parser.add_argument("--bug", choices=sorted(BUGS), help="plant this bug")
    return parser


def _campaign(chosen: argparse.Namespace) -> int:
    first: int = chosen.first_seed
    done = 0

    def report(outcome: Outcome) -> None:
        nonlocal done
        done += 1
        if outcome.violations:
            print(f"seed {outcome.seed}: {outcome.violations[0]}", flush=True)
        if done % PROGRESS_RUNS == 0:
            print(f"{done} of {chosen.seeds} runs", file=sys.stderr, flush=True)

    tally = run_campaign(
        range(first, first + chosen.seeds),
        chosen.adapter,
        bug=chosen.bug,
        jobs=chosen.jobs,
        on_outcome=report,
    )
    print(summary(tally, chosen.adapter))
    if tally.failed:
        print(f"replay one with: brokerport-dst --adapter {chosen.adapter} --replay SEED")
        return FAILED
    return OK


def summary(tally: Tally, adapter: str) -> str:
    """Return a campaign's figures in words."""
    return (
        f"{adapter}: {tally.runs} runs, {len(tally.failed)} with a violation; {tally.calls} calls, "
        f"{tally.orders} orders, {tally.fills} fills, {tally.crashes} crashes, "
        f"{tally.faults} troubles; {tally.virtual_seconds / 3600:.0f} virtual hours in "
        f"{tally.seconds:.0f} s ({tally.virtual_hours_a_second:.1f} a second)"
    )


def _replay(plan: Plan, bug: str | None) -> int:
    run, violations = run_plan(plan, bug, keeps_lines=True)
    for line in run.trace.lines:
        print(line)
    print(f"trace {run.trace.digest}")
    for violation in violations:
        print(f"seed {plan.seed}: {violation}")
    return FAILED if violations else OK


def _shrink(plan: Plan, bug: str | None) -> int:
    _run, violations = run_plan(plan, bug)
    if not violations:
        print(f"seed {plan.seed} does not fail: there is nothing to shrink")
        return OK
    kind = violations[0].kind

    def still_fails(shorter: Plan) -> bool:
        return any(violation.kind is kind for violation in run_plan(shorter, bug)[1])

    shrunk = shrink(plan, still_fails)
    print(f"{len(plan.steps)} steps, {len(shrunk.steps)} of them needed:")
    for step in shrunk.steps:
        print(f"  {step}")
    return _replay(shrunk, bug)
