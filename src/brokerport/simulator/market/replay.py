"""A market that replays daily bars from a file.

Rules:

- Only the file's symbols are listed, and of them those with a row on or after the first day.
- Each session follows its row's open, high, low and close (``paths.path_through_bar``); sizes and
  spreads are drawn from the seed.
- A day that the file lacks for a symbol is a session without quotes: nothing is displayed, and the
  last price stays the latest close.
- After a symbol's last row its quotes are empty, with no last price, and asking for its last price
  is an error: nobody should go on valuing a position at a price that has ended.
- Options are priced with the realised volatility of the 60 closes before the day, or as many as
  there are; a stock's first 20 days use that of its first 21 closes. A symbol needs 21 rows.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Stock
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.exchange.option_ids import SLOTS
from brokerport.simulator.exchange.universe import DEFAULT_UNIVERSE, ListedStock
from brokerport.simulator.market.path_market import PathMarket
from brokerport.simulator.market.paths import SessionPath, path_through_bar
from brokerport.simulator.market.replay_file import DailyBar, read_replay_file
from brokerport.simulator.market.synthetic import DEFAULT_TICK_SECONDS, SESSIONS_A_YEAR

SHORTEST_WINDOW, LONGEST_WINDOW = 20, 60
LOWEST_VOLATILITY = 0.01
_FIRST_FREE_ID = 1_000_000_000


class _FilePaths:
    """The paths of a file's rows; see the module."""

    def __init__(
        self,
        rows: dict[str, tuple[DailyBar, ...]],
        universe: tuple[ListedStock, ...],
        calendar: TradingCalendar,
        tick_seconds: int,
    ) -> None:
        self._rows = rows
        self._universe = universe
        self._calendar = calendar
        self._tick_seconds = tick_seconds
        self._days = {symbol: [row.day for row in bars] for symbol, bars in rows.items()}
        self._volatilities: dict[tuple[str, date], float] = {}

    @property
    def universe(self) -> tuple[ListedStock, ...]:
        return self._universe

    def path(self, symbol: str, day: date) -> SessionPath | None:
        index = bisect_left(self._days[symbol], day)
        bars = self._rows[symbol]
        if index == len(bars) or bars[index].day != day:
            return None
        bar = bars[index]
        ordinal = self._calendar.ordinal(day)
        return path_through_bar(
            bar.open,
            bar.high,
            bar.low,
            bar.close,
            bar.volume,
            seconds=self._calendar.session_at(ordinal).seconds,
            tick_seconds=self._tick_seconds,
        )

    def previous_close(self, symbol: str, day: date) -> int | None:
        index = bisect_left(self._days[symbol], day)
        return self._rows[symbol][index - 1].close if index else None

    def volatility(self, symbol: str, day: date) -> float:
        known = self._volatilities.get((symbol, day))
        if known is None:
            end = max(bisect_left(self._days[symbol], day), SHORTEST_WINDOW + 1)
            closes = [row.close for row in self._rows[symbol][max(end - LONGEST_WINDOW, 0) : end]]
            known = self._volatilities[symbol, day] = realised_volatility(closes)
        return known

    def last_day(self, symbol: str) -> date | None:
        return self._days[symbol][-1]


def realised_volatility(closes: list[int]) -> float:
    """Return the yearly volatility of a run of closes: of their daily logarithmic returns.

    Never less than 1%, so that options on a price that stood still have a price.

    Raises:
        BadInput: there are fewer than three closes.
    """
    returns = [math.log(later / earlier) for earlier, later in pairwise(closes)]
    if len(returns) < 2:
        raise BadInput("closes", closes, "three or more")
    mean = sum(returns) / len(returns)
    variance = sum((value - mean) ** 2 for value in returns) / (len(returns) - 1)
    return max(math.sqrt(variance * SESSIONS_A_YEAR), LOWEST_VOLATILITY)


class ReplayMarket(PathMarket):
    """The market of a file of daily bars."""

    def __init__(
        self,
        path: Path,
        calendar: TradingCalendar,
        *,
        from_date: date | None = None,
        seed: int = 0,
        tick_seconds: int = DEFAULT_TICK_SECONDS,
    ) -> None:
        """Read the file and begin on ``from_date``, or on its first day.

        Rows before ``from_date`` serve for volatilities and historical bars.

        Raises:
            BadInput: the file cannot be read or something in it is not allowed, a symbol has fewer
                than 21 rows, no row is on or after ``from_date``, or ``tick_seconds`` is not 1 to
                3600.
        """
        rows = read_replay_file(path, calendar)
        last_day = max(bars[-1].day for bars in rows.values())
        if from_date is not None and from_date > last_day:
            raise BadInput("replay.from_date", from_date.isoformat(), f"{last_day} or earlier")
        if from_date is not None:
            rows = {symbol: bars for symbol, bars in rows.items() if bars[-1].day >= from_date}
        for symbol, bars in rows.items():
            if len(bars) <= SHORTEST_WINDOW:
                raise BadInput(
                    f"{path.name} rows of {symbol}", len(bars), f"{SHORTEST_WINDOW + 1} or more"
                )
        begin = from_date or min(bars[0].day for bars in rows.values())
        self._first_day = min(row.day for bars in rows.values() for row in bars if row.day >= begin)
        self._last_day = last_day
        universe = _universe_of(rows)
        super().__init__(
            _FilePaths(rows, universe, calendar, tick_seconds), calendar, seed, tick_seconds
        )

    @property
    def first_day(self) -> date:
        """The first day with a row, from ``from_date`` on."""
        return self._first_day

    @property
    def last_day(self) -> date:
        """The last day with a row."""
        return self._last_day


def _universe_of(rows: dict[str, tuple[DailyBar, ...]]) -> tuple[ListedStock, ...]:
    """Return the file's stocks: as the default universe has them, or else with made-up ids.

    The ids of the unknown are handed out in the symbols' order, and the option slots that no known
    stock has, from the highest down; when they run out, the rest have no options.
    """
    known = {row.stock.symbol: row for row in DEFAULT_UNIVERSE}
    taken = {row.option_slot for row in DEFAULT_UNIVERSE}
    free = iter([slot for slot in range(SLOTS - 1, -1, -1) if slot not in taken])
    universe: list[ListedStock] = []
    for number, (symbol, bars) in enumerate(rows.items()):
        row = known.get(symbol)
        if row is None:
            average_volume = sum(bar.volume for bar in bars) // len(bars)
            row = ListedStock(
                stock=Stock(symbol),
                contract_id=_FIRST_FREE_ID + number,
                long_name=symbol,
                primary_exchange="NYSE",
                industry="",
                category="",
                subcategory="",
                reference_price=max(Decimal(bars[0].open).scaleb(-2), Decimal(1)),
                annual_volatility=Decimal(f"{realised_volatility([b.close for b in bars]):.4f}"),
                average_volume=max(average_volume, 1),
                option_slot=next(free, None),
            )
        universe.append(row)
    return tuple(universe)
