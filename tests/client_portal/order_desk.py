"""A portal desk that places orders as a client does, and what it hears of the broker meanwhile."""

from __future__ import annotations

from typing import Any

import httpx

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.brokerage.events import BrokerageEvent
from brokerport.simulator.brokerage.orders import BrokerageOrder
from tests.client_portal.portal_desk import GEN, PortalDesk

AAPL_CONID = 265598
ORDERS = "/iserver/account/orders"
TRADES = "/iserver/account/trades"


class OrderDesk(PortalDesk):
    """A desk whose gateway asks no questions unless told to; the preparing calls are made."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"questions": (), **settings})
        self.events: list[BrokerageEvent] = []
        self._references = 0

    def __enter__(self) -> OrderDesk:
        super().__enter__()
        self.prime()
        self.world.brokerage.subscribe(self.events.append)
        return self

    def ticket(self, **fields: Any) -> dict[str, Any]:
        """Write a ticket: buy 10 AAPL at 249.50, which rests; a field given as None is left out."""
        self._references += 1
        usual: dict[str, Any] = {
            "conid": AAPL_CONID,
            "orderType": "LMT",
            "price": 249.5,
            "side": "BUY",
            "tif": "DAY",
            "quantity": 10,
            "cOID": f"reference-{self._references}",
        }
        return {name: value for name, value in (usual | fields).items() if value is not None}

    def submit(self, account: BrokerAccount = GEN, **fields: Any) -> httpx.Response:
        """Send a ticket and return the answer, whatever it is."""
        return self.send(self.ticket(**fields), account=account)

    def send(self, *tickets: Any, account: BrokerAccount = GEN) -> httpx.Response:
        """Send tickets as they are."""
        return self.post(f"/iserver/account/{account}/orders", {"orders": list(tickets)})

    def placed(self, account: BrokerAccount = GEN, **fields: Any) -> BrokerageOrder:
        """Place an order that must be taken at once; return the broker's record of it."""
        response = self.submit(account, **fields)
        (answer,) = response.json()
        assert "order_id" in answer, answer
        return self.record(answer["order_id"])

    def record(self, order_id: str | int) -> BrokerageOrder:
        """Return the broker's record of an order."""
        return self.world.brokerage.order(int(order_id))

    def change(self, order_id: str | int, ticket: dict[str, Any]) -> httpx.Response:
        """Ask for other terms of an order."""
        return self.post(f"/iserver/account/{GEN}/order/{order_id}", ticket)

    def cancel(self, order_id: str | int, account: BrokerAccount = GEN) -> httpx.Response:
        """Ask to cancel an order."""
        return self.delete(f"/iserver/account/{account}/order/{order_id}")

    def reply(self, reply_id: str, confirmed: Any = True) -> httpx.Response:
        """Answer a question."""
        return self.post(f"/iserver/reply/{reply_id}", {"confirmed": confirmed})

    def reopen(self) -> None:
        """Open the brokerage session again, as after midnight, and make the preparing calls."""
        self.answer("POST", "/iserver/auth/ssodh/init", json={"publish": True, "compete": True})
        self.prime()

    def live(self, **query: Any) -> list[dict[str, Any]]:
        """Return the rows of the live list, priming it as often as needed."""
        answer = self.answer("GET", ORDERS, params=query)
        if not answer["snapshot"]:
            answer = self.answer("GET", ORDERS, params=query)
        rows: list[dict[str, Any]] = answer["orders"]
        return rows

    def trades(self, **query: Any) -> list[dict[str, Any]]:
        """Return the rows of the trades, primed."""
        self.answer("GET", TRADES)
        rows: list[dict[str, Any]] = self.answer("GET", TRADES, params=query)
        return rows


def error_of(response: httpx.Response, status: int = 200) -> str:
    """Return the error text of an answer that must have that status."""
    assert response.status_code == status, response.text
    text: str = response.json()["error"]
    return text
