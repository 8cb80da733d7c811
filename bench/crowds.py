"""What may grow with all that is there already: many orders at once, and long histories.

waiting       N resting orders, each waited for, filled by one quote
resting       N orders that rest at N prices, then cancelled one by one, last in first out
pieces        one order filled in N pieces
opening       opening a ``Broker`` in process on a day on which we placed N orders before
opening tws   the same over the socket
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from decimal import Decimal

from bench.stage import (
    AAPL,
    ASK,
    BID,
    LOGICAL_ACCOUNT,
    QUANTITY,
    deep_market,
    in_process_broker,
    new_world,
    request_of,
    require_filled,
    throttles_lifted,
    tws_broker,
    unpaced_gateway,
)
from bench.ways import Stopwatch, Way
from brokerport.broker import Broker
from brokerport.domain.order_types import Limit, Side
from brokerport.domain.orders import OrderRequest
from brokerport.simulator.world import World

WAIT_SECONDS_MAX = 600.0
TICK = Decimal("0.01")
PRICES = 10_000


async def waiting(count: int) -> Stopwatch:
    """Rest ``count`` orders below the market, wait for each, and fill them all at once."""
    market = deep_market()
    world = new_world(market)
    price = BID - 1
    request = OrderRequest(LOGICAL_ACCOUNT, AAPL, Side.BUY, QUANTITY, Limit(price))
    async with in_process_broker(world) as broker:
        with Stopwatch() as watch:
            orders = [await broker.place(request) for _ in range(count)]
            waits = [
                asyncio.create_task(
                    broker.wait_until_done(order.account, order.client_order_id, WAIT_SECONDS_MAX)
                )
                for order in orders
            ]
            await asyncio.sleep(0)
            market.set_quote(AAPL, price - 1, price, QUANTITY * count, QUANTITY * count)
            world.brokerage.match(world.clock.now())
            done = await asyncio.gather(*waits)
    for order in done:
        require_filled(order)
    return watch


async def resting(count: int) -> Stopwatch:
    """Rest ``count`` orders over many prices and cancel each."""
    world = new_world()
    requests = [
        OrderRequest(
            LOGICAL_ACCOUNT, AAPL, Side.BUY, 1, Limit(BID - TICK * (1 + number * 7919 % PRICES))
        )
        for number in range(count)
    ]
    async with in_process_broker(world) as broker:
        with Stopwatch() as watch:
            orders = [await broker.place(request) for request in requests]
            for order in reversed(orders):
                await broker.cancel(order.account, order.client_order_id)
        left = await broker.open_orders(LOGICAL_ACCOUNT)
    if left or world.brokerage.open_orders():
        raise RuntimeError(f"{len(left)} of {count} orders are still open")
    return watch


async def pieces(count: int) -> Stopwatch:
    """Fill one order in ``count`` pieces, each from a quote of its own."""
    market = deep_market()
    world = new_world(market)
    market.set_quote(AAPL, BID, ASK, 1, 1)
    request = OrderRequest(LOGICAL_ACCOUNT, AAPL, Side.BUY, count, Limit(ASK))
    async with in_process_broker(world) as broker:
        with Stopwatch() as watch:
            order = await broker.place(request)
            for _ in range(count - 1):
                market.set_quote(AAPL, BID, ASK, 1, 1)
                world.brokerage.match(world.clock.now())
        order = await broker.order_status(order.account, order.client_order_id)
    if len(order.executions) != count or order.remaining_quantity:
        raise RuntimeError(f"{order.filled_quantity} of {count} filled")
    return watch


async def opening(count: int) -> Stopwatch:
    """Open a ``Broker`` in process on a world in which an earlier one placed ``count`` orders."""
    world = await _world_with_history(count)
    async with AsyncExitStack() as stack:
        with Stopwatch() as watch:
            broker = await stack.enter_async_context(in_process_broker(world))
        await _require_known(broker, world)
    return watch


async def opening_tws(count: int) -> Stopwatch:
    """Open a ``Broker`` over the socket on such a world."""
    world = await _world_with_history(count)
    async with AsyncExitStack() as stack:
        stack.enter_context(throttles_lifted())
        gateway = await stack.enter_async_context(unpaced_gateway(world))
        with Stopwatch() as watch:
            broker = await stack.enter_async_context(tws_broker(gateway.port))
        await _require_known(broker, world)
    return watch


CROWDS: dict[str, Way] = {
    "waiting": waiting,
    "resting": resting,
    "pieces": pieces,
    "opening": opening,
    "opening tws": opening_tws,
}


async def _world_with_history(count: int) -> World:
    world = new_world()
    async with in_process_broker(world) as broker:
        for number in range(count):
            await broker.place(request_of(number))
    return world


async def _require_known(broker: Broker, world: World) -> None:
    """Check that the new broker knows every order of the day, with its fills."""
    for order in world.brokerage.orders():
        reference = order.order_reference or ""
        require_filled(await broker.order_status(LOGICAL_ACCOUNT, reference))
