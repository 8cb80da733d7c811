"""A campaign: many seeds, each a run of its own, on one or several processes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice

from attrs import frozen

from brokerport.dst.bugs import bug_named
from brokerport.dst.checker import check
from brokerport.dst.generation import plan_of
from brokerport.dst.plan import Plan
from brokerport.dst.run import Run, play
from brokerport.dst.violations import Kind, Violation

CHUNK_SEEDS = 20


@frozen
class Outcome:
    """What came of one seed."""

    seed: int
    violations: tuple[Violation, ...]
    digest: str
    virtual_seconds: float
    calls: int
    orders: int
    fills: int
    crashes: int
    faults: int


@frozen
class Tally:
    """What a campaign adds up to; seconds are of the wall clock."""

    runs: int
    failed: tuple[Outcome, ...]
    virtual_seconds: float
    seconds: float
    calls: int
    orders: int
    fills: int
    crashes: int
    faults: int

    @property
    def virtual_hours_a_second(self) -> float:
        """How many hours pass in the simulation in a second of the wall clock."""
        return self.virtual_seconds / 3600 / self.seconds if self.seconds else 0.0


def run_plan(
    plan: Plan, bug: str | None = None, *, keeps_lines: bool = False
) -> tuple[Run, tuple[Violation, ...]]:
    """Play a plan, with a planted bug or without, and check its books."""
    if bug is None:
        run = play(plan, keeps_lines=keeps_lines)
    else:
        planted = bug_named(bug)
        with planted.patched():
            run = play(plan, configure=planted.plant, keeps_lines=keeps_lines)
    return run, check(run.books)


def run_seed(seed: int, adapter: str, bug: str | None = None) -> Outcome:
    """Run one seed; an error of the simulation's own is a violation too."""
    plan = plan_of(seed, adapter)
    try:
        run, violations = run_plan(plan, bug)
    except Exception as error:
        failure = Violation(Kind.SIMULATOR, f"the run failed: {error!r}")
        return Outcome(seed, (failure,), "", 0.0, 0, 0, 0, 0, 0)
    books = run.books
    return Outcome(
        seed=seed,
        violations=violations,
        digest=run.trace.digest,
        virtual_seconds=run.virtual_seconds,
        calls=len(books.calls),
        orders=len(books.exchange_orders),
        fills=len(books.executions),
        crashes=sum(life.has_crashed for life in books.lives),
        faults=len(books.troubles),
    )


def outcomes(
    seeds: Iterable[int], adapter: str, bug: str | None = None, jobs: int = 1
) -> Iterator[Outcome]:
    """Yield the outcome of every seed, in order."""
    if jobs <= 1:
        for seed in seeds:
            yield run_seed(seed, adapter, bug)
        return
    numbers = iter(seeds)
    with ProcessPoolExecutor(jobs, initializer=be_quiet) as pool:
        while chunk := list(islice(numbers, CHUNK_SEEDS * jobs)):
            yield from pool.map(
                run_seed,
                chunk,
                [adapter] * len(chunk),
                [bug] * len(chunk),
                chunksize=CHUNK_SEEDS // 4,
            )


def run_campaign(
    seeds: Iterable[int],
    adapter: str,
    *,
    bug: str | None = None,
    jobs: int = 1,
    on_outcome: Callable[[Outcome], None] = lambda _outcome: None,
) -> Tally:
    """Run every seed; ``on_outcome`` hears of each as it comes."""
    began = time.perf_counter()
    failed: list[Outcome] = []
    totals = dict.fromkeys(("runs", "calls", "orders", "fills", "crashes", "faults"), 0)
    virtual_seconds = 0.0
    for outcome in outcomes(seeds, adapter, bug, jobs):
        on_outcome(outcome)
        totals["runs"] += 1
        for name in ("calls", "orders", "fills", "crashes", "faults"):
            totals[name] += getattr(outcome, name)
        virtual_seconds += outcome.virtual_seconds
        if outcome.violations:
            failed.append(outcome)
    return Tally(
        failed=tuple(failed),
        virtual_seconds=virtual_seconds,
        seconds=time.perf_counter() - began,
        **totals,
    )


def noisy_loggers() -> tuple[str, ...]:
    """Return the loggers there are that tell of what faults do."""
    known = tuple(logging.root.manager.loggerDict)
    parts = ("brokerport", "asyncio", "uvicorn", "websockets", "ib_async")
    return (*parts, *(name for name in known if name.partition(".")[0] in parts and "." in name))


def be_quiet() -> None:
    """Keep what gateway and libraries log out of the campaign's output: faults are intended."""
    for name in noisy_loggers():
        logging.getLogger(name).disabled = True


@contextmanager
def quiet() -> Iterator[None]:
    """Be quiet while the block runs."""
    loggers = [logging.getLogger(name) for name in noisy_loggers()]
    before = [logger.disabled for logger in loggers]
    be_quiet()
    try:
        yield
    finally:
        for logger, was_disabled in zip(loggers, before, strict=True):
            logger.disabled = was_disabled
