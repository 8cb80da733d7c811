"""A journal adds up to the books that were: orders, ledger and quarantine."""

from __future__ import annotations

from decimal import Decimal

from brokerport.domain.executions import Commission
from brokerport.domain.journal import (
    BaselineRecorded,
    CommissionRecorded,
    ExecutionRecorded,
    JournalEntry,
    OrderRecorded,
    QuarantineRecorded,
    ReleaseRecorded,
    ReportRecorded,
    SettlementRecorded,
)
from brokerport.domain.journal_fold import recorded_book
from brokerport.domain.ledger import Ledger
from brokerport.domain.money import usd
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Side
from brokerport.domain.positions import Holding
from brokerport.domain.reports import Acknowledged, Cancelled
from tests.support.examples import AAPL, AAPL_PUT, KEY, NOON, execution, submitted

FIRST, CORRECTED = "0000e0d5.6571a2bc.01.01", "0000e0d5.6571a2bc.01.02"
BASELINE = BaselineRecorded(usd(10_000), (Holding(AAPL, Decimal(5), Decimal(100)),), (), NOON, "")


def ledger_of(*entries: JournalEntry) -> Ledger:
    """Return the ledger that entries add up to."""
    ledger = recorded_book(entries).ledger
    assert ledger is not None
    return ledger


def test_an_empty_journal_is_new() -> None:
    """Nothing was ever recorded, which is not the same as an empty book."""
    assert recorded_book(()).is_new
    assert not recorded_book([ReleaseRecorded("")]).is_new


def test_an_order_is_what_its_entries_made_of_it() -> None:
    """Submitted, acknowledged, partly filled, cancelled."""
    book = recorded_book(
        [
            OrderRecorded(submitted(10)),
            ReportRecorded(Acknowledged(KEY, "17", 4711)),
            ExecutionRecorded(execution(4)),
            ReportRecorded(Cancelled(KEY, "end of day")),
        ]
    )
    order = book.orders[KEY]
    assert (order.status, order.filled_quantity) == (OrderStatus.CANCELLED, 4)
    assert (order.perm_id, order.reason) == (4711, "end of day")


def test_a_fill_that_was_kept_out_of_its_order_still_counts_for_the_account() -> None:
    """An overfill is a contradiction of the order, and a fact of the account."""
    entries: list[JournalEntry] = [
        BASELINE,
        OrderRecorded(submitted(10)),
        ExecutionRecorded(execution(11)),
    ]
    book = recorded_book(entries)
    assert book.orders[KEY].filled_quantity == 0
    assert ledger_of(*entries).quantity_of(AAPL) == 16


def test_a_ledger_begins_with_a_baseline_and_grows() -> None:
    """Fills, commissions and settlements; what the baseline has already does not count twice."""
    baseline = BaselineRecorded(usd(10_000), BASELINE.holdings, ("old",), NOON, "first look")
    ledger = ledger_of(
        ExecutionRecorded(execution(99, execution_id="old")),
        baseline,
        ExecutionRecorded(execution(99, execution_id="old")),
        CommissionRecorded(Commission("old", usd(9))),
        ExecutionRecorded(execution(10, "100.00", "new")),
        CommissionRecorded(Commission("new", usd(1))),
        ExecutionRecorded(
            execution(1, "2.00", "put", instrument=AAPL_PUT, side=Side.SELL, order_reference=None)
        ),
        SettlementRecorded(AAPL_PUT, Decimal(-1), Decimal(100)),
    )
    assert ledger.quantity_of(AAPL) == 115
    assert ledger.quantity_of(AAPL_PUT) == 0
    assert ledger.cash == usd(10_000 - 1_000 - 1 + 200 - 100 * AAPL_PUT.strike)


def test_a_correction_of_a_fill_in_the_baseline_is_not_a_further_fill() -> None:
    """By how much it moves the baseline is not known here; reconciliation shows it."""
    baseline = BaselineRecorded(usd(10_000), (), (FIRST,), NOON, "")
    again = ledger_of(baseline, ExecutionRecorded(execution(1, "50", CORRECTED)))
    assert (again.cash, again.quantity_of(AAPL)) == (usd(10_000), 0)


def test_a_later_baseline_begins_anew() -> None:
    """Whoever accepted the broker's figures starts from them."""
    ledger = ledger_of(BASELINE, ExecutionRecorded(execution(10)), BASELINE)
    assert (ledger.cash, ledger.quantity_of(AAPL)) == (usd(10_000), 5)


def test_a_quarantine_lasts_until_it_is_released() -> None:
    """The last of the two has the word."""
    closed: list[JournalEntry] = [QuarantineRecorded(("cash differs",))]
    assert recorded_book(closed).quarantine == ("cash differs",)
    assert recorded_book([*closed, ReleaseRecorded("looked")]).quarantine == ()
