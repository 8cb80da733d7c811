"""Read an option chain and show the puts of one expiry with their deltas.

Run it with ``python examples/option_chain.py``; it reads from the simulated world.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from brokerport import Option, OptionRight, Stock, UnknownContract, open_broker

SETTINGS = Path(__file__).with_name("brokerport.toml")


async def main() -> None:
    """Show the puts from 10 % below the stock's price up to it."""
    async with open_broker(SETTINGS) as broker:
        stock = Stock("AAPL")
        price = (await broker.quote(stock)).last
        if price is None:
            print(f"{stock} has no price")
            return
        chain = await broker.option_chain(stock)
        expiry = chain.expiries[0]
        print(f"{stock} at {price}, puts of {expiry}")
        print(f"{'strike':>8} {'bid':>7} {'ask':>7} {'delta':>7} {'volatility':>11}")
        for strike in chain.strikes:
            if not price * Decimal("0.9") <= strike <= price:
                continue
            try:
                quote = await broker.quote(Option("AAPL", expiry, strike, OptionRight.PUT))
            except UnknownContract:
                continue  # Not every strike is listed at every expiry.
            if quote.greeks is None:
                continue
            bid, ask = quote.bid or "", quote.ask or ""
            delta, volatility = quote.greeks.delta, quote.greeks.implied_volatility
            print(f"{strike:>8} {bid:>7} {ask:>7} {delta:>7.2f} {volatility:>11.1%}")


if __name__ == "__main__":
    asyncio.run(main())
