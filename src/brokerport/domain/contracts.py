"""What the broker says of an instrument: its contract id, tick size and trading hours."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from attrs import field, frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument, Stock


@frozen
class PriceIncrement:
    """From ``low_edge`` upwards, prices move in steps of ``increment`` (an IBKR market rule)."""

    low_edge: Decimal
    increment: Decimal


def _whole_ladder(_details: object, _attribute: object, value: tuple[PriceIncrement, ...]) -> None:
    edges = [step.low_edge for step in value]
    if not edges or edges[0] != 0 or edges != sorted(edges):
        raise BadInput("price_increments", value, "non-empty, ascending, beginning at zero")
    if any(step.increment <= 0 for step in value):
        raise BadInput("price_increments", value, "steps greater than zero")


@frozen
class ContractDetails:
    """The broker's definition of one instrument.

    ``contract_id`` is IBKR's conid. ``price_increments`` are in ascending order of ``low_edge`` and
    begin at zero. ``exchange_time_zone`` is an IANA name.
    """

    instrument: Instrument
    contract_id: int
    long_name: str
    primary_exchange: str
    price_increments: tuple[PriceIncrement, ...] = field(validator=_whole_ladder)
    exchange_time_zone: str = "America/New_York"

    def tick_size(self, price: Decimal) -> Decimal:
        """Return the smallest price step allowed at ``price``."""
        size = self.price_increments[0].increment
        for step in self.price_increments:
            if price >= step.low_edge:
                size = step.increment
        return size

    def is_on_tick(self, price: Decimal) -> bool:
        """Say whether ``price`` is a whole number of ticks."""
        return price % self.tick_size(price) == 0


@frozen
class OptionChain:
    """The expiries and strikes listed over one underlying for one trading class."""

    underlying: Stock
    trading_class: str
    multiplier: int
    expiries: tuple[date, ...]
    strikes: tuple[Decimal, ...]
