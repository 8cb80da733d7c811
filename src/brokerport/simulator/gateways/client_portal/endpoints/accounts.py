"""The accounts of a login: which there are, and which one is selected.

Rules (Web API, "Accounts"):

- GET /iserver/accounts comes before everything that trades, GET /portfolio/accounts (or
  /subaccounts) before everything below /portfolio; both are remembered by the login.
- /portfolio/subaccounts2 gives pages of 20, from page 0.
- The selected account is what orders and trades are asked of. Selecting one makes those be primed
  again, as a new session does.
- No account here has the property DYNACCT: searching for one is answered as IBKR answers it.
"""

from __future__ import annotations

from typing import Any

from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint, Tier
from brokerport.simulator.gateways.client_portal.errors import (
    bad_request,
    server_error,
    unavailable,
)
from brokerport.simulator.gateways.client_portal.translate.accounts import (
    brokerage_accounts,
    portfolio_account,
)

PAGE_SIZE = 20
_NO_DYNACCT = (
    "Details currently unavailable. Please try again later and contact client services if the "
    "issue persists."
)


def _accounts(call: Call) -> dict[str, Any]:
    call.login.has_queried_accounts = True
    return brokerage_accounts(call.login, call.portal.accounts)


def _select(call: Call) -> dict[str, Any]:
    wanted = call.body_mapping().get("acctId")
    if not isinstance(wanted, str) or not wanted:
        raise bad_request("Bad Request: acctId must be an account id")
    account = next((one for one in call.portal.accounts if one.account_id == wanted), None)
    if account is None:
        raise server_error("Invalid account ID")
    if account == call.login.selected_account:
        return {"success": "Account already set"}
    call.login.selected_account = account
    call.login.primed.clear()
    call.portal.streams.tell_accounts(call.login)
    return {"set": True, "acctId": wanted}


def _no_dynamic_account(_call: Call) -> object:
    raise unavailable(_NO_DYNACCT)


def _portfolio_accounts(call: Call) -> list[dict[str, Any]]:
    call.login.has_queried_portfolio = True
    return [portfolio_account(call.login, account) for account in call.portal.accounts]


def _page_of_accounts(call: Call) -> dict[str, Any]:
    accounts = call.portal.accounts
    page = call.integer("page", 0, 0, 1_000_000)
    shown = accounts[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
    call.login.has_queried_portfolio = True
    return {
        "metadata": {"total": len(accounts), "pageSize": PAGE_SIZE, "pageNum": page},
        "subaccounts": [portfolio_account(call.login, account) for account in shown],
    }


ENDPOINTS = (
    Endpoint("GET", "/iserver/accounts", _accounts),
    Endpoint("POST", "/iserver/account", _select),
    Endpoint("POST", "/iserver/dynaccount", _no_dynamic_account),
    Endpoint("GET", "/iserver/account/search/{searchPattern}", _no_dynamic_account),
    Endpoint(
        "GET",
        "/portfolio/accounts",
        _portfolio_accounts,
        tier=Tier.OUTER,
        limit="portfolio accounts",
    ),
    Endpoint(
        "GET",
        "/portfolio/subaccounts",
        _portfolio_accounts,
        tier=Tier.OUTER,
        limit="portfolio subaccounts",
    ),
    Endpoint(
        "GET",
        "/portfolio/subaccounts2",
        _page_of_accounts,
        tier=Tier.OUTER,
        limit="portfolio subaccounts",
    ),
)
