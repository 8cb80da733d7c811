"""Placing orders: what is taken, what is refused, and that nothing else reaches the broker."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.order_types import Limit, Market, Side, Stop, StopLimit, TimeInForce
from brokerport.simulator.brokerage.events import OrderRefusedEvent, OrderUpdated
from brokerport.simulator.brokerage.orders import BrokerageStatus, OrderEntry
from brokerport.simulator.gateways.client_portal.served_portal import DOOR
from tests.client_portal.order_desk import AAPL_CONID, OrderDesk, error_of
from tests.client_portal.portal_desk import AAPL, GEN, MSFT, PUT, REV, PortalDesk


def test_a_resting_order_is_taken_as_its_ticket_says() -> None:
    """The broker gets the ticket exactly; the answer has the broker's number and status."""
    with OrderDesk() as desk:
        response = desk.submit(cOID="gen.1", price=249.55, tif="GTC", outsideRTH=True)
        (order,) = desk.world.brokerage.orders()
        assert response.json() == [
            {
                "order_id": str(order.perm_id),
                "order_status": "Submitted",
                "encrypt_message": "1",
            }
        ]
        assert (order.account, order.instrument, order.side) == (GEN, AAPL, Side.BUY)
        assert order.order_type == Limit(Decimal("249.55"))
        assert (order.quantity, order.time_in_force) == (Decimal(10), TimeInForce.GTC)
        assert order.order_reference == "gen.1"
        assert order.outside_regular_hours
        assert order.entry == OrderEntry(DOOR, 0, 0)
        assert order.placed_at == desk.world.clock.now()


def test_an_order_that_trades_at_once_is_answered_as_filled() -> None:
    """A marketable order's answer says Filled, and the fill is booked before the answer."""
    with OrderDesk() as desk:
        (answer,) = desk.submit(price=250.05).json()
        assert answer["order_status"] == "Filled"
        assert desk.record(answer["order_id"]).filled == 10


def test_a_closed_market_is_answered_as_presubmitted() -> None:
    """Outside the session an order waits at the broker."""
    with OrderDesk() as desk:
        desk.world.advance(timedelta(hours=8))
        (answer,) = desk.submit(tif="GTC").json()
        assert answer["order_status"] == "PreSubmitted"


@pytest.mark.parametrize(
    ("fields", "order_type"),
    [
        ({"orderType": "MKT", "price": None}, Market()),
        ({"orderType": "MKT", "price": 0}, Market()),
        ({"orderType": "LMT", "price": "249.55"}, Limit("249.55")),
        ({"orderType": "LMT", "price": 249}, Limit(249)),
        ({"orderType": "STP", "price": 260.1}, Stop("260.1")),
        ({"orderType": "STOP_LIMIT", "price": 261, "auxPrice": 260}, StopLimit(260, 261)),
        ({"orderType": "STP LMT", "price": "261", "auxPrice": "260"}, StopLimit(260, 261)),
    ],
)
def test_every_order_type_is_read(fields: dict[str, Any], order_type: object) -> None:
    """A stop's trigger is its price, a stop limit's its auxPrice; numbers may be text."""
    with OrderDesk() as desk:
        assert desk.placed(**fields).order_type == order_type


@pytest.mark.parametrize(
    "fields",
    [
        {"secType": f"{AAPL_CONID}:STK"},
        {"secType": "STK"},
        {"conid": str(AAPL_CONID)},
        {"conid": None, "conidex": f"{AAPL_CONID}"},
        {"conid": None, "conidex": f"{AAPL_CONID}@SMART"},
        {"conid": None, "conidex": f"{AAPL_CONID}@NASDAQ"},
        {"acctId": GEN.account_id},
        {"quantity": "10"},
        {"isSingleGroup": False, "allOrNone": False, "useAdaptive": False, "strategy": ""},
        {"parentId": "", "cashQty": 0, "trailingAmt": 0.0, "strategyParameters": {}},
        {"ticker": "AAPL", "listingExchange": "NASDAQ", "referrer": "QuickTrade"},
        {"manualIndicator": True, "extOperator": "me", "cOID": None},
    ],
)
def test_sloppy_forms_are_taken(fields: dict[str, Any]) -> None:
    """Forms that real clients send mean the same order."""
    with OrderDesk() as desk:
        order = desk.placed(**fields)
        assert (order.instrument, order.quantity) == (AAPL, 10)


