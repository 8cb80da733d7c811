"""Pacing: which request may leave now. IBKR bans an address that asks too often.

Source: IBKR Web API, "Pacing Limitations": 10 requests a second through the gateway, 50 with OAuth,
and less for some endpoints (``pacing_limits``); beyond them 429, then a penalty box.

Rules:

- Cancels leave before orders, orders before the session's upkeep, that before reads; each lane in
  its own order, except that a request whose own endpoint is exhausted is passed by others.
- Reads leave a part of the global limit free, and orders a smaller one, so that a cancel does not
  wait behind either.
- IBKR counts arrivals, which nobody here sees: a request counts from when it leaves until a whole
  window after its answer came, for it arrived somewhere between. One that is not answered within
  ``ARRIVAL_SECONDS_MAX`` (of the event loop's time) is taken to have arrived by then.
- A chain (an order and the answers to its questions) has the line to itself: it begins when all
  that left has arrived, and until it ends only its own requests leave, for any other makes IBKR
  forget the question. While one waits to begin, nothing behind it is started.
"""

from __future__ import annotations

import asyncio
import math
from bisect import insort
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import IntEnum
from itertools import count
from typing import Protocol

from attrs import define, field

from brokerport.adapters.pacing_limits import LIMITS as ALL_LIMITS
from brokerport.adapters.pacing_limits import Api, Counted
from brokerport.adapters.pacing_limits import Limit as Limit
from brokerport.domain.errors import NotConnected

ARRIVAL_SECONDS_MAX = 3.0
MARGIN_SECONDS = 0.05
ALARM_SECONDS_MIN = 0.001


class Lane(IntEnum):
    """What a request is for, the most urgent first."""

    CANCEL = 0
    ORDER = 1
    UPKEEP = 2
    READ = 3


class PacingTime(Protocol):
    """The time that pacing goes by."""

    def monotonic(self) -> float:
        """Return seconds of a steady clock."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait so long on that clock."""
        ...


class LoopTime:
    """The event loop's own time."""

    def monotonic(self) -> float:
        """Return the loop's seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        await asyncio.sleep(seconds)


GATEWAY_LIMIT = ALL_LIMITS["gateway"].limit
OAUTH_LIMIT = ALL_LIMITS["username"].limit

# Those of single endpoints, in a time; the one of how many at one time is kept apart.
LIMITS = tuple(
    row
    for row in ALL_LIMITS.values()
    if row.api is Api.CLIENT_PORTAL and row.counted is Counted.OF_KIND and row.limit.seconds
)

HISTORY_PATH = "/iserver/marketdata/history"
HISTORY_CONCURRENT_MAX = ALL_LIMITS["history"].limit.requests

# How many of ten global places a lane may take: the rest is kept for the lanes before it.
_TENTHS = {Lane.CANCEL: 10, Lane.ORDER: 9, Lane.UPKEEP: 8, Lane.READ: 7}


@define(eq=False)
class _Use:
    """One request that left, and when it must have arrived; None while nobody can know."""

    arrived_by: float | None = None

    def counts_until(self, limit: Limit) -> float:
        """Return when it no longer counts against a limit, as far as is known now."""
        if self.arrived_by is None:
            return math.inf
        return self.arrived_by + limit.seconds + MARGIN_SECONDS


class _Window:
    """The requests that count against one limit."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._uses: list[_Use] = []

    def free_at(self, now: float, places: int) -> float:
        """Return when one of so many places is free; ``now`` when one is."""
        self._uses = [use for use in self._uses if use.counts_until(self.limit) > now]
        if len(self._uses) < places:
            return now
        ends = sorted(use.counts_until(self.limit) for use in self._uses)
        return ends[len(ends) - places]

    def take(self, use: _Use) -> None:
        """Count a request that leaves."""
        self._uses.append(use)


class Chain:
    """The right to be alone on the line, from when it was granted until it is given up."""


