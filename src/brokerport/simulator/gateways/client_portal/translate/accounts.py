"""Accounts as IBKR's web API writes them: whom a login may trade for, and what it may look at.

What a simulated account cannot do (crypto, currency conversion, fractions, cash quantities) is said
to be so. Options are charted for shorter periods than stocks, as at IBKR.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.translate.auth_status import SERVER_INFO

_PROPERTIES = {
    "hasChildAccounts": False,
    "supportsCashQty": False,
    "liteUnderPro": False,
    "noFXConv": True,
    "isProp": False,
    "supportsFractions": False,
    "allowCustomerTime": False,
    "autoFx": False,
}

_FEATURES = {
    "showGFIS": False,
    "showEUCostReport": False,
    "allowEventContract": False,
    "allowFXConv": False,
    "allowFinancialLens": False,
    "allowMTA": False,
    "allowTypeAhead": False,
    "allowEventTrading": False,
    "snapshotRefreshTimeout": 30,
    "liteUser": False,
    "showWebNews": False,
    "research": False,
    "debugPnl": False,
    "showTaxOpt": False,
    "showImpactDashboard": False,
    "allowDynAccount": False,
    "allowCrypto": False,
    "allowFA": False,
    "allowLiteUnderPro": False,
    "allowedAssetTypes": "STK,OPT",
    "restrictTradeSubscription": False,
    "showUkUserLabels": False,
    "sideBySide": False,
}


def brokerage_accounts(login: Login, accounts: Iterable[BrokerAccount]) -> dict[str, Any]:
    """Return the answer of GET /iserver/accounts, and the arguments of the topic ``act``."""
    ids = [account.account_id for account in accounts]
    return {
        "accounts": ids,
        "acctProps": {one: dict(_PROPERTIES) for one in ids},
        "aliases": {one: one for one in ids},
        "allowFeatures": dict(_FEATURES),
        "chartPeriods": {"STK": ["*"], "OPT": ["2h", "1d", "2d", "1w", "1m"]},
        "groups": [],
        "profiles": [],
        "selectedAccount": login.selected_account.account_id,
        "serverInfo": dict(SERVER_INFO),
        "sessionId": login.session_id,
        "isFT": False,
        "isPaper": True,
    }


def portfolio_account(login: Login, account: BrokerAccount) -> dict[str, Any]:
    """Return an account's row of GET /portfolio/accounts and its /portfolio/{accountId}/meta."""
    one = account.account_id
    return {
        "id": one,
        "PrepaidCrypto-Z": False,
        "PrepaidCrypto-P": False,
        "brokerageAccess": login.is_authenticated,
        "accountId": one,
        "accountVan": one,
        "accountTitle": one,
        "displayName": one,
        "accountAlias": None,
        "currency": "USD",
        "type": "DEMO",
        "tradingType": "STKNOPT",
        "businessType": "IB_SALES",
        "category": "",
        "ibEntity": "IBLLC-US",
        "faclient": False,
        "clearingStatus": "O",
        "covestor": False,
        "noClientTrading": False,
        "trackVirtualFXPortfolio": False,
        "acctCustType": "INDIVIDUAL",
        "parent": {
            "mmc": [],
            "accountId": "",
            "isMParent": False,
            "isMChild": False,
            "isMultiplex": False,
        },
        "desc": one,
    }
