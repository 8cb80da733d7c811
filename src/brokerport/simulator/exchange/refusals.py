"""The exchange's refusals; after one, nothing has changed.

    FinalError
    └── ExchangeRefusal
        ├── OffTick           a price is not a whole number of ticks
        ├── BadQuantity       not a positive whole number, or a total not above what has traded
        ├── DuplicateOrder    a live order has the order id
        └── NoSuchOrder       no live order has this id: unknown, traded in full or cancelled

An instrument that is not listed raises the domain's ``UnknownContract``.
"""

from __future__ import annotations

from brokerport.domain.errors import FinalError


class ExchangeRefusal(FinalError):
    """The exchange refused a request; nothing has changed."""


class OffTick(ExchangeRefusal):
    """A price is not a whole number of ticks."""


class BadQuantity(ExchangeRefusal):
    """A quantity is not a positive whole number, or a total not above what has traded."""


class DuplicateOrder(ExchangeRefusal):
    """A live order has the order id."""


class NoSuchOrder(ExchangeRefusal):
    """No live order has this id."""
