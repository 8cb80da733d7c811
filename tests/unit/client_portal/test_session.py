"""Opening, keeping, mending and losing a session, against a portal that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import async_solipsism
import httpx
import pytest

from brokerport.adapters.client_portal.brokerage_session import Standing, standing_of
from brokerport.adapters.client_portal.hearing import Hearing
from brokerport.adapters.client_portal.pacing import Lane
from brokerport.adapters.client_portal.session import (
    AWAITED_SECONDS_MAX,
    RECOVERIES_MAX,
    Session,
)
from brokerport.config import ClientPortalSettings, PortalPacing
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import (
    BrokerportError,
    NotConnected,
    RequestRefused,
    RequestTimedOut,
    SessionRefused,
)
from brokerport.domain.reports import Acknowledged, Cancelled, Warned
from brokerport.ports.session import (
    AdapterEvent,
    ConnectionLost,
    ExecutionReported,
    NoticeReported,
    OrderReported,
)
from tests.unit.client_portal.fake_portal import FakePortal
from tests.unit.client_portal.portal_orders import ORDER_ID, OURS, order_row, ticket, trade_row

SUPPRESS = "/iserver/questions/suppress"
PRIMING = [
    "GET /iserver/accounts",
    "GET /portfolio/accounts",
    f"POST {SUPPRESS}/reset",
    f"POST {SUPPRESS}",
    "GET /iserver/account/orders",
    "GET /iserver/account/trades",
]
INIT = "POST /iserver/auth/ssodh/init"


class Desk:
    """A session with the fake portal, and what was heard on it."""

    def __init__(self, **settings: Any) -> None:
        self.portal = FakePortal()
        self.heard: list[AdapterEvent] = []
        chosen = {"answered_questions": ("o163",), "pacing": PortalPacing.OFF, **settings}
        self.session = Session(
            ClientPortalSettings(base_url="http://localhost:5000/v1/api", **chosen),
            new_door=self.portal.new_door,
        )

    async def connect(self) -> None:
        """Open the session."""
        await self.session.connect(self.heard.append)

    async def recovered(self) -> None:
        """Let a second pass: the session is ready again by then, or lost."""
        assert not self.session.is_connected, "nothing was noticed"
        await asyncio.sleep(1)

    def of(self, kind: type) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.heard if isinstance(event, kind)]

    def reports(self) -> list[Any]:
        """What was reported of orders."""
        return [event.report for event in self.of(OrderReported)]


Use = Callable[[Desk], Awaitable[None]]


def with_desk(use: Use, desk: Desk | None = None, *, connects: bool = True) -> Desk:
    """Use a desk on virtual time, and see that nothing is left over."""
    desk = desk or Desk()

    async def run() -> None:
        if connects:
            await desk.connect()
        await use(desk)
        await desk.session.disconnect()
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1, asyncio.all_tasks()

    with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
        runner.run(run())
    return desk


async def nothing(_desk: Desk) -> None:
    """Do nothing with it."""


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ({"authenticated": True, "competing": True}, Standing.READY),
        ({"authenticated": False, "competing": True}, Standing.COMPETING),
        ({"authenticated": False, "connected": True}, Standing.NO_BRIDGE),
        ({}, Standing.NO_BRIDGE),
        (None, Standing.NO_BRIDGE),
    ],
)
def test_a_status_says_how_we_stand(status: object, standing: Standing) -> None:
    """Only true is true."""
    assert standing_of(status) is standing


def test_a_session_that_is_open_is_primed_and_subscribed_to() -> None:
    """In the order that IBKR wants; fills before what they made of their orders."""
    desk = with_desk(nothing)
    assert desk.portal.asked == ["POST /tickle", *PRIMING]
    topics = [text.partition("+")[0] for text in desk.portal.stream.sent]
    assert topics == ["str", "sor", "tic"]
    assert {"messageIds": ["o163"]} in desk.portal.bodies
    assert desk.heard == []


def test_an_open_session_names_its_accounts_and_the_time() -> None:
    """A group of accounts is none."""

    async def use(desk: Desk) -> None:
        gen, rev = BrokerAccount("DU1000001"), BrokerAccount("DU1000002")
        assert desk.session.managed_accounts() == (gen, rev)
        desk.session.require_managed(gen)
        with pytest.raises(RequestRefused):
            desk.session.require_managed(BrokerAccount("DU9999999"))
        assert await desk.session.broker_time() == datetime(2026, 1, 5, 14, 30, tzinfo=UTC)

    with_desk(use)


@pytest.mark.parametrize("takes_over", [False, True])
def test_a_brokerage_session_is_opened_when_there_is_none(takes_over: bool) -> None:
    """It timed out, or somebody logged in without it; published always."""
    desk = Desk(takes_over_session=takes_over)
    desk.portal.has_bridge = False
    with_desk(nothing, desk)
    assert desk.portal.asked[:3] == ["POST /tickle", INIT, PRIMING[0]]
    assert desk.portal.bodies[1] == {"publish": True, "compete": takes_over}


def test_a_brokerage_session_may_take_a_while_to_open() -> None:
    """Its status is asked for until it is there."""
    desk = Desk()
    desk.portal.has_bridge = desk.portal.gives_bridge = False
    left = [False, False, True]

    def status(_request: httpx.Request) -> httpx.Response:
        desk.portal.has_bridge = left.pop(0)
        return httpx.Response(200, json={"authenticated": desk.portal.has_bridge})

    desk.portal.answers["/iserver/auth/status"] = status
    with_desk(nothing, desk)
    assert desk.portal.asked.count("POST /iserver/auth/status") == 3


def _refused(desk: Desk, error: type[BrokerportError], match: str) -> None:
    """See a session refused, and nothing left behind."""

    async def use(desk: Desk) -> None:
        with pytest.raises(error, match=match):
            await desk.connect()
        assert not desk.session.is_connected
        with pytest.raises(NotConnected):
            desk.session.managed_accounts()

    with_desk(use, desk, connects=False)
    assert desk.of(ConnectionLost) == []


def test_a_brokerage_session_that_does_not_open_times_out() -> None:
    """It is not waited for without end."""
    desk = Desk()
    desk.portal.has_bridge = desk.portal.gives_bridge = False
    _refused(desk, RequestTimedOut, "brokerage session")


def test_without_a_login_there_is_no_session() -> None:
    """The message says where to log in."""
    desk = Desk()
    desk.portal.is_logged_in = False
    _refused(desk, SessionRefused, "log in at http://localhost:5000$")


def test_another_programs_session_is_not_taken_unasked() -> None:
    """The message names the setting; nothing was opened."""
    desk = Desk()
    desk.portal.has_bridge, desk.portal.is_competing = False, True
    _refused(desk, SessionRefused, "takes_over_session")
    assert INIT not in desk.portal.asked


def test_another_programs_session_is_taken_when_the_settings_say_so() -> None:
    """They do."""
    desk = Desk(takes_over_session=True)
    desk.portal.has_bridge, desk.portal.is_competing = False, True
    with_desk(nothing, desk)
    assert {"publish": True, "compete": True} in desk.portal.bodies


def test_where_nothing_answers_there_is_no_session() -> None:
    """The gateway is not running."""
    desk = Desk()
    desk.portal.is_away = True
    _refused(desk, NotConnected, "cannot be reached")


def test_a_silent_portal_times_out() -> None:
    """It took the request and never answered."""
    desk = Desk()
    desk.portal.is_silent = True
    _refused(desk, RequestTimedOut, "/tickle")


def test_without_a_stream_there_is_no_session() -> None:
    """Fills would not be heard."""
    desk = Desk()
    desk.portal.gives_stream = False
    _refused(desk, NotConnected, "no stream today")


def test_a_login_without_accounts_is_refused() -> None:
    """There is nothing to trade."""
    desk = Desk()
    desk.portal.answers["/iserver/accounts"] = lambda _: httpx.Response(200, json={})
    _refused(desk, SessionRefused, "no account")


def test_a_second_session_is_refused() -> None:
    """The first goes on."""

    async def use(desk: Desk) -> None:
        with pytest.raises(SessionRefused, match="already"):
            await desk.connect()
        assert desk.session.is_connected

    with_desk(use)


def test_pacing_at_the_start_is_waited_for() -> None:
    """Another process has just asked for the same; three times are enough."""
    desk = Desk()
    left = [429, 429, 200]
    desk.portal.answers["/portfolio/accounts"] = lambda _: httpx.Response(left.pop(0), json=[])
    with_desk(nothing, desk)
    assert desk.portal.asked.count("GET /portfolio/accounts") == 3


def test_what_works_at_the_start_is_told_and_what_has_happened_is_not() -> None:
    """An order in the book gets what it missed; other fills are for who reads the executions."""
    desk = Desk()
    desk.session.book.place(ticket())
    theirs = trade_row(2, order_ref="by hand", order_id=7)
    desk.portal.rows["str"] = [trade_row(1), theirs]
    desk.portal.rows["sor"] = [order_row(filledQuantity=Decimal(40))]
    with_desk(nothing, desk)
    assert [type(event) for event in desk.heard] == [ExecutionReported, OrderReported]


def test_what_cannot_be_taken_in_at_the_start_is_pointed_out() -> None:
    """An order of ours without its contract cannot be adopted: that is not swallowed."""
    desk = Desk()
    desk.portal.rows["sor"] = [order_row(conid=None)]
    with_desk(nothing, desk)
    assert [type(event) for event in desk.heard] == [NoticeReported]


@pytest.mark.parametrize("sign", ["sts", "waiting", "a read", "tickle"])
def test_a_lost_brokerage_session_is_opened_anew(sign: str) -> None:
    """Whatever shows it: it is primed and subscribed to again, and nobody hears of a loss."""

    async def use(desk: Desk) -> None:
        started: list[int] = []
        desk.session.on_session_start(lambda: started.append(1))
        desk.portal.has_bridge = False
        asked, sent = len(desk.portal.asked), len(desk.portal.stream.sent)
        match sign:
            case "sts":
                desk.portal.stream.push(topic="sts", args={"authenticated": False})
            case "waiting":
                desk.portal.stream.push(message="waiting for session")
            case "a read":
                rows = await desk.session.read("GET", "/iserver/account/trades")
                assert rows == []
            case "tickle":
                await asyncio.sleep(61)
        await asyncio.sleep(1)
        assert desk.session.is_connected
        since = desk.portal.asked_since(asked)
        assert since.count(INIT) == 1
        first = since.index(INIT)
        assert since[first + 1 : first + 1 + len(PRIMING)] == PRIMING
        topics = [text.partition("+")[0] for text in desk.portal.stream.sent[sent:]]
        assert topics == ["str", "sor", "tic"]
        assert len(desk.portal.streams) == 1
        assert started == [1]

    assert with_desk(use).of(ConnectionLost) == []


def test_what_was_missed_meanwhile_is_read_from_the_lists() -> None:
    """Each fill once, and the end after its fills."""
    desk = Desk()

    async def use(desk: Desk) -> None:
        desk.session.book.place(ticket())
        desk.portal.stream.push(topic="sor", args=[order_row()])
        desk.portal.stream.push(topic="str", args=[trade_row(1)])
        await desk.session.broker_time()
        desk.portal.trades = [trade_row(1), trade_row(2)]
        desk.portal.orders = [
            order_row(status="Cancelled", filledQuantity=Decimal(80)),
        ]
        desk.portal.stream.drop()
        await desk.recovered()
        assert len(desk.portal.streams) == 2

    with_desk(use, desk)
    assert len(desk.of(ExecutionReported)) == 2
    assert [type(report) for report in desk.reports()] == [Acknowledged, Cancelled]
    assert isinstance(desk.heard[-1], OrderReported)
    assert desk.of(ConnectionLost) == []


@pytest.mark.parametrize("what", ["the login", "the bridge", "the stream", "everything", "answers"])
def test_a_session_that_cannot_be_mended_is_lost_once(what: str) -> None:
    """With the reason; afterwards nothing can be asked, and a new one can be opened."""

    async def use(desk: Desk) -> None:
        portal = desk.portal
        match what:
            case "the login":
                portal.is_logged_in = False
            case "the bridge":
                portal.has_bridge, portal.is_competing = False, True
            case "the stream":
                portal.gives_stream = False
            case "everything":
                portal.is_away = True
            case "answers":
                portal.is_silent = True
        portal.stream.drop("the plug was pulled")
        await desk.recovered()
        (lost,) = desk.of(ConnectionLost)
        assert "the plug was pulled" in lost.reason
        assert not desk.session.is_connected
        with pytest.raises(NotConnected, match="the plug was pulled"):
            await desk.session.read("GET", "/iserver/accounts")
        with pytest.raises(NotConnected):
            await desk.session.broker_time()
        portal.is_logged_in = portal.has_bridge = portal.gives_stream = True
        portal.is_competing = portal.is_away = portal.is_silent = False
        await desk.connect()
        assert desk.session.is_connected
        assert len(desk.of(ConnectionLost)) == 1

    with_desk(use)


def test_requests_wait_while_the_session_recovers() -> None:
    """They are not refused, and none is sent before it is ready."""

    async def use(desk: Desk) -> None:
        desk.portal.stream.drop()
        assert not desk.session.is_connected
        rows, moment = await asyncio.gather(
            desk.session.read("GET", "/iserver/account/trades"), desk.session.broker_time()
        )
        assert rows == []
        assert moment.tzinfo is UTC
        assert desk.session.is_connected

    with_desk(use)


def test_a_new_session_waits_until_the_lost_one_is_closed() -> None:
    """Whoever hears of the loss may open the next at once; nothing of the old is left open."""

    async def use(desk: Desk) -> None:
        connecting: list[asyncio.Task[None]] = []
        closed: list[str] = []
        old = desk.session._connection
        assert old is not None
        close = old.line.transport.close

        async def close_slowly() -> None:
            await asyncio.sleep(0.5)
            await close()
            closed.append("old")

        old.line.transport.close = close_slowly  # type: ignore[method-assign]

        def listen(event: AdapterEvent) -> None:
            if isinstance(event, ConnectionLost):
                desk.portal.is_away = False
                connecting.append(asyncio.create_task(desk.connect()))

        desk.session._listener = listen
        desk.portal.is_away = True
        desk.portal.stream.drop()
        await desk.recovered()
        await connecting[0]
        assert closed == ["old"]
        assert desk.session.is_connected
        assert await desk.session.read("GET", "/iserver/account/trades") == []

    with_desk(use)


def test_a_session_that_breaks_again_and_again_is_lost() -> None:
    """Something is wrong that opening anew does not mend."""

    async def use(desk: Desk) -> None:
        for _drop in range(RECOVERIES_MAX):
            desk.portal.stream.drop()
            await desk.recovered()
            assert desk.session.is_connected
        desk.portal.stream.drop()
        await desk.recovered()
        assert len(desk.of(ConnectionLost)) == 1

    with_desk(use)


def test_a_session_that_breaks_now_and_then_goes_on() -> None:
    """The nightly reset is no reason to give up."""

    async def use(desk: Desk) -> None:
        for _drop in range(3 * RECOVERIES_MAX):
            desk.portal.stream.drop()
            await desk.recovered()
            await asyncio.sleep(300)
        assert desk.session.is_connected

    assert with_desk(use).of(ConnectionLost) == []


def test_a_stream_that_breaks_again_while_lists_are_read_is_a_loss() -> None:
    """The session is not called ready with nobody speaking."""

    async def use(desk: Desk) -> None:
        def drop(_request: httpx.Request) -> httpx.Response:
            desk.portal.stream.drop("and again")
            return httpx.Response(200, json=[])

        desk.portal.answers["/iserver/account/trades"] = drop
        desk.portal.stream.drop()
        await desk.recovered()
        assert len(desk.of(ConnectionLost)) == 1
        assert not desk.session.is_connected

    with_desk(use)


def test_a_new_login_gets_a_new_stream() -> None:
    """The old one belongs to the login that is over, and says nothing more."""

    async def use(desk: Desk) -> None:
        desk.portal.session_id = "another"
        desk.portal.has_bridge = False
        desk.portal.stream.push(topic="sts", args={"authenticated": False})
        await asyncio.sleep(1)
        assert desk.session.is_connected
        assert [stream.session_id for stream in desk.portal.streams] == ["abc", "another"]
        assert not desk.portal.streams[0].is_open

    assert with_desk(use).of(ConnectionLost) == []


def test_there_is_one_tickle_a_minute() -> None:
    """And a tic on the stream beside it."""

    async def use(desk: Desk) -> None:
        await asyncio.sleep(601)
        assert desk.portal.asked.count("POST /tickle") == 11
        assert desk.portal.stream.sent.count("tic") == 11

    with_desk(use)


def test_a_closed_session_says_nothing_and_asks_nothing() -> None:
    """Not even what was on its way."""

    async def use(desk: Desk) -> None:
        desk.session.book.place(ticket())
        stream = desk.portal.stream
        stream.push(topic="sor", args=[order_row()])
        await desk.session.disconnect()
        asked = len(desk.portal.asked)
        stream.drop()
        await asyncio.sleep(500)
        assert len(desk.portal.asked) == asked
        await desk.session.disconnect()

    assert with_desk(use).heard == []


def always(response: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    """An answer that is always the same."""
    return lambda _request: response


def test_a_read_tells_errors_apart() -> None:
    """An error at HTTP 200 is one, and a code is split off its text."""

    async def use(desk: Desk) -> None:
        answers: dict[str, tuple[int, object]] = {
            "/a": (200, {"error": "We cannot"}),
            "/b": (500, {"error": "21/No data"}),
            "/c": (200, [{"error": "alone"}]),
            "/d": (429, {"error": "Too Many Requests"}),
            "/e": (200, "<html>"),
            "/f": (200, {"price": 1.10, "error": None}),
        }
        for path, (status, body) in answers.items():
            text = body if isinstance(body, str) else None
            response = httpx.Response(status, text=text, json=None if text else body)
            desk.portal.answers[path] = always(response)
        for path, reason, code in (("/a", "We cannot", None), ("/b", "No data", 21)):
            with pytest.raises(RequestRefused, match=reason) as caught:
                await desk.session.read("GET", path)
            assert caught.value.code == code
        with pytest.raises(RequestRefused, match="alone"):
            await desk.session.read("GET", "/c")
        with pytest.raises(RequestTimedOut, match="429"):
            await desk.session.read("GET", "/d")
        with pytest.raises(RequestRefused, match="no JSON"):
            await desk.session.read("GET", "/e")
        assert await desk.session.read("GET", "/f") == {"price": Decimal("1.1"), "error": None}

    with_desk(use)


def test_a_read_that_is_not_answered_times_out() -> None:
    """Nothing is known, and the session goes on."""

    async def use(desk: Desk) -> None:
        desk.portal.is_silent = True
        with pytest.raises(RequestTimedOut):
            await desk.session.read("GET", "/iserver/accounts")
        with pytest.raises(RequestTimedOut):
            await desk.session.broker_time()
        desk.portal.is_silent = False
        assert desk.session.is_connected

    with_desk(use)


def test_an_answer_that_comes_late_is_not_the_next_ones() -> None:
    """Answers come in the order of their questions, also to those who gave up waiting."""

    async def use(desk: Desk) -> None:
        desk.portal.is_silent = True
        with pytest.raises(RequestTimedOut):
            await desk.session.broker_time()
        desk.portal.is_silent = False
        asking = asyncio.create_task(desk.session.broker_time())
        desk.portal.is_silent = True
        for _turn in range(5):
            await asyncio.sleep(0)
        assert not asking.done()
        desk.portal.stream.push(topic="tic", lastAccessed=1_767_623_401_000)
        for _turn in range(5):
            await asyncio.sleep(0)
        assert not asking.done()
        desk.portal.stream.push(topic="tic", lastAccessed=1_767_623_402_000)
        assert await asking == datetime(2026, 1, 5, 14, 30, 2, tzinfo=UTC)
        desk.portal.is_silent = False

    with_desk(use)


def test_a_row_that_cannot_be_taken_in_makes_the_lists_be_read() -> None:
    """The rows behind it are heard all the same."""

    async def use(desk: Desk) -> None:
        desk.session.book.place(ticket())
        desk.portal.trades = [trade_row()]
        desk.portal.stream.push(topic="sor", args=[{"status": "Filled"}, order_row()])
        desk.portal.stream.push(topic="str", args=[trade_row(price="x")])
        await asyncio.sleep(1)
        assert desk.session.is_connected
        assert len(desk.of(ExecutionReported)) == 1
        assert [type(report) for report in desk.reports()] == [Acknowledged]

    assert with_desk(use).of(ConnectionLost) == []


def test_fills_that_a_status_counts_are_looked_for() -> None:
    """They come by another topic; when they do not come, the trades are read."""

    async def use(desk: Desk) -> None:
        desk.session.book.place(ticket())
        desk.portal.stream.push(topic="sor", args=[order_row()])
        ended = {"orderId": ORDER_ID, "status": "Cancelled", "filledQuantity": Decimal(40)}
        desk.portal.stream.push(topic="sor", args=[ended])
        await desk.session.broker_time()
        assert [type(report) for report in desk.reports()] == [Acknowledged]
        desk.portal.trades = [trade_row()]
        await asyncio.sleep(AWAITED_SECONDS_MAX + 1)

    desk = with_desk(use)
    assert len(desk.of(ExecutionReported)) == 1
    assert [type(report) for report in desk.reports()] == [Acknowledged, Cancelled]


def test_fills_that_are_nowhere_are_pointed_out() -> None:
    """The end does not wait for ever."""

    async def use(desk: Desk) -> None:
        desk.session.book.place(ticket())
        ended = order_row(status="Cancelled", filledQuantity=Decimal(40))
        desk.portal.stream.push(topic="sor", args=[ended])
        await asyncio.sleep(AWAITED_SECONDS_MAX + 1)

    desk = with_desk(use)
    assert [type(report) for report in desk.reports()] == [Warned, Cancelled]


def test_notices_are_told_once() -> None:
    """Notifications and bulletins belong to no order."""

    async def use(desk: Desk) -> None:
        note = {"id": "1", "title": "Margin", "text": "look at it"}
        for _time in range(2):
            desk.portal.stream.push(topic="ntf", args=note)
        desk.portal.stream.push(topic="blt", args=[{"id": "2", "message": "closed early"}])
        for message in ({"topic": "system", "hb": 1}, {"topic": "act", "args": {}}, {"x": 1}):
            desk.portal.stream.push(**message)
        await desk.session.broker_time()

    notices = with_desk(use).of(NoticeReported)
    assert [notice.message for notice in notices] == ["Margin: look at it", "closed early"]


def test_an_acknowledged_order_of_ours_is_told_with_its_id() -> None:
    """By its row, before any answer."""

    async def use(desk: Desk) -> None:
        desk.session.book.place(ticket())
        desk.portal.stream.push(topic="sor", args=[order_row()])
        await desk.session.broker_time()

    assert with_desk(use).reports() == [Acknowledged(OURS, str(ORDER_ID), ORDER_ID)]


def test_a_fill_that_comes_while_the_session_ends_is_told_by_the_next() -> None:
    """There was nobody to tell: it must not count as told."""

    async def use(desk: Desk) -> None:
        desk.session.book.place(ticket())
        portal = desk.portal

        def listen(event: AdapterEvent) -> None:
            desk.heard.append(event)
            if isinstance(event, ConnectionLost):
                portal.stream.push(topic="str", args=[trade_row()])

        await desk.session.connect(listen)
        portal.has_bridge, portal.is_competing = False, True
        portal.stream.push(topic="sts", args={"authenticated": False})
        await asyncio.sleep(1)
        assert len(desk.of(ConnectionLost)) == 1
        portal.has_bridge, portal.is_competing = True, False
        portal.rows["str"] = [trade_row()]
        await desk.session.connect(desk.heard.append)
        assert len(desk.of(ExecutionReported)) == 1

    with_desk(use, connects=False)


def test_a_disconnect_that_is_given_up_closes_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stream takes a second to close; the line behind it must not stay open."""

    async def use(desk: Desk) -> None:
        async def close_slowly(_stream: object) -> None:
            await asyncio.sleep(1)

        monkeypatch.setattr(type(desk.portal.stream), "close", close_slowly)
        line = await desk.session.ready_line()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await desk.session.disconnect()
        await desk.session.disconnect()
        with pytest.raises(NotConnected, match="was closed"):
            async with line.pacing.turn(Lane.READ, "GET", "/portfolio/accounts"):
                pytest.fail("the line is open")

    with_desk(use)


