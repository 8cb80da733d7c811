"""The ledger: each execution once, cash to the last digit, and nothing half booked."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.domain.errors import BadInput
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.instruments import Stock
from brokerport.domain.ledger import Ledger
from brokerport.domain.money import Money, usd
from brokerport.domain.order_types import Side
from brokerport.domain.positions import Position
from tests.support.examples import AAPL, AAPL_PUT, MSFT, execution, facts
from tests.support.properties import PROPERTY

booked = st.builds(
    lambda number, quantity, cents, instrument, side: execution(
        quantity, Decimal(cents) / 100, f"e{number}", instrument=instrument, side=side
    ),
    st.integers(0, 5),
    st.integers(1, 20),
    st.integers(1, 50_000),
    st.sampled_from([AAPL, MSFT, AAPL_PUT]),
    st.sampled_from(Side),
)


def first_of_each(executions: list[Execution]) -> dict[str, Execution]:
    """Return the executions by id, the first one told under each."""
    found: dict[str, Execution] = {}
    for entry in executions:
        found.setdefault(entry.execution_id, entry)
    return found


@PROPERTY
@given(st.lists(booked, max_size=12), st.lists(st.integers(0, 5), max_size=8))
def test_cash_and_quantities_are_the_sum_of_distinct_executions(
    told: list[Execution], charged: list[int]
) -> None:
    """Repeated executions and commissions count once; the rest adds up exactly."""
    ledger = Ledger(usd(100_000))
    for entry in told:
        ledger.enter_execution(entry)
    for number in charged:
        ledger.enter_commission(Commission(f"e{number}", usd(f"1.0{number}")))
    distinct = first_of_each(told)
    cash = Fraction(100_000)
    quantities: dict[object, Fraction] = {}
    for entry in distinct.values():
        sign = 1 if entry.side is Side.BUY else -1
        units = Fraction(entry.quantity) * sign
        cash -= units * Fraction(entry.price) * entry.instrument.multiplier
        quantities[entry.instrument] = quantities.get(entry.instrument, Fraction(0)) + units
    fees = sum((1 + Fraction(number, 100) for number in set(charged)), Fraction(0))
    assert Fraction(ledger.cash.amount) == cash - fees
    assert Fraction(ledger.commissions.amount) == fees
    assert ledger.executions == tuple(distinct.values())
    for instrument in (AAPL, MSFT, AAPL_PUT):
        assert ledger.quantity_of(instrument) == quantities.get(instrument, 0)
    held = {position.instrument for position in ledger.positions()}
    assert held == {instrument for instrument, units in quantities.items() if units}


def test_commissions_are_told_by_execution() -> None:
    """A commission may come before its execution, and is found under its id."""
    ledger = Ledger(usd(100))
    ledger.enter_commission(Commission("e1", usd("0.65")))
    ledger.enter_execution(execution(1, "10", "e1"))
    assert ledger.commission_by_execution == {"e1": usd("0.65")}
    assert ledger.cash == usd("89.35")


def test_a_refused_execution_is_not_half_booked() -> None:
    """An execution in another currency changes nothing, and is still refused the next time."""
    ledger = Ledger(usd(100))
    foreign = execution(1, "10", instrument=Stock("SAP", currency="EUR"))
    for _attempt in range(2):
        with pytest.raises(BadInput, match="'EUR', but must be USD"):
            ledger.enter_execution(foreign)
    assert facts(ledger.cash, ledger.executions, ledger.positions()) == (usd(100), (), ())


def test_a_refused_commission_is_not_half_booked() -> None:
    """A commission in another currency changes nothing, and the right one still counts."""
    ledger = Ledger(usd(100))
    with pytest.raises(BadInput, match="'EUR', but must be USD"):
        ledger.enter_commission(Commission("e1", Money(Decimal(1), "EUR")))
    assert facts(ledger.cash, ledger.commissions) == (usd(100), usd(0))
    ledger.enter_commission(Commission("e1", usd(1)))
    assert ledger.cash == usd(99)


@pytest.mark.parametrize(
    ("opening", "stock_side", "cash", "shares"),
    [
        (Side.SELL, None, "0", 0),
        (Side.SELL, Side.BUY, "-50000", 200),
        (Side.BUY, Side.SELL, "50000", -200),
        (Side.BUY, None, "0", 0),
    ],
)
def test_an_option_ends_at_expiry(
    opening: Side, stock_side: Side | None, cash: str, shares: int
) -> None:
    """Worthless it only leaves; assigned or exercised its shares change hands at the strike."""
    ledger = Ledger(usd(0))
    ledger.enter_execution(execution(2, "1.00", instrument=AAPL_PUT, side=opening))
    premium = ledger.cash
    ledger.enter_option_settlement(AAPL_PUT, stock_side)
    assert ledger.quantity_of(AAPL_PUT) == 0
    assert ledger.quantity_of(AAPL) == shares
    assert ledger.cash == premium + usd(cash)
    settled = ledger.cash
    ledger.enter_option_settlement(AAPL_PUT, stock_side)
    assert facts(ledger.cash, ledger.quantity_of(AAPL)) == (settled, shares)


FIRST, CORRECTED = "0000e0d5.6571a2bc.01.01", "0000e0d5.6571a2bc.01.02"


@PROPERTY
@given(
    st.integers(1, 50),
    st.integers(1, 40_000),
    st.integers(0, 3),
    st.lists(booked, max_size=8, unique_by=lambda entry: entry.execution_id),
)
def test_a_correction_makes_the_books_what_they_would_have_been(
    quantity: int, cents: int, at: int, others: list[Execution]
) -> None:
    """However many fills came between, and through zero: as if it had been right at first."""
    others = [entry for entry in others if entry.instrument != AAPL_PUT]
    wrong = execution(7, "190.00", FIRST, instrument=AAPL)
    right = execution(quantity, Decimal(cents) / 100, CORRECTED, instrument=AAPL)
    corrected, straight = Ledger(usd(100_000)), Ledger(usd(100_000))
    for told, ledger in ((wrong, corrected), (right, straight)):
        for entry in (*others[:at], told, *others[at:]):
            ledger.enter_execution(entry)
        ledger.enter_option_settlement(AAPL_PUT, None)
    corrected.enter_execution(right)
    corrected.enter_execution(wrong)
    assert corrected.cash == straight.cash
    assert corrected.positions() == straight.positions()


def test_a_corrected_commission_takes_the_place_of_the_first() -> None:
    """Cash has paid the later one only, in whichever order they are told again."""
    ledger = Ledger(usd(100))
    ledger.enter_commission(Commission(FIRST, usd("1.00")))
    ledger.enter_commission(Commission(CORRECTED, usd("1.35")))
    ledger.enter_commission(Commission(FIRST, usd("1.00")))
    assert ledger.cash == usd("98.65")
    assert ledger.commission_by_execution == {CORRECTED: usd("1.35")}


def test_a_correction_of_another_instrument_is_refused() -> None:
    """It cannot be of the same fill; nothing is booked."""
    ledger = Ledger(usd(100_000))
    ledger.enter_execution(execution(1, "10", FIRST, instrument=AAPL))
    cash = ledger.cash
    with pytest.raises(BadInput, match="instrument"):
        ledger.enter_execution(execution(1, "10", CORRECTED, instrument=MSFT))
    assert ledger.cash == cash


def test_books_can_begin_with_a_position() -> None:
    """What was held before is part of every later sum, and of a correction's."""
    ledger = Ledger(usd(1_000))
    ledger.open_position(Position(AAPL, Decimal(5), Decimal(500)))
    ledger.enter_execution(execution(5, "110.00", FIRST))
    ledger.enter_execution(execution(6, "110.00", CORRECTED))
    assert ledger.quantity_of(AAPL) == 11
    assert ledger.cash == usd(340)
    with pytest.raises(BadInput, match="position"):
        ledger.open_position(Position(AAPL, Decimal(1)))


def test_cash_moves_without_a_trade() -> None:
    """A dividend comes in, a withdrawal goes out."""
    ledger = Ledger(usd(100))
    ledger.enter_cash(usd("2.50"))
    ledger.enter_cash(usd("-50"))
    assert ledger.cash == usd("52.50")
