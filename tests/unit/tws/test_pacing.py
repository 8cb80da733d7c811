"""Pacing: no more than IBKR allows, and orders before anything else."""

from __future__ import annotations

import asyncio

import async_solipsism
from hypothesis import given
from hypothesis import strategies as st

from brokerport.adapters.tws.client import new_client
from brokerport.adapters.tws.pacing import MESSAGES_PER_SECOND_MAX, Pacing

READ, ORDER, CANCEL = "9\x008\0", "3\x00101\0", "4\x001\0"


def test_what_is_within_the_rate_leaves_at_once() -> None:
    """In the order in which it came."""
    pacing = Pacing()
    for message in (READ, "49\x001\0"):
        pacing.add(message)
    assert pacing.due(0.0) == [READ, "49\x001\0"]
    assert pacing.next_due_at is None


def test_a_cancel_does_not_wait_behind_reads() -> None:
    """Orders and cancels leave first, and keep their own order."""
    pacing = Pacing()
    for _ in range(2 * MESSAGES_PER_SECOND_MAX):
        pacing.add(READ)
    assert len(pacing.due(0.0)) == MESSAGES_PER_SECOND_MAX
    pacing.add(ORDER)
    pacing.add(CANCEL)
    assert pacing.due(0.5) == []
    assert pacing.next_due_at == 1.0
    assert pacing.due(1.0)[:3] == [ORDER, CANCEL, READ]


@given(st.lists(st.tuples(st.floats(0, 0.5), st.integers(0, 60)), max_size=30))
def test_no_second_is_ever_too_full(bursts: list[tuple[float, int]]) -> None:
    """Whatever comes when, nothing is lost and no second holds more than the most."""
    pacing, now, left_at, added = Pacing(), 0.0, [], 0
    for pause, count in bursts:
        now += pause
        for _ in range(count):
            pacing.add(READ)
        added += count
        left_at += [now] * len(pacing.due(now))
    while pacing.next_due_at is not None:
        now = pacing.next_due_at
        left_at += [now] * len(pacing.due(now))
    assert len(left_at) == added
    for first, later in zip(left_at, left_at[MESSAGES_PER_SECOND_MAX:], strict=False):
        assert later >= first + 1.0


class Wire:
    """A socket that notes when what was written to it."""

    def __init__(self, clock: async_solipsism.EventLoop) -> None:
        self.clock = clock
        self.written: list[tuple[float, bytes]] = []

    def sendMsg(self, message: bytes) -> None:
        """Take a message."""
        self.written.append((self.clock.time(), message))


def test_the_client_wakes_up_on_a_virtual_clock() -> None:
    """ib_async's own throttle never leaves the instant at which it wakes up."""
    loop = async_solipsism.EventLoop()

    async def send() -> list[tuple[float, bytes]]:
        client = new_client(object(), lambda _fields, _error: None)
        wire = Wire(loop)
        client.conn = wire  # type: ignore[assignment]
        for _ in range(100):
            client.sendMsg(READ)  # type: ignore[attr-defined]
        client.sendMsg(ORDER)  # type: ignore[attr-defined]
        await asyncio.sleep(10)
        return wire.written

    start = loop.time()
    written = loop.run_until_complete(send())
    loop.close()
    assert [at - start for at, _message in written] == [0.0] * 45 + [1.0] * 45 + [2.0] * 11
    assert written[45][1].endswith(ORDER.encode())
