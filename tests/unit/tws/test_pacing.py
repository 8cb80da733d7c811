"""Pacing: no more than IBKR allows; cancels first, then orders, then reads."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import async_solipsism
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.adapters.pacing_limits import LIMITS
from brokerport.adapters.tws.allowance import (
    MESSAGES_PER_SECOND_MAX,
    WINDOW_SECONDS,
    Allowance,
    Lane,
    places,
)
from brokerport.adapters.tws.client import new_client
from brokerport.adapters.tws.pacing import Pacing

READ = "9\x008\0"
READS, ORDERS = places(Lane.READ), places(Lane.ORDER)
SLOT_SECONDS = WINDOW_SECONDS / READS


def order(order_id: int, terms: str = "") -> str:
    """A placeOrder message, cut short."""
    return f"3\0{order_id}\0{terms}\0"


def cancel(order_id: int) -> str:
    """A cancelOrder message."""
    return f"4\x001\0{order_id}\0\0"


def history(request_id: int, symbol: str = "AAPL") -> str:
    """A reqHistoricalData message, cut short."""
    return f"20\0{request_id}\0{symbol}\0"


def crowded(pacing: Pacing, now: float = 0.0) -> None:
    """Add more reads than may leave, and let leave what may."""
    for _ in range(5 * READS):
        pacing.add(READ)
    assert len(pacing.due(now)) == READS


def test_what_is_within_the_rate_leaves_at_once() -> None:
    """In the order in which it came."""
    pacing = Pacing()
    for message in (READ, "49\x001\0"):
        pacing.add(message)
    assert pacing.due(0.0) == [READ, "49\x001\0"]
    assert pacing.next_due_at is None


def test_the_limit_kept_is_below_ibkrs() -> None:
    """Fewer leave than may arrive, in a longer second, so that jitter on the way is no offence."""
    limit = LIMITS["messages"].limit
    assert limit.requests > MESSAGES_PER_SECOND_MAX
    assert limit.seconds < WINDOW_SECONDS
    assert places(Lane.CANCEL) == MESSAGES_PER_SECOND_MAX
    assert places(Lane.CANCEL) > ORDERS > READS


def test_reads_leave_places_to_orders_and_those_to_cancels() -> None:
    """What is urgent leaves at once although reads wait."""
    pacing = Pacing()
    crowded(pacing)
    pacing.add(cancel(7))
    assert pacing.due(0.01) == [cancel(7)]
    for number in range(20):
        pacing.add(order(100 + number))
    assert pacing.due(0.01) == [order(100 + number) for number in range(ORDERS - READS - 1)]
    pacing.add(cancel(8))
    assert pacing.due(0.01) == [cancel(8)]


def test_cancels_leave_before_orders_before_reads() -> None:
    """Each lane in its own order, whatever came first, and nothing passes a lane that waits."""
    pacing = Pacing()
    crowded(pacing)
    for number in range(20):
        pacing.add(order(100 + number))
    for number in range(20):
        pacing.add(cancel(number + 1))
    first = pacing.due(0.01)
    assert first == [cancel(number + 1) for number in range(MESSAGES_PER_SECOND_MAX - READS)]
    later: list[str] = []
    while pacing.next_due_at is not None:
        later += pacing.due(pacing.next_due_at)
    assert later[:11] == [cancel(number + 1) for number in range(len(first), 20)]
    assert later[11:31] == [order(100 + number) for number in range(20)]
    assert set(later[31:]) == {READ}


def test_a_crowd_of_reads_leaves_evenly() -> None:
    """After the first burst one by one, so that a place is free again after one slot."""
    pacing, left_at = Pacing(), []
    crowded(pacing)
    while pacing.next_due_at is not None:
        left_at += [pacing.next_due_at] * len(pacing.due(pacing.next_due_at))
    gaps = [later - first for first, later in pairwise(left_at)]
    assert len(gaps) == 4 * READS - 1
    assert min(gaps) == pytest.approx(SLOT_SECONDS)
    assert max(gaps) == pytest.approx(SLOT_SECONDS)


def test_once_the_crowd_is_gone_a_few_leave_at_once_again() -> None:
    """Evenness is for crowds; a burst within the limit has no delay."""
    pacing = Pacing()
    crowded(pacing)
    now = 0.0
    while pacing.next_due_at is not None:
        now = pacing.next_due_at
        pacing.due(now)
    now += WINDOW_SECONDS
    for _ in range(10):
        pacing.add(READ)
    assert len(pacing.due(now)) == 10


def test_a_cancel_does_not_overtake_its_own_new_order() -> None:
    """TWS would not find the order, and then place it. New orders keep their order as well."""
    pacing = Pacing()
    crowded(pacing)
    for number in range(ORDERS):
        pacing.add(order(101 + number))
    pacing.due(0.01)
    waiting = 101 + ORDERS - 2
    pacing.add(cancel(waiting))
    pacing.add(cancel(3))
    left: list[str] = []
    while pacing.next_due_at is not None:
        left += pacing.due(pacing.next_due_at)
    assert left[0] == cancel(3)
    placed = [message for message in left if message.startswith("3\0")]
    assert placed == sorted(placed, key=lambda message: int(message.split("\0")[1]))
    assert left.index(cancel(waiting)) == left.index(order(waiting)) + 1


def test_a_cancel_takes_a_waiting_change_of_its_order_to_the_front() -> None:
    """New terms that came after the cancel could bring the order to life again."""
    pacing = Pacing()
    pacing.add(order(101))
    assert pacing.due(0.0) == [order(101)]
    crowded_orders = [order(200 + number) for number in range(60)]
    for message in crowded_orders:
        pacing.add(message)
    pacing.add(order(101, "new terms"))
    pacing.due(0.01)
    pacing.add(cancel(101))
    assert pacing.due(0.02) == [order(101, "new terms"), cancel(101)]


def test_what_left_on_one_socket_counts_on_the_next() -> None:
    """IBKR does not forget with the socket."""
    allowance = Allowance()
    crowded(Pacing(allowance))
    again = Pacing(allowance)
    again.add(READ)
    assert again.due(0.5) == []
    assert again.due(WINDOW_SECONDS) == [READ]


def test_too_many_is_answered_with_silence() -> None:
    """After code 100 nothing leaves for a second, not even a cancel."""
    pacing = Pacing()
    pacing.hold(5.0)
    pacing.add(cancel(1))
    assert pacing.due(5.0) == []
    assert pacing.next_due_at == 5.0 + WINDOW_SECONDS
    assert pacing.due(5.0 + WINDOW_SECONDS) == [cancel(1)]


def drained(pacing: Pacing, now: float = 0.0) -> list[tuple[float, str]]:
    """Let everything leave as soon as it may; return it with the seconds."""
    left = [(now, message) for message in pacing.due(now)]
    while pacing.next_due_at is not None:
        now = pacing.next_due_at
        left += [(now, message) for message in pacing.due(now)]
    return left


def test_identical_historical_requests_wait_fifteen_seconds() -> None:
    """Others pass them: the same question under another id is identical, another symbol is not."""
    pacing = Pacing()
    for message in (history(1), history(2), history(3, "MSFT"), READ):
        pacing.add(message)
    left = drained(pacing)
    assert [message for _at, message in left] == [history(1), history(3, "MSFT"), READ, history(2)]
    assert [at >= 15.0 for at, _message in left] == [False, False, False, True]


def test_sixty_historical_requests_leave_in_ten_minutes() -> None:
    """The sixty-first waits for the first to be ten minutes old; other reads do not wait for it."""
    pacing = Pacing()
    for number in range(130):
        pacing.add(history(number, f"S{number}"))
    pacing.add(READ)
    left = drained(pacing)
    times = [at for at, message in left if message != READ]
    assert len(times) == 130
    for first, later in zip(times, times[60:], strict=False):
        assert later >= first + 600.0
    assert times[59] < 10.0
    (read_at,) = (at for at, message in left if message == READ)
    assert read_at < 10.0


KINDS = st.sampled_from([READ, order(101), cancel(1)])


@given(st.lists(st.tuples(st.floats(0, 0.5), st.lists(KINDS, max_size=60)), max_size=30))
def test_no_second_is_ever_too_full(bursts: list[tuple[float, list[str]]]) -> None:
    """Whatever comes when, nothing is lost and no second holds more than the most."""
    pacing, now, left_at, added = Pacing(), 0.0, [], 0
    for pause, messages in bursts:
        now += pause
        for message in messages:
            pacing.add(message)
        added += len(messages)
        left_at += [now] * len(pacing.due(now))
    while pacing.next_due_at is not None:
        now = max(now, pacing.next_due_at)
        left_at += [now] * len(pacing.due(now))
    assert len(left_at) == added
    for first, later in zip(left_at, left_at[MESSAGES_PER_SECOND_MAX:], strict=False):
        assert later >= first + WINDOW_SECONDS


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
        await asyncio.sleep(0.5)
        client.sendMsg(order(101))  # type: ignore[attr-defined]
        await asyncio.sleep(10)
        return wire.written

    start = loop.time()
    written = loop.run_until_complete(send())
    loop.close()
    assert [at - start for at, _message in written[: READS + 1]] == [0.0] * READS + [0.5]
    assert written[READS][1].endswith(order(101).encode())
    assert len(written) == 101
    assert written[READS + 1][0] - start == pytest.approx(WINDOW_SECONDS)
    assert written[-1][0] - start == pytest.approx(WINDOW_SECONDS + 63 * SLOT_SECONDS, abs=1e-3)
