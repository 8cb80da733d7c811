"""Versions of the database: an older one becomes this one, a newer one is refused untouched."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from brokerport.adapters.journal.chain import Record, Tail, tail_after
from brokerport.adapters.journal.schema import METADATA, MIGRATIONS, Migration
from brokerport.adapters.journal.sqlite import SqliteFile
from brokerport.adapters.journal.store import JournalStore
from brokerport.domain.errors import JournalDamaged, JournalUnavailable
from tests.support.examples import GEN
from tests.support.sql_journals import read_numbers, run, write_numbers

RECORD = Record("DU1000001", "gen")
FIRST = MIGRATIONS[:1]


def add_note(connection: Connection) -> None:
    """A migration of some later version: a column with a value in every row there is."""
    connection.execute(text("ALTER TABLE brokerport_entries ADD COLUMN note TEXT DEFAULT 'old'"))


def break_off(connection: Connection) -> None:
    """A migration that fails half way."""
    add_note(connection)
    connection.execute(text("this is no SQL"))


def opened(path: Path, migrations: Sequence[Migration]) -> JournalStore:
    """Return a store on a file, opened by a brokerport that has these migrations."""
    store = JournalStore(SqliteFile(path), migrations)
    store.open([GEN], [RECORD])
    return store


def made_by(path: Path, migrations: Sequence[Migration], entries: int = 3) -> None:
    """Make a file as a brokerport with these migrations leaves it."""
    store = opened(path, migrations)
    tail = Tail()
    for number in range(1, entries + 1):
        row = tail.followed_by(RECORD, "release", f'{{"note":"{number}"}}')
        store.write([row])
        tail = tail_after(row)
    store.close()


def asked(path: Path, statement: str) -> list[tuple[object, ...]]:
    """Read from a file directly."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def versions(path: Path) -> list[object]:
    """Return which migrations a file says it has had."""
    return [row[0] for row in asked(path, "SELECT version FROM brokerport_migrations ORDER BY 1")]


def test_a_file_of_the_first_version_becomes_one_of_this(tmp_path: Path) -> None:
    """Its entries are there, what it lacked is there too, and each migration was applied once."""
    path = tmp_path / "journal.db"
    made_by(path, FIRST)
    assert versions(path) == [1]
    assert run(read_numbers(path)) == [1, 2, 3]
    assert versions(path) == list(range(1, len(MIGRATIONS) + 1))
    run(write_numbers(path, 4, 5))
    assert run(read_numbers(path)) == [1, 2, 3, 4, 5]


def test_a_migration_changes_the_rows_that_are_there(tmp_path: Path) -> None:
    """A later version's migration meets the entries of this one."""
    path = tmp_path / "journal.db"
    run(write_numbers(path, 1, 3))
    opened(path, (*MIGRATIONS, add_note)).close()
    assert asked(path, "SELECT DISTINCT note FROM brokerport_entries") == [("old",)]


def test_a_migration_that_fails_leaves_the_version_before(tmp_path: Path) -> None:
    """Neither half of its changes nor the row that says it was done."""
    path = tmp_path / "journal.db"
    run(write_numbers(path, 1, 3))
    with pytest.raises(JournalUnavailable, match="syntax error"):
        opened(path, (*MIGRATIONS, break_off))
    assert versions(path) == list(range(1, len(MIGRATIONS) + 1))
    columns = {row[1] for row in asked(path, "PRAGMA table_info(brokerport_entries)")}
    assert "note" not in columns
    assert run(read_numbers(path)) == [1, 2, 3]


def test_a_file_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    """The error names the file, both versions and what to do."""
    path = tmp_path / "journal.db"
    made_by(path, (*MIGRATIONS, add_note))
    with pytest.raises(JournalDamaged, match="a newer brokerport wrote it") as refused:
        run(read_numbers(path))
    assert f"the journal {path}: it is of version {len(MIGRATIONS) + 1}" in str(refused.value)
    assert asked(path, "SELECT count(*) FROM brokerport_entries") == [(3,)]


def test_the_migrations_make_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    """What the last migration leaves behind is what the table definitions say."""
    path = tmp_path / "journal.db"
    opened(path, MIGRATIONS).close()
    engine = create_engine(f"sqlite:///{path}")
    inspected = inspect(engine)
    assert set(inspected.get_table_names()) == set(METADATA.tables)
    for name, table in METADATA.tables.items():
        made = {column["name"]: column["nullable"] for column in inspected.get_columns(name)}
        assert made == {column.name: bool(column.nullable) for column in table.columns}
        key = inspected.get_pk_constraint(name)["constrained_columns"]
        assert key == [column.name for column in table.primary_key.columns]
    engine.dispose()
