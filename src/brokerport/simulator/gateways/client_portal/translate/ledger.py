"""The cash ledger of /portfolio/{accountId}/ledger and of the ``sld`` topic.

One entry a currency and ``BASE``, all of them together in the base currency. This broker holds one
currency, stocks and options: everything else in an entry is nothing. The page and the topic spell
some names differently (``stockoptionmarketvalue``, ``optionMarketValue``): both as IBKR does.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from brokerport.domain.money import to_cents
from brokerport.simulator.gateways.client_portal.translate.account_figures import (
    ZERO,
    AccountFigures,
)

BASE = "BASE"
_NOTHING_HELD = (
    "cashbalancefxsegment",
    "commoditymarketvalue",
    "corporatebondsmarketvalue",
    "cryptocurrencyvalue",
    "dividends",
    "funds",
    "futuremarketvalue",
    "futureoptionmarketvalue",
    "futuresonlypnl",
    "interest",
    "issueroptionsmarketvalue",
    "moneyfunds",
    "tbillsmarketvalue",
    "tbondsmarketvalue",
    "warrantsmarketvalue",
)
_NOTHING_HELD_IN_MESSAGE = (
    "cashBalanceFXSegment",
    "commodityMarketValue",
    "corporateBondsMarketValue",
    "dividends",
    "funds",
    "interest",
    "issueOptionsMarketValue",
    "marketValue",
    "moneyFunds",
    "tBillsMarketValue",
    "tBondsMarketValue",
    "warrantsMarketValue",
)


def ledger_body(figures: AccountFigures) -> dict[str, dict[str, Any]]:
    """Return the answer of /portfolio/{accountId}/ledger; timestamps in epoch seconds."""
    return {currency: _entry(figures, currency) for currency in (figures.currency, BASE)}


def ledger_message(
    figures: AccountFigures, keys: Collection[str] = (), fields: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Return the ``result`` of an ``sld`` message with every currency in full.

    All keys and fields unless some are named; field names match in any capitals, as in IBKR's own
    example (``cashBalance``). A row always has its key and timestamp (epoch seconds).
    """
    wanted = {name.lower() for name in fields} | {"key", "timestamp"}
    rows = [_message_row(figures, currency) for currency in (BASE, figures.currency)]
    return [
        {name: what for name, what in row.items() if not fields or name.lower() in wanted}
        for row in rows
        if not keys or row["key"] in keys
    ]


def blank_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return what ``sld`` sends of a currency in which nothing changed."""
    return {"key": row["key"], "timestamp": row["timestamp"]}


def _entry(figures: AccountFigures, currency: str) -> dict[str, Any]:
    entry: dict[str, Any] = dict.fromkeys(_NOTHING_HELD, ZERO)
    entry |= {
        "acctcode": figures.account.account_id,
        "cashbalance": figures.cash,
        "currency": currency,
        "exchangerate": 1,
        "key": "LedgerList",
        "netliquidationvalue": figures.net_liquidation,
        "realizedpnl": figures.realised,
        "secondkey": currency,
        "sessionid": 1,
        "settledcash": figures.cash,
        "severity": 0,
        "stockmarketvalue": to_cents(figures.stock_value),
        "stockoptionmarketvalue": to_cents(figures.option_value),
        "timestamp": int(figures.as_of.timestamp()),
        "unrealizedpnl": figures.unrealised,
    }
    return entry


def _message_row(figures: AccountFigures, currency: str) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(_NOTHING_HELD_IN_MESSAGE, ZERO)
    row |= {
        "acctCode": figures.account.account_id,
        "cashbalance": figures.cash,
        "exchangeRate": Decimal(1),
        "key": f"LedgerList{currency}",
        "netLiquidationValue": figures.net_liquidation,
        "optionMarketValue": to_cents(figures.option_value),
        "realizedPnl": figures.realised,
        "secondKey": currency,
        "settledCash": figures.cash,
        "severity": 0,
        "stockMarketValue": to_cents(figures.stock_value),
        "timestamp": int(figures.as_of.timestamp()),
        "unrealizedPnl": figures.unrealised,
    }
    return row
