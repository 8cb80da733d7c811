"""Pacing: IBKR's limits are kept whatever is asked, and what is urgent leaves first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from random import Random

import async_solipsism
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerport.adapters.client_portal.pacing import (
    ARRIVAL_SECONDS_MAX,
    GATEWAY_LIMIT,
    HISTORY_PATH,
    LIMITS,
    OAUTH_LIMIT,
    Lane,
    Limit,
    Pacing,
)
from brokerport.domain.errors import NotConnected
from brokerport.simulator.gateways.client_portal.pacing import LIMITS as SIMULATED_LIMITS
from brokerport.simulator.gateways.client_portal.pacing import PacingDesk
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from tests.support.properties import PROPERTY

ORDERS = "/iserver/account/orders"
PLACE = "/iserver/account/DU1/orders"
PATHS: dict[str, tuple[Lane, str, str | None]] = {
    PLACE: (Lane.ORDER, "POST", None),
    "/iserver/account/DU1/order/1": (Lane.CANCEL, "DELETE", None),
    ORDERS: (Lane.READ, "GET", "orders"),
    "/iserver/account/trades": (Lane.READ, "GET", "trades"),
    "/iserver/account/pnl/partitioned": (Lane.READ, "GET", "pnl"),
    "/portfolio/accounts": (Lane.UPKEEP, "GET", "portfolio accounts"),
    "/tickle": (Lane.UPKEEP, "POST", "tickle"),
    "/iserver/marketdata/snapshot": (Lane.READ, "GET", "snapshot"),
    HISTORY_PATH: (Lane.READ, "GET", "history"),
    "/iserver/secdef/search": (Lane.READ, "GET", None),
}


def on_virtual_time(work: Callable[[], Awaitable[None]]) -> None:
    """Run something on a clock that only moves when everybody waits."""

    async def run() -> None:
        await work()

    with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
        runner.run(run())


def now() -> float:
    """The virtual time."""
    return asyncio.get_running_loop().time()


class Counted:
    """A gateway that counts as the simulator does, and answers after a while."""

    def __init__(self, pacing: Pacing, seed: int = 0, latency_seconds_max: float = 0.0) -> None:
        self.pacing = pacing
        self.desk = PacingDesk(PortalSettings())
        self.left: list[tuple[str, float]] = []
        self._random = Random(seed)
        self._latency_seconds_max = latency_seconds_max

    async def ask(self, path: str) -> None:
        """Send a request in its turn; it arrives some time before its answer comes back."""
        lane, method, limit = PATHS[path]
        async with self.pacing.turn(lane, method, path):
            self.left.append((path, now()))
            await asyncio.sleep(round(self._random.uniform(0, self._latency_seconds_max), 3))
            self.desk.admits("here", limit, now())
            await asyncio.sleep(round(self._random.uniform(0, self._latency_seconds_max), 3))
            self.desk.done("here", limit)


def left_in_any_second(times: Iterable[float], seconds: float = 1.0) -> int:
    """How many of the times lie in the fullest window."""
    ordered = sorted(times)
    return max(sum(start <= one < start + seconds for one in ordered) for start in ordered)


def test_every_limit_of_the_gateway_is_in_the_table() -> None:
    """The simulator enforces IBKR's; the adapter keeps the same numbers."""
    ours = {row.name: (row.limit.requests, row.limit.seconds) for row in LIMITS}
    theirs = {
        name: (limit.requests, limit.seconds)
        for name, limit in SIMULATED_LIMITS.items()
        if name not in ("gateway", "username", "history")
    }
    assert ours == theirs
    assert (Limit(10, 1.0), Limit(50, 1.0)) == (GATEWAY_LIMIT, OAUTH_LIMIT)


@settings(PROPERTY, max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(PATHS)), st.integers(0, 20_000)), min_size=1, max_size=60
    ),
    st.integers(0, 999),
    st.sampled_from([0.0, 0.05, 0.6, 1.4]),
)
def test_no_load_violates_a_limit(
    load: list[tuple[str, int]], seed: int, latency_seconds_max: float
) -> None:
    """Whatever is asked whenever, and however long it is on its way: nothing is too much."""

    async def run() -> None:
        counted = Counted(Pacing(GATEWAY_LIMIT), seed, latency_seconds_max)

        async def later(path: str, milliseconds: int) -> None:
            await asyncio.sleep(milliseconds / 1000)
            await counted.ask(path)

        await asyncio.gather(*(later(path, milliseconds) for path, milliseconds in load))
        assert counted.desk.violations == {}, dict(counted.desk.violations)
        assert len(counted.left) == len(load)
        await counted.pacing.close("done")

    on_virtual_time(run)


