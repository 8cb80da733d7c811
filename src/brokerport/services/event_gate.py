"""The event gate: nobody hears of what is not yet safe in the journal.

Rules:

- Events leave in the order in which they came in, each when everything appended to the journal
  before it is durable. With nothing waiting to be written an event passes at once.
- A journal that fails holds nothing back: what happened is told, and a notice says that it could
  not be written down. The next failure in a row is not told again.
"""

from __future__ import annotations

import asyncio
from collections import deque

from brokerport.domain.events import BrokerEvent, BrokerNotice
from brokerport.ports.journal import Journal
from brokerport.services.event_bus import Publish


class EventGate:
    """Stands between whatever makes events and the event bus."""

    def __init__(self, journal: Journal, deliver: Publish) -> None:
        self._journal = journal
        self._deliver = deliver
        self._waiting: deque[BrokerEvent] = deque()
        self._published = 0
        self._delivered = 0
        self._moved = asyncio.Event()
        self._failure: str | None = None

    def publish(self, event: BrokerEvent) -> None:
        """Deliver an event as soon as what caused it is durable."""
        if not self._waiting and self._journal.is_durable:
            self._deliver(event)
            return
        self._waiting.append(event)
        self._published += 1
        self._journal.when_durable(self._release_one)

    async def until_empty(self) -> None:
        """Return when every event published before this call has been delivered."""
        last = self._published
        while self._delivered < last:
            self._moved.clear()
            await self._moved.wait()

    def _release_one(self) -> None:
        failure = self._journal.failure
        if failure is not None and failure != self._failure:
            self._deliver(BrokerNotice(None, f"the journal cannot be written: {failure}"))
        self._failure = failure
        if self._waiting:
            self._deliver(self._waiting.popleft())
            self._delivered += 1
            self._moved.set()
