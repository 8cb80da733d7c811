"""ibind, a client that people trade with, places, answers, changes and cancels orders here.

ibind blocks, so it has a thread of its own; the gateway serves it over loopback.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from ibind import IbkrClient, OrderRequest, QuestionType
from ibind.support.errors import ExternalBrokerError

from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from brokerport.simulator.market.scripted import ScriptedMarket
from tests.client_portal.order_desk import AAPL_CONID
from tests.client_portal.portal_desk import AAPL, GEN, scripted_world

YES = {
    QuestionType.PRICE_PERCENTAGE_CONSTRAINT: True,
    QuestionType.ORDER_SIZE_LIMIT: True,
    QuestionType.ORDER_VALUE_LIMIT: True,
    QuestionType.MARKET_ORDER_CONFIRMATION: True,
    QuestionType.STOP_ORDER_RISKS: True,
    QuestionType.TRIGGER_AND_FILL: True,
    QuestionType.MISSING_MARKET_DATA: True,
}


def trade(story: Callable[[Any, ClientPortalGateway], None]) -> None:
    """Run a story with ibind against a gateway that asks IBKR's usual questions."""

    async def run() -> None:
        market = ScriptedMarket()
        market.set_quote(AAPL, "250.00", "250.05", 300, 300)
        settings = PortalSettings(is_plain_http=True, enforces_pacing=False)
        async with ClientPortalGateway(scripted_world(market), settings=settings) as gateway:
            client = IbkrClient(
                url=f"{gateway.base_url}/",
                account_id=GEN.account_id,
                cacert=False,
                max_retries=0,
                auto_register_shutdown=False,
            )
            try:
                await asyncio.to_thread(client.receive_brokerage_accounts)
                await asyncio.to_thread(story, client, gateway)
            finally:
                await asyncio.to_thread(client.close)
        assert gateway.faults.count == 0

    asyncio.run(run())


def wish(**fields: Any) -> OrderRequest:
    """Return an order to buy 10 AAPL at 249.50."""
    usual: dict[str, Any] = {
        "conid": AAPL_CONID,
        "side": "BUY",
        "quantity": 10,
        "order_type": "LMT",
        "price": 249.5,
        "tif": "DAY",
        "acct_id": GEN.account_id,
        "coid": "from-ibind",
    }
    return OrderRequest(**(usual | fields))


def test_ibind_places_changes_and_cancels() -> None:
    """Its own forms, and the list in its own words."""

    def story(client: Any, gateway: ClientPortalGateway) -> None:
        placed = client.place_order(wish(), {}).data
        assert placed["order_status"] == "Submitted"
        client.live_orders()
        (row,) = client.live_orders().data["orders"]
        assert (str(row["orderId"]), row["order_ref"]) == (placed["order_id"], "from-ibind")
        changed = client.modify_order(placed["order_id"], wish(price=248.0), {}).data
        assert changed["order_id"] == placed["order_id"]
        assert client.order_status(placed["order_id"]).data["limit_price"] == "248.00"
        assert client.cancel_order(placed["order_id"]).data["msg"] == "Request was submitted"
        (row,) = client.live_orders(filters=["cancelled"]).data["orders"]
        assert row["status"] == "Cancelled"

    trade(story)


def test_ibind_knows_and_answers_the_questions() -> None:
    """Its texts for the usual questions are found in ours: a chain of three, and a stop."""

    def story(client: Any, gateway: ClientPortalGateway) -> None:
        large = wish(order_type="MKT", price=None, quantity=600, coid="large")
        assert client.place_order(large, YES).data["order_status"] == "Submitted"
        far = wish(price=200.0, coid="far")
        assert client.place_order(far, YES).data["order_status"] == "Submitted"
        stop = wish(order_type="STP", price=240.0, side="SELL", coid="stop")
        assert client.place_order(stop, YES).data["order_status"] == "PreSubmitted"
        client.trades()
        (row, *_) = client.trades().data
        assert (row["order_ref"], row["side"]) == ("large", "B")

    trade(story)


def test_ibind_hears_a_refusal_and_a_registered_reference() -> None:
    """An error body reaches it as an error; no second order is placed."""

    def story(client: Any, gateway: ClientPortalGateway) -> None:
        client.place_order(wish(), {})
        with pytest.raises(ExternalBrokerError, match="already registered"):
            client.place_order(wish(), {})
        with pytest.raises(ExternalBrokerError, match="minimum price variation"):
            client.place_order(wish(price=249.555, coid="off tick"), {})
        assert len(gateway.portal.world.brokerage.orders()) == 1

    trade(story)


def test_ibind_previews_an_order() -> None:
    """After a snapshot."""

    def story(client: Any, gateway: ClientPortalGateway) -> None:
        client.live_marketdata_snapshot([str(AAPL_CONID)], ["31"])
        preview = client.whatif_order(wish()).data
        assert preview["amount"]["amount"] == "2,495.00 USD (10 Shares)"

    trade(story)


def test_ibind_suppresses_questions() -> None:
    """A suppressed question is not asked; reset brings it back."""

    def story(client: Any, gateway: ClientPortalGateway) -> None:
        client.suppress_messages(["o163"])
        assert client.place_order(wish(price=200.0), {}).data["order_status"] == "Submitted"
        client.reset_suppressed_messages()
        with pytest.raises(ValueError, match="No answer found"):
            client.place_order(wish(price=200.0, coid="asked"), {})

    trade(story)
