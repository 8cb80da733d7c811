"""Order ids: the sequence from which every order and every what-if takes its own.

TWS matches an order by client id and order id. An id used twice would be taken for a change of the
first order, or refused (103); and TWS's own "next valid id" does not count an order that it has not
seen yet, such as one on its way when the process was killed.

Rules:

- An id is above TWS's next valid id, above every id seen from any client, above every id this
  adapter took, and above what an earlier process with this client id may have taken.
- Before the first id of a block leaves, the whole block is reserved, durably. A process that starts
  begins above the block reserved last: it cannot know how much of it was used.
- Two processes at once with one client id cannot be: TWS refuses the second (326).
- What-ifs take an id too: TWS counts it as seen.
"""

from __future__ import annotations

import asyncio

from brokerport.adapters.tws.book import TwsOrderBook
from brokerport.adapters.tws.line import Line
from brokerport.ports.order_ids import OrderIdReserve

# Reads take ids of the same sequence, so a block is for fewer orders than it has ids.
BLOCK_IDS = 1000


class ReserveInMemory:
    """A mark that is as durable as the process."""

    def __init__(self) -> None:
        self._reserved: dict[int, int] = {}

    async def reserved_order_id(self, client_id: int) -> int:
        """Return the mark."""
        return self._reserved.get(client_id, 0)

    async def reserve_order_id(self, client_id: int, order_id: int) -> None:
        """Raise the mark."""
        self._reserved[client_id] = max(order_id, self._reserved.get(client_id, 0))


class OrderIds:
    """Hands out the order ids of one client id."""

    def __init__(self, reserve: OrderIdReserve, client_id: int, book: TwsOrderBook) -> None:
        self._reserve = reserve
        self._client_id = client_id
        self._book = book
        self._session = 0
        self._used_up_to = 0
        self._reserved_up_to = 0
        self._turn = asyncio.Lock()

    async def next(self, line: Line) -> int:
        """Take the next id; what is sent under it must be sent without a pause.

        Raises:
            NotConnected: the line is not open.
            JournalUnavailable, JournalDamaged: it could not be reserved.
        """
        async with self._turn:
            if self._session != line.number:
                await self._begin_session(line.number)
            while True:
                order_id = self._take(line)
                if order_id > self._reserved_up_to:
                    up_to = order_id + BLOCK_IDS - 1
                    await self._reserve.reserve_order_id(self._client_id, up_to)
                    self._reserved_up_to = up_to
                    _ = line.client  # Raises when the line ended meanwhile.
                if order_id > self._book.highest_order_id:
                    self._used_up_to = order_id
                    return order_id

    async def _begin_session(self, session: int) -> None:
        reserved = await self._reserve.reserved_order_id(self._client_id)
        if reserved > self._reserved_up_to:
            # Somebody else's block: all of it may be in use.
            self._used_up_to = self._reserved_up_to = reserved
        self._session = session

    def _take(self, line: Line) -> int:
        client = line.client
        client.updateReqId(max(self._used_up_to, self._book.highest_order_id) + 1)
        return client.getReqId()
