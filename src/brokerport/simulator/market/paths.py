"""The path of a price through one session: straight lines between knots.

Prices are whole cents and times whole seconds since the opening, so that a path is exact: the same
on every machine, never above its highest knot nor below its lowest.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from random import Random

from brokerport.domain.errors import BadInput

LOWEST_PRICE_CENTS = 5
KNOT_SECONDS = 60


class SessionPath:
    """A price in cents for every second of a session, and its extremes so far."""

    __slots__ = ("_highs", "_lows", "_prices", "_times", "volume")

    def __init__(self, times: Sequence[int], prices: Sequence[int], volume: int) -> None:
        """Lay a path through knots.

        ``times`` are seconds since the opening, ascending from 0; ``prices`` are cents;
        ``volume`` is the whole session's, in shares.

        Raises:
            BadInput: fewer than two knots, times that do not ascend from 0, or a price below one
                cent.
        """
        if len(times) != len(prices) or len(times) < 2:
            raise BadInput("path.times", len(times), "two or more, one for each price")
        if times[0] != 0 or any(later <= earlier for earlier, later in pairwise(times)):
            raise BadInput("path.times", list(times), "ascending from 0")
        if min(prices) < 1:
            raise BadInput("path.prices", min(prices), "one cent or more")
        self._times = tuple(times)
        self._prices = tuple(prices)
        self._highs = tuple(accumulate(prices, max))
        self._lows = tuple(accumulate(prices, min))
        self.volume = volume

    @property
    def seconds(self) -> int:
        """How long the path is."""
        return self._times[-1]

    @property
    def open(self) -> int:
        """The first price, in cents."""
        return self._prices[0]

    @property
    def close(self) -> int:
        """The last price, in cents."""
        return self._prices[-1]

    def price(self, elapsed: int) -> int:
        """Return the price in cents, half up; before the opening the first, at the end the last."""
        times = self._times
        index = bisect_right(times, elapsed)
        if index == 0:
            return self._prices[0]
        if index == len(times):
            return self._prices[-1]
        begun, price = times[index - 1], self._prices[index - 1]
        span = times[index] - begun
        rise = self._prices[index] - price
        return price + (2 * rise * (elapsed - begun) + span) // (2 * span)

    def range_to(self, elapsed: int) -> tuple[int, int]:
        """Return the highest and lowest price from the opening to a time, in cents."""
        index = max(bisect_right(self._times, elapsed) - 1, 0)
        price = self.price(elapsed)
        return max(self._highs[index], price), min(self._lows[index], price)

    def range_between(self, begin: int, end: int) -> tuple[int, int]:
        """Return the highest and lowest price from one time to another, in cents."""
        inside = self._prices[bisect_right(self._times, begin) : bisect_right(self._times, end)]
        edges = (self.price(begin), self.price(end))
        return max(*edges, *inside), min(*edges, *inside)

    def volume_to(self, elapsed: int) -> int:
        """Return how many shares traded from the opening to a time; the pace is even."""
        return self.volume * min(max(elapsed, 0), self.seconds) // self.seconds


def path_through_bar(
    open_: int, high: int, low: int, close: int, volume: int, *, seconds: int, tick_seconds: int
) -> SessionPath:
    """Return the path that replays one bar: open, high, low, close, touching each exactly.

    A daily bar does not say which extreme came first; the high always does here, so that a replay
    depends on nothing but its file. The two turns come on the ticks nearest to one and two thirds
    of the session, so that the extremes are quoted and not stepped over. All prices in cents.

    Raises:
        BadInput: the bar's prices contradict each other, or a session has fewer than three ticks.
    """
    if not low <= min(open_, close) <= max(open_, close) <= high:
        raise BadInput("bar", (open_, high, low, close), "low <= open and close <= high")
    third = (seconds // tick_seconds + 1) // 3
    if third < 1 or 2 * third * tick_seconds >= seconds:
        raise BadInput("tick_seconds", tick_seconds, f"less than a third of {seconds} seconds")
    times = (0, third * tick_seconds, 2 * third * tick_seconds, seconds)
    return SessionPath(times, (open_, high, low, close), volume)


def random_path(
    random: Random, open_: int, close: int, volume: int, *, seconds: int, deviation: float
) -> SessionPath:
    """Return a random path from one price to another, in cents, with a knot every minute.

    It is a Brownian bridge of the logarithm of the price; ``deviation`` is the standard deviation
    that the free walk would have over the whole session.
    """
    steps = max(seconds // KNOT_SECONDS, 1)
    step_deviation = deviation / math.sqrt(steps)
    walk = list(accumulate(random.gauss(0.0, step_deviation) for _ in range(steps)))
    begin, drift = math.log(open_), (math.log(close) - math.log(open_) - walk[-1]) / steps
    inner = (
        max(round(math.exp(begin + walked + drift * (step + 1))), LOWEST_PRICE_CENTS)
        for step, walked in enumerate(walk[:-1])
    )
    times = [step * seconds // steps for step in range(steps + 1)]
    return SessionPath(times, (open_, *inner, close), volume)
