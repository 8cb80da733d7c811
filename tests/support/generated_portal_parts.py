"""Parts of the Client Portal pages that are written from the code."""

from __future__ import annotations

import attrs

from brokerport.adapters.client_portal.adapter import CAPABILITIES as PORTAL_CAPABILITIES
from brokerport.adapters.simulated.adapter import CAPABILITIES as SIMULATED_CAPABILITIES
from brokerport.adapters.tws.adapter import CAPABILITIES as TWS_CAPABILITIES
from brokerport.ports.adapter import Capability
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.endpoints import endpoint_table
from brokerport.simulator.gateways.client_portal.pacing import LIMITS
from brokerport.simulator.gateways.client_portal.questions import DEFAULT_QUESTIONS
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from tests.client_portal.deviations import DEVIATIONS, UNDESCRIBED
from tests.support.markdown import table

ADAPTERS = {
    "tws": TWS_CAPABILITIES,
    "client_portal": PORTAL_CAPABILITIES,
    "simulated": SIMULATED_CAPABILITIES,
}


def capability_table() -> str:
    """Lay out what each adapter can do, from its own declaration."""
    rows = [
        [
            f"`{capability.name}`",
            capability.value,
            *("yes" if capability in can else "no" for can in ADAPTERS.values()),
            _WITHOUT[capability],
        ]
        for capability in Capability
    ]
    return table(["capability", "what it is", *ADAPTERS, "without it"], rows)


_UNSUPPORTED = "asking for it is `Unsupported`"
_WITHOUT = {
    Capability.REPLACE_ORDERS: _UNSUPPORTED,
    Capability.MARGIN_IMPACT: _UNSUPPORTED,
    Capability.OPTION_CHAINS: _UNSUPPORTED,
    Capability.OPTION_GREEKS: "`Quote.greeks` is None",
    Capability.COMPLETED_ORDERS: "the absence of an order is never proved",
    Capability.POSITION_STREAM: "no `PositionChanged` events; positions are read",
    Capability.STREAMING_QUOTES: "quotes are read one by one",
    Capability.MESSAGE_CODES: "`code` is None; the broker's words are there",
    Capability.ORDERED_REQUESTS: "an absent order is proved after `orders.proof_seconds`",
}


def portal_endpoints_table() -> str:
    """Lay out every endpoint that the gateway serves."""
    rows = [
        [one.method, f"`{one.path}`", one.tier.value, _first(one), _pace(one)]
        for one in sorted(endpoint_table(), key=lambda one: (one.path, one.method))
    ]
    return table(["method", "path", "session", "first", "limit"], rows)


def _first(one: Endpoint) -> str:
    if one.needs_accounts:
        return "`/iserver/accounts`"
    return "`/portfolio/accounts`" if one.needs_portfolio_accounts else ""


def _pace(one: Endpoint) -> str:
    if one.limit is None:
        return ""
    limit = LIMITS[one.limit]
    if not limit.seconds:
        return f"{limit.requests} at a time"
    return f"{limit.requests} in {limit.seconds:g} s"


def portal_settings_table() -> str:
    """Lay out the gateway's settings; one without its meaning here is an error."""
    rows = [
        [f"`{item.name}`", f"`{item.default}`", _SETTINGS[item.name]]
        for item in attrs.fields(PortalSettings)
    ]
    return table(["setting", "default", "meaning"], rows)


_SETTINGS = {
    "is_plain_http": "serve without TLS",
    "data_directory": "where the certificate is kept; `None`: the user's data directory",
    "username": "whose session the gateway holds",
    "is_logged_in": "somebody has logged in already",
    "idle_seconds_max": "silence after which the brokerage session ends",
    "session_seconds_max": "how long a login lasts",
    "heartbeat_seconds": "how often a WebSocket hears a heartbeat",
    "market_data_seconds_max": "when a market data subscription ends by itself",
    "enforces_pacing": "`False`: nothing is counted or refused",
    "penalty_after": "violations in a minute that lead into the penalty box",
    "penalty_seconds": "how long the penalty box lasts",
    "history_seconds": "how long a request for history takes",
    "body_bytes_max": "the longest request",
    "body_seconds_max": "how long a request may take to arrive",
    "close_grace_seconds": "how long requests under way may take when the gateway closes",
    "unread_messages_max": "what may wait for a WebSocket that does not read",
    "questions": "what orders are asked; `None`: the set below",
    "oauth_consumers": "programs that may come with OAuth",
}


def portal_questions_table() -> str:
    """Lay out the questions that the gateway asks of orders."""
    rows = [
        [
            f"`{one.message_id}`",
            one.when.value if one.threshold is None else f"{one.when.value} {one.threshold}",
        ]
        for one in DEFAULT_QUESTIONS
    ]
    return table(["question", "asked when"], rows)


def portal_deviations_table() -> str:
    """Lay out where the gateway's answers differ from IBKR's description."""
    rows = [
        [one.method, f"`{one.path}`", str(one.status), f"`{one.at}`" if one.at else "", one.reason]
        for one in DEVIATIONS
    ]
    rows += [
        [method, f"`{path}`", "", "not described", reason]
        for (method, path), reason in UNDESCRIBED.items()
    ]
    return table(["method", "path", "status", "place", "reason"], rows)
