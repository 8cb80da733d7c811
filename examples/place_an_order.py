"""Place an order, change its price, cancel it, and meet the errors on the way.

Run it with ``python examples/place_an_order.py``; it trades in the simulated world.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from brokerport import (
    InvalidOrder,
    Limit,
    OrderInDoubt,
    OrderRejected,
    OrderRequest,
    Side,
    Stock,
    open_broker,
)

SETTINGS = Path(__file__).with_name("brokerport.toml")


async def main() -> None:
    """Work one limit order well below the market."""
    async with open_broker(SETTINGS) as broker:
        stock = Stock("AAPL")
        quote = await broker.quote(stock)
        print(f"{stock} is bid {quote.bid}, asked {quote.ask}")
        if quote.bid is None:
            print("the market is closed")
            return

        price = (quote.bid * Decimal("0.9")).quantize(Decimal("0.01"))
        request = OrderRequest("gen", stock, Side.BUY, 100, Limit(price))
        try:
            order = await broker.place(request)
        except OrderRejected as error:
            print(f"the broker refused it: {error.reason}")
            return
        except OrderInDoubt as error:
            # Never place it again: it may be working. Look first.
            print(f"no answer, find out what became of {error.client_order_id}")
            return
        print(f"{order.client_order_id} is {order.status.value} at {price}")

        order = await broker.replace(
            "gen", order.client_order_id, order_type=Limit(price + Decimal("0.50"))
        )
        print(f"now on new terms: {order.order_type}")

        order = await broker.cancel("gen", order.client_order_id)
        print(f"{order.status.value}, {order.filled_quantity} filled")

        try:
            await broker.place(OrderRequest("gen", stock, Side.BUY, 100, Limit("190.005")))
        except InvalidOrder as error:
            print(f"refused before it was sent: {error}")


if __name__ == "__main__":
    asyncio.run(main())
