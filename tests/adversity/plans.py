"""The plans of the adversity tests: each kind of fault at least once for each adapter it concerns.

Network faults that strike by chance are limited in number, so that a session can be had in the end.
"""

from __future__ import annotations

from typing import Any

Entry = dict[str, Any]

OUT, BACK = {"direction": "client_to_server"}, {"direction": "server_to_client"}
ONCE = {"times_max": 1}

# What a chunk that carries an order has in it: its ClientOrderId, or the request that places it.
TWS_ORDER = {"containing": "gen."}
PORTAL_ORDER = {"containing": "POST /v1/api/iserver/account/DU"}
PORTAL_PLACE = {"containing": "POST /iserver/account/{accountId}/orders"}
PORTAL_REPLY = {"containing": "POST /iserver/reply"}
PORTAL_CANCEL = {"containing": "DELETE /iserver/account/{accountId}/order/{orderId}"}


def _network(order: Entry) -> dict[str, list[Entry]]:
    return {
        "delay": [{"kind": "delay", "chance": 0.4, "latency_ms_max": 15}],
        "drop the order": [{"kind": "drop", **order, **OUT, **ONCE}],
        "drop the answer": [{"kind": "drop", "nth": 14, **BACK, **ONCE}],
        "cut the order": [{"kind": "cut", "after_bytes_max": 60, **order, **OUT, **ONCE}],
        "cut an answer": [{"kind": "cut", "nth": 16, "after_bytes_max": 30, **BACK, **ONCE}],
        "duplicate the order": [{"kind": "duplicate", **order, **OUT, "times_max": 2}],
        "duplicate an answer": [{"kind": "duplicate", "nth": 18, **BACK, **ONCE}],
        "reorder": [{"kind": "reorder", "chance": 0.3, "held_ms_max": 20}],
        "lost response": [{"kind": "lost_response", **order, **ONCE}],
        "lost responses": [{"kind": "lost_response", **order, "times_max": 3}],
        "black hole for the order": [{"kind": "black_hole", **order, **OUT, **ONCE}],
        "black hole": [{"kind": "black_hole", "nth": 20, **OUT, **ONCE}],
        "accepted, never answered": [{"kind": "black_hole", "connection": 1, **BACK}],
        "refuse": [{"kind": "refuse", "times_max": 2}],
        "several drops": [{"kind": "drop", "chance": 0.06, "times_max": 4}],
    }


def _mixed(order: Entry) -> list[Entry]:
    return [
        {"kind": "delay", "chance": 0.1, "latency_ms_max": 10},
        {"kind": "drop", "chance": 0.01, "times_max": 2},
        {"kind": "cut", "chance": 0.01, "after_bytes_max": 80, "times_max": 2},
        {"kind": "lost_response", "chance": 0.2, **order, "times_max": 2},
        {"kind": "black_hole", "chance": 0.003, "times_max": 1},
        {"kind": "refuse", "chance": 0.2, "times_max": 2},
    ]


