"""Clients that misbehave: each costs only its own connection, and an honest one never notices."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Awaitable, Callable
from datetime import date

import pytest

from brokerport.simulator.gateways.tws import GatewaySettings
from brokerport.simulator.wire.tws.framing import encode_frame
from brokerport.simulator.wire.tws.messages.contracts import ReqContractDetails
from brokerport.simulator.wire.tws.messages.orders import ReqAllOpenOrders
from brokerport.simulator.wire.tws.messages.session import NextValidId, ReqIds, StartApi
from brokerport.simulator.wire.tws.messages.values import WireContract
from tests.simulation.trading_floor import AAPL
from tests.simulation.tws_door import Door, limit_order, place, play

_TODAY = date(2026, 1, 5)
HELLO = b"API\0" + encode_frame(b"v157..178")


async def with_a_witness(door: Door, misdeed: Callable[[Door], Awaitable[None]]) -> None:
    """Have a client misbehave beside an honest one, which must notice nothing."""
    witness = await door.client(99)
    await misdeed(door)
    await door.dropped(connections=1)
    assert await witness.ask(ReqIds()) == [NextValidId(door.gateway.settings.first_order_id)]


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"API\0" + struct.pack(">I", 0),
        b"API\0" + struct.pack(">I", 2**31) + b"v100..178",
        b"API\0" + encode_frame(b"version 178"),
        b"API\0" + encode_frame(b"v178..157"),
        HELLO + encode_frame(b"61\x001\0"),
        HELLO + encode_frame(b"71\x002\0not a number\0\0"),
        HELLO + encode_frame(b"\xff\xfe\0"),
    ],
    ids=[
        "a browser",
        "a TLS client",
        "no hello",
        "a huge hello",
        "no versions",
        "versions upside down",
        "a request before startApi",
        "startApi without a client id",
        "no text",
    ],
)
def test_garbage_is_hung_up_on(garbage: bytes) -> None:
    """What is no TWS session is closed at once."""

    async def misdeed(door: Door) -> None:
        client = await door.knock()
        client.writer.write(garbage)
        await client.until_closed()

    play(lambda door: with_a_witness(door, misdeed))


@pytest.mark.parametrize("length", [1_048_577, 2**31, 2**32 - 1])
def test_an_oversized_length_is_hung_up_on(length: int) -> None:
    """A started client that announces more than a megabyte is closed before it sends it."""

    async def misdeed(door: Door) -> None:
        client = await door.client(1)
        client.writer.write(struct.pack(">I", length) + b"61\0")
        assert await client.until_closed() == []

    play(lambda door: with_a_witness(door, misdeed))


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_never_break_the_gateway(seed: int) -> None:
    """Frames of random fields are refused or closed, and leave no fault behind."""
    draw = random.Random(seed)

    async def misdeed(door: Door) -> None:
        client = await door.client(1)
        for _ in range(50):
            fields = [str(draw.randrange(110))]
            fields += [
                draw.choice(["", "0", "1", "-1", "AAPL", "STK", "1e400", "2147483647", "\x7f"])
                for _ in range(draw.randrange(20))
            ]
            client.writer.write(encode_frame("".join(f"{field}\0" for field in fields).encode()))
        client.writer.write(encode_frame(draw.randbytes(30)))
        await client.until_closed()

    async def story(door: Door) -> None:
        witness = await door.client(99)
        await misdeed(door)
        await door.dropped(connections=1)
        await witness.ask(ReqAllOpenOrders())

    play(story)


def test_a_client_that_never_finishes_the_handshake_is_closed() -> None:
    """Silence, half a hello, or a version reply never followed by startApi: all run out of time."""

    async def story(door: Door) -> None:
        witness = await door.client(99)
        silent, halting, waiting = [await door.knock() for _ in range(3)]
        halting.writer.write(HELLO[:7])
        await waiting.shake_hands()
        for client in (silent, halting, waiting):
            assert await client.until_closed() == []
        # A started client has no deadline any more.
        assert await witness.ask(ReqIds()) == [NextValidId(101)]

    play(story, settings=GatewaySettings(handshake_timeout_seconds=0.05))


def test_a_client_that_does_not_read_is_dropped_at_the_bound() -> None:
    """Answers pile up to the bound, then the connection goes; the witness is served throughout."""
    bound = 400_000
    every_option = WireContract(symbol="AAPL", sec_type="OPT")

    async def misdeed(door: Door) -> None:
        client = await door.client(1)
        for request_id in range(40):
            client.send(ReqContractDetails(request_id, every_option))
        await door.dropped(connections=1)

    play(
        lambda door: with_a_witness(door, misdeed),
        settings=GatewaySettings(unread_bytes_max=bound),
    )


def test_a_slow_reader_below_the_bound_gets_everything() -> None:
    """A large answer that is read late arrives whole."""

    async def story(door: Door) -> None:
        client = await door.client(1)
        client.send(ReqContractDetails(1, WireContract(symbol="AAPL", sec_type="OPT")))
        witness = await door.client(99)
        await witness.ask(ReqIds())
        expected = len(tuple(door.world.listing.options(AAPL, _TODAY)))
        assert len(await client.ask()) == expected + 1

    play(story)


def test_a_request_in_single_bytes_is_put_together() -> None:
    """However the network cuts a message up, it is one message."""

    async def story(door: Door) -> None:
        client = await door.knock()
        for byte in HELLO:
            client.writer.write(bytes([byte]))
            await client.writer.drain()
            await asyncio.sleep(0)
        client.wire.send_handshake()
        await client.read()
        for byte in client.wire.send(StartApi(1)) + client.wire.send(ReqIds()):
            client.writer.write(bytes([byte]))
            await asyncio.sleep(0)
        assert NextValidId(101) in await client.ask()

    play(story)


def test_an_abrupt_close_leaves_the_client_s_orders_working() -> None:
    """An order outlives the connection that placed it, and its client finds it again."""

    async def story(door: Door) -> None:
        client = await door.client(1)
        await client.ask(place(101, limit_order("1.00", order_ref="mine")))
        client.writer.transport.abort()
        await door.dropped()
        [order] = door.brokerage.open_orders()
        assert order.order_reference == "mine"
        again = await door.client(1)
        [placed, *_] = await again.ask(place(101, limit_order("2.00", order_ref="mine")))
        assert placed.order.perm_id == order.perm_id
        assert placed.order.lmt_price == 2

    play(story)


def test_a_half_closed_socket_is_closed() -> None:
    """A client that ends its half has its earlier requests answered and is closed."""

    async def story(door: Door) -> None:
        client = await door.client(1)
        client.send(ReqIds())
        client.writer.write_eof()
        assert await client.until_closed() == [NextValidId(101)]

    play(story)


def test_a_fault_in_the_gateway_closes_the_connection_and_is_counted() -> None:
    """A bug is never answered with invention: the client sees a lost link, the log has the bug."""

    async def story(door: Door) -> None:
        client = await door.client(1)
        witness = await door.client(99)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(door.world.brokerage, "place", _break)
            client.send(place(101, limit_order("1.00")))
            assert await client.until_closed() == []
        assert await witness.ask(ReqIds()) == [NextValidId(102)]

    play(story, faults=1)


def _break(_ticket: object) -> None:
    raise ZeroDivisionError("planted")
