"""Orders, changes and cancels: what is sent, what is told, and what is only looked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, cast

import async_solipsism
import httpx
import pytest

from brokerport.adapters.client_portal.json_text import write_json
from brokerport.adapters.client_portal.orders import LOOKUPS_MAX, Orders
from brokerport.adapters.client_portal.session import Session
from brokerport.adapters.client_portal.transport import AnswerLost
from brokerport.config import ClientPortalSettings, PortalPacing
from brokerport.domain.errors import (
    InvalidOrder,
    NotConnected,
    OrderInDoubt,
    RequestRefused,
    UnknownOrder,
)
from brokerport.domain.instruments import Instrument
from brokerport.domain.money import usd
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
from brokerport.ports.session import (
    AdapterEvent,
    ExecutionReported,
    NoticeReported,
    OrderReported,
)
from tests.unit.client_portal.fake_portal import FakePortal
from tests.unit.client_portal.portal_orders import (
    AAPL_ID,
    ORDER_ID,
    OURS,
    order_row,
    ticket,
    trade_row,
)

PLACE = "/iserver/account/DU1000001/orders"
ORDER = f"/iserver/account/DU1000001/order/{ORDER_ID}"
ACKNOWLEDGED = Acknowledged(OURS, str(ORDER_ID), ORDER_ID)
TAKEN = [{"order_id": str(ORDER_ID), "order_status": "Submitted", "encrypt_message": "1"}]
SUBMITTED = {"msg": "Request was submitted", "order_id": ORDER_ID}


class KnownContracts:
    """Every instrument is Apple."""

    async def contract_id(self, _instrument: Instrument) -> int:
        return AAPL_ID


class Dollars:
    """Every account counts in dollars."""

    async def base_currency(self, _account: object) -> str:
        return "USD"


class Desk:
    """The orders of a session with the fake portal, and what was heard of them."""

    def __init__(self) -> None:
        self.portal = FakePortal()
        self.heard: list[AdapterEvent] = []
        self.session = Session(
            ClientPortalSettings(base_url="http://localhost:5000/v1/api", pacing=PortalPacing.OFF),
            new_door=self.portal.new_door,
        )
        unused = cast("Any", None)
        self.orders = Orders(
            self.session, cast("Any", KnownContracts()), cast("Any", Dollars()), unused
        )

    def answer(self, path: str, body: object, status: int = 200) -> None:
        """Answer a path so from now on."""
        self.portal.answers[path] = lambda _request: httpx.Response(status, text=write_json(body))

    def fail(self, path: str, error: httpx.TransportError) -> None:
        """Fail so on a path from now on."""

        def fail(_request: httpx.Request) -> httpx.Response:
            raise error

        self.portal.answers[path] = fail

    def sent(self, path: str) -> list[Any]:
        """The bodies that were sent to a path."""
        asked = zip(self.portal.asked, self.portal.bodies, strict=True)
        return [body for text, body in asked if text.partition(" ")[2] == path]

    async def working(self) -> None:
        """Place an order that works."""
        self.answer(PLACE, TAKEN)
        await self.orders.place(ticket())
        self.heard.clear()

    def reports(self) -> list[Any]:
        """What was reported of orders."""
        return [event.report for event in self.heard if isinstance(event, OrderReported)]


def with_desk(use: Callable[[Desk], Awaitable[None]]) -> Desk:
    """Use a desk with an open session on virtual time, and see that nothing is left over."""
    desk = Desk()

    async def run() -> None:
        await desk.session.connect(desk.heard.append)
        await use(desk)
        await desk.session.disconnect()
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1, asyncio.all_tasks()

    with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
        runner.run(run())
    return desk


def test_an_order_is_acknowledged_when_its_placing_returns() -> None:
    """One ticket was sent, whole."""

    async def use(desk: Desk) -> None:
        desk.answer(PLACE, TAKEN)
        await desk.orders.place(ticket())
        assert desk.reports() == [ACKNOWLEDGED]
        (body,) = desk.sent(PLACE)
        (sent,) = body["orders"]
        assert (sent["cOID"], sent["conid"], sent["price"]) == (OURS, AAPL_ID, 250)
        with pytest.raises(InvalidOrder, match="client_order_id"):
            await desk.orders.place(ticket())

    with_desk(use)


def test_two_orders_for_one_ticket_are_pointed_out() -> None:
    """An order doubled is the worst thing."""

    async def use(desk: Desk) -> None:
        desk.answer(PLACE, [*TAKEN, {"order_id": "17", "order_status": "Submitted"}])
        await desk.orders.place(ticket())

    acknowledged, warned = with_desk(use).reports()
    assert acknowledged == ACKNOWLEDGED
    assert isinstance(warned, Warned)
    assert "17" in warned.reason


def test_a_refusal_is_told_and_the_order_is_not_given_again() -> None:
    """IBKR may have used up its ClientOrderId."""

    async def use(desk: Desk) -> None:
        desk.answer(PLACE, {"error": "We cannot accept it"})
        await desk.orders.place(ticket())
        with pytest.raises(InvalidOrder):
            await desk.orders.place(ticket())
        await desk.orders.replace(OURS, Decimal(1), Limit("1"))

    rejected, refused = with_desk(use).reports()
    assert rejected == Rejected(OURS, "We cannot accept it")
    assert refused == ReplaceRefused(OURS, "the order is rejected already")


@pytest.mark.parametrize("error", [httpx.ConnectError(""), None])
def test_an_order_that_was_not_taken_can_be_placed_again(error: httpx.TransportError) -> None:
    """It never left, or was turned away unread."""

    async def use(desk: Desk) -> None:
        if error is None:
            desk.answer(PLACE, {"error": "Too Many Requests"}, 429)
        else:
            desk.fail(PLACE, error)
        with pytest.raises(NotConnected):
            await desk.orders.place(ticket())
        desk.answer(PLACE, TAKEN)
        await desk.orders.place(ticket())

    assert with_desk(use).reports() == [ACKNOWLEDGED]


def _lose(desk: Desk, how: str, path: str = PLACE) -> None:
    """Lose the answer to what is sent next."""
    match how:
        case "time-out":
            desk.fail(path, httpx.ReadTimeout(""))
        case "500":
            desk.answer(path, {"error": "Internal Server Error"}, 500)
        case "no sense":
            desk.answer(path, {"what": "ever"})
        case "registered":
            text = f"Order couldn't be submitted: Local order ID={OURS} is already registered."
            desk.answer(path, {"error": text})


@pytest.mark.parametrize("how", ["time-out", "500", "no sense", "registered"])
def test_an_order_whose_answer_is_lost_is_looked_for(how: str) -> None:
    """It is in doubt, never sent again, and told when it is found."""

    async def use(desk: Desk) -> None:
        _lose(desk, how)
        with pytest.raises(OrderInDoubt):
            await desk.orders.place(ticket())
        assert desk.heard == []
        desk.portal.orders = [order_row(filledQuantity=Decimal(40))]
        desk.portal.trades = [trade_row(1)]
        await asyncio.sleep(30)
        assert len(desk.sent(PLACE)) == 1

    desk = with_desk(use)
    assert desk.reports() == [ACKNOWLEDGED]
    assert [type(event) for event in desk.heard] == [ExecutionReported, OrderReported]


@pytest.mark.parametrize(
    ("status", "kind"), [("Cancelled", Cancelled), ("Inactive", Rejected), ("Filled", Acknowledged)]
)
def test_a_lost_order_that_has_ended_is_told_as_it_ended(status: str, kind: type) -> None:
    """Whatever became of it meanwhile."""

    async def use(desk: Desk) -> None:
        _lose(desk, "time-out")
        with pytest.raises(OrderInDoubt):
            await desk.orders.place(ticket())
        reason = {"order_cancellation_by_system_reason": "why"}
        desk.portal.orders = [order_row(status=status, **reason)]
        await asyncio.sleep(30)

    (report,) = with_desk(use).reports()
    assert type(report) is kind


def test_an_order_that_is_nowhere_stays_in_doubt() -> None:
    """It is looked for some times; that it was not found proves nothing yet."""

    async def use(desk: Desk) -> None:
        _lose(desk, "time-out")
        before = desk.portal.asked.count("GET /iserver/account/orders")
        with pytest.raises(OrderInDoubt):
            await desk.orders.place(ticket())
        await asyncio.sleep(600)
        readings = desk.portal.asked.count("GET /iserver/account/orders") - before
        assert readings == LOOKUPS_MAX
        with pytest.raises(InvalidOrder):
            await desk.orders.place(ticket())

    desk = with_desk(use)
    assert desk.reports() == []
    (notice,) = desk.heard
    assert isinstance(notice, NoticeReported)
    assert OURS in notice.message


def test_an_answer_is_not_missed_when_the_stream_has_told_it() -> None:
    """The row was quicker than the answer, which was lost: there is no doubt."""

    async def use(desk: Desk) -> None:
        async def tell_and_lose(_request: httpx.Request) -> httpx.Response:
            desk.portal.stream.push(topic="sor", args=[order_row()])
            await asyncio.sleep(1)
            raise httpx.ReadTimeout("")

        desk.portal.answers[PLACE] = cast("Any", tell_and_lose)
        await desk.orders.place(ticket())

    assert with_desk(use).reports() == [ACKNOWLEDGED]


def test_who_gives_up_waiting_does_not_stop_an_order_that_has_left() -> None:
    """Its answer is reported all the same."""

    async def use(desk: Desk) -> None:
        async def answer(_request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(5)
            return httpx.Response(200, text=write_json(TAKEN))

        desk.portal.answers[PLACE] = cast("Any", answer)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await desk.orders.place(ticket())
        assert desk.reports() == []
        await asyncio.sleep(10)

    assert with_desk(use).reports() == [ACKNOWLEDGED]


def test_an_order_that_nobody_waits_for_any_more_does_not_leave() -> None:
    """It was held back, and can be placed later."""

    async def use(desk: Desk) -> None:
        desk.answer(PLACE, TAKEN)
        desk.session._pacing.hold(5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await desk.orders.place(ticket())
        await asyncio.sleep(10)
        assert desk.sent(PLACE) == []
        await desk.orders.place(ticket())

    assert with_desk(use).reports() == [ACKNOWLEDGED]


def test_an_order_under_way_when_the_session_is_closed_is_in_doubt() -> None:
    """The next session tells what became of it."""

    async def use(desk: Desk) -> None:
        answered = asyncio.Event()

        async def answer(_request: httpx.Request) -> httpx.Response:
            await answered.wait()
            return httpx.Response(200, text=write_json(TAKEN))

        desk.portal.answers[PLACE] = cast("Any", answer)
        placing = asyncio.create_task(desk.orders.place(ticket()))
        while not desk.sent(PLACE):  # noqa: ASYNC110 - the portal has no event for it
            await asyncio.sleep(0)
        closing = asyncio.create_task(desk.session.disconnect())
        await asyncio.sleep(1)
        answered.set()
        await closing
        with pytest.raises(OrderInDoubt, match="session ended"):
            await placing
        assert desk.heard == []
        desk.portal.rows["sor"] = [order_row()]
        await desk.session.connect(desk.heard.append)

    assert with_desk(use).reports() == [ACKNOWLEDGED]


def test_new_terms_are_a_whole_ticket() -> None:
    """With the reference, or the order would lose it."""

    async def use(desk: Desk) -> None:
        await desk.working()
        desk.answer(ORDER, TAKEN)
        await desk.orders.replace(OURS, Decimal(150), Limit("251.50"))
        (sent,) = desk.sent(ORDER)
        assert sent == {
            "acctId": "DU1000001",
            "conid": AAPL_ID,
            "cOID": OURS,
            "side": "BUY",
            "quantity": 150,
            "tif": "DAY",
            "outsideRTH": False,
            "orderType": "LMT",
            "price": 251.5,
        }

    assert with_desk(use).reports() == [Replaced(OURS, Decimal(150), Limit("251.50"))]


def test_refused_terms_are_told() -> None:
    """The order lives on."""

    async def use(desk: Desk) -> None:
        await desk.working()
        desk.answer(ORDER, {"error": "modify is too late"})
        await desk.orders.replace(OURS, Decimal(150), Limit("251.50"))

    assert with_desk(use).reports() == [ReplaceRefused(OURS, "modify is too late")]


@pytest.mark.parametrize("do_hold", [True, False])
def test_new_terms_whose_answer_is_lost_are_looked_for(do_hold: bool) -> None:
    """The row shows them, or shows the old ones: then nobody knows whether they will come."""

    async def use(desk: Desk) -> None:
        await desk.working()
        _lose(desk, "time-out", ORDER)
        with pytest.raises(OrderInDoubt, match="replace"):
            await desk.orders.replace(OURS, Decimal(150), Limit("251.50"))
        price = "251.50" if do_hold else "250.00"
        size = Decimal(150) if do_hold else Decimal(100)
        desk.portal.orders = [order_row(price=price, totalSize=size)]
        await asyncio.sleep(60)
        assert len(desk.sent(ORDER)) == 1

    expected = [Replaced(OURS, Decimal(150), Limit("251.50"))] if do_hold else []
    assert with_desk(use).reports() == expected


def test_a_cancel_is_told_when_the_order_is_off_the_market() -> None:
    """That it was submitted is not yet a cancel."""

    async def use(desk: Desk) -> None:
        await desk.working()
        desk.answer(ORDER, SUBMITTED)
        await desk.orders.cancel(OURS)
        assert desk.heard == []
        assert desk.portal.asked[-1] == f"DELETE {ORDER}"
        desk.portal.stream.push(topic="sor", args=[{"orderId": ORDER_ID, "status": "Cancelled"}])
        await desk.session.broker_time()

    assert with_desk(use).reports() == [Cancelled(OURS, "")]


@pytest.mark.parametrize("status", [200, 400])
def test_a_refused_cancel_is_told(status: int) -> None:
    """In the broker's words."""

    async def use(desk: Desk) -> None:
        await desk.working()
        desk.answer(ORDER, {"error": f"OrderID {ORDER_ID} doesn't exist"}, status)
        await desk.orders.cancel(OURS)

    assert with_desk(use).reports() == [CancelRefused(OURS, f"OrderID {ORDER_ID} doesn't exist")]


