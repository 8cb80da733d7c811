"""The ways an order can go to the market here, each timed from the first order to the last fill.

    brokerage     straight into the simulated broker: no adapter, no socket (the base line)
    in process    ``Broker`` over the simulated adapter, one order after the other
    wire          the codec's client end on an asyncio stream, many orders in one write
    tws           ``Broker`` over the TWS adapter and the socket, the throttle lifted

Client, gateway and world share one process and one event loop, so the time of a way is all the work
that an order takes on both sides. Opening and closing are not timed. Every order is checked to be
filled afterwards; one that is not ends the benchmark.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any

from attrs import define

from bench.stage import (
    AAPL,
    ACCOUNT,
    QUANTITY,
    in_process_broker,
    new_world,
    price_of,
    request_of,
    require_filled,
    side_of,
    throttles_lifted,
    tws_broker,
    unpaced_gateway,
)
from bench.wire_client import wire_client
from brokerport.broker import Broker
from brokerport.domain.order_types import Limit, TimeInForce
from brokerport.domain.orders import Order
from brokerport.simulator.brokerage.orders import BrokerageStatus, OrderEntry, Ticket
from brokerport.simulator.world import World

WIRE_ORDERS_IN_FLIGHT = 64
TWS_ORDERS_IN_FLIGHT = 20


@define
class Stopwatch:
    """Times a block: seconds on the wall, and of this process's processor time."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __enter__(self) -> Stopwatch:
        self.wall_seconds, self.cpu_seconds = -time.perf_counter(), -time.process_time()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.wall_seconds += time.perf_counter()
        self.cpu_seconds += time.process_time()


Way = Callable[[int], Coroutine[Any, Any, Stopwatch]]


async def through_brokerage(count: int) -> Stopwatch:
    """Place straight into the simulated broker."""
    world = new_world()
    tickets = [_ticket(number) for number in range(count)]
    with Stopwatch() as watch:
        for ticket in tickets:
            world.brokerage.place(ticket)
    _require_all_filled(world, count)
    return watch


async def through_process(count: int) -> Stopwatch:
    """Place through ``Broker`` and the simulated adapter, one order after the other."""
    world = new_world()
    requests = [request_of(number) for number in range(count)]
    async with in_process_broker(world) as broker:
        with Stopwatch() as watch:
            orders = [await broker.place(request) for request in requests]
        await _require_filled(broker, orders)
    _require_all_filled(world, count)
    return watch


async def through_wire(count: int) -> Stopwatch:
    """Place over the socket with a bare codec client, pipelined."""
    world = new_world()
    async with unpaced_gateway(world) as gateway, wire_client(gateway.port) as client:
        with Stopwatch() as watch:
            await client.place_and_fill(count, WIRE_ORDERS_IN_FLIGHT)
    _require_all_filled(world, count)
    return watch


async def through_tws(count: int) -> Stopwatch:
    """Place over the socket through ``Broker`` and the TWS adapter, several at a time."""
    world = new_world()
    requests = iter([request_of(number) for number in range(count)])
    orders: list[Order] = []
    with throttles_lifted():
        async with unpaced_gateway(world) as gateway, tws_broker(gateway.port) as broker:

            async def work() -> None:
                for request in requests:
                    orders.append(await broker.place(request))

            with Stopwatch() as watch:
                async with asyncio.TaskGroup() as workers:
                    for _ in range(TWS_ORDERS_IN_FLIGHT):
                        workers.create_task(work())
                await broker.broker_time()
            await _require_filled(broker, orders)
    _require_all_filled(world, count)
    return watch


WAYS: dict[str, Way] = {
    "brokerage": through_brokerage,
    "in process": through_process,
    "wire": through_wire,
    "tws": through_tws,
}


def _ticket(number: int) -> Ticket:
    side = side_of(number)
    return Ticket(
        account=ACCOUNT,
        instrument=AAPL,
        side=side,
        quantity=QUANTITY,
        order_type=Limit(price_of(side)),
        time_in_force=TimeInForce.DAY,
        order_reference=None,
        entry=OrderEntry("bench", 0, number + 1),
    )


async def _require_filled(broker: Broker, orders: list[Order]) -> None:
    for order in orders:
        require_filled(await broker.order_status(order.account, order.client_order_id))


def _require_all_filled(world: World, count: int) -> None:
    filled = sum(order.status is BrokerageStatus.FILLED for order in world.brokerage.orders())
    if filled != count or len(world.brokerage.executions()) != count:
        raise RuntimeError(f"{filled} of {count} orders are filled")
