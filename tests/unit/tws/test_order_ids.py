"""Order ids: never one twice, through crashes, losses and a gateway that has not caught up."""

from __future__ import annotations

import asyncio

import pytest

from brokerport.adapters.journal.memory import MemoryJournal, MemoryStorage
from brokerport.adapters.tws.order_ids import BLOCK_IDS
from brokerport.config import AccountSettings, JournalSettings, Settings
from brokerport.container import Container
from brokerport.domain.accounts import Role
from brokerport.domain.errors import InvalidOrder, JournalUnavailable, NotConnected, RequestRefused
from brokerport.ports.session import ConnectionLost
from tests.unit.tws.sample_orders import ACCOUNT, OURS, ticket
from tests.unit.tws.test_records import summary
from tests.unit.tws.test_session import until
from tests.unit.tws.virtual_tws import VirtualTws, connected, in_virtual_time

NEXT_VALID_ID = 101


def reference(number: int) -> str:
    """A ClientOrderId for each number below 1,000."""
    return f"{OURS[:-3]}{number:03d}"


def test_a_process_that_crashed_never_gives_an_order_id_out_again() -> None:
    """The order on its way has an id that the gateway has not seen: it still offers the same."""

    async def trade() -> None:
        storage = MemoryStorage()
        async with VirtualTws() as tws:
            first, _heard = await connected(tws, order_ids=MemoryJournal(storage))
            await first.orders.place(ticket(reference(1)))
            await first.session.broker_time()
            (used,) = tws.placed_ids()
            assert used >= NEXT_VALID_ID
            # A crash: nothing of the process is left but what it had written down.
            tws.hang_up()
            second, _heard = await connected(tws, order_ids=MemoryJournal(storage))
            await second.orders.place(ticket(reference(2)))
            await second.session.broker_time()
            assert tws.placed_ids()[1] > used
            assert tws.placed_ids()[1] == storage.order_ids[7] - BLOCK_IDS + 1
            await second.session.disconnect()
            await first.session.disconnect()

    in_virtual_time(trade)


def test_an_id_is_reserved_before_it_leaves() -> None:
    """The whole block is on disk when the first message that uses it is sent, and no sooner."""

    async def trade() -> None:
        async with VirtualTws() as tws:
            storage = MemoryStorage()
            adapter, _heard = await connected(tws, order_ids=MemoryJournal(storage))
            assert storage.order_ids == {}
            marks: list[int] = []

            def seen(fields: list[str]) -> list[tuple[object, ...]]:
                marks.append(storage.order_ids[7] - int(fields[1]))
                return []

            tws.answers["3"] = seen
            for number in range(30):
                await adapter.orders.place(ticket(reference(number)))
            await adapter.session.broker_time()
            assert marks == list(range(BLOCK_IDS - 1, BLOCK_IDS - 31, -1))
            await adapter.session.disconnect()

    in_virtual_time(trade)


def test_reads_use_the_block_up_and_a_new_one_is_reserved() -> None:
    """Reads take ids of the same sequence; an order never leaves above the mark."""

    async def trade() -> None:
        async with VirtualTws() as tws:
            tws.answers["81"] = lambda fields: [(79, fields[1], 0)]
            storage = MemoryStorage()
            adapter, _heard = await connected(tws, order_ids=MemoryJournal(storage))
            await adapter.orders.place(ticket(reference(1)))
            reading = [adapter.contracts.find("AAPL") for _ in range(BLOCK_IDS + 10)]
            await asyncio.gather(*reading)
            await adapter.orders.place(ticket(reference(2)))
            await adapter.session.broker_time()
            first, second = tws.placed_ids()
            assert second > first + BLOCK_IDS
            assert storage.order_ids[7] == second + BLOCK_IDS - 1
            await adapter.session.disconnect()

    in_virtual_time(trade)


class FullDisk(MemoryJournal):
    """A journal whose reservations can be made slow, or to fail."""

    def __init__(self) -> None:
        super().__init__()
        self.is_full = True
        self.delay_seconds = 0.0

    async def reserve_order_id(self, client_id: int, order_id: int) -> None:
        """Fail while the disk is full."""
        await asyncio.sleep(self.delay_seconds)
        if self.is_full:
            raise JournalUnavailable("the disk is full")
        await super().reserve_order_id(client_id, order_id)


def test_without_a_reservation_nothing_is_sent() -> None:
    """The error says that nothing happened, and the same order can be placed once there is room."""

    async def trade() -> None:
        async with VirtualTws() as tws:
            journal = FullDisk()
            adapter, _heard = await connected(tws, order_ids=journal)
            with pytest.raises(JournalUnavailable):
                await adapter.orders.place(ticket())
            await adapter.session.broker_time()
            assert tws.placed_ids() == []
            journal.is_full = False
            await adapter.orders.place(ticket())
            await adapter.session.broker_time()
            assert len(tws.placed_ids()) == 1
            await adapter.session.disconnect()

    in_virtual_time(trade)


