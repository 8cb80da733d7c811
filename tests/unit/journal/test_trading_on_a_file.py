"""A ``Broker`` over a journal on disk: what is sent, told and remembered when the disk fails."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from brokerport.adapters.journal import sql, sqlite
from brokerport.domain.errors import JournalUnavailable, OrderInDoubt
from brokerport.domain.events import BrokerNotice, OrderChanged
from brokerport.domain.journal import OrderRecorded
from brokerport.domain.journal_fold import recorded_book
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit
from brokerport.domain.orders import Order
from brokerport.ports.orders import OrderTicket
from brokerport.ports.session import AdapterEvent
from tests.support.examples import request
from tests.support.fake_adapter import (
    FakeAdapter,
    Later,
    Say,
    acknowledged,
    cancelled,
    filled,
    replaced,
)
from tests.support.sql_journals import locked, opened, run, sqlite_journal
from tests.support.trading_desk import TradingDesk


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is not waited for when it is locked, and not tried again by itself."""
    others = tuple(pragma for pragma in sqlite._PRAGMAS if "busy" not in pragma)
    monkeypatch.setattr(sqlite, "_PRAGMAS", ("PRAGMA busy_timeout = 0", *others))
    monkeypatch.setattr(sql, "RETRY_SECONDS", 3600)
    return tmp_path / "journal.db"


async def open_desk(path: Path, adapter: FakeAdapter | None = None) -> TradingDesk:
    """Open a desk whose journal is a file."""
    return await TradingDesk(adapter, sqlite_journal(path)).open()


async def remembered(path: Path) -> dict[str, Order]:
    """Return the orders that a later session reads from a file."""
    journal = await opened(path)
    entries = await journal.read("gen")
    await journal.close()
    return recorded_book(entries).orders


async def working(desk: TradingDesk) -> Order:
    """Place an order that the broker takes."""
    desk.orders.script("place", Say(acknowledged()))
    return await desk.broker.place(request(10))


def test_without_a_journal_nothing_is_placed(path: Path) -> None:
    """The caller is told so before a byte has left, and the order ends as not placed."""

    async def work() -> None:
        desk = await open_desk(path)
        with locked(path):
            with pytest.raises(JournalUnavailable, match="another program holds it locked"):
                await desk.broker.place(request(10))
            assert desk.orders.sent == []
            (order,) = (await desk.journal.read("gen"))[-1:]
            assert isinstance(order, OrderRecorded)
            assert order.order.status is OrderStatus.NOT_PLACED
        placed = await working(desk)
        assert placed.status is OrderStatus.WORKING
        notices = [event.message for event in desk.told(BrokerNotice)]
        assert len(notices) == 1
        assert notices[0].startswith("the journal cannot be written: the journal ")
        await desk.journal.close()
        statuses = [order.status for order in (await remembered(path)).values()]
        assert statuses == [OrderStatus.NOT_PLACED, OrderStatus.WORKING]

    run(work())


def test_without_a_journal_nothing_is_replaced(path: Path) -> None:
    """The order works on as it was."""

    async def work() -> None:
        desk = await open_desk(path)
        order = await working(desk)
        key = str(order.client_order_id)
        with locked(path):
            with pytest.raises(JournalUnavailable):
                await desk.broker.replace("gen", key, quantity=Decimal(20))
            assert desk.orders.times_sent("replace") == 0
            now = desk.book.order("gen", key)
            assert (now.status, now.quantity) == (OrderStatus.WORKING, 10)
        desk.orders.script("replace", Say(replaced(20, Limit("190.00"))))
        await desk.broker.replace("gen", key, quantity=Decimal(20))
        await desk.journal.close()
        assert (await remembered(path))[key] == desk.book.order("gen", key)

    run(work())


def test_without_a_journal_a_cancel_goes_all_the_same(path: Path) -> None:
    """It takes risk off. What came of it is told, kept, and written when that can be done."""

    async def work() -> None:
        desk = await open_desk(path)
        order = await working(desk)
        key = str(order.client_order_id)
        desk.told(OrderChanged)
        with locked(path):
            desk.orders.script("cancel", Say(filled(4)), Later(cancelled()))
            ended = await desk.broker.cancel("gen", key)
            assert (ended.status, ended.filled_quantity) == (OrderStatus.CANCELLED, 4)
            await desk.gate.until_empty()
            assert desk.statuses()[-1] is OrderStatus.CANCELLED
            assert not desk.journal.is_durable
        await desk.journal.flush()
        assert desk.journal.failure is None
        await desk.journal.close()
        assert (await remembered(path))[key] == ended

    run(work())


def copied(path: Path, copy: Path) -> None:
    """Copy a journal that nobody writes to at this moment, its write-ahead log with it."""
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), copy.with_name(copy.name + suffix))


def test_an_intent_is_on_the_disk_when_the_order_leaves(path: Path, tmp_path: Path) -> None:
    """A crash at that instant leaves an order in doubt, not one that nobody knows of."""
    copy = tmp_path / "copy.db"

    def photographed(ticket: OrderTicket) -> AdapterEvent:
        copied(path, copy)
        return acknowledged()(ticket)

    async def work() -> None:
        desk = await open_desk(path)
        desk.orders.script("place", Say(photographed))
        order = await desk.broker.place(request(10))
        await desk.journal.close()
        key = str(order.client_order_id)
        found = await remembered(copy)
        assert list(found) == [key]
        assert found[key] == Order.submitted(order.client_order_id, order.request)
        later = TradingDesk(journal=sqlite_journal(copy))
        await later.start()
        later.bus.end_opening()
        await later.gate.until_empty()
        # What the broker's record then proves of it is the synchroniser's to find.
        statuses = [event.order.status for event in later.told(OrderChanged)]
        assert statuses[0] is OrderStatus.IN_DOUBT
        await later.supervisor.stop()
        await later.journal.close()

    run(work())


def test_a_crashed_session_is_continued_by_the_next(path: Path, tmp_path: Path) -> None:
    """Working, part filled, replaced, cancelled, unanswered: the book is what it was."""

    async def work() -> None:
        desk = await open_desk(path)
        part_filled = await working(desk)
        desk.orders.script("place", Say(acknowledged("18")), Say(filled(3, execution_id="e1")))
        await desk.broker.place(request(10))
        gone = await working(desk)
        desk.orders.script("cancel", Say(cancelled()))
        await desk.broker.cancel("gen", str(gone.client_order_id))
        desk.orders.script("replace", Say(replaced(5, Limit("191.00"))))
        await desk.broker.replace(
            "gen",
            str(part_filled.client_order_id),
            quantity=Decimal(5),
            order_type=Limit("191.00"),
        )
        desk.desk._answer_timeout_seconds = 0.01
        with pytest.raises(OrderInDoubt):
            await desk.broker.place(request(7))
        await desk.journal.flush()
        # No close: what a machine that stops now would find on its disk.
        copy = tmp_path / "copy.db"
        copied(path, copy)
        before = {str(order.client_order_id): order for order in desk.book._orders.values()}
        assert len(before) == 4

        journal = sqlite_journal(copy)
        later = TradingDesk(journal=journal)
        await journal.open(later.accounts.broker_account(item.name) for item in later.accounts)
        for account in later.accounts:
            later.book.load(recorded_book(await journal.read(account.name)))
        assert later.book._orders == before
        await journal.close()
        await desk.journal.close()

    run(work())
