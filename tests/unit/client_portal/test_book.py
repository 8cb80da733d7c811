"""The adapter's order book against what Client Portal answers and tells, in every order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.adapters.client_portal.book import (
    CANCEL_UNDONE,
    NO_CANCEL_REASON,
    NO_REFUSAL_REASON,
    End,
    PortalBook,
)
from brokerport.domain.order_types import Limit
from brokerport.domain.reports import (
    Acknowledged,
    Cancelled,
    CancelRefused,
    OrderReport,
    Rejected,
    Replaced,
    ReplaceRefused,
    Warned,
)
from tests.support.properties import PROPERTY
from tests.unit.client_portal.portal_orders import (
    ORDER_ID,
    OURS,
    placed_book,
    seen,
    ticket,
    working_book,
)

ACKNOWLEDGED = Acknowledged(OURS, str(ORDER_ID), ORDER_ID)
NEW_TERMS = (Decimal(150), Limit("251.00"))


@pytest.mark.parametrize("status", ["PendingSubmit", "PreSubmitted", "Submitted", "Filled"])
@pytest.mark.parametrize("first", ["the answer", "the row"])
def test_an_order_is_acknowledged_once(status: str, first: str) -> None:
    """By whichever comes first, and not by the other."""
    book, order = placed_book()
    reports: list[OrderReport] = []
    if first == "the row":
        reports += book.show(seen(status))
    reports += book.taken(order, ORDER_ID, status)
    reports += book.show(seen(status))
    assert reports == [ACKNOWLEDGED]


def test_a_status_is_never_a_fill() -> None:
    """Filled says that it is over, and nothing of what was traded."""
    book, order = working_book()
    assert book.show(seen("Filled", filled=100)) == []
    assert order.end is End.FILLED


@pytest.mark.parametrize("first", ["the answer", "the row"])
def test_a_refused_order_is_rejected_once(first: str) -> None:
    """The error of the answer and the inactive row are one refusal."""
    book, order = placed_book()
    reports: list[OrderReport] = []
    if first == "the row":
        reports += book.show(seen("Inactive", reason="no margin"))
    reports += book.refused(order, "no margin", 201)
    reports += book.show(seen("Inactive", reason="no margin"))
    (rejected,) = reports
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "no margin"


def test_a_question_is_told_with_the_refusal() -> None:
    """So that the caller knows what would have to be answered."""
    book, order = placed_book()
    assert book.refused(order, "asked", None, "Are you sure?") == [
        Rejected(OURS, "asked", None, "Are you sure?")
    ]


def test_a_refusal_of_an_order_that_works_is_a_warning() -> None:
    """A row has shown it alive: it must not be called dead."""
    book, order = placed_book()
    book.show(seen("Submitted"))
    assert book.refused(order, "duplicate", None) == [Warned(OURS, "duplicate")]
    assert order.end is None


def test_an_order_on_its_way_to_be_refused_does_not_come_to_life() -> None:
    """The answer overtook the rows: PendingSubmit is older news."""
    book, order = placed_book()
    reports = book.refused(order, "no margin")
    reports += book.show(seen("PendingSubmit"))
    reports += book.show(seen("Inactive", reason="no margin"))
    assert reports == [Rejected(OURS, "no margin")]


def test_an_order_called_dead_that_works_is_acknowledged_again() -> None:
    """Its fills are real money."""
    book, order = placed_book()
    reports = book.refused(order, "no margin")
    reports += book.show(seen("Submitted"))
    assert reports == [Rejected(OURS, "no margin"), ACKNOWLEDGED]
    assert order.end is None


def test_an_inactive_order_waits_for_its_reason() -> None:
    """The next row has it."""
    book, order = placed_book()
    assert book.taken(order, ORDER_ID, "Inactive") == []
    assert book.awaits_any
    assert book.show(seen("Inactive", reason="no margin")) == [Rejected(OURS, "no margin")]
    assert not book.awaits_any


def test_an_inactive_order_without_a_reason_is_rejected_in_the_end() -> None:
    """It does not wait for ever, and says that there was none."""
    book, order = placed_book()
    book.taken(order, ORDER_ID, "Inactive")
    assert book.release_held() == [Rejected(OURS, NO_REFUSAL_REASON)]
    assert book.release_held() == []


def test_an_inactive_order_that_is_transmitted_works() -> None:
    """A person did that."""
    book, order = placed_book()
    book.taken(order, ORDER_ID, "Inactive")
    assert book.show(seen("Submitted")) == [ACKNOWLEDGED]
    assert book.release_held() == []


@pytest.mark.parametrize("first", ["the answer", "the row"])
def test_new_terms_are_told_once(first: str) -> None:
    """The answer that takes them and the row that shows them are one."""
    book, order = working_book()
    book.replace(order, *NEW_TERMS)
    reports: list[OrderReport] = []
    if first == "the row":
        reports += book.show(seen("Submitted", terms=NEW_TERMS))
    reports += book.replace_taken(order, NEW_TERMS, ORDER_ID, "Submitted")
    reports += book.show(seen("Submitted", terms=NEW_TERMS))
    assert reports == [Replaced(OURS, *NEW_TERMS)]
    assert (order.quantity, order.order_type) == NEW_TERMS


def test_old_terms_do_not_answer_a_change() -> None:
    """A row that was on its way shows the old ones."""
    book, order = working_book()
    book.replace(order, *NEW_TERMS)
    assert book.show(seen("Submitted")) == []
    assert order.proposals == [NEW_TERMS]


def test_refused_terms_leave_the_order_as_it_was() -> None:
    """It lives on, with the terms it had."""
    book, order = working_book()
    book.replace(order, *NEW_TERMS)
    reports = book.replace_refused(order, "off tick", 110, "Sure?", terms=NEW_TERMS)
    assert reports == [ReplaceRefused(OURS, "off tick", 110, "Sure?")]
    assert book.show(seen("Submitted", terms=NEW_TERMS)) == []
    assert (order.quantity, order.end) == (Decimal(100), None)


def test_terms_taken_of_an_order_that_was_cancelled_meanwhile_do_not_hold() -> None:
    """The cancel is what counts."""
    book, order = working_book()
    book.replace(order, *NEW_TERMS)
    reports = book.show(seen("Cancelled", reason="expired"))
    reports += book.replace_taken(order, NEW_TERMS, ORDER_ID, "Submitted")
    assert reports == [Cancelled(OURS, "expired")]


def test_a_submitted_cancel_is_not_yet_a_cancel() -> None:
    """Only the status is; we asked for it, so there is no reason."""
    book, order = working_book()
    book.cancel(order)
    assert book.show(seen("PendingCancel")) == []
    assert order.end is None
    assert book.show(seen("Cancelled", reason="whatever")) == [Cancelled(OURS, "")]
    assert book.show(seen("Cancelled")) == []


@pytest.mark.parametrize(("told", "reason"), [("expired", "expired"), ("", NO_CANCEL_REASON)])
def test_an_end_that_nobody_asked_for_has_a_reason(told: str, reason: str) -> None:
    """An empty one would mean that we asked."""
    book, _order = working_book()
    assert book.show(seen("Cancelled", reason=told)) == [Cancelled(OURS, reason)]


def test_a_refused_cancel_is_told_and_forgotten() -> None:
    """A later end is not the one we asked for."""
    book, order = working_book()
    book.cancel(order)
    assert book.cancel_refused(order, "too late", 161) == [CancelRefused(OURS, "too late", 161)]
    assert book.show(seen("Cancelled", reason="expired")) == [Cancelled(OURS, "expired")]


def test_a_cancel_that_the_exchange_undoes_was_refused() -> None:
    """The order was being cancelled, and works again."""
    book, order = working_book()
    book.cancel(order)
    book.show(seen("PendingCancel"))
    assert book.show(seen("Submitted")) == [CancelRefused(OURS, CANCEL_UNDONE)]


def test_an_old_row_does_not_refuse_a_cancel() -> None:
    """The order works on because the cancel has only just left."""
    book, order = working_book()
    book.cancel(order)
    assert book.show(seen("Submitted")) == []
    assert order.cancels_pending == 1


def test_an_end_waits_for_its_fills() -> None:
    """Fills come by another topic: the end that overtook them is told after the last."""
    book, order = working_book()
    book.cancel(order)
    assert book.show(seen("Cancelled", filled=70)) == []
    assert book.awaits_any
    assert book.hear_fill(OURS, Decimal(40)) == []
    assert book.hear_fill(OURS, Decimal(30)) == [Cancelled(OURS, "")]
    assert not book.awaits_any


def test_an_end_whose_fills_were_told_waits_for_nothing() -> None:
    """The usual order of things."""
    book, _order = working_book()
    book.hear_fill(OURS, Decimal(70))
    reports = book.show(seen("Cancelled", filled=70, reason="expired"))
    assert reports == [Cancelled(OURS, "expired")]


def test_fills_that_do_not_come_are_pointed_out() -> None:
    """The trades were read and do not show them: the end is told, with a warning before."""
    book, _order = working_book()
    book.show(seen("Cancelled", filled=70, reason="expired"))
    warned, ended = book.release_held()
    assert isinstance(warned, Warned)
    assert "70" in warned.reason
    assert ended == Cancelled(OURS, "expired")
    assert book.release_held() == []


def test_a_filled_order_whose_fills_were_not_told_is_looked_for() -> None:
    """Somebody has to read the trades; once is enough."""
    book, _order = working_book()
    book.show(seen("Filled", filled=100))
    assert book.awaits_any
    book.hear_fill(OURS, Decimal(100))
    assert not book.awaits_any
    assert book.release_held() == []


def test_a_fill_before_anything_else_ends_a_filled_order() -> None:
    """The order can be neither changed nor cancelled any more."""
    book, order = placed_book()
    assert book.hear_fill(OURS, Decimal(100)) == []
    assert order.end is End.FILLED


def test_what_was_filled_before_an_order_was_adopted_is_not_lacking() -> None:
    """Its fills were told to somebody else."""
    book = PortalBook()
    book.adopt(ticket(), ORDER_ID, Decimal(60))
    assert book.show(seen("Submitted", filled=60)) == [ACKNOWLEDGED]
    assert not book.awaits_any
    assert book.show(seen("Cancelled", filled=60, reason="expired")) == [Cancelled(OURS, "expired")]


def test_a_second_order_under_one_reference_is_pointed_out_once() -> None:
    """Its rows are not taken for the first's."""
    book, order = working_book()
    doubled = book.show(seen("Cancelled", order_id=77))
    assert [type(report) for report in doubled] == [Warned]
    assert book.show(seen("Cancelled", order_id=77)) == []
    assert (order.end, order.order_id) == (None, ORDER_ID)


