"""Replacing: new terms are confirmed, refused, or overtaken, and the caller is told which."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.errors import (
    InvalidOrder,
    OrderInDoubt,
    ReplaceRejected,
)
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit
from tests.support.examples import AAPL_PUT, facts
from tests.support.fake_adapter import (
    Later,
    Say,
    Told,
    acknowledged,
    cancelled,
    filled,
    rejected,
    replace_refused,
    replaced,
    warned,
)
from tests.support.trading_desk import run
from tests.unit.services.working_order import (
    NEW,
    OLD,
    desk_working,
    replace,
)

S = OrderStatus


@pytest.mark.parametrize("when", [Say, Later])
def test_a_replace_returns_the_order_on_its_new_terms(when: type[Say] | type[Later]) -> None:
    """Confirmed before or after the request returns, the new terms are in force."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("replace", when(replaced(20, NEW)))
        order = await replace(desk, key)
        assert facts(order.status, order.quantity, order.order_type) == (S.WORKING, 20, NEW)
        assert desk.statuses() == [S.PENDING_REPLACE, S.WORKING]
        assert desk.orders.times_sent("replace") == 1

    run(trading())


@pytest.mark.parametrize(
    ("changes", "quantity", "order_type"),
    [
        ({"quantity": Decimal(20)}, 20, OLD),
        ({"order_type": NEW}, 10, NEW),
        ({"quantity": 20, "order_type": NEW}, 20, NEW),
    ],
)
def test_what_is_not_given_stays(changes: dict[str, Any], quantity: int, order_type: Limit) -> None:
    """Whole terms are sent: the ones given, and the broker's own for the rest."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("replace", Say(replaced(quantity, order_type)))
        await desk.broker.replace("gen", key, **changes)
        sent = desk.orders.sent[-1]
        assert facts(sent.quantity, sent.order_type) == (quantity, order_type)

    run(trading())


def test_a_refused_replace_leaves_the_old_terms() -> None:
    """The caller hears the broker's words and the order works on as it was."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("replace", Say(replace_refused("price too far", 163)))
        with pytest.raises(ReplaceRejected) as refused:
            await replace(desk, key)
        assert (refused.value.reason, refused.value.code) == ("price too far", 163)
        order = desk.only_order()
        assert facts(order.status, order.quantity, order.order_type) == (S.WORKING, 10, OLD)

    run(trading())


@pytest.mark.parametrize(
    ("told", "status"),
    [(filled(20), S.FILLED), (filled(15), S.WORKING)],
)
def test_a_fill_beyond_the_old_quantity_confirms_the_replace(
    told: Told, status: OrderStatus
) -> None:
    """Only the new terms have room for it, so it is as good as the confirmation."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("replace", Say(told))
        order = await replace(desk, key)
        assert facts(order.status, order.quantity, order.order_type) == (status, 20, NEW)
        desk.adapter.tell(key, replaced(20, NEW))
        assert desk.only_order().status is status
        assert desk.contradictions() == []

    run(trading())


def test_a_partial_fill_does_not_answer_a_replace() -> None:
    """The order trades on either set of terms; the confirmation is awaited all the same."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("replace", Say(filled(4)), Later(warned()), Later(replaced(20, NEW)))
        order = await replace(desk, key)
        assert facts(order.filled_quantity, order.quantity) == (4, 20)

    run(trading())


@pytest.mark.parametrize(
    ("told", "ended"),
    [(filled(10), S.FILLED), (cancelled(), S.CANCELLED), (rejected(), S.REJECTED)],
)
def test_an_order_that_ends_before_the_change_is_confirmed(told: Told, ended: OrderStatus) -> None:
    """Too late: the caller is told how the order ended, and the book knows."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("replace", Say(told))
        with pytest.raises(ReplaceRejected, match=f"was {ended.value} before the change"):
            await desk.broker.replace("gen", key, order_type=NEW)
        assert desk.only_order().status is ended

    run(trading())


def test_an_increase_refused_because_all_had_traded_leaves_a_filled_order() -> None:
    """The last fill crossed the replace; no zombie with nothing remaining is left working."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("replace", Say(filled(10)), Say(replace_refused("filled", 104)))
        with pytest.raises(ReplaceRejected, match="filled"):
            await replace(desk, key)
        assert desk.only_order().status is S.FILLED
        assert await desk.broker.open_orders("gen") == ()

    run(trading())


def test_a_reduction_to_what_is_filled_ends_the_order() -> None:
    """Cutting an order to what has traded fills it."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("replace", Say(filled(5)), Say(replaced(5, NEW)))
        order = await replace(desk, key, 5)
        assert facts(order.status, order.remaining_quantity) == (S.FILLED, 0)

    run(trading())


def test_news_of_an_older_change_does_not_answer_a_newer_one() -> None:
    """An older replace is told of again, while the next is under way: that one is still awaited."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.orders.script("replace", Say(replaced(15, NEW)))
        await replace(desk, key, 15)
        desk.orders.script("replace", Say(replaced(15, NEW)), Later(replaced(20, NEW)))
        order = await replace(desk, key, 20)
        assert facts(order.status, order.quantity) == (S.WORKING, 20)

    run(trading())


def test_a_lost_change_stays_in_doubt_until_its_terms_are_told() -> None:
    """That the order lives, or fills in part, does not say on which terms; a change must wait."""

    async def trading() -> None:
        desk, key = await desk_working()
        with pytest.raises(OrderInDoubt):
            await replace(desk, key, 15)
        desk.adapter.tell(key, acknowledged())
        desk.adapter.tell(key, filled(4))
        assert facts(desk.only_order().status, desk.only_order().filled_quantity) == (S.IN_DOUBT, 4)
        with pytest.raises(ReplaceRejected, match="the order is in doubt"):
            await replace(desk, key, 20)
        desk.adapter.tell(key, replaced(15, NEW))
        assert facts(desk.only_order().status, desk.only_order().quantity) == (S.WORKING, 15)

    run(trading())


def test_an_order_that_ends_during_the_check_is_not_replaced() -> None:
    """It filled while its contract was looked up: refused in the words of a replace."""

    async def trading() -> None:
        desk, key = await desk_working(instrument=AAPL_PUT)
        desk.adapter.contracts.when_asked = lambda: desk.adapter.tell(key, filled(10))
        with pytest.raises(ReplaceRejected, match="the order is filled"):
            await replace(desk, key)
        assert desk.orders.times_sent("replace") == 0

    run(trading())


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"quantity": Decimal(4)}, "quantity is 4, but must be more than the 4 already filled"),
        ({"quantity": 1.5}, "not a float"),
        ({"quantity": 0}, "greater than zero"),
        ({"order_type": Limit("190.005")}, r"limit_price is 190\.005.*tick size"),
        ({"order_type": "LMT"}, "order_type is 'LMT'"),
    ],
)
def test_bad_terms_are_refused_before_they_are_sent(changes: dict[str, Any], match: str) -> None:
    """Each names the field, and the order is left as it was."""

    async def trading() -> None:
        desk, key = await desk_working()
        desk.adapter.tell(key, filled(4))
        before = desk.only_order()
        with pytest.raises(InvalidOrder, match=match):
            await desk.broker.replace("gen", key, **changes)
        assert desk.only_order() == before
        assert desk.orders.times_sent("replace") == 0

    run(trading())
