"""Quotes and greeks, as they stood at a moment; what the market does not show is None."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum

from attrs import frozen

from brokerport.domain.instruments import Instrument


class MarketDataKind(Enum):
    """How fresh a quote is, in IBKR's four market data types."""

    LIVE = 1
    FROZEN = 2
    DELAYED = 3
    DELAYED_FROZEN = 4


@frozen
class Greeks:
    """An option model's sensitivities, per share of the underlying.

    ``implied_volatility`` is a yearly fraction (0.25 is 25 %), ``theta`` is per calendar day and
    ``vega`` per percentage point of volatility, as IBKR shows them. ``underlying_price`` is what
    the model assumed and ``model_price`` what it made of that; None where the API does not say
    (Client Portal).
    """

    delta: Decimal
    gamma: Decimal
    theta: Decimal
    vega: Decimal
    implied_volatility: Decimal
    underlying_price: Decimal | None = None
    model_price: Decimal | None = None


@frozen
class Quote:
    """The best bid and offer of one instrument at ``as_of`` (UTC).

    Prices are in the instrument's currency per share; sizes are shares for a stock and contracts
    for an option. A side with nothing on it is None.
    """

    instrument: Instrument
    as_of: datetime
    bid: Decimal | None = None
    bid_size: Decimal | None = None
    ask: Decimal | None = None
    ask_size: Decimal | None = None
    last: Decimal | None = None
    last_size: Decimal | None = None
    close: Decimal | None = None
    volume: Decimal | None = None
    greeks: Greeks | None = None
    kind: MarketDataKind = MarketDataKind.LIVE

    @property
    def mid(self) -> Decimal | None:
        """Halfway between bid and ask, or None when a side is empty."""
        if self.bid is None or self.ask is None:
            return None
        return (self.bid + self.ask) / 2
