"""The adapter's order book against the sequences of messages that TWS sends."""

from __future__ import annotations

from decimal import Decimal

import pytest

from brokerport.adapters.tws.book import NO_REASON, TwsOrderBook
from brokerport.domain.order_types import Limit
from brokerport.domain.reports import (
    Acknowledged,
    Cancelled,
    CancelRefused,
    Rejected,
    Replaced,
    ReplaceRefused,
    Warned,
)
from tests.unit.tws.sample_orders import (
    CLIENT_ID,
    ORDER_ID,
    OURS,
    PERM_ID,
    placed_book,
    seen,
    ticket,
)

ACKNOWLEDGED = Acknowledged(OURS, str(ORDER_ID), PERM_ID)
NEW_TERMS = (Decimal(150), Limit("251.00"))


@pytest.mark.parametrize("status", ["PreSubmitted", "Submitted", "Filled"])
def test_an_order_is_acknowledged_once(status: str) -> None:
    """The first message that shows it accepted does, and no later one."""
    book, order = placed_book()
    assert book.show(seen(status)) == [ACKNOWLEDGED]
    assert book.show(seen(status)) == []
    assert book.hear_status(order, status) == []


@pytest.mark.parametrize("status", ["PendingSubmit", "ApiPending", "PendingCancel"])
def test_a_status_on_the_way_says_nothing(status: str) -> None:
    """An order that is still on its way is not acknowledged."""
    book, order = placed_book()
    assert book.show(seen(status)) == []
    assert book.hear_status(order, status) == []


def test_a_refused_order_is_rejected_once_in_ibkrs_words() -> None:
    """TWS sends error 201, then openOrder Inactive, then orderStatus Inactive."""
    book, order = placed_book()
    reports = book.hear_code(order, 201, "Order rejected - reason: no margin")
    reports += book.show(seen("Inactive"))
    reports += book.hear_status(order, "Inactive")
    assert reports == [Rejected(OURS, "Order rejected - reason: no margin", 201)]


def test_a_working_order_can_be_rejected_later() -> None:
    """A 201 without a change under way ends a working order."""
    book, order = placed_book()
    book.show(seen())
    assert book.hear_code(order, 201, "halted") == [Rejected(OURS, "halted", 201)]


def test_a_bad_tick_kills_a_new_order() -> None:
    """Code 110 on an order that was never accepted means that it is not there."""
    book, order = placed_book()
    assert book.hear_code(order, 110, "bad tick") == [Rejected(OURS, "bad tick", 110)]


def test_an_inactive_order_waits_for_its_reason() -> None:
    """Inactive without words before it is a rejection whose words may still come."""
    book, order = placed_book()
    held = [(book.hear_status(order, "Inactive"), book.holds_any)]
    held.append((book.hear_code(order, 201, "no"), book.holds_any))
    assert held == [([], True), ([Rejected(OURS, "no", 201)], False)]
    assert book.release_held(book.held) == []


def test_an_inactive_order_without_a_reason_is_rejected_in_the_end() -> None:
    """When the wait is over the rejection is told without IBKR's words."""
    book, order = placed_book()
    book.hear_status(order, "Inactive")
    assert book.release_held(book.held) == [Rejected(OURS, NO_REASON)]


def test_an_order_held_for_shares_lives() -> None:
    """404 and whyHeld mean that the broker has the order and looks for shares to borrow."""
    book, order = placed_book()
    reports = book.hear_code(order, 404, "locating")
    reports += book.show(seen("Inactive"))
    reports += book.hear_status(order, "Inactive", "locate")
    assert reports == [Warned(OURS, "locating", 404), ACKNOWLEDGED]


def test_an_order_called_dead_that_works_again_is_acknowledged_again() -> None:
    """Its fills are real money, so its life must be told."""
    book, order = placed_book()
    book.show(seen())
    book.hear_code(order, 201, "no")
    assert book.hear_status(order, "Submitted") == [ACKNOWLEDGED]


