"""The exchange's tape: it tells the subscribers what happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from brokerport.simulator.exchange.events import (
    Accepted,
    Activated,
    Cancelled,
    CancelReason,
    ExchangeEvent,
    Replaced,
    Traded,
    Triggered,
)
from brokerport.simulator.exchange.resting_order import RestingOrder, Stage

Subscriber: TypeAlias = Callable[[ExchangeEvent], None]


class Tape:
    """Turns what happens to an order into events; private to the exchange."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, callback: Subscriber) -> None:
        """Tell ``callback`` of every event from now on."""
        self._subscribers.append(callback)

    def accepted(self, order: RestingOrder, at: datetime) -> None:
        """Report that the exchange has the order."""
        self._tell(Accepted(order.order_id, order.stage is Stage.WORKING, at))

    def activated(self, order: RestingOrder, at: datetime) -> None:
        """Report that a held order works now."""
        self._tell(Activated(order.order_id, at))

    def triggered(self, order: RestingOrder, at: datetime) -> None:
        """Report that a stop was triggered."""
        self._tell(Triggered(order.order_id, at))

    def traded(self, order: RestingOrder, quantity: Decimal, price: Decimal, at: datetime) -> None:
        """Report a trade."""
        self._tell(Traded(order.order_id, quantity, price, at))

    def replaced(self, order: RestingOrder, at: datetime) -> None:
        """Report an order's new terms."""
        self._tell(
            Replaced(
                order.order_id,
                order.quantity,
                order.order_type,
                order.time_in_force,
                order.stage is Stage.WORKING,
                at,
            )
        )

    def cancelled(self, order: RestingOrder, reason: CancelReason, at: datetime) -> None:
        """Report that the rest of an order is off the market."""
        self._tell(Cancelled(order.order_id, reason, at))

    def _tell(self, event: ExchangeEvent) -> None:
        for subscriber in self._subscribers:
            subscriber(event)
