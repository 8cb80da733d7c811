"""Rows of the journal, each bound to the one before it by a checksum.

An account's rows are numbered from 1 without a gap. A row's checksum is the CRC-32 of the row and
of the checksum before it, so that a row that was changed, taken out or put in is found when the
account is read. It guards against damage and against hands that do not know better, not against
forgers; and rows that are missing at the very end leave no trace here.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from attrs import frozen

from brokerport.domain.errors import JournalDamaged


@frozen
class Record:
    """Whose entries: a broker account under a logical account's name."""

    broker_account: str
    account: str


@frozen
class Row:
    """One entry as it is stored."""

    record: Record
    position: int
    kind: str
    body: str
    checksum: int


@frozen
class Tail:
    """Where an account's record ends: its last position and checksum; zeros when it is empty."""

    position: int = 0
    checksum: int = 0

    def followed_by(self, record: Record, kind: str, body: str) -> Row:
        """Return the row that comes next."""
        position = self.position + 1
        head = f"{self.checksum} {record.broker_account} {record.account} {position} {kind}\n"
        checksum = zlib.crc32(body.encode(), zlib.crc32(head.encode()))
        return Row(record, position, kind, body, checksum)


def tail_after(row: Row) -> Tail:
    """Return the tail that a row is."""
    return Tail(row.position, row.checksum)


def check_chain(rows: Iterable[Row]) -> None:
    """Refuse an account's rows, all of them and oldest first, unless each follows the one before.

    Raises:
        JournalDamaged: names the account and the first position at fault.
    """
    tail = Tail()
    for row in rows:
        if row != tail.followed_by(row.record, row.kind, row.body):
            raise JournalDamaged(
                f"entry {tail.position + 1} of account {row.record.account!r} is damaged or missing"
            )
        tail = tail_after(row)
