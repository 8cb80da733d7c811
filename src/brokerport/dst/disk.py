"""The journal's disk: what was flushed survives a crash, what was not may survive in part.

Entries become durable in groups, some time after they were appended, as the SQL journal's writer
makes them. A crash keeps the groups written, and of what waits the oldest part, as a torn write
does: never a later entry without an earlier one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from brokerport.adapters.journal.memory import MemoryStorage
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import JournalUnavailable
from brokerport.domain.journal import JournalEntry, OrderRecorded

RETRY_SECONDS = 0.5


class Disk:
    """What outlives a process: the storage, and whether it can be written now."""

    def __init__(self, write_seconds: float) -> None:
        self.storage = MemoryStorage()
        self.write_seconds = write_seconds
        self.failure: str | None = None
        # ClientOrderIds of which something was ever durable, in any journal.
        self.written: set[str] = set()

    def lose_everything(self) -> None:
        """Lose the journal."""
        self.storage = MemoryStorage()


class DiskJournal:
    """A journal on a ``Disk``, of one process."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._waiting: list[tuple[str, JournalEntry]] = []
        self._callbacks: list[tuple[int, Callable[[], None]]] = []
        self._flushes: list[tuple[int, asyncio.Future[None]]] = []
        self._appended = 0
        self._written = 0
        self._timer: asyncio.TimerHandle | None = None
        self._failure: str | None = None
        self._is_dead = False
        # How many entries were never written, once it is closed.
        self.lost = 0

    @property
    def is_durable(self) -> bool:
        """Whether nothing waits to be written."""
        return not self._waiting

    @property
    def failure(self) -> str | None:
        """Why the last write failed."""
        return self._failure

    async def open(self, broker_accounts: Iterable[BrokerAccount]) -> None:
        """Take the right to write, which no dead process keeps."""

    async def close(self) -> None:
        """Write what is left.

        Raises:
            JournalUnavailable: it could not be written.
        """
        try:
            if self._waiting and not self._is_dead:
                await self.flush()
        finally:
            self.lost += len(self._waiting)
            self._end()

    def append(self, account: str, entry: JournalEntry) -> None:
        """Add an entry, to be written soon."""
        if self._is_dead:
            return
        self._waiting.append((account, entry))
        self._appended += 1
        self._write_in(self._disk.write_seconds)

    async def flush(self) -> None:
        """Return when all that was appended is written.

        Raises:
            JournalUnavailable: it could not be.
        """
        if not self._waiting:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._flushes.append((self._appended, done))
        if self._failure is not None and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._write_in(self._disk.write_seconds)
        await done

    def when_durable(self, callback: Callable[[], None]) -> None:
        """Call when what is appended now is written, or could not be."""
        if not self._waiting:
            callback()
        else:
            self._callbacks.append((self._appended, callback))

    async def read(self, account: str) -> tuple[JournalEntry, ...]:
        """Return an account's entries."""
        return tuple(self._disk.storage.entries.get(account, ()))

    async def reserved_order_id(self, client_id: int) -> int:
        """Return the highest order id reserved."""
        return self._disk.storage.order_ids.get(client_id, 0)

    async def reserve_order_id(self, client_id: int, order_id: int) -> None:
        """Reserve order ids.

        Raises:
            JournalUnavailable: it cannot be written.
        """
        if self._disk.failure is not None:
            raise JournalUnavailable(self._disk.failure)
        highest = max(order_id, await self.reserved_order_id(client_id))
        self._disk.storage.order_ids[client_id] = highest

    def everything(self, account: str) -> tuple[JournalEntry, ...]:
        """Return an account's entries, written or not."""
        waiting = (entry for name, entry in self._waiting if name == account)
        return (*self._disk.storage.entries.get(account, ()), *waiting)

    def crash(self, tail_kept: float) -> tuple[list[JournalEntry], int]:
        """Die; return which waiting entries were written all the same, and how many were lost."""
        count = int(len(self._waiting) * tail_kept) if self._disk.failure is None else 0
        kept = [entry for _account, entry in self._waiting[:count]]
        self._store(count)
        lost = len(self._waiting)
        self._end()
        return kept, lost

    def _end(self) -> None:
        self._is_dead = True
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write_in(self, seconds: float) -> None:
        if self._timer is not None or self._is_dead:
            return
        if seconds == 0 and self._disk.failure is None and not self._callbacks:
            self._write()
        else:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._write)

    def _write(self) -> None:
        self._timer = None
        self._failure = self._disk.failure
        if self._failure is None:
            self._store(len(self._waiting))
        due = self._written if self._failure is None else self._appended
        flushes, self._flushes = self._flushes, []
        for mark, done in flushes:
            if mark > due:
                self._flushes.append((mark, done))
            elif not done.done() and self._failure is None:
                done.set_result(None)
            elif not done.done():
                done.set_exception(JournalUnavailable(str(self._failure)))
        callbacks, self._callbacks = self._callbacks, []
        for _mark, callback in callbacks:
            callback()
        if self._waiting:
            self._write_in(RETRY_SECONDS if self._failure else self._disk.write_seconds)

    def _store(self, count: int) -> None:
        for account, entry in self._waiting[:count]:
            self._disk.storage.entries.setdefault(account, []).append(entry)
            if isinstance(entry, OrderRecorded):
                self._disk.written.add(str(entry.order.client_order_id))
        del self._waiting[:count]
        self._written += count
