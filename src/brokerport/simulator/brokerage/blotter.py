"""The blotter: every order the broker has recorded, the open ones by themselves, and the fills."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime
from decimal import Decimal

from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.brokerage.accounts import Account
from brokerport.simulator.brokerage.orders import (
    BrokerageExecution,
    BrokerageOrder,
    BrokerageStatus,
)
from brokerport.simulator.brokerage.refusals import ORDER_NOT_FOUND, OrderRefused


class OpenOrder:
    """What the broker must know of an open order beyond its public record; mutable, private.

    ``filled_value`` is the sum of price times quantity per share. ``reserve_price`` is the price
    its exposure is counted at.
    """

    __slots__ = (
        "account",
        "commission_reserved",
        "completes_as_filled",
        "filled_value",
        "order",
        "reserve_price",
    )

    def __init__(self, order: BrokerageOrder, account: Account, reserve_price: Decimal) -> None:
        self.order = order
        self.account = account
        self.reserve_price = reserve_price
        self.filled_value = Decimal(0)
        self.commission_reserved = Decimal(0)
        self.completes_as_filled = False


class Blotter:
    """All orders by perm id, oldest first, and all executions in the order they were booked."""

    def __init__(self) -> None:
        self._orders: dict[int, BrokerageOrder] = {}
        self._open: dict[int, OpenOrder] = {}
        self._done: dict[date, list[int]] = {}
        self._executions: list[BrokerageExecution] = []
        self._executed_at: list[datetime] = []

    def open(self, record: OpenOrder) -> None:
        """Record a new open order."""
        self._open[record.order.perm_id] = record
        self._orders[record.order.perm_id] = record.order

    def update(self, record: OpenOrder, order: BrokerageOrder) -> None:
        """Record the order as it is now; a done one leaves the open orders."""
        record.order = order
        self._orders[order.perm_id] = order
        if not order.is_open:
            del self._open[order.perm_id]
            self._file_done(order)

    def record_refused(self, order: BrokerageOrder) -> None:
        """Record an order that never was open."""
        self._orders[order.perm_id] = order
        self._file_done(order)

    def add_execution(self, booked: BrokerageExecution) -> None:
        """Record a fill."""
        self._executions.append(booked)
        self._executed_at.append(booked.execution.executed_at)

    def order(self, perm_id: int) -> BrokerageOrder:
        """Return an order; raises ``OrderRefused`` (10147) when there is none."""
        order = self._orders.get(perm_id)
        if order is None:
            raise OrderRefused(ORDER_NOT_FOUND, f"Order with permId {perm_id} is not found")
        return order

    def find_open(self, perm_id: int) -> OpenOrder | None:
        """Return the record of an open order, or None when it is done or unknown."""
        return self._open.get(perm_id)

    def orders(self) -> tuple[BrokerageOrder, ...]:
        """Return all orders, oldest first."""
        return tuple(self._orders.values())

    def open_orders(self) -> tuple[BrokerageOrder, ...]:
        """Return the open orders, oldest first."""
        return tuple(record.order for record in self._open.values())

    def done_on(self, day: date) -> tuple[BrokerageOrder, ...]:
        """Return the orders that were done on a New York date, in the order they were done."""
        return tuple(self._orders[perm_id] for perm_id in self._done.get(day, ()))

    def executions(self, since: datetime | None) -> tuple[BrokerageExecution, ...]:
        """Return the executions at or after ``since``, oldest first."""
        start = 0 if since is None else bisect_left(self._executed_at, since)
        return tuple(self._executions[start:])

    def _file_done(self, order: BrokerageOrder) -> None:
        if order.completed_at is None or order.status is BrokerageStatus.SUBMITTED:
            raise RuntimeError(f"order {order.perm_id} is not done")
        day = exchange_date(order.completed_at)
        self._done.setdefault(day, []).append(order.perm_id)
