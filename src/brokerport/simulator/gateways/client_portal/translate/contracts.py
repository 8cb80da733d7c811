"""Instruments as the portal's contract endpoints describe them; each endpoint has its own words.

Rules (Web API, "Contract"; the examples of IBKR's OpenAPI description):

- A search answers with the underlying, its conid a text, and the months and expiries of its
  options; ``secdef/info`` with one row per contract, ``trsrv/secdef`` and ``contract/info`` with
  two further sets of names for the same things.
- An option has no listing exchange. What the simulator has none of is null, or left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from brokerport.domain.contracts import ContractDetails
from brokerport.domain.instruments import Instrument, Option
from brokerport.simulator.exchange.universe import ListedStock
from brokerport.simulator.gateways.client_portal.translate.option_words import (
    contract_description,
    months_text,
    number_text,
    option_text,
)
from brokerport.simulator.gateways.exchanges import OPTION_EXCHANGES, SMART, exchanges_of

_WHOLE_DIGITS = 4
_CONTRACT_ID_DIGITS_MAX = 18


def search_row(stock: ListedStock, expiries: Sequence[date]) -> dict[str, Any]:
    """Return what a search tells of one stock and of the options over it."""
    sections: list[dict[str, Any]] = [{"secType": "STK"}]
    if expiries:
        sections.append(
            {
                "secType": "OPT",
                "months": months_text(expiries),
                "exchange": ";".join(OPTION_EXCHANGES),
            }
        )
    return {
        "conid": str(stock.contract_id),
        "companyHeader": f"{stock.long_name} - {stock.primary_exchange}",
        "companyName": stock.long_name,
        "symbol": stock.stock.symbol,
        "description": stock.primary_exchange,
        "restricted": None,
        "fop": None,
        "opt": ";".join(_day(expiry) for expiry in expiries) or None,
        "war": None,
        "sections": sections,
    }


def information_row(details: ContractDetails, stock: ListedStock, exchange: str) -> dict[str, Any]:
    """Return what secdef/info tells of a contract; ``exchange`` is the one asked for."""
    instrument = details.instrument
    row: dict[str, Any] = {
        "conid": details.contract_id,
        "ticker": instrument.symbol,
        "symbol": instrument.symbol,
        "secType": sec_type(instrument),
        "listingExchange": details.primary_exchange or None,
        "exchange": exchange or SMART,
        "companyName": details.long_name,
        "currency": instrument.currency,
        "validExchanges": ",".join(exchanges_of(instrument)),
        "priceRendering": None,
        "tradingClass": _trading_class(instrument, stock),
        "maturityDate": None,
        "right": "?",
        "strike": Decimal(0),
    }
    if isinstance(instrument, Option):
        row |= {
            "desc1": instrument.symbol,
            "desc2": option_text(instrument),
            "maturityDate": _day(instrument.expiry),
            "multiplier": str(instrument.multiplier),
            "right": instrument.right.value,
            "strike": instrument.strike,
        }
    return row


def definition_row(details: ContractDetails, stock: ListedStock) -> dict[str, Any]:
    """Return what trsrv/secdef tells of a contract."""
    instrument = details.instrument
    row: dict[str, Any] = {
        "incrementRules": increment_rules(details),
        "displayRule": {
            "magnification": 0,
            "displayRuleStep": [
                {
                    "decimalDigits": decimal_places(details.price_increments[0].increment),
                    "lowerEdge": Decimal(0),
                    "wholeDigits": _WHOLE_DIGITS,
                }
            ],
        },
        "conid": details.contract_id,
        "currency": instrument.currency,
        "allExchanges": ",".join(exchanges_of(instrument)),
        "listingExchange": details.primary_exchange or None,
        "countryCode": "US",
        "name": details.long_name,
        "assetClass": sec_type(instrument),
        "expiry": None,
        "lastTradingDay": None,
        "group": stock.category or None,
        "putOrCall": None,
        "sector": stock.industry or None,
        "sectorGroup": stock.subcategory or None,
        "strike": "0",
        "ticker": instrument.symbol,
        "undConid": 0,
        "multiplier": Decimal(0),
        "type": stock.stock_type,
        "hasOptions": stock.option_slot is not None,
        "fullName": contract_description(instrument),
        "isUS": True,
        "isEventContract": False,
    }
    if isinstance(instrument, Option):
        row |= {
            "expiry": _day(instrument.expiry),
            "lastTradingDay": _day(instrument.expiry),
            "putOrCall": instrument.right.value,
            "strike": number_text(instrument.strike),
            "undConid": stock.contract_id,
            "multiplier": Decimal(instrument.multiplier),
            "type": "",
            "hasOptions": False,
        }
    return row


def contract_row(details: ContractDetails, stock: ListedStock) -> dict[str, Any]:
    """Return what contract/{conid}/info tells; nothing trades outside regular hours here."""
    instrument = details.instrument
    row: dict[str, Any] = {
        "cfi_code": "",
        "symbol": instrument.symbol,
        "cusip": None,
        "expiry_full": None,
        "con_id": details.contract_id,
        "maturity_date": None,
        "industry": stock.category,
        "instrument_type": sec_type(instrument),
        "trading_class": _trading_class(instrument, stock),
        "valid_exchanges": ",".join(exchanges_of(instrument)),
        "allow_sell_long": False,
        "is_zero_commission_security": False,
        "local_symbol": instrument.symbol,
        "contract_clarification_type": None,
        "classifier": None,
        "currency": instrument.currency,
        "text": None,
        "underlying_con_id": 0,
        "r_t_h": False,
        "multiplier": None,
        "underlying_issuer": None,
        "contract_month": None,
        "company_name": details.long_name,
        "smart_available": True,
        "exchange": SMART,
        "category": stock.subcategory,
    }
    if isinstance(instrument, Option):
        del row["industry"], row["category"]
        row |= {
            "cfi_code": f"O{instrument.right.value}XXXS",
            "expiry_full": _day(instrument.expiry),
            "maturity_date": _day(instrument.expiry),
            "local_symbol": instrument.osi_symbol,
            "text": option_text(instrument),
            "underlying_con_id": stock.contract_id,
            "multiplier": str(instrument.multiplier),
            "strike": number_text(instrument.strike),
            "right": instrument.right.name,
            "contract_month": f"{instrument.expiry:%Y%m}",
        }
    return row


def stock_rows(stocks: Iterable[ListedStock]) -> list[dict[str, Any]]:
    """Return what trsrv/stocks tells of the companies of one symbol."""
    return [
        {
            "name": stock.long_name,
            "assetClass": "STK",
            "contracts": [
                {
                    "conid": stock.contract_id,
                    "exchange": stock.primary_exchange,
                    "isUS": True,
                }
            ],
        }
        for stock in stocks
    ]


def increment_rules(details: ContractDetails) -> list[dict[str, Decimal]]:
    """Return the listing's price steps, each from its lower edge upwards."""
    return [
        {"lowerEdge": step.low_edge, "increment": step.increment}
        for step in details.price_increments
    ]


def decimal_places(increment: Decimal) -> int:
    """Return how many decimals a price step has."""
    exponent = increment.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def read_contract_id(text: str) -> int | None:
    """Return the contract id that a text holds, or None when it holds none."""
    if not text.isascii() or not text.isdigit() or len(text) > _CONTRACT_ID_DIGITS_MAX:
        return None
    return int(text)


def sec_type(instrument: Instrument) -> str:
    """Return IBKR's asset class: "STK" or "OPT"."""
    return "OPT" if isinstance(instrument, Option) else "STK"


def _trading_class(instrument: Instrument, stock: ListedStock) -> str:
    return instrument.symbol if isinstance(instrument, Option) else stock.trading_class


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"
