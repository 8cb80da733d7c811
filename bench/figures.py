"""Figures and the plain table they are shown in."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Sequence
from statistics import median


def percentile(values: Iterable[float], fraction: float) -> float:
    """Return the smallest value that at least ``fraction`` of the values do not exceed."""
    ranked = sorted(values)
    return ranked[max(math.ceil(fraction * len(ranked)) - 1, 0)]


def ratio(value: float, base: float) -> str:
    """Write a value as a multiple of the base line."""
    return f"{value / base:.2f}"


def milliseconds(seconds: float) -> str:
    """Write a duration in milliseconds."""
    return f"{seconds * 1000:.2f}"


def median_ratio(values: Sequence[float], bases: Sequence[float]) -> float:
    """Return the median of the ratios taken round by round, so that a slow round weighs on both."""
    return median(value / base for value, base in zip(values, bases, strict=True))


def show(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: the first column to the left, figures to the right."""
    lines = [list(headings), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(headings))]
    print(f"\n{title}")
    for number, line in enumerate(lines):
        first, *rest = line
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def show_machine() -> None:
    """Print what the figures were taken on."""
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")
