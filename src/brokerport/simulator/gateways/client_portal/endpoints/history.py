"""Past prices by contract id; see ``history_request`` and ``translate/bars``."""

from __future__ import annotations

from typing import Any

from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.history_request import HistoryRequest
from brokerport.simulator.gateways.client_portal.market_desk import MarketDesk
from brokerport.simulator.gateways.client_portal.translate.bars import history_answer


def _history(call: Call) -> dict[str, Any]:
    contract_id = call.contract_id()
    query = call.query
    request = HistoryRequest.read(
        period=query.get("period", ""),
        bar=query.get("bar", ""),
        start_time=query.get("startTime", ""),
        source=query.get("source", ""),
        direction=query.get("direction", ""),
        outside_rth=query.get("outsideRth", ""),
    )
    return history_answer(call.portal.store(MarketDesk), contract_id, request, call.now)


ENDPOINTS = (Endpoint("GET", "/iserver/marketdata/history", _history, limit="history"),)
