"""A write of which nobody knows whether it was done, and a writer that is not alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from brokerport.adapters.journal.chain import Record, Row, Tail, tail_after
from brokerport.adapters.journal.sqlite import SqliteFile
from brokerport.adapters.journal.store import JournalStore
from brokerport.domain.errors import JournalDamaged, JournalUnavailable
from tests.support.examples import GEN, REV

RECORD = Record("DU1000001", "gen")
OTHER = Record("DU1000002", "rev")


class UncertainFile(SqliteFile):
    """A file whose connection breaks when told: before the commit, or after it."""

    breaks: str | None = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Return a transaction that may break."""
        with super().writing() as connection:
            yield connection
            if self.breaks == "before the commit":
                raise OSError("connection lost")
        if self.breaks == "after the commit":
            raise OSError("connection lost")


def rows_after(tail: Tail, record: Record, *notes: str) -> list[Row]:
    """Return rows that follow a tail."""
    rows = []
    for note in notes:
        rows.append(tail.followed_by(record, "release", f'{{"note":"{note}"}}'))
        tail = tail_after(rows[-1])
    return rows


def opened(path: Path) -> tuple[UncertainFile, JournalStore]:
    """Return a store on a file that may break."""
    file = UncertainFile(path)
    store = JournalStore(file)
    store.open([GEN, REV], [RECORD, OTHER])
    return file, store


@pytest.mark.parametrize("breaks", ["before the commit", "after the commit"])
def test_a_write_is_tried_again_and_never_done_twice(tmp_path: Path, breaks: str) -> None:
    """Two accounts in one batch, more appended meanwhile, broken twice: each row is there once."""
    file, store = opened(tmp_path / "journal.db")
    first = rows_after(Tail(), RECORD, "1", "2", "3")
    other = rows_after(Tail(), OTHER, "a", "b")
    store.write(first[:1])
    file.breaks = breaks
    for batch in ([*first[1:], *other[:1]], [*first[1:], *other]):
        with pytest.raises(JournalUnavailable, match="connection lost"):
            store.write(batch)
    file.breaks = None
    last = rows_after(tail_after(first[-1]), RECORD, "4")
    store.write([*first[1:], *other, *last])
    assert store.read(RECORD) == (*first, *last)
    assert store.read(OTHER) == tuple(other)
    store.close()


@pytest.mark.parametrize(
    "theirs",
    [("x",), ("1", "x"), ("1", "2", "x"), ("1", "2", "3", "x")],
    ids=lambda notes: f"{len(notes)}",
)
def test_rows_of_somebody_else_stop_the_writing(tmp_path: Path, theirs: tuple[str, ...]) -> None:
    """Whatever of ours they share: nothing is written among them, and nothing counts as written."""
    path = tmp_path / "journal.db"
    _file, store = opened(path)
    # Another host on a shared disk, say, where locks are not kept.
    intruder = JournalStore(SqliteFile(path))
    intruder.open([], [RECORD])
    intruder.write(rows_after(Tail(), RECORD, *theirs))
    ours = rows_after(Tail(), RECORD, "1", "2", "3")
    with pytest.raises(JournalUnavailable, match="UNIQUE constraint failed"):
        store.write(ours)
    for _attempt in range(2):
        with pytest.raises(JournalDamaged, match="other entries of account 'gen' than this"):
            store.write(ours)
    assert len(store.read(RECORD)) == len(theirs)
    intruder.close()
    store.close()


def test_rows_that_vanished_stop_the_writing(tmp_path: Path) -> None:
    """A database put back to an earlier state under our feet is no place to continue."""
    path = tmp_path / "journal.db"
    file, store = opened(path)
    rows = rows_after(Tail(), RECORD, "1", "2", "3")
    store.write(rows[:2])
    file.breaks = "before the commit"
    with pytest.raises(JournalUnavailable):
        store.write(rows[2:])
    file.breaks = None
    with file.writing() as connection:
        connection.exec_driver_sql("DELETE FROM brokerport_entries WHERE position = 2")
    with pytest.raises(JournalDamaged, match="other entries"):
        store.write(rows[2:])
    store.close()
