"""A journal that lives in memory: for simulated worlds, tests, and whoever wants none on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import define, field

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import JournalInUse
from brokerport.domain.journal import JournalEntry


@define
class MemoryStorage:
    """What a memory journal keeps; it can outlive the journal, as a disk outlives a process."""

    entries: dict[str, list[JournalEntry]] = field(factory=dict)
    order_ids: dict[int, int] = field(factory=dict)
    writers: set[BrokerAccount] = field(factory=set)


class MemoryJournal:
    """Every entry is as safe as it will ever be as soon as it is appended."""

    def __init__(self, storage: MemoryStorage | None = None) -> None:
        self._storage = MemoryStorage() if storage is None else storage
        self._held: frozenset[BrokerAccount] = frozenset()

    @property
    def is_durable(self) -> bool:
        """Always: nothing waits."""
        return True

    @property
    def failure(self) -> str | None:
        """Never any."""
        return None

    async def open(self, broker_accounts: Iterable[BrokerAccount]) -> None:
        """Take the right to write; see ``Journal.open``."""
        wanted = frozenset(broker_accounts)
        taken = sorted(account.masked for account in wanted & self._storage.writers)
        if taken:
            raise JournalInUse(f"another writer has the journal of {', '.join(taken)}")
        self._storage.writers |= wanted
        self._held = wanted

    async def close(self) -> None:
        """Give the right to write up; idempotent."""
        self._storage.writers -= self._held
        self._held = frozenset()

    def append(self, account: str, entry: JournalEntry) -> None:
        """Add an entry."""
        self._storage.entries.setdefault(account, []).append(entry)

    async def flush(self) -> None:
        """Return at once."""

    def when_durable(self, callback: Callable[[], None]) -> None:
        """Call it now."""
        callback()

    async def read(self, account: str) -> tuple[JournalEntry, ...]:
        """Return an account's entries, oldest first."""
        return tuple(self._storage.entries.get(account, ()))

    async def reserved_order_id(self, client_id: int) -> int:
        """Return the highest order id reserved for a client id."""
        return self._storage.order_ids.get(client_id, 0)

    async def reserve_order_id(self, client_id: int, order_id: int) -> None:
        """Remember that ids up to this one may be used."""
        self._storage.order_ids[client_id] = max(
            order_id, self._storage.order_ids.get(client_id, 0)
        )
