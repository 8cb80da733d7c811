"""Reconciliation finds every difference that is seeded, and no other."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument
from brokerport.domain.money import Money, usd
from brokerport.domain.reconciliation import (
    AccountBook,
    CashMismatch,
    Discrepancy,
    ExecutionMismatch,
    MissingExecution,
    PositionMismatch,
    UnknownExecution,
    reconcile,
)
from tests.support.examples import AAPL, AAPL_PUT, MSFT
from tests.support.properties import PROPERTY

Figures: TypeAlias = tuple[Decimal, Decimal, Decimal]

numbers = st.integers(-1000, 1000).map(lambda cents: Decimal(cents) / 100)
figures = st.tuples(numbers, numbers, numbers)
quantities = st.dictionaries(st.sampled_from([AAPL, MSFT, AAPL_PUT]), numbers)
executions = st.dictionaries(st.sampled_from(["e1", "e2", "e3", "e4"]), figures)
books = st.builds(
    lambda cash, held, done: AccountBook("gen", usd(cash), held, done),
    numbers,
    quantities,
    executions,
)


def seeded(
    book: AccountBook,
    cash: Decimal,
    moved: dict[Instrument, Decimal],
    lost: set[str],
    invented: dict[str, Figures],
    altered: dict[str, tuple[int, Decimal]],
) -> tuple[AccountBook, list[Discrepancy]]:
    """Return the broker's book with these differences, and what they should be called."""
    expected: list[Discrepancy] = []
    actual_cash = book.cash + usd(cash)
    if cash:
        expected.append(CashMismatch("gen", book.cash, actual_cash))
    held = dict(book.quantities)
    for instrument, change in moved.items():
        before = held.get(instrument, Decimal(0))
        held[instrument] = before + change
        if change:
            expected.append(PositionMismatch("gen", instrument, before, before + change))
    done = dict(book.executions)
    for execution_id in lost & set(done):
        del done[execution_id]
        expected.append(UnknownExecution("gen", execution_id))
    for execution_id, (index, change) in altered.items():
        if execution_id in done and change:
            parts = list(done[execution_id])
            parts[index] += change
            changed = (parts[0], parts[1], parts[2])
            expected.append(ExecutionMismatch("gen", execution_id, done[execution_id], changed))
            done[execution_id] = changed
    for execution_id, entry in invented.items():
        done[execution_id] = entry
        expected.append(MissingExecution("gen", execution_id))
    return AccountBook("gen", actual_cash, held, done), expected


@PROPERTY
@given(
    books,
    numbers,
    st.dictionaries(st.sampled_from([AAPL, MSFT, AAPL_PUT]), numbers),
    st.sets(st.sampled_from(["e1", "e2", "e3", "e4"])),
    st.dictionaries(st.sampled_from(["e5", "e6"]), figures),
    st.dictionaries(
        st.sampled_from(["e1", "e2", "e3", "e4"]), st.tuples(st.integers(0, 2), numbers)
    ),
)
def test_every_seeded_difference_is_found_and_no_other(
    book: AccountBook,
    cash: Decimal,
    moved: dict[Instrument, Decimal],
    lost: set[str],
    invented: dict[str, Figures],
    altered: dict[str, tuple[int, Decimal]],
) -> None:
    """Cash, quantities, lost, invented and altered executions: each difference, exactly once."""
    actual, expected = seeded(book, cash, moved, lost, invented, altered)
    found = reconcile(book, actual)
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


@PROPERTY
@given(books)
def test_equal_books_have_no_difference(book: AccountBook) -> None:
    """A book agrees with itself, and a position of zero is as good as none."""
    assert reconcile(book, book) == ()
    flat = evolve(book, quantities={AAPL: Decimal(0), **book.quantities})
    assert reconcile(book, flat) == ()


@pytest.mark.parametrize("cash", [usd("100.001"), Money(Decimal(100), "EUR")])
def test_a_difference_below_a_cent_or_in_currency_shows(cash: Money) -> None:
    """There is no tolerance, and the text does not round the difference away."""
    (found,) = reconcile(AccountBook("gen", usd(100)), AccountBook("gen", cash))
    believed, actual = str(found).split(" believed, ")
    assert isinstance(found, CashMismatch)
    assert believed.removeprefix("gen: cash ") != actual.removesuffix(" actual")


def test_books_of_two_accounts_are_not_compared() -> None:
    """One account's book says nothing about another's."""
    with pytest.raises(BadInput, match="'rev', but must be 'gen'"):
        reconcile(AccountBook("gen", usd(1)), AccountBook("rev", usd(1)))


def test_a_difference_tells_itself() -> None:
    """Every kind of difference names the account, what it is about, and both sides."""
    figures_of = (Decimal(1), Decimal("2.5"), Decimal("0.65"))
    other = (Decimal(2), Decimal("2.5"), Decimal("0.65"))
    texts = {
        str(PositionMismatch("gen", AAPL, Decimal(1), Decimal(2))),
        str(MissingExecution("gen", "e1")),
        str(UnknownExecution("gen", "e2")),
        str(ExecutionMismatch("gen", "e3", figures_of, other)),
    }
    assert all(text.startswith("gen: ") for text in texts)
    assert len(texts) == 4
    assert any("AAPL position 1 believed, 2 actual" in text for text in texts)
