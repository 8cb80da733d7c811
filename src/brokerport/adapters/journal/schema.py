"""The journal's tables, their version, and how an older database becomes one of this version.

Rules:

- Each migration has a number and is applied once, in order, in one transaction with the row that
  says so: a database is of one version or of the next, never between.
- A migration is never changed once it was released; what it makes is written out in it, apart from
  the tables below, which are what the last one leaves behind.
- A database of a higher version than the last migration was written by a newer brokerport, and is
  refused untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)

from brokerport.domain.errors import JournalDamaged

METADATA = MetaData()

# Any number that no other program locks in the same database.
_MIGRATING = 0x62726F6B6572

MIGRATIONS_APPLIED = Table(
    "brokerport_migrations",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", String(40), nullable=False),
)

# ``checksum`` is over the entry and the checksum of the account's entry before it (see chain.py).
ENTRIES = Table(
    "brokerport_entries",
    METADATA,
    Column("broker_account", String(16), nullable=False),
    Column("account", String(24), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("checksum", BigInteger, nullable=False),
    PrimaryKeyConstraint("broker_account", "account", "position"),
)

# The highest TWS order id that a client id may have used.
ORDER_IDS = Table(
    "brokerport_order_ids",
    METADATA,
    Column("client_id", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", BigInteger, nullable=False),
)

Migration: TypeAlias = Callable[[Connection], None]


def _make_entries(connection: Connection) -> None:
    connection.execute(
        text(
            "CREATE TABLE brokerport_entries ("
            " broker_account VARCHAR(16) NOT NULL,"
            " account VARCHAR(24) NOT NULL,"
            " position BIGINT NOT NULL,"
            " kind VARCHAR(40) NOT NULL,"
            " body TEXT NOT NULL,"
            " checksum BIGINT NOT NULL,"
            " PRIMARY KEY (broker_account, account, position))"
        )
    )


def _make_order_ids(connection: Connection) -> None:
    connection.execute(
        text(
            "CREATE TABLE brokerport_order_ids ("
            " client_id BIGINT NOT NULL PRIMARY KEY,"
            " order_id BIGINT NOT NULL)"
        )
    )


MIGRATIONS: tuple[Migration, ...] = (_make_entries, _make_order_ids)


def version_of(connection: Connection) -> int:
    """Return which version a database has; 0 when it holds no journal."""
    if not inspect(connection).has_table(MIGRATIONS_APPLIED.name):
        return 0
    return connection.scalar(select(func.max(MIGRATIONS_APPLIED.c.version))) or 0


def migrate(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a database to the version of the last migration, within the transaction at hand.

    Something is written in any case, so that a database that cannot be written fails here.

    Raises:
        JournalDamaged: a newer brokerport wrote it.
    """
    if connection.dialect.name == "postgresql":
        # Two processes may come to a new database at once. SQLite lets one write at a time anyway.
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATING})"))
    version = version_of(connection)
    if version > len(migrations):
        raise JournalDamaged(
            f"it is of version {version}, and this brokerport knows versions up to "
            f"{len(migrations)}: a newer brokerport wrote it; use that version, or a newer one"
        )
    if version == 0:
        MIGRATIONS_APPLIED.create(connection, checkfirst=True)
    for number, apply in enumerate(migrations, start=1):
        if number > version:
            apply(connection)
            applied_at = datetime.now(UTC).isoformat()
            connection.execute(
                insert(MIGRATIONS_APPLIED).values(version=number, applied_at=applied_at)
            )
    # A database that can only be read must not pass as one that is ready to be written.
    connection.execute(
        update(MIGRATIONS_APPLIED).values(applied_at=MIGRATIONS_APPLIED.c.applied_at)
    )
