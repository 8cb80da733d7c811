"""The desk under random brokers: what a caller is told always agrees with the book.

Whatever an adapter says, withholds or raises, in whatever order: each request is sent once, no
order is left "pending" when nobody waits any more, and each way a call can end has its statuses.
"""

from __future__ import annotations

from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from brokerport.domain.errors import (
    BrokerportError,
    CancelRejected,
    NotConnected,
    OrderInDoubt,
    OrderRejected,
    ReplaceRejected,
)
from brokerport.domain.journal_fold import recorded_book
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit
from brokerport.domain.orders import Order
from tests.support.examples import request
from tests.support.fake_adapter import (
    Fail,
    Later,
    Say,
    Step,
    acknowledged,
    cancel_refused,
    cancelled,
    filled,
    lost,
    rejected,
    replace_refused,
    replaced,
    warned,
)
from tests.support.properties import PROPERTY
from tests.support.trading_desk import TradingDesk, run, turns

S = OrderStatus
NEW = Limit("191.00")

Outcome: TypeAlias = Order | BrokerportError

news = st.sampled_from(
    [
        acknowledged(),
        warned(),
        rejected(),
        cancelled(),
        cancel_refused(),
        replace_refused(),
        replaced(20, NEW),
        replaced(15, NEW),
        filled(4),
        filled(4),
        filled(6, "190.00", "e2"),
        filled(10, "191.00", "e3"),
        lost(),
    ]
)
errors = st.sampled_from(
    [
        NotConnected("closed"),
        OrderInDoubt("gen.X", "place", "half sent"),
        ValueError("a bug"),
    ]
)
steps = st.builds(Say, news) | st.builds(Later, news) | st.builds(Fail, errors)
scripts = st.lists(steps, max_size=5)

# Which statuses may stand when a call of each kind has ended in each way.
AFTER: dict[str, dict[type, set[OrderStatus]]] = {
    "place": {
        Order: {S.WORKING, S.FILLED, S.CANCELLED},
        OrderRejected: {S.REJECTED},
        NotConnected: {S.NOT_PLACED},
    },
    "replace": {
        Order: {S.WORKING, S.FILLED, S.CANCELLED, S.REJECTED},
        ReplaceRejected: set(OrderStatus),
        NotConnected: {S.WORKING, S.FILLED, S.IN_DOUBT},
    },
    "cancel": {
        Order: {S.CANCELLED},
        CancelRejected: {S.WORKING, S.FILLED, S.REJECTED, S.IN_DOUBT, S.CANCELLED, S.NOT_PLACED},
        NotConnected: {S.WORKING, S.FILLED, S.IN_DOUBT},
    },
}


async def outcome_of(desk: TradingDesk, action: str, key: str) -> Outcome:
    """Make one request, and return what the caller gets."""
    try:
        if action == "place":
            return await desk.desk.place(request(10))
        if action == "replace":
            return await desk.desk.replace("gen", key, order_type=NEW)
        return await desk.desk.cancel("gen", key)
    except BrokerportError as error:
        return error


@PROPERTY
@given(scripts, st.lists(st.tuples(st.sampled_from(["replace", "cancel"]), scripts), max_size=3))
def test_callers_and_book_agree_whatever_the_broker_does(
    placing: list[Step], changes: list[tuple[str, list[Step]]]
) -> None:
    """Each request is sent at most once, answered or in doubt, and its caller told the truth."""

    async def trading() -> None:
        desk = await TradingDesk().open()
        key = ""
        for action, script in [("place", placing), *changes]:
            desk.orders.script(action, *script)
            sent = desk.orders.times_sent(action)
            outcome = await outcome_of(desk, action, key)
            order = desk.only_order()
            key = str(order.client_order_id)
            assert desk.orders.times_sent(action) - sent <= 1
            assert order.status not in {S.PENDING_SUBMIT, S.PENDING_REPLACE, S.PENDING_CANCEL}
            if isinstance(outcome, OrderInDoubt):
                answered = "yet the broker answered" in str(outcome) or "failed" in str(outcome)
                assert order.status is S.IN_DOUBT or order.status.is_done or answered
            else:
                assert order.status in AFTER[action][type(outcome)], outcome
            if isinstance(outcome, Order):
                assert outcome == order
                if action == "replace":
                    assert order.order_type == NEW
            await turns()
        assert desk.orders.times_sent("place") == 1
        ids = [fill.execution_id for fill in desk.only_order().executions]
        assert len(ids) == len(set(ids))
        recorded = recorded_book(await desk.journal.read("gen"))
        assert recorded.orders == {key: desk.only_order()}, "the journal tells another story"

    run(trading())
