"""Small replay files for tests, and where the real one lies when there is one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from brokerport.simulator.exchange.calendar import TradingCalendar
from tests.support.repository import ROOT

HEADER = "symbol,date,open,high,low,close,volume"

# Real daily bars, handed to this project beside the repository; not part of it.
SHARED_FILE = ROOT.parent / "shared" / "data" / "daily_ohlcv.csv"


def rows_of(
    symbol: str, calendar: TradingCalendar, first: date, count: int, *, base: int = 10_000
) -> list[str]:
    """Return rows of gently rising days: opens at the base, ends a little higher, in dollars."""
    sessions = calendar.sessions(first, date(first.year + 2, 1, 1))[:count]
    rows: list[str] = []
    for number, session in enumerate(sessions):
        open_ = base + 10 * number + 7 * (number % 3)
        prices = (open_, open_ + 150, open_ - 120, open_ + 30 * (-1) ** number)
        cells = ",".join(f"{price / 100:.2f}" for price in prices)
        rows.append(f"{symbol},{session.day},{cells},{1000 * (number + 1)}")
    return rows


def write(path: Path, rows: Iterable[str], header: str = HEADER) -> Path:
    """Write a replay file and return where it is."""
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path
