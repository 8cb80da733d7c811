"""Orders: our tickets into Client Portal's, and its rows of orders into our terms.

Rules:

- A ticket is whole, in a new order as in a change: IBKR takes what a change leaves out for a wish.
- Prices leave as exact JSON numbers. A stop's trigger is its ``price``; a stop limit's is its
  ``auxPrice``, beside the limit in ``price``.
- In a row a stop's trigger stands in ``auxPrice`` or ``stop_price``, and ``""`` is no price. A day
  order's time in force is ``CLOSE`` there.
- Only the order types and times in force that brokerport has can be read; an order of another kind,
  which only another program or a person can have placed, is ``Unsupported`` by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from brokerport.adapters.client_portal.translate_numbers import (
    contract_id,
    number,
    optional_number,
)
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import BadInput, Unsupported
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)
from brokerport.ports.orders import BrokerOrderStatus, OrderTicket

Row = Mapping[str, Any]

_SIDES = {
    "BUY": Side.BUY,
    "B": Side.BUY,
    "BOT": Side.BUY,
    "SELL": Side.SELL,
    "S": Side.SELL,
    "SLD": Side.SELL,
}
# IBKR writes a type as "Stop Limit", "STOP_LIMIT", "STP LMT" or "STPLMT".
_MARKET = frozenset({"MARKET", "MKT"})
_LIMIT = frozenset({"LIMIT", "LMT"})
_STOP = frozenset({"STOP", "STP"})
_STOP_LIMIT = frozenset({"STOPLIMIT", "STPLIMIT", "STOPLMT", "STPLMT"})

_TIMES_IN_FORCE = {
    "CLOSE": TimeInForce.DAY,
    "DAY": TimeInForce.DAY,
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
}


def to_ticket(
    ticket: OrderTicket,
    identity: int,
    quantity: Decimal,
    order_type: OrderType,
    *,
    with_reference: bool = True,
) -> dict[str, object]:
    """Return the order ticket to send for a contract id on these terms.

    A change carries the reference too, so that the order keeps it; a preview does not, so that
    nothing can take it for the order.
    """
    sent: dict[str, object] = {
        "acctId": ticket.broker_account.account_id,
        "conid": identity,
        "side": ticket.side.value,
        "quantity": int(quantity),
        "tif": ticket.time_in_force.value,
        "outsideRTH": False,
    }
    if with_reference:
        sent["cOID"] = ticket.client_order_id
    match order_type:
        case Market():
            sent["orderType"] = "MKT"
        case Limit(limit_price):
            sent |= {"orderType": "LMT", "price": limit_price}
        case Stop(trigger_price):
            sent |= {"orderType": "STP", "price": trigger_price}
        case StopLimit(trigger_price, limit_price):
            sent |= {"orderType": "STOP_LIMIT", "price": limit_price, "auxPrice": trigger_price}
    return sent


def to_order_type(row: Row) -> OrderType:
    """Return an order's type and prices.

    Raises:
        Unsupported: brokerport has no such order type, or the row lacks its price.
    """
    told = row.get("orderType") or row.get("origOrderType") or ""
    name = "".join(letter for letter in str(told).upper() if letter.isalpha())
    try:
        if name in _MARKET:
            return Market()
        if name in _LIMIT:
            return Limit(number(row.get("price"), "price"))
        if name in _STOP:
            return Stop(_trigger(row))
        if name in _STOP_LIMIT:
            return StopLimit(_trigger(row, "auxPrice"), number(row.get("price"), "price"))
    except (BadInput, ValueError) as error:
        raise Unsupported(f"{told} order {_named(row)}: {error}") from error
    raise Unsupported(f"order {_named(row)} is of type {told!r}, which is not supported")


def to_time_in_force(row: Row) -> TimeInForce:
    """Return an order's time in force.

    Raises:
        Unsupported: brokerport has no such time in force.
    """
    told = row.get("timeInForce") or row.get("tif") or ""
    try:
        return _TIMES_IN_FORCE[str(told).upper()]
    except KeyError:
        raise Unsupported(
            f"order {_named(row)} has time in force {told!r}, which is not supported"
        ) from None


def to_side(row: Row) -> Side:
    """Return the side of an order or an execution.

    Raises:
        Unsupported: it is another word, such as SSHORT.
    """
    told = row.get("side") or ""
    try:
        return _SIDES[str(told).upper()]
    except KeyError:
        raise Unsupported(f"the side {told!r} is not supported") from None


def to_broker_order_status(row: Row) -> BrokerOrderStatus:
    """Return where an order stands; a status that says neither end nor refusal is working."""
    match row_status(row):
        case "Filled":
            return BrokerOrderStatus.FILLED
        case "Cancelled" | "ApiCancelled":
            return BrokerOrderStatus.CANCELLED
        case "Inactive" | "Rejected":
            return BrokerOrderStatus.REJECTED
        case _:
            return BrokerOrderStatus.WORKING


def row_order_id(row: Row) -> int:
    """Return the broker's id of the order that a row is about, a number or a text.

    Raises:
        ValueError: it has none.
    """
    told = row.get("orderId", row.get("order_id"))
    if isinstance(told, str) and told.isascii() and told.isdigit():
        told = int(told)
    if isinstance(told, Decimal) and told == told.to_integral_value():
        told = int(told)
    if isinstance(told, bool) or not isinstance(told, int) or told <= 0:
        raise ValueError(f"{told!r} is not an order id")
    return told


def row_reference(row: Row) -> str | None:
    """Return the order reference (our cOID), None when the row shows none."""
    told = row.get("order_ref")
    return told if isinstance(told, str) and told else None


def row_account(row: Row) -> BrokerAccount:
    """Return the account of an order or an execution.

    Raises:
        BadInput: the row names none.
    """
    told = row.get("account") or row.get("acct") or row.get("accountCode") or ""
    return BrokerAccount(str(told))


def row_contract_id(row: Row) -> int:
    """Return the contract id of an order or an execution.

    Raises:
        ValueError: the row has none.
    """
    return contract_id(row.get("conid"))


def row_quantity(row: Row) -> Decimal:
    """Return the whole quantity of an order, what is filled included.

    Raises:
        ValueError: the row does not tell it.
    """
    return number(row.get("totalSize"), "totalSize")


def row_filled(row: Row) -> Decimal:
    """Return how much of an order is filled; what the row does not tell is nothing.

    Raises:
        ValueError: it is no number.
    """
    return optional_number(row.get("filledQuantity")) or Decimal(0)


def row_status(row: Row) -> str:
    """Return an order's status in IBKR's word, "" when the row does not tell it."""
    told = row.get("status", row.get("order_status"))
    return told if isinstance(told, str) else ""


def row_reason(row: Row) -> str:
    """Return why the broker ended an order, "" when it does not say."""
    told = row.get("order_cancellation_by_system_reason")
    return told.strip() if isinstance(told, str) else ""


def _trigger(row: Row, *names: str) -> Decimal:
    for name in names or ("auxPrice", "stop_price", "price"):
        found = optional_number(row.get(name))
        if found is not None:
            return found
    return number(row.get("stop_price"), "stop_price")


def _named(row: Row) -> object:
    return row.get("orderId", row.get("order_id", "without an id"))
