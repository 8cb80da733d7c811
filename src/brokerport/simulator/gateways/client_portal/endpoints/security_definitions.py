"""Definitions that need no brokerage session: /trsrv and the contract schedule.

Rules: a symbol or contract id that is not listed is left out of the answer, as at IBKR; only the
schedule of one contract has nothing to leave out and is refused (400). No future is listed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from brokerport.domain.errors import UnknownContract
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint, Tier
from brokerport.simulator.gateways.client_portal.errors import bad_request
from brokerport.simulator.gateways.client_portal.translate.contracts import (
    definition_row,
    read_contract_id,
    stock_rows,
)
from brokerport.simulator.gateways.client_portal.translate.schedules import (
    contract_schedule,
    venue_schedule,
)
from brokerport.simulator.gateways.exchanges import OPTION_EXCHANGES, STOCK_EXCHANGES

CONIDS_MAX = 200
"""Contract ids in one request (Web API, "Pacing Limitations")."""

_SCHEDULE_DAYS = 30
_DAYS_AROUND = 6


def _stocks(call: Call) -> dict[str, list[dict[str, Any]]]:
    listing = call.world.listing
    answer: dict[str, list[dict[str, Any]]] = {}
    for symbol in _listed_texts(call, "symbols"):
        try:
            answer[symbol] = stock_rows([listing.listed(symbol)])
        except UnknownContract:
            answer[symbol] = []
    return answer


def _futures(call: Call) -> dict[str, list[Any]]:
    _listed_texts(call, "symbols")
    return {}


def _definitions(call: Call) -> dict[str, list[dict[str, Any]]]:
    return _defined(call, _listed_texts(call, "conids"))


def _definitions_by_body(call: Call) -> dict[str, list[dict[str, Any]]]:
    conids = call.body_mapping().get("conids")
    if not isinstance(conids, list) or not conids:
        raise bad_request("Bad Request: conids is required")
    return _defined(call, [str(conid) for conid in conids])


def _defined(call: Call, conids: list[str]) -> dict[str, list[dict[str, Any]]]:
    if len(conids) > CONIDS_MAX:
        raise bad_request(f"Bad Request: at most {CONIDS_MAX} conids")
    listing = call.world.listing
    rows: list[dict[str, Any]] = []
    for conid in conids:
        contract_id = read_contract_id(conid)
        if contract_id is None:
            raise bad_request(f"Bad Request: conids holds {conid[:20]!r}, no contract id")
        try:
            details = listing.details(listing.by_contract_id(contract_id))
        except UnknownContract:
            continue
        rows.append(definition_row(details, listing.listed(details.instrument.symbol)))
    return {"secdef": rows}


def _schedule(call: Call) -> list[dict[str, Any]]:
    kind, symbol = call.query.get("assetClass", ""), call.query.get("symbol", "")
    if not kind or not symbol:
        raise bad_request("Bad Request: assetClass and symbol are required")
    try:
        stock = call.world.listing.listed(symbol)
    except UnknownContract:
        return []
    if kind not in ("STK", "OPT") or (kind == "OPT" and stock.option_slot is None):
        return []
    venues = OPTION_EXCHANGES if kind == "OPT" else STOCK_EXCHANGES
    home = "SMART" if kind == "OPT" else stock.primary_exchange
    asked = call.query.get("exchangeFilter") or call.query.get("exchange") or home
    today = exchange_date(call.now)
    sessions = call.world.calendar.sessions(today, today + timedelta(days=_SCHEDULE_DAYS))
    return [venue_schedule(one, sessions) for one in asked.split(",") if one in venues]


def _contract_schedule(call: Call) -> dict[str, Any]:
    try:
        call.world.listing.by_contract_id(call.contract_id())
    except UnknownContract:
        raise bad_request("Bad Request: no contract has this conid") from None
    calendar = call.world.calendar
    latest = calendar.latest_session(call.now)
    sessions = [calendar.previous_session(latest.day), latest]
    while len(sessions) < _DAYS_AROUND:
        sessions.append(calendar.next_session(sessions[-1].day))
    return contract_schedule(sessions)


def _all_conids(call: Call) -> list[dict[str, Any]]:
    exchange = call.query.get("exchange", "")
    if not exchange:
        raise bad_request("Bad Request: exchange is required")
    if exchange not in STOCK_EXCHANGES or call.query.get("assetClass", "STK") != "STK":
        return []
    listing = call.world.listing
    rows = [listing.listed(stock.symbol) for stock in listing.stocks]
    return [
        {
            "ticker": row.stock.symbol,
            "conid": row.contract_id,
            "exchange": row.primary_exchange,
        }
        for row in rows
    ]


def _listed_texts(call: Call, name: str) -> list[str]:
    texts = [text.strip() for text in call.query.get(name, "").split(",")]
    if not all(texts):
        raise bad_request(f"Bad Request: {name} is required")
    return texts


ENDPOINTS = (
    Endpoint("GET", "/trsrv/stocks", _stocks, tier=Tier.OUTER),
    Endpoint("GET", "/trsrv/futures", _futures, tier=Tier.OUTER),
    Endpoint("GET", "/trsrv/secdef", _definitions, tier=Tier.OUTER),
    Endpoint("POST", "/trsrv/secdef", _definitions_by_body, tier=Tier.OUTER),
    Endpoint("GET", "/trsrv/secdef/schedule", _schedule, tier=Tier.OUTER),
    Endpoint("GET", "/trsrv/all-conids", _all_conids, tier=Tier.OUTER),
    Endpoint("GET", "/contract/trading-schedule", _contract_schedule, tier=Tier.OUTER),
)