def test_a_cancel_that_we_asked_for_is_told_at_once_and_once() -> None:
    """TWS sends orderStatus Cancelled, then error 202; the reason is our own."""
    book, order = placed_book()
    book.show(seen())
    book.cancel(order)
    reports = book.hear_status(order, "Cancelled")
    reports += book.hear_code(order, 202, "Order Canceled - reason:")
    assert reports == [Cancelled(OURS, "")]


def test_a_cancel_that_we_did_not_ask_for_waits_for_its_reason() -> None:
    """The Cancelled status is held until 202 says why."""
    book, order = placed_book()
    book.show(seen())
    assert book.hear_status(order, "Cancelled") == []
    assert book.holds_any
    text = "Order Canceled - reason: the day is over"
    assert book.hear_code(order, 202, text) == [Cancelled(OURS, "the day is over")]
    assert book.hear_status(order, "Cancelled") == []
    assert book.release_held(book.held) == []


def test_a_cancel_whose_reason_never_comes_is_told_when_a_list_confirms_it() -> None:
    """The wait is bounded, and what comes too late changes nothing."""
    book, order = placed_book()
    book.show(seen())
    book.show(seen("Cancelled"))
    assert book.release_held(()) == []
    assert book.release_held(book.held) == [Cancelled(OURS, "")]
    assert book.hear_code(order, 202, "late") == []


@pytest.mark.parametrize("status", ["Cancelled", "Inactive"])
def test_an_end_that_a_later_status_takes_back_is_not_told(status: str) -> None:
    """The order works: a status alone was wrong, and a real cancel with its code still counts."""
    book, order = placed_book()
    book.show(seen())
    book.hear_status(order, status)
    assert book.show(seen("Submitted")) == []
    assert book.held == frozenset()
    assert book.hear_code(order, 202, "Order Canceled - reason:end of day") == [
        Cancelled(OURS, "end of day")
    ]


def test_ends_that_wait_when_the_line_is_lost_are_not_believed() -> None:
    """The next session finds out."""
    book, order = placed_book()
    book.show(seen())
    book.hear_status(order, "Cancelled")
    book.forget_held()
    assert book.release_held([OURS]) == []


@pytest.mark.parametrize("code", [161, 10147, 10148])
def test_a_refused_cancel_leaves_the_order_as_it_was(code: int) -> None:
    """ib_async would call the order cancelled here; it lives, and can be cancelled later."""
    book, order = placed_book()
    book.show(seen())
    book.cancel(order)
    assert book.hear_code(order, code, "too late") == [CancelRefused(OURS, "too late", code)]
    assert order.end is None
    assert book.hear_status(order, "Cancelled") == []
    assert book.release_held(book.held) == [Cancelled(OURS, "")]


def test_new_terms_hold_once_they_are_shown() -> None:
    """An openOrder with the old terms says nothing, one with the new ones answers."""
    book, order = placed_book()
    book.show(seen())
    book.replace(order, *NEW_TERMS)
    assert book.show(seen()) == []
    changed = seen(quantity=150, order_type=Limit("251.00"))
    assert book.show(changed) == [Replaced(OURS, *NEW_TERMS)]
    assert book.show(changed) == []
    assert (order.quantity, order.order_type) == NEW_TERMS


def test_new_terms_on_their_way_are_not_yet_in_force() -> None:
    """An openOrder PendingSubmit shows what was sent; the accepted status after it counts."""
    book, order = placed_book()
    book.show(seen())
    book.replace(order, *NEW_TERMS)
    assert book.show(seen("PendingSubmit", quantity=150, order_type=Limit("251.00"))) == []
    assert book.hear_status(order, "Submitted") == [Replaced(OURS, *NEW_TERMS)]


@pytest.mark.parametrize("code", [104, 105, 110, 201, 321, 329, 2102])
def test_refused_terms_leave_the_order_working_on_the_old_ones(code: int) -> None:
    """Each of these, with a change under way, refuses the change alone."""
    book, order = placed_book()
    book.show(seen())
    book.replace(order, *NEW_TERMS)
    assert book.hear_code(order, code, "no") == [ReplaceRefused(OURS, "no", code)]
    assert book.show(seen()) == []
    assert order.end is None
    assert order.quantity == 100
    changed = seen(quantity=150, order_type=Limit("251.00"))
    assert book.show(changed) == []