@pytest.mark.parametrize("how", ["time-out", "500", "no sense"])
def test_a_cancel_whose_answer_is_lost_is_looked_for(how: str) -> None:
    """It is not sent again; the end it made has no reason, for we asked for it."""

    async def use(desk: Desk) -> None:
        await desk.working()
        _lose(desk, how, ORDER)
        with pytest.raises(OrderInDoubt, match="cancel"):
            await desk.orders.cancel(OURS)
        desk.portal.orders = [order_row(status="Cancelled")]
        await asyncio.sleep(30)
        assert len(desk.sent(ORDER)) == 1

    assert with_desk(use).reports() == [Cancelled(OURS, "")]


def test_a_cancel_that_was_turned_away_was_not_asked_for() -> None:
    """The order's later end has the broker's reason; the session is mended."""

    async def use(desk: Desk) -> None:
        await desk.working()
        desk.answer(ORDER, {"error": "Bad Request: no bridge"}, 400)
        with pytest.raises(NotConnected):
            await desk.orders.cancel(OURS)
        assert not desk.session.is_connected
        await asyncio.sleep(1)
        assert desk.session.is_connected
        reason = {"order_cancellation_by_system_reason": "expired"}
        desk.portal.stream.push(topic="sor", args=[order_row(status="Cancelled", **reason)])
        await desk.session.broker_time()

    assert with_desk(use).reports() == [Cancelled(OURS, "expired")]


