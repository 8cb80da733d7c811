"""A disk that fails: refused in words, nothing forgotten, and written when it works again."""

from __future__ import annotations

import asyncio
import os
import pwd
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from brokerport.adapters.journal import sql, sqlite
from brokerport.domain.errors import JournalUnavailable
from tests.support.examples import GEN
from tests.support.journal_entries import numbered, numbers_of
from tests.support.sql_journals import (
    locked,
    opened,
    read_numbers,
    run,
    sqlite_journal,
    write_numbers,
)

NEVER_BUSY = tuple(pragma for pragma in sqlite._PRAGMAS if "busy" not in pragma)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is not waited for when it is locked, and not tried again by itself."""
    monkeypatch.setattr(sqlite, "_PRAGMAS", ("PRAGMA busy_timeout = 0", *NEVER_BUSY))
    monkeypatch.setattr(sql, "RETRY_SECONDS", 3600)
    return tmp_path / "journal.db"


@contextmanager
def no_file_larger_than(size_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: a quota, set by the operating system."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_without_room_is_said_and_nothing_is_forgotten(path: Path) -> None:
    """Flushing fails in words, again and again; with room, all of it is written, in order, once."""

    async def work() -> None:
        journal = await opened(path)
        journal.append("gen", numbered(1))
        await journal.flush()
        number = 1
        wal = path.with_name(f"{path.name}-wal")
        with no_file_larger_than(wal.stat().st_size + 5000):
            while journal.failure is None:
                number += 1
                journal.append("gen", numbered(number))
                with suppress(JournalUnavailable):
                    await journal.flush()
            assert str(path) in journal.failure
            assert "the disk failed, or has no room" in journal.failure
            for _attempt in range(3):
                number += 1
                journal.append("gen", numbered(number))
                with pytest.raises(JournalUnavailable):
                    await journal.flush()
                assert not journal.is_durable
            assert numbers_of(await journal.read("gen")) == list(range(1, number + 1))
        await journal.flush()
        assert journal.is_durable
        assert journal.failure is None
        await journal.close()
        assert await read_numbers(path) == list(range(1, number + 1))

    run(work())


def test_a_full_database_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own "full", which is what it says of a disk without room; what was there stays."""
    run(write_numbers(path, 1, 3))
    full = ("PRAGMA max_page_count = 1", *sqlite._PRAGMAS)
    monkeypatch.setattr(sqlite, "_PRAGMAS", full)

    async def work() -> None:
        journal = await opened(path)
        for number in range(1000):
            journal.append("gen", numbered(number))
        with pytest.raises(JournalUnavailable, match="the disk is full"):
            await journal.flush()
        with pytest.raises(JournalUnavailable, match="the disk is full"):
            await journal.close()

    run(work())
    monkeypatch.undo()
    assert run(read_numbers(path)) == [1, 2, 3]


def test_a_locked_file_is_said_and_written_when_it_is_free(path: Path) -> None:
    """Reads go on meanwhile, and those who wait are told in their order."""

    async def work() -> None:
        journal = await opened(path)
        told: list[int] = []
        with locked(path):
            for number in (1, 2):
                journal.append("gen", numbered(number))
                journal.when_durable(partial(told.append, number))
            with pytest.raises(JournalUnavailable, match="another program holds it locked"):
                await journal.flush()
            assert told == [1, 2]
            assert journal.failure is not None
            assert numbers_of(await journal.read("gen")) == [1, 2]
            with pytest.raises(JournalUnavailable, match="another program holds it locked"):
                await journal.reserve_order_id(1, 5)
        await journal.flush()
        assert journal.failure is None
        assert await journal.reserved_order_id(1) == 0
        await journal.close()
        assert await read_numbers(path) == [1, 2]

    run(work())


