"""The checker: compares three books of a run, and shares no rule with the code that is tested.

What callers were told, what the journal holds, what the exchange has: see ``violations.Kind`` for
all that can be wrong. It knows one excuse: what a broker's record does not show (``sight``).
"""

from __future__ import annotations

from collections.abc import Iterator

from brokerport.dst.check_answers import check_answers
from brokerport.dst.check_fills import check_fills
from brokerport.dst.check_orders import check_orders
from brokerport.dst.exchange_view import ExchangeView
from brokerport.dst.record import Books
from brokerport.dst.sight import Sight
from brokerport.dst.violations import Kind, Violation


def check(books: Books) -> tuple[Violation, ...]:
    """Return everything that is wrong with a run."""
    return tuple(_check(books))


def _check(books: Books) -> Iterator[Violation]:
    exchange = ExchangeView(books)
    sight = Sight(books)
    yield from check_orders(books, exchange, sight)
    yield from check_fills(books, exchange, sight)
    yield from check_answers(books, exchange, books.midnights)
    for reference in books.unwritten:
        yield Violation(Kind.INTENT_NOT_WRITTEN, reference)
    for life in books.lives:
        for detail in life.journal_differs:
            yield Violation(Kind.JOURNAL_DIFFERS, f"client {life.number}: {detail}")
        if life.failure is not None:
            yield Violation(Kind.UNEXPECTED_ERROR, f"client {life.number}: {life.failure}")
    for text in books.loop_errors:
        yield Violation(Kind.UNEXPECTED_ERROR, text)
    if books.stuck is not None:
        yield Violation(Kind.STUCK, books.stuck)
    for text in books.pacing_violations:
        # A process that was started anew cannot know what the one before it has just asked, and
        # what a network held back arrives in a bunch.
        if len(books.lives) == 1 and not books.has_stalled:
            yield Violation(Kind.PACING, text)
    for text in books.gateway_faults:
        yield Violation(Kind.SIMULATOR, text)
