"""Quarantine: an account whose books do not agree with the broker's is closed for opening orders.

Rules:

- It is closed by what a reconciliation could not explain, stays closed over restarts, and is opened
  by an explicit act alone: somebody looked, and says so in a note.
- Closing orders and cancels pass: they take risk off (``admission``).
- What was there when it was released does not close it again, as long as it is the same difference;
  anything new does. Once the books agree, nothing is forgiven any more.
"""

from __future__ import annotations

from collections.abc import Iterable

from brokerport.domain.errors import BadInput
from brokerport.domain.events import AccountClosed, AccountOpened
from brokerport.domain.journal import QuarantineRecorded, ReleaseRecorded
from brokerport.domain.journal_fold import RecordedBook
from brokerport.domain.reconciliation import Discrepancy
from brokerport.services.books import LedgerKeeper
from brokerport.services.event_bus import Publish


def checked_note(note: str) -> str:
    """Return the note without blanks around it.

    Raises:
        BadInput: it is empty; whoever looked should say what was seen.
    """
    stripped = note.strip()
    if not stripped:
        raise BadInput("note", note, "a few words that say what was looked at")
    return stripped


class Quarantine:
    """Which accounts are closed for opening orders, and why."""

    def __init__(self, ledgers: LedgerKeeper, publish: Publish) -> None:
        self._ledgers = ledgers
        self._publish = publish
        self._closed: dict[str, tuple[str, ...]] = {}
        self._released: dict[str, tuple[str, ...]] = {}

    def load(self, account: str, recorded: RecordedBook) -> None:
        """Take over what the journal says, and tell of an account that is closed."""
        self._released[account] = recorded.released
        if recorded.quarantine:
            self._closed[account] = recorded.quarantine
            self._publish(AccountClosed(account, recorded.quarantine))

    def reasons(self, account: str) -> tuple[str, ...]:
        """Return why an account is closed for opening orders; empty when it is open."""
        return self._closed.get(account, ())

    def judge(self, account: str, discrepancies: Iterable[Discrepancy]) -> None:
        """Close an account for what a reconciliation could not explain."""
        reasons = tuple(discrepancy.difference for discrepancy in discrepancies)
        if not reasons:
            self._end_forgiveness(account)
        elif not self.reasons(account) and set(reasons) <= set(self._released.get(account, ())):
            return
        elif reasons != self.reasons(account):
            self._closed[account] = reasons
            self._ledgers.append(account, QuarantineRecorded(reasons))
            self._publish(AccountClosed(account, reasons))

    def release(self, account: str, note: str) -> None:
        """Open an account again; nothing happens to one that is open.

        Raises:
            BadInput: the note is empty; nothing changed.
        """
        note = checked_note(note)
        reasons = self._closed.pop(account, ())
        if not reasons:
            return
        self._released[account] = reasons
        self._ledgers.append(account, ReleaseRecorded(note))
        self._publish(AccountOpened(account, note))

    def begin_anew(self, account: str) -> None:
        """Forgive nothing any more: a new baseline was taken."""
        self._released.pop(account, None)

    def _end_forgiveness(self, account: str) -> None:
        if self._released.pop(account, ()) and not self.reasons(account):
            # A release that finds nothing closed takes the earlier one's place in the journal.
            self._ledgers.append(account, ReleaseRecorded("the books agree again"))
