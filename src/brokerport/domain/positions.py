"""Positions: quantity, average cost and realised profit, long, short and through zero.

IBKR's convention (TWS API ``position`` and ``updatePortfolio``): the average cost of one unit takes
in the multiplier and the commission paid to open; a closing trade realises its proceeds, less the
cost of what it closed, less its own commission; a trade through zero is a close and then an open,
its commission shared in proportion to the quantities.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument
from brokerport.domain.order_types import Side

ZERO = Decimal(0)


@frozen
class Holding:
    """What a broker says an account holds of one instrument; ``quantity`` is negative when short.

    ``average_cost`` is of one share or contract in the instrument's currency, multiplier and
    opening commission included. A report that nothing is held any more has quantity zero.
    """

    instrument: Instrument
    quantity: Decimal
    average_cost: Decimal


@frozen
class Position:
    """A position as whoever keeps its books builds it, fill by fill; negative when short.

    ``cost_basis`` is what was paid for the whole of it in the instrument's currency (negative when
    short: what was received). ``realised_pnl`` is the profit booked so far, after commissions.
    """

    instrument: Instrument
    quantity: Decimal = ZERO
    cost_basis: Decimal = ZERO
    realised_pnl: Decimal = ZERO

    @property
    def is_flat(self) -> bool:
        """Whether nothing is held."""
        return self.quantity == 0

    @property
    def average_cost(self) -> Decimal:
        """The cost of one share or contract, multiplier and commission included; 0 when flat."""
        return ZERO if self.is_flat else self.cost_basis / self.quantity

    @property
    def holding(self) -> Holding:
        """The position as a broker would report it."""
        return Holding(self.instrument, self.quantity, self.average_cost)

    def unrealised_pnl(self, price: Decimal) -> Decimal:
        """Return the profit if all were closed at ``price`` per share, before commission."""
        return self.quantity * price * self.instrument.multiplier - self.cost_basis

    def after_fill(
        self, side: Side, quantity: Decimal, price: Decimal, commission: Decimal = ZERO
    ) -> Position:
        """Return the position after a fill at ``price`` per share.

        Raises:
            BadInput: the quantity is not positive, or the price is negative.
        """
        if quantity <= 0:
            raise BadInput("quantity", quantity, "greater than zero")
        if price < 0:
            raise BadInput("price", price, "zero or more")
        change = side.sign * quantity
        closing = min(quantity, abs(self.quantity)) if change * self.quantity < 0 else ZERO
        opening = quantity - closing
        closing_commission = commission * closing / quantity
        position = self
        if closing:
            position = self._closed(side, closing, price, closing_commission)
        if opening:
            cost = side.sign * opening * price * self.instrument.multiplier
            position = evolve(
                position,
                quantity=position.quantity + side.sign * opening,
                cost_basis=position.cost_basis + cost + (commission - closing_commission),
            )
        return position

    def _closed(
        self, side: Side, quantity: Decimal, price: Decimal, commission: Decimal
    ) -> Position:
        remaining = self.quantity + side.sign * quantity
        # A full close must leave exactly nothing behind, which a division could not promise.
        released = (
            self.cost_basis if remaining == 0 else self.cost_basis * quantity / abs(self.quantity)
        )
        proceeds = -side.sign * quantity * price * self.instrument.multiplier
        return evolve(
            self,
            quantity=remaining,
            cost_basis=self.cost_basis - released,
            realised_pnl=self.realised_pnl + proceeds - released - commission,
        )
