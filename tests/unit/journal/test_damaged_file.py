"""A damaged journal is found when it is opened or read, and never traded on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from brokerport.adapters.journal.chain import Record
from brokerport.adapters.journal.sqlite import SqliteFile
from brokerport.adapters.journal.store import JournalStore
from brokerport.domain.errors import JournalDamaged
from tests.support.examples import GEN
from tests.support.sql_journals import read_numbers, run, write_numbers

RECORD = Record("DU1000001", "gen")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of several pages with two hundred entries."""
    file = tmp_path / "journal.db"
    run(write_numbers(file, 1, 200))
    assert not file.with_name("journal.db-wal").exists()
    return file


def refusal(path: Path) -> str:
    """Return what is said of a damaged file."""
    with pytest.raises(JournalDamaged) as refused:
        run(read_numbers(path))
    return str(refused.value)


def tampered(path: Path, statement: str) -> None:
    """Change a file as somebody with a database tool would."""
    with closing(sqlite3.connect(path)) as connection:
        changed = connection.execute(statement).rowcount
        connection.commit()
    assert changed > 0


@pytest.mark.parametrize("cut_bytes", [1, 100, 4096, 5000, 16000])
def test_a_cut_off_end_is_found_when_it_is_opened(path: Path, cut_bytes: int) -> None:
    """The error names the file and what to do."""
    path.write_bytes(path.read_bytes()[:-cut_bytes])
    said = refusal(path)
    assert f"the journal {path} is damaged" in said
    assert "put a backup in its place, or begin a new one" in said


def test_a_file_that_is_no_database_is_found_when_it_is_opened(path: Path) -> None:
    """Whatever it is, it is left as it is."""
    path.write_bytes(b"to whom it may concern: " * 1000)
    assert "is damaged (file is not a database)" in refusal(path)
    assert path.read_bytes().startswith(b"to whom")


def test_pages_full_of_noise_are_found_when_it_is_opened(path: Path) -> None:
    """A page that was overwritten, anywhere in the file but the first."""
    whole = path.read_bytes()
    assert len(whole) % 4096 == 0
    for start in range(4096, len(whole), 4096):
        path.write_bytes(whole[:start] + bytes(range(1, 129)) * 32 + whole[start + 4096 :])
        with pytest.raises(JournalDamaged):
            run(read_numbers(path))


def test_a_flipped_bit_in_an_entry_is_found_when_it_is_read(path: Path) -> None:
    """SQLite does not see it; the checksum does, and says where."""
    content = path.read_bytes()
    at = content.index(b'{"note":"123"}') + 9
    path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
    said = refusal(path)
    assert f"the journal {path}: entry 123 of account 'gen' is damaged or missing" in said


@pytest.mark.parametrize(
    ("statement", "first_at_fault"),
    [
        ('UPDATE brokerport_entries SET body = \'{"note":"9"}\' WHERE position = 5', 5),
        ("UPDATE brokerport_entries SET kind = 'order' WHERE position = 5", 5),
        ("UPDATE brokerport_entries SET checksum = checksum + 1 WHERE position = 5", 5),
        ("DELETE FROM brokerport_entries WHERE position = 5", 5),
        ("DELETE FROM brokerport_entries WHERE position < 200", 1),
        ("UPDATE brokerport_entries SET position = 1000 WHERE position = 5", 5),
        (
            "INSERT INTO brokerport_entries SELECT broker_account, account, 201, kind, body, "
            "checksum FROM brokerport_entries WHERE position = 200",
            201,
        ),
    ],
)
def test_a_row_that_was_changed_taken_out_or_put_in_is_found(
    path: Path, statement: str, first_at_fault: int
) -> None:
    """The first entry at fault is named."""
    tampered(path, statement)
    assert f"entry {first_at_fault} of account 'gen' is damaged or missing" in refusal(path)


def test_rows_of_another_account_do_not_pass_as_an_accounts_own(path: Path) -> None:
    """The account is part of what the checksum is over."""
    tampered(path, "UPDATE brokerport_entries SET broker_account = 'DU9999999'")
    assert run(read_numbers(path)) == []
    tampered(path, "UPDATE brokerport_entries SET broker_account = 'DU1000002', account = 'rev'")
    store = JournalStore(SqliteFile(path))
    store.open([GEN], [RECORD])
    try:
        with pytest.raises(JournalDamaged, match="entry 1 of account 'rev'"):
            store.read(Record("DU1000002", "rev"))
    finally:
        store.close()


def test_an_entry_of_a_newer_version_is_named_with_its_place(path: Path) -> None:
    """The row is whole, and what is in it nobody here understands."""
    store = JournalStore(SqliteFile(path))
    tail = store.open([GEN], [RECORD])[RECORD]
    store.write([tail.followed_by(RECORD, "dividend", "{}")])
    store.close()
    said = refusal(path)
    assert f"the journal {path}, account 'gen', entry 201: unknown kind of entry 'dividend'" in said
    assert "a newer brokerport wrote it" in said
