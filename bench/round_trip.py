"""The round trip of an order, place to filled, over the socket: ``Broker`` against bare ib_async.

Both trade on one gateway and one world, in turn: rounds go A/B/A/B, and each round has a connection
of its own, so that neither client handles the other's messages. Client and gateway share a process,
so a round trip is the work of both ends without the wait for a scheduler.

    ib_async       told at the start to follow what ``Broker`` follows: positions and open orders
    Broker         place and wait_until_done; an option's contract is looked up for every order
    ib_async, all  as it connects by default: it also follows account values, told after each fill
    wire           the bare codec: what the gateway and the socket alone take

Two settings of the throttle that both clients have (45 messages a second), the same for both:

    lifted    one order straight after the other
    in force  orders are spaced to stay under it, for latency, and then sent without a pause, for
              what the throttle leaves of the rate
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from statistics import median

from ib_async import IB, LimitOrder
from ib_async.contract import Option as TwsOption
from ib_async.contract import Stock as TwsStock
from ib_async.ib import StartupFetch, StartupFetchALL

from bench.figures import milliseconds, percentile, ratio, show, show_machine
from bench.stage import (
    AAPL,
    ACCOUNT,
    PUT,
    QUANTITY,
    keep_quiet,
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
from brokerport.domain.instruments import Instrument, Stock

FILL_SECONDS_MAX = 10.0
SUBSCRIBED_BY_BROKER = StartupFetch.POSITIONS | StartupFetch.ORDERS_OPEN
WARM_UP_ORDERS = 5
# Until then a second's worth of messages leaves at once.
THROTTLE_SETS_IN_SECONDS = 1.5

# The clients that are compared again under the throttle, and with an option.
COMPARED = ("ib_async", "Broker")

Trade = Callable[[int], Awaitable[None]]
Trader = Callable[[int], AbstractAsyncContextManager[Trade]]


@asynccontextmanager
async def broker_trader(port: int, instrument: Instrument = AAPL) -> AsyncIterator[Trade]:
    """Trade through ``Broker``: place, and wait until the order is done."""
    async with tws_broker(port) as broker:

        async def trade(number: int) -> None:
            order = await broker.place(request_of(number, instrument))
            order = await broker.wait_until_done(
                order.account, order.client_order_id, FILL_SECONDS_MAX
            )
            require_filled(order)

        yield trade


@asynccontextmanager
async def ib_async_trader(
    port: int, instrument: Instrument = AAPL, fetch: StartupFetch = SUBSCRIBED_BY_BROKER
) -> AsyncIterator[Trade]:
    """Trade as a user of ib_async does: a qualified contract, placeOrder, wait for the fill."""
    ib = IB()
    await ib.connectAsync("127.0.0.1", port, clientId=2, fetchFields=fetch)
    (contract,) = await ib.qualifyContractsAsync(tws_contract(instrument))
    if not isinstance(contract, TwsStock | TwsOption):
        raise RuntimeError(f"{instrument} did not qualify: {contract}")

    async def trade(number: int) -> None:
        side = side_of(number)
        order = LimitOrder(
            side.value,
            float(QUANTITY),
            float(price_of(side, instrument)),
            tif="DAY",
            account=ACCOUNT.account_id,
        )
        placed = ib.placeOrder(contract, order)
        async with asyncio.timeout(FILL_SECONDS_MAX):
            await placed.filledEvent
        if placed.filled() != float(QUANTITY):
            raise RuntimeError(f"order {placed.order.orderId} is not filled")

    try:
        yield trade
    finally:
        ib.disconnect()
        # The library closes the socket without waiting for it.
        await asyncio.sleep(0)


@asynccontextmanager
async def wire_trader(port: int) -> AsyncIterator[Trade]:
    """Trade with the bare codec client, one order at a time."""
    async with wire_client(port, client_id=3) as client:

        async def trade(_number: int) -> None:
            await client.place_and_fill(1, in_flight_max=1)

        yield trade


def tws_contract(instrument: Instrument) -> TwsStock | TwsOption:
    """Return an instrument as a user of ib_async describes it."""
    if isinstance(instrument, Stock):
        return TwsStock(instrument.symbol, "SMART", instrument.currency)
    return TwsOption(
        instrument.underlying,
        f"{instrument.expiry:%Y%m%d}",
        float(instrument.strike),
        instrument.right.value,
        "SMART",
        currency=instrument.currency,
    )


OPTION_TRADERS: dict[str, Trader] = {
    "ib_async": partial(ib_async_trader, instrument=PUT),
    "Broker": partial(broker_trader, instrument=PUT),
}
TRADERS: dict[str, Trader] = {
    "ib_async": ib_async_trader,
    "Broker": broker_trader,
    "ib_async, all": partial(ib_async_trader, fetch=StartupFetchALL),
    "wire": wire_trader,
}


async def latencies(
    traders: dict[str, Trader], rounds: int, orders: int, spacing_seconds: float = 0.0
) -> dict[str, list[float]]:
    """Trade ``orders`` orders in each round of each client; return their round trips, seconds."""
    taken: dict[str, list[float]] = {name: [] for name in traders}
    async with unpaced_gateway(new_world()) as gateway:
        for number in range(rounds):
            for name in traders if number % 2 == 0 else reversed(traders):
                async with traders[name](gateway.port) as trade:
                    for warm_up in range(WARM_UP_ORDERS):
                        await asyncio.sleep(spacing_seconds)
                        await trade(warm_up)
                    for order in range(orders):
                        await asyncio.sleep(spacing_seconds)
                        began = time.perf_counter()
                        await trade(order + WARM_UP_ORDERS)
                        taken[name].append(time.perf_counter() - began)
    return taken


async def throttled_rates(traders: dict[str, Trader], seconds: float) -> dict[str, float]:
    """Trade without a pause under the throttle; return orders a second, once it has set in."""
    rates: dict[str, float] = {}
    async with unpaced_gateway(new_world()) as gateway:
        for name, trader in traders.items():
            async with trader(gateway.port) as trade:
                ended = await _orders_ended(trade, THROTTLE_SETS_IN_SECONDS + seconds)
                counted = [at for at in ended if at > THROTTLE_SETS_IN_SECONDS]
                rates[name] = len(counted) / seconds
    return rates


async def _orders_ended(trade: Trade, seconds: float) -> list[float]:
    """Trade for so long and return when each order was filled, counted from the beginning."""
    began = time.perf_counter()
    ended: list[float] = []
    while True:
        await trade(len(ended))
        at = time.perf_counter() - began
        if at > seconds:
            return ended
        ended.append(at)


def show_latencies(title: str, taken: dict[str, list[float]]) -> None:
    """Print medians and 95th percentiles, and their ratios to ib_async's."""
    base = taken["ib_async"]
    show(
        title,
        ("client", "orders", "median ms", "ib_async = 1", "p95 ms", "ib_async = 1"),
        [
            (
                name,
                len(values),
                milliseconds(median(values)),
                ratio(median(values), median(base)),
                milliseconds(percentile(values, 0.95)),
                ratio(percentile(values, 0.95), percentile(base, 0.95)),
            )
            for name, values in taken.items()
        ],
    )


