"""The lifecycle table: every pair of status and trigger moves as written or is refused."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest

from brokerport.domain.errors import ContradictoryReport
from brokerport.domain.order_lifecycle import TRANSITIONS, OrderStatus, OrderTrigger, next_status

S = OrderStatus
T = OrderTrigger

PAIRS = list(itertools.product(OrderStatus, OrderTrigger))

LIVE = {S.WORKING, S.PENDING_REPLACE, S.PENDING_CANCEL}
DONE = {S.FILLED, S.CANCELLED, S.REJECTED, S.NOT_PLACED}

# What can leave an order that is done: a fill that is real money, or proof that it is not done.
REVIVALS: Mapping[OrderStatus, set[OrderStatus]] = {
    S.FILLED: set(),
    S.CANCELLED: {S.FILLED},
    S.REJECTED: {S.WORKING, S.FILLED},
    S.NOT_PLACED: {S.WORKING, S.FILLED},
}


def name(value: object) -> str:
    """Name a status or trigger in a test id."""
    return value.name if isinstance(value, OrderStatus | OrderTrigger) else str(value)


@pytest.mark.parametrize(("status", "trigger"), PAIRS, ids=name)
def test_every_pair_moves_as_written_or_is_refused(
    status: OrderStatus, trigger: OrderTrigger
) -> None:
    """The function does what the table says, and refuses by name what it does not say."""
    if trigger in TRANSITIONS[status]:
        assert next_status(status, trigger) is TRANSITIONS[status][trigger]
        return
    with pytest.raises(ContradictoryReport) as refused:
        next_status(status, trigger)
    assert str(refused.value) == f"an order that is {status.value} cannot be {trigger.value}"


def test_the_table_has_a_row_for_every_status_and_uses_every_trigger() -> None:
    """No status is forgotten, no trigger without effect anywhere."""
    assert set(TRANSITIONS) == set(OrderStatus)
    assert {trigger for row in TRANSITIONS.values() for trigger in row} == set(OrderTrigger)


def test_every_status_can_be_reached_from_submission() -> None:
    """The table has no island."""
    reached = {S.PENDING_SUBMIT}
    while True:
        further = {target for status in reached for target in TRANSITIONS[status].values()}
        if further <= reached:
            break
        reached |= further
    assert reached == set(OrderStatus)


def test_live_and_done_are_apart_and_neither_covers_doubt() -> None:
    """An order is live, done, or one of the two whose fate nobody knows yet."""
    assert {status for status in OrderStatus if status.is_live} == LIVE
    assert {status for status in OrderStatus if status.is_done} == DONE
    assert set(OrderStatus) - LIVE - DONE == {S.PENDING_SUBMIT, S.IN_DOUBT}


@pytest.mark.parametrize("status", sorted(DONE, key=name), ids=name)
def test_what_can_leave_a_done_order(status: OrderStatus) -> None:
    """A filled order stays so for ever; the others yield to fills and proof of life alone."""
    leaving = {
        target: trigger for trigger, target in TRANSITIONS[status].items() if target is not status
    }
    assert set(leaving) == REVIVALS[status]
    fills = {T.PARTIALLY_FILLED, T.FULLY_FILLED, T.ACKNOWLEDGED}
    assert set(leaving.values()) <= fills


@pytest.mark.parametrize("status", sorted(DONE, key=name), ids=name)
def test_nothing_can_be_asked_of_a_done_order(status: OrderStatus) -> None:
    """A replace or cancel of an order that is done has no transition."""
    assert not {T.REPLACE_REQUESTED, T.CANCEL_REQUESTED} & set(TRANSITIONS[status])


@pytest.mark.parametrize("status", list(OrderStatus), ids=name)
def test_a_full_fill_always_fills(status: OrderStatus) -> None:
    """Whatever was believed of an order, when all of it traded it is filled."""
    assert next_status(status, T.FULLY_FILLED) is S.FILLED


def test_a_fill_before_the_acknowledgement() -> None:
    """Awkward truth: a fill may come first, and the acknowledgement after the last fill."""
    assert next_status(S.PENDING_SUBMIT, T.PARTIALLY_FILLED) is S.WORKING
    assert next_status(S.PENDING_SUBMIT, T.FULLY_FILLED) is S.FILLED
    assert next_status(S.FILLED, T.ACKNOWLEDGED) is S.FILLED


def test_a_fill_after_the_end_counts() -> None:
    """Awkward truth: a cancelled or rejected order may report a fill that happened before."""
    assert next_status(S.CANCELLED, T.PARTIALLY_FILLED) is S.CANCELLED
    assert next_status(S.CANCELLED, T.FULLY_FILLED) is S.FILLED
    assert next_status(S.REJECTED, T.PARTIALLY_FILLED) is S.WORKING
    assert next_status(S.REJECTED, T.FULLY_FILLED) is S.FILLED


def test_a_refused_replace_or_cancel_leaves_the_order_live() -> None:
    """Awkward truth: what was refused did not happen, and the order works on."""
    assert next_status(S.PENDING_REPLACE, T.REPLACE_REJECTED) is S.WORKING
    assert next_status(S.PENDING_CANCEL, T.CANCEL_REJECTED) is S.WORKING
    assert next_status(S.PENDING_REPLACE, T.CANCEL_REJECTED) is S.PENDING_REPLACE
    assert next_status(S.PENDING_CANCEL, T.REPLACE_REJECTED) is S.PENDING_CANCEL


@pytest.mark.parametrize(
    "status", [S.PENDING_SUBMIT, S.WORKING, S.PENDING_REPLACE, S.PENDING_CANCEL], ids=name
)
def test_a_lost_answer_is_doubt(status: OrderStatus) -> None:
    """Awkward truth: an order whose answer was lost is in doubt, never failed."""
    assert next_status(status, T.ANSWER_LOST) is S.IN_DOUBT


def test_only_a_report_ends_doubt() -> None:
    """Awkward truth: the broker's word ends doubt; what we ask for does not."""
    row = TRANSITIONS[S.IN_DOUBT]
    assert {trigger for trigger, target in row.items() if target is S.IN_DOUBT} == {
        T.CANCEL_REQUESTED,
        T.CANCEL_REJECTED,
        T.ANSWER_LOST,
    }
    assert T.NOT_SENT not in row


