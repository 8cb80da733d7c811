"""When a stop is triggered: IBKR's default trigger methods.

Source: IBKR, TWS Users' Guide, "Modify the Stop Trigger Method", and TWS API, "Trigger Method
Limit" (STK: Last; US OPT: Double bid/ask):

- stocks, *Last*: a buy stop is triggered by a last price at or above its trigger, a sell stop by
  one at or below;
- US options, *Double bid/ask*: a buy (sell) stop is triggered by two consecutive bids at or above
  (asks at or below) its trigger, the second of which must show the greater size if it is at the
  same price as the first.

A value is consecutive to another when no quote came between them. Seeing one quote twice is
harmless: its price is the same and its size no greater.
"""

from __future__ import annotations

from decimal import Decimal

from brokerport.domain.instruments import Option
from brokerport.domain.order_types import Side
from brokerport.simulator.exchange.quotes import DisplayedQuote
from brokerport.simulator.exchange.resting_order import RestingOrder

_ZERO = Decimal(0)


def is_triggered(order: RestingOrder, quote: DisplayedQuote) -> bool:
    """Show a waiting stop the next quote, and say whether that triggers it.

    The order remembers what the double bid/ask method needs of the quotes before.
    """
    if isinstance(order.instrument, Option):
        return _double_bid_ask(order, quote)
    return quote.last is not None and _is_reached(order, quote.last)


def _is_reached(order: RestingOrder, price: Decimal) -> bool:
    trigger = order.trigger_price
    if trigger is None:
        return False
    return price >= trigger if order.side is Side.BUY else price <= trigger


def _double_bid_ask(order: RestingOrder, quote: DisplayedQuote) -> bool:
    if order.side is Side.BUY:
        price, size = quote.bid, quote.bid_size
    else:
        price, size = quote.ask, quote.ask_size
    if price is None or not _is_reached(order, price):
        order.first_of_double = None
        return False
    first = order.first_of_double
    order.first_of_double = (price, size or _ZERO)
    if first is None:
        return False
    first_price, first_size = first
    return price != first_price or (size or _ZERO) > first_size
