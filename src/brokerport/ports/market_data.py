"""The market data port: quotes."""

from __future__ import annotations

from typing import Protocol

from brokerport.domain.instruments import Instrument
from brokerport.domain.market_data import Quote


class MarketDataPort(Protocol):
    """Quotes at the broker."""

    async def quote(self, instrument: Instrument) -> Quote:
        """Read the best bid and offer now, with greeks for an option where the broker has them.

        Raises:
            UnknownContract: the broker knows no such instrument.
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
        """
        ...
