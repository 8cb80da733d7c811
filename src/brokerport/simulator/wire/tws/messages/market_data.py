"""Messages about live prices: ticks, depth, tick-by-tick, option computations."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from attrs import frozen

from brokerport.simulator.wire.tws.markers import ContractForm, UnsetAs
from brokerport.simulator.wire.tws.messages.values import WireContract

PRICE_NOT_COMPUTED = UnsetAs("-1")
GREEK_NOT_COMPUTED = UnsetAs("-2")


@frozen
class ReqMktData:
    """Request 1: subscribe to a contract's ticks, or take one snapshot."""

    request_id: int
    contract: Annotated[WireContract, ContractForm.MARKET_DATA]
    generic_tick_list: str = ""
    snapshot: bool = False
    regulatory_snapshot: bool = False
    mkt_data_options: str = ""


@frozen
class CancelMktData:
    """Request 2: end a subscription to ticks."""

    request_id: int


@frozen
class ReqMarketDataType:
    """Request 59: choose live (1), frozen (2), delayed (3) or delayed frozen (4) data."""

    market_data_type: int


@frozen
class ReqMktDepth:
    """Request 10: subscribe to a contract's order book."""

    request_id: int
    contract: Annotated[WireContract, ContractForm.REQUEST]
    num_rows: int
    is_smart_depth: bool = False
    mkt_depth_options: str = ""


@frozen
class CancelMktDepth:
    """Request 11: end a subscription to an order book."""

    request_id: int
    is_smart_depth: bool = False


@frozen
class ReqMktDepthExchanges:
    """Request 82: ask which exchanges offer an order book."""


@frozen
class ReqTickByTickData:
    """Request 97: subscribe to every tick: Last, AllLast, BidAsk or MidPoint."""

    request_id: int
    contract: Annotated[WireContract, ContractForm.REQUEST]
    tick_type: str
    number_of_ticks: int = 0
    ignore_size: bool = False


@frozen
class CancelTickByTickData:
    """Request 98: end a subscription to every tick."""

    request_id: int


@frozen
class ReqSmartComponents:
    """Request 83: ask what the letters of a consolidated exchange map stand for."""

    request_id: int
    bbo_exchange: str


@frozen
class CalculateImpliedVolatility:
    """Request 54: compute an option's volatility from its price and its underlying's price."""

    request_id: int
    contract: Annotated[WireContract, ContractForm.REQUEST]
    option_price: Decimal
    under_price: Decimal
    options: str = ""


@frozen
class CalculateOptionPrice:
    """Request 55: compute an option's price from a volatility and its underlying's price."""

    request_id: int
    contract: Annotated[WireContract, ContractForm.REQUEST]
    volatility: Decimal
    under_price: Decimal
    options: str = ""


@frozen
class CancelCalculateImpliedVolatility:
    """Request 56: end a computation of volatility."""

    request_id: int


@frozen
class CancelCalculateOptionPrice:
    """Request 57: end a computation of an option's price."""

    request_id: int


@frozen
class TickPrice:
    """Reply 1: a price, with its size (zero where the tick has none)."""

    request_id: int
    tick_type: int
    price: Decimal
    size: Decimal = Decimal(0)
    can_auto_execute: bool = False
    past_limit: bool = False
    pre_open: bool = False


@frozen
class TickSize:
    """Reply 2: a size, in shares or contracts."""

    request_id: int
    tick_type: int
    size: Decimal


@frozen
class TickOptionComputation:
    """Reply 21: model values of an option; None = not computed (-1 or -2 on the wire).

    `tick_attrib` 0 = based on returns, 1 = based on prices.
    """

    request_id: int
    tick_type: int
    tick_attrib: int = 0
    implied_vol: Annotated[Decimal | None, PRICE_NOT_COMPUTED] = None
    delta: Annotated[Decimal | None, GREEK_NOT_COMPUTED] = None
    opt_price: Annotated[Decimal | None, PRICE_NOT_COMPUTED] = None
    pv_dividend: Annotated[Decimal | None, PRICE_NOT_COMPUTED] = None
    gamma: Annotated[Decimal | None, GREEK_NOT_COMPUTED] = None
    vega: Annotated[Decimal | None, GREEK_NOT_COMPUTED] = None
    theta: Annotated[Decimal | None, GREEK_NOT_COMPUTED] = None
    und_price: Annotated[Decimal | None, PRICE_NOT_COMPUTED] = None


@frozen
class TickGeneric:
    """Reply 45: a number that is neither a price nor a size."""

    request_id: int
    tick_type: int
    value: Decimal


@frozen
class TickString:
    """Reply 46: a text, for example the time of the last trade in seconds since 1970 UTC."""

    request_id: int
    tick_type: int
    value: str


@frozen
class TickSnapshotEnd:
    """Reply 57: the snapshot is complete."""

    request_id: int


@frozen
class MarketDataType:
    """Reply 58: ticks are now live (1), frozen (2), delayed (3) or delayed frozen (4)."""

    request_id: int
    market_data_type: int


@frozen
class TickReqParams:
    """Reply 81: the smallest price step and the exchange map of a subscription."""

    request_id: int
    min_tick: Decimal
    bbo_exchange: str
    snapshot_permissions: int


@frozen
class MarketDepth:
    """Reply 12: one row of an order book: insert (0), update (1) or delete (2); side 1 = bid."""

    request_id: int
    position: int
    operation: int
    side: int
    price: Decimal
    size: Decimal


@frozen
class MarketDepthL2:
    """Reply 13: one row of an order book, naming the market maker or exchange."""

    request_id: int
    position: int
    market_maker: str
    operation: int
    side: int
    price: Decimal
    size: Decimal
    is_smart_depth: bool = False


@frozen
class DepthMktDataDescription:
    """One exchange that offers an order book."""

    exchange: str
    sec_type: str
    listing_exch: str
    service_data_type: str
    agg_group: int


@frozen
class MktDepthExchanges:
    """Reply 80: the exchanges that offer an order book."""

    descriptions: tuple[DepthMktDataDescription, ...]


@frozen
class SmartComponent:
    """One exchange of a consolidated exchange map."""

    bit_number: int
    exchange: str
    exchange_letter: str


@frozen
class SmartComponents:
    """Reply 82: what the letters of a consolidated exchange map stand for."""

    request_id: int
    components: tuple[SmartComponent, ...]


@frozen
class TickByTickLast:
    """Reply 99, types 1 (Last) and 2 (AllLast): one trade; time in seconds since 1970 UTC."""

    request_id: int
    tick_type: int
    time: int
    price: Decimal
    size: Decimal
    past_limit: bool = False
    unreported: bool = False
    exchange: str = ""
    special_conditions: str = ""


@frozen
class TickByTickBidAsk:
    """Reply 99, type 3: one quote; time in seconds since 1970 UTC."""

    request_id: int
    time: int
    bid_price: Decimal
    ask_price: Decimal
    bid_size: Decimal
    ask_size: Decimal
    bid_past_low: bool = False
    ask_past_high: bool = False


@frozen
class TickByTickMidPoint:
    """Reply 99, type 4: one midpoint; time in seconds since 1970 UTC."""

    request_id: int
    time: int
    mid_point: Decimal
