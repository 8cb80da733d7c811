"""What a market of paths is made from: for each stock and day, the path of its price."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from brokerport.simulator.exchange.universe import ListedStock
from brokerport.simulator.market.paths import SessionPath


class PathSource(Protocol):
    """Where the paths come from: a seed, or a file.

    ``symbol`` is always one of the universe's and ``day`` one with a session.
    """

    @property
    def universe(self) -> tuple[ListedStock, ...]:
        """The stocks that have paths."""
        ...

    def path(self, symbol: str, day: date) -> SessionPath | None:
        """Return the day's path, or None when the stock did not trade that day."""
        ...

    def previous_close(self, symbol: str, day: date) -> int | None:
        """Return the latest close before the day in cents, or None before the first."""
        ...

    def volatility(self, symbol: str, day: date) -> float:
        """Return the yearly volatility that the day's options are priced with."""
        ...

    def last_day(self, symbol: str) -> date | None:
        """Return the last day on which the stock has a price, or None when there is no end."""
        ...
