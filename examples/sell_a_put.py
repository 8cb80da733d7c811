"""One step of the wheel: sell a cash-secured put near a target delta, after asking what it binds.

Run it with ``python examples/sell_a_put.py``; it trades in the simulated world.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from brokerport import (
    Broker,
    Limit,
    Option,
    OptionRight,
    OrderRequest,
    RequestTimedOut,
    Side,
    Stock,
    open_broker,
)

SETTINGS = Path(__file__).with_name("brokerport.toml")
TARGET_DELTA = Decimal("-0.30")


async def put_near_delta(broker: Broker, stock: Stock, target: Decimal) -> Option:
    """Return the put of the nearest expiry whose delta is closest to ``target``."""
    chain = await broker.option_chain(stock)
    price = (await broker.quote(stock)).last or Decimal(0)
    distances: dict[Option, Decimal] = {}
    for strike in chain.strikes:
        if price * Decimal("0.9") <= strike <= price:
            put = Option(stock.symbol, chain.expiries[0], strike, OptionRight.PUT)
            greeks = (await broker.quote(put)).greeks
            if greeks is not None:
                distances[put] = abs(greeks.delta - target)
    return min(distances, key=distances.__getitem__)


async def main() -> None:
    """Sell one put for the Gen account, or say why not."""
    async with open_broker(SETTINGS) as broker:
        put = await put_near_delta(broker, Stock("KO"), TARGET_DELTA)
        quote = await broker.quote(put)
        if quote.bid is None:
            print(f"nobody bids for {put}")
            return
        request = OrderRequest("gen", put, Side.SELL, 1, Limit(quote.bid))

        secured = put.strike * put.multiplier
        cash = (await broker.balances("gen")).total_cash.amount
        if cash < secured:
            print(f"{put} needs {secured} of cash, there is {cash}")
            return
        impact = await broker.margin_impact(request)
        print(f"{put}: bid {quote.bid}, binds {impact.initial_margin_change} of margin")

        order = await broker.place(request)
        try:
            order = await broker.wait_until_done("gen", order.client_order_id, timeout_seconds=30)
        except RequestTimedOut:
            order = await broker.cancel("gen", order.client_order_id)
        print(f"{order.status.value}: sold {order.filled_quantity} at {order.average_fill_price}")
        for holding in await broker.positions("gen"):
            print(f"gen holds {holding.quantity} {holding.instrument}")


if __name__ == "__main__":
    asyncio.run(main())
