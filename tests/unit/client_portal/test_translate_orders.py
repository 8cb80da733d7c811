"""Tickets as they leave, and rows of orders and executions as they are read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.adapters.client_portal.json_text import read_json, write_json
from brokerport.adapters.client_portal.translate_executions import (
    is_combination,
    to_commission,
    to_execution,
)
from brokerport.adapters.client_portal.translate_margin import to_margin_impact
from brokerport.adapters.client_portal.translate_orders import (
    row_order_id,
    row_reason,
    row_reference,
    to_broker_order_status,
    to_order_type,
    to_side,
    to_ticket,
    to_time_in_force,
)
from brokerport.domain.errors import Unsupported
from brokerport.domain.executions import Commission
from brokerport.domain.money import Money, usd
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)
from brokerport.ports.orders import BrokerOrderStatus
from tests.support.properties import PROPERTY
from tests.unit.client_portal.portal_orders import (
    AAPL,
    AAPL_ID,
    ACCOUNT,
    ORDER_ID,
    OURS,
    order_row,
    ticket,
    trade_row,
)

PRICES = st.decimals("0.0001", "99999", places=4)


@pytest.mark.parametrize(
    ("order_type", "sent"),
    [
        (Market(), {"orderType": "MKT"}),
        (Limit("250.10"), {"orderType": "LMT", "price": Decimal("250.10")}),
        (Stop("240"), {"orderType": "STP", "price": Decimal(240)}),
        (
            StopLimit("240", "239.5"),
            {"orderType": "STOP_LIMIT", "price": Decimal("239.5"), "auxPrice": Decimal(240)},
        ),
    ],
)
def test_a_ticket_is_whole(order_type: OrderType, sent: dict[str, object]) -> None:
    """Each order type with its prices where IBKR wants them, and nothing else."""
    assert to_ticket(ticket(), AAPL_ID, Decimal(100), order_type) == {
        "acctId": "DU1000001",
        "conid": AAPL_ID,
        "cOID": OURS,
        "side": "BUY",
        "quantity": 100,
        "tif": "DAY",
        "outsideRTH": False,
        **sent,
    }


def test_a_preview_carries_no_reference() -> None:
    """Nothing can take it for the order."""
    sent = to_ticket(ticket(), AAPL_ID, Decimal(1), Market(), with_reference=False)
    assert "cOID" not in sent


@PROPERTY
@given(PRICES)
def test_a_price_leaves_as_the_number_it_is(price: Decimal) -> None:
    """No float is on its way: the text of the JSON is the price's own."""
    sent = to_ticket(ticket(), AAPL_ID, Decimal(1), Limit(price))
    text = write_json(sent)
    assert f'"price":{price:f}' in text
    assert read_json(text)["price"] == price


@pytest.mark.parametrize(
    ("row", "order_type"),
    [
        ({"orderType": "Market", "price": ""}, Market()),
        ({"orderType": "LIMIT", "price": "0.90000"}, Limit("0.9")),
        ({"orderType": "Limit", "price": Decimal("1250.5")}, Limit("1250.5")),
        ({"orderType": "Stop", "price": "", "auxPrice": "240.00"}, Stop("240")),
        ({"orderType": "STP", "price": "240.00"}, Stop("240")),
        (
            {"orderType": "Stop Limit", "price": "239.50", "stop_price": "240", "auxPrice": "240"},
            StopLimit("240", "239.5"),
        ),
        ({"orderType": "STOP_LIMIT", "price": "1", "auxPrice": "2"}, StopLimit("2", "1")),
        ({"orderType": "STP LMT", "price": "1", "stop_price": "2"}, StopLimit("2", "1")),
        ({"orderType": "", "origOrderType": "LIMIT", "price": "1"}, Limit("1")),
    ],
)
def test_an_order_type_is_read(row: dict[str, Any], order_type: OrderType) -> None:
    """In every way in which IBKR writes it."""
    assert to_order_type(row) == order_type


@pytest.mark.parametrize(
    "row",
    [
        {"orderType": "Trailing Stop", "price": "1"},
        {"orderType": "Limit", "price": ""},
        {"orderType": "Limit", "price": "1.2K"},
        {"orderType": "Limit", "price": "-1"},
        {"orderType": "Stop Limit", "price": "1"},
        {},
    ],
)
def test_what_is_no_order_type_of_ours_is_unsupported(row: dict[str, Any]) -> None:
    """It is named, and never guessed at."""
    with pytest.raises(Unsupported, match=str(ORDER_ID)):
        to_order_type({"orderId": ORDER_ID, **row})


