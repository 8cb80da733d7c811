"""One contract's details and trading rules.

Rules: an unknown contract id is 400, and 503 where the algorithms are asked for, as IBKR answers.
There is no algorithm to offer.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from brokerport.domain.contracts import ContractDetails
from brokerport.domain.errors import UnknownContract
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.errors import bad_request, unavailable
from brokerport.simulator.gateways.client_portal.market_desk import MarketDesk
from brokerport.simulator.gateways.client_portal.translate.contracts import (
    contract_row,
    read_contract_id,
)
from brokerport.simulator.gateways.client_portal.translate.trading_rules import trading_rules


def _info(call: Call) -> dict[str, Any]:
    return _row(call, _details(call, call.contract_id()))


def _info_and_rules(call: Call) -> dict[str, Any]:
    details = _details(call, call.contract_id())
    return {**_row(call, details), "rules": _rules_of(call, details)}


def _rules(call: Call) -> dict[str, Any]:
    body = call.body_mapping()
    if body.get("modifyOrder") is True and body.get("orderId") is None:
        raise bad_request("Bad Request: orderId is required when modifyOrder is true")
    contract_id = read_contract_id(str(body.get("conid", "")))
    if contract_id is None:
        raise bad_request("Bad Request: conid is not a contract id")
    return _rules_of(call, _details(call, contract_id))


def _algorithms(call: Call) -> dict[str, list[Any]]:
    try:
        call.world.listing.by_contract_id(call.contract_id())
    except UnknownContract:
        raise unavailable("Service Unavailable: no contract has this conid") from None
    return {"algos": []}


def _details(call: Call, contract_id: int) -> ContractDetails:
    listing = call.world.listing
    try:
        return listing.details(listing.by_contract_id(contract_id))
    except UnknownContract:
        raise bad_request(f"Bad Request: no contract has conid {contract_id}") from None


def _row(call: Call, details: ContractDetails) -> dict[str, Any]:
    return contract_row(details, call.world.listing.listed(details.instrument.symbol))


def _rules_of(call: Call, details: ContractDetails) -> dict[str, Any]:
    desk = call.portal.store(MarketDesk)
    last: Decimal | None = None
    if desk.has_data(details.instrument, call.now):
        last = call.world.market.quote(details.instrument, call.now).last
    return trading_rules(details, call.portal.accounts, last)


ENDPOINTS = (
    Endpoint("GET", "/iserver/contract/{conid}/info", _info),
    Endpoint("GET", "/iserver/contract/{conid}/info-and-rules", _info_and_rules),
    Endpoint("GET", "/iserver/contract/{conid}/algos", _algorithms),
    Endpoint("POST", "/iserver/contract/rules", _rules),
)
