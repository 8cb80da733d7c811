"""Doubt ends by proof: what the broker shows is believed; absence only when all three say so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from brokerport.adapters.journal.memory import MemoryJournal, MemoryStorage
from brokerport.domain.errors import OrderInDoubt, OrderRejected, RequestTimedOut, Unsupported
from brokerport.domain.events import ContradictionFound, ExecutionReceived, OrderChanged
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit
from brokerport.domain.orders import Order
from brokerport.domain.reconciliation import StaleOrder
from brokerport.domain.reports import Cancelled
from brokerport.ports.adapter import Capability
from brokerport.ports.orders import BookedExecution, BrokerOrder, BrokerOrderStatus
from brokerport.ports.session import BrokerReachable, BrokerUnreachable
from tests.support.examples import GEN, execution, request
from tests.support.fake_adapter import (
    FakeAdapter,
    Later,
    Say,
    acknowledged,
    filled,
    lost,
    rejected,
    warned,
)
from tests.support.trading_desk import PROOF_SECONDS, TradingDesk, run

S = OrderStatus
B = BrokerOrderStatus


def shown(
    order: Order,
    status: BrokerOrderStatus = B.WORKING,
    filled_quantity: int = 0,
    terms: tuple[Decimal, Limit] | None = None,
) -> BrokerOrder:
    """Return the broker's record of an order."""
    quantity, order_type = terms or (order.quantity, order.order_type)
    return BrokerOrder(
        broker_order_id="17",
        perm_id=4711,
        order_reference=str(order.client_order_id),
        broker_account=GEN,
        instrument=order.instrument,
        side=order.side,
        quantity=quantity,
        order_type=order_type,
        time_in_force=order.request.time_in_force,
        status=status,
        filled_quantity=Decimal(filled_quantity),
    )


async def doubted(desk: TradingDesk) -> Order:
    """Place an order whose answer never comes."""
    await desk.open()
    with pytest.raises(OrderInDoubt):
        await desk.broker.place(request())
    desk.events.drain()
    return desk.only_order()


def test_an_order_that_all_three_records_lack_was_not_placed() -> None:
    """The broker answered all of them, in order, after the request: it never had it."""

    async def trading() -> None:
        desk = TradingDesk()
        order = await doubted(desk)
        assert desk.doubted == ["gen"]
        await desk.synchroniser.look_at("gen")
        assert desk.only_order().status is S.NOT_PLACED
        assert desk.statuses() == [S.NOT_PLACED]
        assert order.status is S.IN_DOUBT

    run(trading())


@pytest.mark.parametrize("where", ["open", "completed", "executions"])
def test_an_order_that_one_record_has_is_there(where: str) -> None:
    """It is brought to where the broker has it, and its fills are told."""

    async def trading() -> None:
        desk = TradingDesk()
        order = await doubted(desk)
        if where == "open":
            desk.orders.open_records.append(shown(order))
        if where == "completed":
            desk.orders.completed_records.append(shown(order, B.CANCELLED))
        if where == "executions":
            fill = execution(4, order_reference=str(order.client_order_id))
            desk.orders.booked.append(BookedExecution(fill, None))
        await desk.synchroniser.look_at("gen")
        expected = {"open": S.WORKING, "completed": S.CANCELLED, "executions": S.WORKING}[where]
        assert desk.only_order().status is expected

    run(trading())


def test_a_failed_read_proves_nothing() -> None:
    """The order stays in doubt."""

    async def trading() -> None:
        desk = TradingDesk()
        await doubted(desk)
        desk.orders.read_error = RequestTimedOut("no answer")
        with pytest.raises(RequestTimedOut):
            await desk.synchroniser.look_at("gen")
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


def test_a_record_that_is_not_whole_proves_nothing() -> None:
    """An adapter without completed orders cannot say that an order never was."""

    async def trading() -> None:
        adapter = FakeAdapter()
        adapter.capabilities -= {Capability.COMPLETED_ORDERS}
        desk = TradingDesk(adapter)
        await doubted(desk)
        await desk.synchroniser.look_at("gen")
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


