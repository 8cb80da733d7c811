"""Instruments: what can be traded, and the OSI symbol of a listed equity option.

An instrument is a value: two equal descriptions are the same instrument, whatever number a broker
gives it. The broker's own contract id travels beside it, in ``ContractDetails``.

OSI (Options Symbology Initiative, OCC 2010): root padded to 6, expiry yymmdd, ``C`` or ``P``,
strike times 1000 padded to 8: ``AAPL  261218P00250000``.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from attrs import field, frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.money import currency_code, exact_decimal

_SYMBOL = re.compile(r"[A-Z]([A-Z0-9 .]{0,10}[A-Z0-9.])?\Z")
_OSI = re.compile(
    r"(?P<root>[A-Z][A-Z0-9.]{0,5}) *"
    r"(?P<expiry>[0-9]{6})(?P<right>[CP])(?P<strike>[0-9]{8})\Z"
)


def _symbol(value: str) -> str:
    # A trailing blank would make the same share a second, different instrument.
    if not isinstance(value, str) or not _SYMBOL.match(value):
        raise BadInput(
            "symbol",
            value,
            "1 to 12 capital letters, digits, dots or inner spaces, beginning with a letter",
        )
    return value


def _expiry(value: date) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise BadInput("expiry", value, "a date without a time")
    if not 2000 <= value.year <= 2099:
        raise BadInput("expiry", value.isoformat(), "in the years 2000 to 2099 (OSI)")
    return value


def _multiplier(value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise BadInput("multiplier", value, "a whole number greater than zero")
    return value


def _right(value: OptionRight) -> OptionRight:
    if not isinstance(value, OptionRight):
        raise BadInput("right", value, "OptionRight.CALL or OptionRight.PUT")
    return value


def _strike(value: Decimal | int | str) -> Decimal:
    strike = exact_decimal(value, "strike")
    if strike <= 0:
        raise BadInput("strike", value, "greater than zero")
    if strike >= 100_000 or strike != round(strike, 3):
        raise BadInput("strike", value, "below 100,000 with at most three decimals (OSI)")
    return strike.normalize() + 0 if strike != strike.to_integral() else strike.quantize(Decimal(1))


class OptionRight(Enum):
    """The right an option gives: to buy (call) or to sell (put)."""

    CALL = "C"
    PUT = "P"


@frozen
class Stock:
    """A listed share or exchange-traded fund; one unit is one share, prices in ``currency``."""

    symbol: str = field(converter=_symbol)
    currency: str = field(default="USD", converter=currency_code)

    @property
    def multiplier(self) -> int:
        """How many units of the underlying one unit of this instrument stands for."""
        return 1

    def __str__(self) -> str:
        return self.symbol


@frozen
class Option:
    """A listed equity option; one unit is one contract over ``multiplier`` shares.

    Prices are in ``currency`` per share of the underlying, as exchanges quote them; the money that
    changes hands is price times multiplier. ``expiry`` is the exchange's date (New York).
    """

    underlying: str = field(converter=_symbol)
    expiry: date = field(converter=_expiry)
    strike: Decimal = field(converter=_strike)
    right: OptionRight = field(converter=_right)
    multiplier: int = field(default=100, converter=_multiplier)
    currency: str = field(default="USD", converter=currency_code)

    @property
    def symbol(self) -> str:
        """The underlying's symbol, as IBKR names an option contract."""
        return self.underlying

    @property
    def osi_symbol(self) -> str:
        """The 21-character OSI symbol, such as ``AAPL  261218P00250000``.

        Raises:
            BadInput: the root is longer than the six characters that OSI has room for.
        """
        root = self.underlying.replace(" ", "").replace(".", "")
        if len(root) > 6:
            raise BadInput("underlying", self.underlying, "at most six characters in an OSI symbol")
        thousandths = int(self.strike * 1000)
        return f"{root:<6}{self.expiry:%y%m%d}{self.right.value}{thousandths:08d}"

    @classmethod
    def from_osi(cls, text: str) -> Option:
        """Read an OSI symbol; the padding blanks between root and expiry may be missing.

        Raises:
            BadInput: the text is not an OSI symbol, or its expiry is not a date.
        """
        allowed = "an OSI symbol like 'AAPL  261218P00250000'"
        match = _OSI.match(text)
        if match is None:
            raise BadInput("osi_symbol", text, allowed)
        digits = match["expiry"]
        try:
            expiry = date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
        except ValueError:
            raise BadInput("osi_symbol", text, f"{allowed}; the expiry is no date") from None
        return cls(
            underlying=match["root"],
            expiry=expiry,
            strike=Decimal(int(match["strike"])) / 1000,
            right=OptionRight(match["right"]),
        )

    def __str__(self) -> str:
        return f"{self.underlying} {self.expiry:%Y-%m-%d} {self.strike} {self.right.name.lower()}"


Instrument: TypeAlias = Stock | Option
