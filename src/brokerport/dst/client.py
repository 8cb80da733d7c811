"""The client: the real ``Broker`` as one process runs it, from its opening to its end or death.

Only what stands at the process's border is put in place of the program's own: the journal's disk,
the event bus that also writes down what was told, the source of ClientOrderIds and of chance.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar

from dependency_injector import providers

from brokerport.broker import Broker
from brokerport.container import Container, open_broker
from brokerport.domain.errors import BrokerportError, RequestRefused, RetryableError
from brokerport.domain.events import BrokerEvent, SessionChanged
from brokerport.domain.journal import ExecutionRecorded
from brokerport.domain.journal_fold import recorded_book
from brokerport.domain.orders import ClientOrderId
from brokerport.domain.reconciliation import StaleOrder
from brokerport.dst.disk import Disk, DiskJournal
from brokerport.dst.record import Books, Call, Life, Stale, Told
from brokerport.dst.stage import Stage
from brokerport.dst.trace import Trace
from brokerport.dst.virtual_loop import Process
from brokerport.dst.words import event_line
from brokerport.services.event_bus import EventBus
from brokerport.services.order_book import OrderBook
from brokerport.services.order_identity import ClientOrderIds

REOPEN_SECONDS = 5.0

CURRENT_CALL: ContextVar[Call | None] = ContextVar("current_call", default=None)

Configure = Callable[[Container], None]


class Client:
    """One life of the client program."""

    def __init__(
        self, stage: Stage, disk: Disk, books: Books, trace: Trace, configure: Configure
    ) -> None:
        """Prepare it; ``configure`` may change providers once more (planted bugs)."""
        self._stage = stage
        self._disk = disk
        self._books = books
        self._trace = trace
        self._configure_further = configure
        self._loop = asyncio.get_running_loop()
        number = len(books.lives) + 1
        self.life = Life(number, self._loop.time())
        books.lives.append(self.life)
        self.life.starts_without_journal = not disk.storage.entries
        self.process = Process(f"client {number}")
        self.broker: Broker | None = None
        self.book: OrderBook | None = None
        self._has_opened_books = False
        self._journal = DiskJournal(disk)
        self._closing = asyncio.Event()
        self._source = random.Random(f"client {stage.plan.seed} {number}")  # noqa: S311
        self._main = self.process.start(self._live(), f"client {number}")

    @property
    def is_over(self) -> bool:
        """Whether the program has ended, or was killed."""
        return self.process.is_dead or self._main.done()

    async def close(self) -> None:
        """End the program in order, once it has opened or failed to."""
        self._closing.set()
        await asyncio.wait((self._main,))
        self.life.ended_at = self._loop.time()
        self.process.is_dead = True
        self._note("closed")

    def crash(self, tail_kept: float) -> None:
        """Kill the program now."""
        self._check_journal()
        self.life.has_crashed = True
        self.life.ended_at = self._loop.time()
        self.process.kill()
        kept, lost = self._journal.crash(tail_kept)
        self.life.entries_lost += lost
        self.life.recorded_untold = frozenset(
            entry.execution.execution_id for entry in kept if isinstance(entry, ExecutionRecorded)
        )
        self._note(f"killed, {lost} journal entries lost")
        for call in self._books.calls:
            if call.life == self.life.number and call.ended_at is None:
                call.has_died = True

    def told(self, event: BrokerEvent) -> None:
        """Write down what every listener is told."""
        if self.process.is_dead:
            return
        if isinstance(event, SessionChanged):
            self._has_opened_books = True
        self._books.told.append(Told(self._loop.time(), self.life.number, event))
        line = event_line(event)
        if line is not None:
            self._note(f"told {line}")

    async def _live(self) -> None:
        while not self._closing.is_set():
            try:
                await self._trade()
            except (RetryableError, RequestRefused) as error:
                self._note(f"not opened: {type(error).__name__}: {str(error)[:100]}")
                with suppress(TimeoutError):
                    async with asyncio.timeout(REOPEN_SECONDS):
                        await self._closing.wait()
            except BrokerportError as error:
                self.life.failure = f"{type(error).__name__}: {error}"
                self._note(f"gave up: {self.life.failure}")
                return
            except Exception as error:
                self.life.failure = f"{type(error).__name__}: {error}"
                self._note(f"failed: {self.life.failure}")
                return

    async def _trade(self) -> None:
        world = self._stage.world
        try:
            async with open_broker(
                self._stage.settings(), world=world, configure=self._configure
            ) as broker:
                self.broker = broker
                self._note("opened")
                await self._closing.wait()
                self._check_journal()
        finally:
            self.broker = None
            # Until it is opened anew, what is left of the book has no journal to be held against.
            self._has_opened_books = False
            self.life.entries_lost += self._journal.lost

    def _configure(self, container: Container) -> None:
        # A program that tries again to open is the same process, with a journal opened again.
        self._journal = DiskJournal(self._disk)
        self._has_opened_books = False
        container.journal.override(providers.Object(self._journal))
        container.bus.override(providers.Object(_HeardBus(self.told)))
        container.random_source.override(providers.Object(self._source))
        container.order_ids.override(providers.Object(_NotedIds(self._stage, self._source)))
        self._configure_further(container)
        self._watch_for_stale(container)
        self.book = container.book()

    def _watch_for_stale(self, container: Container) -> None:
        synchroniser = container.synchroniser()
        look_at = synchroniser.look_at

        async def look_and_note(account: str) -> tuple[StaleOrder, ...]:
            stale = await look_at(account)
            for order in stale:
                self._books.stale.append(Stale(self._loop.time(), order.client_order_id))
                self._note(f"stale {order.client_order_id}")
            return stale

        synchroniser.look_at = look_and_note  # type: ignore[method-assign]

    def _check_journal(self) -> None:
        if self.book is None or not self._has_opened_books:
            return
        differs: list[str] = []
        for account in self._stage.plan.accounts:
            recorded = recorded_book(self._journal.everything(account)).orders
            held = {
                str(order.client_order_id): order
                for order in self.book.orders()
                if order.account == account
            }
            differs += [
                f"{key}: journal {recorded.get(key)}, book {held.get(key)}"
                for key in sorted(recorded.keys() | held.keys())
                if recorded.get(key) != held.get(key)
            ]
        self.life.journal_differs = tuple(differs)

    def _note(self, text: str) -> None:
        self._trace.add(self._loop.time(), f"client {self.life.number}", text)


class _HeardBus(EventBus):
    """The event bus, with one more listener that hears at once."""

    def __init__(self, told: Callable[[BrokerEvent], None]) -> None:
        super().__init__()
        self._told = told

    def publish(self, event: BrokerEvent) -> None:
        """Tell every stream, and the one that writes it down."""
        self._told(event)
        super().publish(event)


class _NotedIds(ClientOrderIds):
    """ClientOrderIds from the run's own chance; each is noted on the call that it is for."""

    def __init__(self, stage: Stage, source: random.Random) -> None:
        super().__init__(stage.world.clock, source)

    def issue(self, account: str) -> ClientOrderId:
        """Return a new id."""
        issued = super().issue(account)
        call = CURRENT_CALL.get()
        if call is not None:
            call.client_order_id = str(issued)
        return issued
