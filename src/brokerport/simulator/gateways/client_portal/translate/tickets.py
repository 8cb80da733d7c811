"""A client's order ticket, in the broker's words, or why it cannot be had.

Rules (Web API, "Place Order", and what real clients send):

- ``conid`` alone is routed by SMART; ``conidex`` is ``123@EXCHANGE``; the two never come together.
- ``price`` is the limit of LMT and STOP_LIMIT and the trigger of STP; STOP_LIMIT has its trigger in
  ``auxPrice``. A price that an order type has no use for is ignored, as IBKR ignores it.
- Numbers may come as text. A price is read exactly as it was written.
- A field that would change how the order trades is simulated or refused, never dropped, and so is
  a field nobody knows. Fields without effect here (who decided, a display name) pass unread.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import InvalidOrder, UnknownContract
from brokerport.domain.instruments import Instrument, Option
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)
from brokerport.simulator.brokerage.orders import OrderEntry, Ticket
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.gateways.client_portal.errors import bad_request
from brokerport.simulator.gateways.client_portal.served_portal import DOOR
from brokerport.simulator.gateways.exchanges import SMART, exchanges_of

_CONTRACT = re.compile(r"(?P<conid>[0-9]{1,18})(?:@(?P<exchange>[A-Z0-9.]+))?")
_SECURITY_TYPE = re.compile(r"(?:(?P<conid>[0-9]{1,18})[:@])?(?P<kind>[A-Z]+)")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
_REFERENCE_MAX = 64
_DIGITS_MAX = 18

_OTHER_ORDER_TYPES = (
    "MIDPRICE", "TRAIL", "TRAILLMT", "LOC", "MOC", "LOO", "MOO", "LIT", "MIT", "REL", "PEGMID",
)  # fmt: skip
_OTHER_TIMES_IN_FORCE = ("OPG", "PAX", "GTD", "OVT", "OND", "FOK", "DTC")

_READ = frozenset(
    {"acctId", "conid", "conidex", "secType", "cOID", "orderType", "price", "auxPrice", "side"}
    | {"tif", "quantity", "outsideRTH"}
)
_WITHOUT_EFFECT = frozenset(
    {"ticker", "listingExchange", "referrer", "customerAccount", "isProCustomer"}
    | {"manualIndicator", "extOperator", "manualOrderTime", "strategyParameters"}
)
_NOT_SIMULATED = {
    "parentId": "attached and bracket orders",
    "isSingleGroup": "one-cancels-all groups",
    "allOrNone": "all or none",
    "trailingAmt": "trailing orders",
    "trailingType": "trailing orders",
    "cashQty": "orders of an amount of money",
    "fxQty": "orders of an amount of money",
    "isCcyConv": "currency conversions",
    "useAdaptive": "the price management algo",
    "strategy": "algorithms",
    "allocationMethod": "advisor allocation",
    "jsonPayload": "advisor allocation",
    "taxOptimizerId": "choosing tax lots",
    "deactivated": "orders held back for later",
    "isClose": "cancelling other orders to close a position",
}
"""What would change how an order trades, when it is asked for: false, 0 and "" ask nothing."""


@frozen
class PortalTicket:
    """A ticket for the broker, and the exchange its client routed it to."""

    ticket: Ticket
    exchange: str


def read_ticket(
    fields: Mapping[str, Any],
    account: BrokerAccount,
    listing: Listing,
) -> PortalTicket:
    """Read a client's ticket for the account of the path it was sent to.

    Raises:
        PortalError: 400, the ticket cannot be worked as it stands; nothing was placed.
    """
    _check_fields(fields)
    instrument, exchange = _contract(fields, listing)
    _check_account(fields, account)
    order_type = _order_type(fields)
    return PortalTicket(
        Ticket(
            account=account,
            instrument=instrument,
            side=_side(fields),
            quantity=_quantity(fields),
            order_type=order_type,
            time_in_force=_time_in_force(fields),
            order_reference=_reference(fields),
            entry=OrderEntry(door=DOOR, client_id=0, order_id=0),
            outside_regular_hours=_flag(fields, "outsideRTH"),
        ),
        exchange,
    )


def _check_fields(fields: Mapping[str, Any]) -> None:
    for name, what in _NOT_SIMULATED.items():
        if name in fields and not _asks_nothing(fields[name]):
            raise bad_request(
                f"Bad Request: {name} ({what}) is not supported by this simulator; "
                f"it came as {fields[name]!r}"
            )
    unknown = sorted(fields.keys() - _READ - _WITHOUT_EFFECT - _NOT_SIMULATED.keys())
    if unknown:
        raise bad_request(f"Bad Request: no order has a field {unknown[0]!r}")


def _asks_nothing(value: object) -> bool:
    return value is None or value is False or value in (0, "", "0", {}, [])


def _contract(fields: Mapping[str, Any], listing: Listing) -> tuple[Instrument, str]:
    conid, conidex = fields.get("conid"), fields.get("conidex")
    if conid in (None, "", 0) and not conidex:
        raise bad_request("conid or conidex is required")
    if conid not in (None, "", 0) and conidex:
        raise bad_request("Bad Request: conid and conidex cannot come together")
    name, given = ("conidex", conidex) if conidex else ("conid", conid)
    match = _CONTRACT.fullmatch(str(given)) if isinstance(given, int | str) else None
    if match is None or isinstance(given, bool) or (name == "conid" and match["exchange"]):
        raise bad_request(f"Bad Request: {name} {given!r} is no contract of this simulator")
    try:
        instrument = listing.by_contract_id(int(match["conid"]))
    except UnknownContract:
        raise bad_request(f"Bad Request: no contract has the conid {match['conid']}") from None
    exchange = match["exchange"] or SMART
    if exchange not in exchanges_of(instrument):
        raise bad_request(f"Bad Request: {instrument} is not traded on {exchange}")
    _check_security_type(fields, instrument, match["conid"])
    return instrument, exchange


def _check_security_type(fields: Mapping[str, Any], instrument: Instrument, conid: str) -> None:
    given = fields.get("secType")
    if given in (None, ""):
        return
    match = _SECURITY_TYPE.fullmatch(given) if isinstance(given, str) else None
    kind = "OPT" if isinstance(instrument, Option) else "STK"
    if match is None or match["kind"] != kind or match["conid"] not in (None, conid):
        raise bad_request(f"Bad Request: secType is {given!r}, but {conid} is {conid}:{kind}")


def _check_account(fields: Mapping[str, Any], account: BrokerAccount) -> None:
    given = fields.get("acctId")
    if given not in (None, "", account.account_id):
        raise bad_request(
            f"Bad Request: acctId is {given!r}, but the order was sent to {account.account_id}"
        )


def _order_type(fields: Mapping[str, Any]) -> OrderType:
    given = fields.get("orderType")
    try:
        match given:
            case "MKT":
                return Market()
            case "LMT":
                return Limit(_price(fields, "price"))
            case "STP":
                return Stop(_price(fields, "price"))
            case "STOP_LIMIT" | "STP LMT":
                return StopLimit(_price(fields, "auxPrice"), _price(fields, "price"))
    except InvalidOrder as invalid:
        raise bad_request(f"Bad Request: {invalid}") from None
    if given in _OTHER_ORDER_TYPES:
        raise bad_request(f"Bad Request: order type {given} is not supported by this simulator")
    raise bad_request("Unknown order type")


def _price(fields: Mapping[str, Any], name: str) -> Decimal:
    if fields.get(name) in (None, ""):
        raise bad_request(f"Bad Request: {name} is required by order type {fields['orderType']}")
    return _number(fields, name)


def _quantity(fields: Mapping[str, Any]) -> Decimal:
    if fields.get("quantity") in (None, ""):
        raise bad_request("Bad Request: quantity is required")
    return _number(fields, "quantity")


def _number(fields: Mapping[str, Any], name: str) -> Decimal:
    value = fields[name]
    # JSON's own numbers come as int or Decimal; a float is NaN or Infinity, which JSON has not.
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        if number.is_finite() and not _is_out_of_range(number):
            return number
    raise bad_request(
        f"Bad Request: {name} is {fields[name]!r}, but must be a number of at most "
        f"{_DIGITS_MAX} digits"
    )


def _is_out_of_range(number: Decimal) -> bool:
    # What has more digits than decimal arithmetic keeps would be rounded without a word.
    return abs(number.adjusted()) > _DIGITS_MAX or len(number.as_tuple().digits) > _DIGITS_MAX


def _side(fields: Mapping[str, Any]) -> Side:
    given = fields.get("side")
    try:
        return Side(given)
    except ValueError:
        raise bad_request(f"Bad Request: side is {given!r}, but must be BUY or SELL") from None


def _time_in_force(fields: Mapping[str, Any]) -> TimeInForce:
    given = fields.get("tif")
    if given in _OTHER_TIMES_IN_FORCE:
        raise bad_request(f"Bad Request: tif {given} is not supported by this simulator")
    try:
        return TimeInForce(given)
    except ValueError:
        raise bad_request(f"Bad Request: tif is {given!r}, but must be DAY, GTC or IOC") from None


def _reference(fields: Mapping[str, Any]) -> str | None:
    given = fields.get("cOID")
    if given in (None, ""):
        return None
    if not isinstance(given, str) or len(given) > _REFERENCE_MAX:
        raise bad_request(
            f"Bad Request: cOID is {given!r}, but must be text of up to {_REFERENCE_MAX} characters"
        )
    return given


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name)
    if value in (None, False, ""):
        return False
    if value is True:
        return True
    raise bad_request(f"Bad Request: {name} is {value!r}, but must be true or false")
