"""Money: an exact amount in a named currency, and the rounding rules of a brokerage statement."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from attrs import field, frozen

from brokerport.domain.errors import BadInput

CENT = Decimal("0.01")

_CURRENCY = re.compile(r"[A-Z]{3}\Z")


def exact_decimal(value: Decimal | int | str, field_name: str = "value") -> Decimal:
    """Turn an int, str or Decimal into a finite Decimal.

    Floats are refused, because a float price is already a rounded price.

    Raises:
        BadInput: the value is a float, a bool, not a number, or not finite.
    """
    allowed = "a finite Decimal, int or decimal string (not a float)"
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise BadInput(field_name, value, allowed)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise BadInput(field_name, value, allowed) from None
    if not number.is_finite():
        raise BadInput(field_name, value, allowed)
    return number


def to_cents(amount: Decimal) -> Decimal:
    """Round an amount to whole cents, half away from zero, as a brokerage statement does."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _amount(value: Decimal | int | str) -> Decimal:
    return exact_decimal(value, "amount")


def currency_code(value: str) -> str:
    """Check that a text is a currency's ISO 4217 code.

    Raises:
        BadInput: it is not three capital letters.
    """
    if not isinstance(value, str) or not _CURRENCY.match(value):
        raise BadInput("currency", value, "a three-letter ISO 4217 code in capitals, like 'USD'")
    return value


@frozen(order=False)
class Money:
    """An exact amount in one currency; amounts in different currencies never mix."""

    amount: Decimal = field(converter=_amount)
    currency: str = field(default="USD", converter=currency_code)

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same_currency(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same_currency(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(self.amount * factor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same_currency(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same_currency(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same_currency(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same_currency(other)

    def __str__(self) -> str:
        return f"{to_cents(self.amount):,.2f} {self.currency}"

    def rounded(self) -> Money:
        """Return the amount rounded to whole cents, half away from zero."""
        return Money(to_cents(self.amount), self.currency)

    def _same_currency(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise BadInput("currency", other.currency, f"{self.currency}, the other amount's own")
        return other.amount


def usd(amount: Decimal | int | str) -> Money:
    """Return an amount of US dollars."""
    return Money(exact_decimal(amount, "amount"), "USD")
