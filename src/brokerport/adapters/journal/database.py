"""What the journal needs of a database, beyond SQL: each kind has rules of its own."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import JournalDamaged, JournalUnavailable


class JournalDatabase(Protocol):
    """A database that a journal is kept in, used by one thread at a time.

    Every method may raise what SQLAlchemy and the operating system raise; ``explained`` puts that
    into words.
    """

    @property
    def where(self) -> str:
        """Its place, fit for a message: no password in it."""
        ...

    def open(self, broker_accounts: Iterable[BrokerAccount]) -> None:
        """Connect, take the right to write for these accounts, and check that it is sound.

        Raises:
            JournalInUse: another process writes for one of them.
            JournalDamaged: it is not sound.
            JournalUnavailable: it does not keep what it confirms.
        """
        ...

    def close(self) -> None:
        """Disconnect and give the right up; idempotent."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """Return a transaction to read in."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """Return a transaction to write in; what it wrote is durable when it has been left."""
        ...

    def explained(self, error: Exception) -> JournalUnavailable | JournalDamaged:
        """Say in words why something failed, and what to do."""
        ...
