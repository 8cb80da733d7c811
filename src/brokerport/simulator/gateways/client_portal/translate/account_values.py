"""The account values of /portfolio/{accountId}/summary and of the ``ssd`` topic.

They are TWS's account values under the same names, in small letters on the page. A value that is no
money stands as text in ``value`` with an amount of 0, and money has no text, as IBKR writes them.

``-S`` is the securities segment, in which this broker keeps everything, and ``-C`` the commodities
segment, in which an account without futures has nothing. What the broker does not know of
(dividends due, debit cards, guarantees, certificates) is not listed rather than shown as zero.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Any

from attrs import frozen

from brokerport.simulator.gateways.client_portal.translate.account_figures import (
    ZERO,
    AccountFigures,
)

ACCOUNT_TYPE = "INDIVIDUAL"


@frozen
class SummaryValue:
    """One account value: money in ``currency``, or else a text."""

    key: str
    amount: Decimal | None = None
    currency: str | None = None
    text: str | None = None


def summary_body(figures: AccountFigures) -> dict[str, dict[str, Any]]:
    """Return the answer of /portfolio/{accountId}/summary."""
    timestamp = int(figures.as_of.timestamp() * 1000)
    return {
        value.key.lower(): {
            "amount": ZERO if value.amount is None else value.amount,
            "currency": value.currency,
            "isNull": False,
            "timestamp": timestamp,
            "value": value.text,
            "severity": 0,
        }
        for value in summary_values(figures)
    }


def summary_message(
    figures: AccountFigures, keys: Collection[str] = (), fields: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Return the ``result`` of an ``ssd`` message, all keys and fields unless some are named.

    A row always has its key and timestamp (epoch seconds). A key that does not exist is left out.
    """
    timestamp = int(figures.as_of.timestamp())
    return [
        _message_row(value, timestamp, fields)
        for value in summary_values(figures)
        if not keys or value.key in keys
    ]


def summary_values(figures: AccountFigures) -> Iterator[SummaryValue]:
    """Yield an account's values in the order of their names."""
    values = [*_texts(figures), *_amounts(figures)]
    yield from sorted(values, key=lambda value: value.key.lower())


def _message_row(value: SummaryValue, timestamp: int, fields: Collection[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"key": value.key, "timestamp": timestamp}
    more: dict[str, Any] = {"severity": 0}
    if value.amount is None:
        more["value"] = value.text
    else:
        more |= {"monetaryValue": value.amount, "currency": value.currency}
    return row | {name: what for name, what in more.items() if not fields or name in fields}


def _texts(figures: AccountFigures) -> Iterator[SummaryValue]:
    texts = {
        "AccountCode": figures.account.account_id,
        "AccountReady": "true",
        "AccountType": ACCOUNT_TYPE,
        "ColumnPrio-C": "2",
        "ColumnPrio-S": "1",
        "Cushion": f"{figures.cushion:.6f}",
        "DayTradesRemaining": "-1",
        "DayTradesRemainingT+1": "-1",
        "DayTradesRemainingT+2": "-1",
        "DayTradesRemainingT+3": "-1",
        "DayTradesRemainingT+4": "-1",
        "Leverage-S": f"{figures.leverage:.2f}",
        "LookAheadNextChange": "0",
        "NLVAndMarginInReview": "false",
        "SegmentTitle-C": "US Commodities",
        "SegmentTitle-S": "US Securities",
        "TradingType-S": "STKNOPT",
        "WhatIfPMEnabled": "false",
    }
    for key, text in texts.items():
        yield SummaryValue(key, text=text)


def _amounts(figures: AccountFigures) -> Iterator[SummaryValue]:
    currency = figures.currency
    for key, amount in _total_only(figures).items():
        yield SummaryValue(key, amount, currency)
    for key, amount in _securities_only(figures).items():
        yield SummaryValue(key, amount, currency)
        yield SummaryValue(f"{key}-S", amount, currency)
    for key, amount in _by_segment(figures).items():
        yield SummaryValue(key, amount, currency)
        yield SummaryValue(f"{key}-C", ZERO, currency)
        yield SummaryValue(f"{key}-S", amount, currency)


def _total_only(figures: AccountFigures) -> dict[str, Decimal]:
    return {"BuyingPower": figures.buying_power, "SettledCash": figures.cash}


def _securities_only(figures: AccountFigures) -> dict[str, Decimal]:
    return {
        "GrossPositionValue": figures.gross_position_value,
        "PreviousDayEquityWithLoanValue": figures.previous_equity_with_loan,
        "RegTEquity": figures.equity_with_loan,
        "RegTMargin": figures.initial_margin,
        "SMA": figures.special_memorandum,
    }


def _by_segment(figures: AccountFigures) -> dict[str, Decimal]:
    amounts = {
        "AccruedCash": ZERO,
        "EquityWithLoanValue": figures.equity_with_loan,
        "NetLiquidation": figures.net_liquidation,
        "TotalCashValue": figures.cash,
    }
    for prefix in ("", "Full", "LookAhead"):
        amounts |= {
            f"{prefix}AvailableFunds": figures.available_funds,
            f"{prefix}ExcessLiquidity": figures.excess_liquidity,
            f"{prefix}InitMarginReq": figures.initial_margin,
            f"{prefix}MaintMarginReq": figures.maintenance_margin,
        }
    return amounts
