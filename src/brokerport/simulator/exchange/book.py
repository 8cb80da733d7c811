"""One instrument's orders at the exchange, and the liquidity its quote still has on display.

Orders of a side stand in price-time priority: market orders first, then the better limit, then the
earlier arrival. They trade against the displayed quote and never with each other: the market maker
behind the quote is the only counterparty.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from decimal import Decimal
from typing import TypeAlias

from brokerport.domain.order_types import Side, TimeInForce
from brokerport.simulator.exchange.quotes import DisplayedQuote
from brokerport.simulator.exchange.resting_order import RestingOrder, Stage

_ZERO = Decimal(0)
_FIRST = Decimal("-Infinity")

Ranked: TypeAlias = tuple[Decimal, int, RestingOrder]


def _rank(order: RestingOrder) -> Ranked:
    limit = order.limit_price
    if limit is None:
        return (_FIRST, order.arrival, order)
    return (-limit if order.side is Side.BUY else limit, order.arrival, order)


class Book:
    """The working orders and waiting stops of one instrument."""

    __slots__ = ("_left", "_working", "immediate", "newcomers", "sequence", "waiting")

    def __init__(self) -> None:
        self._working: dict[Side, list[Ranked]] = {Side.BUY: [], Side.SELL: []}
        self._left: dict[Side, Decimal] = {Side.BUY: _ZERO, Side.SELL: _ZERO}
        self.waiting: dict[int, RestingOrder] = {}
        self.immediate: dict[int, RestingOrder] = {}
        # The orders that came or changed since the book was last matched.
        self.newcomers: list[RestingOrder] = []
        self.sequence: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no order works or waits here."""
        return not (self._working[Side.BUY] or self._working[Side.SELL] or self.waiting)

    def working(self, side: Side) -> list[Ranked]:
        """Return the working orders of a side, first in priority first."""
        return self._working[side]

    def add(self, order: RestingOrder) -> None:
        """Put an order where it belongs: among the waiting stops or in the queue of its side."""
        self.newcomers.append(order)
        if order.awaits_trigger:
            order.stage = Stage.WAITING
            self.waiting[order.order_id] = order
        else:
            order.stage = Stage.WORKING
            insort(self._working[order.side], _rank(order))
            if order.time_in_force is TimeInForce.IOC:
                self.immediate[order.order_id] = order

    def remove(self, order: RestingOrder) -> None:
        """Take a working or waiting order out; its prices must still be those it was added with."""
        if order.stage is Stage.WAITING:
            del self.waiting[order.order_id]
        else:
            queue = self._working[order.side]
            place = bisect_left(queue, _rank(order))
            if place >= len(queue) or queue[place][2] is not order:
                raise RuntimeError(f"order {order.order_id} is not where its price ranks it")
            del queue[place]
            self.immediate.pop(order.order_id, None)

    def show(self, quote: DisplayedQuote) -> bool:
        """Display a quote, and say whether it is a new one: only that is fresh liquidity."""
        if quote.sequence == self.sequence:
            return False
        self.sequence = quote.sequence
        self._left[Side.BUY] = quote.ask_size or _ZERO
        self._left[Side.SELL] = quote.bid_size or _ZERO
        return True

    def left_for(self, side: Side) -> Decimal:
        """Return how much an order of that side can still take from the quote on display."""
        return self._left[side]

    def take(self, side: Side, quantity: Decimal) -> None:
        """Consume displayed liquidity."""
        self._left[side] -= quantity
