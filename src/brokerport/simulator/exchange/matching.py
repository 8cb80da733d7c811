"""Matching one book against the quote on display.

- A stop that the quote triggers joins the queue of its side at once.
- In priority order, each order trades at the quote, at most what is left on display there, and
  never at a price worse than its limit. What is left over waits for the next sequence.
- An immediate-or-cancel order that has had its turn is cancelled.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from brokerport.domain.order_types import Side
from brokerport.simulator.exchange.book import Book
from brokerport.simulator.exchange.events import CancelReason
from brokerport.simulator.exchange.quotes import DisplayedQuote
from brokerport.simulator.exchange.resting_order import RestingOrder, Stage
from brokerport.simulator.exchange.tape import Tape
from brokerport.simulator.exchange.triggers import is_triggered


def match_book(book: Book, quote: DisplayedQuote, tape: Tape, at: datetime) -> list[RestingOrder]:
    """Trade what can trade of ``book`` against ``quote``; return the orders that are done."""
    is_new = book.show(quote)
    candidates = list(book.waiting.values()) if is_new else list(book.newcomers)
    for order in candidates:
        if order.stage is Stage.WAITING and is_triggered(order, quote):
            book.remove(order)
            order.is_triggered = True
            book.add(order)
            tape.triggered(order, at)
    book.newcomers.clear()
    done: list[RestingOrder] = []
    _match_side(book, Side.BUY, quote.ask, tape, at, done)
    _match_side(book, Side.SELL, quote.bid, tape, at, done)
    for order in list(book.immediate.values()):
        book.remove(order)
        order.stage = Stage.DONE
        done.append(order)
        tape.cancelled(order, CancelReason.IMMEDIATE_OR_CANCEL, at)
    return done


def _match_side(
    book: Book,
    side: Side,
    price: Decimal | None,
    tape: Tape,
    at: datetime,
    done: list[RestingOrder],
) -> None:
    # A price of zero is an empty side: nobody sells for nothing.
    if price is None or price <= 0:
        return
    queue = book.working(side)
    while queue:
        order, left = queue[0][2], book.left_for(side)
        if left <= 0 or not order.accepts(price):
            return
        quantity = min(order.remaining, left)
        book.take(side, quantity)
        order.traded += quantity
        if order.remaining == 0:
            book.remove(order)
            order.stage = Stage.DONE
            done.append(order)
        tape.traded(order, quantity, price, at)
