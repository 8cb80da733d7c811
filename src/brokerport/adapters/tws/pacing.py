"""Pacing: which message may leave now, cancels first, then orders, then reads.

IBKR drops clients that send more than 50 messages a second (code 100). ib_async holds back too, but
first in, first out, so that a cancel waits behind a hundred reads; and it wakes up at the instant
at which it still sees the second as full, which on a clock that only moves with the events is never
left.

Rules:

- Cancels leave before orders and changes, those before reads; each lane in its own order. While
  one lane waits, nothing of those behind it leaves.
- A cancel never overtakes what waits for its own order: TWS would not find the order, or bring the
  cancelled one to life with new terms. It follows a new order at its place, for order ids must
  rise; and it takes a waiting change of terms with it to the front.
- A what-if is an order here: it has an order id, which must not come after a higher one.
- Reads leave a part of the places free, and orders a smaller one, so that a cancel does not wait
  behind either. A lane that has more to send than it may leaves evenly from then on, not in bursts:
  a place is then free again after one slot, not after a second.
- A read whose kind is exhausted (historical data) is passed by others.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable

from attrs import frozen

from brokerport.adapters.tws import allowance as allowances
from brokerport.adapters.tws.allowance import Allowance, Lane

PLACE_ORDER, CANCEL_ORDER = "3", "4"


@frozen(eq=False)
class _Waiting:
    message: str
    on_due: Callable[[], None]
    # 0 for what is about no order
    order_id: int = 0


class Pacing:
    """The messages of one socket that wait to leave, in three lanes."""

    def __init__(self, allowance: Allowance | None = None) -> None:
        self._allowance = Allowance() if allowance is None else allowance
        self._lanes: dict[Lane, deque[_Waiting]] = {lane: deque() for lane in Lane}
        self._is_even = dict.fromkeys(Lane, False)
        self._last_left_at = dict.fromkeys(Lane, -math.inf)

    def add(self, message: str, on_due: Callable[[], None] = lambda: None) -> None:
        """Queue a message in its lane; ``on_due`` is called when it is taken out to leave."""
        fields = message.split("\0", 3)
        if fields[0] == PLACE_ORDER:
            # placeOrder has had no version field since server version 145.
            self._lanes[Lane.ORDER].append(_Waiting(message, on_due, int(fields[1])))
        elif fields[0] == CANCEL_ORDER:
            self._add_cancel(_Waiting(message, on_due, int(fields[2])))
        else:
            self._lanes[Lane.READ].append(_Waiting(message, on_due))

    def due(self, now: float) -> list[str]:
        """Take out, in order, the messages that may leave now (seconds of any steady clock)."""
        messages = []
        for lane, waiting in self._lanes.items():
            while waiting and self._free_at(lane) <= now:
                one = self._next_of(waiting, now)
                if one is None:
                    break
                waiting.remove(one)
                self._leave(lane, one, now)
                messages.append(one.message)
                one.on_due()
            self._is_even[lane] = bool(waiting) and lane is not Lane.CANCEL
            if waiting:
                break
        return messages

    @property
    def next_due_at(self) -> float | None:
        """When the next message may leave, or None when none waits."""
        for lane, waiting in self._lanes.items():
            if waiting:
                return self._due_at(lane, waiting)
        return None

    def hold(self, now: float) -> None:
        """Let nothing leave for a second: IBKR has said that it is too much."""
        self._allowance.hold(now)

    def _add_cancel(self, cancel: _Waiting) -> None:
        orders = self._lanes[Lane.ORDER]
        own = [one for one in orders if one.order_id == cancel.order_id]
        if own and cancel.order_id > self._allowance.highest_order_id:
            orders.insert(orders.index(own[-1]) + 1, cancel)
            return
        for change in own:
            orders.remove(change)
        self._lanes[Lane.CANCEL].extend([*own, cancel])

    def _due_at(self, lane: Lane, waiting: Iterable[_Waiting]) -> float:
        free_at, kind_free_at = self._free_at(lane), math.inf
        for one in waiting:
            kind_free_at = min(kind_free_at, self._kind_free_at(one))
            if kind_free_at <= free_at:
                break
        return max(free_at, kind_free_at)

    def _free_at(self, lane: Lane) -> float:
        free_at = self._allowance.free_at(lane)
        if not self._is_even[lane]:
            return free_at
        slot_seconds = allowances.WINDOW_SECONDS / allowances.places(lane)
        return max(free_at, self._last_left_at[lane] + slot_seconds)

    def _kind_free_at(self, one: _Waiting) -> float:
        return self._allowance.kind_free_at(one.message)

    def _next_of(self, waiting: deque[_Waiting], now: float) -> _Waiting | None:
        return next((one for one in waiting if self._kind_free_at(one) <= now), None)

    def _leave(self, lane: Lane, one: _Waiting, now: float) -> None:
        self._allowance.take(one.message, now)
        self._last_left_at[lane] = now
        highest = max(self._allowance.highest_order_id, one.order_id)
        self._allowance.highest_order_id = highest
