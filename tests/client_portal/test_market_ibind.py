"""ibind, a client that people trade with, looks up contracts, quotes and past prices here.

ibind blocks, so it has a thread of its own; the gateway serves it over loopback.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from ibind import IbkrClient
from ibind.support.errors import ExternalBrokerError

from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from brokerport.simulator.market.market import Bar
from brokerport.simulator.market.scripted import ScriptedMarket
from tests.client_portal.portal_desk import AAPL, PUT, scripted_world

D = Decimal
AAPL_ID = 265598
EVE = datetime(2026, 1, 2, 14, 30, tzinfo=UTC)


def look(story: Callable[[IbkrClient], None]) -> None:
    """Run a story with ibind against a gateway over a market of one stock and one put."""

    async def run() -> None:
        market = ScriptedMarket()
        market.set_quote(AAPL, "250.00", "250.05", 1300, 300, "250.02", 50)
        market.set_quote(PUT, "3.00", "3.20", 10, 10)
        market.set_bars(
            AAPL, 86_400, [Bar(EVE, D(250), D(251), D(249), D("250.5"), D(1250), 7, D(250))]
        )
        settings = PortalSettings(is_plain_http=True, enforces_pacing=False)
        async with ClientPortalGateway(scripted_world(market), settings=settings) as gateway:
            client = IbkrClient(
                url=f"{gateway.base_url}/",
                cacert=False,
                max_retries=0,
                auto_register_shutdown=False,
            )
            try:
                await asyncio.to_thread(client.receive_brokerage_accounts)
                await asyncio.to_thread(story, client)
            finally:
                await asyncio.to_thread(client.close)
        assert gateway.faults.count == 0

    asyncio.run(run())


def test_ibind_finds_a_stock_and_its_quote() -> None:
    """By symbol, through its own filters and its own names of the fields."""

    def story(client: Any) -> None:
        assert client.stock_conid_by_symbol("AAPL").data == {"AAPL": AAPL_ID}
        fields = ["31", "84", "86", "88"]
        quote = client.live_marketdata_snapshot_by_symbol("AAPL", fields)["AAPL"]
        assert (quote["bid_price"], quote["ask_price"]) == ("250.00", "250.05")
        assert (quote["last_price"], quote["bid_size"]) == ("250.02", "1,300")
        assert client.marketdata_unsubscribe([str(AAPL_ID)])
        with pytest.raises(ExternalBrokerError, match="unknown"):
            client.marketdata_unsubscribe([str(AAPL_ID)])
        assert client.marketdata_unsubscribe_all().data == {"unsubscribed": True}

    look(story)


def test_ibind_walks_down_to_an_option() -> None:
    """Search, months, strikes, contracts, rules."""

    def story(client: Any) -> None:
        [found] = client.search_contract_by_symbol("AAPL").data
        months = found["sections"][1]["months"].split(";")
        strikes = client.search_strikes_by_conid(found["conid"], "OPT", months[0]).data
        assert 250 in strikes["put"]
        rows = client.search_secdef_info_by_conid(
            found["conid"], "OPT", months[0], strike="250", right="P"
        ).data
        [conid] = [row["conid"] for row in rows if row["maturityDate"] == "20260123"]
        [definition] = client.security_definition_by_conid([str(conid)]).data["secdef"]
        assert definition["undConid"] == AAPL_ID
        rules = client.info_and_rules_by_conid(str(conid), is_buy=True).data["rules"]
        assert rules["incrementRules"] == definition["incrementRules"]

    look(story)


def test_ibind_reads_past_prices() -> None:
    """One request, and its own tidying of several."""

    def story(client: Any) -> None:
        answer = client.marketdata_history_by_symbol("AAPL", bar="1d", period="2d").data
        assert [row["c"] for row in answer["data"]] == [250.5]
        tidied = client.marketdata_history_by_conids([str(AAPL_ID)], period="2d", bar="1d")
        [row] = tidied[str(AAPL_ID)]
        assert (row["open"], row["close"]) == (250, 250.5)

    look(story)
