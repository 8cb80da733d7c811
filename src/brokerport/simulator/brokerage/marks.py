"""Mark prices: what the broker values a position at, and what an order would trade at now.

- In a session a stock is marked at its last price, kept within bid and ask; an option half way
  between bid and ask (an absent bid counts as zero). IBKR marks so, "Mark Price", TWS glossary.
- With nothing displayed the mark is the market's last price, or else the last trade the broker saw.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from attrs import frozen

from brokerport.domain.errors import FinalError
from brokerport.domain.instruments import Instrument, Option
from brokerport.simulator.exchange.quotes import DisplayedQuote

_ZERO = Decimal(0)


class NoMarkPrice(FinalError):
    """The market has never shown a price for an instrument whose value is needed."""


class PriceSource(Protocol):
    """What the brokerage needs of a market."""

    def quote(self, instrument: Instrument, at: datetime) -> DisplayedQuote:
        """Return what is on display for ``instrument`` at ``at`` (UTC)."""
        ...

    def last_price(self, instrument: Instrument, at: datetime) -> Decimal | None:
        """Return the last price, in or out of a session; None when there is none."""
        ...


@frozen
class Prices:
    """An instrument's mark, and where a sell (``bid``) or a buy (``ask``) would trade; per share.

    A side with nothing on display stands at the mark.
    """

    mark: Decimal
    bid: Decimal
    ask: Decimal


class Marks:
    """The mark prices of one moment; each instrument is looked up once."""

    def __init__(
        self, market: PriceSource, at: datetime, last_trades: dict[Instrument, Decimal]
    ) -> None:
        self._market = market
        self._at = at
        self._last_trades = last_trades
        self._found: dict[Instrument, Prices | None] = {}

    def find(self, instrument: Instrument) -> Prices | None:
        """Return an instrument's prices, or None when the market never showed any."""
        if instrument not in self._found:
            self._found[instrument] = self._look_up(instrument)
        return self._found[instrument]

    def of(self, instrument: Instrument) -> Prices:
        """Return an instrument's prices.

        Raises:
            NoMarkPrice: the market never showed any.
        """
        prices = self.find(instrument)
        if prices is None:
            raise NoMarkPrice(f"the market has no price for {instrument}")
        return prices

    def last_price(self, instrument: Instrument) -> Decimal:
        """Return the last price, which at a session's close is the closing price.

        Raises:
            NoMarkPrice: there is none.
        """
        last = self._market.last_price(instrument, self._at)
        if last is None:
            raise NoMarkPrice(f"the market has no last price for {instrument}")
        return last

    def _look_up(self, instrument: Instrument) -> Prices | None:
        quote = self._market.quote(instrument, self._at)
        bid, ask = _shown(quote.bid), _shown(quote.ask)
        if bid is None and ask is None:
            last = self._market.last_price(instrument, self._at)
            if last is None:
                last = self._last_trades.get(instrument)
            return None if last is None else Prices(last, last, last)
        if isinstance(instrument, Option):
            mark = ((bid or _ZERO) + ask) / 2 if ask is not None else bid or _ZERO
        else:
            mark = _stock_mark(bid, ask, quote.last)
        return Prices(mark, mark if bid is None else bid, mark if ask is None else ask)


def _shown(price: Decimal | None) -> Decimal | None:
    return price if price is not None and price > 0 else None


def _stock_mark(bid: Decimal | None, ask: Decimal | None, last: Decimal | None) -> Decimal:
    low = ask if bid is None else bid
    high = bid if ask is None else ask
    if low is None or high is None:
        raise NoMarkPrice("neither bid nor ask is on display")
    if last is None:
        return (low + high) / 2
    return min(max(last, low), high)
