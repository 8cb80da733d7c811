"""The event gate: nobody hears of what is not safe yet, and a failing journal hides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from brokerport.adapters.journal.memory import MemoryJournal
from brokerport.domain.events import BrokerEvent, BrokerNotice
from brokerport.services.event_gate import EventGate
from tests.support.trading_desk import run, turns


class SlowJournal(MemoryJournal):
    """A journal that is safe when the test says so, entry by entry."""

    def __init__(self) -> None:
        super().__init__()
        self.callbacks: list[Callable[[], None]] = []
        self.is_slow = True
        self.broken: str | None = None

    @property
    def is_durable(self) -> bool:
        return not self.is_slow

    @property
    def failure(self) -> str | None:
        return self.broken

    def when_durable(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def write(self) -> None:
        """Finish whatever waits."""
        while self.callbacks:
            self.callbacks.pop(0)()


def notice(text: str) -> BrokerNotice:
    return BrokerNotice(None, text)


def test_an_event_waits_for_what_caused_it() -> None:
    """It is delivered when the journal says so, in order, and not before."""
    journal, told = SlowJournal(), list[BrokerEvent]()
    gate = EventGate(journal, told.append)
    gate.publish(notice("one"))
    gate.publish(notice("two"))
    assert told == []
    journal.write()
    assert told == [notice("one"), notice("two")]


def test_an_event_never_overtakes_one_that_waits() -> None:
    """Nothing waits to be written any more, but an earlier event has not left yet."""
    journal, told = SlowJournal(), list[BrokerEvent]()
    gate = EventGate(journal, told.append)
    gate.publish(notice("one"))
    journal.is_slow = False
    gate.publish(notice("two"))
    assert told == []
    journal.write()
    assert told == [notice("one"), notice("two")]


def test_with_nothing_to_be_written_an_event_passes_at_once() -> None:
    """As with a journal in memory."""
    told = list[BrokerEvent]()
    EventGate(MemoryJournal(), told.append).publish(notice("one"))
    assert told == [notice("one")]


def test_a_failing_journal_is_told_of_once_and_hides_nothing() -> None:
    """What happened is told all the same; a journal that recovers and fails again is news."""
    journal, told = SlowJournal(), list[BrokerEvent]()
    gate = EventGate(journal, told.append)
    journal.broken = "disk full"
    for text in ("one", "two"):
        gate.publish(notice(text))
        journal.write()
    failed = notice("the journal cannot be written: disk full")
    assert told == [failed, notice("one"), notice("two")]
    journal.broken = None
    gate.publish(notice("three"))
    journal.write()
    journal.broken = "disk full"
    gate.publish(notice("four"))
    journal.write()
    assert told[3:] == [notice("three"), failed, notice("four")]


def test_a_barrier_waits_for_what_was_said_before_it_alone() -> None:
    """A market that never pauses must not hold up whoever asked for the time."""

    async def asking() -> None:
        journal, told = SlowJournal(), list[BrokerEvent]()
        gate = EventGate(journal, told.append)
        gate.publish(notice("before"))
        barrier = asyncio.create_task(gate.until_empty())
        await turns()
        for number in range(3):
            gate.publish(notice(f"after {number}"))
            journal.callbacks.pop(0)()
            await turns()
        assert barrier.done()
        assert told == [notice("before"), notice("after 0"), notice("after 1")]

    run(asking())
