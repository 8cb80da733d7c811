"""A client that does not read: it is dropped in the end, and stalls nobody before that."""

from __future__ import annotations

import asyncio

import pytest

from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from tests.client_portal.stream_desk import StreamDesk

LONG_TEXT = "x" * 100_000


def _tell(desk: StreamDesk, number: int) -> None:
    desk.portal.streams.notify(desk.login, {"id": str(number), "text": LONG_TEXT})


def _turn(desk: StreamDesk) -> None:
    async def turn() -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    desk.run(turn())


def test_a_client_that_does_not_read_is_dropped_and_the_others_hear_everything() -> None:
    """Its messages pile up to the limit; the reading client's stream has no gap."""
    with StreamDesk(unread_messages_max=20) as desk:
        slow, quick = desk.connect(), desk.connect()
        quick.hear("sor+{}")
        slow.stop_reading()
        told = 0
        while desk.portal.streams.connection_count == 2 and told < 1_000:
            told += 1
            _tell(desk, told)
            desk.bid(1, "100.00")
            news, order = quick.hear()
            assert news["args"][0]["id"] == str(told)
            assert order["topic"] == "sor"
        assert desk.portal.streams.connection_count == 1
        _tell(desk, told + 1)
        assert quick.only()["args"][0]["id"] == str(told + 1)


def test_the_gateway_closes_although_a_client_does_not_read() -> None:
    """What can never be written does not hold the gateway up."""
    with StreamDesk(close_grace_seconds=0.05) as desk:
        slow = desk.connect()
        slow.stop_reading()
        for number in range(500):
            _tell(desk, number)
            _turn(desk)
        assert desk.portal.streams.connection_count == 1
        desk.run(desk.gateway.close())
        assert desk.gateway.connection_count == 0


def test_a_subscriber_over_its_limit_forgets_what_it_cannot_deliver() -> None:
    """Exactly the limit may wait; one more drops the connection and frees what waited."""
    subscriber = Subscriber(unread_messages_max=2)
    subscriber.send({"topic": "one"})
    subscriber.send({"topic": "two"})
    assert not subscriber.dropped.is_set()
    subscriber.send({"topic": "three"})
    assert subscriber.dropped.is_set()
    subscriber.send({"topic": "four"})
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(subscriber.next_text(), 0.01))


def test_a_closed_subscriber_delivers_what_waits_and_takes_no_more() -> None:
    """Closing loses nothing that was sent before."""
    subscriber = Subscriber(unread_messages_max=2)
    subscriber.send({"topic": "one"})
    subscriber.close()
    subscriber.send({"topic": "two"})

    async def read() -> list[str | None]:
        return [await subscriber.next_text(), await subscriber.next_text()]

    assert asyncio.run(read()) == ['{"topic":"one"}', None]
