"""The broker's lists: an empty one is an answer only when it is one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

import pytest

from brokerport.adapters.client_portal.order_lists import READS_MAX, OrderLists
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import RequestRefused, RequestTimedOut

GEN, REV = BrokerAccount("DU1000001"), BrokerAccount("DU1000002")
NOT_READY: dict[str, object] = {"orders": [], "snapshot": False}


class Lists:
    """Lists that are answered in turn, and what was asked."""

    def __init__(self, *answers: object) -> None:
        self.answers = deque(answers)
        self.asked: list[tuple[str, str]] = []
        self.lists = OrderLists(self._read, lambda: (GEN, REV))

    async def _read(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Any:
        assert (method, body) == ("GET", None)
        self.asked.append((path.rpartition("/")[2], (query or {})["accountId"]))
        await asyncio.sleep(0)
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]


def test_a_list_that_is_not_ready_is_asked_for_again() -> None:
    """The first answer of a session only says that IBKR begins to gather it."""
    desk = Lists(NOT_READY, {"orders": [{"orderId": 1}], "snapshot": True})
    assert asyncio.run(desk.lists.orders(GEN)) == ({"orderId": 1},)
    assert desk.asked == [("orders", "DU1000001")] * 2


def test_an_empty_list_that_is_ready_is_an_answer() -> None:
    """There are no orders."""
    assert asyncio.run(Lists({"orders": [], "snapshot": True}).lists.orders(GEN)) == ()


def test_a_list_that_is_never_ready_is_an_error() -> None:
    """Not an empty list."""
    desk = Lists(NOT_READY)
    with pytest.raises(RequestTimedOut):
        asyncio.run(desk.lists.orders(GEN))
    assert len(desk.asked) == READS_MAX


@pytest.mark.parametrize("answer", [None, [], {}, {"orders": {}}, {"orders": [1], "snapshot": 1}])
def test_what_is_no_list_of_orders_is_refused(answer: object) -> None:
    """Whatever else it may be."""
    with pytest.raises(RequestRefused):
        asyncio.run(Lists(answer).lists.orders(GEN))


@pytest.mark.parametrize("answer", [None, {}, {"error": "x"}, ["x"]])
def test_what_is_no_list_of_trades_is_refused(answer: object) -> None:
    """Whatever else it may be."""
    with pytest.raises(RequestRefused):
        asyncio.run(Lists(answer).lists.trades(GEN))


def test_without_an_account_all_are_read() -> None:
    """One after the other, for a list is of one account."""
    desk = Lists([{"execution_id": "1"}], [{"execution_id": "2"}])
    rows = asyncio.run(desk.lists.trades())
    assert [row["execution_id"] for row in rows] == ["1", "2"]
    assert desk.asked == [("trades", "DU1000001"), ("trades", "DU1000002")]


def test_callers_at_the_same_time_share_an_answer() -> None:
    """But not across accounts, and never one that is older than the question."""

    async def run() -> None:
        desk = Lists({"orders": [], "snapshot": True})
        await asyncio.gather(*(desk.lists.orders(account) for account in (GEN, REV) * 5))
        # The first was on its way already when the others came: they share the next.
        for account in (GEN, REV):
            assert desk.asked.count(("orders", account.account_id)) == 2
        await desk.lists.orders(GEN)
        assert len(desk.asked) == 5

    asyncio.run(run())
