"""Requests that pacing holds back: timed from when they leave, and never sent on a dead line."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from brokerport.adapters.tws import allowance
from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.domain.errors import NotConnected, UnknownContract
from brokerport.domain.instruments import Stock
from brokerport.domain.order_types import Limit
from brokerport.ports.session import ConnectionLost
from tests.unit.tws.fake_tws import FakeTws
from tests.unit.tws.sample_orders import OURS, ticket
from tests.unit.tws.test_session import ACCOUNT, Heard, until, with_fake_tws
from tests.unit.tws.virtual_tws import VirtualTws, connected, in_virtual_time


@pytest.fixture
def a_slow_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message every 50 ms."""
    monkeypatch.setattr(allowance, "MESSAGES_PER_SECOND_MAX", 1)
    monkeypatch.setattr(allowance, "WINDOW_SECONDS", 0.05)


@pytest.mark.usefixtures("a_slow_line")
def test_a_read_that_waits_its_turn_does_not_time_out() -> None:
    """Thirty reads take three time-outs to leave, and every one is answered."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        times = await asyncio.gather(*(adapter.session.broker_time() for _ in range(30)))
        assert times == [datetime(2026, 1, 5, 14, 30, tzinfo=UTC)] * 30
        found = await asyncio.gather(*(adapter.contracts.find("AAPL") for _ in range(30)))
        assert found == [()] * 30

    tws = FakeTws({"81": lambda fields: [(79, fields[1], 0)]})
    with_fake_tws(tws, use, timeout_seconds=0.5)


@pytest.mark.usefixtures("a_slow_line")
def test_a_read_that_is_held_back_ends_with_the_line() -> None:
    """It is told of the loss at once."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        reads = [
            *(adapter.contracts.find("AAPL") for _ in range(50)),
            adapter.orders.open_orders(ACCOUNT),
            adapter.session.broker_time(),
        ]
        asking = asyncio.ensure_future(asyncio.gather(*reads, return_exceptions=True))
        await asyncio.sleep(0)
        tws.hang_up()
        assert [type(answer) for answer in await asking] == [NotConnected] * len(reads)

    tws = FakeTws()
    with_fake_tws(tws, use)


@pytest.mark.usefixtures("a_slow_line")
def test_many_callers_share_a_contract_lookup() -> None:
    """Fifty orders for a new stock at once cost two lookups, not fifty, and share the error."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        lookups = [adapter.contracts.details(Stock("NOPE")) for _ in range(50)]
        answers = await asyncio.gather(*lookups, return_exceptions=True)
        assert [type(answer) for answer in answers] == [UnknownContract] * 50
        assert len(tws.sent("9")) == 2

    tws = FakeTws({"9": lambda fields: [(4, 2, fields[2], 200, "No security definition", "")]})
    with_fake_tws(tws, use)


def test_what_left_before_a_loss_counts_in_the_next_session() -> None:
    """A second socket is no second allowance: it is opened when there is a place again."""

    async def read_twice() -> None:
        async with VirtualTws() as tws:
            tws.answers["81"] = lambda fields: [(79, fields[1], 0)]
            adapter, heard = await connected(tws)
            began = asyncio.get_running_loop().time()
            few = allowance.places(allowance.Lane.READ) - len(tws.received)
            await asyncio.gather(*(adapter.contracts.find("AAPL") for _ in range(few)))
            assert asyncio.get_running_loop().time() == began
            tws.hang_up()
            await until(lambda: heard.of(ConnectionLost))
            await adapter.session.connect(heard.append)
            assert asyncio.get_running_loop().time() >= began + allowance.WINDOW_SECONDS
            await adapter.session.disconnect()

    in_virtual_time(read_twice)


def test_an_order_that_left_as_the_line_broke_is_not_called_unsent() -> None:
    """Its bytes were out when the socket failed: it may be working, and only proof may say no."""

    async def trade() -> None:
        async with VirtualTws() as tws:
            adapter, heard = await connected(tws)
            socket: Any = adapter.session.line.client.conn
            send = socket.sendMsg

            def send_and_break(message: bytes) -> None:
                send(message)
                if message[4:].startswith(b"3\0"):
                    socket.transport.abort()

            socket.sendMsg = send_and_break
            await adapter.orders.place(ticket())
            await until(lambda: heard.of(ConnectionLost))
            await adapter.session.disconnect()

    in_virtual_time(trade)


@pytest.mark.parametrize("action", ["replace", "cancel"])
def test_a_change_that_never_left_leaves_no_trace(action: str) -> None:
    """A code of the next session must not be read as the answer to it."""

    async def trade() -> None:
        async with VirtualTws() as tws:
            adapter, heard = await connected(tws)
            await adapter.orders.place(ticket())
            line = adapter.session.line
            line.hold_back()
            orders = adapter.orders
            change = asyncio.create_task(
                orders.cancel(OURS)
                if action == "cancel"
                else orders.replace(OURS, Decimal(50), Limit("251.00"))
            )
            tracked = adapter.session.book.find(OURS)
            assert tracked is not None
            await until(lambda: tracked.proposed or tracked.cancels_pending)
            tws.hang_up()
            with pytest.raises(NotConnected, match="before the request left"):
                await change
            assert (tracked.proposed, tracked.cancels_pending) == (None, 0)
            await until(lambda: heard.of(ConnectionLost))
            await adapter.session.disconnect()

    in_virtual_time(trade)
