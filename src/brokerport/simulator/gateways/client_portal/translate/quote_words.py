"""Numbers of a quote as the portal's texts."""

from __future__ import annotations

from decimal import Decimal

_HUNDREDTH = Decimal("0.01")
_TENTH = Decimal("0.1")
_THOUSAND = 1000
_UNITS = ("", "K", "M", "B")


def price_text(price: Decimal) -> str:
    """Return a price exactly, with two decimals or more: "270.50"."""
    exponent = price.normalize().as_tuple().exponent
    decimals = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{price:.{decimals}f}"


def signed_price_text(price: Decimal) -> str:
    """Return a change of price with its sign: "+1.10"; none is "0.00"."""
    return f"+{price_text(price)}" if price > 0 else price_text(price)


def percent_text(fraction: Decimal) -> str:
    """Return a fraction as a percentage rounded to hundredths: "0.64%"."""
    return f"{(fraction * 100).quantize(_HUNDREDTH):f}%"


def exact_percent_text(fraction: Decimal) -> str:
    """Return a fraction as a percentage, exactly: "25%"."""
    return f"{(fraction * 100).normalize():f}%"


def size_text(size: Decimal) -> str:
    """Return a size with its thousands apart: "1,300"."""
    return f"{int(size):,}" if size == size.to_integral_value() else f"{size.normalize():,f}"


def volume_text(volume: Decimal) -> str:
    """Return a volume in short: "950", "12.3K", "1.2M"."""
    scaled, unit = volume, 0
    while abs(scaled.quantize(_TENTH)) >= _THOUSAND and unit < len(_UNITS) - 1:
        scaled, unit = scaled / _THOUSAND, unit + 1
    if unit == 0:
        return f"{volume.normalize():f}"
    return f"{scaled.quantize(_TENTH):f}{_UNITS[unit]}"


def plain_text(number: Decimal) -> str:
    """Return a number exactly, without an exponent."""
    return f"{number:f}"