def test_an_order_that_did_not_leave_is_forgotten() -> None:
    """The same ticket can be given again."""
    book, order = placed_book()
    book.withdraw(order)
    assert book.find(OURS) is None


def test_an_order_that_the_broker_shows_is_not_forgotten() -> None:
    """Whatever an answer says: a row has named it."""
    book, order = placed_book()
    book.show(seen("Submitted"))
    book.withdraw(order)
    assert book.find(OURS) is order


def test_a_row_is_matched_by_reference_then_by_id() -> None:
    """Somebody else's reference is no match, not even under a known id."""
    book, order = working_book()
    assert book.match(OURS, ORDER_ID) is order
    assert book.match(None, ORDER_ID) is order
    assert book.match("theirs", ORDER_ID) is None
    assert book.match(OURS, 77) is None
    assert book.match(None, None) is None


_EVENTS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "PendingSubmit",
                "PreSubmitted",
                "Submitted",
                "PendingCancel",
                "Cancelled",
                "Inactive",
                "Filled",
                "WarnState",
            ]
        ).flatmap(
            lambda status: st.builds(
                seen, st.just(status), filled=st.sampled_from([0, 40, 100]), reason=st.just("why")
            )
        ),
        st.sampled_from(["taken", "refused", "replace", "replaced", "cancel", "fill", "release"]),
    ),
    max_size=14,
)