def main() -> None:
    """Measure under both settings and print three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100, help="orders in each lifted round")
    parser.add_argument("--rounds", type=int, default=10, help="rounds of each client, lifted")
    parser.add_argument("--spaced-orders", type=int, default=30, help="orders in each spaced round")
    parser.add_argument("--spaced-rounds", type=int, default=2, help="rounds of each, spaced")
    parser.add_argument("--spacing", type=float, default=0.1, help="seconds between spaced orders")
    parser.add_argument("--seconds", type=float, default=8.0, help="without a pause, throttled")
    options = parser.parse_args()
    keep_quiet()
    show_machine()
    compared = {name: TRADERS[name] for name in COMPARED}
    size = (options.rounds, options.orders)
    with throttles_lifted():
        stock = asyncio.run(latencies(TRADERS, *size))
        option = asyncio.run(latencies(OPTION_TRADERS, *size))
    show_latencies("Round trip of a stock order; throttle lifted on both sides", stock)
    show_latencies("Round trip of an option order; throttle lifted on both sides", option)
    spaced = latencies(compared, options.spaced_rounds, options.spaced_orders, options.spacing)
    title = f"Round trip of a stock order; throttle in force, an order every {options.spacing:g} s"
    show_latencies(title, asyncio.run(spaced))
    for kind, traders in (("Stock", compared), ("Option", OPTION_TRADERS)):
        rates = asyncio.run(throttled_rates(traders, options.seconds))
        show(
            f"{kind} orders without a pause for {options.seconds:g} s; throttle in force",
            ("client", "orders/s", "ib_async = 1"),
            [(name, f"{rate:.1f}", ratio(rate, rates["ib_async"])) for name, rate in rates.items()],
        )


if __name__ == "__main__":
    main()
