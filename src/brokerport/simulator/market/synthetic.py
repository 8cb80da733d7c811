"""A market that is drawn from a seed: endless, and the same for everyone who has the seed.

Every session of a stock has an overnight gap and a return of its own, drawn from (seed, symbol,
day); their variances add up to the stock's yearly volatility over 252 sessions, a fifth of it
overnight. The price has no expected gain, as options without interest are priced. Levels are
chained from the anchor day, on which the previous close is each stock's reference price: forwards
and backwards, one addition a day, kept as a list. Within a session the price follows a Brownian
bridge.
"""

from __future__ import annotations

import math
from datetime import date
from random import Random
from typing import NamedTuple

from brokerport.domain.errors import BadInput
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.exchange.universe import DEFAULT_UNIVERSE, ListedStock
from brokerport.simulator.market.path_market import PathMarket
from brokerport.simulator.market.paths import LOWEST_PRICE_CENTS, SessionPath, random_path
from brokerport.simulator.market.seeding import key_of

SESSIONS_A_YEAR = 252
OVERNIGHT_SHARE = 0.2
DEFAULT_ANCHOR = date(2026, 1, 5)
DEFAULT_TICK_SECONDS = 5
_VOLUME_DEVIATION = 0.3


class _DayDraw(NamedTuple):
    gap: float
    gain: float
    volume_factor: float
    random: Random


class _Levels(NamedTuple):
    """Logarithms of closes in cents: from the anchor day on, and before it going back."""

    forwards: list[float]
    backwards: list[float]


class _SeededPaths:
    """The paths of a seed; see the module."""

    def __init__(
        self,
        seed: int,
        calendar: TradingCalendar,
        universe: tuple[ListedStock, ...],
        anchor: date,
    ) -> None:
        self._seed = seed
        self._calendar = calendar
        self._universe = universe
        self._rows = {row.stock.symbol: row for row in universe}
        first = calendar.session_on(anchor) or calendar.next_session(anchor)
        self._anchor = calendar.ordinal(first.day)
        self._levels = {
            row.stock.symbol: _Levels([], [math.log(float(row.reference_price) * 100)])
            for row in universe
        }
        self._volatilities = {row.stock.symbol: float(row.annual_volatility) for row in universe}

    @property
    def universe(self) -> tuple[ListedStock, ...]:
        return self._universe

    def path(self, symbol: str, day: date) -> SessionPath:
        drawn = self._draw(symbol, day)
        ordinal = self._calendar.ordinal(day)
        before, after = self._log_close(symbol, ordinal - 1), self._log_close(symbol, ordinal)
        return random_path(
            drawn.random,
            _cents(before + drawn.gap),
            _cents(after),
            round(self._rows[symbol].average_volume * drawn.volume_factor),
            seconds=self._calendar.session_at(ordinal).seconds,
            deviation=self._daily_deviation(symbol) * math.sqrt(1 - OVERNIGHT_SHARE),
        )

    def previous_close(self, symbol: str, day: date) -> int:
        return _cents(self._log_close(symbol, self._calendar.ordinal(day) - 1))

    def volatility(self, symbol: str, day: date) -> float:
        return self._volatilities[symbol]

    def last_day(self, symbol: str) -> date | None:
        return None

    def _log_close(self, symbol: str, ordinal: int) -> float:
        forwards, backwards = self._levels[symbol]
        ahead = ordinal - self._anchor
        if ahead >= 0:
            while len(forwards) <= ahead:
                before = forwards[-1] if forwards else backwards[0]
                forwards.append(before + self._change(symbol, self._anchor + len(forwards)))
            return forwards[ahead]
        back = -ahead - 1
        while len(backwards) <= back:
            later = self._anchor - len(backwards)
            backwards.append(backwards[-1] - self._change(symbol, later))
        return backwards[back]

    def _change(self, symbol: str, ordinal: int) -> float:
        drawn = self._draw(symbol, self._calendar.session_at(ordinal).day)
        return drawn.gap + drawn.gain

    def _draw(self, symbol: str, day: date) -> _DayDraw:
        random = Random(key_of(self._seed, "session", symbol, day.isoformat()))
        deviation = self._daily_deviation(symbol)
        drift = -0.5 * deviation * deviation
        gap = random.gauss(0.0, deviation * math.sqrt(OVERNIGHT_SHARE))
        gain = random.gauss(drift, deviation * math.sqrt(1 - OVERNIGHT_SHARE))
        volume_factor = math.exp(random.gauss(0.0, _VOLUME_DEVIATION))
        return _DayDraw(gap, gain, volume_factor, random)

    def _daily_deviation(self, symbol: str) -> float:
        return self._volatilities[symbol] / math.sqrt(SESSIONS_A_YEAR)


def _cents(log_price: float) -> int:
    return max(round(math.exp(log_price)), LOWEST_PRICE_CENTS)


class SyntheticMarket(PathMarket):
    """The market of a seed.

    ``anchor`` is the day that opens after a close at every reference price: the day a scenario
    starts on. Prices before it are drawn too, for charts.
    """

    def __init__(
        self,
        seed: int,
        calendar: TradingCalendar,
        *,
        universe: tuple[ListedStock, ...] = DEFAULT_UNIVERSE,
        anchor: date = DEFAULT_ANCHOR,
        tick_seconds: int = DEFAULT_TICK_SECONDS,
    ) -> None:
        """Build the market.

        Raises:
            BadInput: no stock, ``tick_seconds`` not 1 to 3600, or an anchor outside the calendar.
        """
        if not universe:
            raise BadInput("universe", universe, "at least one stock")
        source = _SeededPaths(seed, calendar, universe, anchor)
        super().__init__(source, calendar, seed, tick_seconds)
