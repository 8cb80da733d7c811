"""Rows about orders and fills, turned into events: each once, none left out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from brokerport.adapters.client_portal.book import PortalBook
from brokerport.adapters.client_portal.order_events import OrderEvents
from brokerport.domain.errors import NotConnected, RequestRefused
from brokerport.domain.instruments import Instrument
from brokerport.domain.money import usd
from brokerport.domain.order_types import Limit
from brokerport.domain.reports import Acknowledged, Cancelled, Replaced
from brokerport.ports.session import (
    AdapterEvent,
    CommissionReported,
    ExecutionReported,
    NoticeReported,
    OrderReported,
)
from tests.unit.client_portal.portal_orders import (
    AAPL,
    AAPL_ID,
    ORDER_ID,
    OURS,
    order_row,
    ticket,
    trade_row,
)

BEGAN_AT = datetime(2026, 1, 5, 14, 30, 2, tzinfo=UTC)
ACKNOWLEDGED = OrderReported(Acknowledged(OURS, str(ORDER_ID), ORDER_ID))


class Desk:
    """Events of a book, and what a listener heard of them."""

    def __init__(self) -> None:
        self.heard: list[AdapterEvent] = []
        self.book = PortalBook()
        self.events = OrderEvents(self.book, self.heard.append)
        self.events.instrument_of = self._instrument_of
        self.looked_up: list[int] = []
        self.error: Exception | None = None
        self.events.has_begun(datetime.min.replace(tzinfo=UTC))

    async def _instrument_of(self, identity: int) -> Instrument | None:
        self.looked_up.append(identity)
        if self.error is not None:
            raise self.error
        return AAPL if identity == AAPL_ID else None

    def order(self, **row: Any) -> list[AdapterEvent]:
        """Hear a row about the order, and return what is new."""
        return self._new(self.events.hear_order(row))

    def trade(self, **row: Any) -> list[AdapterEvent]:
        """Hear a row about an execution, and return what is new."""
        return self._new(self.events.hear_execution(row))

    def _new(self, work: Any) -> list[AdapterEvent]:
        before = len(self.heard)
        asyncio.run(work)
        return self.heard[before:]


@pytest.fixture
def desk() -> Desk:
    """A desk with an order that was placed and of which nothing was heard."""
    desk = Desk()
    desk.book.place(ticket())
    return desk


def test_rows_of_changes_are_put_together(desk: Desk) -> None:
    """A change tells the account, the id and what differs."""
    assert desk.order(**order_row(status="PreSubmitted")) == [ACKNOWLEDGED]
    tracked = desk.book.find(OURS)
    assert tracked is not None
    desk.book.replace(tracked, Decimal(150), Limit("251"))
    change = {"acct": "DU1000001", "orderId": ORDER_ID, "totalSize": Decimal("150.0")}
    assert desk.order(**change) == []
    change = {"acct": "DU1000001", "orderId": ORDER_ID, "price": "251.00"}
    replaced = Replaced(OURS, Decimal(150), Limit("251"))
    assert desk.order(**change) == [OrderReported(replaced)]


def test_an_order_of_nobody_of_ours_is_no_news(desk: Desk) -> None:
    """It is not looked up either."""
    assert desk.order(**order_row(order_ref="by hand", orderId=7)) == []
    assert desk.order(**order_row(order_ref=None, orderId=8)) == []
    assert desk.looked_up == []


def test_an_order_of_ours_that_works_already_is_adopted() -> None:
    """An earlier process placed it; it is acknowledged, and can be cancelled."""
    desk = Desk()
    assert desk.order(**order_row()) == [ACKNOWLEDGED]
    tracked = desk.book.find(OURS)
    assert tracked is not None
    assert (tracked.ticket, tracked.order_id) == (ticket(), ORDER_ID)
    assert desk.order(**order_row()) == []


@pytest.mark.parametrize("status", ["Filled", "Cancelled", "Inactive"])
def test_an_order_of_ours_that_is_done_is_not_adopted(status: str) -> None:
    """Who asks for completed orders is told of it."""
    desk = Desk()
    assert desk.order(**order_row(status=status)) == []
    assert desk.book.find(OURS) is None


def test_an_order_of_ours_in_other_words_is_pointed_out_once() -> None:
    """Somebody changed it by hand."""
    desk = Desk()
    (notice,) = desk.order(**order_row(orderType="Trailing Stop"))
    assert isinstance(notice, NoticeReported)
    assert "Trailing Stop" in notice.message
    assert desk.order(**order_row(orderType="Trailing Stop")) == []


def test_a_tracked_order_in_other_words_still_ends(desk: Desk) -> None:
    """Its status needs no words for its terms."""
    desk.order(**order_row())
    (notice,) = desk.order(**order_row(orderType="Trailing Stop"))
    assert isinstance(notice, NoticeReported)
    (ended,) = desk.order(orderId=ORDER_ID, status="Cancelled")
    assert isinstance(ended, OrderReported)
    assert isinstance(ended.report, Cancelled)


def test_a_fill_is_told_once_and_its_commission_after_it(desk: Desk) -> None:
    """It comes twice: without its commission and with it."""
    (told,) = desk.trade(**trade_row())
    assert isinstance(told, ExecutionReported)
    assert told.execution.order_reference == OURS
    assert told.execution.instrument == AAPL
    (charged,) = desk.trade(**trade_row(commission="1.01"))
    assert isinstance(charged, CommissionReported)
    assert charged.commission.amount == usd("1.01")
    assert desk.trade(**trade_row(commission="1.01")) == []
    assert desk.looked_up == []


def test_a_fill_and_its_commission_may_come_together(desk: Desk) -> None:
    """The fill is first all the same."""
    told = desk.trade(**trade_row(commission="1.01"))
    assert [type(event) for event in told] == [ExecutionReported, CommissionReported]


def test_a_fill_without_our_reference_is_known_by_the_orders_id(desk: Desk) -> None:
    """Once the broker has named the order."""
    desk.order(**order_row())
    (told,) = desk.trade(**trade_row(order_ref=None))
    assert isinstance(told, ExecutionReported)
    assert told.execution.order_reference == OURS


def test_somebody_elses_fill_is_told_too() -> None:
    """Of any order in a managed account; what it is in is looked up."""
    desk = Desk()
    (told,) = desk.trade(**trade_row(order_ref="by hand"))
    assert isinstance(told, ExecutionReported)
    assert (told.execution.order_reference, desk.looked_up) == ("by hand", [AAPL_ID])


def test_a_fill_in_what_we_have_no_words_for_is_pointed_out_once() -> None:
    """A future, perhaps; or one that cannot be looked up."""
    for error, identity in ((None, 77), (RequestRefused("no such contract"), AAPL_ID)):
        desk = Desk()
        desk.error = error
        (notice,) = desk.trade(**trade_row(order_ref=None, conid=identity))
        assert isinstance(notice, NoticeReported)
        assert desk.trade(**trade_row(order_ref=None, conid=identity)) == []


def test_a_fill_whose_look_up_fails_is_not_lost() -> None:
    """It is told when the row comes again."""
    desk = Desk()
    desk.error = NotConnected("away")
    with pytest.raises(NotConnected):
        desk.trade(**trade_row(order_ref=None))
    desk.error = None
    (told,) = desk.trade(**trade_row(order_ref=None))
    assert isinstance(told, ExecutionReported)


def test_a_fill_of_ours_that_cannot_be_read_is_a_fault(desk: Desk) -> None:
    """It is never left out in silence."""
    with pytest.raises(ValueError, match="fill of order"):
        desk.trade(**trade_row(price="x"))
    assert [type(event) for event in desk.trade(**trade_row())] == [ExecutionReported]


def test_a_combination_as_a_whole_is_left_out(desk: Desk) -> None:
    """Its legs are told each."""
    assert desk.trade(**trade_row(sec_type="BAG")) == []


def test_a_correction_takes_the_place_of_what_it_corrects(desk: Desk) -> None:
    """It is told, an older revision is not, and it counts by what differs."""
    desk.order(**order_row())
    desk.trade(**trade_row())
    corrected = trade_row(execution_id="0000e0d5.6576fd31.01.02", size=Decimal(30))
    (told,) = desk.trade(**corrected)
    assert isinstance(told, ExecutionReported)
    assert told.execution.quantity == 30
    assert desk.trade(**trade_row()) == []
    assert desk.order(orderId=ORDER_ID, status="Cancelled", filledQuantity=Decimal(60)) == []
    assert len(desk.trade(**trade_row(2, size=Decimal(30)))) == 2


def test_an_end_is_told_after_its_fills(desk: Desk) -> None:
    """Whichever topic was quicker."""
    desk.order(**order_row())
    assert desk.order(orderId=ORDER_ID, status="Cancelled", filledQuantity=Decimal(80)) == []
    assert [type(event) for event in desk.trade(**trade_row(1))] == [ExecutionReported]
    told = desk.trade(**trade_row(2, commission="1"))
    kinds = [type(event) for event in told]
    assert kinds == [ExecutionReported, CommissionReported, OrderReported]


def test_what_had_happened_before_a_session_is_no_news() -> None:
    """Who asks for the executions is told of it; what comes then is news."""
    desk = Desk()
    desk.events.begins_session()
    assert desk.trade(**trade_row(1, commission="1")) == []
    desk.events.has_begun(BEGAN_AT)
    assert desk.trade(**trade_row(1, commission="1")) == []
    late = {"trade_time_r": None, "trade_time": "20260105-14:30:01"}
    assert desk.trade(**trade_row(2, **late)) == []
    (told,) = desk.trade(**trade_row(3, trade_time_r=1767623402000))
    assert isinstance(told, ExecutionReported)


def test_what_an_order_in_the_book_missed_is_told(desk: Desk) -> None:
    """It was placed in an earlier session of the same adapter."""
    desk.order(**order_row())
    desk.events.begins_session()
    told = desk.trade(**trade_row(1, commission="1"))
    told += desk.order(**order_row(status="Cancelled", filledQuantity=Decimal(40)))
    kinds = [type(event) for event in told]
    assert kinds == [ExecutionReported, CommissionReported, OrderReported]


@pytest.mark.parametrize("row", [{"status": "Filled"}, {"orderId": "x", "status": "Filled"}])
def test_a_row_of_no_order_is_a_fault(desk: Desk, row: dict[str, Any]) -> None:
    """It may have been ours."""
    with pytest.raises(ValueError, match="order id"):
        desk.order(**row)


def test_somebody_elses_fill_is_told_when_its_look_up_is_answered_again() -> None:
    """A refusal of the moment must not make it unknown for ever."""
    desk = Desk()
    row = trade_row(order_ref=None, order_id=99)
    desk.error = RequestRefused("HTTP 503 Service Unavailable")
    (notice,) = desk.trade(**row)
    assert isinstance(notice, NoticeReported)
    desk.error = None
    (told,) = desk.trade(**row)
    assert isinstance(told, ExecutionReported)


def test_a_fill_of_an_order_doubled_does_not_end_the_first(desk: Desk) -> None:
    """It is told; but the first works on, and must be cancelled still."""
    desk.order(**order_row())
    told = desk.trade(**trade_row(size=Decimal("100.0"), order_id=ORDER_ID + 1))
    assert [type(event) for event in told] == [ExecutionReported]
    tracked = desk.book.find(OURS)
    assert tracked is not None
    assert tracked.end is None
