"""SQL journals for the tests: on a SQLite file, written by this process or by one that is killed.

Run as a program it writes numbered entries until it is killed, and prints each number when it is
durable: ``python -m tests.support.sql_journals FILE SEED``.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from brokerport.adapters.journal.sql import SqlJournal
from brokerport.adapters.journal.sqlite import SqliteFile
from brokerport.adapters.journal.store import JournalStore
from tests.support.examples import GEN, REV, account_map
from tests.support.journal_entries import numbered, numbers_of

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run on a real event loop: a virtual clock does not wait for a thread."""
    with asyncio.Runner() as runner:
        return runner.run(work)


def sqlite_journal(path: Path) -> SqlJournal:
    """Return a journal on a file, not opened yet."""
    return SqlJournal(JournalStore(SqliteFile(path)), account_map())


async def opened(path: Path) -> SqlJournal:
    """Return a journal on a file, opened for both accounts of the examples."""
    journal = sqlite_journal(path)
    await journal.open([GEN, REV])
    return journal


async def write_numbers(path: Path, first: int, last: int) -> None:
    """Write numbered entries for ``gen`` in a session of its own."""
    journal = await opened(path)
    for number in range(first, last + 1):
        journal.append("gen", numbered(number))
    await journal.flush()
    await journal.close()


async def read_numbers(path: Path) -> list[int]:
    """Read the numbers back in a session of its own."""
    journal = await opened(path)
    try:
        return numbers_of(await journal.read("gen"))
    finally:
        await journal.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file locked for writing, as a backup or another program might."""
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.close()


async def _write_until_killed(path: Path, seed: int) -> None:
    randomness = random.Random(seed)
    journal = await opened(path)
    written = await journal.read("gen")
    number = numbers_of(written)[-1] if written else 0
    while True:
        for _entry in range(randomness.randint(1, 20)):
            number += 1
            journal.append("gen", numbered(number))
            if randomness.random() < 0.2:
                await asyncio.sleep(0)
        await journal.flush()
        print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(_write_until_killed(Path(sys.argv[1]), int(sys.argv[2])))
