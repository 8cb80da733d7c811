"""What every journal must do, wherever it keeps its entries (see ``ports.journal``)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, TypeVar

import pytest

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import JournalInUse
from brokerport.domain.journal import JournalEntry
from brokerport.domain.journal_fold import recorded_book
from brokerport.ports.journal import Journal
from tests.support.examples import GEN, REV
from tests.support.journal_entries import numbered, numbers_of, one_of_each

Result = TypeVar("Result")
NewJournal = Callable[[], Journal]


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run on an event loop of its own, whose time is the wall's: threads know no other."""
    with asyncio.Runner() as runner:
        return runner.run(work)


async def written(
    new_journal: NewJournal, entries: Iterable[JournalEntry], account: str = "gen"
) -> None:
    """Write entries for an account in a session of its own."""
    journal = new_journal()
    await journal.open([GEN, REV])
    for entry in entries:
        journal.append(account, entry)
    await journal.flush()
    await journal.close()


async def found(new_journal: NewJournal, account: str = "gen") -> tuple[JournalEntry, ...]:
    """Read an account's entries in a session of its own."""
    journal = new_journal()
    await journal.open([GEN, REV])
    entries = await journal.read(account)
    await journal.close()
    return entries


class JournalContract:
    """Inherited by the tests of each journal, which supply ``new_journal``.

    Each journal that it returns is on the same storage, as one process after the other would be.
    """

    @pytest.fixture
    def new_journal(self) -> NewJournal:
        """Return what makes journals on one storage."""
        raise NotImplementedError

    def test_a_new_journal_is_empty(self, new_journal: NewJournal) -> None:
        """Nothing is recorded, and the fold says so."""
        assert run(found(new_journal)) == ()
        assert recorded_book(()).is_new

    def test_entries_of_every_kind_come_back_in_order(self, new_journal: NewJournal) -> None:
        """The next session reads what this one wrote, and adds it up to the same book."""
        entries = one_of_each()
        run(written(new_journal, entries))
        back = run(found(new_journal))
        assert back == entries
        assert recorded_book(back).orders == recorded_book(entries).orders

    def test_sessions_continue_one_record(self, new_journal: NewJournal) -> None:
        """What is appended later comes after what was there."""
        for first in (0, 10, 20):
            run(written(new_journal, map(numbered, range(first, first + 10))))
        assert numbers_of(run(found(new_journal))) == list(range(30))

    def test_accounts_are_apart(self, new_journal: NewJournal) -> None:
        """One account's record holds nothing of another's."""

        async def work() -> tuple[list[int], list[int]]:
            journal = new_journal()
            await journal.open([GEN, REV])
            for number in range(10):
                journal.append("rev" if number % 3 else "gen", numbered(number))
            await journal.flush()
            read = await journal.read("gen"), await journal.read("rev")
            await journal.close()
            return numbers_of(read[0]), numbers_of(read[1])

        assert run(work()) == ([0, 3, 6, 9], [1, 2, 4, 5, 7, 8])

    def test_what_was_flushed_is_durable(self, new_journal: NewJournal) -> None:
        """Nothing waits any more, nothing failed, and a second flush returns at once."""

        async def work() -> None:
            journal = new_journal()
            await journal.open([GEN])
            journal.append("gen", numbered(1))
            await journal.flush()
            assert journal.is_durable
            assert journal.failure is None
            await journal.flush()
            await journal.close()

        run(work())

    def test_what_was_appended_is_read_before_it_is_durable(self, new_journal: NewJournal) -> None:
        """A reader sees what the session knows."""

        async def work() -> list[int]:
            journal = new_journal()
            await journal.open([GEN])
            for number in range(3):
                journal.append("gen", numbered(number))
            entries = await journal.read("gen")
            await journal.close()
            return numbers_of(entries)

        assert run(work()) == [0, 1, 2]

    def test_closing_writes_what_is_left(self, new_journal: NewJournal) -> None:
        """An entry that nobody flushed is not forgotten; closing twice is closing once."""

        async def work() -> None:
            journal = new_journal()
            await journal.open([GEN])
            journal.append("gen", numbered(7))
            await journal.close()
            await journal.close()

        run(work())
        assert numbers_of(run(found(new_journal))) == [7]

    def test_many_flush_at_once(self, new_journal: NewJournal) -> None:
        """Each of many callers returns when its own entry is durable."""

        async def work() -> list[int]:
            journal = new_journal()
            await journal.open([GEN])

            async def caller(number: int) -> None:
                for step in range(5):
                    journal.append("gen", numbered(number * 100 + step))
                    await journal.flush()

            async with asyncio.TaskGroup() as callers:
                for number in range(20):
                    callers.create_task(caller(number))
            entries = numbers_of(await journal.read("gen"))
            await journal.close()
            return entries

        entries = run(work())
        assert len(entries) == 100
        for number in range(20):
            own = [entry for entry in entries if entry // 100 == number]
            assert own == [number * 100 + step for step in range(5)]

    def test_callbacks_come_in_order_on_the_loops_thread(self, new_journal: NewJournal) -> None:
        """Each once, and with nothing to wait for at once."""

        async def work() -> list[tuple[int, bool, bool]]:
            journal = new_journal()
            await journal.open([GEN])
            called: list[tuple[int, bool, bool]] = []
            here = threading.get_ident()

            def call(number: int) -> None:
                entry_is_durable = journal.is_durable or number < 9
                called.append((number, threading.get_ident() == here, entry_is_durable))

            for number in range(10):
                journal.append("gen", numbered(number))
                journal.when_durable(partial(call, number))
            await journal.flush()
            assert len(called) == 10
            journal.when_durable(lambda: call(10))
            await journal.close()
            return called

        assert run(work()) == [(number, True, True) for number in range(11)]

    def test_a_second_writer_is_refused_by_name(self, new_journal: NewJournal) -> None:
        """It is told which account, masked, and may write when the first has closed."""

        async def work() -> str:
            first, second = new_journal(), new_journal()
            await first.open([GEN])
            with pytest.raises(JournalInUse) as refused:
                await second.open([REV, GEN])
            # A refused journal holds nothing: REV is free.
            third = new_journal()
            await third.open([REV])
            await third.close()
            await first.close()
            await second.open([REV, GEN])
            await second.close()
            return str(refused.value)

        said = run(work())
        assert GEN.masked in said
        assert GEN.account_id not in said

    def test_writers_of_different_accounts_share_a_storage(self, new_journal: NewJournal) -> None:
        """Two processes, an account each: both write, and both records are whole."""

        async def write(account: str, broker_account: BrokerAccount) -> None:
            journal = new_journal()
            await journal.open([broker_account])
            for number in range(20):
                journal.append(account, numbered(number))
                await journal.flush()
            await journal.close()

        async def work() -> None:
            async with asyncio.TaskGroup() as writers:
                writers.create_task(write("gen", GEN))
                writers.create_task(write("rev", REV))

        run(work())
        for account in ("gen", "rev"):
            assert numbers_of(run(found(new_journal, account))) == list(range(20))

    def test_reserved_order_ids_only_rise(self, new_journal: NewJournal) -> None:
        """They are kept for each client id, and last."""

        async def work() -> list[int]:
            journal = new_journal()
            await journal.open([GEN])
            before = await journal.reserved_order_id(1)
            for client_id, order_id in ((1, 100), (1, 101), (2, 7), (1, 50)):
                await journal.reserve_order_id(client_id, order_id)
            await journal.close()
            await journal.open([GEN])
            after = [await journal.reserved_order_id(client_id) for client_id in (1, 2, 3)]
            await journal.close()
            return [before, *after]

        assert run(work()) == [0, 101, 7, 0]
