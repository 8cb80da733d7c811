"""GET /iserver/account/pnl/partitioned: the selected account's profit and loss.

The first request of a brokerage session is answered with nothing, as IBKR says of it ("Initial
request will return an empty array in the upnl object"); it makes IBKR begin to compute.
"""

from __future__ import annotations

from typing import Any

from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.translate.profit_and_loss import partition
from brokerport.simulator.gateways.client_portal.valuation import figures_of

_PRIMED = "profit and loss"


def _partitioned(call: Call) -> dict[str, Any]:
    if _PRIMED not in call.login.primed:
        call.login.primed.add(_PRIMED)
        return {"upnl": {}}
    return {"upnl": partition(figures_of(call.portal, call.login.selected_account))}


ENDPOINTS = (Endpoint("GET", "/iserver/account/pnl/partitioned", _partitioned, limit="pnl"),)
