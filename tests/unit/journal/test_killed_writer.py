"""kill -9 at any instant: what was durable is there, in order, and the file is free again."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from brokerport.domain.errors import JournalInUse
from tests.support.repository import ROOT
from tests.support.sql_journals import opened, read_numbers, run

KILLS = 6


def start(path: Path, seed: int) -> subprocess.Popen[str]:
    """Start a process that writes until it is killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.sql_journals", str(path), str(seed)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def killed_after(path: Path, seed: int, lines: int) -> int:
    """Let a process write until it has said so often that it did, and kill it there and then.

    Returns the last number that it said was durable.
    """
    with start(path, seed) as process:
        assert process.stdout is not None
        for _line in range(lines):
            assert process.stdout.readline()
        process.kill()
        # What it still said before it died counts; half a line does not.
        rest = process.stdout.read().splitlines(keepends=True)
        said = [line for line in rest if line.endswith("\n")]
        assert process.wait() < 0
    return int(said[-1]) if said else -1


def test_nothing_durable_is_lost_by_kill_9(tmp_path: Path) -> None:
    """Again and again on one file: all that was acknowledged, without a gap, and nothing torn."""
    path = tmp_path / "journal.db"
    for seed in range(KILLS):
        acknowledged = killed_after(path, seed, random.Random(seed).randint(1, 60))
        numbers = run(read_numbers(path))
        assert numbers == list(range(1, len(numbers) + 1)), f"seed {seed}"
        assert len(numbers) >= acknowledged, f"seed {seed}"


def test_a_living_writer_keeps_others_out_and_a_dead_one_does_not(tmp_path: Path) -> None:
    """The second is told who writes; the operating system frees the lock of a killed process."""
    path = tmp_path / "journal.db"
    with start(path, 1) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        with pytest.raises(JournalInUse) as refused:
            run(opened(path))
        process.kill()
    said = str(refused.value)
    assert f"process {process.pid} writes the journal of account ******001" in said
    assert str(path) in said
    assert run(read_numbers(path))


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """What no test can see of a power cut, SQLite's documentation promises of these settings."""

    async def work() -> dict[str, object]:
        journal = await opened(tmp_path / "journal.db")
        assert journal._thread is not None

        def ask() -> dict[str, object]:
            names = ("journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync")
            with journal._store._database.reading() as connection:
                return {
                    name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names
                }

        found = journal._thread.submit(ask).result()
        await journal.close()
        return found

    full = 2
    assert run(work()) == {
        "journal_mode": "wal",
        "synchronous": full,
        "fullfsync": 1,
        "checkpoint_fullfsync": 1,
    }
