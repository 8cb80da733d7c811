"""The event bus: everyone hears everything from when they listen, in order, and then it ends."""

from __future__ import annotations

import asyncio

from brokerport.domain.events import BrokerEvent, BrokerNotice, OrderChanged
from brokerport.domain.orders import ClientOrderId, Order
from brokerport.services.event_bus import EventBus, EventStream
from tests.support.examples import KEY, request, submitted
from tests.support.trading_desk import run, turns


def notice(number: int) -> BrokerNotice:
    """Return an event that can be told from the others."""
    return BrokerNotice(number, "")


async def read_out(stream: EventStream) -> list[BrokerEvent]:
    """Read a stream to its end."""
    return [event async for event in stream]


def test_every_stream_gets_every_event_in_order() -> None:
    """Two listeners, the same thousand events, whoever reads when."""

    async def listening() -> None:
        bus = EventBus()
        one, other = bus.subscribe(), bus.subscribe()
        reading = asyncio.create_task(read_out(one))
        events = [notice(number) for number in range(1000)]
        for event in events:
            bus.publish(event)
            if event.code in {3, 500}:
                await turns()
        bus.close()
        assert await reading == events
        assert await read_out(other) == events

    run(listening())


def test_a_stream_hears_what_happens_from_its_beginning_to_its_end() -> None:
    """Nothing from before it was opened, nothing from after it was closed."""

    async def listening() -> None:
        bus = EventBus()
        bus.end_opening()
        bus.publish(notice(1))
        with bus.subscribe() as stream:
            bus.publish(notice(2))
        bus.publish(notice(3))
        assert await read_out(stream) == [notice(2)]

    run(listening())


def test_what_happened_during_the_opening_is_told_first() -> None:
    """Nobody could listen yet: the first to listen hears it; later it would be stale."""
    bus = EventBus()
    early = bus.subscribe()
    bus.publish(notice(1))
    bus.publish(notice(2))
    bus.end_opening()
    bus.publish(notice(3))
    first = bus.subscribe()
    late = bus.subscribe()
    bus.publish(notice(4))
    assert early.drain() == (notice(1), notice(2), notice(3), notice(4))
    assert first.drain() == (notice(1), notice(2), notice(4))
    assert late.drain() == (notice(4),)


def test_a_stream_of_one_order_hears_its_changes_alone() -> None:
    """Neither another order's changes, nor other news, nor those of the opening."""
    ours, bus = OrderChanged(submitted()), EventBus()
    unlike = ClientOrderId("gen", "01JD2V8Y3W0000000000000002")
    other = OrderChanged(Order.submitted(unlike, request()))
    bus.publish(ours)
    bus.end_opening()
    changes = bus.subscribe(KEY)
    everything = bus.subscribe()
    for event in (other, notice(1), ours, other):
        bus.publish(event)
    assert changes.drain() == (ours,)
    assert everything.drain() == (ours, other, notice(1), ours, other)
    changes.close()
    bus.publish(ours)
    assert changes.drain() == ()


def test_closing_wakes_those_who_wait() -> None:
    """Several tasks may wait on one stream; none is left behind."""

    async def listening() -> None:
        bus = EventBus()
        stream = bus.subscribe()
        waiting = [asyncio.create_task(read_out(stream)) for _ in range(3)]
        await turns()
        bus.publish(notice(1))
        await turns()
        bus.close()
        heard = await asyncio.gather(*waiting)
        assert sorted(map(len, heard)) == [0, 0, 1]

    run(listening())


def test_a_stream_of_a_closed_bus_has_ended() -> None:
    """Who listens too late waits for nothing."""

    async def listening() -> None:
        bus = EventBus()
        bus.close()
        assert await read_out(bus.subscribe()) == []

    run(listening())


def test_draining_takes_what_is_there_without_waiting() -> None:
    """Each event once, and an empty answer when there is none."""
    bus = EventBus()
    stream = bus.subscribe()
    bus.publish(notice(1))
    bus.publish(notice(2))
    assert stream.drain() == (notice(1), notice(2))
    assert stream.drain() == ()


def test_closing_twice_is_closing() -> None:
    """A stream and a bus may be closed again."""
    bus = EventBus()
    stream = bus.subscribe()
    for _time in range(2):
        stream.close()
        bus.close()
    bus.publish(notice(1))
    assert stream.drain() == ()