def test_an_order_that_dies_of_its_change_is_rejected_in_ibkrs_words() -> None:
    """A 201 refuses the change; Inactive right after it says that the order is gone too."""
    book, order = placed_book()
    book.show(seen())
    book.replace(order, *NEW_TERMS)
    book.hear_code(order, 201, "no margin")
    assert book.hear_status(order, "Inactive") == [Rejected(OURS, "no margin", 201)]


@pytest.mark.parametrize("code", [399, 404, 2109, 10349, 99_999])
def test_a_warning_leaves_the_order_as_it_is(code: int) -> None:
    """Neither informational nor unknown codes end an order."""
    book, order = placed_book()
    book.show(seen())
    assert book.hear_code(order, code, "by the way") == [Warned(OURS, "by the way", code)]
    assert order.end is None
    assert book.hear_status(order, "Submitted") == []


def test_nothing_is_said_of_a_filled_order_any_more() -> None:
    """A stale Submitted or Cancelled after Filled changes nothing."""
    book, order = placed_book()
    book.show(seen("Filled"))
    assert book.hear_status(order, "Submitted") == []
    assert book.hear_status(order, "Cancelled") == []
    assert book.hear_status(order, "Inactive") == []
    assert not book.holds_any


def test_an_order_of_an_earlier_process_is_taken_in() -> None:
    """One that TWS shows under our ClientOrderId can be followed, changed and cancelled."""
    book = TwsOrderBook()
    assert book.show(seen()) == [ACKNOWLEDGED]
    order = book.find(OURS)
    assert order is not None
    assert order.order_id == ORDER_ID
    book.cancel(order)
    assert book.hear_status(order, "Cancelled") == [Cancelled(OURS, "")]


def test_an_order_is_found_by_reference_then_perm_id_then_order_id() -> None:
    """Each is enough, and a reference that is not ours is nobody's."""
    book, order = placed_book()
    assert book.match(client_id=CLIENT_ID, order_id=ORDER_ID) is order
    assert book.match(reference=OURS, perm_id=PERM_ID, client_id=1, order_id=1) is order
    assert book.match(perm_id=PERM_ID, client_id=1, order_id=1) is order
    assert book.match(reference="manual", client_id=CLIENT_ID, order_id=ORDER_ID) is None
    assert book.match(client_id=CLIENT_ID, order_id=999) is None


def test_an_order_id_handed_out_again_is_another_order() -> None:
    """The same client and order id with another permId is no match."""
    book, _order = placed_book()
    book.show(seen())
    assert book.match(perm_id=PERM_ID + 1, client_id=CLIENT_ID, order_id=ORDER_ID) is None


def test_a_second_order_under_one_name_is_pointed_out() -> None:
    """An order doubled at the broker is told once, and not taken for the first."""
    book, order = placed_book()
    book.show(seen())
    double = seen("Cancelled", perm_id=PERM_ID + 1, order_id=ORDER_ID + 1)
    (report,) = book.show(double)
    assert isinstance(report, Warned)
    assert str(PERM_ID + 1) in report.reason
    assert book.show(double) == []
    assert order.end is None
    assert order.perm_id == PERM_ID


def test_the_highest_order_id_counts_what_others_use() -> None:
    """A new id must exceed those of every client."""
    book, _order = placed_book()
    assert book.highest_order_id == ORDER_ID
    book.match(reference="manual", client_id=3, order_id=5000)
    assert book.highest_order_id == 5000


def test_an_order_that_did_not_leave_is_taken_out() -> None:
    """After a withdrawal its id matches nothing."""
    book, _order = placed_book()
    book.withdraw(OURS)
    assert book.find(OURS) is None
    assert book.find_order_id(CLIENT_ID, ORDER_ID) is None


def test_an_order_sent_again_under_its_name_forgets_the_first_id() -> None:
    """After proof that it was not placed, the second sending is the order."""
    book, _order = placed_book()
    book.place(ticket(), CLIENT_ID, ORDER_ID + 7, session=2)
    assert book.find_order_id(CLIENT_ID, ORDER_ID) is None
    assert book.find_order_id(CLIENT_ID, ORDER_ID + 7) is book.find(OURS)
