"""Portfolio endpoints: positions in their three forms, and an account's attributes.

All need GET /portfolio/accounts first. Only the pages are cached (see ``position_pages``);
/portfolio2 and the endpoints of one contract tell what is held now. The broker takes no combination
orders, so that no position was ever acquired as one.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint, Tier
from brokerport.simulator.gateways.client_portal.errors import bad_request
from brokerport.simulator.gateways.client_portal.position_order import in_order
from brokerport.simulator.gateways.client_portal.position_pages import PositionPages
from brokerport.simulator.gateways.client_portal.translate.accounts import portfolio_account
from brokerport.simulator.gateways.client_portal.translate.positions import live_position_row

PAGES_MAX = 100_000


def _page(call: Call) -> list[dict[str, Any]]:
    account = call.account()
    pages = call.portal.store(PositionPages)
    held = pages.page(account, _page_number(call), call.query)
    return pages.rows(held, waits=call.query.get("waitForSecDef", "").lower() == "true")


def _page_number(call: Call) -> int:
    text = call.path["pageId"]
    if not text.isascii() or not text.isdigit() or int(text[:7]) > PAGES_MAX:
        raise bad_request("Bad Request: pageId is not a page number")
    return int(text)


def _invalidate(call: Call) -> dict[str, str]:
    call.portal.store(PositionPages).invalidate(call.account())
    return {"message": "success"}


def _position(call: Call) -> list[dict[str, Any]]:
    account, contract_id = call.account(), call.contract_id()
    pages = call.portal.store(PositionPages)
    held = tuple(one for one in pages.now(account) if one.contract_id == contract_id)
    return pages.rows(held, waits=False)


def _everywhere(call: Call) -> dict[str, list[dict[str, Any]]]:
    contract_id = call.contract_id()
    pages = call.portal.store(PositionPages)
    answer: dict[str, list[dict[str, Any]]] = {}
    for account in call.portal.accounts:
        held = tuple(one for one in pages.now(account) if one.contract_id == contract_id)
        if held:
            answer[account.account_id] = pages.rows(held, waits=False)
    return answer


def _live(call: Call) -> list[dict[str, Any]]:
    row_of = partial(live_position_row, at=call.now)
    held = call.portal.store(PositionPages).now(call.account())
    return [row_of(one) for one in in_order(held, call.query, row_of)]


def _combinations(call: Call) -> list[dict[str, Any]]:
    call.account()
    return []


def _meta(call: Call) -> dict[str, Any]:
    return portfolio_account(call.login, call.account())


def _of_portfolio(method: str, path: str, handler: Any) -> Endpoint:
    return Endpoint(method, path, handler, tier=Tier.OUTER, needs_portfolio_accounts=True)


ENDPOINTS = (
    # IBKR writes {accountid} here and means the same; one spelling serves both.
    _of_portfolio("GET", "/portfolio/{accountId}/position/{conid}", _position),
    _of_portfolio("GET", "/portfolio/positions/{conid}", _everywhere),
    _of_portfolio("POST", "/portfolio/{accountId}/positions/invalidate", _invalidate),
    _of_portfolio("GET", "/portfolio/{accountId}/positions/{pageId}", _page),
    _of_portfolio("GET", "/portfolio2/{accountId}/positions", _live),
    _of_portfolio("GET", "/portfolio/{accountId}/combo/positions", _combinations),
    _of_portfolio("GET", "/portfolio/{accountId}/meta", _meta),
)
