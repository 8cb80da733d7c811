"""Messages about contracts: details, option chains, symbol search, market rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from attrs import frozen

from brokerport.simulator.wire.tws.markers import ContractForm, Since
from brokerport.simulator.wire.tws.messages.values import TagValue, WireContract
from brokerport.simulator.wire.tws.versions import BOND_ISSUER_ID


@frozen
class ReqContractDetails:
    """Request 9: ask for all contracts that match a partial description."""

    request_id: int
    contract: Annotated[WireContract, ContractForm.DETAILS]


@frozen
class ReqSecDefOptParams:
    """Request 78: ask for the option chains of an underlying."""

    request_id: int
    underlying_symbol: str
    fut_fop_exchange: str
    underlying_sec_type: str
    underlying_con_id: int


@frozen
class ReqMatchingSymbols:
    """Request 81: search symbols and company names."""

    request_id: int
    pattern: str


@frozen
class ReqMarketRule:
    """Request 91: ask for the price steps of a market rule."""

    market_rule_id: int


@frozen
class WireContractDetails:
    """Everything the server knows about one contract.

    `last_trade_time` is the time of day of the last trade, in `time_zone_id`. `trading_hours` and
    `liquid_hours` are IBKR's text, in `time_zone_id`. Sizes are None where the version has none.
    """

    contract: WireContract
    market_name: str = ""
    min_tick: Decimal = Decimal(0)
    order_types: str = ""
    valid_exchanges: str = ""
    price_magnifier: int = 1
    under_con_id: int = 0
    long_name: str = ""
    contract_month: str = ""
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    time_zone_id: str = ""
    trading_hours: str = ""
    liquid_hours: str = ""
    ev_rule: str = ""
    ev_multiplier: int = 0
    sec_id_list: tuple[TagValue, ...] = ()
    agg_group: int = 0
    under_symbol: str = ""
    under_sec_type: str = ""
    market_rule_ids: str = ""
    real_expiration_date: str = ""
    last_trade_time: str = ""
    stock_type: str = ""
    min_size: Decimal | None = None
    size_increment: Decimal | None = None
    suggested_size_increment: Decimal | None = None


@frozen
class ContractData:
    """Reply 10: the details of one contract."""

    request_id: int
    contract_details: WireContractDetails


@frozen
class ContractDataEnd:
    """Reply 52: all matching contracts have been sent."""

    request_id: int


@frozen
class SecurityDefinitionOptionParameter:
    """Reply 75: one option chain; expirations as YYYYMMDD."""

    request_id: int
    exchange: str
    underlying_con_id: int
    trading_class: str
    multiplier: str
    expirations: tuple[str, ...]
    strikes: tuple[Decimal, ...]


@frozen
class SecurityDefinitionOptionParameterEnd:
    """Reply 76: all option chains have been sent."""

    request_id: int


@frozen
class ContractDescription:
    """One symbol that matches a search."""

    con_id: int
    symbol: str
    sec_type: str
    primary_exchange: str
    currency: str
    derivative_sec_types: tuple[str, ...] = ()
    description: Annotated[str, Since(BOND_ISSUER_ID)] = ""
    issuer_id: Annotated[str, Since(BOND_ISSUER_ID)] = ""


@frozen
class SymbolSamples:
    """Reply 79: the symbols that match a search."""

    request_id: int
    contract_descriptions: tuple[ContractDescription, ...]


@frozen
class PriceIncrement:
    """One price step, valid from `low_edge` on."""

    low_edge: Decimal
    increment: Decimal


@frozen
class MarketRule:
    """Reply 93: the price steps of a market rule."""

    market_rule_id: int
    price_increments: tuple[PriceIncrement, ...]
