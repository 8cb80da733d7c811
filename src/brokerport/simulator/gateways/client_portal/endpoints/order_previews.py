"""Previewing an order: what it would cost, and do to equity, margin and position."""

from __future__ import annotations

from brokerport.simulator.brokerage.refusals import OrderRefused
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.endpoints.orders import asked_of, only_ticket
from brokerport.simulator.gateways.client_portal.errors import bad_request, refused
from brokerport.simulator.gateways.client_portal.order_facts import OrderFacts
from brokerport.simulator.gateways.client_portal.translate.order_previews import order_preview
from brokerport.simulator.gateways.client_portal.translate.tickets import read_ticket


def _preview(call: Call) -> object:
    account = call.account()
    wanted = read_ticket(only_ticket(call.body_mapping()), account, call.world.listing)
    ticket = wanted.ticket
    contract_id = call.world.listing.details(ticket.instrument).contract_id
    if contract_id not in call.login.snapshot_fields:
        raise bad_request(
            f"Bad Request: query /iserver/marketdata/snapshot for {contract_id} before a preview"
        )
    try:
        impact = call.brokerage.what_if(ticket)
    except OrderRefused as refusal:
        raise refused(refusal.reason) from None
    asked = asked_of(call, wanted)
    return order_preview(
        OrderFacts.gather(call.world, ticket, wanted.exchange),
        impact,
        call.brokerage.position(account, ticket.instrument).quantity,
        warning=asked[0].text if asked else None,
    )


ENDPOINTS = (
    Endpoint("POST", "/iserver/account/{accountId}/orders/whatif", _preview, needs_accounts=True),
)
