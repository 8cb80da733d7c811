"""An order as Client Portal tells it: a row of the live list, and the answer about one order.

Rules:

- ``orderId`` is the broker's permanent number: a number here, text where an order is placed.
- ``lastExecutionTime`` is the last fill's time; before any, when the order ended or was placed.
- ``price`` is the limit price; a stop has an empty one, a market order none at all.
- A change of an order is told as its account, its id and what differs; what went away is ``""``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from brokerport.domain.instruments import Option
from brokerport.domain.order_types import Limit, Market, OrderType, Stop, StopLimit, TimeInForce
from brokerport.simulator.brokerage.orders import BrokerageOrder
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.gateways.client_portal.translate.order_texts import (
    STATUS_TEXTS,
    TYPE_NAMES,
    average_text,
    contract_text,
    fills_text,
    listing_exchange,
    order_text,
    price_text,
    size_text,
)
from brokerport.simulator.gateways.client_portal.translate.times import (
    epoch_milliseconds,
    short_time,
)
from brokerport.simulator.gateways.exchanges import SMART

_WHO = ("acct", "orderId")


def routed_contract(contract_id: int, exchange: str) -> str:
    """Return a ``conidex``: the contract id alone when the order is routed by SMART."""
    return str(contract_id) if exchange == SMART else f"{contract_id}@{exchange}"


def live_order(
    order: BrokerageOrder,
    listing: Listing,
    *,
    exchange: str = SMART,
    last_executed_at: datetime | None = None,
) -> dict[str, Any]:
    """Return an order's row in the live list; ``sor`` tells the same one."""
    details = listing.details(order.instrument)
    texts = STATUS_TEXTS[order.status]
    in_words, in_capitals = TYPE_NAMES[type(order.order_type)]
    moment = last_executed_at or order.completed_at or order.placed_at
    account = order.account.account_id
    row = {
        "acct": account,
        "conidex": routed_contract(details.contract_id, exchange),
        "conid": details.contract_id,
        "account": account,
        "orderId": order.perm_id,
        "cashCcy": order.instrument.currency,
        "sizeAndFills": fills_text(order),
        "orderDesc": order_text(order),
        "description1": order.instrument.symbol,
        "description2": contract_text(order.instrument),
        "ticker": order.instrument.symbol,
        "secType": "OPT" if isinstance(order.instrument, Option) else "STK",
        "listingExchange": listing_exchange(order.instrument, listing),
        "remainingQuantity": order.remaining,
        "filledQuantity": order.filled,
        "totalSize": order.quantity,
        "companyName": details.long_name,
        "status": order.status.value,
        "order_ccp_status": texts.backend,
        "avgPrice": _average_price(order),
        "origOrderType": in_capitals,
        "supportsTaxOpt": "1",
        "lastExecutionTime": short_time(moment),
        "orderType": in_words,
        "bgColor": texts.background,
        "fgColor": texts.foreground,
        "order_ref": order.order_reference,
        "isEventTrading": "0",
        "outsideRTH": order.outside_regular_hours,
        **_live_prices(order.order_type),
        "timeInForce": (
            "CLOSE" if order.time_in_force is TimeInForce.DAY else order.time_in_force.value
        ),
        "lastExecutionTime_r": epoch_milliseconds(moment),
        "side": order.side.value,
        "order_cancellation_by_system_reason": order.reason or None,
    }
    return {name: value for name, value in row.items() if value is not None}


def changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs between two rows of one order, its account and id always first."""
    changes: dict[str, Any] = {name: new[name] for name in _WHO}
    changes |= {name: value for name, value in new.items() if old.get(name) != value}
    return changes | {name: "" for name in old if name not in new and old[name] != ""}


def order_status(
    order: BrokerageOrder, listing: Listing, *, exchange: str = SMART
) -> dict[str, Any]:
    """Return the answer about one order."""
    details = listing.details(order.instrument)
    texts = STATUS_TEXTS[order.status]
    answer = {
        "order_id": order.perm_id,
        "conidex": routed_contract(details.contract_id, exchange),
        "conid": details.contract_id,
        "symbol": order.instrument.symbol,
        "side": order.side.value[0],
        "contract_description_1": order.instrument.symbol,
        "contract_description_2": contract_text(order.instrument),
        "listing_exchange": listing_exchange(order.instrument, listing),
        "company_name": details.long_name,
        "size": size_text(order.remaining if order.is_open else order.remaining * 0),
        "total_size": size_text(order.quantity),
        "currency": order.instrument.currency,
        "account": order.account.account_id,
        "order_type": TYPE_NAMES[type(order.order_type)][1],
        **_status_prices(order.order_type),
        "cum_fill": size_text(order.filled),
        "order_status": order.status.value,
        "order_ccp_status": texts.fix_code,
        "order_status_description": texts.description,
        "tif": order.time_in_force.value,
        "fg_color": texts.foreground,
        "bg_color": texts.background,
        "order_not_editable": not order.is_open,
        "editable_fields": "",
        "cannot_cancel_order": not order.is_open,
        "outside_rth": order.outside_regular_hours,
        "deactivate_order": False,
        "sec_type": "OPT" if isinstance(order.instrument, Option) else "STK",
        "order_description": order_text(order),
        "order_description_with_contract": order_text(order, with_contract=True),
        "order_clearing_account": order.account.account_id,
        "size_and_fills": fills_text(order),
        "average_price": _average_price(order),
        "allowed_duplicate_opposite": True,
        "order_time": short_time(order.placed_at),
    }
    return {"sub_type": None} | {name: value for name, value in answer.items() if value is not None}


def placed(order: BrokerageOrder) -> list[dict[str, str]]:
    """Return the answer to an order that was taken, or changed."""
    return [
        {
            "order_id": str(order.perm_id),
            "order_status": order.status.value,
            "encrypt_message": "1",
        }
    ]


def cancel_requested(order: BrokerageOrder, listing: Listing) -> dict[str, Any]:
    """Return the answer to a cancel that was taken."""
    return {
        "msg": "Request was submitted",
        "order_id": order.perm_id,
        "conid": listing.details(order.instrument).contract_id,
        "account": order.account.account_id,
    }


def all_cancels_requested() -> dict[str, Any]:
    """Return the answer to a cancel of everything, order -1."""
    return {"msg": "Request was submitted", "order_id": -1, "conid": -1, "account": None}


def _average_price(order: BrokerageOrder) -> str | None:
    price = order.average_fill_price
    return None if price is None else average_text(price)


def _live_prices(order_type: OrderType) -> dict[str, str]:
    match order_type:
        case Market():
            return {}
        case Limit(limit_price):
            return {"price": price_text(limit_price)}
        case Stop(trigger_price):
            trigger = price_text(trigger_price)
            return {"price": "", "auxPrice": trigger, "stop_price": trigger}
        case StopLimit(trigger_price, limit_price):
            trigger = price_text(trigger_price)
            return {"price": price_text(limit_price), "auxPrice": trigger, "stop_price": trigger}


def _status_prices(order_type: OrderType) -> dict[str, str]:
    match order_type:
        case Market():
            return {}
        case Limit(limit_price):
            return {"limit_price": price_text(limit_price)}
        case Stop(trigger_price):
            return {"stop_price": price_text(trigger_price)}
        case StopLimit(trigger_price, limit_price):
            return {
                "limit_price": price_text(limit_price),
                "stop_price": price_text(trigger_price),
            }
