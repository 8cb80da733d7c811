"""The Client Portal adapter against ibind, on one gateway in a process of its own.

    connect    from nothing to ready. The adapter is ready when it follows orders and trades over
               its stream; ibind both with that and without
    orders     place to acknowledged, with one question to answer
    accounts   positions, summary and ledger of 30 accounts; and their profit and loss, for which
               IBKR has the account selected first
    quotes     500 quotes, 100 to a request
    distant    accounts and quotes once more, from a gateway that is 20 ms away

Rounds go A/B/A/B, forwards and backwards in turn; a ratio is the median of the ratios taken round
by round. Contract ids are looked up before a clock runs, and a client's connections are open.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from statistics import median

from bench.figures import median_ratio, milliseconds, show, show_machine
from bench.portal_distance import at_a_distance
from bench.portal_stage import Contract, Gateway, build_stage, serving
from bench.portal_ways import (
    AAPL,
    THREADS,
    adapter_accounts,
    adapter_orders,
    adapter_profits,
    adapter_quotes,
    adapter_ready,
    broker_orders,
    broker_ready,
    ibind_accounts,
    ibind_orders,
    ibind_profits,
    ibind_quotes,
    ibind_ready,
    ibind_ready_to_follow,
    open_adapter,
    open_ibind,
)
from bench.stage import keep_quiet
from bench.ways import Stopwatch

# One round's figure of one way, in seconds.
Way = Callable[[], Awaitable[float]]
CASES = ("connect", "orders", "accounts", "quotes", "distant")
# A round trip to IBKR's servers takes at least that long from most places.
DISTANCE_SECONDS = 0.02
DISTANT_ROUNDS = 3


async def measure(title: str, ways: Mapping[str, Way], base: str, rounds: int) -> None:
    """Run every way in every round, and print the medians beside the base line's."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in ways if number % 2 == 0 else reversed(tuple(ways)):
            taken[name].append(await ways[name]())
    show(
        f"{title}; {rounds} rounds",
        ("client", "median ms", f"{base} = 1"),
        [
            (name, milliseconds(median(found)), f"{median_ratio(found, taken[base]):.2f}")
            for name, found in taken.items()
        ],
    )


def blocking(work: Callable[[], object]) -> Way:
    """Time a call that blocks; nothing else runs on the loop meanwhile."""

    async def way() -> float:
        with Stopwatch() as watch:
            work()
        return watch.wall_seconds

    return way


def awaited(work: Callable[[], Awaitable[object]]) -> Way:
    """Time a coroutine."""

    async def way() -> float:
        with Stopwatch() as watch:
            await work()
        return watch.wall_seconds

    return way


async def measure_connect(gateway: Gateway, rounds: int) -> None:
    """Compare how long it takes to be ready; what is timed ends before the closing."""

    async def ibind_rest() -> float:
        return ibind_ready(gateway)

    async def ibind() -> float:
        return ibind_ready_to_follow(gateway)

    ways: dict[str, Way] = {
        "ibind": ibind,
        "ibind, no stream": ibind_rest,
        "adapter": lambda: adapter_ready(gateway),
        "Broker": lambda: broker_ready(gateway),
    }
    await measure("Connect to ready", ways, "ibind", rounds)


async def measure_orders(
    gateway: Gateway, contracts: tuple[Contract, ...], rounds: int, orders: int
) -> None:
    """Compare orders; every round has a connection of its own, so that none hears the others'."""
    (contract_id,) = (one.contract_id for one in contracts if one.instrument == AAPL)

    async def ibind() -> float:
        return median(ibind_orders(gateway, contract_id, orders))

    async def asked() -> float:
        return median(await adapter_orders(gateway, orders, is_asked=True))

    async def suppressed() -> float:
        return median(await adapter_orders(gateway, orders, is_asked=False))

    async def broker() -> float:
        return median(await broker_orders(gateway, orders))

    ways: dict[str, Way] = {
        "ibind": ibind,
        "adapter": asked,
        "Broker": broker,
        "adapter, question suppressed": suppressed,
    }
    title = f"Place to acknowledged with one question, {orders} orders a round"
    await measure(title, ways, "ibind", rounds)


async def measure_accounts(gateway: Gateway, rounds: int, where: str = "") -> None:
    """Compare the reading of all accounts."""
    async with open_adapter(gateway) as adapter:
        with open_ibind(gateway) as client:
            ways = {
                "ibind": blocking(lambda: ibind_accounts(client)),
                f"ibind, {THREADS} threads": blocking(lambda: ibind_accounts(client, THREADS)),
                "adapter": awaited(lambda: adapter_accounts(adapter)),
            }
            for way in ways.values():
                await way()
            title = f"Positions, summary and ledger of 30 accounts{where}"
            await measure(title, ways, "ibind", rounds)
            ways = {
                "ibind": blocking(lambda: ibind_profits(client)),
                "adapter": awaited(lambda: adapter_profits(adapter)),
            }
            await measure(f"Profit and loss of 30 accounts{where}", ways, "ibind", rounds)


async def measure_quotes(
    gateway: Gateway, contracts: tuple[Contract, ...], rounds: int, where: str = ""
) -> None:
    """Compare the reading of quotes; each time all feeds have to be opened anew."""
    async with open_adapter(gateway) as adapter:
        with open_ibind(gateway) as client:

            def anew(way: Way) -> Way:
                async def run() -> float:
                    client.marketdata_unsubscribe_all()
                    return await way()

                return run

            # The contract ids are looked up here, and never again.
            await adapter_quotes(adapter, contracts)
            ways = {
                "ibind": blocking(lambda: ibind_quotes(client, contracts)),
                "ibind, 100 lines": blocking(
                    lambda: ibind_quotes(client, contracts, keeps_lines=True)
                ),
                f"ibind, {THREADS} threads": blocking(
                    lambda: ibind_quotes(client, contracts, threads=THREADS)
                ),
                "adapter": awaited(lambda: adapter_quotes(adapter, contracts)),
            }
            again = {name: anew(way) for name, way in ways.items()}
            await measure(f"{len(contracts)} quotes{where}", again, "ibind", rounds)


async def run(only: tuple[str, ...], rounds: int, orders: int) -> None:
    """Start gateways and measure."""
    _world, contracts = build_stage()
    # Each on a gateway of its own: orders of an earlier case stand in every list.
    if "connect" in only:
        with serving() as gateway:
            await measure_connect(gateway, rounds)
    if "orders" in only:
        with serving() as gateway:
            await measure_orders(gateway, contracts, rounds, orders)
    if "accounts" in only:
        with serving() as gateway:
            await measure_accounts(gateway, rounds)
    if "quotes" in only:
        with serving() as gateway:
            await measure_quotes(gateway, contracts, rounds)
    if "distant" in only:
        where = f", {DISTANCE_SECONDS * 1000:g} ms away"
        with serving() as gateway, at_a_distance(gateway, DISTANCE_SECONDS) as distant:
            await measure_accounts(distant, DISTANT_ROUNDS, where)
            await measure_quotes(distant, contracts, DISTANT_ROUNDS, where)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--orders", type=int, default=20, help="in each round")
    arguments = parser.parse_args()
    keep_quiet()
    show_machine()
    print(f"load average {os.getloadavg()[0]:.1f}")
    asyncio.run(run(tuple(arguments.only), arguments.rounds, arguments.orders))


if __name__ == "__main__":
    main()
