"""The journal: durable intents a second against bare SQLite, and what it adds to a round trip.

An intent is what ``Broker.place`` writes before it sends: one order, and then the wait until it is
on the disk. Bare SQLite is Python's own module with the same settings (write-ahead log,
``synchronous = FULL``), the same text in a table of one column, one commit for each. Both write to
the same directory, in rounds that go A/B/A/B, each round to a file of its own. Callers that wait at
the same time share a commit; how many there are is in the table.

The round trip is place to filled, in process and over the TWS socket with the throttle lifted; the
journal in memory and the one on disk go in turn. An order makes three waits for the disk: for the
intent, for what the broker answered, and for the events of its fill.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from functools import partial
from pathlib import Path
from statistics import median

from bench.figures import median_ratio, milliseconds, percentile, ratio, show, show_machine
from bench.stage import (
    ACCOUNT,
    LOGICAL_ACCOUNT,
    in_process_broker,
    keep_quiet,
    new_world,
    request_of,
    require_filled,
    throttles_lifted,
    tws_broker,
    unpaced_gateway,
)
from brokerport.adapters.journal.codec import EntryCodec
from brokerport.adapters.journal.sql import SqlJournal
from brokerport.adapters.journal.sqlite import SqliteFile
from brokerport.adapters.journal.store import JournalStore
from brokerport.broker import Broker
from brokerport.domain.accounts import AccountMap, LogicalAccount, Role
from brokerport.domain.journal import OrderRecorded
from brokerport.domain.orders import ClientOrderId, Order

CALLERS = (1, 10, 100)
WARM_UP = 20
FILL_SECONDS_MAX = 10.0
INTENT = OrderRecorded(
    Order.submitted(ClientOrderId(LOGICAL_ACCOUNT, "01JD2V8Y3W0000000000000001"), request_of(0))
)
ACCOUNTS = AccountMap([(LogicalAccount(LOGICAL_ACCOUNT, Role.GEN), ACCOUNT)])

OpenBroker = Callable[[str], AbstractAsyncContextManager[Broker]]


def bare_rate(path: Path, intents: int) -> float:
    """Commit intents one by one through Python's own module; return how many a second."""
    _kind, text = EntryCodec().encoded(INTENT)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE entries (body TEXT NOT NULL)")

        def commit(count: int) -> None:
            for _intent in range(count):
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO entries VALUES (?)", (text,))
                connection.execute("COMMIT")

        commit(WARM_UP)
        began = time.perf_counter()
        commit(intents)
        seconds = time.perf_counter() - began
        (found,) = connection.execute("SELECT count(*) FROM entries").fetchone()
    if found != WARM_UP + intents:
        raise RuntimeError(f"{found} rows are there")
    return intents / seconds


async def journal_rate(path: Path, intents: int, callers: int) -> float:
    """Make intents durable, so many callers at once; return how many a second."""
    journal = SqlJournal(JournalStore(SqliteFile(path)), ACCOUNTS)
    await journal.open([ACCOUNT])

    async def call(count: int) -> None:
        for _intent in range(count):
            journal.append(LOGICAL_ACCOUNT, INTENT)
            await journal.flush()

    await call(WARM_UP)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _caller in range(callers):
            tasks.create_task(call(intents // callers))
    seconds = time.perf_counter() - began
    found = len(await journal.read(LOGICAL_ACCOUNT))
    await journal.close()
    if found != WARM_UP + intents // callers * callers:
        raise RuntimeError(f"{found} entries are there")
    return intents / seconds


def measure_intents(directory: Path, rounds: int, intents: int) -> None:
    """Measure in turn and print the rates."""
    bare: list[float] = []
    rates: dict[int, list[float]] = {callers: [] for callers in CALLERS}
    for number in range(rounds):
        for callers in (0, *CALLERS) if number % 2 == 0 else (*reversed(CALLERS), 0):
            path = directory / f"{number}-{callers}.db"
            if callers == 0:
                bare.append(bare_rate(path, intents))
            else:
                rates[callers].append(asyncio.run(journal_rate(path, intents * callers, callers)))
    show(
        f"Durable intents, {rounds} rounds of {intents} for each caller",
        ("writer", "callers", "intents/s", "bare SQLite = 1"),
        [
            ("bare SQLite, a commit each", 1, f"{median(bare):,.0f}", ratio(1, 1)),
            *(
                ("journal", callers, f"{median(found):,.0f}", f"{median_ratio(found, bare):.2f}")
                for callers, found in rates.items()
            ),
        ],
    )


async def round_trips(open_broker: OpenBroker, url: str, orders: int) -> list[float]:
    """Trade orders one after the other; return how long each took from place to filled."""
    taken = []
    async with open_broker(url) as broker:
        for number in range(WARM_UP + orders):
            began = time.perf_counter()
            order = await broker.place(request_of(number))
            order = await broker.wait_until_done(
                order.account, order.client_order_id, FILL_SECONDS_MAX
            )
            taken.append(time.perf_counter() - began)
            require_filled(order)
    return taken[WARM_UP:]


@asynccontextmanager
async def broker_in_process(url: str) -> AsyncIterator[Broker]:
    """Open a ``Broker`` on a world of its own."""
    async with in_process_broker(new_world(), url) as broker:
        yield broker


@asynccontextmanager
async def broker_over_tws(url: str) -> AsyncIterator[Broker]:
    """Open a ``Broker`` on a gateway of its own."""
    async with (
        unpaced_gateway(new_world()) as gateway,
        tws_broker(gateway.port, journal_url=url) as broker,
    ):
        yield broker


def measure_round_trips(directory: Path, rounds: int, orders: int) -> None:
    """Measure in turn and print medians."""
    rows = []
    for name, open_broker in (("in process", broker_in_process), ("TWS socket", broker_over_tws)):
        taken: dict[str, list[float]] = {"memory": [], "SQLite": []}
        for number in range(rounds):
            file = directory / f"{name.replace(' ', '-')}-{number}.db"
            urls = {"memory": "memory:", "SQLite": f"sqlite:///{file}"}
            for journal in taken if number % 2 == 0 else reversed(taken):
                trading = partial(round_trips, open_broker, urls[journal], orders)
                taken[journal] += asyncio.run(trading())
        base = median(taken["memory"])
        for journal, values in taken.items():
            middle = median(values)
            added = milliseconds(middle - base)
            p95 = milliseconds(percentile(values, 0.95))
            rows.append(
                (
                    f"{name}, {journal}",
                    len(values),
                    milliseconds(middle),
                    added,
                    ratio(middle, base),
                    p95,
                )
            )
    headings = ("journal", "orders", "median ms", "added ms", "memory = 1", "p95 ms")
    show("Round trip of an order, place to filled", headings, rows)


def main() -> None:
    """Measure and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="rounds of each")
    parser.add_argument("--intents", type=int, default=200, help="intents of a caller in a round")
    parser.add_argument("--orders", type=int, default=100, help="orders in a round")
    parser.add_argument("--directory", type=Path, help="where to write; the system's own for such")
    options = parser.parse_args()
    keep_quiet()
    show_machine()
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        directory = Path(name)
        measure_intents(directory, options.rounds, options.intents)
        with throttles_lifted():
            measure_round_trips(directory, options.rounds, options.orders)


if __name__ == "__main__":
    main()
