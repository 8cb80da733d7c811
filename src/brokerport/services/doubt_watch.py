"""The doubt watch: while an order is in doubt, the broker is asked again until it is proved.

A new session looks at everything by itself; this goes on within one. Looks are further apart each
time, and one that failed (there is no session, the read was refused) is only a look that failed:
doubt ends by proof alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from brokerport.domain.errors import BrokerportError
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.services.order_book import OrderBook

FIRST_LOOK_SECONDS = 1.0
LOOK_SECONDS_MAX = 60.0


class DoubtWatch:
    """One task for each account with an order in doubt."""

    def __init__(self, book: OrderBook, look_at: Callable[[str], Awaitable[object]]) -> None:
        """``look_at`` holds an account's orders against the broker's record (``Synchroniser``)."""
        self._book = book
        self._look_at = look_at
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def wake(self, account: str) -> None:
        """Begin to ask for the orders of an account that are in doubt."""
        if account not in self._tasks:
            self._tasks[account] = asyncio.create_task(
                self._watch(account), name=f"doubt {account}"
            )

    async def stop(self) -> None:
        """Ask no more; idempotent."""
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def _watch(self, account: str) -> None:
        seconds = FIRST_LOOK_SECONDS
        try:
            while self._has_doubt(account):
                await asyncio.sleep(seconds)
                seconds = min(seconds * 2, LOOK_SECONDS_MAX)
                try:
                    await self._look_at(account)
                except BrokerportError:
                    continue
                except Exception as error:
                    # A defect of ours is told, and must not leave the order in doubt for ever.
                    asyncio.get_running_loop().call_exception_handler(
                        {
                            "message": f"account {account!r} could not be looked at",
                            "exception": error,
                        }
                    )
        finally:
            self._tasks.pop(account, None)

    def _has_doubt(self, account: str) -> bool:
        return any(
            order.status is OrderStatus.IN_DOUBT for order in self._book.open_orders_of(account)
        )