def test_a_failed_write_is_tried_again_by_itself(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to ask."""
    monkeypatch.setattr(sql, "RETRY_SECONDS", 0.01)

    async def work() -> None:
        journal = await opened(path)
        with locked(path):
            journal.append("gen", numbered(1))
            with pytest.raises(JournalUnavailable):
                await journal.flush()
            again = asyncio.Event()
            written = journal._written

            def told(*result: Any) -> None:
                written(*result)
                if journal.is_durable:
                    again.set()

            monkeypatch.setattr(journal, "_written", told)
        async with asyncio.timeout(20):
            await again.wait()
        assert journal.failure is None
        await journal.close()

    run(work())


def test_closing_says_what_could_not_be_written(path: Path) -> None:
    """And gives the right to write up all the same."""

    async def work() -> None:
        journal = await opened(path)
        journal.append("gen", numbered(1))
        with locked(path), pytest.raises(JournalUnavailable, match="locked"):
            await journal.close()
        await (await opened(path)).close()

    run(work())


def test_a_write_that_hangs_holds_nobody_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits is told that it takes too long, whoever comes later too; then it is done."""
    monkeypatch.setattr(sql, "WRITE_SECONDS_MAX", 0.05)
    monkeypatch.setattr(sqlite, "_PRAGMAS", ("PRAGMA busy_timeout = 60000", *NEVER_BUSY))

    async def work() -> None:
        journal = await opened(path)
        with locked(path):
            for number in (1, 2):
                journal.append("gen", numbered(number))
                with pytest.raises(JournalUnavailable, match="takes more than"):
                    await journal.flush()
        monkeypatch.setattr(sql, "WRITE_SECONDS_MAX", 30.0)
        await journal.flush()
        assert journal.failure is None
        await journal.close()
        assert await read_numbers(path) == [1, 2]

    run(work())


def test_a_file_that_was_removed_is_said(path: Path) -> None:
    """What is written to it would be nowhere; put back, it is written."""
    aside = path.with_name("aside")
    with asyncio.Runner() as runner:
        journal = runner.run(opened(path))
        path.rename(aside)
        journal.append("gen", numbered(1))
        with pytest.raises(JournalUnavailable, match="was removed or replaced"):
            runner.run(journal.flush())
        aside.rename(path)
        runner.run(journal.flush())
        runner.run(journal.close())


@pytest.fixture
def guarded() -> Iterator[Path]:
    """A directory that this process may only read: root stops being root while it lasts."""
    directory = Path(tempfile.mkdtemp(prefix="bp-ro-"))
    was = os.geteuid()
    try:
        (directory / "data").mkdir()
        run(write_numbers(directory / "data" / "journal.db", 1, 3))
        for file in (directory / "data").iterdir():
            file.chmod(0o444)
        (directory / "data").chmod(0o555)
        directory.chmod(0o755)
        if was == 0:
            os.seteuid(pwd.getpwnam("nobody").pw_uid)
        yield directory / "data"
    finally:
        os.seteuid(was)
        (directory / "data").chmod(0o755)
        shutil.rmtree(directory)


@pytest.mark.parametrize("name", ["journal.db", "new.db"])
def test_a_read_only_directory_is_refused_when_the_journal_is_opened(
    guarded: Path, name: str
) -> None:
    """With the path and the system's words; nothing is made there."""
    before = sorted(guarded.iterdir())
    with pytest.raises(JournalUnavailable, match="Permission denied") as refused:
        run(opened(guarded / name))
    assert str(guarded / name) in str(refused.value)
    assert sorted(guarded.iterdir()) == before


def test_a_read_only_file_is_refused(path: Path) -> None:
    """A lock can be had, but nothing can be written."""
    run(write_numbers(path, 1, 3))
    directory = Path(tempfile.mkdtemp(prefix="bp-ro-"))
    was = os.geteuid()
    try:
        directory.chmod(0o777)
        shutil.copy(path, directory / "journal.db")
        (directory / "journal.db").chmod(0o444)
        if was == 0:
            os.seteuid(pwd.getpwnam("nobody").pw_uid)
        with pytest.raises(JournalUnavailable, match="it is read-only"):
            run(opened(directory / "journal.db"))
    finally:
        os.seteuid(was)
        shutil.rmtree(directory)


def test_a_missing_directory_is_said(tmp_path: Path) -> None:
    """A misspelt path makes no directories."""
    with pytest.raises(JournalUnavailable, match="No such file or directory"):
        run(opened(tmp_path / "misspelt" / "journal.db"))
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_is_not_open_takes_nothing(path: Path) -> None:
    """Neither before, nor after, nor for an account that it was not opened for."""

    async def work() -> None:
        journal = sqlite_journal(path)
        with pytest.raises(JournalUnavailable, match="not open for account 'gen'"):
            journal.append("gen", numbered(1))
        await journal.open([GEN])
        with pytest.raises(JournalUnavailable, match="not open for account 'rev'"):
            journal.append("rev", numbered(1))
        await journal.close()
        with pytest.raises(JournalUnavailable, match="not open"):
            journal.append("gen", numbered(1))
        with pytest.raises(JournalUnavailable, match="not open"):
            await journal.read("gen")

    run(work())


def test_a_loop_that_ends_without_closing_loses_nothing_queued_for_the_thread(path: Path) -> None:
    """The write under way is done, and nobody is told of it on a closed loop."""

    async def work() -> sql.SqlJournal:
        journal = await opened(path)
        journal.append("gen", numbered(1))
        await asyncio.sleep(0)
        return journal

    journal = run(work())
    assert journal._thread is not None
    assert journal._thread.submit(journal._store.read, next(iter(journal._tails))).result()
    journal._thread.submit(journal._store.close).result()
    journal._thread.shutdown()
