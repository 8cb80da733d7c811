"""Orders and trades as lists, and the status of one order.

Rules (Web API, "Live Orders", "Order Status", "Trades"; issue threads):

- The first list of a brokerage session is empty and marked as no snapshot: it primes the next one.
  ``force=true`` clears what is cached and answers the same way. Trades are primed apart.
- Shown are the account's open orders and those that ended today, New York time: the selected
  account's unless ``accountId`` names another. Open orders come first, then by time; at most 1000.
- While the list is filtered, the login's ``primed`` holds ``ORDERS_FILTERED`` and the ``sor`` topic
  says nothing; ``force=true`` ends it.
- Trades are of the current day, New York time, and of up to six days before it; oldest first.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.trading_day import exchange_midnight
from brokerport.simulator.brokerage.orders import BrokerageOrder, BrokerageStatus
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.errors import bad_request, unavailable
from brokerport.simulator.gateways.client_portal.order_rows import OrderRows

ORDERS_PRIMED = "orders"
ORDERS_FILTERED = "orders filtered"
TRADES_PRIMED = "trades"

ORDERS_MAX = 1000
DAYS_MAX = 7

_BY_TIME = "sort_by_time"
_FILTERS: dict[str, BrokerageStatus | None] = {
    "inactive": BrokerageStatus.INACTIVE,
    "pending_submit": None,
    "pre_submitted": BrokerageStatus.PRE_SUBMITTED,
    "submitted": BrokerageStatus.SUBMITTED,
    "filled": BrokerageStatus.FILLED,
    "pending_cancel": None,
    "cancelled": BrokerageStatus.CANCELLED,
    "warn_state": None,
}
"""IBKR's filters; this broker's orders are never in the states without an entry."""


def session_orders(call: Call, account: BrokerAccount) -> tuple[BrokerageOrder, ...]:
    """Return an account's open orders and those that ended today, oldest first."""
    orders = (*call.brokerage.open_orders(), *call.brokerage.completed_orders())
    mine = (order for order in orders if order.account == account)
    return tuple(sorted(mine, key=lambda order: (order.placed_at, order.perm_id)))


def _live_orders(call: Call) -> dict[str, Any]:
    account, wanted = _account(call), _filters(call)
    primed = call.login.primed
    if _is_true(call, "force"):
        primed.discard(ORDERS_FILTERED)
        primed.add(ORDERS_PRIMED)
        return {"orders": [], "snapshot": False}
    if wanted:
        primed.add(ORDERS_FILTERED)
    if ORDERS_PRIMED not in primed:
        primed.add(ORDERS_PRIMED)
        return {"orders": [], "snapshot": False}
    orders = list(session_orders(call, account))
    if _BY_TIME not in wanted:
        orders.sort(key=lambda order: not order.is_open)
    chosen = wanted - {_BY_TIME}
    if chosen:
        statuses = {_FILTERS[name] for name in chosen}
        orders = [order for order in orders if order.status in statuses]
    rows = call.portal.store(OrderRows)
    return {"orders": [rows.live_order(order) for order in orders[:ORDERS_MAX]], "snapshot": True}


def _order_status(call: Call) -> dict[str, Any]:
    order_id = call.path["orderId"]
    for order in session_orders(call, call.login.selected_account):
        if str(order.perm_id) == order_id:
            return call.portal.store(OrderRows).order_status(order)
    raise unavailable(f"Order {order_id} is not found")


def _trades(call: Call) -> list[dict[str, Any]]:
    account = _account(call)
    days = call.integer("days", 1, 1, DAYS_MAX)
    if TRADES_PRIMED not in call.login.primed:
        call.login.primed.add(TRADES_PRIMED)
        return []
    # Midnight is found from noon, for a day on which the clocks change is no 24 hours long.
    noon = exchange_midnight(call.now) + timedelta(hours=12)
    since = exchange_midnight(noon - timedelta(days=days - 1))
    rows = call.portal.store(OrderRows)
    return [
        rows.trade(booked)
        for booked in call.brokerage.executions(since)
        if booked.execution.broker_account == account
    ]


def _account(call: Call) -> BrokerAccount:
    named = call.query.get("accountId", "")
    return call.portal.account(named) if named else call.login.selected_account


def _filters(call: Call) -> frozenset[str]:
    text = call.query.get("filters", "") or call.query.get("Filters", "")
    wanted = frozenset(name.strip() for name in text.split(",") if name.strip())
    unknown = sorted(wanted - _FILTERS.keys() - {_BY_TIME})
    if unknown:
        raise bad_request(
            f"Bad Request: filter {unknown[0]!r} is none of {', '.join((*_FILTERS, _BY_TIME))}"
        )
    return wanted


def _is_true(call: Call, name: str) -> bool:
    text = call.query.get(name, "").lower()
    if text not in ("", "true", "false"):
        raise bad_request(f"Bad Request: {name} is {text!r}, but must be true or false")
    return text == "true"


ENDPOINTS = (
    Endpoint("GET", "/iserver/account/orders", _live_orders, needs_accounts=True, limit="orders"),
    Endpoint("GET", "/iserver/account/order/status/{orderId}", _order_status),
    Endpoint("GET", "/iserver/account/trades", _trades, limit="trades"),
    # IBKR's own page writes it so, and real clients (ibind) do.
    Endpoint("GET", "/iserver/account/trades/", _trades, limit="trades"),
)
