"""The exchange's book as the checker reads it: orders by our ClientOrderId, and their history."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from brokerport.domain.order_types import OrderType
from brokerport.dst.record import Books
from brokerport.simulator.brokerage.events import (
    CommissionBooked,
    ExecutionBooked,
    OrderRefusedEvent,
    OrderUpdated,
)
from brokerport.simulator.brokerage.orders import (
    BrokerageExecution,
    BrokerageOrder,
    BrokerageStatus,
)

BY_HAND = "by hand"


@frozen
class Moment:
    """An order as it became at a time."""

    at: float
    order: BrokerageOrder

    @property
    def terms(self) -> tuple[Decimal, OrderType]:
        """Its terms."""
        return self.order.quantity, self.order.order_type


class ExchangeView:
    """Orders, their moments, and fills."""

    def __init__(self, books: Books) -> None:
        self.orders: dict[str, list[BrokerageOrder]] = {}
        self.nameless: list[BrokerageOrder] = []
        self.executions: dict[str, BrokerageExecution] = {}
        self.executions_of: dict[str, list[BrokerageExecution]] = {}
        self.executed_at: dict[str, float] = {}
        self._history: dict[str, list[Moment]] = {}
        for order in books.exchange_orders:
            if order.order_reference:
                self.orders.setdefault(order.order_reference, []).append(order)
            elif order.entry.door != BY_HAND:
                self.nameless.append(order)
        for booked in books.executions:
            self.executions[booked.execution.execution_id] = booked
            reference = booked.execution.order_reference
            if reference is not None:
                self.executions_of.setdefault(reference, []).append(booked)
        for heard in books.exchange_log:
            event = heard.event
            if isinstance(event, ExecutionBooked):
                self.executed_at[event.booked.execution.execution_id] = heard.at
            if isinstance(
                event, OrderUpdated | OrderRefusedEvent | ExecutionBooked | CommissionBooked
            ):
                reference = event.order.order_reference
                if reference:
                    moments = self._history.setdefault(reference, [])
                    moments.append(Moment(heard.at, event.order))

    def history(self, reference: str) -> list[Moment]:
        """Return an order's moments, oldest first."""
        return self._history.get(reference, [])

    def filled_by(self, reference: str, at: float) -> Decimal:
        """Return how much had traded by then."""
        filled = (moment.order.filled for moment in self.history(reference) if moment.at <= at)
        return max(filled, default=Decimal(0))

    def was(self, reference: str, status: BrokerageStatus, at: float) -> bool:
        """Say whether the order had that status then or before."""
        return any(
            moment.order.status is status for moment in self.history(reference) if moment.at <= at
        )

    def last_change(self, reference: str) -> float | None:
        """Return when the order last changed, None when it never was there."""
        history = self.history(reference)
        return history[-1].at if history else None
