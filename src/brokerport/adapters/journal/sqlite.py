"""The journal's database as a SQLite file.

Rules:

- Write-ahead log, ``synchronous = FULL``: a commit has returned when its pages are on the disk.
  ``fullfsync`` makes macOS mean it.
- A file that something else holds locked is waited for, for ``BUSY_SECONDS``.
- Before each write the file must still be the one that was opened: what is written to a file that
  was removed is nowhere.
- The connection stays for as long as the journal is open. It is not opened anew after a failure:
  the failed transaction is rolled back in it, and a new one would take up what may not be on disk.
- The file and its directory are made for their owner alone.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from brokerport.adapters.journal.writer_lock import WriterLock
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import JournalDamaged, JournalUnavailable

BUSY_SECONDS = 2.0

_PRAGMAS = (
    f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}",
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA synchronous = FULL",
)

_REASONS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it is read-only",
    "SQLITE_BUSY": "another program holds it locked",
    "SQLITE_LOCKED": "another program holds it locked",
    "SQLITE_CANTOPEN": "it cannot be opened; is its directory there, and may we write in it",
    "SQLITE_PERM": "access to it is denied",
    "SQLITE_IOERR": "the disk failed, or has no room",
}
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


class SqliteFile:
    """A SQLite file; see ``JournalDatabase``."""

    def __init__(self, path: Path, *, makes_directory: bool = False) -> None:
        self._path = path.resolve()
        self._makes_directory = makes_directory
        self._locks: list[WriterLock] = []
        self._connection: Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._begins_with = "BEGIN"

    @property
    def where(self) -> str:
        """The file's path."""
        return str(self._path)

    def open(self, broker_accounts: Iterable[BrokerAccount]) -> None:
        """Lock, connect and check; see ``JournalDatabase.open``."""
        if self._makes_directory:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for account in sorted(broker_accounts, key=str):
            self._locks.append(WriterLock(self._path, account))
        if not self._path.exists():
            _make(self._path)
        connection = self._connection = self._engine().connect()
        self._identity = self._identity_now()
        with self.reading():
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise self._damaged(str(found))
        mode = connection.connection.cursor().execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != ("wal",):
            raise JournalUnavailable(
                f"the journal {self.where} cannot have a write-ahead log there; "
                "keep it on a local disk"
            )

    def close(self) -> None:
        """Disconnect and release the locks; idempotent."""
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        finally:
            while self._locks:
                self._locks.pop().release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Return a transaction that sees one state of the file."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Return a transaction that holds the file's write lock from its beginning."""
        if self._identity_now() != self._identity:
            raise JournalUnavailable(
                f"the journal {self.where} was removed or replaced while it was open; "
                "put it back, or end this process"
            )
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def explained(self, error: Exception) -> JournalUnavailable | JournalDamaged:
        """Say in words what SQLite or the operating system said."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, sqlite3.Error):
            name = getattr(cause, "sqlite_errorname", "")
            if name.startswith(_DAMAGE):
                return self._damaged(str(cause))
            known = (reason for code, reason in _REASONS.items() if name.startswith(code))
            reason = f"{next(known, 'SQLite refused it')} ({cause})"
        elif isinstance(cause, OSError):
            reason = cause.strerror or str(cause)
        else:
            reason = str(cause)
        return JournalUnavailable(f"the journal {self.where} cannot be used: {reason}")

    def _damaged(self, found: str) -> JournalDamaged:
        return JournalDamaged(
            f"the journal {self.where} is damaged ({found}); move it away together with its -wal "
            "file and keep both: put a backup in its place, or begin a new one, whose orders and "
            "positions are then taken over from the broker's record"
        )

    @contextmanager
    def _transaction(self, begins_with: str) -> Iterator[Connection]:
        if self._connection is None:
            raise JournalUnavailable(f"the journal {self.where} is not open")
        self._begins_with = begins_with
        with self._connection.begin():
            yield self._connection

    def _engine(self) -> Engine:
        engine = create_engine(
            URL.create("sqlite+pysqlite", database=str(self._path)), poolclass=NullPool
        )

        def set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
            # The driver begins no transactions of its own: each begins as we say.
            connection.isolation_level = None
            cursor = connection.cursor()
            for pragma in _PRAGMAS:
                cursor.execute(pragma)
            cursor.close()

        event.listen(engine, "connect", set_up)
        event.listen(engine, "begin", lambda made: made.exec_driver_sql(self._begins_with))
        return engine

    def _identity_now(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


def _make(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if os.name == "posix":
        # The file's name must be on the disk as well.
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
