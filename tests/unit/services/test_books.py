"""One live ledger for each account: what is journalled is booked, and what is read back goes on."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from brokerport.adapters.journal.memory import MemoryJournal, MemoryStorage
from brokerport.domain.executions import Commission
from brokerport.domain.journal import (
    BaselineRecorded,
    CommissionRecorded,
    ExecutionRecorded,
    JournalEntry,
    OrderRecorded,
    ReleaseRecorded,
)
from brokerport.domain.journal_fold import recorded_book
from brokerport.domain.money import Money, usd
from brokerport.domain.positions import Holding
from brokerport.services.books import LedgerKeeper
from tests.support.examples import AAPL, MSFT, NOON, execution, submitted

BASELINE = BaselineRecorded(usd(1000), (Holding(MSFT, Decimal(2), Decimal(400)),), (), NOON, "x")
FILL = ExecutionRecorded(execution(2, "100.00", "0000aaaa.1.01.01"))
COMMISSION = CommissionRecorded(Commission("0000aaaa.1.01.01", usd("1.00")))


def kept(*entries: JournalEntry) -> tuple[LedgerKeeper, MemoryStorage]:
    """Return a keeper that was given these, and what it journalled."""
    storage = MemoryStorage()
    keeper = LedgerKeeper(MemoryJournal(storage))
    for entry in entries:
        if isinstance(entry, BaselineRecorded):
            keeper.begin("gen", entry)
        else:
            keeper.append("gen", entry)
    return keeper, storage


def figures(keeper: LedgerKeeper) -> tuple[Money, Decimal, Decimal]:
    """Return cash and the two holdings of the examples."""
    books = keeper.books("gen")
    assert books is not None
    return books.ledger.cash, books.ledger.quantity_of(AAPL), books.ledger.quantity_of(MSFT)


def test_what_is_appended_is_journalled_and_booked() -> None:
    """In the order of appending, both at once."""
    keeper, storage = kept(BASELINE, FILL, COMMISSION)
    assert storage.entries["gen"] == [BASELINE, FILL, COMMISSION]
    assert figures(keeper) == (usd("799.00"), 2, 2)


def test_before_a_baseline_there_is_no_ledger() -> None:
    """What came earlier is in the baseline's figures and is not booked twice."""
    keeper, _storage = kept(FILL)
    assert keeper.books("gen") is None
    keeper.begin("gen", BASELINE)
    assert figures(keeper) == (usd(1000), 0, 2)


def test_a_baseline_begins_the_ledger_anew() -> None:
    """Its executions count no more, told again or corrected."""
    keeper, _storage = kept(BASELINE, FILL, COMMISSION)
    again = evolve(BASELINE, cash=usd(5), executions=("0000aaaa.1.01.01",))
    keeper.begin("gen", again)
    for entry in (FILL, COMMISSION):
        keeper.append("gen", entry)
    corrected = evolve(FILL.execution, execution_id="0000aaaa.1.01.02", price=Decimal(99))
    keeper.append("gen", ExecutionRecorded(corrected))
    assert figures(keeper) == (usd(5), 0, 2)


@pytest.mark.parametrize("cut", range(4))
def test_a_ledger_that_was_read_back_goes_on(cut: int) -> None:
    """Wherever a process ended, the next one has the same books."""
    entries: list[JournalEntry] = [BASELINE, FILL, COMMISSION]
    whole, _storage = kept(*entries)
    _first, storage = kept(*entries[:cut])
    second = LedgerKeeper(MemoryJournal(storage))
    second.load("gen", recorded_book(storage.entries.get("gen", ())))
    for entry in entries[cut:]:
        if isinstance(entry, BaselineRecorded):
            second.begin("gen", entry)
        else:
            second.append("gen", entry)
    assert figures(second) == figures(whole)


def test_the_version_grows_with_what_moves_the_figures_and_with_nothing_else() -> None:
    """It says whether something happened between two reads."""
    keeper, _storage = kept(BASELINE)
    before = keeper.version("gen")
    keeper.append("gen", OrderRecorded(submitted()))
    keeper.append("gen", ReleaseRecorded("looked"))
    assert keeper.version("gen") == before
    keeper.append("gen", FILL)
    keeper.append("gen", COMMISSION)
    assert keeper.version("gen") == before + 2
    assert keeper.version("rev") == 0


def test_what_the_ledger_has_no_room_for_is_kept_in_words() -> None:
    """A commission in another currency does not stop the books, live or read back."""
    foreign = CommissionRecorded(Commission("e9", Money(Decimal(1), "EUR")))
    keeper, storage = kept(BASELINE, foreign)
    for books in (keeper.books("gen"), recorded_book(storage.entries["gen"]).books):
        assert books is not None
        assert books.ledger.cash == usd(1000)
        (said,) = books.unbooked
        assert "EUR" in said