def test_an_id_that_was_overtaken_while_it_was_reserved_is_not_used() -> None:
    """An order of another client with a higher id shows up while the disk is busy."""

    async def trade() -> None:
        async with VirtualTws() as tws:
            journal = FullDisk()
            journal.is_full, journal.delay_seconds = False, 1.0
            adapter, _heard = await connected(tws, order_ids=journal)
            placing = asyncio.ensure_future(adapter.orders.place(ticket()))
            await asyncio.sleep(0.5)
            tws.says_working(50_000)
            await placing
            await adapter.session.broker_time()
            assert tws.placed_ids() == [50_001]
            assert await journal.reserved_order_id(7) >= 50_001
            await adapter.session.disconnect()

    in_virtual_time(trade)


def test_a_line_that_ends_while_an_id_is_reserved_sends_nothing() -> None:
    """It is not connected any more, and the order can be placed in the next session."""

    async def trade() -> None:
        async with VirtualTws() as tws:
            journal = FullDisk()
            journal.is_full, journal.delay_seconds = False, 1.0
            adapter, heard = await connected(tws, order_ids=journal)
            placing = asyncio.ensure_future(adapter.orders.place(ticket()))
            await asyncio.sleep(0.5)
            tws.hang_up()
            with pytest.raises(NotConnected):
                await placing
            await until(lambda: heard.of(ConnectionLost))
            await adapter.session.connect(heard.append)
            await adapter.orders.place(ticket())
            await adapter.session.broker_time()
            assert len(tws.placed_ids()) == 1
            await adapter.session.disconnect()

    in_virtual_time(trade)


def test_one_order_asked_for_twice_at_once_leaves_once() -> None:
    """What was checked before the reservation is checked again after it."""

    async def trade() -> None:
        async with VirtualTws() as tws:
            journal = FullDisk()
            journal.is_full, journal.delay_seconds = False, 1.0
            adapter, _heard = await connected(tws, order_ids=journal)
            placing = [adapter.orders.place(ticket()) for _ in range(3)]
            outcomes = await asyncio.gather(*placing, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [
                type(None),
                InvalidOrder,
                InvalidOrder,
            ]
            await adapter.session.broker_time()
            assert len(tws.placed_ids()) == 1
            await adapter.session.disconnect()

    in_virtual_time(trade)


def test_ids_of_orders_and_what_ifs_only_rise() -> None:
    """They share one sequence, also across a session that was lost, and leave in its order."""

    async def trade() -> None:
        async with VirtualTws() as tws:
            tws.answers["62"] = summary

            def answer(fields: list[str]) -> list[tuple[object, ...]]:
                is_what_if = not any(field.startswith("gen.") for field in fields)
                return [(4, 2, fields[1], 201, "no margin", "")] if is_what_if else []

            tws.answers["3"] = answer
            adapter, heard = await connected(tws)
            for session in range(2):
                work = []
                for number in range(20):
                    work.append(adapter.orders.place(ticket(reference(100 * session + number))))
                    work.append(adapter.orders.margin_impact(ticket()))  # type: ignore[arg-type]
                outcomes = await asyncio.gather(*work, return_exceptions=True)
                assert {type(outcome) for outcome in outcomes} == {type(None), RequestRefused}
                tws.hang_up()
                await until(lambda: heard.of(ConnectionLost))
                heard.clear()
                await adapter.session.connect(heard.append)
            ids = tws.placed_ids()
            assert len(ids) == 80
            assert ids == sorted(set(ids))
            await adapter.session.disconnect()

    in_virtual_time(trade)


def test_the_journal_of_a_broker_keeps_the_mark() -> None:
    """The container gives the adapter the journal that outlives the process."""

    async def trade() -> None:
        async with VirtualTws() as tws:
            accounts = (AccountSettings("gen", Role.GEN, str(ACCOUNT)),)
            journal = JournalSettings(url="memory:")
            settings = Settings("tws", accounts, tws=tws.settings(), journal=journal)
            container = Container(settings=settings)
            adapter = container.adapter()
            await adapter.session.connect(lambda _event: None)
            await adapter.orders.place(ticket())
            await adapter.session.broker_time()
            (used,) = tws.placed_ids()
            assert await container.journal().reserved_order_id(7) == used + BLOCK_IDS - 1
            await adapter.session.disconnect()

    in_virtual_time(trade)
