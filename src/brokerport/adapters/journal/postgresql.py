"""The journal's database as a PostgreSQL database, reached with psycopg 3.

Rules:

- One connection does everything, and holds an advisory lock for each broker account: when it is
  lost, so is the right to write, and it is taken again before anything more is written.
- A commit must be durable when it has returned: ``synchronous_commit`` is switched on, and a server
  that runs with ``fsync`` off is refused.
- Nothing waits for ever: neither for a server that does not answer, nor for a lock inside it.
- After any failure the connection is closed; the next use opens another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import (
    InvalidConfiguration,
    JournalDamaged,
    JournalInUse,
    JournalUnavailable,
)

_CONNECT_ARGUMENTS = {
    "application_name": "brokerport journal",
    "client_encoding": "utf8",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_SESSION_SETTINGS = (
    "SET synchronous_commit = on",
    "SET statement_timeout = '10s'",
    "SET idle_in_transaction_session_timeout = '60s'",
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
)


class PostgresqlDatabase:
    """A PostgreSQL database; see ``JournalDatabase``."""

    def __init__(self, url: URL) -> None:
        """Say where it is; nothing is connected yet.

        Raises:
            InvalidConfiguration: psycopg is not installed.
        """
        self._url = url.set(drivername="postgresql+psycopg")
        try:
            self._engine = create_engine(
                self._url, poolclass=NullPool, connect_args=_CONNECT_ARGUMENTS
            )
        except ModuleNotFoundError as error:
            raise InvalidConfiguration(
                "journal.url", self.where, "another one unless brokerport[postgresql] is installed"
            ) from error
        self._accounts: tuple[BrokerAccount, ...] = ()
        self._connection: Connection | None = None

    @property
    def where(self) -> str:
        """The URL without its password."""
        return self._url.set(drivername="postgresql")._replace(password=None).render_as_string()

    def open(self, broker_accounts: Iterable[BrokerAccount]) -> None:
        """Connect and take the locks; see ``JournalDatabase.open``."""
        self._accounts = tuple(broker_accounts)
        self._connected()

    def close(self) -> None:
        """Give the locks up and disconnect; idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            _end(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Return a transaction."""
        try:
            connection = self._connected()
            with connection.begin():
                yield connection
        except BaseException:
            self.close()
            raise

    def writing(self) -> AbstractContextManager[Connection]:
        """Return a transaction; durable when left, because ``synchronous_commit`` is on."""
        return self.reading()

    def explained(self, error: Exception) -> JournalUnavailable | JournalDamaged:
        """Say in words what the server or the driver said."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        said = str(cause).strip().splitlines()
        reason = said[0] if said else repr(cause)
        return JournalUnavailable(f"the journal {self.where} cannot be used: {reason}")

    def _connected(self) -> Connection:
        if self._connection is not None:
            return self._connection
        connection = self._engine.connect()
        try:
            with connection.begin():
                for setting in _SESSION_SETTINGS:
                    connection.execute(text(setting))
                if connection.scalar(text("SHOW fsync")) != "on":
                    raise JournalUnavailable(
                        f"the journal {self.where} is on a server that runs with fsync off: it "
                        "would lose what it confirmed"
                    )
                for account in self._accounts:
                    self._lock(connection, account)
        except BaseException:
            _end(connection)
            raise
        self._connection = connection
        return connection

    def _lock(self, connection: Connection, account: BrokerAccount) -> None:
        digest = hashlib.sha256(f"brokerport journal {account.account_id}".encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
            raise JournalInUse(
                f"another process writes the journal of account {account.masked} in {self.where}"
            )


def _end(connection: Connection) -> None:
    # A connection that is lost cannot be ended in good order; it is gone either way. In good order
    # the locks are free when this returns, and not when the server has noticed.
    with suppress(SQLAlchemyError), connection.begin():
        connection.execute(text("SELECT pg_advisory_unlock_all()"))
    with suppress(SQLAlchemyError):
        connection.close()
