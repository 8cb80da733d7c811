"""The allowance: what IBKR still lets one connection send, whoever asks and on which socket.

Rules (the limits are those of ``pacing_limits``):

- IBKR counts arrivals, which nobody here sees. So fewer messages than allowed leave, and what left
  counts a little longer than the limit says.
- A lane of messages has only a part of the places; the rest is kept for those before it.
- What left before a reconnection counts after it.
- After IBKR said that it was too much (code 100), nothing leaves for as long as the limit is.
"""

from __future__ import annotations

import math
from collections import deque
from enum import IntEnum

from brokerport.adapters.pacing_limits import LIMITS, Api, Counted, Limit

# Of the 50 a second that are allowed (``pacing_limits``, "messages").
MESSAGES_PER_SECOND_MAX = 45
WINDOW_SECONDS = LIMITS["messages"].limit.seconds + 0.05
MARGIN_SECONDS = 0.05

_KIND_LIMITS = tuple(
    row for row in LIMITS.values() if row.api is Api.TWS and row.counted is not Counted.ALL
)


class Lane(IntEnum):
    """What a message is for, the most urgent first."""

    CANCEL = 0
    ORDER = 1
    READ = 2


# How many of ten places a lane may take.
_TENTHS = {Lane.CANCEL: 10, Lane.ORDER: 9, Lane.READ: 8}


def places(lane: Lane) -> int:
    """Return how many messages may have left in a window for one of this lane to follow."""
    return max(1, MESSAGES_PER_SECOND_MAX * _TENTHS[lane] // 10)


class _Window:
    """When what counts against one limit left."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._left_at: deque[float] = deque()

    def free_at(self) -> float:
        """Return when one more may leave."""
        if len(self._left_at) < self._limit.requests:
            return -math.inf
        return self._left_at[-self._limit.requests] + self._limit.seconds + MARGIN_SECONDS

    def take(self, now: float) -> None:
        """Count one that leaves."""
        self._left_at.append(now)
        if len(self._left_at) > self._limit.requests:
            self._left_at.popleft()

    def is_past(self, now: float) -> bool:
        """Say whether nothing in it counts any more."""
        return self._left_at[-1] + self._limit.seconds + MARGIN_SECONDS <= now


class Allowance:
    """What left, for as long as it counts; times are seconds of the event loop.

    ``highest_order_id`` is the highest that left: a message with a higher one is a new order.
    """

    def __init__(self) -> None:
        self._left_at: deque[float] = deque()
        self._held_until = -math.inf
        self._windows: dict[tuple[str, str], _Window] = {}
        self.highest_order_id = 0

    def free_at(self, lane: Lane) -> float:
        """Return when a message of a lane may leave, as far as all messages are limited."""
        count = places(lane)
        if len(self._left_at) < count:
            return self._held_until
        return max(self._held_until, self._left_at[-count] + WINDOW_SECONDS)

    def kind_free_at(self, message: str) -> float:
        """Return when a message may leave, as far as those of its kind are limited."""
        windows = (self._windows.get(key) for key, _limit in _kind_keys(message))
        return max((window.free_at() for window in windows if window), default=-math.inf)

    def take(self, message: str, now: float) -> None:
        """Count a message that leaves."""
        while self._left_at and self._left_at[0] + WINDOW_SECONDS <= now:
            self._left_at.popleft()
        self._left_at.append(now)
        for key, limit in _kind_keys(message):
            if key not in self._windows:
                self._forget_past(now)
                self._windows[key] = _Window(limit)
            self._windows[key].take(now)

    def hold(self, now: float) -> None:
        """Let nothing leave for a window: IBKR has said that it is too much."""
        self._held_until = now + WINDOW_SECONDS

    def _forget_past(self, now: float) -> None:
        past = [key for key, window in self._windows.items() if window.is_past(now)]
        for key in past:
            del self._windows[key]


def _kind_keys(message: str) -> list[tuple[tuple[str, str], Limit]]:
    """Return the windows in which a message counts, beside the one of all, with their limits."""
    kind, _, rest = message.partition("\0")
    keys = []
    for row in _KIND_LIMITS:
        if kind in row.messages:
            # Behind its request id a message says what it asks.
            asked = rest.partition("\0")[2] if row.counted is Counted.IDENTICAL else ""
            keys.append(((row.name, asked), row.limit))
    return keys
