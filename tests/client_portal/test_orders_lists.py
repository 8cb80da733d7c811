"""The live list and the status of one order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from brokerport.domain.order_types import Limit, Side
from brokerport.simulator.gateways.client_portal.endpoints.order_lists import (
    ORDERS_FILTERED,
    ORDERS_MAX,
)
from brokerport.simulator.gateways.client_portal.order_rows import OrderRows
from brokerport.simulator.gateways.client_portal.translate.orders import changed_fields
from tests.client_portal.order_desk import ORDERS, OrderDesk, error_of
from tests.client_portal.portal_desk import AAPL, GEN, MSFT, PUT, REV


def test_the_first_list_of_a_session_is_empty() -> None:
    """It primes the next; force empties one answer again; a new session starts over."""
    with OrderDesk() as desk:
        order = desk.placed(tif="GTC")
        empty = {"orders": [], "snapshot": False}
        assert desk.answer("GET", ORDERS) == empty
        full = desk.answer("GET", ORDERS)
        assert full["snapshot"] is True
        assert [row["orderId"] for row in full["orders"]] == [order.perm_id]
        assert desk.answer("GET", ORDERS, params={"force": "true"}) == empty
        assert desk.answer("GET", ORDERS, params={"force": "false"}) == full
        desk.world.advance(timedelta(days=1))
        desk.reopen()
        assert desk.answer("GET", ORDERS) == empty
        assert len(desk.answer("GET", ORDERS)["orders"]) == 1


def test_a_resting_order_row() -> None:
    """Every field of an open limit order, as IBKR writes it."""
    with OrderDesk() as desk:
        order = desk.placed(cOID="gen.1")
        assert desk.live() == [
            {
                "acct": "DU1000001",
                "conidex": "265598",
                "conid": 265598,
                "account": "DU1000001",
                "orderId": order.perm_id,
                "cashCcy": "USD",
                "sizeAndFills": "0/10",
                "orderDesc": "Buy 10 Limit 249.50, Day",
                "description1": "AAPL",
                "ticker": "AAPL",
                "secType": "STK",
                "listingExchange": "NASDAQ.NMS",
                "remainingQuantity": 10,
                "filledQuantity": 0,
                "totalSize": 10,
                "companyName": "APPLE INC",
                "status": "Submitted",
                "order_ccp_status": "Submitted",
                "origOrderType": "LIMIT",
                "supportsTaxOpt": "1",
                "lastExecutionTime": "260105143000",
                "orderType": "Limit",
                "bgColor": "#FFFFFF",
                "fgColor": "#0000CC",
                "order_ref": "gen.1",
                "isEventTrading": "0",
                "outsideRTH": False,
                "price": "249.50",
                "timeInForce": "CLOSE",
                "lastExecutionTime_r": 1767623400000,
                "side": "BUY",
            }
        ]


@pytest.mark.parametrize(
    ("fields", "row"),
    [
        (
            {"orderType": "MKT", "side": "SELL", "price": None, "quantity": 400},
            {
                "orderDesc": "Sell 400 Market, Day",
                "sizeAndFills": "300/400",
                "avgPrice": "250.00",
                "price": None,
                "filledQuantity": 300,
                "remainingQuantity": 100,
            },
        ),
        (
            {"orderType": "STP", "price": 260, "tif": "GTC"},
            {
                "orderDesc": "Buy 10 Stop 260.00, GTC",
                "orderType": "Stop",
                "origOrderType": "STOP",
                "price": "",
                "auxPrice": "260.00",
                "stop_price": "260.00",
                "timeInForce": "GTC",
                "status": "PreSubmitted",
            },
        ),
        (
            {"orderType": "STOP_LIMIT", "price": "261.25", "auxPrice": 260.5},
            {
                "orderDesc": "Buy 10 Stop Limit 261.25 Stop 260.50, Day",
                "orderType": "Stop Limit",
                "origOrderType": "STOP_LIMIT",
                "price": "261.25",
                "auxPrice": "260.50",
            },
        ),
        (
            {"price": 250.05, "cOID": None},
            {
                "orderDesc": "Bought 10 Limit 250.05, Day",
                "sizeAndFills": "10",
                "status": "Filled",
                "order_ccp_status": "Filled",
                "avgPrice": "250.05",
                "order_ref": None,
            },
        ),
        (
            {"tif": "IOC"},
            {
                "status": "Cancelled",
                "order_ccp_status": "Cancelled",
                "sizeAndFills": "0/10",
                "timeInForce": "IOC",
            },
        ),
        ({"conid": None, "conidex": "265598@NASDAQ"}, {"conidex": "265598@NASDAQ"}),
    ],
)
def test_rows_of_other_orders(fields: dict[str, Any], row: dict[str, Any]) -> None:
    """Types, fills and ends; a field given as None is not there."""
    with OrderDesk() as desk:
        desk.placed(**fields)
        (found,) = desk.live()
        assert {name: found.get(name) for name in row} == row


def test_an_options_row_describes_the_contract() -> None:
    """Expiry, strike and right stand in description2; an option has no listing exchange."""
    with OrderDesk() as desk:
        desk.placed(conid=desk.world.listing.details(PUT).contract_id, price=2.95)
        (row,) = desk.live()
        assert (row["secType"], row["description1"]) == ("OPT", "AAPL")
        assert row["description2"] == "JAN 23 '26 250 Put"
        assert "listingExchange" not in row


def test_the_last_execution_time_is_the_last_fills() -> None:
    """Not the time of the order, nor that of its end."""
    with OrderDesk() as desk:
        desk.show(AAPL, "250.00", "250.05", size=4)
        order = desk.placed(price=250.05)
        desk.pass_time(timedelta(seconds=5))
        desk.show(AAPL, "250.00", "250.05", size=3)
        desk.pass_time(timedelta(seconds=2))
        desk.pass_time(timedelta(minutes=1))
        desk.cancel(order.perm_id)
        (row,) = desk.live()
        assert row["sizeAndFills"] == "7/10"
        assert row["lastExecutionTime"] == "260105143006"
        assert row["lastExecutionTime_r"] == 1767623406000


def test_open_orders_come_first_unless_sorted_by_time() -> None:
    """IBKR's usual order, and the other one."""
    with OrderDesk() as desk:
        filled = desk.placed(price=250.05)
        desk.pass_time()
        resting = desk.placed()
        assert [row["orderId"] for row in desk.live()] == [resting.perm_id, filled.perm_id]
        by_time = desk.live(filters="sort_by_time")
        assert [row["orderId"] for row in by_time] == [filled.perm_id, resting.perm_id]


