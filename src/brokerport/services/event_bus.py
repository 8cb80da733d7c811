"""The event bus: what happened, told in order to everyone who listens.

Nothing is dropped: a stream keeps every event until it is read or closed, and what happened while
the session was being opened, before anyone could listen, is told first to every listener.

A listener for one order hears of that order alone, so that a thousand waits for a thousand orders
cost a thousand deliveries, not a million.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from brokerport.domain.events import BrokerEvent, OrderChanged

Publish: TypeAlias = Callable[[BrokerEvent], None]


class EventStream:
    """One listener's events, oldest first; iterate with ``async for``, end with ``close``."""

    def __init__(self, bus: EventBus, client_order_id: str | None) -> None:
        self.client_order_id = client_order_id
        self._bus = bus
        self._events: deque[BrokerEvent] = deque()
        self._arrived = asyncio.Event()
        self._closed = False

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> BrokerEvent:
        while not self._events:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._events.popleft()

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def drain(self) -> tuple[BrokerEvent, ...]:
        """Take every event that has arrived and is not read yet, without waiting."""
        events = tuple(self._events)
        self._events.clear()
        return events

    def close(self) -> None:
        """Stop listening; what has arrived can still be read, then the iteration ends."""
        self._closed = True
        self._arrived.set()
        self._bus.unsubscribe(self)

    def deliver(self, event: BrokerEvent) -> None:
        """Append an event; called by the bus alone."""
        self._events.append(event)
        self._arrived.set()


class EventBus:
    """Tells every open stream each event, in the order in which they happened."""

    def __init__(self) -> None:
        # By the order they listen for; those of None hear everything.
        self._streams: dict[str | None, dict[EventStream, None]] = {}
        self._opening: list[BrokerEvent] = []
        self._is_opening = True
        self._is_closed = False

    def subscribe(self, client_order_id: str | None = None) -> EventStream:
        """Return a stream of every event from now on; the first also hears the opening's events.

        With a ``client_order_id`` it is a stream of that order's changes from now on, nothing else.
        A stream of a closed bus has ended already.
        """
        stream = EventStream(self, client_order_id)
        if client_order_id is None:
            for event in self._opening:
                stream.deliver(event)
            if not self._is_opening:
                # Hours later the opening's news would be stale.
                self._opening.clear()
        if self._is_closed:
            stream.close()
        else:
            self._streams.setdefault(client_order_id, {})[stream] = None
        return stream

    def unsubscribe(self, stream: EventStream) -> None:
        """Stop telling a stream."""
        streams = self._streams.get(stream.client_order_id, {})
        streams.pop(stream, None)
        if not streams:
            self._streams.pop(stream.client_order_id, None)

    def end_opening(self) -> None:
        """Keep no more events for streams to come: the session is open."""
        self._is_opening = False

    def publish(self, event: BrokerEvent) -> None:
        """Tell every stream that listens for it."""
        if self._is_opening:
            self._opening.append(event)
        for stream in self._streams.get(None, ()):
            stream.deliver(event)
        if isinstance(event, OrderChanged):
            for stream in self._streams.get(str(event.order.client_order_id), ()):
                stream.deliver(event)

    def close(self) -> None:
        """End every stream once it has been read out."""
        self._is_closed = True
        for stream in [stream for streams in self._streams.values() for stream in streams]:
            stream.close()
