"""Orders a second, placed and filled, by every way an order can go; see ``ways``.

Each round runs every way once, in turn, in a new world; ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
from statistics import median

from bench.figures import median_ratio, show, show_machine
from bench.stage import keep_quiet
from bench.ways import WAYS


def main() -> None:
    """Run the rounds and print one line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000, help="orders in each run")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way")
    options = parser.parse_args()
    keep_quiet()
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(options.rounds):
        for name, way in WAYS.items():
            gc.collect()
            seconds[name].append(asyncio.run(way(options.orders)).wall_seconds)
    base = seconds["brokerage"]
    show_machine()
    show(
        f"Orders a second: {options.orders} orders, median of {options.rounds} interleaved rounds",
        ("way", "orders/s", "us an order", "time, brokerage = 1", "slowest round orders/s"),
        [
            (
                name,
                f"{options.orders / median(taken):,.0f}",
                f"{median(taken) / options.orders * 1e6:,.0f}",
                f"{median_ratio(taken, base):.2f}",
                f"{options.orders / max(taken):,.0f}",
            )
            for name, taken in seconds.items()
        ],
    )


if __name__ == "__main__":
    main()
