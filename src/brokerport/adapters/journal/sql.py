"""A journal in a database: SQLite or PostgreSQL, written by one thread of its own.

Rules:

- An entry is encoded, numbered and queued when it is appended; the event loop never waits for a
  disk. Whatever is queued by the end of a turn of the loop is written in one transaction.
- Numbers and checksums are given out here, because one process writes for an account at a time.
- An entry leaves the queue when the transaction that holds it has been committed. A write that
  fails leaves it there; it is tried again with every request, and by itself each second.
- Who waits for an entry is told when it is durable, or when a write that was to hold it has failed.
  A write that takes longer than ``WRITE_SECONDS_MAX`` counts as failed until it is done, so that
  nobody waits for ever.
- Everything but the writing happens on the event loop on which the journal was opened.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from brokerport.adapters.journal.chain import Record, Row, Tail, tail_after
from brokerport.adapters.journal.codec import EntryCodec
from brokerport.adapters.journal.store import JournalStore
from brokerport.domain.accounts import AccountMap, BrokerAccount
from brokerport.domain.errors import BrokerportError, JournalDamaged, JournalUnavailable
from brokerport.domain.journal import JournalEntry

RETRY_SECONDS = 1.0
WRITE_SECONDS_MAX = 15.0

Result = TypeVar("Result")


class SqlJournal:
    """A durable journal; see ``ports.journal.Journal`` for what each function promises."""

    def __init__(self, store: JournalStore, accounts: AccountMap) -> None:
        self._store = store
        self._accounts = accounts
        self._codec = EntryCodec()
        self._thread: ThreadPoolExecutor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tails: dict[Record, Tail] = {}
        self._queue: deque[Row] = deque()
        self._appended = 0
        self._durable = 0
        self._failure: str | None = None
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._writing: Future[None] | None = None
        self._is_write_due = False
        self._retry: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None

    @property
    def is_durable(self) -> bool:
        """Whether everything appended so far is in the database."""
        return not self._queue

    @property
    def failure(self) -> str | None:
        """Why the last write failed, None when it did not."""
        return self._failure

    async def open(self, broker_accounts: Iterable[BrokerAccount]) -> None:
        """Take the right to write for these accounts; see ``Journal.open``."""
        wanted = tuple(broker_accounts)
        records = [self._record(account) for account in wanted]
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="brokerport-journal")
        try:
            self._tails = await self._on_thread(partial(self._store.open, wanted, records))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Write what is left, give the right up and end the thread; idempotent."""
        thread = self._thread
        if thread is None:
            return
        try:
            await self.flush()
        finally:
            self._thread = None
            if self._retry is not None:
                self._retry.cancel()
            self._tails = {}
            closing = thread.submit(self._store.close)
            thread.shutdown(wait=False)
            try:
                async with asyncio.timeout(WRITE_SECONDS_MAX):
                    await asyncio.wrap_future(closing)
            except TimeoutError:
                raise JournalUnavailable(f"the journal {self._store.where} hangs") from None

    def append(self, account: str, entry: JournalEntry) -> None:
        """Queue an entry; see ``Journal.append``.

        Raises:
            JournalUnavailable: the journal is not open for that account.
        """
        record = self._record(self._accounts.broker_account(account))
        tail = self._tails.get(record)
        if tail is None:
            raise JournalUnavailable(f"the journal is not open for account {account!r}")
        row = tail.followed_by(record, *self._codec.encoded(entry))
        self._tails[record] = tail_after(row)
        self._queue.append(row)
        self._appended += 1
        self._write_soon()

    async def flush(self) -> None:
        """Return when what was appended is durable; see ``Journal.flush``."""
        target = self._appended
        if self._durable >= target:
            return
        told = asyncio.get_running_loop().create_future()
        self.when_durable(lambda: None if told.done() else told.set_result(None))
        await told
        if self._durable < target:
            raise JournalUnavailable(self._failure or "the journal was not written")

    def when_durable(self, callback: Callable[[], None]) -> None:
        """Call back when what is appended now is safe or failed; see ``Journal.when_durable``."""
        if self._durable >= self._appended and not self._waiting:
            callback()
            return
        self._waiting.append((self._appended, callback))
        self._write_soon()

    async def read(self, account: str) -> tuple[JournalEntry, ...]:
        """Return an account's entries, those that wait to be written too; see ``Journal.read``."""
        record = self._record(self._accounts.broker_account(account))
        queued = [row for row in self._queue if row.record == record]
        return await self._on_thread(partial(self._decoded, record, queued))

    async def reserved_order_id(self, client_id: int) -> int:
        """Return the highest order id reserved for a client id."""
        return await self._on_thread(partial(self._store.reserved_order_id, client_id))

    async def reserve_order_id(self, client_id: int, order_id: int) -> None:
        """Remember, durably, that ids up to this one may be used."""
        await self._on_thread(partial(self._store.reserve_order_id, client_id, order_id))

    def _record(self, broker_account: BrokerAccount) -> Record:
        name = self._accounts.name_of(broker_account)
        if name is None:
            raise JournalUnavailable(f"no account stands for {broker_account.masked}")
        return Record(broker_account.account_id, name)

    async def _on_thread(self, job: Callable[[], Result]) -> Result:
        if self._thread is None:
            raise JournalUnavailable("the journal is not open")
        return await asyncio.wrap_future(self._thread.submit(job))

    def _decoded(self, record: Record, queued: Iterable[Row]) -> tuple[JournalEntry, ...]:
        stored = self._store.read(record)
        last = stored[-1].position if stored else 0
        rows = (*stored, *(row for row in queued if row.position > last))
        return tuple(self._decoded_row(row) for row in rows)

    def _decoded_row(self, row: Row) -> JournalEntry:
        try:
            return self._codec.decoded(row.kind, row.body)
        except JournalDamaged as damage:
            raise JournalDamaged(
                f"the journal {self._store.where}, account {row.record.account!r}, "
                f"entry {row.position}: {damage}"
            ) from damage

    def _write_soon(self) -> None:
        if self._loop is not None and self._writing is None and not self._is_write_due:
            self._is_write_due = True
            self._loop.call_soon(self._write)

    def _write(self) -> None:
        self._is_write_due = False
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        if self._writing is not None or self._thread is None or self._loop is None:
            return
        if not self._queue:
            self._tell(self._appended)
            return
        batch = tuple(self._queue)
        upto = self._durable + len(batch)
        self._writing = self._thread.submit(self._store.write, batch)
        self._expect_write()
        told = partial(self._tell_loop, self._loop, partial(self._written, batch, upto))
        self._writing.add_done_callback(told)

    @staticmethod
    def _tell_loop(
        loop: asyncio.AbstractEventLoop,
        written: Callable[[Future[None]], None],
        write: Future[None],
    ) -> None:
        try:
            loop.call_soon_threadsafe(written, write)
        except RuntimeError:
            # The loop is closed: nobody is left who could be told, and the rows are written or not.
            if not loop.is_closed():
                raise

    def _written(self, batch: tuple[Row, ...], upto: int, write: Future[None]) -> None:
        if self._late is not None:
            self._late.cancel()
        self._writing = None
        error = write.exception()
        if error is None:
            for _row in batch:
                self._queue.popleft()
            self._durable = upto
            self._failure = None
        else:
            self._fail(str(error) if isinstance(error, BrokerportError) else repr(error))
        self._tell(upto)
        if self._waiting or (self._queue and error is None):
            self._write_soon()

    def _expect_write(self) -> None:
        if self._loop is not None:
            self._late = self._loop.call_later(WRITE_SECONDS_MAX, self._write_is_late)

    def _write_is_late(self) -> None:
        self._failure = (
            f"the journal {self._store.where} takes more than {WRITE_SECONDS_MAX:g} seconds to "
            "write"
        )
        self._tell(self._appended)
        self._expect_write()

    def _fail(self, failure: str) -> None:
        self._failure = failure
        if self._loop is not None and self._thread is not None:
            self._retry = self._loop.call_later(RETRY_SECONDS, self._write)

    def _tell(self, upto: int) -> None:
        while self._waiting and self._waiting[0][0] <= upto:
            _target, callback = self._waiting.popleft()
            callback()