@PROPERTY
@given(_EVENTS)
def test_nothing_is_told_twice_in_any_order(events: list[object]) -> None:
    """One end at most, one acknowledgement for each life, one answer for each change."""
    book, order = placed_book()
    reports: list[OrderReport] = []
    asked = 0
    for event in events:
        match event:
            case "taken":
                reports += book.taken(order, ORDER_ID, "Submitted")
            case "refused":
                reports += book.refused(order, "no")
            case "replace" if order.end is None and not order.proposals:
                asked += 1
                book.replace(order, *NEW_TERMS)
            case "replaced" if order.proposals:
                reports += book.replace_taken(order, NEW_TERMS, ORDER_ID, "Submitted")
            case "cancel" if order.end is None:
                book.cancel(order)
            case "fill" if order.end is None:
                reports += book.hear_fill(OURS, Decimal(20))
            case "release":
                reports += book.release_held()
            case str():
                pass
            case _:
                reports += book.show(event)  # type: ignore[arg-type]
    kinds = [type(report) for report in reports]
    assert kinds.count(Cancelled) <= 1
    assert kinds.count(Acknowledged) <= 1 + kinds.count(Rejected)
    assert kinds.count(Replaced) <= asked
    if Cancelled in kinds:
        after = kinds[kinds.index(Cancelled) + 1 :]
        assert not {Acknowledged, Replaced, Rejected} & set(after)


