"""Delivering events: after the books agree, in order, and never one inside another.

What happens during a public call (an *operation*) is queued, and delivered when the outermost
operation ends. A subscriber may start an operation of its own: its events are queued behind.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from brokerport.simulator.brokerage.events import BrokerageEvent

Subscriber: TypeAlias = Callable[[BrokerageEvent], None]


class Outbox:
    """The events on their way to the subscribers."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []
        self._queue: deque[BrokerageEvent] = deque()
        self._depth = 0
        self._is_delivering = False

    def subscribe(self, callback: Subscriber) -> None:
        """Deliver every event from now on to ``callback`` as well."""
        self._subscribers.append(callback)

    def unsubscribe(self, callback: Subscriber) -> None:
        """Deliver no more to ``callback``; raises ValueError if it never subscribed."""
        self._subscribers.remove(callback)

    def put(self, event: BrokerageEvent) -> None:
        """Queue an event."""
        self._queue.append(event)

    @contextmanager
    def operation(self) -> Iterator[None]:
        """Deliver what was queued when the outermost operation ends without an error."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._depth == 0 and not self._is_delivering:
            self._deliver()

    def _deliver(self) -> None:
        self._is_delivering = True
        try:
            while self._queue:
                event = self._queue.popleft()
                for subscriber in tuple(self._subscribers):
                    subscriber(event)
        finally:
            self._is_delivering = False
