"""Where the gateway's answers differ from IBKR's OpenAPI description, and why: the only list.

Rules:

- The description is right unless a row says otherwise, and a row says why.
- A row excuses as little as it can: a status, or the values at one place of the body.
- ``path`` is the description's or ours, parameters in any name; ``*`` is every path. ``at`` is a
  place in the body, segments joined by ``/``; a ``*`` segment is any index or key. ``at=None``
  excuses the whole body.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen


@frozen
class Deviation:
    """One difference: where it is, and why it is there."""

    method: str
    path: str
    status: int
    reason: str
    at: str | None = None


ERROR_BODY = 'IBKR answers {"error": ..., "statusCode": number}; the description says otherwise.'

# Endpoints that IBKR serves and its description lacks: nothing to check their answers against.
UNDESCRIBED: dict[tuple[str, str], str] = {
    ("GET", "/tickle"): "Answers as POST does (client-portal-wire, section 1).",
    ("GET", "/iserver/auth/status"): "Answers as POST does (client-portal-wire, section 1).",
    ("POST", "/iserver/reauthenticate"): "Deprecated, still served by the gateway.",
    ("GET", "/portfolio/subaccounts2"): "Served for large structures, in pages of 20.",
    ("POST", "/trsrv/secdef"): "IBKR's table of limits names it: 200 conids a request.",
    ("GET", "/md/regsnapshot"): "Refused here; IBKR charges for it.",
    ("GET", "/portfolio2/{accountId}/positions"): "The near-real-time positions (section 2).",
    ("POST", "/portfolio/allocation"): "The allocation of several accounts together.",
    ("GET", "/portfolio/{accountId}/combo/positions"): "Positions taken as combinations.",
    ("POST", "/pa/summary"): "In the older Client Portal API, and in IBKR's pacing table.",
}

_CONTRACT_NULLS = (
    "classifier", "contract_clarification_type", "contract_month", "cusip", "expiry_full",
    "maturity_date", "multiplier", "text", "underlying_issuer",
)  # fmt: skip
_RULE_NUMBERS = (
    "cashQtyIncr", "increment", "incrementRules/*/increment", "incrementRules/*/lowerEdge",
    "limitPrice", "stopPrice",
)  # fmt: skip
_NULLS = "Described as text, null in IBKR's own example."
_NUMBERS = "Described as whole numbers; IBKR's own examples have 0.01, 198.22 and null."
SUMMARY_VALUE = "The examples have a currency in text, and null for what a value has not."


def _nulls_of_positions() -> Iterator[Deviation]:
    reason = "Null until the security definition is there or for a stock; strike is then 0.0."
    for path in ("/portfolio/{a}/positions/{page}", "/portfolio/{a}/position/{conid}"):
        for name in ("group", "lastTradingDay", "multiplier", "putOrCall", "sector"):
            yield Deviation("GET", path, 200, reason, at=f"*/{name}")
        for name in ("listingExchange", "sectorGroup", "strike"):
            yield Deviation("GET", path, 200, reason, at=f"*/{name}")


def _nulls_of_alerts() -> Iterator[Deviation]:
    reason = "Null where an alert has none, and triggered is true or false: see the examples."
    for path in ("/iserver/account/{a}/alert", "/iserver/account/{a}/alert/activate"):
        for name in ("failure_list", "order_status", "request_id", "warning_message"):
            yield Deviation("POST", path, 200, reason, at=name)
    for name in ("failure_list", "request_id"):
        yield Deviation("DELETE", "/iserver/account/{a}/alert/{id}", 200, reason, at=name)
    for path in ("/iserver/account/alert/{id}", "/iserver/account/mta"):
        for name in (
            "alert_default_type", "alert_message", "alert_mta_currency", "alert_mta_defaults",
            "alert_play_audio", "alert_triggered", "expire_time", "time_zone", "tool_id",
        ):  # fmt: skip
            yield Deviation("GET", path, 200, reason, at=name)
        for name in ("logic_bind", "time_zone", "trigger_method"):
            yield Deviation("GET", path, 200, reason, at=f"conditions/*/condition_{name}")


_ORDER_NUMBERS = "Described as text; captured rows and the example have numbers."


def _of_orders() -> tuple[Deviation, ...]:
    """Return what differs in the live list, an order's status, trades and previews."""
    rows = ("conid", "remainingQuantity", "filledQuantity", "totalSize", "lastExecutionTime_r")
    status = {
        "conid": _ORDER_NUMBERS,
        "side": "Described as BUY or SELL; the example and captured answers have B and S.",
        "sub_type": "Null in the example.",
    }
    return (
        *(
            Deviation("GET", "/iserver/account/orders", 200, _ORDER_NUMBERS, at=f"orders/*/{name}")
            for name in rows
        ),
        *(
            Deviation("GET", "/iserver/account/order/status/{orderId}", 200, reason, at=name)
            for name, reason in status.items()
        ),
        Deviation("GET", "/iserver/account/trades", 200, _ORDER_NUMBERS, at="*/conid"),
        *(
            Deviation(
                "POST",
                "/iserver/account/{accountId}/orders/whatif",
                200,
                "Null when there is nothing to say, as the text of the description has it.",
                at=name,
            )
            for name in ("warn", "error")
        ),
    )


