"""The words and colors that Client Portal shows an order in.

Sources: rows captured from real gateways (the sample rows of IBKR's Web API documentation among
them). A Day order's ``timeInForce`` is ``CLOSE`` in the live list and ``DAY`` elsewhere; an order
that traded is described in the past tense; a stop's ``price`` is empty and its trigger stands in
``auxPrice`` and ``stop_price``.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from brokerport.domain.instruments import Instrument, Option
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)
from brokerport.simulator.brokerage.orders import BrokerageOrder, BrokerageStatus
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.gateways.client_portal.translate.option_words import (
    number_text,
    option_text,
)

_CENT = Decimal("0.01")
_AVERAGE_STEP = Decimal("0.00000001")

LISTING_EXCHANGES = {"NASDAQ": "NASDAQ.NMS"}
"""How an order's row names an exchange, where it is not the exchange's usual name."""


@frozen
class StatusTexts:
    """A status in the live list, as FIX code and in words, with the colors of its row."""

    backend: str
    fix_code: str
    description: str
    background: str
    foreground: str


STATUS_TEXTS = {
    BrokerageStatus.PRE_SUBMITTED: StatusTexts(
        "PreSubmitted", "A", "Order PreSubmitted", "#FFFFFF", "#997EE5"
    ),
    BrokerageStatus.SUBMITTED: StatusTexts(
        "Submitted", "0", "Order Submitted", "#FFFFFF", "#0000CC"
    ),
    BrokerageStatus.FILLED: StatusTexts("Filled", "2", "Order Filled", "#FFFFFF", "#000000"),
    BrokerageStatus.CANCELLED: StatusTexts(
        "Cancelled", "4", "Order Cancelled", "#FFFFFF", "#AA0000"
    ),
    BrokerageStatus.INACTIVE: StatusTexts("Rejected", "8", "Order Rejected", "#000000", "#AFAFAF"),
}

TYPE_NAMES: dict[type[OrderType], tuple[str, str]] = {
    Market: ("Market", "MARKET"),
    Limit: ("Limit", "LIMIT"),
    Stop: ("Stop", "STOP"),
    StopLimit: ("Stop Limit", "STOP_LIMIT"),
}
"""An order type's name in words and in capitals."""

_TIMES_IN_FORCE = {TimeInForce.DAY: "Day"}


def price_text(price: Decimal) -> str:
    """Return a price exactly, with two decimals at least: ``250.00``, ``0.8908``."""
    plain = price.normalize()
    return f"{plain if plain != plain.quantize(_CENT) else price.quantize(_CENT):f}"


def average_text(price: Decimal) -> str:
    """Return an average price as text, rounded to eight decimals."""
    return price_text(price.quantize(_AVERAGE_STEP))


def size_text(quantity: Decimal) -> str:
    """Return a quantity with a decimal, as the status of an order writes it: ``5.0``."""
    return f"{quantity:.1f}" if quantity == round(quantity, 1) else number_text(quantity)


def contract_text(instrument: Instrument) -> str | None:
    """Return what tells an option from its underlying, ``JUN 28 '24 192.5 Call``; else None."""
    return option_text(instrument) if isinstance(instrument, Option) else None


def listing_exchange(instrument: Instrument, listing: Listing) -> str | None:
    """Return where a stock is listed, as an order's row names it; None for an option."""
    if isinstance(instrument, Option):
        return None
    exchange = listing.listed(instrument.symbol).primary_exchange
    return LISTING_EXCHANGES.get(exchange, exchange)


def terms_text(order_type: OrderType) -> str:
    """Return an order type and its prices in words: ``Limit 250.00``."""
    match order_type:
        case Market():
            return "Market"
        case Limit(limit_price):
            return f"Limit {price_text(limit_price)}"
        case Stop(trigger_price):
            return f"Stop {price_text(trigger_price)}"
        case StopLimit(trigger_price, limit_price):
            return f"Stop Limit {price_text(limit_price)} Stop {price_text(trigger_price)}"


def order_text(order: BrokerageOrder, *, with_contract: bool = False) -> str:
    """Return an order in words: ``Buy 10 Limit 250.00, Day`` or ``Sold 5 AAPL Market, GTC``."""
    is_filled = order.status is BrokerageStatus.FILLED
    verb, quantity = verb_text(order.side, is_done=is_filled), order.quantity
    if with_contract:
        named = [order.instrument.symbol, contract_text(order.instrument)]
        verb_and_size = f"{verb} {number_text(quantity)} {' '.join(part for part in named if part)}"
    else:
        verb_and_size = f"{verb} {number_text(quantity)}"
    time_in_force = _TIMES_IN_FORCE.get(order.time_in_force, order.time_in_force.value)
    return f"{verb_and_size} {terms_text(order.order_type)}, {time_in_force}"


def verb_text(side: Side, *, is_done: bool) -> str:
    """Return what an order does, or has done: ``Buy``, ``Sold``."""
    if is_done:
        return "Bought" if side is Side.BUY else "Sold"
    return "Buy" if side is Side.BUY else "Sell"


def fills_text(order: BrokerageOrder) -> str:
    """Return how much of an order traded: ``3/10``, or ``10`` once all of it has."""
    total = number_text(order.quantity)
    return total if order.filled == order.quantity else f"{number_text(order.filled)}/{total}"
