"""Open desks, one with a working order, and the two requests that change it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from brokerport.domain.instruments import Instrument
from brokerport.domain.order_types import Limit
from brokerport.domain.orders import Order
from tests.support.examples import AAPL, request
from tests.support.fake_adapter import (
    Say,
    Step,
    acknowledged,
)
from tests.support.trading_desk import TradingDesk

OLD = Limit("190.00")
NEW = Limit("191.00")


async def desk_with(*steps: Step) -> TradingDesk:
    """Return an open desk whose next place goes as scripted."""
    desk = await TradingDesk().open()
    desk.orders.script("place", *steps)
    return desk


async def desk_working(
    quantity: int = 10, instrument: Instrument = AAPL
) -> tuple[TradingDesk, str]:
    """Return a desk with one working order at 190.00, and the order's id."""
    desk = await desk_with(Say(acknowledged()))
    order = await desk.broker.place(request(quantity, OLD, instrument=instrument))
    desk.events.drain()
    return desk, str(order.client_order_id)


def replace(desk: TradingDesk, key: str, quantity: int = 20) -> Coroutine[Any, Any, Order]:
    """Ask for another quantity at 191.00."""
    return desk.broker.replace("gen", key, quantity=Decimal(quantity), order_type=NEW)


def cancel(desk: TradingDesk, key: str) -> Coroutine[Any, Any, Order]:
    """Ask for a cancel."""
    return desk.broker.cancel("gen", key)


CHANGES = [replace, cancel]
Change = Callable[[TradingDesk, str], Coroutine[Any, Any, Order]]