def test_requests_wait_when_a_mended_session_breaks_at_once() -> None:
    """They are not told that there is no session while it is mended again."""

    async def use(desk: Desk) -> None:
        portal = desk.portal
        portal.stream.drop()
        asking = asyncio.create_task(desk.session.read("GET", "/portfolio/accounts"))
        for _turn in range(1000):
            await asyncio.sleep(0)
            if desk.session.is_connected:
                break
        portal.stream.drop()
        assert await asking

    with_desk(use)


def test_the_time_of_a_stream_that_ended_is_not_the_next_ones() -> None:
    """It would say that all was told of what the new stream has still to say."""

    async def run() -> None:
        looked_up = asyncio.Event()

        class SlowEvents:
            async def hear_execution(self, _row: object) -> None:
                await looked_up.wait()

        def unused(_told: object = None) -> None:
            pass

        hearing = Hearing(cast("Any", SlowEvents()), unused, unused, unused)
        hearing.hear({"topic": "str", "args": [{}]})
        hearing.hear({"topic": "tic", "lastAccessed": 1_000})
        await asyncio.sleep(0)
        hearing.fail_barriers("the stream broke")
        barrier = hearing.expect_time()
        looked_up.set()
        hearing.hear({"topic": "tic", "lastAccessed": 2_000})
        assert (await barrier).timestamp() == 2
        await hearing.stop()
        with pytest.raises(NotConnected):
            await hearing.until_heard()

    asyncio.run(run())