def test_an_order_that_has_ended_is_refused_here() -> None:
    """Nothing is sent."""

    async def use(desk: Desk) -> None:
        await desk.working()
        desk.portal.stream.push(topic="str", args=[trade_row(size=Decimal(100))])
        await desk.session.broker_time()
        await desk.orders.cancel(OURS)
        await desk.orders.replace(OURS, Decimal(150), Limit("1"))
        assert desk.sent(ORDER) == []

    assert with_desk(use).reports() == [
        CancelRefused(OURS, "the order is filled already"),
        ReplaceRefused(OURS, "the order is filled already"),
    ]


def test_an_order_of_an_earlier_process_is_looked_up() -> None:
    """Its row in the list names it."""

    async def use(desk: Desk) -> None:
        async def apple(_identity: int) -> Instrument:
            return ticket().instrument

        desk.session.order_events.instrument_of = apple
        desk.portal.orders = [order_row()]
        desk.answer(ORDER, SUBMITTED)
        await desk.orders.cancel(OURS)
        assert len(desk.sent(ORDER)) == 1

    assert with_desk(use).reports() == [ACKNOWLEDGED]


def test_an_order_that_nobody_knows_is_unknown() -> None:
    """The lists were read, and nothing was sent."""

    async def use(desk: Desk) -> None:
        with pytest.raises(UnknownOrder):
            await desk.orders.cancel(OURS)
        with pytest.raises(UnknownOrder):
            await desk.orders.replace(OURS, Decimal(1), Limit("1"))
        assert not any("/order/" in path for path in desk.portal.asked)

    with_desk(use)