def test_a_crowd_is_let_through_as_fast_as_it_may() -> None:
    """Keeping far below the limit would be no art."""

    async def run() -> None:
        counted = Counted(Pacing(GATEWAY_LIMIT))
        await asyncio.gather(*(counted.ask(PLACE) for _ in range(90)))
        assert 9.0 < now() < 11.0
        assert left_in_any_second(time for _path, time in counted.left) == 9

    on_virtual_time(run)


def test_oauth_may_ask_more() -> None:
    """Fifty a second."""

    async def run() -> None:
        counted = Counted(Pacing(OAUTH_LIMIT))
        await asyncio.gather(*(counted.ask(PLACE) for _ in range(90)))
        assert 1.0 < now() < 2.5
        assert left_in_any_second(time for _path, time in counted.left) == 45

    on_virtual_time(run)


def test_without_limits_nothing_waits() -> None:
    """A simulated gateway may be told not to count."""

    async def run() -> None:
        counted = Counted(Pacing(None))
        await asyncio.gather(*(counted.ask(ORDERS) for _ in range(50)))
        assert now() == 0

    on_virtual_time(run)


def test_a_cancel_never_waits_behind_orders_and_reads() -> None:
    """There is always a place for it."""

    async def run() -> None:
        counted = Counted(Pacing(GATEWAY_LIMIT))
        crowd = [
            asyncio.create_task(counted.ask(path))
            for path in ["/iserver/secdef/search"] * 40 + [PLACE] * 40
        ]
        await asyncio.sleep(0.5)
        before = now()
        await counted.ask("/iserver/account/DU1/order/1")
        assert now() == before
        await asyncio.gather(*crowd)

    on_virtual_time(run)


def test_orders_leave_before_reads_that_came_first() -> None:
    """And the session's upkeep between the two."""

    async def run() -> None:
        counted = Counted(Pacing(GATEWAY_LIMIT))
        await asyncio.gather(*(counted.ask(PLACE) for _ in range(9)))
        counted.left.clear()
        asked = ["/iserver/secdef/search"] * 3 + ["/tickle"] + [PLACE] * 3
        await asyncio.gather(*(counted.ask(path) for path in asked))
        assert [path for path, _time in counted.left] == list(reversed(asked))

    on_virtual_time(run)


def test_an_exhausted_endpoint_holds_up_no_other() -> None:
    """The second list of orders waits five seconds, a search passes it."""

    async def run() -> None:
        counted = Counted(Pacing(GATEWAY_LIMIT))
        lists = [asyncio.create_task(counted.ask(ORDERS)) for _ in range(2)]
        await asyncio.sleep(0)
        await counted.ask("/iserver/secdef/search")
        assert now() == 0
        await asyncio.gather(*lists)
        assert 5.0 < now() < 5.2

    on_virtual_time(run)


def test_histories_run_five_at_a_time() -> None:
    """The sixth waits for one to end."""

    async def run() -> None:
        pacing = Pacing(GATEWAY_LIMIT)
        running: list[int] = []
        most = 0

        async def history(number: int) -> None:
            nonlocal most
            async with pacing.turn(Lane.READ, "GET", HISTORY_PATH):
                running.append(number)
                most = max(most, len(running))
                await asyncio.sleep(10)
                running.remove(number)

        await asyncio.gather(*(history(number) for number in range(12)))
        assert most == 5

    on_virtual_time(run)


