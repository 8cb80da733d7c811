"""``sbd``/``ubd``: an instrument's prices as a ladder, and who stands on its rungs.

The simulated market displays its best bid and offer, and nothing behind them. The ladder has those
rungs and the last price (``focus`` 1), from the highest down; no depth is made up. A connection has
one ladder an account, as it can only be ended by its account.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import define

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.instruments import Instrument
from brokerport.simulator.exchange.quotes import DisplayedQuote
from brokerport.simulator.gateways.client_portal.market_desk import MarketDesk
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.stream.frame import Frame
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from brokerport.simulator.gateways.client_portal.stream.topics.topic import (
    Command,
    Topic,
    contract_id,
)
from brokerport.simulator.gateways.client_portal.translate.quote_words import (
    plain_text,
    price_text,
)
from brokerport.simulator.gateways.turn import EndOfTurn

Rows = list[dict[str, Any]]


@define(eq=False)
class LadderSubscription:
    """One connection's ladder; remembers the rows it was shown."""

    subscriber: Subscriber
    instrument: Instrument
    topic: str
    shown: Rows | None = None


class PriceLadderTopic(Topic):
    """The subscriptions to price ladders."""

    def __init__(self, portal: ServedPortal, end_of_turn: EndOfTurn) -> None:
        super().__init__(portal, end_of_turn)
        self._desk = portal.store(MarketDesk)
        self._subscriptions: dict[tuple[Subscriber, BrokerAccount], LadderSubscription] = {}

    def commands(self) -> Mapping[str, Command]:
        """Return what clients may ask for."""
        return {
            "sbd": Command(self._subscribe, needs_bridge=True),
            "ubd": Command(self._unsubscribe),
        }

    def on_tick(self, _at: datetime) -> None:
        """Look at the market again at the end of this turn."""
        if self._subscriptions:
            self.end_of_turn.ask(self._tell_all)

    def end(self, subscriber: Subscriber) -> None:
        """End every subscription of a connection."""
        for key in [key for key in self._subscriptions if key[0] is subscriber]:
            del self._subscriptions[key]

    def _subscribe(self, subscriber: Subscriber, frame: Frame) -> None:
        account = self.portal.account(frame.target(0, "accountId"))
        instrument = self._desk.instrument(contract_id(frame.target(1, "conid")))
        subscription = LadderSubscription(subscriber, instrument, frame.topic)
        self._tell(subscription)
        self._subscriptions[subscriber, account] = subscription

    def _unsubscribe(self, subscriber: Subscriber, frame: Frame) -> None:
        account = self.portal.account(frame.target(0, "accountId"))
        self._subscriptions.pop((subscriber, account), None)

    def _tell_all(self) -> None:
        for subscription in tuple(self._subscriptions.values()):
            self._tell(subscription)

    def _tell(self, subscription: LadderSubscription) -> None:
        quote = self.portal.world.market.quote(subscription.instrument, self.portal.now)
        rows = ladder_rows(quote)
        if rows != subscription.shown:
            subscription.shown = rows
            subscription.subscriber.send({"topic": subscription.topic, "data": rows})


def ladder_rows(quote: DisplayedQuote) -> Rows:
    """Return the rungs that a quote shows, from the highest price down."""
    rungs: dict[Decimal, dict[str, Any]] = {}
    if quote.ask is not None:
        rungs.setdefault(quote.ask, {})["ask"] = plain_text(quote.ask_size or Decimal(0))
    if quote.bid is not None:
        rungs.setdefault(quote.bid, {})["bid"] = plain_text(quote.bid_size or Decimal(0))
    if quote.last is not None:
        rungs.setdefault(quote.last, {})["focus"] = 1
    return [
        {"row": row, "focus": 0, "price": price_text(price), **rungs[price]}
        for row, price in enumerate(sorted(rungs, reverse=True))
    ]