def test_a_preview_places_nothing() -> None:
    """It follows a snapshot and carries no reference."""

    async def use(desk: Desk) -> None:
        figures = {"current": "1,000", "after": "2,000.50"}
        previewed = {
            "amount": {"commission": "1 USD"},
            "initial": figures,
            "maintenance": figures,
            "equity": figures,
            "error": None,
        }
        path = f"{PLACE}/whatif"
        desk.answer("/iserver/marketdata/snapshot", [{"conid": AAPL_ID}])
        desk.answer(path, previewed)
        impact = await desk.orders.margin_impact(ticket())
        assert (impact.initial_margin_after, impact.commission) == (usd("2000.50"), usd(1))
        assert desk.portal.asked[-2:] == ["GET /iserver/marketdata/snapshot", f"POST {path}"]
        (body,) = desk.sent(path)
        assert "cOID" not in body["orders"][0]
        for refused in ({**previewed, "error": "110/off tick"}, {"initial": figures}):
            desk.answer(path, refused)
            with pytest.raises(RequestRefused):
                await desk.orders.margin_impact(ticket())

    assert with_desk(use).heard == []


def test_a_list_read_while_a_cancel_is_pending_refuses_no_cancel() -> None:
    """The list may have been gathered before the cancel arrived."""

    async def use(desk: Desk) -> None:
        await desk.working()
        desk.answer(ORDER, SUBMITTED)
        await desk.orders.cancel(OURS)
        change = {"acct": "DU1000001", "orderId": ORDER_ID}
        desk.portal.stream.push(topic="sor", args=[{**change, "status": "PendingCancel"}])
        desk.portal.orders = [order_row()]
        await desk.session.read_lists()
        desk.portal.stream.push(topic="sor", args=[{**change, "status": "Cancelled"}])
        await asyncio.sleep(0.01)

    assert with_desk(use).reports() == [Cancelled(OURS, "")]


def test_an_order_answered_with_a_time_out_is_in_doubt() -> None:
    """Whoever gave up waiting may have passed it on."""

    async def use(desk: Desk) -> None:
        desk.answer(PLACE, {"error": "Request Timeout"}, 408)
        with pytest.raises(OrderInDoubt):
            await desk.orders.place(ticket())

    with_desk(use)


def test_no_look_up_outlives_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that was under way when it was closed is in doubt, and nobody can look for it."""

    async def use(desk: Desk) -> None:
        line = await desk.session.ready_line()
        closing = asyncio.Event()

        async def never_answer(*_asked: object, **_more: object) -> None:
            await closing.wait()
            raise AnswerLost("the line was closed")

        monkeypatch.setattr(line.transport, "request", never_answer)
        placing = asyncio.create_task(desk.orders.place(ticket()))
        await asyncio.sleep(0.1)
        asyncio.get_running_loop().call_later(0.1, closing.set)
        await desk.session.disconnect()
        assert not [task for task in asyncio.all_tasks() if "look-up" in task.get_name()]
        with pytest.raises(OrderInDoubt):
            await placing

    with_desk(use)
