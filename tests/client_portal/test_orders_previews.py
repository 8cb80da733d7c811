"""Previewing orders: what one would cost and change, without placing it."""

from __future__ import annotations

from typing import Any

import httpx

from brokerport.domain.order_types import Limit, Side
from tests.client_portal.order_desk import AAPL_CONID, OrderDesk, error_of
from tests.client_portal.portal_desk import GEN, PUT


def preview(desk: OrderDesk, **fields: Any) -> httpx.Response:
    """Ask for a preview."""
    body = {"orders": [desk.ticket(**fields)]}
    return desk.post(f"/iserver/account/{GEN}/orders/whatif", body)


def watch(desk: OrderDesk, conid: int = AAPL_CONID) -> None:
    """Ask for a snapshot, as a preview needs."""
    desk.answer("GET", "/iserver/marketdata/snapshot", params={"conids": conid, "fields": "31"})


def test_a_preview_needs_a_snapshot_first() -> None:
    """IBKR's condition; it is the contract's own snapshot that counts."""
    with OrderDesk() as desk:
        assert "marketdata/snapshot" in error_of(preview(desk), 400)
        watch(desk, desk.world.listing.details(PUT).contract_id)
        assert "marketdata/snapshot" in error_of(preview(desk), 400)
        watch(desk)
        assert preview(desk).status_code == 200


def test_a_preview_tells_money_margin_and_position_as_text() -> None:
    """The figures are the broker's what-if's; nothing is placed, no reference used."""
    with OrderDesk() as desk:
        desk.placed(price=250.05, quantity=20)
        watch(desk)
        before = desk.world.brokerage.orders()
        assert preview(desk, price=249.5, quantity=100, cOID="tried").json() == {
            "amount": {
                "amount": "24,950.00 USD (100 Shares)",
                "commission": "1 USD",
                "total": "24,951.00 USD",
            },
            "equity": {"current": "99,998.50", "change": "-1", "after": "99,997.50"},
            "initial": {"current": "2,500.25", "change": "12,501.25", "after": "15,001.50"},
            "maintenance": {"current": "1,250.13", "change": "6,250.62", "after": "7,500.75"},
            "position": {"current": "20", "change": "100", "after": "120"},
            "warn": None,
            "error": None,
        }
        assert desk.world.brokerage.orders() == before
        assert desk.placed(cOID="tried").order_reference == "tried"


def test_a_preview_of_a_market_sale_of_options() -> None:
    """Contracts, at the bid, with the position going down."""
    with OrderDesk() as desk:
        conid = desk.world.listing.details(PUT).contract_id
        watch(desk, conid)
        answer = preview(
            desk, conid=conid, side="SELL", orderType="MKT", price=None, quantity=2
        ).json()
        assert answer["amount"]["amount"] == "600.00 USD (2 Contracts)"
        assert answer["position"] == {"current": "0", "change": "-2", "after": "-2"}


def test_a_preview_says_what_the_account_cannot_afford() -> None:
    """The figures are there, and so is the error."""
    with OrderDesk() as desk:
        watch(desk)
        answer = preview(desk, quantity=5000).json()
        assert "MUST EXCEED THE INITIAL MARGIN" in answer["error"]
        assert answer["position"]["after"] == "5,000"


def test_a_preview_warns_as_the_order_would_be_questioned() -> None:
    """The first question that is not suppressed."""
    with OrderDesk(questions=None) as desk:
        watch(desk)
        assert "Percentage constraint" in preview(desk, price=200).json()["warn"]
        desk.post("/iserver/questions/suppress", {"messageIds": ["o163"]})
        assert preview(desk, price=200).json()["warn"] is None


def test_a_preview_is_refused_as_the_order_would_be() -> None:
    """A bad ticket is a bad request; an off-tick price is the broker's refusal."""
    with OrderDesk() as desk:
        watch(desk)
        assert error_of(preview(desk, orderType="ODD"), 400) == "Unknown order type"
        assert "minimum price variation" in error_of(preview(desk, price=249.555))
        desk.place(Side.BUY, 1, Limit("249.00"))
        assert len(desk.world.brokerage.orders()) == 1
