"""The same broker without asyncio: every call blocks until it is answered.

Run it with ``python examples/sync_script.py``; it trades in the simulated world.
"""

from __future__ import annotations

from pathlib import Path

from brokerport import Market, OrderRequest, Side, Stock, open_broker_sync

SETTINGS = Path(__file__).with_name("brokerport.toml")


def main() -> None:
    """Buy ten shares for each account, and show what it did to its money."""
    with open_broker_sync(SETTINGS) as broker:
        for account in broker.accounts:
            order = broker.place(OrderRequest(account.name, Stock("MSFT"), Side.BUY, 10, Market()))
            order = broker.wait_until_done(account.name, order.client_order_id, timeout_seconds=30)
            balances = broker.balances(account.name)
            print(
                f"{account.name:4} bought {order.filled_quantity} at {order.average_fill_price}: "
                f"cash {balances.total_cash}, worth {balances.net_liquidation}"
            )


if __name__ == "__main__":
    main()
