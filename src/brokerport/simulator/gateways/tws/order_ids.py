"""Which order ids clients have used, and which of the broker's orders they stand for.

Rules (TWS API, "Placing Orders" and "Retrieving currently active orders"):

- An order is (client id, order id) to its client and a perm id to the broker. Ids outlive the
  connection: a client that comes back finds its orders under their old ids.
- A new order's id must be higher than every id the client used or was shown; else error 103. An
  order that is refused has used its id up too. A what-if order uses none.
- ``nextValidId`` is higher than every id of every client.
- An order that came through another door (or by hand) has no id: order id 0, client id 0. Client 0
  may bind such orders; it then sees them under negative ids.
"""

from __future__ import annotations

from brokerport.simulator.brokerage.orders import BrokerageOrder, OrderEntry
from brokerport.simulator.gateways.tws.codes import DUPLICATE_ORDER_ID, INVALID_ORDER_ID
from brokerport.simulator.gateways.tws.errors import Refused

DOOR = "tws"
"""The door's name in the broker's record of an order."""


class OrderIds:
    """The order ids of all clients of one gateway."""

    def __init__(self, first_order_id: int) -> None:
        self._highest_anywhere = first_order_id - 1
        self._highest_of_client: dict[int, int] = {}
        self._perm_ids: dict[tuple[int, int], int] = {}
        self._bound_ids: dict[int, int] = {}
        self._exchanges: dict[tuple[int, int], str] = {}

    @property
    def next_valid_id(self) -> int:
        """The lowest id that any client may use for its next order."""
        return self._highest_anywhere + 1

    def claim(self, client_id: int, order_id: int, exchange: str) -> None:
        """Take an id for a new order, and remember the exchange it was sent to.

        Raises:
            Refused: the id is zero or less (10149), or not above all the client has seen (103).
        """
        if order_id <= 0:
            raise Refused(INVALID_ORDER_ID, order_id=order_id)
        if order_id <= self._highest_of_client.get(client_id, 0):
            raise Refused(DUPLICATE_ORDER_ID)
        self._note(client_id, order_id)
        self._exchanges[client_id, order_id] = exchange

    def show(self, client_id: int, order_id: int) -> None:
        """Note that a client was shown an order id, its own or another client's."""
        if order_id > self._highest_of_client.get(client_id, 0):
            self._note(client_id, order_id)

    def register(self, entry: OrderEntry, perm_id: int) -> None:
        """Note the broker's number of an order that came through this door."""
        if entry.door == DOOR:
            self._perm_ids.setdefault((entry.client_id, entry.order_id), perm_id)

    def perm_id(self, client_id: int, order_id: int) -> int | None:
        """Return the broker's number of a client's order, or None if there is no such order."""
        return self._perm_ids.get((client_id, order_id))

    def exchange(self, entry: OrderEntry) -> str:
        """Return the exchange that an order was sent to, as its client wrote it."""
        return self._exchanges.get((entry.client_id, entry.order_id), "") or "SMART"

    def bind(self, order: BrokerageOrder) -> None:
        """Give an order of another door an id by which client 0 may change it."""
        if order.entry.door == DOOR or order.perm_id in self._bound_ids:
            return
        bound_id = -1 - len(self._bound_ids)
        self._bound_ids[order.perm_id] = bound_id
        self._perm_ids[0, bound_id] = order.perm_id

    def is_bound(self, order: BrokerageOrder) -> bool:
        """Say whether client 0 has bound an order of another door."""
        return order.perm_id in self._bound_ids

    def shown_ids(self, order: BrokerageOrder, client_id: int) -> tuple[int, int]:
        """Return the order id and the client id under which a client is shown an order."""
        if order.entry.door == DOOR:
            return order.entry.order_id, order.entry.client_id
        return (self._bound_ids.get(order.perm_id, 0) if client_id == 0 else 0), 0

    def _note(self, client_id: int, order_id: int) -> None:
        self._highest_of_client[client_id] = order_id
        self._highest_anywhere = max(self._highest_anywhere, order_id)
