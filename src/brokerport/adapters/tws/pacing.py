"""Pacing: what may leave now, orders first.

IBKR drops clients that send more than 50 messages a second (code 100). ib_async holds back too, but
first in, first out, so that a cancel waits behind a hundred reads; and it wakes up at the instant
at which it still sees the second as full, which on a clock that only moves with the events is never
left.

Rules:

- At most ``MESSAGES_PER_SECOND_MAX`` leave in any second.
- Orders, changes and cancels leave before anything else that waits, and in their own order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

MESSAGES_PER_SECOND_MAX = 45
WINDOW_SECONDS = 1.0

# placeOrder, cancelOrder
ORDER_MESSAGES = frozenset({"3", "4"})


class Pacing:
    """Two lanes of messages, and when the last ones left."""

    def __init__(self) -> None:
        self._orders: deque[tuple[str, Callable[[], None]]] = deque()
        self._others: deque[tuple[str, Callable[[], None]]] = deque()
        self._left_at: deque[float] = deque()

    def add(self, message: str, on_due: Callable[[], None] = lambda: None) -> None:
        """Queue a message in its lane; ``on_due`` is called when it is taken out to leave."""
        kind = message.partition("\0")[0]
        (self._orders if kind in ORDER_MESSAGES else self._others).append((message, on_due))

    def due(self, now: float) -> list[str]:
        """Take out, in order, the messages that may leave now (seconds of any steady clock)."""
        while self._left_at and self._left_at[0] + WINDOW_SECONDS <= now:
            self._left_at.popleft()
        messages = []
        while len(self._left_at) < MESSAGES_PER_SECOND_MAX and (self._orders or self._others):
            lane = self._orders or self._others
            message, on_due = lane.popleft()
            messages.append(message)
            self._left_at.append(now)
            on_due()
        return messages

    @property
    def next_due_at(self) -> float | None:
        """When the next message may leave, or None when none waits."""
        if not self._orders and not self._others:
            return None
        return self._left_at[0] + WINDOW_SECONDS
