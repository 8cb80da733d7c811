"""``str``/``utr``: executions, each as it happens and once more with its commission.

Rules (Web API, "Request Trades Data"; what was captured of IBKR):

- The first message shows the executions of the last ``days`` (1 to 7, today is one), and has none
  with ``realtimeUpdatesOnly``.
- Then comes one message an execution, before the one that shows what it made of its order. Its
  commission follows, in a message with the same ``execution_id``.
- Ending it is not answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.brokerage.events import (
    BrokerageEvent,
    CommissionBooked,
    ExecutionBooked,
)
from brokerport.simulator.brokerage.orders import BrokerageExecution
from brokerport.simulator.gateways.client_portal.order_rows import OrderRows
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.stream.frame import Frame
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from brokerport.simulator.gateways.client_portal.stream.topics.topic import Command, Topic
from brokerport.simulator.gateways.turn import EndOfTurn

DAYS_MAX = 7
COMMISSION = "commission"


class TradesTopic(Topic):
    """The subscriptions to executions."""

    def __init__(self, portal: ServedPortal, end_of_turn: EndOfTurn) -> None:
        super().__init__(portal, end_of_turn)
        self._rows = portal.store(OrderRows)
        self._subscribers: dict[Subscriber, None] = {}

    def commands(self) -> Mapping[str, Command]:
        """Return what clients may ask for."""
        return {
            "str": Command(self._subscribe, needs_bridge=True),
            "utr": Command(self._unsubscribe),
        }

    def on_event(self, event: BrokerageEvent) -> None:
        """Tell of an execution, or of its commission."""
        if not self._subscribers:
            return
        match event:
            case ExecutionBooked(booked):
                row = self._rows.trade(booked)
                self._tell_all({name: what for name, what in row.items() if name != COMMISSION})
            case CommissionBooked(booked):
                self._tell_all(self._rows.trade(booked))
            case _:
                pass

    def end(self, subscriber: Subscriber) -> None:
        """End a connection's subscription."""
        self._subscribers.pop(subscriber, None)

    def _subscribe(self, subscriber: Subscriber, frame: Frame) -> None:
        days = frame.integer("days", 1, 1, DAYS_MAX)
        is_silent = frame.flag("realtimeUpdatesOnly", "realtime_updates_only")
        executions = () if is_silent else self._executions(days)
        rows = [self._rows.trade(booked) for booked in executions]
        subscriber.send({"topic": "str", "args": rows})
        self._subscribers[subscriber] = None

    def _unsubscribe(self, subscriber: Subscriber, _frame: Frame) -> None:
        self.end(subscriber)

    def _executions(self, days: int) -> list[BrokerageExecution]:
        first_day = exchange_date(self.portal.now) - timedelta(days=days - 1)
        return [
            booked
            for booked in self.portal.world.brokerage.executions()
            if exchange_date(booked.execution.executed_at) >= first_day
        ]

    def _tell_all(self, row: dict[str, Any]) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber.send({"topic": "str", "args": [row]})
