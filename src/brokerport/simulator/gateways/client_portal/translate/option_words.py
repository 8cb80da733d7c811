"""Options in the portal's words: "JAN26" for a month, "JAN 09 '26 260 Put" for a contract."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from brokerport.domain.instruments import Instrument, Option, OptionRight

_MONTHS = (
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
)  # fmt: skip
_MONTH_LENGTH = 5


def month_text(day: date) -> str:
    """Return the month of a date, as "JAN26"."""
    return f"{_MONTHS[day.month - 1]}{day:%y}"


def months_text(days: Iterable[date]) -> str:
    """Return the months of some dates, each once, in their order: "JAN26;FEB26"."""
    return ";".join(dict.fromkeys(month_text(day) for day in days))


def read_month(text: str) -> tuple[int, int] | None:
    """Return the year and month of "JAN26", in any case; None when it is no such text."""
    name, year = text[:3].upper(), text[3:]
    if len(text) != _MONTH_LENGTH or name not in _MONTHS:
        return None
    if not year.isascii() or not year.isdigit():
        return None
    return 2000 + int(year), _MONTHS.index(name) + 1


def number_text(number: Decimal) -> str:
    """Return a number without an exponent or needless zeros: "187.5", "260"."""
    whole = number == number.to_integral_value()
    return f"{int(number)}" if whole else f"{number.normalize():f}"


def right_word(right: OptionRight) -> str:
    """Return "Call" or "Put"."""
    return right.name.capitalize()


def option_text(option: Option) -> str:
    """Return what IBKR shows of an option beside its symbol: "JAN 09 '26 260 Put"."""
    expiry = option.expiry
    return (
        f"{_MONTHS[expiry.month - 1]} {expiry:%d} '{expiry:%y} "
        f"{number_text(option.strike)} {right_word(option.right)}"
    )


def contract_description(instrument: Instrument) -> str:
    """Return an instrument in one line: "AAPL", or "AAPL JAN 09 '26 260 Put"."""
    if isinstance(instrument, Option):
        return f"{instrument.symbol} {option_text(instrument)}"
    return instrument.symbol
