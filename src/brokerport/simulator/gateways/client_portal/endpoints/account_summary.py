"""/iserver/account/{accountId}/summary and its sub-pages: the account window in whole dollars.

The first page holds numbers, the sub-pages texts like ``"1,005,254 USD"`` (market values without
the currency, which is their heading). Amounts are rounded to whole dollars, half away from zero;
/portfolio/{accountId}/summary has the cents. Segments: ``securities`` is everything this broker
keeps, ``commodities`` nothing. What the broker does not know of is not listed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.translate.account_figures import (
    ZERO,
    AccountFigures,
)
from brokerport.simulator.gateways.client_portal.valuation import figures_of

_DOLLAR = Decimal(1)
_NOT_HELD = (
    "futures",
    "future_options",
    "funds",
    "dividends_receivable",
    "mutual_funds",
    "money_market",
    "bonds",
    "Govt Bonds",
    "t_bills",
    "warrants",
    "issuer_option",
    "commodity",
    "Notional CFD",
    "cfd",
    "Cryptocurrency",
)


def _summary(figures: AccountFigures) -> dict[str, Any]:
    cash = whole(figures.cash)
    currencies = (figures.currency, f"Total (in {figures.currency})")
    return {
        "accountType": "INDIVIDUAL",
        "status": "",
        "balance": whole(figures.available_funds),
        "SMA": whole(figures.special_memorandum),
        "buyingPower": whole(figures.buying_power),
        "availableFunds": whole(figures.available_funds),
        "excessLiquidity": whole(figures.excess_liquidity),
        "netLiquidationValue": whole(figures.net_liquidation),
        "equityWithLoanValue": whole(figures.equity_with_loan),
        "regTLoan": whole(max(-figures.cash, ZERO)),
        "securitiesGVP": whole(figures.gross_position_value),
        "totalCashValue": cash,
        "accruedInterest": ZERO,
        "regTMargin": whole(figures.initial_margin),
        "initialMargin": whole(figures.initial_margin),
        "maintenanceMargin": whole(figures.maintenance_margin),
        "cashBalances": [
            {"currency": currency, "balance": cash, "settledCash": cash} for currency in currencies
        ],
    }


def _balances(figures: AccountFigures) -> dict[str, Any]:
    common = {
        "net_liquidation": figures.net_liquidation,
        "equity_with_loan": figures.equity_with_loan,
        "cash": figures.cash,
        "MTD Interest": ZERO,
    }
    more = common | {
        "Prvs Dy Eqty Wth Ln Vl": figures.previous_equity_with_loan,
        "Rg T Eqty Wth Ln Vl": figures.equity_with_loan,
        "sec_gross_pos_val": figures.gross_position_value,
    }
    return _segments(figures, more, more, common)


def _available_funds(figures: AccountFigures) -> dict[str, Any]:
    common = {
        "current_available": figures.available_funds,
        "current_excess": figures.excess_liquidity,
        "Lk Ahd Avlbl Fnds": figures.available_funds,
        "Lk Ahd Excss Lqdty": figures.excess_liquidity,
        "overnight_available": figures.available_funds,
        "overnight_excess": figures.excess_liquidity,
    }
    securities = common | {"SMA": figures.special_memorandum}
    pages = _segments(
        figures, securities | {"buying_power": figures.buying_power}, securities, common
    )
    pages["total"] |= {"leverage": "n/a", "day_trades_left": "Unlimited"}
    pages["securities"]["leverage"] = f"{figures.leverage:.2f}"
    return pages


def _margins(figures: AccountFigures) -> dict[str, Any]:
    common = {
        "current_initial": figures.initial_margin,
        "current_maint": figures.maintenance_margin,
        # IBKR's own spelling.
        "projected_liquidity_inital_margin": figures.initial_margin,
        "Prjctd Lk Ahd Mntnnc Mrgn": figures.maintenance_margin,
        "projected_overnight_initial_margin": figures.initial_margin,
        "Prjctd Ovrnght Mntnnc Mrgn": figures.maintenance_margin,
    }
    securities = {"RegT Margin": figures.initial_margin} | common
    return _segments(figures, securities, securities, common)


def _market_value(figures: AccountFigures) -> dict[str, Any]:
    amounts = {
        "total_cash": figures.cash,
        "settled_cash": figures.cash,
        "MTD Interest": ZERO,
        "stock": figures.stock_value,
        "options": figures.option_value,
        **dict.fromkeys(_NOT_HELD, ZERO),
        "net_liquidation": figures.net_liquidation,
        "unrealized_pnl": figures.unrealised,
        "realized_pnl": figures.realised,
    }
    texts = {name: f"{whole(amount):,}" for name, amount in amounts.items()}
    page = texts | {"Exchange Rate": "1.00"}
    return {figures.currency: page, f"Total (in {figures.currency})": page}


def whole(amount: Decimal) -> Decimal:
    """Round an amount to whole units, half away from zero, and never to a negative nothing."""
    return amount.quantize(_DOLLAR, rounding=ROUND_HALF_UP) + 0


def _segments(
    figures: AccountFigures,
    total: Mapping[str, Decimal],
    securities: Mapping[str, Decimal],
    commodities: Mapping[str, Decimal],
) -> dict[str, dict[str, str]]:
    def texts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
        return {name: f"{whole(amount):,} {figures.currency}" for name, amount in amounts.items()}

    return {
        "total": texts(total),
        "securities": texts(securities),
        "commodities": texts(dict.fromkeys(commodities, ZERO)),
    }


def _endpoint(path: str, page: Callable[[AccountFigures], dict[str, Any]]) -> Endpoint:
    def answer(call: Call) -> dict[str, Any]:
        return page(figures_of(call.portal, call.account()))

    return Endpoint("GET", f"/iserver/account/{{accountId}}/summary{path}", answer)


ENDPOINTS = (
    _endpoint("", _summary),
    _endpoint("/balances", _balances),
    _endpoint("/available_funds", _available_funds),
    _endpoint("/margins", _margins),
    _endpoint("/market_value", _market_value),
)