def test_an_option_is_ordered_by_its_conid() -> None:
    """Options have contract ids of their own."""
    with OrderDesk() as desk:
        conid = desk.world.listing.details(PUT).contract_id
        order = desk.placed(conid=conid, price="2.95", secType=f"{conid}:OPT")
        assert order.instrument == PUT


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"conid": None}, "conid or conidex is required"),
        ({"conidex": f"{AAPL_CONID}@SMART"}, "cannot come together"),
        ({"conid": 1}, "no contract has the conid 1"),
        ({"conid": True}, "no contract of this simulator"),
        ({"conid": f"{AAPL_CONID}@SMART"}, "no contract of this simulator"),
        ({"conid": None, "conidex": "28812380;;;1/1,2/-1"}, "no contract of this simulator"),
        ({"conid": None, "conidex": f"{AAPL_CONID}@LSE"}, "not traded on LSE"),
        ({"secType": f"{AAPL_CONID}:OPT"}, "265598:STK"),
        ({"secType": "1:STK"}, "265598:STK"),
        ({"acctId": "DU1000002"}, "acctId is 'DU1000002'"),
        ({"orderType": None}, "Unknown order type"),
        ({"orderType": "lmt"}, "Unknown order type"),
        ({"orderType": ["LMT"]}, "Unknown order type"),
        ({"orderType": "TRAIL"}, "TRAIL is not supported"),
        ({"price": None}, "price is required by order type LMT"),
        ({"price": ""}, "price is required by order type LMT"),
        ({"price": "many"}, "price is 'many'"),
        ({"price": True}, "price is True"),
        ({"price": -1}, "greater than zero"),
        ({"orderType": "STP", "price": None, "auxPrice": 260}, "price is required by order type"),
        ({"orderType": "STOP_LIMIT"}, "auxPrice is required by order type STOP_LIMIT"),
        ({"side": None}, "side is None"),
        ({"side": "SSHORT"}, "side is 'SSHORT'"),
        ({"tif": None}, "tif is None"),
        ({"tif": "OPG"}, "tif OPG is not supported"),
        ({"quantity": None}, "quantity is required"),
        ({"quantity": "ten"}, "quantity is 'ten'"),
        ({"quantity": "1_000"}, "quantity is '1_000'"),
        ({"quantity": 10**18}, "at most 18 digits"),
        ({"quantity": "1e999"}, "at most 18 digits"),
        ({"price": "249.5000000000000000001"}, "at most 18 digits"),
        ({"cOID": 17}, "cOID is 17"),
        ({"cOID": "x" * 65}, "cOID is"),
        ({"outsideRTH": "yes"}, "outsideRTH is 'yes'"),
        ({"parentId": "p"}, "parentId (attached and bracket orders)"),
        ({"isSingleGroup": True}, "isSingleGroup (one-cancels-all groups)"),
        ({"cashQty": 100}, "cashQty"),
        ({"useAdaptive": True}, "useAdaptive"),
        ({"strategy": "Vwap"}, "strategy"),
        ({"outsideRth": True}, "no order has a field 'outsideRth'"),
    ],
)
def test_a_ticket_that_cannot_be_worked_is_a_bad_request(fields: dict[str, Any], text: str) -> None:
    """The gateway says which field is wrong; the broker never hears of the order."""
    with OrderDesk() as desk:
        assert text in error_of(desk.submit(**fields), 400)
        assert desk.world.brokerage.orders() == ()
        assert desk.events == []


@pytest.mark.parametrize("body", [None, [], {}, {"orders": []}, {"orders": {}}, {"orders": [1]}])
def test_a_body_without_a_ticket_is_a_bad_request(body: Any) -> None:
    """An order needs a body of one ticket."""
    with OrderDesk() as desk:
        error_of(desk.post(f"/iserver/account/{GEN}/orders", body), 400)
        assert desk.world.brokerage.orders() == ()


def test_numbers_that_json_has_not_are_refused() -> None:
    """NaN and Infinity are no prices."""
    with OrderDesk() as desk:
        for price in ("NaN", "Infinity"):
            body = (
                '{"orders":[{"conid":265598,"orderType":"LMT","side":"BUY","tif":"DAY",'
                f'"quantity":1,"price":{price}}}]}}'
            )
            response = desk.request("POST", f"/iserver/account/{GEN}/orders", content=body)
            assert response.status_code == 400, response.text
        assert desk.world.brokerage.orders() == ()