DEVIATIONS: tuple[Deviation, ...] = (
    Deviation("*", "*", 400, ERROR_BODY),
    Deviation("*", "*", 401, "Real 401 bodies are {error, statusCode}, no problem+json."),
    Deviation("*", "*", 500, ERROR_BODY, at="statusCode"),
    Deviation("*", "*", 503, ERROR_BODY, at="statusCode"),
    Deviation("*", "*", 404, "Undescribed everywhere; IBKR's is {error, statusCode}."),
    Deviation("*", "*", 405, "Undescribed everywhere; a method that the path has not."),
    Deviation("*", "*", 411, "Undescribed; a POST without Content-Length (section 1)."),
    Deviation("*", "*", 413, "Undescribed; a body beyond the limit."),
    Deviation("*", "*", 429, "Undescribed; pacing (section 4)."),
    Deviation("*", "*", 403, "Undescribed; a request without User-Agent (section 1)."),
    *(
        Deviation("GET", f"/iserver/contract/{{conid}}/{page}", 200, _NULLS, at=name)
        for page in ("info", "info-and-rules")
        for name in _CONTRACT_NULLS
    ),
    *(
        Deviation(
            "GET", "/iserver/contract/{conid}/info-and-rules", 200, _NUMBERS, at=f"rules/{at}"
        )
        for at in _RULE_NUMBERS
    ),
    *(Deviation("POST", "/iserver/contract/rules", 200, _NUMBERS, at=at) for at in _RULE_NUMBERS),
    Deviation(
        "GET",
        "/iserver/secdef/info",
        200,
        "An option has no listing exchange: null.",
        at="listingExchange",
    ),
    Deviation(
        "POST",
        "/iserver/marketdata/unsubscribe",
        200,
        'Described as the text "true", a boolean in the example.',
        at="success",
    ),
    Deviation(
        "GET",
        "/iserver/marketdata/unsubscribeall",
        200,
        'Described as the text "true", a boolean in the example.',
        at="unsubscribed",
    ),
    *_nulls_of_positions(),
    *_of_orders(),
    Deviation(
        "GET", "/portfolio/positions/{conid}", 200, "A list an account, see example.", at="*"
    ),
    Deviation("GET", "/portfolio/{accountId}/summary", 200, SUMMARY_VALUE, at="*/currency"),
    Deviation("GET", "/portfolio/{accountId}/summary", 200, SUMMARY_VALUE, at="*/value"),
    Deviation(
        "POST",
        "/iserver/account",
        200,
        "Selecting the selected account answers {success: text} (section 2).",
        at="success",
    ),
    Deviation(
        "GET",
        "/iserver/account/{a}/summary/market_value",
        200,
        "Its key 'currency' stands for each currency's code, see example.",
        at="USD",
    ),
    Deviation(
        "POST", "/pa/transactions", 200, "Prices have cents, see example.", at="transactions/*/pr"
    ),
    Deviation(
        "POST", "/pa/transactions", 200, "Amounts have cents, see example.", at="transactions/*/amt"
    ),
    *_nulls_of_alerts(),
)
