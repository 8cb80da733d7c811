"""Changing and cancelling orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.order_types import Limit, Stop, TimeInForce
from brokerport.simulator.brokerage.orders import BrokerageStatus
from brokerport.simulator.gateways.client_portal.questions import Question, QuestionTrigger
from tests.client_portal.order_desk import OrderDesk, error_of
from tests.client_portal.portal_desk import AAPL, GEN, MSFT, REV


def test_a_full_ticket_changes_price_quantity_type_and_time_in_force() -> None:
    """The order keeps its number and reference, and has the new terms."""
    with OrderDesk() as desk:
        order = desk.placed(cOID="mine")
        changed = desk.change(
            order.perm_id, desk.ticket(cOID="mine", price=248, quantity=20, tif="GTC")
        )
        assert changed.json() == [
            {
                "order_id": str(order.perm_id),
                "order_status": "Submitted",
                "encrypt_message": "1",
            }
        ]
        now = desk.record(order.perm_id)
        assert (now.order_type, now.quantity) == (Limit(248), 20)
        assert (now.time_in_force, now.order_reference) == (TimeInForce.GTC, "mine")
        stop = desk.ticket(cOID="mine", orderType="STP", price=260)
        desk.change(order.perm_id, stop)
        assert desk.record(order.perm_id).order_type == Stop(260)


def test_a_change_may_fill_the_order() -> None:
    """A change that reaches the market is answered as Filled."""
    with OrderDesk() as desk:
        order = desk.placed(cOID="mine")
        (answer,) = desk.change(order.perm_id, desk.ticket(cOID="mine", price=250.05)).json()
        assert answer["order_status"] == "Filled"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"side": "SELL"}, "side"),
        ({"conid": "MSFT"}, "conid"),
        ({"cOID": "other"}, "cOID"),
        ({"outsideRTH": True}, "outsideRTH"),
        ({"conid": None, "conidex": "265598@NASDAQ"}, "conidex"),
    ],
)
def test_a_change_of_what_cannot_change_is_refused(fields: dict[str, Any], field: str) -> None:
    """A mismatch leaves the order as it was."""
    with OrderDesk() as desk:
        order = desk.placed(cOID="mine")
        if fields.get("conid") == "MSFT":
            fields = {"conid": desk.world.listing.details(MSFT).contract_id}
        response = desk.change(order.perm_id, desk.ticket(**{"cOID": "mine", "price": 1, **fields}))
        assert error_of(response).endswith(f"does not match original order: {field}")
        assert desk.record(order.perm_id) == order


@pytest.mark.parametrize("missing", ["conid", "side", "quantity", "orderType", "tif", "price"])
def test_a_change_needs_the_whole_ticket(missing: str) -> None:
    """What a change leaves out is not filled in from the order."""
    with OrderDesk() as desk:
        order = desk.placed(cOID="mine")
        error_of(desk.change(order.perm_id, desk.ticket(**{missing: None, "cOID": "mine"})), 400)
        assert desk.record(order.perm_id) == order


def test_a_change_that_races_a_fill_is_refused() -> None:
    """The order has filled in the meantime: IBKR's error, and nothing changes."""
    with OrderDesk() as desk:
        order = desk.placed(cOID="mine", price=250.05)
        response = desk.change(order.perm_id, desk.ticket(cOID="mine", price=251))
        assert error_of(response) == "Cannot modify an order that is filled."


def test_a_question_of_a_change_can_outlive_its_order() -> None:
    """The order fills while the question waits: the confirmed change is refused."""
    always = Question("o163", "Sure?", QuestionTrigger.ALWAYS)
    with OrderDesk(questions=(always,)) as desk:
        (question,) = desk.submit(cOID="mine").json()
        (answer,) = desk.reply(question["id"]).json()
        order_id = answer["order_id"]
        (question,) = desk.change(order_id, desk.ticket(cOID="mine", price=248)).json()
        assert desk.record(order_id).order_type == Limit("249.5")
        desk.show(AAPL, "249.00", "249.10")
        desk.pass_time()
        assert desk.record(order_id).status is BrokerageStatus.FILLED
        assert "that is filled" in error_of(desk.reply(question["id"]))


