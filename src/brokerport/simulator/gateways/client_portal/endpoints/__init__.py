"""The endpoints, one file per theme; the table of all of them."""

from __future__ import annotations

from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.endpoints import (
    account_summary,
    account_values,
    accounts,
    alerts,
    contract_info,
    fyi,
    history,
    market_data,
    order_lists,
    order_previews,
    orders,
    performance,
    portfolio,
    profit_and_loss,
    questions,
    scanner,
    secdef,
    security_definitions,
    session,
    watchlists,
)

_MODULES = (
    account_summary,
    account_values,
    accounts,
    alerts,
    contract_info,
    fyi,
    history,
    market_data,
    order_lists,
    order_previews,
    orders,
    performance,
    portfolio,
    profit_and_loss,
    questions,
    scanner,
    secdef,
    security_definitions,
    session,
    watchlists,
)


def endpoint_table() -> tuple[Endpoint, ...]:
    """Return every endpoint that the gateway serves."""
    return tuple(endpoint for module in _MODULES for endpoint in module.ENDPOINTS)
