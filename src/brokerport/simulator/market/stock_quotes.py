"""How a stock's price becomes a displayed quote.

The last trade is the path's price. Bid and ask are whole cents around it, the last on or between
them: one cent apart for a stock below 150 dollars, one more for each 150 above, and now and then
one more. Sizes are round lots. What varies is drawn from 64 bits that belong to the tick.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from brokerport.simulator.exchange.quotes import DisplayedQuote

_SIZES = tuple(Decimal(100 * lots) for lots in (1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10, 12, 15))
_WIDER_EACH_CENTS = 15_000


def dollars(cents: int) -> Decimal:
    """Return whole cents as dollars with two decimals."""
    return Decimal(cents).scaleb(-2)


def stock_quote(last: int, bits: int, at: datetime, sequence: int) -> DisplayedQuote:
    """Return the quote around a last price in cents."""
    spread = 1 + last // _WIDER_EACH_CENTS + (bits & 3 == 0)
    bid = last - (bits >> 2 & 0xFF) % (spread + 1)
    if bid < 1:
        bid = 1
    return DisplayedQuote(
        Decimal(bid).scaleb(-2),
        _SIZES[bits >> 10 & 15],
        Decimal(bid + spread).scaleb(-2),
        _SIZES[bits >> 14 & 15],
        Decimal(last).scaleb(-2),
        _SIZES[bits >> 18 & 7],
        at,
        sequence,
    )
