"""``smd``/``umd``: an instrument's quote, and then what changes of it.

Rules (Web API, "Market Data Request" and "Cancel Market Data"):

- The first message shows everything asked for, a later one only what changed. A field that has no
  value any more is sent once as ``""``.
- What a later change overtook within the turn is not sent, as IBKR's own stream is sampled.
- Asking again adds fields, begins anew and lets the stream go on. It ends by itself, silently, a
  quarter of an hour after it was last asked for.
- Ending it is not answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import define

from brokerport.domain.instruments import Instrument
from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.market_desk import MarketDesk
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.stream.frame import Frame
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from brokerport.simulator.gateways.client_portal.stream.topics.topic import (
    Command,
    Topic,
    contract_id,
)
from brokerport.simulator.gateways.client_portal.translate.quotes import (
    ALWAYS_FIELDS,
    snapshot_row,
)
from brokerport.simulator.gateways.turn import EndOfTurn

ALWAYS_SENT = frozenset({"conid", "conidEx", "server_id", "_updated", "6119"})
NO_VALUE = ""


@define(eq=False)
class QuoteSubscription:
    """One connection's stream of a quote; remembers what it was shown."""

    subscriber: Subscriber
    contract_id: int
    instrument: Instrument
    topic: str
    fields: frozenset[str]
    ends_at: float
    shown: dict[str, Any] | None = None


class MarketDataTopic(Topic):
    """The subscriptions to quotes."""

    def __init__(self, portal: ServedPortal, end_of_turn: EndOfTurn) -> None:
        super().__init__(portal, end_of_turn)
        self._desk = portal.store(MarketDesk)
        self._subscriptions: dict[tuple[Subscriber, int], QuoteSubscription] = {}

    def commands(self) -> Mapping[str, Command]:
        """Return what clients may ask for."""
        return {
            "smd": Command(self._subscribe, needs_bridge=True),
            "umd": Command(self._unsubscribe),
        }

    def on_tick(self, _at: datetime) -> None:
        """Look at the market again at the end of this turn."""
        if self._subscriptions:
            self.end_of_turn.ask(self._tell_all)

    def on_time(self, seconds: float) -> None:
        """End what has run for too long."""
        for key, subscription in tuple(self._subscriptions.items()):
            if subscription.ends_at <= seconds:
                del self._subscriptions[key]

    def end(self, subscriber: Subscriber) -> None:
        """End every subscription of a connection."""
        for key in [key for key in self._subscriptions if key[0] is subscriber]:
            del self._subscriptions[key]

    def end_by_request(self, login: Login, contract: int | None) -> None:
        """End a login's streams of a contract, or all of them."""
        for key in tuple(self._subscriptions):
            if key[0].login is login and contract in (None, key[1]):
                del self._subscriptions[key]

    def _subscribe(self, subscriber: Subscriber, frame: Frame) -> None:
        target = frame.target(0, "conid")
        contract = contract_id(target)
        fields = frozenset(frame.texts("fields"))
        running = self._subscriptions.get((subscriber, contract))
        subscription = QuoteSubscription(
            subscriber=subscriber,
            contract_id=contract,
            instrument=self._desk.instrument(contract),
            topic=f"smd+{target}",
            fields=fields if running is None else fields | running.fields,
            ends_at=self.portal.monotonic() + self.portal.settings.market_data_seconds_max,
        )
        self._tell(subscription, self.portal.now)
        self._subscriptions[subscriber, contract] = subscription

    def _unsubscribe(self, subscriber: Subscriber, frame: Frame) -> None:
        self._subscriptions.pop((subscriber, contract_id(frame.target(0, "conid"))), None)

    def _tell_all(self) -> None:
        self.on_time(self.portal.monotonic())
        at = self.portal.now
        for subscription in tuple(self._subscriptions.values()):
            self._tell(subscription, at)

    def _tell(self, subscription: QuoteSubscription, at: datetime) -> None:
        row = snapshot_row(
            self._desk, subscription.instrument, subscription.fields | ALWAYS_FIELDS, at
        )
        shown = {name: what for name, what in row.items() if name not in ALWAYS_SENT}
        before = subscription.shown or {}
        changed = {name: what for name, what in shown.items() if before.get(name) != what}
        changed |= {name: NO_VALUE for name in before if name not in shown}
        if subscription.shown is not None and not changed:
            return
        subscription.shown = shown
        always = {name: what for name, what in row.items() if name in ALWAYS_SENT}
        subscription.subscriber.send(always | changed | {"topic": subscription.topic})
