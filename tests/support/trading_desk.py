"""A ``Broker`` over the fake adapter, put together as the container does, on a virtual clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

import async_solipsism

from brokerport.adapters.journal.memory import MemoryJournal
from brokerport.broker import Broker
from brokerport.config import SessionSettings
from brokerport.domain.events import (
    BrokerEvent,
    ContradictionFound,
    OrderChanged,
    SessionChanged,
)
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.orders import Order
from brokerport.ports.journal import Journal
from brokerport.services.admission import Admission
from brokerport.services.books import LedgerKeeper
from brokerport.services.doubt_watch import DoubtWatch
from brokerport.services.event_bus import EventBus, EventStream
from brokerport.services.event_gate import EventGate
from brokerport.services.last_known import LastKnown
from brokerport.services.opening import open_books
from brokerport.services.order_book import OrderBook
from brokerport.services.order_desk import OrderDesk
from brokerport.services.order_gate import OrderGate
from brokerport.services.order_identity import ClientOrderIds
from brokerport.services.quarantine import Quarantine
from brokerport.services.reconciler import Reconciler
from brokerport.services.session_keeper import SessionKeeper
from brokerport.services.session_supervisor import SessionSupervisor
from brokerport.services.synchroniser import Synchroniser
from tests.support.examples import NOON, account_map
from tests.support.fake_adapter import FakeAdapter, FakeOrders

ANSWER_TIMEOUT_SECONDS = 10.0
PROOF_SECONDS = 30.0
SETTLE_SECONDS = 5.0

Result = TypeVar("Result")
Event = TypeVar("Event", bound=BrokerEvent)


def run(trading: Coroutine[Any, Any, Result]) -> Result:
    """Run on a loop whose clock jumps: time-outs cost nothing, waiting for ever is an error."""
    with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
        return runner.run(trading)


class StoppedClock:
    """A clock that shows what it is set to."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return the time it is set to."""
        return self.at


class TradingDesk:
    """The parts of a ``Broker``, open to a test."""

    def __init__(
        self,
        adapter: FakeAdapter | None = None,
        journal: Journal | None = None,
        session: SessionSettings = SessionSettings(),  # noqa: B008 - a frozen value
        *,
        reconciles: bool = False,
        quarantines: bool = True,
    ) -> None:
        """Put it together; only when it ``reconciles`` does each session begin with that."""
        self.adapter = FakeAdapter() if adapter is None else adapter
        self.clock = StoppedClock()
        self.doubted: list[str] = []
        self.accounts = account_map()
        self.bus = EventBus()
        self.events: EventStream = self.bus.subscribe()
        self.journal = MemoryJournal() if journal is None else journal
        self.gate = EventGate(self.journal, self.bus.publish)
        publish = self.gate.publish
        self.ledgers = LedgerKeeper(self.journal)
        self.book = OrderBook(self.accounts, publish, self.ledgers)
        self.synchroniser = Synchroniser(
            self.adapter, self.accounts, self.book, publish, PROOF_SECONDS
        )
        self.quarantine = Quarantine(self.ledgers, publish)
        self.reconciler = Reconciler(
            self.adapter,
            self.accounts,
            self.book,
            self.ledgers,
            self.synchroniser,
            self.quarantine,
            publish,
            settle_seconds=SETTLE_SECONDS,
            quarantines=quarantines,
        )
        self.doubt = DoubtWatch(self.book, self.synchroniser.look_at)
        ids = ClientOrderIds(self.clock, random.Random(7))
        self.desk = OrderDesk(
            self.adapter,
            self.accounts,
            self.book,
            ids,
            ANSWER_TIMEOUT_SECONDS,
            self.journal,
            self.doubted.append,
            Admission(self.adapter.account_data, self.accounts, self.book, self.quarantine),
        )
        self.supervisor = SessionSupervisor(
            self.adapter.session,
            self.accounts,
            self.desk,
            self.book,
            self.reconciler.begin_session if reconciles else self.synchroniser.synchronise,
            publish,
            self.clock,
            self.synchroniser.hear_reach,
        )
        self.broker = Broker(
            self.adapter,
            self.accounts,
            self.book,
            self.desk,
            self.supervisor,
            self.bus,
            self.gate,
            OrderGate(
                self.supervisor,
                self.clock,
                session.restarts,
                session.restart_gate_seconds,
                session.queue_seconds,
            ),
            LastKnown(self.clock),
            self.reconciler,
            self.quarantine,
            self.journal,
        )
        self.keeper = SessionKeeper(
            self.supervisor,
            self.adapter.session,
            random.Random(7),
            reconnects=session.reconnects,
            first_delay_seconds=session.first_delay_seconds,
            delay_seconds_max=session.delay_seconds_max,
            heartbeat_seconds=session.heartbeat_seconds,
        )

    async def start(self) -> None:
        """Open the books and make the session ready."""
        await open_books(
            self.journal,
            self.accounts,
            self.book,
            self.synchroniser,
            self.ledgers,
            self.quarantine,
        )
        await self.supervisor.start()

    async def open(self) -> TradingDesk:
        """Make the session ready and forget the events of it."""
        await self.start()
        self.bus.end_opening()
        self.events.drain()
        return self

    @property
    def orders(self) -> FakeOrders:
        """What the adapter was asked for."""
        return self.adapter.orders

    def only_order(self) -> Order:
        """Return the one order that was placed, as the book has it."""
        (key,) = self.adapter.orders.tickets
        found = self.book.find(key)
        if found is None:
            raise LookupError(f"the book has no order {key}")
        return found

    def statuses(self) -> list[OrderStatus]:
        """Return the statuses that were told since the last look, in order."""
        return [event.order.status for event in self.told(OrderChanged)]

    def contradictions(self) -> list[str]:
        """Return the contradictions that were told since the last look."""
        return [event.detail for event in self.told(ContradictionFound)]

    def states(self) -> list[tuple[str, str]]:
        """Return the session's states that were told since the last look, with their reasons."""
        return [(event.state.value, event.reason) for event in self.told(SessionChanged)]

    def told(self, kind: type[Event]) -> list[Event]:
        """Return the events of one kind since the last look; the others are forgotten."""
        return [event for event in self.events.drain() if isinstance(event, kind)]


async def turns(count: int = 5) -> None:
    """Let the event loop turn a few times, so that every task goes as far as it can."""
    for _turn in range(count):
        await asyncio.sleep(0)