def test_brackets_and_groups_are_refused_whole() -> None:
    """Several tickets place nothing, not even the first one."""
    with OrderDesk() as desk:
        parent = desk.ticket(cOID="parent")
        child = desk.ticket(cOID=None, side="SELL", parentId="parent", price=260)
        assert "bracket" in error_of(desk.send(parent, child), 400)
        group = [desk.ticket(isSingleGroup=True), desk.ticket(isSingleGroup=True)]
        assert "one-cancels-all" in error_of(desk.send(*group), 400)
        assert "one order ticket" in error_of(desk.send(desk.ticket(), desk.ticket()), 400)
        assert desk.world.brokerage.orders() == ()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"price": 249.555}, "minimum price variation"),
        ({"quantity": 1.5}, "Fractional-sized order"),
        ({"quantity": 0}, "Order size cannot be zero"),
        ({"quantity": -1}, "Order size cannot be zero"),
    ],
)
def test_what_the_broker_refuses_is_answered_with_its_words(
    fields: dict[str, Any], text: str
) -> None:
    """HTTP 200 with an error body, as IBKR refuses orders; nothing was placed."""
    with OrderDesk() as desk:
        assert text in error_of(desk.submit(**fields))
        assert desk.world.brokerage.orders() == ()


def test_an_order_beyond_the_funds_is_refused_and_stands_as_inactive() -> None:
    """The refusal is an error body; the list shows the order Inactive with the reason."""
    with OrderDesk() as desk:
        text = error_of(desk.submit(quantity=5000, cOID="too-much"))
        assert "NOT ACCEPTED" in text
        (row,) = desk.live()
        assert (row["status"], row["order_ccp_status"]) == ("Inactive", "Rejected")
        assert row["order_ref"] == "too-much"
        assert row["order_cancellation_by_system_reason"] == text
        (refusal,) = (event for event in desk.events if isinstance(event, OrderRefusedEvent))
        assert refusal.order.perm_id == row["orderId"]


def test_a_reference_serves_once_in_a_day() -> None:
    """The second order under a cOID is refused until 24 hours have passed; without one, never."""
    with OrderDesk() as desk:
        first = desk.placed(cOID="once")
        text = error_of(desk.submit(cOID="once", side="SELL", price=260))
        assert text == ("Order couldn't be submitted: Local order ID=once is already registered.")
        assert "is already registered" in error_of(desk.submit(REV, cOID="once"))
        desk.cancel(first.perm_id)
        assert "is already registered" in error_of(desk.submit(cOID="once"))
        assert len(desk.world.brokerage.orders()) == 1
        desk.world.advance(timedelta(hours=24) - timedelta(seconds=1))
        desk.reopen()
        assert "is already registered" in error_of(desk.submit(cOID="once"))
        desk.world.advance(timedelta(seconds=1))
        desk.placed(cOID="once")
        desk.placed(cOID=None)
        desk.placed(cOID=None)


def test_a_refused_ticket_uses_no_reference_up() -> None:
    """A cOID is registered with an order, not with an attempt."""
    with OrderDesk() as desk:
        error_of(desk.submit(cOID="again", price=249.555))
        error_of(desk.submit(cOID="again", side="UP"), 400)
        assert desk.placed(cOID="again").order_reference == "again"


def test_a_lost_answer_is_found_by_its_reference() -> None:
    """What a client whose answer was lost can do: the list and the trades show the cOID."""
    with OrderDesk() as desk:
        desk.submit(cOID="lost", price=250.05)
        assert [row["order_ref"] for row in desk.live()] == ["lost"]
        assert [row["order_ref"] for row in desk.trades()] == ["lost"]


def test_an_immediate_or_cancel_order_that_finds_nobody_is_answered_as_cancelled() -> None:
    """The answer tells the truth even of an order that is over."""
    with OrderDesk() as desk:
        (answer,) = desk.submit(tif="IOC").json()
        assert answer["order_status"] == "Cancelled"


def test_every_order_of_a_ticket_is_one_order() -> None:
    """One request, one order: the broker tells of exactly one new order."""
    with OrderDesk() as desk:
        desk.placed(conid=desk.world.listing.details(MSFT).contract_id, price=399)
        updates = [event for event in desk.events if isinstance(event, OrderUpdated)]
        assert [event.order.status for event in updates] == [BrokerageStatus.SUBMITTED]
        assert updates[0].order.instrument == MSFT


def test_orders_need_the_accounts_first_and_a_managed_account() -> None:
    """IBKR's two refusals before anything is read."""
    with PortalDesk(questions=()) as desk:
        path = f"/iserver/account/{GEN}/orders"
        assert "query /accounts first" in error_of(desk.post(path, {"orders": []}), 400)
        desk.prime()
        strange = desk.post("/iserver/account/DU9/orders", {"orders": []})
        assert error_of(strange, 400) == "accountId is not valid"
