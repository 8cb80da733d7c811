"""Wall time, processor time and peak memory of ``brokerport paper``, on both adapters.

Each run is a process of its own, as a person starts it, import and all; its figures come from the
operating system when it ends. ``import only`` is the same command asked for its help text: what
Python and the libraries take before the week begins.
"""

from __future__ import annotations

import argparse
from statistics import median

from bench.child import Outcome, run_child
from bench.figures import ratio, show, show_machine

COMMANDS: dict[str, tuple[str, ...]] = {
    "import only": ("-m", "brokerport", "paper", "--help"),
    "simulated": ("-m", "brokerport", "paper", "--adapter", "simulated", "--seed", "1"),
    "tws": ("-m", "brokerport", "paper", "--adapter", "tws", "--seed", "1"),
}


def main() -> None:
    """Run the rounds and print one line for each command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each command")
    options = parser.parse_args()
    outcomes: dict[str, list[Outcome]] = {name: [] for name in COMMANDS}
    for _ in range(options.rounds):
        for name, arguments in COMMANDS.items():
            outcomes[name].append(run_child(arguments))
    base = outcomes["simulated"]
    base_wall = median(outcome.wall_seconds for outcome in base)
    base_peak = median(outcome.peak_bytes for outcome in base)
    show_machine()
    show(
        f"brokerport paper: one week, median of {options.rounds} interleaved rounds",
        ("adapter", "wall s", "simulated = 1", "CPU s", "peak MiB", "simulated = 1"),
        [
            (
                name,
                f"{(wall := median(outcome.wall_seconds for outcome in runs)):.2f}",
                ratio(wall, base_wall),
                f"{median(outcome.cpu_seconds for outcome in runs):.2f}",
                f"{(peak := median(outcome.peak_bytes for outcome in runs)) / 2**20:.0f}",
                ratio(peak, base_peak),
            )
            for name, runs in outcomes.items()
        ],
    )


if __name__ == "__main__":
    main()