@pytest.mark.parametrize(
    ("told", "meant"),
    [("CLOSE", TimeInForce.DAY), ("DAY", TimeInForce.DAY), ("GTC", TimeInForce.GTC)],
)
def test_a_time_in_force_is_read(told: str, meant: TimeInForce) -> None:
    """A day order's is CLOSE in the live list."""
    assert to_time_in_force({"timeInForce": told}) is meant


def test_other_words_are_unsupported() -> None:
    """By name."""
    with pytest.raises(Unsupported, match="OPG"):
        to_time_in_force({"timeInForce": "OPG"})
    with pytest.raises(Unsupported, match="SSHORT"):
        to_side({"side": "SSHORT"})


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        ("Filled", BrokerOrderStatus.FILLED),
        ("Cancelled", BrokerOrderStatus.CANCELLED),
        ("Inactive", BrokerOrderStatus.REJECTED),
        ("PreSubmitted", BrokerOrderStatus.WORKING),
        ("PendingCancel", BrokerOrderStatus.WORKING),
        ("WarnState", BrokerOrderStatus.WORKING),
    ],
)
def test_a_status_is_read(status: str, meant: BrokerOrderStatus) -> None:
    """What says neither end nor refusal is working."""
    assert to_broker_order_status({"status": status}) is meant


def test_an_order_id_is_a_number_or_a_text() -> None:
    """Which one, depends on the answer; anything else is none."""
    assert row_order_id({"orderId": 17}) == row_order_id({"order_id": "17"}) == 17
    assert row_order_id({"order_id": Decimal("17.0")}) == 17
    for told in (None, "", "x", 0, -1, True, Decimal("1.5")):
        with pytest.raises(ValueError, match="order id"):
            row_order_id({"orderId": told})


def test_a_row_may_lack_its_reference_and_its_reason() -> None:
    """Then there is none."""
    assert row_reference(order_row(order_ref=None)) is None
    assert row_reference(order_row()) == OURS
    assert row_reason(order_row()) == ""
    assert row_reason(order_row(order_cancellation_by_system_reason=" Expired ")) == "Expired"


def test_an_execution_is_read_whole() -> None:
    """To the millisecond."""
    fill = to_execution(trade_row(), AAPL)
    assert (fill.execution_id, fill.broker_account) == ("0000e0d5.6576fd31.01.01", ACCOUNT)
    assert (fill.side, fill.quantity, fill.price) == (Side.BUY, Decimal(40), Decimal(250))
    assert fill.executed_at == datetime(2026, 1, 5, 14, 30, 1, 250_000, tzinfo=UTC)
    assert (fill.order_reference, fill.perm_id) == (OURS, ORDER_ID)


def test_a_written_time_stands_in_for_a_number() -> None:
    """Older rows have no trade_time_r."""
    fill = to_execution(trade_row(trade_time_r=None), AAPL)
    assert fill.executed_at == datetime(2026, 1, 5, 14, 30, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes", [{"price": "x"}, {"size": None}, {"side": "?"}, {"account": "", "accountCode": ""}]
)
def test_an_execution_that_cannot_be_read_is_unsupported(changes: dict[str, Any]) -> None:
    """A guess would be a wrong position."""
    with pytest.raises(Unsupported, match="0000e0d5"):
        to_execution({**trade_row(), **changes}, AAPL)


def test_a_commission_is_none_until_it_is_known() -> None:
    """An empty text, or no field."""
    assert to_commission(trade_row()) is None
    assert to_commission(trade_row(commission="")) is None
    assert to_commission(trade_row(commission="1.01")) == Commission(
        "0000e0d5.6576fd31.01.01", usd("1.01")
    )


def test_a_combination_as_a_whole_is_known_as_one() -> None:
    """Its legs are told each."""
    assert is_combination(trade_row(sec_type="BAG"))
    assert not is_combination(trade_row())


def test_a_preview_is_read() -> None:
    """Texts with separators, with a currency or without; a range is no commission."""
    figures = {"current": "1,000.50", "change": "1", "after": "2,001 USD"}
    answer = {
        "amount": {"commission": "0.35 ... 1 USD"},
        "equity": figures,
        "initial": figures,
        "maintenance": figures,
        "error": None,
    }
    impact = to_margin_impact(answer, "EUR")
    assert impact.initial_margin_before == Money("1000.50", "EUR")
    assert impact.equity_with_loan_after == Money(2001, "EUR")
    assert impact.commission is None
    told = to_margin_impact({**answer, "amount": {"commission": "1 USD"}}, "EUR")
    assert told.commission == usd(1)
    with pytest.raises(ValueError, match=r"initial\.current"):
        to_margin_impact({**answer, "initial": None}, "EUR")