def test_a_request_that_can_outlive_its_session_is_waited_for() -> None:
    """Absent at first, it may still arrive; absent after the time allowed, it never will."""

    async def trading() -> None:
        adapter = FakeAdapter()
        adapter.capabilities -= {Capability.ORDERED_REQUESTS}
        desk = TradingDesk(adapter)
        await doubted(desk)
        await desk.synchroniser.look_at("gen")
        assert desk.only_order().status is S.IN_DOUBT
        await asyncio.sleep(PROOF_SECONDS - 1)
        await desk.synchroniser.look_at("gen")
        assert desk.only_order().status is S.IN_DOUBT
        await asyncio.sleep(1)
        await desk.synchroniser.look_at("gen")
        assert desk.only_order().status is S.NOT_PLACED

    run(trading())


def test_asking_to_cancel_an_order_in_doubt_does_not_begin_its_doubt_anew() -> None:
    """A cancel cannot place it: its absence is proved as soon as without."""

    async def trading() -> None:
        adapter = FakeAdapter()
        adapter.capabilities -= {Capability.ORDERED_REQUESTS}
        desk = TradingDesk(adapter)
        order = await doubted(desk)
        await desk.synchroniser.look_at("gen")
        await asyncio.sleep(PROOF_SECONDS - 15)
        with pytest.raises(OrderInDoubt):
            await desk.broker.cancel("gen", order.client_order_id)
        await asyncio.sleep(5)
        await desk.synchroniser.look_at("gen")
        assert desk.only_order().status is S.NOT_PLACED

    run(trading())


def test_the_watch_asks_until_doubt_has_ended() -> None:
    """The first looks fail; nobody has to ask for the one that proves it."""

    async def trading() -> None:
        desk = TradingDesk()
        order = await doubted(desk)
        desk.orders.read_error = RequestTimedOut("no answer")
        desk.doubt.wake("gen")
        await asyncio.sleep(10)
        assert desk.only_order().status is S.IN_DOUBT
        desk.orders.read_error = None
        desk.orders.open_records.append(shown(order))
        await asyncio.sleep(20)
        assert desk.only_order().status is S.WORKING
        reads = len(desk.orders.reads)
        await asyncio.sleep(1000)
        assert len(desk.orders.reads) == reads
        await desk.doubt.stop()

    run(trading())


NEW_TERMS = (Decimal(20), Limit("191.00"))


@pytest.mark.parametrize(
    ("terms", "after"),
    [(NEW_TERMS, NEW_TERMS), ((Decimal(10), Limit("190.00")), (Decimal(10), Limit("190.00")))],
    ids=["taken", "not taken"],
)
def test_a_change_in_doubt_ends_on_the_terms_that_the_broker_works(
    terms: tuple[Decimal, Limit], after: tuple[Decimal, Limit]
) -> None:
    """Old or new, the broker's record says which."""

    async def trading() -> None:
        desk = TradingDesk()
        desk.orders.script("place", Say(acknowledged()))
        await desk.open()
        order = await desk.broker.place(request())
        key = order.client_order_id
        with pytest.raises(OrderInDoubt):
            await desk.broker.replace("gen", key, quantity=NEW_TERMS[0], order_type=NEW_TERMS[1])
        desk.orders.open_records.append(shown(order, terms=terms))
        await desk.synchroniser.look_at("gen")
        now = desk.only_order()
        assert (now.status, now.proposed) == (S.WORKING, None)
        assert (now.quantity, now.order_type) == after

    run(trading())


def test_an_order_whose_request_is_under_way_is_left_alone() -> None:
    """A look for another order must not answer a change that waits for its own answer."""

    async def trading() -> None:
        desk = TradingDesk()
        desk.orders.script("place", Say(acknowledged()))
        await desk.open()
        order = await desk.broker.place(request())
        change = asyncio.create_task(
            desk.broker.replace("gen", order.client_order_id, quantity=Decimal(20))
        )
        await asyncio.sleep(1)
        desk.orders.open_records.append(shown(order))
        await desk.synchroniser.look_at("gen")
        assert desk.only_order().status is S.PENDING_REPLACE
        with pytest.raises(OrderInDoubt):
            await change

    run(trading())


def test_an_order_the_broker_showed_once_is_not_proved_absent() -> None:
    """It ended unheard; how, its record cannot say, so reconciliation must."""

    async def trading() -> None:
        desk = TradingDesk()
        desk.orders.script("place", Say(acknowledged()))
        await desk.open()
        order = await desk.broker.place(request())
        stale = await desk.synchroniser.look_at("gen")
        assert stale == (StaleOrder("gen", str(order.client_order_id), "working", Decimal(0)),)
        assert desk.only_order().status is S.WORKING

    run(trading())


