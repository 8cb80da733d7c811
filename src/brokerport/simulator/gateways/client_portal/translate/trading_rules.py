"""What may be ordered of a contract, as contract/rules and contract/info-and-rules tell it.

Rules: everything told is what the simulated broker really takes (market, limit, stop and stop-limit
orders; DAY, GTC and IOC; whole quantities) and the listing's own price steps. No algorithms, no
fractions, no cash quantities, nothing outside regular hours.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.contracts import ContractDetails
from brokerport.domain.instruments import Option
from brokerport.simulator.gateways.client_portal.translate.contracts import (
    decimal_places,
    increment_rules,
)
from brokerport.simulator.gateways.client_portal.translate.quote_words import price_text

ORDER_TYPES = ("limit", "market", "stop", "stop_limit")
TIMES_IN_FORCE = ("IOC/MARKET,LIMIT,STOP,STOP_LIMIT,a", "GTC/o,a", "DAY/o,a")
_ROUND_LOT = 100


def trading_rules(
    details: ContractDetails, accounts: Iterable[BrokerAccount], last_price: Decimal | None
) -> dict[str, Any]:
    """Return the rules; ``last_price`` per share is proposed as the price of a limit order."""
    account_ids = [account.account_id for account in accounts]
    size = 1 if isinstance(details.instrument, Option) else _ROUND_LOT
    increment = details.price_increments[0].increment
    if last_price is not None:
        increment = details.tick_size(last_price)
    return {
        "algoEligible": False,
        "overnightEligible": False,
        "allOrNoneEligible": False,
        "costReport": False,
        "canTradeAcctIds": account_ids,
        "error": None,
        "orderTypes": list(ORDER_TYPES),
        "ibAlgoTypes": [],
        "fraqTypes": [],
        "forceOrderPreview": False,
        "cqtTypes": [],
        "orderDefaults": {"LMT": {"LP": "empty" if last_price is None else price_text(last_price)}},
        "orderTypesOutside": [],
        "defaultSize": size,
        "cashSize": 0,
        "sizeIncrement": size,
        "tifTypes": list(TIMES_IN_FORCE),
        "tifDefaults": {"TIF": "DAY", "DEFAULT_ACCT": account_ids[0], "SIZE": f"{size}.00"},
        "limitPrice": last_price,
        "stopPrice": last_price,
        "orderOrigination": None,
        "preview": False,
        "displaySize": None,
        "fraqInt": 0,
        "cashCcy": details.instrument.currency,
        "cashQtyIncr": None,
        "priceMagnifier": None,
        "negativeCapable": False,
        "incrementType": 1,
        "incrementRules": increment_rules(details),
        "increment": increment,
        "incrementDigits": decimal_places(increment),
    }
