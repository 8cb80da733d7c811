"""Positions as /portfolio and /portfolio2 write them.

- ``avgCost`` is of one share or contract, multiplier and opening commission included; ``avgPrice``
  is per share. ``realizedPnl`` is what the position has realised since the account was opened, as
  the TWS door tells it.
- A contract's security definition (name, ticker, expiry, strike...) belongs to a row only once IBKR
  has looked it up. Until then the strike is ``0.0`` and expiry, right and multiplier are null; with
  it the strike is text, ``"0"`` for a stock (OpenAPI, "individualPositionWithNoSecDef").
- /portfolio2 has names of its own, a contract id in text, and the time in epoch seconds.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.contracts import ContractDetails
from brokerport.domain.instruments import Instrument, Option
from brokerport.domain.money import to_cents
from brokerport.simulator.brokerage.accounts import PortfolioItem
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.exchange.universe import ListedStock
from brokerport.simulator.gateways.client_portal.translate.contracts import (
    increment_rules,
    sec_type,
)
from brokerport.simulator.gateways.client_portal.translate.option_words import (
    number_text,
    right_word,
)
from brokerport.simulator.gateways.exchanges import exchanges_of

PAGE_SIZE = 100
_ZERO = Decimal(0)


@frozen
class HeldContract:
    """A position at its mark price, with what the listing says of its contract."""

    account: BrokerAccount
    holding: PortfolioItem
    details: ContractDetails
    stock: ListedStock
    stock_details: ContractDetails

    @classmethod
    def of(cls, account: BrokerAccount, holding: PortfolioItem, listing: Listing) -> HeldContract:
        """Look a holding's contract up; raises UnknownContract if it is not listed."""
        instrument = holding.position.instrument
        stock = listing.listed(instrument.symbol)
        return cls(
            account, holding, listing.details(instrument), stock, listing.details(stock.stock)
        )

    @property
    def instrument(self) -> Instrument:
        """What is held."""
        return self.details.instrument

    @property
    def contract_id(self) -> int:
        """IBKR's conid."""
        return self.details.contract_id

    @property
    def description(self) -> str:
        """IBKR's description of the contract."""
        return position_description(self.instrument)


def position_description(instrument: Instrument) -> str:
    """Return ``IBM``, or for an option ``SPY    JAN2025 440 C [SPY   250117C00440000 100]``."""
    if not isinstance(instrument, Option):
        return instrument.symbol
    month = f"{instrument.expiry:%b%Y}".upper()
    return (
        f"{instrument.underlying:<6} {month} {number_text(instrument.strike)} "
        f"{instrument.right.value} [{instrument.osi_symbol} {instrument.multiplier}]"
    )


def position_row(held: HeldContract, *, has_definition: bool) -> dict[str, Any]:
    """Return a row of /portfolio, with or without the security definition."""
    holding, position = held.holding, held.holding.position
    row: dict[str, Any] = {
        "acctId": held.account.account_id,
        "conid": held.contract_id,
        "contractDesc": held.description,
        "position": position.quantity,
        "mktPrice": holding.market_price,
        "mktValue": to_cents(holding.market_value),
        "currency": held.instrument.currency,
        "avgCost": position.average_cost,
        "avgPrice": _average_price(holding),
        "realizedPnl": to_cents(position.realised_pnl),
        "unrealizedPnl": to_cents(holding.unrealised_pnl),
        "exchs": None,
        "expiry": None,
        "putOrCall": None,
        "multiplier": None,
        "strike": _ZERO,
        "exerciseStyle": None,
        "conExchMap": [],
        "assetClass": sec_type(held.instrument),
        "undConid": 0,
        "model": "",
    }
    return row | _definition(held) if has_definition else row


def live_position_row(held: HeldContract, at: datetime) -> dict[str, Any]:
    """Return a row of /portfolio2."""
    holding, position = held.holding, held.holding.position
    return {
        "position": position.quantity,
        "conid": str(held.contract_id),
        "avgCost": position.average_cost,
        "avgPrice": _average_price(holding),
        "currency": held.instrument.currency,
        "description": held.description,
        "isLastToLoq": False,
        "marketPrice": holding.market_price,
        "marketValue": to_cents(holding.market_value),
        "realizedPnl": to_cents(position.realised_pnl),
        "secType": sec_type(held.instrument),
        "timestamp": int(at.timestamp()),
        "unrealizedPnl": to_cents(holding.unrealised_pnl),
        "assetClass": sec_type(held.instrument),
        "sector": held.stock.industry,
        "group": held.stock.category,
        "model": "",
    }


def _average_price(holding: PortfolioItem) -> Decimal:
    position = holding.position
    return position.average_cost / position.instrument.multiplier


def _definition(held: HeldContract) -> dict[str, Any]:
    instrument, stock = held.instrument, held.stock
    common: dict[str, Any] = {
        "incrementRules": increment_rules(held.details),
        "allExchanges": ",".join(exchanges_of(instrument)),
        "countryCode": "US",
        "name": stock.long_name,
        "ticker": instrument.symbol,
        "isUS": True,
        "isEventContract": False,
        "pageSize": PAGE_SIZE,
    }
    if isinstance(instrument, Option):
        return common | _option_definition(held, instrument)
    return common | {
        "multiplier": _ZERO,
        "strike": "0",
        "lastTradingDay": None,
        "listingExchange": held.details.primary_exchange,
        "group": stock.category or None,
        "sector": stock.industry or None,
        "sectorGroup": stock.subcategory or None,
        "type": stock.stock_type,
        "hasOptions": stock.option_slot is not None,
        "fullName": instrument.symbol,
    }


def _option_definition(held: HeldContract, option: Option) -> dict[str, Any]:
    expiry = f"{option.expiry:%Y%m%d}"
    right = right_word(option.right)
    return {
        "expiry": expiry,
        "putOrCall": option.right.value,
        "multiplier": Decimal(option.multiplier),
        "strike": number_text(option.strike),
        "undConid": held.stock_details.contract_id,
        "lastTradingDay": expiry,
        "listingExchange": None,
        "group": None,
        "sector": None,
        "sectorGroup": None,
        "type": "",
        "undComp": held.stock.long_name,
        "undSym": option.underlying,
        "hasOptions": False,
        "fullName": (
            f"{option.underlying} {option.expiry:%b%d'%y} {number_text(option.strike)} {right}"
        ),
    }
