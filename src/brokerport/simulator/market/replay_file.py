"""Reads the daily bars that a replay follows from a CSV file.

The file: UTF-8 text with a header line; columns symbol, date, open, high, low, close, volume in any
order, others ignored. Dates are ISO (2015-08-24) and days the exchange was open; prices are US
dollars per share, unadjusted, rounded here to whole cents (half up); volume is whole shares. Rows
may come in any order, one for each symbol and day. What is wrong is refused whole, with the file,
line, column, value and what is allowed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from attrs import frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Stock
from brokerport.domain.money import exact_decimal
from brokerport.simulator.exchange.calendar import TradingCalendar

COLUMNS = ("symbol", "date", "open", "high", "low", "close", "volume")


@frozen
class DailyBar:
    """One stock's day in a replay file; prices in cents, volume in shares."""

    day: date
    open: int
    high: int
    low: int
    close: int
    volume: int


def read_replay_file(path: Path, calendar: TradingCalendar) -> dict[str, tuple[DailyBar, ...]]:
    """Return each symbol's bars, oldest first.

    Raises:
        BadInput: the file cannot be read, or something in it is not allowed.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = _read(path.name, file, calendar)
    except OSError as error:
        raise BadInput("replay.path", str(path), f"a readable file ({error.strerror})") from None
    except UnicodeDecodeError:
        raise BadInput("replay.path", str(path), "a text file in UTF-8") from None
    except csv.Error as error:
        raise BadInput("replay.path", str(path), f"a CSV file ({error})") from None
    if not found:
        raise BadInput("replay.path", str(path), "a file with at least one row below its header")
    return {
        symbol: tuple(bars[day] for day in sorted(bars)) for symbol, bars in sorted(found.items())
    }


def _read(
    name: str, lines: Iterator[str], calendar: TradingCalendar
) -> dict[str, dict[date, DailyBar]]:
    reader = csv.reader(lines, strict=True)
    header = [column.strip().lower() for column in next(reader, [])]
    for column in COLUMNS:
        if header.count(column) != 1:
            raise BadInput(
                f"{name} line 1", ",".join(header), f"a header with one column {column!r}"
            )
    places = {column: header.index(column) for column in COLUMNS}
    found: dict[str, dict[date, DailyBar]] = {}
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(header):
            raise BadInput(
                f"{name} line {reader.line_num}",
                ",".join(cells),
                f"{len(header)} columns, as in the header",
            )
        row = _Row(
            f"{name} line {reader.line_num}",
            {column: cells[place].strip() for column, place in places.items()},
        )
        symbol, bar = row.symbol(), row.bar(calendar)
        bars = found.setdefault(symbol, {})
        if bar.day in bars:
            raise row.refusal("date", f"a day with no other row of {symbol}")
        bars[bar.day] = bar
    return found


@frozen
class _Row:
    """One line of the file, and where it is."""

    place: str
    cells: dict[str, str]

    def refusal(self, column: str, allowed: str) -> BadInput:
        return BadInput(f"{self.place} column {column}", self.cells[column], allowed)

    def symbol(self) -> str:
        try:
            return Stock(self.cells["symbol"]).symbol
        except BadInput as error:
            raise self.refusal("symbol", error.allowed) from None

    def bar(self, calendar: TradingCalendar) -> DailyBar:
        day = self._day(calendar)
        high, low = self._cents("high"), self._cents("low")
        if high < low:
            raise self.refusal("high", f"at least the low, {self.cells['low']}")
        for column in ("open", "close"):
            if not low <= self._cents(column) <= high:
                low_text, high_text = self.cells["low"], self.cells["high"]
                raise self.refusal(column, f"between the low {low_text} and the high {high_text}")
        return DailyBar(day, self._cents("open"), high, low, self._cents("close"), self._volume())

    def _day(self, calendar: TradingCalendar) -> date:
        allowed = "a date like 2015-08-24"
        try:
            day = date.fromisoformat(self.cells["date"])
        except ValueError:
            raise self.refusal("date", allowed) from None
        if day.isoformat() != self.cells["date"]:
            raise self.refusal("date", allowed)
        if not calendar.sessions(day, day):
            first, last = calendar.first_session.day, calendar.last_session.day
            raise self.refusal(
                "date", f"a day on which the exchange was open, from {first} to {last}"
            )
        return day

    def _cents(self, column: str) -> int:
        allowed = "a price of 0.01 or more, like 105.43"
        try:
            price = exact_decimal(self.cells[column])
        except BadInput:
            raise self.refusal(column, allowed) from None
        cents = int((price * 100).to_integral_value(ROUND_HALF_UP))
        if cents < 1:
            raise self.refusal(column, allowed)
        return cents

    def _volume(self) -> int:
        allowed = "a whole number of shares, 0 or more"
        try:
            volume = exact_decimal(self.cells["volume"])
        except BadInput:
            raise self.refusal("volume", allowed) from None
        if volume < 0 or volume != volume.to_integral_value():
            raise self.refusal("volume", allowed)
        return int(Decimal(volume))
