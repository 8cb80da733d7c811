"""Hearing: what the stream says is taken in one by one, in the order in which it came.

Rules:

- Taking a message in may need a look-up (what is this contract?), during which the next ones wait:
  nothing overtakes.
- The answer to ``tic`` passes here too. All that came before it has been told when its barrier
  ends. Answers come in the order of their questions; one that nobody waits for keeps its place.
- What cannot be taken in is a fault: its owner reads the truth afresh.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from brokerport.adapters.client_portal.brokerage_session import Standing, standing_of
from brokerport.adapters.client_portal.order_events import OrderEvents
from brokerport.adapters.client_portal.stream import Message
from brokerport.adapters.client_portal.translate_orders import Row
from brokerport.adapters.client_portal.translate_times import epoch_milliseconds
from brokerport.domain.errors import BadInput, BrokerportError, NotConnected

ORDERS_TOPIC = "sor"
TRADES_TOPIC = "str"
TIME_TOPIC = "tic"
# Not IBKR's: rows that were read from the list of orders.
LISTED_ORDERS = "listed orders"
WAITING = "waiting for session"


class Hearing:
    """The queue of what was said, and who takes it in; used for one session."""

    def __init__(
        self,
        events: OrderEvents,
        on_standing: Callable[[Standing], None],
        on_fault: Callable[[str], None],
        on_heard: Callable[[], None],
    ) -> None:
        """Tell ``on_heard`` after every message, ``on_fault`` what could not be taken in."""
        self._events = events
        self._on_standing = on_standing
        self._on_fault = on_fault
        self._on_heard = on_heard
        self._queue: asyncio.Queue[Message | asyncio.Future[None]] = asyncio.Queue()
        self._barriers: deque[asyncio.Future[datetime]] = deque()
        self._is_over = False
        self.task = asyncio.create_task(self._take_in(), name="client portal hearing")

    def hear(self, message: Message) -> None:
        """Queue a message."""
        self._queue.put_nowait(message)

    def hear_lists(self, orders: Iterable[Row], trades: Iterable[Row]) -> None:
        """Queue the rows of lists that were read: the fills before what became of the orders."""
        self.hear({"topic": TRADES_TOPIC, "args": list(trades)})
        self.hear({"topic": LISTED_ORDERS, "args": list(orders)})

    def expect_time(self) -> asyncio.Future[datetime]:
        """Return what the answer to the ``tic`` that is sent next will end."""
        barrier: asyncio.Future[datetime] = asyncio.get_running_loop().create_future()
        self._barriers.append(barrier)
        return barrier

    def fail_barriers(self, reason: str) -> None:
        """End every wait for an answer: the stream that it was to come by is gone.

        Its answers that were not taken in yet must not pass for those of the next stream.
        """
        for _ in range(self._queue.qsize()):
            message = self._queue.get_nowait()
            if isinstance(message, asyncio.Future) or message.get("topic") != TIME_TOPIC:
                self._queue.put_nowait(message)
        while self._barriers:
            barrier = self._barriers.popleft()
            if not barrier.done():
                barrier.set_exception(NotConnected(reason))
                # Who gave up waiting does not read it any more.
                barrier.exception()

    async def until_heard(self) -> None:
        """Wait until all that was queued so far has been taken in.

        Raises:
            NotConnected: the session ended.
        """
        if self._is_over:
            raise NotConnected("the session ended")
        marker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(marker)
        await marker

    def end(self) -> None:
        """Take in nothing from now on: nobody would be told, and it would count as told."""
        self._is_over = True
        self.task.cancel()

    async def stop(self) -> None:
        """Take in nothing more."""
        self.end()
        await asyncio.wait([self.task])
        self.fail_barriers("the session ended")
        while not self._queue.empty():
            marker = self._queue.get_nowait()
            if isinstance(marker, asyncio.Future) and not marker.done():
                marker.set_exception(NotConnected("the session ended"))
                marker.exception()

    async def _take_in(self) -> None:
        while True:
            message = await self._queue.get()
            if isinstance(message, asyncio.Future):
                if not message.done():
                    message.set_result(None)
                continue
            try:
                await self._hear(message)
            except (BrokerportError, ValueError) as error:
                self._on_fault(f"what Client Portal said could not be taken in: {error}")
            except Exception as error:
                asyncio.get_running_loop().call_exception_handler(
                    {
                        "message": "brokerport failed on a message of Client Portal's stream",
                        "exception": error,
                    }
                )
                self._on_fault(f"brokerport failed on a message of Client Portal's: {error!r}")
            self._on_heard()

    async def _hear(self, message: Message) -> None:
        topic = message.get("topic")
        arguments = message.get("args")
        if message.get("message") == WAITING:
            self._on_standing(Standing.NO_BRIDGE)
        elif "error" in message:
            self._hear_error(topic, message["error"])
        elif topic == ORDERS_TOPIC:
            await self._hear_each(self._events.hear_order, arguments)
        elif topic == LISTED_ORDERS:
            await self._hear_each(partial(self._events.hear_order, is_listed=True), arguments)
        elif topic == TRADES_TOPIC:
            await self._hear_each(self._events.hear_execution, arguments)
        elif topic == TIME_TOPIC:
            self._hear_time(message)
        elif topic == "sts":
            if isinstance(arguments, Mapping) and "authenticated" in arguments:
                self._on_standing(standing_of(arguments))
        elif topic in ("ntf", "blt"):
            for row in _rows(arguments):
                self._events.notice((topic, row.get("id"), str(row)), _notice_text(row))

    async def _hear_each(self, hear: Callable[[Row], Awaitable[None]], arguments: object) -> None:
        """Take in every row, also those behind one that cannot be."""
        fault: Exception | None = None
        for row in _rows(arguments):
            try:
                await hear(row)
            except (BrokerportError, ValueError) as error:
                fault = error
        if fault is not None:
            raise fault

    def _hear_error(self, topic: object, told: object) -> None:
        text = f"Client Portal's stream says of {topic!r}: {told}"
        if topic in (ORDERS_TOPIC, TRADES_TOPIC):
            self._on_fault(text)
        else:
            self._events.notice(("stream", text), text)

    def _hear_time(self, message: Message) -> None:
        if not self._barriers:
            return
        barrier = self._barriers.popleft()
        if barrier.done():
            return
        try:
            barrier.set_result(epoch_milliseconds(message.get("lastAccessed")))
        except (ValueError, BadInput) as error:
            barrier.set_exception(NotConnected(f"Client Portal's time cannot be read: {error}"))


def _rows(arguments: object) -> list[Mapping[str, Any]]:
    if arguments is None:
        return []
    told = arguments if isinstance(arguments, list) else [arguments]
    rows = [row for row in told if isinstance(row, Mapping)]
    if len(rows) != len(told):
        raise ValueError("a topic's arguments are no objects")
    return rows


def _notice_text(row: Mapping[str, Any]) -> str:
    parts = [str(row[name]) for name in ("title", "text", "message") if row.get(name)]
    return ": ".join(parts) or str(dict(row))