def test_filters_choose_by_status_and_mark_the_login() -> None:
    """Filtering silences ``sor`` until force; an unknown filter is refused."""
    with OrderDesk() as desk:
        filled, resting = desk.placed(price=250.05), desk.placed()
        gone = desk.placed()
        desk.cancel(gone.perm_id)
        stop = desk.placed(orderType="STP", price=260)

        def found(filters: str) -> list[int]:
            return [row["orderId"] for row in desk.live(filters=filters)]

        assert ORDERS_FILTERED not in desk.login.primed
        assert found("filled") == [filled.perm_id]
        assert found("submitted") == [resting.perm_id]
        assert found("pre_submitted") == [stop.perm_id]
        assert found("cancelled,filled,sort_by_time") == [filled.perm_id, gone.perm_id]
        assert found("inactive") == []
        assert found("pending_cancel") == []
        assert ORDERS_FILTERED in desk.login.primed
        error_of(desk.get(ORDERS, {"filters": "open"}), 400)
        desk.answer("GET", ORDERS, params={"force": "true"})
        assert ORDERS_FILTERED not in desk.login.primed


def test_the_list_is_of_one_account() -> None:
    """The selected account's, or the one that is named."""
    with OrderDesk() as desk:
        mine, theirs = desk.placed(), desk.placed(REV)
        assert [row["orderId"] for row in desk.live()] == [mine.perm_id]
        assert [row["orderId"] for row in desk.live(accountId="DU1000002")] == [theirs.perm_id]
        desk.login.selected_account = REV
        assert [row["acct"] for row in desk.live()] == ["DU1000002"]
        strange = desk.get(ORDERS, {"accountId": "DU9"})
        assert error_of(strange, 400) == "accountId is not valid"


def test_orders_of_earlier_days_are_gone_unless_they_are_open() -> None:
    """The list is of the session: a day later only what still works is there."""
    with OrderDesk() as desk:
        desk.placed(price=250.05)
        lasting = desk.placed(tif="GTC")
        desk.world.advance(timedelta(days=1))
        desk.reopen()
        assert [row["orderId"] for row in desk.live()] == [lasting.perm_id]