@pytest.mark.parametrize("told_by", ["the answer", "the row"])
def test_a_fill_of_the_old_quantity_does_not_end_an_order_that_was_made_larger(
    told_by: str,
) -> None:
    """It was taken before the fill came: the order works on, and can be cancelled."""
    book, order = working_book()
    larger = (Decimal(200), Limit("250.00"))
    book.replace(order, *larger)
    assert book.hear_fill(OURS, Decimal(100)) == []
    if told_by == "the answer":
        reports = book.replace_taken(order, larger, ORDER_ID, "Submitted")
    else:
        reports = book.show(seen("Submitted", filled=100, terms=larger))
    assert reports == [Replaced(OURS, *larger)]
    assert order.end is None


def test_a_list_that_is_older_than_the_stream_undoes_no_cancel() -> None:
    """IBKR's list lags; the order is on its way to be cancelled all the same."""
    book, order = working_book()
    book.cancel(order)
    assert book.show(seen("PendingCancel")) == []
    assert book.show(seen("Submitted", is_listed=True)) == []
    assert book.show(seen("Cancelled")) == [Cancelled(OURS, "")]


def test_an_answer_is_about_the_terms_that_it_answers() -> None:
    """Who gave up waiting for a change may ask for another while the first is on its way."""
    book, order = working_book()
    later = (Decimal(5), Limit("250.00"))
    book.replace(order, *NEW_TERMS)
    book.replace(order, *later)
    assert book.replace_taken(order, NEW_TERMS, ORDER_ID, "Submitted") == [
        Replaced(OURS, *NEW_TERMS)
    ]
    book.replace_refused(order, "more has filled", terms=later)
    assert (order.quantity, order.order_type) == NEW_TERMS
    assert order.proposals == []


def test_terms_in_doubt_that_a_row_shows_hold_though_later_ones_were_refused() -> None:
    """The refusal is about the later ones alone; and those that are taken settle the doubt."""
    book, order = working_book()
    later = (Decimal(5), Limit("250.00"))
    book.replace(order, *NEW_TERMS)
    book.replace(order, *later)
    book.replace_refused(order, "too late", terms=later)
    assert book.show(seen("Submitted", terms=NEW_TERMS)) == [Replaced(OURS, *NEW_TERMS)]
    book.replace(order, *NEW_TERMS)
    book.replace(order, *later)
    assert book.replace_taken(order, later, ORDER_ID, "Submitted") == [Replaced(OURS, *later)]
    assert book.show(seen("Submitted", terms=NEW_TERMS)) == []