def test_a_declined_change_leaves_the_order_as_it_was() -> None:
    """No is no."""
    always = Question("o163", "Sure?", QuestionTrigger.ALWAYS)
    with OrderDesk(questions=(always,)) as desk:
        order = desk.bid(10, "249.50", order_reference="mine")
        (question,) = desk.change(order.perm_id, desk.ticket(cOID="mine", price=248)).json()
        assert error_of(desk.reply(question["id"], False)) == "Order not confirmed "
        assert desk.record(order.perm_id) == order


def test_a_change_below_what_has_filled_is_refused() -> None:
    """The broker's word on a quantity that cannot be."""
    with OrderDesk() as desk:
        desk.show(AAPL, "250.00", "250.05", size=4)
        order = desk.placed(cOID="mine", price=250.05)
        assert order.filled == 4
        response = desk.change(order.perm_id, desk.ticket(cOID="mine", price=250.05, quantity=3))
        assert "does not match original order" in error_of(response)
        assert desk.record(order.perm_id) == order


def test_a_cancel_is_answered_and_ends_the_order() -> None:
    """The answer says the request was submitted; the order is cancelled."""
    with OrderDesk() as desk:
        order = desk.placed()
        assert desk.cancel(order.perm_id).json() == {
            "msg": "Request was submitted",
            "order_id": order.perm_id,
            "conid": 265598,
            "account": GEN.account_id,
        }
        assert desk.record(order.perm_id).status is BrokerageStatus.CANCELLED


def test_what_cannot_be_cancelled_says_why() -> None:
    """Unknown, filled, cancelled and refused orders each have their text, with HTTP 200."""
    with OrderDesk() as desk:
        assert error_of(desk.cancel(1)) == "OrderID 1 doesn't exist"
        assert error_of(desk.cancel("many")) == "OrderID many doesn't exist"
        filled = desk.placed(price=250.05)
        assert "not in a cancellable state" in error_of(desk.cancel(filled.perm_id))
        cancelled = desk.placed()
        desk.cancel(cancelled.perm_id)
        assert error_of(desk.cancel(cancelled.perm_id)) == (
            f"OrderId {cancelled.perm_id} that needs to be cancelled can not be cancelled, "
            "state: Cancelled."
        )
        desk.submit(quantity=5000)
        refused = desk.world.brokerage.orders()[-1]
        assert error_of(desk.cancel(refused.perm_id)) == "Order is inactive"


def test_an_order_belongs_to_the_account_of_its_path() -> None:
    """Another account's order does not exist there, neither to cancel nor to change."""
    with OrderDesk() as desk:
        order = desk.placed(REV, cOID="theirs")
        assert error_of(desk.cancel(order.perm_id)) == f"OrderID {order.perm_id} doesn't exist"
        response = desk.change(order.perm_id, desk.ticket(cOID="theirs", price=1))
        assert error_of(response) == f"OrderID {order.perm_id} doesn't exist"
        assert desk.record(order.perm_id) == order
        assert desk.cancel(order.perm_id, REV).json()["order_id"] == order.perm_id


def test_order_minus_one_cancels_everything_of_the_account() -> None:
    """Every open order of that account goes, and no other account's."""
    with OrderDesk() as desk:
        mine = [desk.placed(), desk.placed(side="SELL", price=260, quantity=1)]
        theirs = desk.placed(REV)
        assert desk.cancel(-1).json() == {
            "msg": "Request was submitted",
            "order_id": -1,
            "conid": -1,
            "account": None,
        }
        assert {desk.record(order.perm_id).status for order in mine} == {BrokerageStatus.CANCELLED}
        assert desk.record(theirs.perm_id).is_open


def test_a_change_is_exact_to_the_cent() -> None:
    """A price in JSON is read as written, never as the nearest float."""
    with OrderDesk() as desk:
        order = desk.placed(cOID="mine")
        desk.change(order.perm_id, desk.ticket(cOID="mine", price=248.29, quantity=10))
        assert desk.record(order.perm_id).order_type == Limit(Decimal("248.29"))