def test_the_list_ends_after_a_thousand_orders() -> None:
    """Open ones are kept rather than done ones."""
    with OrderDesk() as desk:
        done = [desk.place(Side.BUY, 1, Limit("250.05")) for _ in range(2)]
        for _ in range(ORDERS_MAX - 1):
            desk.place(Side.BUY, 1, Limit("1.00"), instrument=MSFT)
        rows = desk.live()
        assert len(rows) == ORDERS_MAX
        assert rows[-1]["orderId"] == done[0].perm_id
        assert sum(row["status"] == "Submitted" for row in rows) == ORDERS_MAX - 1


def test_a_change_is_told_as_what_differs() -> None:
    """Account and id always; a field that went away is empty text; no change, no field."""
    with OrderDesk() as desk:
        rows = desk.portal.store(OrderRows)
        before = rows.live_order(desk.placed(cOID="mine"))
        desk.change(before["orderId"], desk.ticket(cOID="mine", quantity=20))
        after = rows.live_order(desk.record(before["orderId"]))
        assert changed_fields(before, after) == {
            "acct": "DU1000001",
            "orderId": before["orderId"],
            "sizeAndFills": "0/20",
            "orderDesc": "Buy 20 Limit 249.50, Day",
            "remainingQuantity": 20,
            "totalSize": 20,
        }
        identity = {"acct": "DU1000001", "orderId": before["orderId"]}
        assert changed_fields(after, after) == identity
        market = {name: value for name, value in after.items() if name != "price"}
        assert changed_fields(after, market) == identity | {"price": ""}


def test_the_status_of_one_order() -> None:
    """Every field of the answer, for an order that is partly filled."""
    with OrderDesk() as desk:
        desk.show(AAPL, "250.00", "250.05", size=4)
        order = desk.placed(price=250.05, tif="GTC")
        assert desk.answer("GET", f"/iserver/account/order/status/{order.perm_id}") == {
            "sub_type": None,
            "order_id": order.perm_id,
            "conidex": "265598",
            "conid": 265598,
            "symbol": "AAPL",
            "side": "B",
            "contract_description_1": "AAPL",
            "listing_exchange": "NASDAQ.NMS",
            "company_name": "APPLE INC",
            "size": "6.0",
            "total_size": "10.0",
            "currency": "USD",
            "account": "DU1000001",
            "order_type": "LIMIT",
            "limit_price": "250.05",
            "cum_fill": "4.0",
            "order_status": "Submitted",
            "order_ccp_status": "0",
            "order_status_description": "Order Submitted",
            "tif": "GTC",
            "fg_color": "#0000CC",
            "bg_color": "#FFFFFF",
            "order_not_editable": False,
            "editable_fields": "",
            "cannot_cancel_order": False,
            "outside_rth": False,
            "deactivate_order": False,
            "sec_type": "STK",
            "order_description": "Buy 10 Limit 250.05, GTC",
            "order_description_with_contract": "Buy 10 AAPL Limit 250.05, GTC",
            "order_clearing_account": "DU1000001",
            "size_and_fills": "4/10",
            "average_price": "250.05",
            "allowed_duplicate_opposite": True,
            "order_time": "260105143000",
        }


def test_the_status_of_an_order_that_is_over() -> None:
    """Nothing is left to trade, change or cancel."""
    with OrderDesk() as desk:
        order = desk.placed()
        desk.cancel(order.perm_id)
        answer = desk.answer("GET", f"/iserver/account/order/status/{order.perm_id}")
        assert answer["order_status"] == "Cancelled"
        assert (answer["size"], answer["total_size"], answer["cum_fill"]) == ("0.0", "10.0", "0.0")
        assert answer["order_not_editable"] is answer["cannot_cancel_order"] is True


def test_an_order_that_cannot_be_seen_is_unavailable() -> None:
    """Unknown, another account's, and yesterday's: 503."""
    with OrderDesk() as desk:
        theirs, mine = desk.placed(REV, tif="GTC"), desk.placed()
        for order_id in ("1", "many", str(theirs.perm_id)):
            error_of(desk.get(f"/iserver/account/order/status/{order_id}"), 503)
        desk.login.selected_account = REV
        desk.answer("GET", f"/iserver/account/order/status/{theirs.perm_id}")
        desk.login.selected_account = GEN
        desk.world.advance(timedelta(days=1))
        desk.reopen()
        error_of(desk.get(f"/iserver/account/order/status/{mine.perm_id}"), 503)
