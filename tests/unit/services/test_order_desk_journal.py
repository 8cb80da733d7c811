"""The order desk and its journal: safe before sent, safe before told, and no trading without it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from brokerport.adapters.journal.memory import MemoryJournal, MemoryStorage
from brokerport.domain.errors import JournalUnavailable
from brokerport.domain.events import ExecutionReceived
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.ports.orders import BookedExecution
from tests.support.examples import execution, request
from tests.support.fake_adapter import Later, Say, acknowledged, cancelled
from tests.support.trading_desk import TradingDesk, run, turns

S = OrderStatus


class HeldJournal(MemoryJournal):
    """A journal whose flushes wait while the test holds it, and fail when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()
        self.free.set()
        self.broken: str | None = None

    @property
    def failure(self) -> str | None:
        return self.broken

    async def flush(self) -> None:
        await self.free.wait()
        if self.broken is not None:
            raise JournalUnavailable(self.broken)


async def desk_and_journal() -> tuple[TradingDesk, HeldJournal]:
    """Return an open desk over such a journal."""
    journal = HeldJournal()
    return await TradingDesk(journal=journal).open(), journal


def test_nothing_leaves_before_it_is_safe() -> None:
    """A crash that is quicker than the acknowledgement finds the intent in the journal."""

    async def trading() -> None:
        desk, journal = await desk_and_journal()
        desk.orders.script("place", Say(acknowledged()))
        journal.free.clear()
        placing = asyncio.create_task(desk.broker.place(request()))
        await turns()
        assert desk.orders.sent == []
        journal.free.set()
        assert (await placing).status is S.WORKING

    run(trading())


def test_nothing_is_told_before_it_is_safe() -> None:
    """What the broker answered is in the journal when the caller hears of it."""

    async def trading() -> None:
        desk, journal = await desk_and_journal()
        desk.orders.script("place", Later(acknowledged()))
        placing = asyncio.create_task(desk.broker.place(request()))
        while not desk.orders.sent:
            await turns(1)
        journal.free.clear()
        await turns()
        assert desk.only_order().status is S.WORKING
        assert not placing.done()
        journal.free.set()
        assert (await placing).status is S.WORKING

    run(trading())


def test_a_caller_that_stops_waiting_for_the_journal_has_placed_nothing() -> None:
    """Nothing had left: the order is not placed, and in no doubt."""

    async def trading() -> None:
        desk, journal = await desk_and_journal()
        journal.free.clear()
        placing = asyncio.create_task(desk.broker.place(request()))
        await turns()
        placing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await placing
        journal.free.set()
        assert desk.orders.sent == []
        assert [order.status for order in desk.book.orders()] == [S.NOT_PLACED]

    run(trading())


def test_without_a_journal_only_cancels_are_sent() -> None:
    """Placing and replacing add risk that could be forgotten; a cancel takes risk off."""

    async def trading() -> None:
        desk, journal = await desk_and_journal()
        desk.orders.script("place", Say(acknowledged()))
        key = (await desk.broker.place(request())).client_order_id
        journal.broken = "the disk is full"
        with pytest.raises(JournalUnavailable, match="the disk is full"):
            await desk.broker.place(request())
        with pytest.raises(JournalUnavailable, match="the disk is full"):
            await desk.broker.replace("gen", key, quantity=Decimal(20))
        assert [order.status for order in desk.book.orders()] == [S.WORKING, S.NOT_PLACED]
        desk.orders.script("cancel", Say(cancelled()))
        assert (await desk.broker.cancel("gen", key)).status is S.CANCELLED
        assert [sent.action for sent in desk.orders.sent] == ["place", "cancel"]

    run(trading())


def test_the_desk_is_quiet_when_every_request_has_ended() -> None:
    """What became of each must be in the journal before that is closed."""

    async def trading() -> None:
        desk, _journal = await desk_and_journal()
        placing = asyncio.create_task(desk.broker.place(request()))
        await turns()
        quiet = asyncio.create_task(desk.desk.until_quiet())
        await turns()
        assert not quiet.done()
        await desk.supervisor.stop()
        await quiet
        assert desk.only_order().status is S.IN_DOUBT
        placing.cancel()
        await asyncio.gather(placing, return_exceptions=True)

    run(trading())


@pytest.mark.parametrize(("is_first", "told"), [(True, []), (False, ["e1"])])
def test_fills_of_before_the_first_session_are_history(is_first: bool, told: list[str]) -> None:
    """An account without a record begins now; one with a record has missed the fill."""

    async def trading() -> None:
        storage = MemoryStorage()
        if not is_first:
            earlier = await TradingDesk(journal=MemoryJournal(storage)).open()
            earlier.orders.script("place", Say(acknowledged()))
            await earlier.broker.place(request())
            await earlier.journal.close()
        desk = TradingDesk(journal=MemoryJournal(storage))
        desk.orders.booked.append(BookedExecution(execution(4, order_reference=None), None))
        await desk.start()
        heard = [event.execution.execution_id for event in desk.told(ExecutionReceived)]
        assert heard == told
        await desk.supervisor.stop()
        await desk.supervisor.start()
        assert desk.told(ExecutionReceived) == []

    run(trading())
