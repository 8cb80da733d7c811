"""Market data by snapshot: the stream of each contract is opened first, then looked at.

Rules (Web API, "Top-of-Book Snapshots"; client-portal-wire, section 2):

- GET /iserver/accounts must have come first. At most 100 contract ids and 50 fields a request.
- The first answer for a contract holds its conid only (see ``snapshot_subscriptions``). A contract
  that does not exist, or has expired, has no more than that in any answer.
- Ending a stream ends the login's WebSocket subscriptions to the same contract too. Ending what
  no snapshot has opened is answered with 500 ``{"error": "unknown"}``.
- Regulatory snapshots, which IBKR charges for, are not simulated and are refused.
"""

from __future__ import annotations

from typing import Any

from brokerport.domain.errors import UnknownContract
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint, Tier
from brokerport.simulator.gateways.client_portal.errors import PortalError, bad_request
from brokerport.simulator.gateways.client_portal.market_desk import MarketDesk
from brokerport.simulator.gateways.client_portal.snapshot_subscriptions import (
    SnapshotSubscriptions,
)
from brokerport.simulator.gateways.client_portal.translate.contracts import read_contract_id
from brokerport.simulator.gateways.client_portal.translate.quotes import (
    FIELDS,
    bare_row,
    snapshot_row,
)

CONIDS_MAX = 100
FIELDS_MAX = 50


def _snapshot(call: Call) -> list[dict[str, Any]]:
    contract_ids = _contract_ids(call)
    fields = _texts(call.query.get("fields", ""))
    if len(fields) > FIELDS_MAX:
        raise bad_request(f"Bad Request: at most {FIELDS_MAX} fields")
    asked = FIELDS.intersection(fields)
    return [_row(call, contract_id, asked) for contract_id in contract_ids]


def _row(call: Call, contract_id: int, asked: frozenset[str]) -> dict[str, Any]:
    desk = call.portal.store(MarketDesk)
    try:
        instrument = desk.instrument(contract_id)
    except UnknownContract:
        return bare_row(contract_id)
    told = call.portal.store(SnapshotSubscriptions).ask(call.login, contract_id, asked)
    if told is None:
        return bare_row(contract_id)
    return snapshot_row(desk, instrument, told, call.now)


def _contract_ids(call: Call) -> list[int]:
    texts = _texts(call.query.get("conids", ""))
    if not texts:
        raise bad_request("Bad Request: conids is required")
    if len(texts) > CONIDS_MAX:
        raise bad_request(f"Bad Request: at most {CONIDS_MAX} conids")
    contract_ids: list[int] = []
    for text in texts:
        contract_id = read_contract_id(text)
        if contract_id is None:
            raise bad_request(f"Bad Request: conids holds {text[:20]!r}, no contract id")
        contract_ids.append(contract_id)
    return contract_ids


def _texts(text: str) -> list[str]:
    parts = (part.strip() for part in text.split(","))
    return list(dict.fromkeys(part for part in parts if part))


def _unsubscribe(call: Call) -> dict[str, bool]:
    contract_id = read_contract_id(str(call.body_mapping().get("conid", "")))
    if contract_id is None:
        raise bad_request("Bad Request: conid is not a contract id")
    if not call.portal.store(SnapshotSubscriptions).end(call.login, contract_id):
        raise PortalError(500, "unknown")
    call.portal.streams.end_market_data(call.login, contract_id)
    return {"success": True}


def _unsubscribe_all(call: Call) -> dict[str, bool]:
    call.portal.store(SnapshotSubscriptions).end_all(call.login)
    call.portal.streams.end_market_data(call.login)
    return {"unsubscribed": True}


def _regulatory_snapshot(_call: Call) -> object:
    raise bad_request("Bad Request: regulatory snapshots are not simulated")


ENDPOINTS = (
    Endpoint(
        "GET", "/iserver/marketdata/snapshot", _snapshot, needs_accounts=True, limit="snapshot"
    ),
    Endpoint("POST", "/iserver/marketdata/unsubscribe", _unsubscribe),
    Endpoint("GET", "/iserver/marketdata/unsubscribeall", _unsubscribe_all),
    Endpoint("GET", "/md/regsnapshot", _regulatory_snapshot, tier=Tier.OUTER),
)
