"""The journal's rows in a database: what one writer thread does, one call after the other.

Rules:

- Each call is one transaction: all of it is there, or nothing.
- After a write that failed it is not known whether it was done. The next write looks first: rows
  that are there already are not written again, and rows that are somebody else's stop the writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import SQLAlchemyError

from brokerport.adapters.journal.chain import Record, Row, Tail, check_chain, tail_after
from brokerport.adapters.journal.database import JournalDatabase
from brokerport.adapters.journal.schema import ENTRIES, MIGRATIONS, ORDER_IDS, Migration, migrate
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import JournalDamaged

_INSERT = insert(ENTRIES)
_OF_RECORD = (ENTRIES.c.broker_account == bindparam("of_broker_account")) & (
    ENTRIES.c.account == bindparam("of_account")
)
_TAIL = (
    select(ENTRIES.c.position, ENTRIES.c.checksum)
    .where(_OF_RECORD)
    .order_by(ENTRIES.c.position.desc())
    .limit(1)
)
_ALL = (
    select(ENTRIES.c.position, ENTRIES.c.kind, ENTRIES.c.body, ENTRIES.c.checksum)
    .where(_OF_RECORD)
    .order_by(ENTRIES.c.position)
)


class JournalStore:
    """Entries and order ids in a database.

    Every method raises ``JournalUnavailable`` in words where the database fails.
    """

    def __init__(
        self, database: JournalDatabase, migrations: Sequence[Migration] = MIGRATIONS
    ) -> None:
        self._database = database
        self._migrations = migrations
        self._must_look = False

    @property
    def where(self) -> str:
        """The database's place, fit for a message."""
        return self._database.where

    def open(
        self, broker_accounts: Iterable[BrokerAccount], records: Iterable[Record]
    ) -> dict[Record, Tail]:
        """Open the database, bring it to this version, and return where each record ends.

        Raises:
            JournalInUse: another process writes for one of the accounts.
            JournalDamaged: it is not sound, or a newer brokerport wrote it.
        """
        try:
            with self._in_words():
                self._database.open(broker_accounts)
                with self._database.writing() as connection, self._named():
                    migrate(connection, self._migrations)
                with self._database.reading() as connection:
                    return {record: _tail(connection, record) for record in records}
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the database; idempotent."""
        with self._in_words():
            self._database.close()

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows, in order, all or none.

        Raises:
            JournalDamaged: rows of somebody else are in their place.
        """
        looks_first, self._must_look = self._must_look, True
        with self._in_words(), self._database.writing() as connection:
            missing = self._missing(connection, rows) if looks_first else rows
            if missing:
                connection.execute(_INSERT, [_values(row) for row in missing])
        self._must_look = False

    def read(self, record: Record) -> tuple[Row, ...]:
        """Return a record's rows, oldest first.

        Raises:
            JournalDamaged: one was changed, taken out or put in.
        """
        with self._in_words():
            with self._database.reading() as connection:
                found = connection.execute(_ALL, _keys(record)).all()
            rows = tuple(Row(record, *values) for values in found)
            with self._named():
                check_chain(rows)
        return rows

    def reserved_order_id(self, client_id: int) -> int:
        """Return the highest order id reserved for a client id, 0 when none is."""
        with self._in_words(), self._database.reading() as connection:
            ids = select(ORDER_IDS.c.order_id).where(ORDER_IDS.c.client_id == client_id)
            return connection.scalar(ids) or 0

    def reserve_order_id(self, client_id: int, order_id: int) -> None:
        """Remember an order id, unless a higher one is remembered already."""
        with self._in_words(), self._database.writing() as connection:
            is_sqlite = connection.dialect.name == "sqlite"
            made = (sqlite_insert if is_sqlite else postgresql_insert)(ORDER_IDS)
            connection.execute(
                made.values(client_id=client_id, order_id=order_id).on_conflict_do_update(
                    index_elements=[ORDER_IDS.c.client_id],
                    set_={"order_id": made.excluded.order_id},
                    where=ORDER_IDS.c.order_id < made.excluded.order_id,
                )
            )

    def _missing(self, connection: Connection, rows: Sequence[Row]) -> list[Row]:
        missing = list[Row]()
        tails = {record: _tail(connection, record) for record in {row.record for row in rows}}
        for row in rows:
            tail = tails[row.record]
            if row.position > tail.position:
                if row != tail.followed_by(row.record, row.kind, row.body):
                    raise self._not_alone(row.record)
                missing.append(row)
                tails[row.record] = tail_after(row)
        # What was there already ends with the last row of ours, or with one before those missing.
        for record, last in {row.record: row for row in rows}.items():
            if tails[record] != tail_after(last):
                raise self._not_alone(record)
        return missing

    def _not_alone(self, record: Record) -> JournalDamaged:
        return JournalDamaged(
            f"the journal {self._database.where} has other entries of account {record.account!r} "
            "than this process wrote; end it, and start it again when nothing else writes there"
        )

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            raise self._database.explained(error) from error

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except JournalDamaged as damage:
            raise JournalDamaged(f"the journal {self._database.where}: {damage}") from damage


def _keys(record: Record) -> dict[str, str]:
    return {"of_broker_account": record.broker_account, "of_account": record.account}


def _tail(connection: Connection, record: Record) -> Tail:
    found = connection.execute(_TAIL, _keys(record)).one_or_none()
    return Tail() if found is None else Tail(found.position, found.checksum)


def _values(row: Row) -> dict[str, object]:
    return {
        "broker_account": row.record.broker_account,
        "account": row.record.account,
        "position": row.position,
        "kind": row.kind,
        "body": row.body,
        "checksum": row.checksum,
    }
