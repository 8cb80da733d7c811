"""Requests that pacing holds back: timed from when they leave, and never sent on a dead line."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from brokerport.adapters.tws import pacing
from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.domain.errors import NotConnected, UnknownContract
from brokerport.domain.instruments import Stock
from tests.unit.tws.fake_tws import FakeTws
from tests.unit.tws.test_session import ACCOUNT, Heard, with_fake_tws


@pytest.fixture(autouse=True)
def a_slow_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message every 50 ms."""
    monkeypatch.setattr(pacing, "MESSAGES_PER_SECOND_MAX", 1)
    monkeypatch.setattr(pacing, "WINDOW_SECONDS", 0.05)


def test_a_read_that_waits_its_turn_does_not_time_out() -> None:
    """Thirty reads take three time-outs to leave, and every one is answered."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        times = await asyncio.gather(*(adapter.session.broker_time() for _ in range(30)))
        assert times == [datetime(2026, 1, 5, 14, 30, tzinfo=UTC)] * 30
        found = await asyncio.gather(*(adapter.contracts.find("AAPL") for _ in range(30)))
        assert found == [()] * 30

    tws = FakeTws({"81": lambda fields: [(79, fields[1], 0)]})
    with_fake_tws(tws, use, timeout_seconds=0.5)


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


def test_many_callers_share_a_contract_lookup() -> None:
    """Fifty orders for a new stock at once cost two lookups, not fifty, and share the error."""

    async def use(adapter: TwsAdapter, _heard: Heard) -> None:
        lookups = [adapter.contracts.details(Stock("NOPE")) for _ in range(50)]
        answers = await asyncio.gather(*lookups, return_exceptions=True)
        assert [type(answer) for answer in answers] == [UnknownContract] * 50
        assert len(tws.sent("9")) == 2

    tws = FakeTws({"9": lambda fields: [(4, 2, fields[2], 200, "No security definition", "")]})
    with_fake_tws(tws, use)