@define(eq=False, order=False)
class _Waiter:
    lane: Lane
    number: int
    windows: Sequence[_Window]
    is_history: bool
    chain: Chain | None
    begins_chain: bool
    granted: asyncio.Future[_Use] = field(
        factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def rank(self) -> tuple[int, int]:
        """What it is sorted by."""
        return self.lane, self.number


class Pacing:
    """Lets requests leave, in order of urgency, within the limits and around chains.

    ``limit`` None keeps no limits: order and chains remain.
    """

    def __init__(self, limit: Limit | None, time: PacingTime | None = None) -> None:
        self.time = time or LoopTime()
        self._global = None if limit is None else _Window(limit)
        self._windows: Mapping[str, _Window] = (
            {} if limit is None else {row.name: _Window(row.limit) for row in LIMITS}
        )
        self._waiting: list[_Waiter] = []
        self._numbers = count()
        self._on_the_way: dict[_Use, asyncio.TimerHandle] = {}
        self._histories = 0
        self._chain: Chain | None = None
        self._held_until = -math.inf
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = math.inf
        self._closed_because: str | None = None

    @asynccontextmanager
    async def turn(
        self, lane: Lane, method: str, path: str, chain: Chain | None = None
    ) -> AsyncIterator[None]:
        """Wait until a request may leave; it is under way until the block ends.

        Raises:
            NotConnected: the session ended first; the request never leaves.
        """
        is_history = path == HISTORY_PATH
        waiter = self._waiter(lane, self._windows_of(method, path), is_history, chain)
        use = await self._granted(waiter)
        try:
            yield
        finally:
            self._histories -= is_history
            self._arrived(use)

    @asynccontextmanager
    async def chain(self, lane: Lane) -> AsyncIterator[Chain]:
        """Wait until nothing is under way, and have the line alone until the block ends.

        Raises:
            NotConnected: the session ended first.
        """
        waiter = self._waiter(lane, (), False, Chain(), begins_chain=True)
        await self._granted(waiter)
        try:
            yield waiter.chain or Chain()
        finally:
            self._chain = None
            self._let_leave()

    def _arrived(self, use: _Use) -> None:
        """Note that a request must have arrived by now."""
        timer = self._on_the_way.pop(use, None)
        if timer is not None:
            timer.cancel()
            use.arrived_by = self.time.monotonic()
        self._let_leave()

    def hold(self, seconds: float) -> None:
        """Let nothing leave for so long: the broker has said that it is too much."""
        self._held_until = self.time.monotonic() + seconds
        self._let_leave()

    def open(self) -> None:
        """Let requests leave again; what was counted still counts."""
        self._closed_because = None
        self._chain = None

    async def close(self, reason: str) -> None:
        """Let nothing leave any more; who waits is told so."""
        self._closed_because = reason
        for use, timer in self._on_the_way.items():
            timer.cancel()
            use.arrived_by = self.time.monotonic()
        self._on_the_way.clear()
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.granted.done():
                waiter.granted.set_exception(self._over())
        alarm, self._alarm = self._alarm, None
        if alarm is not None:
            alarm.cancel()
            await asyncio.wait([alarm])

    def _waiter(
        self,
        lane: Lane,
        windows: Sequence[_Window],
        is_history: bool,
        chain: Chain | None,
        *,
        begins_chain: bool = False,
    ) -> _Waiter:
        return _Waiter(lane, next(self._numbers), windows, is_history, chain, begins_chain)

    async def _granted(self, waiter: _Waiter) -> _Use:
        if self._closed_because is not None:
            raise self._over()
        insort(self._waiting, waiter, key=lambda one: one.rank)
        self._let_leave()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.done() and not waiter.granted.cancelled():
                self._give_back(waiter)
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
            self._let_leave()
            raise

    def _give_back(self, waiter: _Waiter) -> None:
        """Undo a grant that came in the very moment in which its wait was cancelled."""
        if waiter.granted.exception() is not None:
            return
        if waiter.begins_chain:
            self._chain = None
            return
        self._histories -= waiter.is_history
        self._arrived(waiter.granted.result())

    def _over(self) -> NotConnected:
        return NotConnected(f"the session with Client Portal ended: {self._closed_because}")

    def _windows_of(self, method: str, path: str) -> Sequence[_Window]:
        return [
            self._windows[row.name]
            for row in LIMITS
            if row.name in self._windows
            and method in row.method.split("|")
            and row.path is not None
            and row.path.match(path)
        ]

    def _let_leave(self) -> None:
        """Let all leave that may, and see to it that the next is thought of in time."""
        now = self.time.monotonic()
        wake_at = math.inf
        for waiter in list(self._waiting):
            if self._chain is not None and waiter.chain is not self._chain:
                continue
            if waiter.begins_chain:
                if self._on_the_way:
                    break
                self._start(waiter)
                continue
            free_at = self._free_at(waiter.lane, now)
            if free_at > now:
                # What comes behind has no more places than this one.
                wake_at = min(wake_at, free_at)
                break
            due_at = self._due_at(waiter, now)
            if due_at > now:
                wake_at = min(wake_at, due_at)
            else:
                self._start(waiter)
        self._set_alarm(wake_at, now)

    def _free_at(self, lane: Lane, now: float) -> float:
        """Return when the global limit has a place for a lane."""
        free_at = max(now, self._held_until)
        if self._global is None:
            return free_at
        places = max(1, self._global.limit.requests * _TENTHS[lane] // 10)
        return max(free_at, self._global.free_at(now, places))

    def _due_at(self, waiter: _Waiter, now: float) -> float:
        """Return when a request's own endpoint has a place."""
        if waiter.is_history and self._histories >= HISTORY_CONCURRENT_MAX:
            return math.inf
        return max(
            (window.free_at(now, window.limit.requests) for window in waiter.windows),
            default=now,
        )

    def _start(self, waiter: _Waiter) -> None:
        self._waiting.remove(waiter)
        if waiter.granted.done():
            return
        use = _Use()
        if waiter.begins_chain:
            self._chain = waiter.chain
        else:
            for window in (*waiter.windows, *([] if self._global is None else [self._global])):
                window.take(use)
            loop = asyncio.get_running_loop()
            self._on_the_way[use] = loop.call_later(ARRIVAL_SECONDS_MAX, self._arrived, use)
            self._histories += waiter.is_history
        waiter.granted.set_result(use)

    def _set_alarm(self, wake_at: float, now: float) -> None:
        if wake_at == math.inf or (self._alarm is not None and self._alarm_at <= wake_at):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = wake_at
        self._alarm = asyncio.create_task(self._wake_after(wake_at - now), name="pacing alarm")

    async def _wake_after(self, seconds: float) -> None:
        # A wait that ends a hair too early must not be followed by one too short for any clock.
        await self.time.sleep(max(seconds, ALARM_SECONDS_MIN))
        self._alarm = None
        self._let_leave()
