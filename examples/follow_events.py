"""Follow everything that happens: the session opens, an order fills, the position changes.

Run it with ``python examples/follow_events.py``; it trades in the simulated world.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from brokerport import (
    BrokerEvent,
    CommissionCharged,
    ExecutionReceived,
    Market,
    OrderChanged,
    OrderRequest,
    PositionChanged,
    SessionChanged,
    Side,
    Stock,
    open_broker,
)

SETTINGS = Path(__file__).with_name("brokerport.toml")


def describe(event: BrokerEvent) -> str:
    """Say in one line what happened."""
    match event:
        case SessionChanged(state):
            return f"session    {state.value}"
        case OrderChanged(order):
            return f"order      {order.status.value}, {order.filled_quantity} of {order.quantity}"
        case ExecutionReceived(account, execution):
            return (
                f"execution  {account}: {execution.side.value} {execution.quantity} "
                f"{execution.instrument} at {execution.price}"
            )
        case CommissionCharged(account, commission):
            return f"commission {account}: {commission.amount}"
        case PositionChanged(account, holding):
            return f"position   {account}: {holding.quantity} {holding.instrument}"
        case _:
            return f"other      {event}"


async def main() -> None:
    """Buy ten shares at the market and tell what is heard until the position has changed."""
    async with open_broker(SETTINGS) as broker:
        with broker.events() as events:
            await broker.place(OrderRequest("rev", Stock("SPY"), Side.BUY, 10, Market()))
            async for event in events:
                print(describe(event))
                if isinstance(event, PositionChanged) and event.holding.quantity == 10:
                    break


if __name__ == "__main__":
    asyncio.run(main())
