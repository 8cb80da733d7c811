"""Positions against an independent model that remembers every unit it holds.

The model keeps one entry of cost for each share or contract held, in exact fractions, under the
average cost rule; it shares no formula with the code: it buys and sells one unit at a time.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument
from brokerport.domain.order_types import Side
from brokerport.domain.positions import Position
from tests.support.examples import AAPL, AAPL_PUT, facts
from tests.support.properties import PROPERTY

Fill: TypeAlias = tuple[Side, int, Decimal, Decimal]

prices = st.integers(0, 50_000).map(lambda cents: Decimal(cents) / 100)
commissions = st.integers(-200, 500).map(lambda cents: Decimal(cents) / 100)
fills = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 12), prices, commissions), max_size=12
)
instruments = st.sampled_from([AAPL, AAPL_PUT])

# Decimal keeps 28 digits; a division in the average cost may round the last of them.
TOLERANCE = Fraction(1, 10**15)


class UnitByUnit:
    """A position as a list of units: each is held long or short at a cost."""

    def __init__(self, multiplier: int) -> None:
        self.multiplier = multiplier
        self.direction = 0
        self.costs: list[Fraction] = []
        self.realised = Fraction(0)
        self.cash = Fraction(0)

    def trade(self, fill: Fill) -> None:
        """Trade one unit after the other; each bears its share of the commission."""
        side, quantity, price, commission = fill
        fee = Fraction(commission) / quantity
        value = Fraction(price) * self.multiplier
        for _unit in range(quantity):
            self.cash -= side.sign * value + fee
            if self.direction == -side.sign:
                average = sum(self.costs, Fraction(0)) / len(self.costs)
                # Closing a long unit earns value less cost, a short one what was received.
                self.realised += -side.sign * value - average - fee
                self.costs = [average] * (len(self.costs) - 1)
                self.direction = self.direction if self.costs else 0
            else:
                self.direction = side.sign
                self.costs.append(side.sign * value + fee)

    @property
    def quantity(self) -> int:
        """How many units are held, negative when short."""
        return self.direction * len(self.costs)


def after(instrument: Instrument, history: list[Fill]) -> Position:
    """Return the position after these fills."""
    position = Position(instrument)
    for side, quantity, price, commission in history:
        position = position.after_fill(side, Decimal(quantity), price, commission)
    return position


def close(actual: Decimal, expected: Fraction) -> bool:
    """Say whether two amounts agree to fifteen decimals."""
    return abs(Fraction(actual) - expected) <= TOLERANCE


THROUGH_ZERO: list[Fill] = [
    (Side.BUY, 3, Decimal("10.01"), Decimal(1)),
    (Side.SELL, 7, Decimal("9.99"), Decimal(1)),
    (Side.BUY, 4, Decimal("9.98"), Decimal("0.35")),
]


@PROPERTY
@given(instruments, fills)
@example(AAPL, THROUGH_ZERO)
@example(AAPL_PUT, THROUGH_ZERO)
def test_positions_agree_with_the_unit_by_unit_model(
    instrument: Instrument, history: list[Fill]
) -> None:
    """Quantity, cost basis, average cost and realised profit are those of the naive model."""
    model = UnitByUnit(instrument.multiplier)
    for fill in history:
        model.trade(fill)
    position = after(instrument, history)
    cost = sum(model.costs, Fraction(0))
    assert position.quantity == model.quantity
    assert close(position.cost_basis, cost)
    assert close(position.realised_pnl, model.realised)
    average = cost / model.quantity if model.quantity else Fraction(0)
    assert close(position.average_cost, average)
    assert position.is_flat is (model.quantity == 0)
    assert position.holding.quantity == model.quantity


@PROPERTY
@given(instruments, fills, prices)
def test_cash_and_market_value_are_the_profit(
    instrument: Instrument, history: list[Fill], price: Decimal
) -> None:
    """All cash paid and received, commissions too, plus what is held is the whole profit."""
    cash = Fraction(0)
    for side, quantity, paid, commission in history:
        cash -= side.sign * quantity * Fraction(paid) * instrument.multiplier
        cash -= Fraction(commission)
    position = after(instrument, history)
    held = Fraction(position.quantity) * Fraction(price) * instrument.multiplier
    profit = Fraction(position.realised_pnl) + Fraction(position.unrealised_pnl(price))
    assert abs(cash + held - profit) <= TOLERANCE


@PROPERTY
@given(instruments, fills)
def test_a_flat_position_holds_nothing_at_no_cost(
    instrument: Instrument, history: list[Fill]
) -> None:
    """Closing out leaves exactly zero, not the dust of a division."""
    position = after(instrument, history)
    if not position.is_flat:
        side = Side.SELL if position.quantity > 0 else Side.BUY
        position = position.after_fill(side, abs(position.quantity), Decimal("1.23"), Decimal(1))
    assert position.is_flat
    assert position.cost_basis == 0
    assert position.average_cost == 0


@PROPERTY
@given(instruments, fills)
def test_short_is_the_mirror_of_long(instrument: Instrument, history: list[Fill]) -> None:
    """Without commissions, the opposite trades make the opposite position and profit."""
    free = [(side, quantity, price, Decimal(0)) for side, quantity, price, _commission in history]
    mirrored = [(side.opposite, *rest) for side, *rest in free]
    one, other = after(instrument, free), after(instrument, mirrored)  # type: ignore[arg-type]
    assert one.quantity == -other.quantity
    assert close(one.cost_basis, -Fraction(other.cost_basis))
    assert close(one.realised_pnl, -Fraction(other.realised_pnl))


def test_ibkrs_convention_by_hand() -> None:
    """Opening commission is cost, closing commission lowers the profit, zero splits it."""
    position = after(AAPL_PUT, [(Side.SELL, 2, Decimal("1.50"), Decimal("1.30"))])
    assert position.average_cost == Decimal("149.35")
    assert facts(position.quantity, position.realised_pnl) == (-2, 0)
    closed = position.after_fill(Side.BUY, Decimal(1), Decimal("0.50"), Decimal("0.65"))
    assert closed.realised_pnl == Decimal("149.35") - Decimal("50.65")
    assert facts(closed.quantity, closed.average_cost) == (-1, Decimal("149.35"))
    crossed = closed.after_fill(Side.BUY, Decimal(4), Decimal(1), Decimal("2.60"))
    assert crossed.realised_pnl == closed.realised_pnl + Decimal("149.35") - Decimal("100.65")
    assert facts(crossed.quantity, crossed.average_cost) == (3, Decimal("100.65"))


def test_unrealised_profit_is_before_commission_to_close() -> None:
    """A hundred shares bought at 10 with a dollar of commission are worth 99 more at 11."""
    position = after(AAPL, [(Side.BUY, 100, Decimal(10), Decimal(1))])
    assert position.unrealised_pnl(Decimal(11)) == Decimal(99)


@pytest.mark.parametrize(
    ("field", "quantity", "price"),
    [("quantity", "0", "1"), ("quantity", "-1", "1"), ("price", "1", "-0.01")],
)
def test_a_fill_that_cannot_be_is_refused(field: str, quantity: str, price: str) -> None:
    """Nothing traded, or a price below zero, changes no position."""
    with pytest.raises(BadInput) as refused:
        Position(AAPL).after_fill(Side.BUY, Decimal(quantity), Decimal(price))
    assert refused.value.field == field


def test_an_option_may_end_at_zero() -> None:
    """Expiry closes a short put at price zero and keeps the premium."""
    short = after(AAPL_PUT, [(Side.SELL, 1, Decimal(2), Decimal(1))])
    assert short.after_fill(Side.BUY, Decimal(1), Decimal(0)).realised_pnl == Decimal(199)
