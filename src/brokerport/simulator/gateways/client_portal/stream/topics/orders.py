"""``sor``/``uor``: orders, as they change.

Rules (Web API, "Request Live Order Updates"; what was captured of IBKR):

- The first message shows the live orders, if there are any. A later one shows one order: whole when
  the connection has not been shown it, else its account, its id and what changed.
- Every change is told, in the order in which they happened.
- ``filters`` name the statuses to be told of.
- After GET /iserver/account/orders with filters the stream is silent, until one with ``force``; if
  anything was missed the live orders are shown anew then, whole.
- Ending it is not answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field

from brokerport.simulator.brokerage.events import (
    BrokerageEvent,
    CommissionBooked,
    OrderRefusedEvent,
    OrderUpdated,
)
from brokerport.simulator.brokerage.orders import BrokerageOrder
from brokerport.simulator.gateways.client_portal.endpoints.order_lists import ORDERS_FILTERED
from brokerport.simulator.gateways.client_portal.order_rows import OrderRows
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.stream.frame import Frame
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from brokerport.simulator.gateways.client_portal.stream.topics.topic import Command, Topic
from brokerport.simulator.gateways.client_portal.translate.orders import changed_fields
from brokerport.simulator.gateways.turn import EndOfTurn

Row = dict[str, Any]


@define(eq=False)
class OrderSubscription:
    """One connection's stream of orders; remembers each row it was shown."""

    subscriber: Subscriber
    statuses: frozenset[str]
    shown: dict[int, Row] = field(factory=dict)
    has_missed: bool = False

    @property
    def is_silenced(self) -> bool:
        """Whether a filtered list has broken the stream."""
        login = self.subscriber.login
        return login is not None and ORDERS_FILTERED in login.primed


class OrdersTopic(Topic):
    """The subscriptions to orders."""

    def __init__(self, portal: ServedPortal, end_of_turn: EndOfTurn) -> None:
        super().__init__(portal, end_of_turn)
        self._rows = portal.store(OrderRows)
        self._subscriptions: dict[Subscriber, OrderSubscription] = {}

    def commands(self) -> Mapping[str, Command]:
        """Return what clients may ask for."""
        return {
            "sor": Command(self._subscribe, needs_bridge=True),
            "uor": Command(self._unsubscribe),
        }

    def on_event(self, event: BrokerageEvent) -> None:
        """Tell of an order that has changed."""
        if not self._subscriptions:
            return
        match event:
            case OrderUpdated(order) | OrderRefusedEvent(order) | CommissionBooked(_, order):
                row = self._rows.live_order(order)
                for subscription in tuple(self._subscriptions.values()):
                    self._tell(subscription, row)
            case _:
                pass

    def on_time(self, _seconds: float) -> None:
        """Show those who may hear again what they have missed."""
        for subscription in tuple(self._subscriptions.values()):
            if subscription.has_missed and not subscription.is_silenced:
                self._tell_all(subscription)

    def end(self, subscriber: Subscriber) -> None:
        """End a connection's subscription."""
        self._subscriptions.pop(subscriber, None)

    def _subscribe(self, subscriber: Subscriber, frame: Frame) -> None:
        statuses = frozenset(_plain(name) for name in frame.texts("filters"))
        subscription = OrderSubscription(subscriber, statuses)
        self._tell_all(subscription)
        self._subscriptions[subscriber] = subscription

    def _unsubscribe(self, subscriber: Subscriber, _frame: Frame) -> None:
        self.end(subscriber)

    def _tell_all(self, subscription: OrderSubscription) -> None:
        subscription.has_missed = subscription.is_silenced
        if subscription.is_silenced:
            return
        rows = [self._rows.live_order(order) for order in self._live_orders()]
        rows = [row for row in rows if _is_wanted(subscription, row)]
        subscription.shown = {row["orderId"]: row for row in rows}
        if rows:
            subscription.subscriber.send({"topic": "sor", "args": rows})

    def _tell(self, subscription: OrderSubscription, row: Row) -> None:
        if subscription.is_silenced or subscription.has_missed:
            self._tell_all(subscription)
            return
        order_id = row["orderId"]
        if not _is_wanted(subscription, row):
            subscription.shown.pop(order_id, None)
            return
        before = subscription.shown.get(order_id)
        if before == row:
            return
        subscription.shown[order_id] = row
        told = row if before is None else changed_fields(before, row)
        subscription.subscriber.send({"topic": "sor", "args": [told]})

    def _live_orders(self) -> tuple[BrokerageOrder, ...]:
        brokerage = self.portal.world.brokerage
        return (*brokerage.open_orders(), *brokerage.completed_orders())


def _is_wanted(subscription: OrderSubscription, row: Row) -> bool:
    return not subscription.statuses or _plain(row["status"]) in subscription.statuses


def _plain(status: str) -> str:
    """Return a status so that ``pre_submitted`` is ``PreSubmitted``."""
    return status.replace("_", "").lower()
