"""Orders and executions as every listener of one gateway is told of them.

Get it with ``portal.store(OrderRows)``. It adds to an order what the broker's record does not hold:
where its client routed it, and when it last traded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from brokerport.simulator.brokerage.orders import BrokerageExecution, BrokerageOrder
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.translate.executions import trade
from brokerport.simulator.gateways.client_portal.translate.orders import (
    live_order,
    order_status,
)
from brokerport.simulator.gateways.exchanges import SMART


class OrderRows:
    """Writes the rows of one gateway."""

    def __init__(self, portal: ServedPortal) -> None:
        """Begin for a portal; use ``portal.store(OrderRows)``."""
        self._world = portal.world
        self._submitter = portal.settings.username
        self._routes: dict[int, str] = {}
        self._route_of_next: tuple[int, str] | None = None
        self._last_executed_at: dict[int, datetime] = {}
        self._read_until: datetime | None = None

    @contextmanager
    def routed(self, exchange: str) -> Iterator[None]:
        """Note the exchange of the order that is placed within; events tell of it before it ends.

        An order without a number yet is known by having a higher one than all before it.
        """
        orders = self._world.brokerage.orders()
        highest = orders[-1].perm_id if orders else 0
        self._route_of_next = (highest, exchange)
        try:
            yield
        finally:
            self._route_of_next = None
            if exchange != SMART:
                placed = self._world.brokerage.orders()[len(orders) :]
                self._routes |= {order.perm_id: exchange for order in placed}

    def route(self, perm_id: int) -> str:
        """Return the exchange an order was sent to; SMART unless a client named one."""
        if self._route_of_next is not None and perm_id > self._route_of_next[0]:
            return self._route_of_next[1]
        return self._routes.get(perm_id, SMART)

    def live_order(self, order: BrokerageOrder) -> dict[str, Any]:
        """Return an order's row of the live list and of ``sor``."""
        self._read_executions()
        return live_order(
            order,
            self._world.listing,
            exchange=self.route(order.perm_id),
            last_executed_at=self._last_executed_at.get(order.perm_id),
        )

    def order_status(self, order: BrokerageOrder) -> dict[str, Any]:
        """Return the answer about one order."""
        return order_status(order, self._world.listing, exchange=self.route(order.perm_id))

    def trade(self, booked: BrokerageExecution) -> dict[str, Any]:
        """Return an execution's row of the trades and of ``str``."""
        return trade(
            booked,
            self._world.listing,
            submitter=self._submitter,
            exchange=self.route(booked.execution.perm_id or 0),
        )

    def _read_executions(self) -> None:
        """Read on from where it was read before; executions of that very moment come again."""
        for booked in self._world.brokerage.executions(self._read_until):
            execution = booked.execution
            self._read_until = execution.executed_at
            self._last_executed_at[execution.perm_id or 0] = execution.executed_at