def test_an_order_called_cancelled_that_the_broker_works_is_shown() -> None:
    """Money may move on it: it is a contradiction, not news to be dropped."""

    async def trading() -> None:
        desk = TradingDesk()
        desk.orders.script("place", Say(acknowledged()))
        await desk.open()
        order = await desk.broker.place(request())
        desk.book.enter(order.with_cancel_requested())
        desk.book.apply(Cancelled(str(order.client_order_id)))
        desk.events.drain()
        desk.orders.open_records.append(shown(order))
        await desk.synchroniser.look_at("gen")
        (found,) = desk.contradictions()
        assert "works an order that was told to be cancelled" in found

    run(trading())


def kinds_of(events: Iterable[object]) -> list[type]:
    """Return what was told, by kind."""
    return [type(event) for event in events]


def test_a_crash_leaves_the_book_as_it_was_and_unanswered_requests_in_doubt() -> None:
    """A second process with the same journal begins where the first one stopped."""
    disk = MemoryStorage()
    kept: dict[str, Order] = {}
    left: list[str] = []

    async def first_life() -> None:
        storage = MemoryStorage()
        desk = TradingDesk(journal=MemoryJournal(storage))
        desk.orders.script("place", Say(acknowledged()), Say(filled(4)))
        await desk.open()
        kept["partly"] = await desk.broker.place(request())
        unanswered = asyncio.create_task(desk.broker.place(request()))
        await asyncio.sleep(1)
        left.extend(str(order.client_order_id) for order in desk.book.open_orders())
        # The process dies here: this is what is on the disk, and nothing is closed in order.
        disk.entries = {account: list(entries) for account, entries in storage.entries.items()}
        unanswered.cancel()

    async def second_life() -> None:
        desk = TradingDesk(journal=MemoryJournal(disk))
        partly = kept["partly"]
        key = str(partly.client_order_id)
        fills = [
            execution(4, order_reference=key),
            execution(2, "189.00", "e2", order_reference=key),
        ]
        desk.orders.booked += [BookedExecution(fill, None) for fill in fills]
        desk.orders.open_records.append(shown(partly, filled_quantity=6))
        await desk.start()
        found = {str(order.client_order_id): order for order in desk.book.open_orders()}
        assert found[key].filled_quantity == 6
        told = desk.events.drain()
        executions = [e.execution.execution_id for e in told if isinstance(e, ExecutionReceived)]
        assert executions == ["e2"], "the one it missed, and not the one it had told of"
        (unanswered,) = (client_order_id for client_order_id in left if client_order_id != key)
        order = desk.book.find(unanswered)
        assert order is not None
        assert order.status is S.NOT_PLACED
        changes = [e.order.status for e in told if isinstance(e, OrderChanged)]
        assert S.IN_DOUBT in changes
        assert ContradictionFound not in kinds_of(told)

    with asyncio.Runner() as runner:
        runner.run(first_life())
    run(second_life())


def test_a_lost_line_leaves_its_orders_to_the_next_session() -> None:
    """What was asked on it is in doubt, and proved by the next one's first look."""

    async def trading() -> None:
        desk = TradingDesk()
        desk.orders.script("place", Later(lost()))
        await desk.open()
        with pytest.raises(OrderInDoubt):
            await desk.broker.place(request())
        await desk.supervisor.start()
        assert desk.only_order().status is S.NOT_PLACED

    run(trading())


@pytest.mark.parametrize(("filled_quantity", "quantity"), [(4, 4), (0, 0)])
def test_a_record_that_leaves_out_what_was_ordered_changes_no_terms(
    filled_quantity: int, quantity: int
) -> None:
    """TWS says of a cancelled order what it filled, not what it was for: it is not FILLED."""

    async def trading() -> None:
        desk = TradingDesk()
        steps = [Say(acknowledged()), *([Say(filled(4))] if filled_quantity else [])]
        desk.orders.script("place", *steps)
        await desk.open()
        order = await desk.broker.place(request())
        entry = evolve(shown(order, B.CANCELLED, filled_quantity), quantity=Decimal(quantity))
        desk.orders.completed_records.append(entry)
        await desk.synchroniser.look_at("gen")
        now = desk.only_order()
        assert (now.status, now.quantity) == (S.CANCELLED, 10)
        assert desk.contradictions() == []

    run(trading())


