"""The tap: TWS's callbacks, in the orders in which TWS was captured to send them, into events.

The sequences are those of the wire protocol's notes, section 5.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from ib_async.contract import Contract
from ib_async.objects import CommissionReport
from ib_async.objects import Execution as TwsExecution
from ib_async.order import Order as TwsOrder
from ib_async.order import OrderState
from ib_async.util import UNSET_DOUBLE

from brokerport.adapters.tws.book import TwsOrderBook
from brokerport.adapters.tws.order_events import OrderEvents
from brokerport.adapters.tws.position_stream import PositionStream
from brokerport.adapters.tws.reads import Reads
from brokerport.adapters.tws.rows import ExecutionRow
from brokerport.adapters.tws.tap import Tap
from brokerport.adapters.tws.translate_orders import to_tws_order
from brokerport.domain.instruments import Stock
from brokerport.domain.money import usd
from brokerport.domain.order_types import Limit, Side
from brokerport.domain.positions import Holding
from brokerport.domain.reports import Acknowledged, Cancelled, Rejected, Warned
from brokerport.ports.session import (
    AdapterEvent,
    CommissionReported,
    ExecutionReported,
    NoticeReported,
    OrderReported,
    PositionReported,
)
from tests.unit.tws.sample_orders import ACCOUNT, CLIENT_ID, ORDER_ID, OURS, PERM_ID, ticket

AAPL = Contract(secType="STK", conId=265598, symbol="AAPL", currency="USD", exchange="SMART")
FUTURE = Contract(secType="FUT", conId=1, symbol="ES", currency="USD")
FIRST_FILL, CORRECTED_FILL = "0000e0d5.6571a2bc.01.01", "0000e0d5.6571a2bc.01.02"
SECOND_FILL = "0000e0d5.6571a2bd.01.01"


class Gateway:
    """Says to a tap what TWS would, and keeps what the listener hears."""

    def __init__(self) -> None:
        self.heard: list[AdapterEvent] = []
        self.book = TwsOrderBook()
        self.later: list[Callable[[], None]] = []
        self.events = OrderEvents(
            self.book, CLIENT_ID, self.heard.append, lambda: self.later.append(lambda: None)
        )
        self.reads = Reads()
        self.positions = PositionStream(self.heard.append)
        self.tap = Tap(
            self.reads,
            self.events,
            self.positions,
            lambda code, text: self.heard.append(NoticeReported(code, text)),
            lambda _reason: None,
            lambda: "America/New_York",
        )
        self.book.place(ticket(), CLIENT_ID, ORDER_ID, session=1)

    def shows(self, status: str, reference: str = OURS, **changes: object) -> None:
        """Say openOrder, then orderStatus."""
        self.shows_only(status, reference, **changes)
        self.says_status(status)

    def shows_only(self, status: str, reference: str = OURS, **changes: object) -> None:
        """Say openOrder alone."""
        order = to_tws_order(ticket(), Decimal(100), Limit("250.05"), reference=reference)
        order.orderId, order.clientId, order.permId = ORDER_ID, CLIENT_ID, PERM_ID
        for name, value in changes.items():
            setattr(order, name, value)
        self.tap.openOrder(ORDER_ID, AAPL, order, OrderState(status=status))

    def says_status(self, status: str, why_held: str = "") -> None:
        """Say orderStatus alone."""
        self.tap.orderStatus(
            ORDER_ID, status, 0.0, 100.0, 0.0, PERM_ID, 0, 0.0, CLIENT_ID, why_held, 0.0
        )

    def fills(
        self,
        execution_id: str = FIRST_FILL,
        *,
        request_id: int = -1,
        contract: Contract = AAPL,
        price: float = 250.05,
        reference: str = OURS,
    ) -> None:
        """Say execDetails."""
        fill = TwsExecution(
            execId=execution_id,
            time=datetime(2026, 1, 5, 14, 31, tzinfo=UTC),
            acctNumber="DU1000001",
            side="BOT",
            shares=100.0,
            price=price,
            permId=PERM_ID,
            clientId=CLIENT_ID,
            orderId=ORDER_ID,
            orderRef=reference,
        )
        self.tap.execDetails(request_id, contract, fill)

    def charges(self, execution_id: str = FIRST_FILL, amount: float = 1.0) -> None:
        """Say commissionReport, as on an opening trade."""
        self.tap.commissionReport(CommissionReport(execution_id, amount, "USD", UNSET_DOUBLE))

    def reports(self) -> list[object]:
        """What was told of orders."""
        return [event.report for event in self.heard if isinstance(event, OrderReported)]

    def kinds(self) -> list[str]:
        """What kinds of events were heard, in order."""
        return [type(event).__name__ for event in self.heard]


@pytest.fixture
def tws() -> Iterator[Gateway]:
    """A gateway that has just been given the sample order."""
    with asyncio.Runner() as runner:

        async def build() -> Gateway:
            return Gateway()

        yield runner.run(build())


def test_a_filled_market_order_as_captured(tws: Gateway) -> None:
    """Submitted, the fill, Filled, Filled again with commission: one acknowledgement, one fill."""
    tws.shows("PreSubmitted")
    tws.fills()
    tws.shows("Filled")
    tws.shows("Filled")
    tws.charges()
    assert tws.kinds() == ["OrderReported", "ExecutionReported", "CommissionReported"]
    assert tws.reports() == [Acknowledged(OURS, str(ORDER_ID), PERM_ID)]
    commission = tws.heard[-1]
    assert isinstance(commission, CommissionReported)
    assert (commission.commission.amount, commission.commission.realised_pnl) == (usd(1), None)


def test_a_fill_may_come_before_the_acknowledgement(tws: Gateway) -> None:
    """Both are told, in the order in which they came."""
    tws.fills()
    tws.shows("Submitted")
    assert tws.kinds() == ["ExecutionReported", "OrderReported"]


def test_the_status_filled_alone_is_no_fill(tws: Gateway) -> None:
    """Only an execution is money."""
    tws.shows("Filled")
    assert tws.reports() == [Acknowledged(OURS, str(ORDER_ID), PERM_ID)]


def test_a_fill_told_twice_counts_once(tws: Gateway) -> None:
    """Its execution id is the same."""
    tws.fills()
    tws.fills()
    assert tws.kinds() == ["ExecutionReported"]


def test_two_fills_are_two(tws: Gateway) -> None:
    """Different executions are told each."""
    tws.fills(FIRST_FILL)
    tws.fills(SECOND_FILL)
    assert tws.kinds() == ["ExecutionReported"] * 2


def test_a_correction_is_told_after_what_it_corrects(tws: Gateway) -> None:
    """The same execution in a new revision; the one before, told again, is no news any more."""
    tws.fills(FIRST_FILL)
    tws.fills(CORRECTED_FILL, price=250.10)
    tws.fills(FIRST_FILL)
    first, corrected = (e.execution for e in tws.heard if isinstance(e, ExecutionReported))
    assert first.family == corrected.family
    assert (first.revision, corrected.revision) == (1, 2)
    assert str(corrected.price) == "250.1"
    assert tws.kinds() == ["ExecutionReported"] * 2


def test_a_commission_may_come_before_its_fill(tws: Gateway) -> None:
    """It waits for the fill, and is told once."""
    tws.charges()
    assert tws.heard == []
    tws.fills()
    tws.charges()
    assert tws.kinds() == ["ExecutionReported", "CommissionReported"]


def test_a_fill_of_somebody_elses_order_is_told_as_such(tws: Gateway) -> None:
    """A manual trade in a managed account keeps its own reference."""
    tws.fills(reference="manual")
    (event,) = tws.heard
    assert isinstance(event, ExecutionReported)
    assert event.execution.order_reference == "manual"


def test_a_fill_without_a_reference_is_known_by_its_perm_id(tws: Gateway) -> None:
    """The book knows whose permId it is."""
    tws.shows("Submitted")
    tws.fills(reference="")
    event = tws.heard[-1]
    assert isinstance(event, ExecutionReported)
    assert event.execution.order_reference == OURS


def test_a_fill_in_what_we_have_no_words_for_is_pointed_out(tws: Gateway) -> None:
    """A future cannot be shown, but is not kept quiet about."""
    tws.fills(contract=FUTURE, reference="")
    assert tws.kinds() == ["NoticeReported"]


def test_an_answer_to_a_request_is_no_news(tws: Gateway) -> None:
    """Executions that we asked for go to who asked, and late ones nowhere."""

    async def ask() -> list[object]:
        read = tws.reads.begin(5)
        tws.fills(request_id=5)
        tws.fills(SECOND_FILL, request_id=4)
        tws.tap.execDetailsEnd(5)
        return await read.answer

    with asyncio.Runner() as runner:
        rows = runner.run(ask())
    assert [row.execution.execId for row in rows if isinstance(row, ExecutionRow)] == [FIRST_FILL]
    assert tws.heard == []


def test_a_rejection_as_captured(tws: Gateway) -> None:
    """Error 201, openOrder Inactive, orderStatus Inactive: rejected once."""
    tws.tap.error(ORDER_ID, 201, "Order rejected - reason: no", "")
    tws.shows("Inactive")
    assert tws.reports() == [Rejected(OURS, "Order rejected - reason: no", 201)]


def test_an_expiry_as_captured(tws: Gateway) -> None:
    """OrderStatus Cancelled, then error 202 with the reason."""
    tws.shows("Submitted")
    tws.says_status("Cancelled")
    assert len(tws.reports()) == 1
    assert tws.later != []
    tws.tap.error(ORDER_ID, 202, "Order Canceled - reason: expired", "")
    assert tws.reports()[1:] == [Cancelled(OURS, "expired")]


def test_a_preset_that_changed_the_order_is_a_warning(tws: Gateway) -> None:
    """ib_async 2.1.0 calls an order with 10349 cancelled; it works."""
    tws.tap.error(ORDER_ID, 10349, "TIF was set to DAY", "")
    tws.shows("Submitted")
    assert tws.reports() == [
        Warned(OURS, "TIF was set to DAY", 10349),
        Acknowledged(OURS, str(ORDER_ID), PERM_ID),
    ]


def test_an_order_changed_by_hand_into_what_we_have_no_words_for_still_lives(
    tws: Gateway,
) -> None:
    """Its status counts, its terms are pointed out."""
    tws.shows_only("Submitted")
    tws.shows_only("Submitted", orderType="TRAIL")
    tws.shows_only("Cancelled", orderType="TRAIL")
    tws.events.release_held(tws.book.held)
    assert tws.kinds() == ["OrderReported", "NoticeReported", "NoticeReported", "OrderReported"]
    assert tws.reports()[-1] == Cancelled(OURS, "")


def test_somebody_elses_order_is_nobodys_news(tws: Gateway) -> None:
    """Neither its terms, however odd, nor its status are reported."""
    order = TwsOrder(orderId=-3, clientId=0, permId=5, orderType="TRAIL", action="BUY")
    tws.tap.openOrder(-3, FUTURE, order, OrderState(status="Submitted"))
    tws.tap.orderStatus(-3, "Submitted", 0.0, 1.0, 0.0, 5, 0, 0.0, 0, "", 0.0)
    assert tws.heard == []


def test_a_what_if_is_never_taken_for_an_order(tws: Gateway) -> None:
    """Its late answer belongs to nobody."""
    tws.shows_only("PreSubmitted", whatIf=True)
    assert tws.heard == []


def test_an_error_for_no_order_of_ours_is_a_notice(tws: Gateway) -> None:
    """An id that nothing is known of, and the session itself."""
    tws.tap.error(4711, 300, "Can't find EId", "")
    tws.tap.error(-1, 1102, "restored", "")
    assert tws.heard == [NoticeReported(300, "Can't find EId"), NoticeReported(1102, "restored")]


def test_positions_are_news_after_the_first_snapshot(tws: Gateway) -> None:
    """Then each difference is told once, and so is that nothing is held any more."""
    tws.tap.position("DU1000001", AAPL, 100.0, 250.06)
    tws.tap.positionEnd()
    assert tws.heard == []
    tws.tap.position("DU1000001", AAPL, 100.0, 250.06)
    assert tws.heard == []
    tws.tap.position("DU1000001", AAPL, 40.0, 250.06)
    tws.tap.position("DU1000001", AAPL, 0.0, 0.0)
    stock = Stock("AAPL")
    assert tws.heard == [
        PositionReported(ACCOUNT, Holding(stock, Decimal(40), Decimal("250.06"))),
        PositionReported(ACCOUNT, Holding(stock, Decimal(0), Decimal(0))),
    ]


def test_a_position_we_have_no_words_for_is_pointed_out(tws: Gateway) -> None:
    """It is a notice, not silence."""
    tws.tap.positionEnd()
    tws.tap.position("DU1000001", FUTURE, 1.0, 5000.0)
    assert tws.kinds() == ["NoticeReported"]


def test_every_fill_carries_its_own_facts(tws: Gateway) -> None:
    """Account, instrument, price and quantity are the broker's."""
    tws.fills()
    event = tws.heard[0]
    assert isinstance(event, ExecutionReported)
    execution = event.execution
    assert (execution.broker_account, execution.instrument) == (ACCOUNT, Stock("AAPL"))
    assert (execution.side, execution.order_reference) == (Side.BUY, OURS)
    assert (execution.price, execution.quantity) == (Decimal("250.05"), Decimal(100))
