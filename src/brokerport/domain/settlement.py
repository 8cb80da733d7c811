"""Option settlement: whether options that are gone ended as the rules of exercise would have it.

A broker reports the end of an option at expiry as no execution: the option is gone, and either
nothing else moved or shares came or went at the strike. It is explained only if every change of
stock and all of the cash are what exercise and assignment give, to the cent: shares of a call held
and of a put written come in, those of a put held and of a call written go out, ``multiplier`` for
each contract, for ``strike`` each. A short position may be assigned in part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import product

from attrs import frozen

from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.money import CENT

# More ways than these for one underlying are no explanation but a guess.
WAYS_MAX = 2000


@frozen
class Settlement:
    """An option position that ended: so many contracts, and the shares that came or went."""

    option: Option
    quantity: Decimal
    stock_quantity: Decimal

    @property
    def cash(self) -> Decimal:
        """What the account was paid, negative when it paid."""
        return -self.stock_quantity * self.option.strike

    def __str__(self) -> str:
        if not self.stock_quantity:
            return f"{self.quantity} {self.option} expired worthless"
        way = "assigned" if self.quantity < 0 else "exercised"
        moved = "bought" if self.stock_quantity > 0 else "sold"
        stock = f"{abs(self.stock_quantity)} {self.option.underlying}"
        return f"{self.quantity} {self.option} {way}: {stock} {moved} at {self.option.strike}"


def settlements(
    believed: Mapping[Instrument, Decimal],
    actual: Mapping[Instrument, Decimal],
    cash_change: Decimal,
    today: date,
) -> tuple[Settlement, ...] | None:
    """Return how expired options that are gone ended, None when that does not explain all of it.

    ``believed`` and ``actual`` are quantities held; ``cash_change`` is the broker's cash less ours;
    ``today`` is the date at the exchange. Where it explains anything, it explains all of the
    difference in the stocks concerned and in cash.
    """
    gone: dict[Stock, list[tuple[Option, Decimal]]] = {}
    for instrument, quantity in believed.items():
        if isinstance(instrument, Option) and quantity and instrument.expiry <= today:
            if actual.get(instrument, Decimal(0)):
                continue
            stock = Stock(instrument.underlying, instrument.currency)
            gone.setdefault(stock, []).append((instrument, quantity))
    ways: dict[Decimal, tuple[Settlement, ...]] = {Decimal(0): ()}
    for stock, options in sorted(gone.items(), key=lambda entry: entry[0].symbol):
        change = actual.get(stock, Decimal(0)) - believed.get(stock, Decimal(0))
        found = tuple(_ways(options, change))
        ways = {
            cash + sum((one.cash for one in way), Decimal(0)): (*before, *way)
            for cash, before in reversed(ways.items())
            for way in reversed(found)
        }
        if not 0 < len(ways) <= WAYS_MAX:
            return None
    if not gone:
        return None
    return next((way for cash, way in ways.items() if abs(cash - cash_change) < CENT), None)


def _ways(
    options: list[tuple[Option, Decimal]], stock_change: Decimal
) -> Iterator[tuple[Settlement, ...]]:
    """Yield the ways in which these options of one stock can have changed it so."""
    choices = [list(_outcomes(option, quantity)) for option, quantity in options]
    count = 1
    for outcomes in choices:
        count *= len(outcomes)
    if count > WAYS_MAX:
        return
    for way in product(*choices):
        if sum((one.stock_quantity for one in way), Decimal(0)) == stock_change:
            yield way


def _outcomes(option: Option, quantity: Decimal) -> Iterator[Settlement]:
    """Yield what can become of a position: whole first, in part last, and only when short."""
    sign = 1 if (option.right is OptionRight.CALL) == (quantity > 0) else -1
    contracts = abs(quantity)
    yield Settlement(option, quantity, Decimal(0))
    yield Settlement(option, quantity, sign * contracts * option.multiplier)
    if quantity < 0 and contracts <= WAYS_MAX:
        for assigned in range(1, int(contracts)):
            yield Settlement(option, quantity, Decimal(sign * assigned * option.multiplier))
