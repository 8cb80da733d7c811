"""A market whose every answer a test sets by hand.

Time does not matter: what was set stands until it is set again. Each ``set_quote`` is a new
sequence: fresh liquidity. What was never set is an empty quote, no price, no greeks and no bars.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from attrs import evolve, frozen

from brokerport.domain.errors import BadInput, UnknownContract
from brokerport.domain.instruments import Instrument, Option
from brokerport.domain.market_data import Greeks
from brokerport.domain.money import exact_decimal
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.exchange.quotes import DisplayedQuote
from brokerport.simulator.exchange.universe import DEFAULT_UNIVERSE, ListedStock
from brokerport.simulator.market.market import Bar, SessionStatistics

Number: TypeAlias = Decimal | int | str


@frozen
class _Scripted:
    """What was set for one instrument; see ``DisplayedQuote``."""

    sequence: int
    bid: Decimal | None = None
    bid_size: Decimal | None = None
    ask: Decimal | None = None
    ask_size: Decimal | None = None
    last: Decimal | None = None
    last_size: Decimal | None = None


class ScriptedMarket:
    """A market that shows what a test told it to."""

    def __init__(
        self,
        universe: tuple[ListedStock, ...] = DEFAULT_UNIVERSE,
        reference_prices: Mapping[str, Decimal] | None = None,
    ) -> None:
        """Begin with nothing displayed.

        ``reference_prices`` replace the universe's own where given.
        """
        self._universe = universe
        self._symbols = {row.stock.symbol for row in universe}
        self._reference_prices = {row.stock.symbol: row.reference_price for row in universe}
        self._reference_prices.update(reference_prices or {})
        self._quotes: dict[Instrument, _Scripted] = {}
        self._greeks: dict[Option, Greeks] = {}
        self._statistics: dict[Instrument, SessionStatistics] = {}
        self._bars: dict[tuple[Instrument, int], tuple[Bar, ...]] = {}
        self._sequence = 0

    @property
    def universe(self) -> tuple[ListedStock, ...]:
        """The stocks this market may be given prices for."""
        return self._universe

    def set_quote(
        self,
        instrument: Instrument,
        bid: Number | None,
        ask: Number | None,
        bid_size: Number = 100,
        ask_size: Number = 100,
        last: Number | None = None,
        last_size: Number = 100,
    ) -> None:
        """Display a quote; a price of None leaves that side empty.

        Prices are per share, sizes in shares or contracts. ``last`` None keeps the last price.

        Raises:
            BadInput: a price or size is not positive, or the bid is above the ask.
            UnknownContract: the instrument's symbol is not in the universe.
        """
        self._check(instrument)
        before = self._quotes.get(instrument, _Scripted(0))
        bid_price, ask_price = _positive("bid", bid), _positive("ask", ask)
        if bid_price is not None and ask_price is not None and bid_price > ask_price:
            raise BadInput("bid", bid_price, f"no higher than the ask, {ask_price}")
        made = evolve(
            before,
            bid=bid_price,
            bid_size=None if bid_price is None else _positive("bid_size", bid_size),
            ask=ask_price,
            ask_size=None if ask_price is None else _positive("ask_size", ask_size),
        )
        if last is not None:
            made = evolve(
                made, last=_positive("last", last), last_size=_positive("last_size", last_size)
            )
        self._sequence += 1
        self._quotes[instrument] = evolve(made, sequence=self._sequence)

    def clear(self, instrument: Instrument) -> None:
        """Take the instrument's quote away, its last price too.

        Raises:
            UnknownContract: the instrument's symbol is not in the universe.
        """
        self._check(instrument)
        self._sequence += 1
        self._quotes[instrument] = _Scripted(self._sequence)

    def set_greeks(self, option: Option, greeks: Greeks) -> None:
        """Set what ``greeks`` answers for an option."""
        self._check(option)
        self._greeks[option] = greeks

    def set_statistics(self, instrument: Instrument, statistics: SessionStatistics) -> None:
        """Set what ``statistics`` answers for an instrument."""
        self._check(instrument)
        self._statistics[instrument] = statistics

    def set_bars(self, instrument: Instrument, bar_seconds: int, bars: Iterable[Bar]) -> None:
        """Set the bars of that length that ``bars`` chooses from."""
        self._check(instrument)
        chosen = sorted(bars, key=lambda bar: bar.begins_at)
        self._bars[instrument, bar_seconds] = tuple(chosen)

    def quote(self, instrument: Instrument, at: datetime) -> DisplayedQuote:
        """Return the quote that was set, as of the time asked."""
        self._check(instrument)
        known = self._quotes.get(instrument, _Scripted(0))
        return DisplayedQuote(
            known.bid,
            known.bid_size,
            known.ask,
            known.ask_size,
            known.last,
            known.last_size,
            at,
            known.sequence,
        )

    def last_price(self, instrument: Instrument, at: datetime) -> Decimal | None:
        """Return the last price that was set, else the midpoint, else None."""
        self._check(instrument)
        known = self._quotes.get(instrument, _Scripted(0))
        if known.last is not None:
            return known.last
        if known.bid is None or known.ask is None:
            return None
        return (known.bid + known.ask) / 2

    def statistics(self, instrument: Instrument, at: datetime) -> SessionStatistics:
        """Return the figures that were set, or none of them."""
        self._check(instrument)
        return self._statistics.get(instrument, SessionStatistics())

    def greeks(self, option: Option, at: datetime) -> Greeks | None:
        """Return the greeks that were set, or None."""
        self._check(option)
        return self._greeks.get(option)

    def bars(
        self,
        instrument: Instrument,
        start: datetime,
        end: datetime,
        bar_seconds: int,
        calendar: TradingCalendar,
    ) -> tuple[Bar, ...]:
        """Return those of the bars that were set which begin in ``[start, end)``."""
        self._check(instrument)
        known = self._bars.get((instrument, bar_seconds), ())
        return tuple(bar for bar in known if start <= bar.begins_at < end)

    def last_day_of(self, symbol: str) -> date | None:
        """Return None: a price that was set stands until another is."""
        self._check_symbol(symbol)
        return None

    def reference_prices(self, at: datetime) -> dict[str, Decimal]:
        """Return the reference prices it was built with."""
        return dict(self._reference_prices)

    def _check(self, instrument: Instrument) -> None:
        self._check_symbol(instrument.symbol)

    def _check_symbol(self, symbol: str) -> None:
        if symbol not in self._symbols:
            raise UnknownContract(f"the market has no prices for {symbol!r}")


def _positive(name: str, value: Number | None) -> Decimal | None:
    if value is None:
        return None
    number = exact_decimal(value, name)
    if number <= 0:
        raise BadInput(name, number, "greater than zero")
    return number
