"""What one Client Portal gateway can take: requests a second, and the memory of WebSockets.

The gateway is a process of its own (``portal_stage``) and so is the load (``portal_load``), which
asks with bare bytes over connections that stay open. Each figure is of one processor at most: the
gateway is one event loop.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from statistics import median
from typing import Any

from bench.child import ROOT, run_child
from bench.figures import milliseconds, show, show_machine
from bench.portal_stage import ACCOUNTS, Contract, Gateway, build_stage, serving
from bench.portal_ways import open_ibind

PATHS = {
    "/iserver/accounts": "/iserver/accounts",
    "/portfolio/{account}/positions/0": f"/portfolio/{ACCOUNTS[0]}/positions/0",
}
CONNECTIONS = (1, 10, 100)
STREAMS = 100
QUOTES_A_STREAM = 20
MIB = 1024 * 1024


def rate(gateway: Gateway, path: str, connections: int, seconds: float) -> float:
    """Return how many requests were answered a second.

    Raises:
        RuntimeError: one was refused.
    """
    work = {
        "kind": "requests",
        "port": gateway.port,
        "certificate": str(gateway.certificate),
        "path": path,
        "connections": connections,
        "seconds": seconds,
    }
    outcome = json.loads(run_child(("-m", "bench.portal_load", json.dumps(work))).output)
    if outcome["refused"] or not outcome["answered"]:
        raise RuntimeError(f"{path} on {connections} connections: {outcome}")
    return float(outcome["answered"] / outcome["seconds"])


def measure_requests(gateway: Gateway, rounds: int, seconds: float) -> None:
    """Ask every path over every number of connections, in turn, and print the medians."""
    cases = [(name, number) for name in PATHS for number in CONNECTIONS]
    rates: dict[tuple[str, int], list[float]] = {case: [] for case in cases}
    for _round in range(rounds):
        for name, number in cases:
            rates[name, number].append(rate(gateway, PATHS[name], number, seconds))
    show(
        f"Requests a second over HTTPS; median of {rounds} rounds of {seconds:g} s",
        ("GET", "connections", "requests/s", "ms a request"),
        [
            (name, number, f"{median(found):,.0f}", milliseconds(1 / median(found)))
            for (name, number), found in rates.items()
        ],
    )


def measure_streams(contracts: tuple[Contract, ...], rounds: int) -> None:
    """Open WebSockets on a fresh gateway and print what its memory grew by, round by round."""
    grown: list[int] = []
    totals: list[int] = []
    for _round in range(rounds):
        with serving() as gateway, open_ibind(gateway) as client:
            session = client.tickle().data["session"]
            # What the first one brings in once and for all is not a subscriber's.
            hold_streams(gateway, contracts, session, 1)
            before, after = hold_streams(gateway, contracts, session, STREAMS)
            grown.append(after - before)
            totals.append(after)
    show(
        f"Memory of {STREAMS} WebSockets, each with {QUOTES_A_STREAM} quotes, orders and trades; "
        f"median of {rounds} gateways",
        ("gateway", "MiB with them", "MiB more", "KiB each"),
        [
            (
                "resident",
                f"{median(totals) / MIB:.1f}",
                f"{median(grown) / MIB:.1f}",
                f"{median(grown) / STREAMS / 1024:.0f}",
            )
        ],
    )


def hold_streams(
    gateway: Gateway, contracts: tuple[Contract, ...], session: str, streams: int
) -> tuple[int, int]:
    """Return the gateway's memory before the streams were opened, and while all are open."""
    work: dict[str, Any] = {
        "kind": "streams",
        "port": gateway.port,
        "certificate": str(gateway.certificate),
        "session": session,
        "contract_ids": [one.contract_id for one in contracts[:QUOTES_A_STREAM]],
        "streams": streams,
    }
    before = gateway.resident_bytes()
    with subprocess.Popen(  # noqa: S603 - arguments of our own
        [sys.executable, "-m", "bench.portal_load", json.dumps(work)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as load:
        if load.stdin is None or load.stdout is None:
            raise RuntimeError("the load's process has no pipes")
        told = load.stdout.readline()
        if not told:
            raise RuntimeError("the streams could not be opened")
        after = gateway.resident_bytes()
        load.stdin.close()
    return before, after


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each case in a round")
    arguments = parser.parse_args()
    show_machine()
    print(f"load average {os.getloadavg()[0]:.1f}")
    _world, contracts = build_stage()
    with serving() as gateway, open_ibind(gateway):
        # The calls that IBKR wants to come first have been made here.
        measure_requests(gateway, arguments.rounds, arguments.seconds)
    measure_streams(contracts, arguments.rounds)


if __name__ == "__main__":
    main()
