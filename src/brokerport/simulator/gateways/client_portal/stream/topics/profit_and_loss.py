"""``spl``/``upl``: the profit and loss of every account, and then of those in which it changed.

The figures are priced again when the market has moved or an account has changed, once a turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from brokerport.simulator.brokerage.events import AccountUpdated, BrokerageEvent, PositionUpdated
from brokerport.simulator.gateways.client_portal.errors import PortalError
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.stream.frame import Frame
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from brokerport.simulator.gateways.client_portal.stream.topics.topic import Command, Topic
from brokerport.simulator.gateways.client_portal.translate.profit_and_loss import (
    partition_message,
)
from brokerport.simulator.gateways.client_portal.valuation import figures_of
from brokerport.simulator.gateways.log import gateway_logger
from brokerport.simulator.gateways.turn import EndOfTurn

Rows = dict[str, dict[str, Any]]

_log = gateway_logger(__name__)


class ProfitAndLossTopic(Topic):
    """The subscriptions to profit and loss, and the rows each was told."""

    def __init__(self, portal: ServedPortal, end_of_turn: EndOfTurn) -> None:
        super().__init__(portal, end_of_turn)
        self._told: dict[Subscriber, Rows] = {}

    def commands(self) -> Mapping[str, Command]:
        """Return what clients may ask for."""
        return {
            "spl": Command(self._subscribe, needs_bridge=True),
            "upl": Command(self._unsubscribe),
        }

    def on_event(self, event: BrokerageEvent) -> None:
        """Price the accounts again at the end of this turn."""
        if self._told and isinstance(event, AccountUpdated | PositionUpdated):
            self.end_of_turn.ask(self._tell_all)

    def on_tick(self, _at: datetime) -> None:
        """Price the accounts again at the end of this turn."""
        if self._told:
            self.end_of_turn.ask(self._tell_all)

    def end(self, subscriber: Subscriber) -> None:
        """End a connection's subscription."""
        self._told.pop(subscriber, None)

    def _subscribe(self, subscriber: Subscriber, _frame: Frame) -> None:
        rows: Rows = {}
        for account in self.portal.accounts:
            rows |= partition_message(figures_of(self.portal, account))
        subscriber.send({"topic": "spl", "args": rows})
        self._told[subscriber] = rows

    def _unsubscribe(self, subscriber: Subscriber, _frame: Frame) -> None:
        self.end(subscriber)

    def _tell_all(self) -> None:
        rows: Rows = {}
        for account in self.portal.accounts:
            try:
                rows |= partition_message(figures_of(self.portal, account))
            except PortalError as unpriced:
                _log.warning("portal_stream.unpriced", account=account.masked, cause=str(unpriced))
        for subscriber, told in self._told.items():
            changed = {key: row for key, row in rows.items() if told.get(key) != row}
            if changed:
                told |= changed
                subscriber.send({"topic": "spl", "args": changed})
