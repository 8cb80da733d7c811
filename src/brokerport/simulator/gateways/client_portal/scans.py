"""Scans of the simulated market: the listed stocks in the order of what their day has brought.

The figures are the market's own at the moment of the scan. A stock that lacks one of them is left
out: there is nothing to rank it by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from attrs import frozen

from brokerport.simulator.exchange.universe import ListedStock
from brokerport.simulator.world import World

ROWS_MAX = 50


@frozen
class Scanned:
    """A stock at the moment of a scan; price per share, volume in shares since the opening."""

    stock: ListedStock
    price: Decimal | None
    previous_close: Decimal | None
    volume: Decimal | None

    @property
    def change_percent(self) -> Decimal | None:
        """The change since the previous close in percent."""
        if self.price is None or not self.previous_close:
            return None
        return (self.price / self.previous_close - 1) * 100

    @property
    def relative_volume(self) -> Decimal | None:
        """The volume as a multiple of an average session's."""
        return None if self.volume is None else self.volume / self.stock.average_volume


@frozen
class ScanType:
    """A way to rank: by ``figure``, largest first unless ``is_ascending``."""

    code: str
    display_name: str
    column: str
    figure: Callable[[Scanned], Decimal | None]
    text: Callable[[Decimal], str]
    is_ascending: bool = False


@frozen
class Filter:
    """A condition on what a scan shows: the figure is at least, or at most, a number."""

    code: str
    display_name: str
    figure: Callable[[Scanned], Decimal | None]
    is_least: bool

    def passes(self, scanned: Scanned, bound: Decimal) -> bool:
        """Say whether a stock passes; one whose figure is unknown does not."""
        figure = self.figure(scanned)
        if figure is None:
            return False
        return figure >= bound if self.is_least else figure <= bound


def shares_text(volume: Decimal) -> str:
    """Return a volume as scans write it: ``221.521K``, ``1.2M``."""
    for limit, letter in ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(1000), "K")):
        if volume >= limit:
            return f"{(volume / limit).quantize(Decimal('0.001')).normalize():f}{letter}"
    return f"{volume.normalize():f}"


def _percent_text(percent: Decimal) -> str:
    return f"{percent:+.2f}%"


def _times_text(multiple: Decimal) -> str:
    return f"{multiple:.2f}"


SCAN_TYPES: Mapping[str, ScanType] = {
    scan.code: scan
    for scan in (
        ScanType(
            "TOP_PERC_GAIN",
            "Top % Gainers",
            "Chg %",
            lambda one: one.change_percent,
            _percent_text,
        ),
        ScanType(
            "TOP_PERC_LOSE",
            "Top % Losers",
            "Chg %",
            lambda one: one.change_percent,
            _percent_text,
            is_ascending=True,
        ),
        ScanType("MOST_ACTIVE", "Most Active", "Volume", lambda one: one.volume, shares_text),
        ScanType(
            "HOT_BY_VOLUME",
            "Hot Contracts by Volume",
            "Vol Rate",
            lambda one: one.relative_volume,
            _times_text,
        ),
    )
}
FILTERS: Mapping[str, Filter] = {
    one.code: one
    for one in (
        Filter("priceAbove", "Price Above", lambda one: one.price, is_least=True),
        Filter("priceBelow", "Price Below", lambda one: one.price, is_least=False),
        Filter("volumeAbove", "Volume Above", lambda one: one.volume, is_least=True),
        Filter("volumeBelow", "Volume Below", lambda one: one.volume, is_least=False),
        Filter(
            "changePercAbove", "Change (%) Above", lambda one: one.change_percent, is_least=True
        ),
        Filter(
            "changePercBelow", "Change (%) Below", lambda one: one.change_percent, is_least=False
        ),
    )
}
ALL_STOCKS = "STK.US.MAJOR"
LOCATIONS: Mapping[str, tuple[str, ...]] = {
    ALL_STOCKS: ("NASDAQ", "NYSE", "ARCA"),
    "STK.NASDAQ": ("NASDAQ",),
    "STK.NYSE": ("NYSE",),
    "STK.ARCA": ("ARCA",),
}
"""Where a scan looks: the listing exchanges of each of IBKR's location codes."""


def scan(
    world: World, scan_type: ScanType, location: str, filters: Mapping[Filter, Decimal]
) -> tuple[tuple[Scanned, Decimal], ...]:
    """Return the stocks of a scan with what they are ranked by, at most 50; equals by symbol."""
    now, exchanges = world.clock.now(), LOCATIONS[location]
    found: list[tuple[Scanned, Decimal]] = []
    for stock in world.listing.stocks:
        row = world.listing.listed(stock.symbol)
        if row.primary_exchange not in exchanges:
            continue
        scanned = _scanned(world, row, now)
        figure = scan_type.figure(scanned)
        if figure is None:
            continue
        if all(one.passes(scanned, bound) for one, bound in filters.items()):
            found.append((scanned, figure))
    sign = 1 if scan_type.is_ascending else -1
    found.sort(key=lambda pair: (sign * pair[1], pair[0].stock.stock.symbol))
    return tuple(found[:ROWS_MAX])


def _scanned(world: World, row: ListedStock, at: datetime) -> Scanned:
    statistics = world.market.statistics(row.stock, at)
    return Scanned(
        row, world.market.last_price(row.stock, at), statistics.previous_close, statistics.volume
    )