def test_a_refused_order_that_the_record_calls_cancelled_stays_refused() -> None:
    """It never worked, and must not be told as working for a moment."""

    async def trading() -> None:
        desk = TradingDesk()
        desk.orders.script("place", Say(rejected()))
        await desk.open()
        with pytest.raises(OrderRejected):
            await desk.broker.place(request())
        order = desk.only_order()
        desk.events.drain()
        desk.orders.completed_records.append(shown(order, B.CANCELLED))
        await desk.synchroniser.look_at("gen")
        assert desk.statuses() == []
        assert desk.only_order() == order

    run(trading())


def test_an_order_heard_of_during_the_reads_is_read_again() -> None:
    """Acknowledged after open orders were read, it is neither stale nor absent."""

    async def trading() -> None:
        desk = TradingDesk()
        order = await doubted(desk)

        def acknowledge_late(name: str) -> None:
            if name == "executions" and not desk.orders.open_records:
                desk.adapter.tell(str(order.client_order_id), acknowledged())
                desk.orders.open_records.append(shown(order))

        desk.orders.after_reading = acknowledge_late
        assert await desk.synchroniser.look_at("gen") == ()
        assert desk.only_order().status is S.WORKING

    run(trading())


def test_each_doubt_of_an_order_waits_its_own_time() -> None:
    """The doubt about its placing ended long ago; the one about new terms has just begun."""

    async def trading() -> None:
        adapter = FakeAdapter()
        adapter.capabilities -= {Capability.ORDERED_REQUESTS}
        desk = TradingDesk(adapter)
        order = await doubted(desk)
        desk.orders.open_records.append(shown(order))
        await desk.synchroniser.look_at("gen")
        await asyncio.sleep(10 * PROOF_SECONDS)
        for quantity in (20, 20):
            with pytest.raises(OrderInDoubt):
                await desk.broker.replace("gen", order.client_order_id, quantity=Decimal(quantity))
            await desk.synchroniser.look_at("gen")
            assert desk.only_order().status is S.IN_DOUBT
            await asyncio.sleep(PROOF_SECONDS)
            await desk.synchroniser.look_at("gen")
            assert desk.only_order().status is S.WORKING

    run(trading())


def test_nothing_is_proved_while_the_broker_is_out_of_reach() -> None:
    """The gateway answers from memory then: absence in it is no proof, nor are old terms."""

    async def trading() -> None:
        desk = TradingDesk()
        desk.orders.script("place", Say(acknowledged()))
        await desk.open()
        known = await desk.broker.place(request())
        with pytest.raises(OrderInDoubt):
            await desk.broker.replace("gen", known.client_order_id, quantity=Decimal(20))
        desk.orders.open_records.append(shown(known))
        with pytest.raises(OrderInDoubt):
            await desk.broker.place(request())
        desk.adapter.session.tell(BrokerUnreachable("1100"))
        await desk.synchroniser.look_at("gen")
        assert [order.status for order in desk.book.orders()] == [S.IN_DOUBT, S.IN_DOUBT]
        desk.adapter.session.tell(BrokerReachable("1102"))
        await asyncio.sleep(1)
        assert [order.status for order in desk.book.orders()] == [S.WORKING, S.NOT_PLACED]

    run(trading())


def test_reach_lost_during_the_reads_proves_nothing() -> None:
    """Found again before they end, it leaves them as they are: of before, or from memory."""

    async def trading() -> None:
        desk = TradingDesk()
        await doubted(desk)

        def lose_reach(name: str) -> None:
            if name == "completed orders":
                desk.synchroniser.hear_reach(False)
                desk.synchroniser.hear_reach(True)

        desk.orders.after_reading = lose_reach
        await desk.synchroniser.look_at("gen")
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


def test_reads_across_midnight_prove_nothing() -> None:
    """The executions are those since midnight: the day must be the same after the reads."""

    async def trading() -> None:
        desk = TradingDesk()
        await doubted(desk)

        def pass_midnight(name: str) -> None:
            if name == "completed orders":
                desk.adapter.session.now += timedelta(days=1)

        desk.orders.after_reading = pass_midnight
        await desk.synchroniser.look_at("gen")
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