def test_a_chain_has_the_line_to_itself() -> None:
    """It begins when nothing is under way; until it ends only its own requests leave."""

    async def run() -> None:
        pacing = Pacing(GATEWAY_LIMIT)
        seen: list[str] = []

        async def one(name: str, lane: Lane, seconds: float) -> None:
            async with pacing.turn(lane, "GET", "/iserver/secdef/search"):
                seen.append(f"{name} begins")
                await asyncio.sleep(seconds)
                seen.append(f"{name} ends")

        async def order() -> None:
            async with pacing.chain(Lane.ORDER) as chain:
                for name in ("order", "reply"):
                    async with pacing.turn(Lane.ORDER, "POST", PLACE, chain):
                        seen.append(name)
                        await asyncio.sleep(1)

        first = asyncio.create_task(one("first", Lane.READ, 1))
        await asyncio.sleep(0.1)
        ordering = asyncio.create_task(order())
        await asyncio.sleep(0.1)
        late = asyncio.create_task(one("late", Lane.READ, 0))
        await asyncio.sleep(1.5)
        cancel = asyncio.create_task(one("cancel", Lane.CANCEL, 0))
        await asyncio.gather(first, ordering, late, cancel)
        assert seen[:4] == ["first begins", "first ends", "order", "reply"]
        assert seen.index("cancel begins") < seen.index("late begins")

    on_virtual_time(run)


def test_a_chain_does_not_wait_for_a_request_that_is_never_answered() -> None:
    """What left so long ago has arrived, and makes nobody forget a later question."""

    async def run() -> None:
        pacing = Pacing(GATEWAY_LIMIT)

        async def stuck() -> None:
            async with pacing.turn(Lane.READ, "GET", "/iserver/secdef/search"):
                await asyncio.sleep(60)

        reading = asyncio.create_task(stuck())
        await asyncio.sleep(0)
        async with pacing.chain(Lane.ORDER):
            assert now() == pytest.approx(ARRIVAL_SECONDS_MAX)
        await reading

    on_virtual_time(run)


def test_chains_come_one_after_another() -> None:
    """In the order in which they were asked for."""

    async def run() -> None:
        pacing = Pacing(GATEWAY_LIMIT)
        seen: list[int] = []

        async def order(number: int) -> None:
            async with pacing.chain(Lane.ORDER) as chain:
                for _request in range(2):
                    async with pacing.turn(Lane.ORDER, "POST", PLACE, chain):
                        seen.append(number)
                        await asyncio.sleep(0.01)

        await asyncio.gather(*(order(number) for number in range(10)))
        assert seen == [number for number in range(10) for _request in range(2)]

    on_virtual_time(run)


def test_who_gives_up_waiting_takes_no_place() -> None:
    """Neither in the queue nor on the line."""

    async def run() -> None:
        counted = Counted(Pacing(GATEWAY_LIMIT))
        tasks = [asyncio.create_task(counted.ask("/iserver/secdef/search")) for _ in range(20)]
        await asyncio.sleep(0.5)
        for task in tasks[7:]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with counted.pacing.chain(Lane.ORDER):
            assert now() == 0.5
        await counted.ask("/iserver/secdef/search")
        assert len(counted.left) == 8

    on_virtual_time(run)


@pytest.mark.parametrize("wanted", ["a chain", "a turn"])
def test_a_grant_that_nobody_takes_is_given_back(wanted: str) -> None:
    """It came in the very moment in which its wait was cancelled."""

    async def run() -> None:
        pacing = Pacing(GATEWAY_LIMIT)

        async def wait() -> None:
            if wanted == "a chain":
                async with pacing.chain(Lane.ORDER):
                    raise AssertionError("it was cancelled before")
            async with pacing.turn(Lane.ORDER, "POST", PLACE):
                raise AssertionError("it was cancelled before")

        async with pacing.chain(Lane.ORDER):
            task = asyncio.create_task(wait())
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        async with asyncio.timeout(1), pacing.chain(Lane.ORDER):
            assert now() == 0

    on_virtual_time(run)


def test_after_a_429_nothing_leaves_for_a_while() -> None:
    """Asking on would lead to the penalty box."""

    async def run() -> None:
        counted = Counted(Pacing(None))
        counted.pacing.hold(5.0)
        await counted.ask(PLACE)
        assert now() == 5.0

    on_virtual_time(run)


def test_the_end_of_the_session_ends_every_wait() -> None:
    """What has not left never will, and is told so."""

    async def run() -> None:
        pacing = Pacing(GATEWAY_LIMIT)
        counted = Counted(pacing)
        tasks = [asyncio.create_task(counted.ask(PLACE)) for _ in range(20)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await pacing.close("the gateway is gone")
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in outcomes] == [type(None)] * 9 + [NotConnected] * 11
        with pytest.raises(NotConnected, match="the gateway is gone"):
            await counted.ask(PLACE)
        pacing.open()
        await counted.ask(PLACE)
        assert now() > 1.0
        assert len(asyncio.all_tasks()) == 1

    on_virtual_time(run)
