"""The Client Portal gateway misbehaves as a plan says: what is answered, and what stays true."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from brokerport.simulator.faults.plan import FaultPlan
from brokerport.simulator.faults.portal_mischief import PortalMischief
from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from tests.client_portal.order_desk import ORDERS, OrderDesk, error_of
from tests.client_portal.portal_desk import AAPL, GEN
from tests.client_portal.stream_desk import StreamDesk

PLACE = "POST /iserver/account/{accountId}/orders"


class FaultyDesk(OrderDesk):
    """An order desk whose gateway plays faults, from after the preparing calls on."""

    def __init__(self, *faults: dict[str, Any], **settings: Any) -> None:
        super().__init__(**settings)
        self.mischief = PortalMischief(FaultPlan.from_mapping({"faults": list(faults)}))

    def __enter__(self) -> FaultyDesk:
        super().__enter__()

        async def begin() -> None:
            self.mischief.begin()

        self.run(begin())
        self.portal.mischief = self.mischief
        return self

    @property
    def played(self) -> list[str]:
        """The kinds that were played, in order."""
        return [done.kind for done in self.mischief.log]

    def listed(self) -> list[int]:
        """Return the order ids of the live list as it is answered."""
        answer = self.answer("GET", ORDERS)
        return [row["orderId"] for row in answer["orders"]]


def test_a_plan_without_portal_faults_changes_nothing() -> None:
    """An order is placed, listed and cancelled."""
    with FaultyDesk({"kind": "drop"}, {"kind": "tws.lost_status"}) as desk:
        order = desk.placed()
        assert [row["orderId"] for row in desk.live()] == [order.perm_id]
        assert desk.cancel(order.perm_id).status_code == 200
        assert desk.played == []


def test_an_order_is_carried_out_and_never_answered() -> None:
    """Placed, cancelled, confirmed: the caller waits until it gives up."""
    with FaultyDesk({"kind": "portal.lost_response", "containing": "order"}) as desk:

        async def unanswered(method: str, path: str, json: Any) -> None:
            request = asyncio.create_task(desk.client.request(method, path, json=json))
            while not desk.mischief.log:  # noqa: ASYNC110 - a state of the gateway, not an event
                await asyncio.sleep(0)
            desk.mischief.log.clear()
            assert not request.done()
            request.cancel()
            with pytest.raises(asyncio.CancelledError):
                await request

        ticket = {"orders": [desk.ticket()]}
        desk.run(unanswered("POST", f"/iserver/account/{GEN}/orders", ticket))
        (order,) = desk.world.brokerage.open_orders()
        desk.run(unanswered("DELETE", f"/iserver/account/{GEN}/order/{order.perm_id}", None))
        assert desk.world.brokerage.open_orders() == ()


def test_live_orders_are_empty_or_stale_for_so_many_calls() -> None:
    """They look like a true list; then they are one again."""
    with FaultyDesk({"kind": "portal.empty_orders", "calls": 2, "nth": 3}) as desk:
        order = desk.placed()
        desk.live()
        assert [desk.listed() for _ in range(3)] == [[], [], [order.perm_id]]
        assert desk.played == ["portal.empty_orders"]
    with FaultyDesk({"kind": "portal.stale_orders", "calls": 2, "nth": 1}) as desk:
        first = desk.placed()
        desk.live()
        second = desk.placed()
        ids = [first.perm_id, second.perm_id]
        assert [sorted(desk.listed()) for _ in range(3)] == [ids[:1], ids[:1], ids]
        assert desk.played == ["portal.stale_orders"]


def test_a_reply_is_not_found_and_nothing_is_placed() -> None:
    """The question's id is forgotten; a second try under a new question works."""
    with FaultyDesk({"kind": "portal.reply_not_found", "nth": 1}, questions=None) as desk:
        ticket = desk.ticket(price=200)
        asked = desk.send(ticket).json()[0]["id"]
        assert "reply id not found" in error_of(desk.reply(asked), 400)
        assert desk.world.brokerage.orders() == ()
        asked = desk.send(ticket).json()[0]["id"]
        assert "order_id" in desk.reply(asked).json()[0]


