"""Numbers: Client Portal's floats and texts into exact Decimals.

Rules:

- a JSON float came as decimal text; the shortest text that gives the same float back (``repr``) is
  the text that came. A number that was parsed as a Decimal is taken as it is;
- texts carry signs of their own: thousands separators (``1,005,254 USD``), an abbreviated size
  (``1.2M``), a percent sign, and ``C`` (the prior close) or ``H`` (halted) before a last price;
- IBKR's ways of saying "no value" (null, an empty text, NaN, the largest double) become None;
- anything else is no number: it raises, for a guess would be a wrong price.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation

from attrs import frozen

from brokerport.domain.money import Money

_LARGEST_DOUBLE = Decimal(repr(1.7976931348623157e308))
_PLAIN = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d+)?\Z", re.ASCII)
# What most numbers look like; none so short stands for "no value".
_SIMPLE = re.compile(r"-?\d{1,18}(\.\d{1,18})?\Z", re.ASCII)
_ABBREVIATED = re.compile(r"(?P<digits>.+?)(?P<unit>[KMB])\Z")
_UNITS = {"K": Decimal(10**3), "M": Decimal(10**6), "B": Decimal(10**9)}
_MONEY = re.compile(r"(?P<amount>[+-]?[\d.,]+) (?P<currency>[A-Z]{3})( \(.*\))?\Z")

PRIOR_CLOSE = "C"
HALTED = "H"


def optional_number(value: object) -> Decimal | None:
    """Return a number exactly as it was written, or None when it stands for no value.

    Raises:
        ValueError: it is neither.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str) and _SIMPLE.match(value) is not None:
        return Decimal(value.rstrip("0").rstrip(".") if "." in value else value)
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is not a number")
    if isinstance(value, Decimal | int):
        number = Decimal(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            return None
        number = Decimal(repr(value))
    elif isinstance(value, str):
        number = _from_text(value)
    else:
        raise ValueError(f"{value!r} is not a number")
    if not number.is_finite() or abs(number) >= _LARGEST_DOUBLE:
        return None
    return _plain(number)


def number(value: object, name: str) -> Decimal:
    """Return a number that must be there.

    Raises:
        ValueError: it stands for no value, or is no number.
    """
    found = optional_number(value)
    if found is None:
        raise ValueError(f"{name} has no value")
    return found


def optional_size(value: object) -> Decimal | None:
    """Return a size, abbreviated (``1.2M``) or not; what was rounded away stays unknown.

    Raises:
        ValueError: it is no number.
    """
    match = _ABBREVIATED.match(value) if isinstance(value, str) else None
    if match is None:
        return optional_number(value)
    return _plain(number(match["digits"], "size") * _UNITS[match["unit"]])


def is_abbreviated(value: object) -> bool:
    """Say whether a size was rounded to be short."""
    return isinstance(value, str) and _ABBREVIATED.match(value) is not None


def optional_percentage(value: object) -> Decimal | None:
    """Return a percentage (``25.3%``, or 25.3) as a fraction (0.253).

    Raises:
        ValueError: it is no number.
    """
    found = optional_number(value.removesuffix("%") if isinstance(value, str) else value)
    return None if found is None else _plain(found / 100)


@frozen
class LastPrice:
    """A last price as snapshot field 31 tells it, with what its prefix says."""

    price: Decimal | None
    is_prior_close: bool = False
    is_halted: bool = False


def last_price(value: object) -> LastPrice:
    """Read a last price: ``123.45``, ``C123.45`` (the prior close), ``H123.45`` (halted).

    Raises:
        ValueError: it is no price.
    """
    if isinstance(value, str) and value[:1] in (PRIOR_CLOSE, HALTED):
        return LastPrice(
            optional_number(value[1:]),
            is_prior_close=value[0] == PRIOR_CLOSE,
            is_halted=value[0] == HALTED,
        )
    return LastPrice(optional_number(value))


def optional_money(value: object) -> Money | None:
    """Read money written out, such as ``1,977.60 USD (10 Shares)``; None when there is none.

    Raises:
        ValueError: it is a text of another form, or names no currency.
    """
    if value is None or value == "":
        return None
    match = _MONEY.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not an amount of money with its currency")
    return Money(number(match["amount"], "amount"), match["currency"])


def contract_id(value: object) -> int:
    """Read a conid, an int in some answers and a text in others.

    Raises:
        ValueError: it is no positive whole number.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{value!r} is not a contract id")
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError(f"{value!r} is not a contract id")
    found = int(value)
    if found <= 0:
        raise ValueError(f"{value!r} is not a contract id")
    return found


def _from_text(text: str) -> Decimal:
    if _PLAIN.match(text) is None:
        raise ValueError(f"{text!r} is not a number")
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None


def _plain(number: Decimal) -> Decimal:
    if number == number.to_integral_value():
        return number.quantize(Decimal(1)) if abs(number) < Decimal(10) ** 20 else number
    return Decimal(format(number.normalize(), "f"))
