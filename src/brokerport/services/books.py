"""The books: one live ledger for each logical account, fed by everything that is journalled.

Whoever journals something of an account appends it here; it goes to the journal and into the
account's ledger in the same step. So the ledger that lives is the one that the journal would give
back (``journal_fold``), and a ledger that was read back goes on where it stopped.
"""

from __future__ import annotations

from brokerport.domain.journal import (
    BaselineRecorded,
    CommissionRecorded,
    ExecutionRecorded,
    JournalEntry,
    SettlementRecorded,
)
from brokerport.domain.journal_fold import LedgerFold, RecordedBook
from brokerport.ports.journal import Journal

_MOVING = (BaselineRecorded, CommissionRecorded, ExecutionRecorded, SettlementRecorded)


class LedgerKeeper:
    """Stands between whoever journals and the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._books: dict[str, LedgerFold] = {}
        self._versions: dict[str, int] = {}

    def load(self, account: str, recorded: RecordedBook) -> None:
        """Take over what the journal of an account adds up to."""
        if recorded.books is not None:
            self._books[account] = recorded.books

    def append(self, account: str, entry: JournalEntry) -> None:
        """Journal an entry and book it."""
        self._journal.append(account, entry)
        if not isinstance(entry, _MOVING):
            return
        self._versions[account] = self.version(account) + 1
        if account in self._books:
            self._books[account].take(entry)

    def begin(self, account: str, baseline: BaselineRecorded) -> LedgerFold:
        """Begin an account's ledger anew from what the broker showed."""
        self._books[account] = LedgerFold(baseline)
        self.append(account, baseline)
        return self._books[account]

    def books(self, account: str) -> LedgerFold | None:
        """Return an account's ledger since its baseline; None before the first one."""
        return self._books.get(account)

    def version(self, account: str) -> int:
        """Return a number that grows whenever the account's cash or positions may have moved."""
        return self._versions.get(account, 0)