_TWS_VENDOR: dict[str, list[Entry]] = {
    "statuses lost": [{"kind": "tws.lost_status", "chance": 0.4}],
    "every orderStatus lost": [{"kind": "tws.lost_status", "containing": "OrderStatus"}],
    "statuses twice": [{"kind": "tws.repeated_status"}],
    "false inactive": [{"kind": "tws.false_status", "nth": 2}],
    "notice 399": [{"kind": "tws.order_notice"}],
    "notice 10349": [{"kind": "tws.order_notice", "code": 10349}],
    "executions lost": [{"kind": "tws.lost_execution"}],
    "executions twice": [{"kind": "tws.repeated_execution"}],
    "executions late": [{"kind": "tws.late_execution", "latency_ms_max": 20}],
    "corrections": [{"kind": "tws.correction", "price_offset": "-0.02"}],
    "answer never sent": [{"kind": "tws.lost_acknowledgement", "containing": "PlaceOrder", **ONCE}],
    "cancel never answered": [{"kind": "tws.lost_acknowledgement", "containing": "CancelOrder"}],
    "disconnected on placing": [
        {"kind": "tws.disconnect_on_order", "containing": "PlaceOrder", **ONCE}
    ],
    "disconnected on cancelling": [
        {"kind": "tws.disconnect_on_order", "containing": "CancelOrder", **ONCE}
    ],
    "outage 1100, 1102": [{"kind": "tws.outage", "nth": 20, "outage_ms_max": 30, **ONCE}],
    "outage 1100, 1101": [
        {"kind": "tws.outage", "containing": "OpenOrder", "restored_code": 1101, **ONCE}
        | {"outage_ms_max": 30}
    ],
    "outage 2110": [
        {"kind": "tws.outage", "containing": "OpenOrder", "code": 2110, **ONCE}
        | {"outage_ms_max": 30}
    ],
    "nextValidId twice": [{"kind": "tws.low_order_id"}],
    "nextValidId too low": [
        {"kind": "tws.low_order_id", "rolled_back_by": 50},
        {"kind": "drop", "nth": 30, **OUT, **ONCE},
    ],
    "no completed orders": [
        {"kind": "tws.no_completed_orders"},
        {"kind": "drop", "nth": 30, **OUT, **ONCE},
    ],
}

_PORTAL_VENDOR: dict[str, list[Entry]] = {
    "order never answered": [{"kind": "portal.lost_response", **PORTAL_PLACE, **ONCE}],
    "reply never answered": [
        {"kind": "portal.lost_response", **PORTAL_REPLY, **ONCE},
        {"kind": "portal.questions_return", **PORTAL_PLACE},
    ],
    "questions return": [{"kind": "portal.questions_return", **PORTAL_PLACE}],
    "cancel never answered": [{"kind": "portal.lost_response", **PORTAL_CANCEL, **ONCE}],
    "orders empty": [{"kind": "portal.empty_orders", "calls": 3, "nth": 2}],
    "orders always empty": [{"kind": "portal.empty_orders"}],
    "orders stale": [{"kind": "portal.stale_orders", "calls": 3, "nth": 1}],
    "reply not found": [
        {"kind": "portal.reply_not_found", **ONCE},
        {"kind": "portal.questions_return", **PORTAL_PLACE},
    ],
    "session lost before an order": [
        {"kind": "portal.session_lost", "moment": "before", **PORTAL_PLACE, **ONCE}
    ],
    "session lost after an order": [{"kind": "portal.session_lost", **PORTAL_PLACE, **ONCE}],
    "session taken elsewhere": [{"kind": "portal.competing", **PORTAL_PLACE, **ONCE}],
    "503 for reads": [{"kind": "portal.unavailable", "chance": 0.1, "times_max": 4}],
    "503 for an order": [{"kind": "portal.unavailable", **PORTAL_PLACE, **ONCE}],
    "503 for a cancel": [{"kind": "portal.unavailable", **PORTAL_CANCEL, **ONCE}],
    "429 for an order": [{"kind": "portal.too_many_requests", **PORTAL_PLACE, **ONCE}],
    "quotes stop": [{"kind": "portal.quotes_stop"}],
    "news lost": [{"kind": "portal.lost_news"}],
    "news twice": [{"kind": "portal.repeated_news"}],
}

PLANS: dict[str, dict[str, list[Entry]]] = {
    "tws": _network(TWS_ORDER) | _TWS_VENDOR,
    "client_portal": _network(PORTAL_ORDER) | _PORTAL_VENDOR,
}
# Bytes doubled among HTTP requests make one request two, and shift answers: no adapter can tell.
MIXED = {
    "tws": [*_mixed(TWS_ORDER), {"kind": "duplicate", "chance": 0.01, "times_max": 2}],
    "client_portal": _mixed(PORTAL_ORDER),
}
SEEDS = range(1, 6)