def test_only_proof_declares_a_doubtful_order_not_placed() -> None:
    """Awkward truth: NOT_PLACED is reached by proof of absence, or when nothing was sent."""
    into = {
        (status, trigger)
        for status, row in TRANSITIONS.items()
        for trigger, target in row.items()
        if target is S.NOT_PLACED and status is not S.NOT_PLACED
    }
    assert into == {(S.IN_DOUBT, T.FOUND_ABSENT), (S.PENDING_SUBMIT, T.NOT_SENT)}


NEWS = {
    T.ACKNOWLEDGED,
    T.FULLY_FILLED,
    T.REPLACED,
    T.REPLACE_REJECTED,
    T.CANCEL_REJECTED,
    T.CANCELLED,
    T.REJECTED,
}


@pytest.mark.parametrize(
    ("status", "trigger"),
    [(status, trigger) for status, trigger in PAIRS if trigger in NEWS & set(TRANSITIONS[status])],
    ids=name,
)
def test_the_same_news_may_be_told_twice(status: OrderStatus, trigger: OrderTrigger) -> None:
    """Awkward truth: whatever can be told once can be told again, and changes nothing more."""
    once = next_status(status, trigger)
    assert next_status(once, trigger) is once


def test_an_order_that_ran_out_of_time_is_cancelled() -> None:
    """Awkward truth: IBKR calls an expired order cancelled, so there is no other status for it."""
    assert not [status for status in OrderStatus if "expire" in status.value]


def test_a_refused_cancel_makes_no_doubtful_order_live() -> None:
    """To ask for a cancel and hear "no such order" must not end as a working order."""
    asked = next_status(S.IN_DOUBT, T.CANCEL_REQUESTED)
    assert next_status(asked, T.CANCEL_REJECTED) is S.IN_DOUBT
    assert T.CANCEL_REQUESTED not in TRANSITIONS[S.PENDING_SUBMIT]
