"""What a simulated market answers, whatever its prices come from.

Rules, for every market but the scripted one (whose answers a test sets by hand):

- A market is a pure function of its own settings, the instrument and the time. The order of the
  questions, and what was asked before, change nothing.
- Prices move only while a session is open. The quote changes every tick: the session's opening
  plus a whole number of ticks; within a tick it is the same quote with the same ``sequence``.
- Outside a session nothing is displayed: a quote has a last price but no bid and no ask.
- The close of a session is its path's last price; ``last_price`` gives it from the closing instant
  until the next opening.
- An option's last price is its model price on its tick, at least one tick; from the closing instant
  of its expiry it is what the option is worth exercised, which may be zero. After that day, None.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from attrs import frozen

from brokerport.domain.instruments import Instrument, Option
from brokerport.domain.market_data import Greeks
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.exchange.quotes import DisplayedQuote
from brokerport.simulator.exchange.universe import ListedStock

DAY_SECONDS = 86_400


@frozen
class SessionStatistics:
    """A session so far; prices per share, ``volume`` in shares or contracts; unknown is None."""

    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    previous_close: Decimal | None = None
    volume: Decimal | None = None


@frozen
class Bar:
    """What traded from ``begins_at`` (UTC) on, for the length asked for or to the time asked about.

    ``average`` is the bar's average price, ``volume`` in shares or contracts, ``count`` the number
    of trades. A daily bar begins at its session's opening.
    """

    begins_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    count: int
    average: Decimal


class Market(Protocol):
    """Where the simulated exchange's prices come from."""

    @property
    def universe(self) -> tuple[ListedStock, ...]:
        """The stocks this market has prices for: what a listing should be built from."""
        ...

    def quote(self, instrument: Instrument, at: datetime) -> DisplayedQuote:
        """Return what is displayed at that time; a side with nothing on it is None.

        Raises:
            UnknownContract: the market has no prices for the instrument's symbol.
        """
        ...

    def last_price(self, instrument: Instrument, at: datetime) -> Decimal | None:
        """Return the last price at that time, in or out of a session; None when there is none.

        Raises:
            UnknownContract: the market has no prices for the instrument's symbol.
        """
        ...

    def statistics(self, instrument: Instrument, at: datetime) -> SessionStatistics:
        """Return the figures so far of the session in progress, or of the latest one.

        Raises:
            UnknownContract: the market has no prices for the instrument's symbol.
        """
        ...

    def greeks(self, option: Option, at: datetime) -> Greeks | None:
        """Return the model's sensitivities; None once the option has expired or has no price.

        Raises:
            UnknownContract: the market has no prices for the option's underlying.
        """
        ...

    def bars(
        self,
        instrument: Instrument,
        start: datetime,
        end: datetime,
        bar_seconds: int,
        calendar: TradingCalendar,
    ) -> tuple[Bar, ...]:
        """Return the bars that begin in ``[start, end)``, oldest first, none of them past ``end``.

        Bars begin at a session's opening plus a whole number of ``bar_seconds``; 86400 asks for one
        bar a session. The bar in which ``end`` falls holds only what happened before it.

        Raises:
            BadInput: ``bar_seconds`` is not 1 to 86400, or ``start`` is later than ``end``.
            UnknownContract: the market has no prices for the instrument's symbol.
        """
        ...

    def last_day_of(self, symbol: str) -> date | None:
        """Return the last day on which a stock has prices, or None when there is no end.

        Raises:
            UnknownContract: the market has no prices for the symbol.
        """
        ...

    def reference_prices(self, at: datetime) -> dict[str, Decimal]:
        """Return a price for each symbol of the universe, from which strikes are laid out."""
        ...
