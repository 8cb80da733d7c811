"""Every answer about orders is as IBKR's OpenAPI description says, or as ``deviations`` excuses."""

from __future__ import annotations

import httpx

from brokerport.simulator.gateways.client_portal.questions import Question, QuestionTrigger
from tests.client_portal.openapi import check_answer, needs_description
from tests.client_portal.order_desk import AAPL_CONID, ORDERS, TRADES, OrderDesk
from tests.client_portal.portal_desk import GEN, PUT

pytestmark = needs_description

PLACE = "/iserver/account/{accountId}/orders"
ORDER = "/iserver/account/{accountId}/order/{orderId}"
REPLY = "/iserver/reply/{replyId}"
STATUS = "/iserver/account/order/status/{orderId}"
ALWAYS = Question("o163", "Sure?", QuestionTrigger.ALWAYS)


def check(method: str, template: str, response: httpx.Response) -> None:
    """Check an answer of whatever status."""
    check_answer(method, template, response.status_code, response.json())


def test_placing_is_answered_as_described() -> None:
    """Taken, refused by the broker, by the gateway, and asked about."""
    with OrderDesk() as desk:
        check("POST", PLACE, desk.submit())
        check("POST", PLACE, desk.submit(price=249.555))
        check("POST", PLACE, desk.submit(side="UP"))
    with OrderDesk(questions=(ALWAYS, ALWAYS)) as desk:
        asked = desk.submit()
        check("POST", PLACE, asked)
        again = desk.reply(asked.json()[0]["id"])
        check("POST", REPLY, again)
        check("POST", REPLY, desk.reply(again.json()[0]["id"]))
        check("POST", REPLY, desk.reply("unknown"))
        check("POST", REPLY, desk.reply(desk.submit().json()[0]["id"], False))
        for path in ("/iserver/questions/suppress", "/iserver/questions/suppress/reset"):
            check("POST", path, desk.post(path, {"messageIds": ["o163"]}))
        check("POST", "/iserver/notification", desk.post("/iserver/notification", {"reqId": "1"}))


def test_changing_and_cancelling_are_answered_as_described() -> None:
    """Taken and refused."""
    with OrderDesk() as desk:
        order = desk.placed(cOID="mine")
        check("POST", ORDER, desk.change(order.perm_id, desk.ticket(cOID="mine", price=248)))
        check("POST", ORDER, desk.change(order.perm_id, desk.ticket(cOID="other")))
        check("POST", ORDER, desk.change(1, desk.ticket()))
        check("DELETE", ORDER, desk.cancel(order.perm_id))
        check("DELETE", ORDER, desk.cancel(order.perm_id))
        check("DELETE", ORDER, desk.cancel(-1))


def test_lists_are_as_described() -> None:
    """Orders of every type and end, their status, and trades of stocks and options."""
    with OrderDesk() as desk:
        conid = desk.world.listing.details(PUT).contract_id
        desk.placed(price=250.05)
        desk.placed(conid=conid, side="SELL", orderType="MKT", price=None, quantity=1)
        desk.placed(orderType="STP", price=260)
        desk.placed(orderType="STOP_LIMIT", price=261, auxPrice=260)
        desk.placed(tif="IOC")
        desk.submit(quantity=5000)
        check("GET", ORDERS, desk.get(ORDERS))
        listed = desk.get(ORDERS)
        assert len(listed.json()["orders"]) == 6
        check("GET", ORDERS, listed)
        for row in listed.json()["orders"]:
            check("GET", STATUS, desk.get(f"/iserver/account/order/status/{row['orderId']}"))
        check("GET", STATUS, desk.get("/iserver/account/order/status/1"))
        check("GET", TRADES, desk.get(TRADES))
        traded = desk.get(TRADES)
        assert len(traded.json()) == 2
        check("GET", TRADES, traded)


def test_a_preview_is_as_described() -> None:
    """With and without a warning."""
    with OrderDesk(questions=None) as desk:
        path = f"/iserver/account/{GEN}/orders/whatif"
        body = {"orders": [desk.ticket()]}
        check("POST", f"{PLACE}/whatif", desk.post(path, body))
        desk.login.snapshot_fields[AAPL_CONID] = {"31"}
        check("POST", f"{PLACE}/whatif", desk.post(path, body))
        check("POST", f"{PLACE}/whatif", desk.post(path, {"orders": [desk.ticket(price=200)]}))
