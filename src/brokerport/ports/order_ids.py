"""The order id port: up to which order id a TWS client id may have been used, across restarts.

Every ``Journal`` is one.
"""

from __future__ import annotations

from typing import Protocol


class OrderIdReserve(Protocol):
    """A durable mark for each client id; it only rises."""

    async def reserved_order_id(self, client_id: int) -> int:
        """Return up to which order id a client id may have used; 0 when it never did.

        Raises:
            JournalUnavailable, JournalDamaged: it cannot be read.
        """
        ...

    async def reserve_order_id(self, client_id: int, order_id: int) -> None:
        """Remember, durably, that a client id may use order ids up to this one.

        Raises:
            JournalUnavailable: it could not be written; the ids must not be used.
        """
        ...
