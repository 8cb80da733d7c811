"""How time and memory grow with ten times the orders; linear is a ratio of about ten.

Each run is a process of its own: it runs the case once, small, to have everything loaded, and then
with N orders. Processor time is the median of interleaved rounds, once as Python runs and once with
its cyclic garbage collector off: a full collection looks at everything alive, and a short run has
none, so a ratio with the collector on compares runs with and without. Memory comes from one more
run, under tracemalloc: the most that Python had allocated at one time beyond what it had before.
N is orders; for ``pieces`` fills of one order, for the weeks accounts, each with its orders.

A ratio clearly above ten says that an order costs the more, the more there are. A lower one says
that a fixed cost, such as building the world, is spread over more orders.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import tracemalloc
from collections.abc import Callable
from statistics import median

from bench.child import run_child
from bench.crowds import CROWDS
from bench.figures import ratio, show, show_machine
from bench.stage import keep_quiet
from bench.ways import WAYS, Way
from bench.week import WEEKS

GROWTH = 10
WARM_UP = 3
Taken = dict[tuple[str, str, int], list[float]]

CASES: dict[str, Way] = {**WAYS, **CROWDS, **WEEKS}
SIZES: dict[str, int] = {
    **dict.fromkeys(WAYS, 500),
    **dict.fromkeys(CROWDS, 500),
    **dict.fromkeys(WEEKS, 3),
}


def seconds_here(name: str, count: int) -> float:
    """Run a case in this process and return the processor time it took."""
    asyncio.run(CASES[name](WARM_UP))
    gc.collect()
    return asyncio.run(CASES[name](count)).cpu_seconds


def seconds_uncollected_here(name: str, count: int) -> float:
    """Run a case in this process without garbage collection; return its processor time."""
    gc.disable()
    return seconds_here(name, count)


def bytes_here(name: str, count: int) -> float:
    """Run a case in this process and return the most memory it held at one time."""
    asyncio.run(CASES[name](WARM_UP))
    gc.collect()
    tracemalloc.start()
    asyncio.run(CASES[name](count))
    return tracemalloc.get_traced_memory()[1]


MEASURES: dict[str, Callable[[str, int], float]] = {
    "seconds": seconds_here,
    "seconds uncollected": seconds_uncollected_here,
    "bytes": bytes_here,
}
UNITS = {"seconds": 1.0, "seconds uncollected": 1.0, "bytes": 2.0**20}


def run_apart(measure: str, name: str, count: int) -> float:
    """Take a measure of a case in a process of its own."""
    outcome = run_child(("-m", "bench.growth", "--here", measure, name, str(count)))
    return float(outcome.output.splitlines()[-1])


def _row(name: str, taken: Taken) -> tuple[str, ...]:
    """Write N, then for each measure the median at N, at ten times N, and their ratio."""
    count = SIZES[name]
    cells = [name, str(count)]
    for measure, unit in UNITS.items():
        small, large = (median(taken[measure, name, count * by]) for by in (1, GROWTH))
        cells += [f"{small / unit:.3f}", f"{large / unit:.3f}", ratio(large, small)]
    return tuple(cells)


def main() -> None:
    """Run every case at N and at ten times N and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each case and size")
    parser.add_argument("--only", choices=CASES, nargs="+", default=list(CASES), metavar="CASE")
    parser.add_argument("--here", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    keep_quiet()
    if options.here:
        measure, name, count = options.here
        print(MEASURES[measure](name, int(count)))
        return
    taken: Taken = {}
    for round_number in range(options.rounds):
        for name in options.only:
            # Memory is the same in every round.
            for measure in MEASURES if round_number == 0 else ("seconds", "seconds uncollected"):
                for count in (SIZES[name], SIZES[name] * GROWTH):
                    value = run_apart(measure, name, count)
                    taken.setdefault((measure, name, count), []).append(value)
    show_machine()
    show(
        f"Growth from N to {GROWTH} N: median of {options.rounds} interleaved rounds",
        (
            "case",
            "N",
            *("CPU s", f"{GROWTH} N", "ratio"),
            *("no GC s", f"{GROWTH} N", "ratio"),
            *("MiB", f"{GROWTH} N", "ratio"),
        ),
        [_row(name, taken) for name in options.only],
    )


if __name__ == "__main__":
    main()