def test_a_defect_does_not_end_the_watch() -> None:
    """It is told to the event loop's handler, and the order is looked for again."""

    async def trading() -> None:
        unexpected: list[object] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: unexpected.append(context["exception"])
        )
        desk = TradingDesk()
        await doubted(desk)
        desk.orders.read_error = ValueError("a bug")
        desk.doubt.wake("gen")
        await asyncio.sleep(10)
        assert desk.orders.read_error in unexpected
        desk.orders.read_error = None
        await asyncio.sleep(20)
        assert desk.only_order().status is S.NOT_PLACED
        await desk.doubt.stop()

    run(trading())


def test_executions_that_cannot_be_shown_prove_nothing() -> None:
    """The order may have filled among them."""

    async def trading() -> None:
        desk = TradingDesk()
        await doubted(desk)
        desk.orders.executions_error = Unsupported("a fill in a future")
        await desk.synchroniser.look_at("gen")
        assert desk.only_order().status is S.IN_DOUBT

    run(trading())


def test_an_order_that_is_in_the_executions_alone_is_not_gone() -> None:
    """Its fill is proof enough that the broker has it."""

    async def trading() -> None:
        desk = TradingDesk()
        order = await doubted(desk)
        fill = execution(4, order_reference=str(order.client_order_id))
        desk.orders.booked.append(BookedExecution(fill, None))
        assert await desk.synchroniser.look_at("gen") == ()

    run(trading())


def test_what_is_on_its_way_is_heard_before_anything_is_read() -> None:
    """The barrier comes first: what the broker has said must not be taken for absent."""

    async def trading() -> None:
        desk = TradingDesk()
        order = await doubted(desk)
        desk.orders.reads.clear()
        broker_time = desk.adapter.session.broker_time

        async def barrier() -> datetime:
            if not desk.orders.reads:
                desk.adapter.tell(str(order.client_order_id), rejected())
            return await broker_time()

        desk.adapter.session.broker_time = barrier  # type: ignore[method-assign]
        await desk.synchroniser.look_at("gen")
        assert desk.only_order().status is S.REJECTED

    run(trading())


def test_one_watch_looks_for_an_account_and_a_new_doubt_wakes_it_again() -> None:
    """Told of three doubts at once it asks once; after the last has ended it can be woken anew."""

    async def trading() -> None:
        desk = TradingDesk()
        looks: list[float] = []
        loop = asyncio.get_running_loop()
        desk.orders.after_reading = lambda name: (
            looks.append(loop.time()) if name == "executions" else None
        )
        await doubted(desk)
        looks.clear()
        for _doubt in range(3):
            desk.doubt.wake("gen")
        await asyncio.sleep(10)
        assert len(looks) == 1
        with pytest.raises(OrderInDoubt):
            await desk.broker.place(request())
        desk.doubt.wake("gen")
        await asyncio.sleep(10)
        assert len(looks) == 2
        assert [order.status for order in desk.book.orders()] == [S.NOT_PLACED, S.NOT_PLACED]
        await desk.doubt.stop()

    run(trading())


def test_an_order_heard_of_in_every_look_is_not_concluded_upon() -> None:
    """Each read may be older than the news: the next look will tell."""

    async def trading() -> None:
        desk = TradingDesk()
        desk.orders.script("place", Say(acknowledged()))
        await desk.open()
        order = await desk.broker.place(request())
        key = str(order.client_order_id)

        def warn_again(name: str) -> None:
            if name == "executions":
                desk.adapter.tell(key, warned(f"news {len(desk.orders.reads)}"))

        desk.orders.after_reading = warn_again
        assert await desk.synchroniser.look_at("gen") == ()
        desk.orders.after_reading = lambda _name: None
        assert len(await desk.synchroniser.look_at("gen")) == 1

    run(trading())


def test_a_fill_while_a_new_program_was_down_is_news_to_its_second_life() -> None:
    """Its books began with the first look, even if nothing else was ever written down."""
    disk = MemoryStorage()

    async def first_life() -> None:
        desk = TradingDesk(journal=MemoryJournal(disk))
        desk.orders.booked.append(BookedExecution(execution(1, execution_id="old"), None))
        await desk.start()
        assert desk.told(ExecutionReceived) == []
        disk.writers.clear()

    async def second_life() -> None:
        desk = TradingDesk(journal=MemoryJournal(disk))
        fills = [execution(1, execution_id=name, order_reference=None) for name in ("old", "new")]
        desk.orders.booked += [BookedExecution(fill, None) for fill in fills]
        await desk.start()
        told = [event.execution.execution_id for event in desk.told(ExecutionReceived)]
        assert told == ["new"]

    run(first_life())
    run(second_life())
