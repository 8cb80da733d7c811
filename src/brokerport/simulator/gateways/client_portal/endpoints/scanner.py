"""Scanner endpoints: what the simulated market can be scanned for, and the scans.

The parameters list what really works here, a small part of IBKR's: US stocks, four scan types, six
filters. Anything else is refused by name rather than ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.errors import bad_request
from brokerport.simulator.gateways.client_portal.scans import (
    FILTERS,
    LOCATIONS,
    SCAN_TYPES,
    Filter,
    Scanned,
    scan,
)

STOCKS = "STK"
_LOCATION_NAMES = {
    "STK.US.MAJOR": "Listed/NASDAQ",
    "STK.NASDAQ": "NASDAQ",
    "STK.NYSE": "NYSE",
    "STK.ARCA": "NYSE Arca",
}


def _parameters(_call: Call) -> dict[str, Any]:
    return {
        "scan_type_list": [
            {"display_name": one.display_name, "code": one.code, "instruments": [STOCKS]}
            for one in SCAN_TYPES.values()
        ],
        "instrument_list": [
            {"display_name": "US Stocks", "type": STOCKS, "filters": list(FILTERS)}
        ],
        "filter_list": [
            {
                "group": one.code,
                "display_name": one.display_name,
                "code": one.code,
                "type": "non-range",
            }
            for one in FILTERS.values()
        ],
        "location_tree": [
            {
                "display_name": "US Stocks",
                "type": STOCKS,
                "locations": [
                    {"display_name": _LOCATION_NAMES[code], "type": code, "locations": []}
                    for code in LOCATIONS
                ],
            }
        ],
    }


def _run(call: Call) -> dict[str, Any]:
    body = call.body_mapping()
    _chosen(body, "instrument", (STOCKS,))
    scan_type = SCAN_TYPES[_chosen(body, "type", SCAN_TYPES)]
    location = _chosen(body, "location", LOCATIONS)
    found = scan(call.world, scan_type, location, _filters(body))
    contracts = [
        _contract(place, scanned, scan_type.text(figure))
        for place, (scanned, figure) in enumerate(found)
    ]
    if contracts:
        contracts[0]["column_name"] = scan_type.column
    return {"contracts": contracts, "scan_data_column_name": scan_type.column}


def _contract(place: int, scanned: Scanned, text: str) -> dict[str, Any]:
    row = scanned.stock
    return {
        "server_id": str(place),
        "symbol": row.stock.symbol,
        "conidex": str(row.contract_id),
        "con_id": row.contract_id,
        "available_chart_periods": "#R|1",
        "company_name": row.long_name,
        "scan_data": text,
        "contract_description_1": row.stock.symbol,
        "listing_exchange": row.primary_exchange,
        "sec_type": STOCKS,
    }


def _filters(body: Mapping[str, Any]) -> dict[Filter, Decimal]:
    rows = body.get("filter", [])
    if not isinstance(rows, list):
        raise bad_request("Bad Request: filter must be a list")
    return dict(_filter(row) for row in rows)


def _filter(row: object) -> tuple[Filter, Decimal]:
    if not isinstance(row, Mapping):
        raise bad_request("Bad Request: each filter must have a code and a value")
    chosen, value = FILTERS[_chosen(row, "code", FILTERS)], row.get("value")
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise bad_request(f"Bad Request: the value of {chosen.code} must be a number")
    return chosen, Decimal(value)


def _chosen(body: Mapping[str, Any], name: str, allowed: Any) -> str:
    value = body.get(name)
    if not isinstance(value, str) or value not in allowed:
        raise bad_request(f"Bad Request: {name} must be one of {', '.join(allowed)}")
    return value


ENDPOINTS = (
    Endpoint("GET", "/iserver/scanner/params", _parameters, limit="scanner params"),
    Endpoint("POST", "/iserver/scanner/run", _run, limit="scanner run"),
)
