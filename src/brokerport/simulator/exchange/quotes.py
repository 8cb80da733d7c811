"""What the exchange needs to know of prices: the quote on display, and who shows it.

A quote's ``sequence`` names one display of liquidity. Two answers for an instrument with the same
sequence are the same quote with the same shares on offer; what was taken from it stays taken. A new
sequence is fresh liquidity.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from attrs import frozen

from brokerport.domain.instruments import Instrument


@frozen
class DisplayedQuote:
    """The best bid and offer on display for one instrument at ``at`` (UTC).

    Prices are in the instrument's currency per share; sizes are shares for a stock and contracts
    for an option. A side with nothing on it is None. ``sequence`` grows within an instrument
    whenever the display changes.
    """

    bid: Decimal | None
    bid_size: Decimal | None
    ask: Decimal | None
    ask_size: Decimal | None
    last: Decimal | None
    last_size: Decimal | None
    at: datetime
    sequence: int


class QuoteSource(Protocol):
    """Whoever shows quotes: a pure function of instrument and time."""

    def quote(self, instrument: Instrument, at: datetime) -> DisplayedQuote:
        """Return what is on display for ``instrument`` at ``at`` (UTC)."""
        ...