def test_suppressed_questions_return() -> None:
    """What was suppressed is asked again."""
    returns = {"kind": "portal.questions_return", "nth": 2, "containing": PLACE}
    with FaultyDesk(returns, questions=None) as desk:
        desk.answer("POST", "/iserver/questions/suppress", json={"messageIds": ["o163"]})
        assert "order_id" in desk.submit(price=200).json()[0]
        assert desk.submit(price=200).json()[0]["messageIds"] == ["o163"]


def test_the_brokerage_session_is_lost_before_or_after_an_order() -> None:
    """Before: "no bridge", and nothing is placed. After: it is placed, and answered."""
    lost = {"kind": "portal.session_lost", "containing": PLACE, "nth": 1}
    with FaultyDesk(lost | {"moment": "before"}) as desk:
        assert "no bridge" in error_of(desk.submit(), 400)
        assert desk.world.brokerage.orders() == ()
        assert not desk.login.is_authenticated
        desk.reopen()
        desk.placed()
    with FaultyDesk(lost) as desk:
        desk.placed()
        assert not desk.login.is_authenticated
        assert "no bridge" in error_of(desk.submit(), 400)


def test_another_device_takes_the_session() -> None:
    """After the order; the login competes from then on."""
    with FaultyDesk({"kind": "portal.competing", "containing": PLACE}) as desk:
        desk.placed()
        status = desk.answer("POST", "/iserver/auth/status")
        assert (status["authenticated"], status["competing"]) == (False, True)


@pytest.mark.parametrize(
    ("kind", "status"), [("portal.unavailable", 503), ("portal.too_many_requests", 429)]
)
def test_a_request_is_turned_away(kind: str, status: int) -> None:
    """Nothing of it happens."""
    with FaultyDesk({"kind": kind, "nth": 1, "containing": PLACE}) as desk:
        assert desk.submit().status_code == status
        assert desk.world.brokerage.orders() == ()
        desk.placed()


class FaultyStreamDesk(StreamDesk):
    """A desk with WebSockets, whose gateway plays faults."""

    def __init__(self, *faults: dict[str, Any]) -> None:
        super().__init__()
        self.mischief = PortalMischief(FaultPlan.from_mapping({"faults": list(faults)}))
        self.gateway = ClientPortalGateway(
            self.world, settings=self.settings, monotonic=self.clock, mischief=self.mischief
        )


def test_news_of_orders_is_lost_or_told_twice() -> None:
    """Of one topic only; what is no news of orders comes as ever."""
    for kind, times in (("portal.lost_news", 0), ("portal.repeated_news", 2)):
        with FaultyStreamDesk({"kind": kind, "containing": "str"}) as desk:
            line = desk.connect()
            line.send("sor+{}")
            line.send("str+{}")
            line.hear()
            desk.buy(5)
            topics = [message["topic"] for message in line.hear()]
            assert topics.count("str") == times * 2
            assert topics.count("sor") > 0


def test_quotes_stop_without_a_word() -> None:
    """After a request of any kind, with the market moving on."""
    with FaultyStreamDesk({"kind": "portal.quotes_stop", "containing": "tickle"}) as desk:
        line = desk.connect()
        line.send(f'smd+{desk.conid_of_aapl}+{{"fields":["84"]}}')
        assert any(message["topic"].startswith("smd") for message in line.hear())
        desk.show(AAPL, "251.00", "251.05")
        desk.pass_time()
        assert any(message["topic"].startswith("smd") for message in line.hear())
        desk.answer("POST", "/tickle")
        desk.show(AAPL, "252.00", "252.05")
        desk.pass_time()
        assert not any(message["topic"].startswith("smd") for message in line.hear())


def test_a_caller_that_gives_up_leaves_nothing_behind() -> None:
    """Over a real socket: the request times out, and the gateway closes at once."""
    with FaultyStreamDesk({"kind": "portal.lost_response"}) as desk:
        desk.prime()

        async def give_up() -> None:
            async with httpx.AsyncClient(
                base_url=desk.gateway.base_url, timeout=0.05, headers={"User-Agent": "impatient"}
            ) as client:
                with pytest.raises(httpx.ReadTimeout):
                    await client.delete(f"/iserver/account/{GEN}/order/-1")

        desk.run(give_up())
        assert [done.kind for done in desk.mischief.log] == ["portal.lost_response"]
