"""The journal port: what must survive a crash, written down in order.

Rules every journal keeps, held by the contract suite in tests/contract:

- entries come back in the order in which they were appended, all of them or none after some point;
- what ``flush`` returned for is there after a crash at any later instant;
- one process at a time writes for a broker account; a second is refused when it opens;
- a failed write loses nothing: it is kept and written at the next ``flush`` that succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.journal import JournalEntry


class Journal(Protocol):
    """A durable, ordered record for each logical account."""

    @property
    def is_durable(self) -> bool:
        """Whether everything appended so far is safe."""
        ...

    @property
    def failure(self) -> str | None:
        """Why the last attempt to write failed, None when it did not."""
        ...

    async def open(self, broker_accounts: Iterable[BrokerAccount]) -> None:
        """Take the right to write for these accounts.

        Raises:
            JournalInUse: another process writes for one of them; names it.
            JournalUnavailable: it can be neither read nor written now.
            JournalDamaged: what is there cannot be trusted, or a newer brokerport wrote it.
        """
        ...

    async def close(self) -> None:
        """Write what is left and give the right up; idempotent.

        Raises:
            JournalUnavailable: something could not be written.
        """
        ...

    def append(self, account: str, entry: JournalEntry) -> None:
        """Add an entry to a logical account's record; returns at once, before it is durable."""
        ...

    async def flush(self) -> None:
        """Return when everything appended before this call is durable.

        Raises:
            JournalUnavailable: it could not be written; it is kept and will be tried again.
        """
        ...

    def when_durable(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once, on the event loop, when what is appended now is safe or failed.

        Called at once when nothing waits to be written.
        """
        ...

    async def read(self, account: str) -> tuple[JournalEntry, ...]:
        """Return a logical account's entries, oldest first.

        Raises:
            JournalUnavailable, JournalDamaged: it cannot be read whole.
        """
        ...

    async def reserved_order_id(self, client_id: int) -> int:
        """Return up to which TWS order id a client id may have used; 0 when it never did."""
        ...

    async def reserve_order_id(self, client_id: int, order_id: int) -> None:
        """Remember, durably, that a client id may use order ids up to this one.

        Raises:
            JournalUnavailable: it could not be written; the ids must not be used.
        """
        ...
