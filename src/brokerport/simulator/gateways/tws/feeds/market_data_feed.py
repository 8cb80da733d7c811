"""Streaming quotes: one look at the market per instrument and turn, fanned out as ticks.

Rules (TWS API, "Market Data"): a subscriber first gets everything shown, then what changes; an
update that a later one overtook within the turn is not sent, as IBKR's own stream is sampled.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from attrs import define

from brokerport.domain.instruments import Instrument
from brokerport.simulator.gateways.turn import EndOfTurn
from brokerport.simulator.gateways.tws.quotes import (
    DELAYED_FROZEN_TYPE,
    DELAYED_TYPE,
    QuoteViews,
)
from brokerport.simulator.gateways.tws.session import Session
from brokerport.simulator.gateways.tws.translate.ticks import (
    DELAYED,
    LIVE,
    Picture,
    TickNumbers,
    tick_messages,
)
from brokerport.simulator.wire.tws.messages.market_data import MarketDataType


@define(eq=False)
class QuoteSubscription:
    """One client's stream of an instrument's ticks; remembers what it was shown."""

    session: Session
    request_id: int
    instrument: Instrument
    wanted_type: int
    shown_type: int | None = None
    shown: Picture | None = None


class MarketDataFeed:
    """The subscriptions to quotes."""

    def __init__(
        self, views: QuoteViews, now: Callable[[], datetime], end_of_turn: EndOfTurn
    ) -> None:
        self._views = views
        self._now = now
        self._end_of_turn = end_of_turn
        self._subscriptions: dict[tuple[Session, int], QuoteSubscription] = {}

    def subscribe(self, session: Session, request_id: int, instrument: Instrument) -> None:
        """Begin a stream, with everything shown now."""
        subscription = QuoteSubscription(session, request_id, instrument, session.market_data_type)
        at = self._now()
        self._tell(subscription, self._views.picture(instrument, subscription.wanted_type, at), at)
        self._subscriptions[session, request_id] = subscription

    def snapshot(self, session: Session, request_id: int, instrument: Instrument) -> None:
        """Send everything shown now, once."""
        at, wanted = self._now(), session.market_data_type
        self._tell(
            QuoteSubscription(session, request_id, instrument, wanted),
            self._views.picture(instrument, wanted, at),
            at,
        )

    def unsubscribe(self, session: Session, request_id: int) -> bool:
        """End a stream; False when there is none."""
        return self._subscriptions.pop((session, request_id), None) is not None

    def is_subscribed(self, session: Session, request_id: int) -> bool:
        """Say whether a request id of a client's is in use."""
        return (session, request_id) in self._subscriptions

    def count_of(self, session: Session) -> int:
        """Return how many streams a client has."""
        return sum(1 for owner, _ in self._subscriptions if owner is session)

    def forget(self, session: Session) -> None:
        """End every stream of a client."""
        for key in [key for key in self._subscriptions if key[0] is session]:
            del self._subscriptions[key]

    def change_type(self, session: Session) -> None:
        """Show a client's streams as its new market data type has them."""
        for subscription in self._subscriptions.values():
            if subscription.session is session:
                subscription.wanted_type = session.market_data_type
                subscription.shown = None
        if self._subscriptions:
            self._end_of_turn.ask(self._tell_all)

    def on_tick(self, _at: datetime) -> None:
        """Look at the market again at the end of this turn."""
        if self._subscriptions:
            self._end_of_turn.ask(self._tell_all)

    def _tell_all(self) -> None:
        at = self._now()
        pictures: dict[tuple[Instrument, int], Picture] = {}
        for subscription in tuple(self._subscriptions.values()):
            key = (subscription.instrument, subscription.wanted_type)
            if key not in pictures:
                pictures[key] = self._views.picture(*key, at)
            self._tell(subscription, pictures[key], at)

    def _tell(self, subscription: QuoteSubscription, picture: Picture, at: datetime) -> None:
        shown_type = self._views.shown_type(subscription.wanted_type, at)
        session, request_id = subscription.session, subscription.request_id
        if shown_type != subscription.shown_type:
            subscription.shown_type = shown_type
            session.send(MarketDataType(request_id, shown_type))
        if picture == subscription.shown:
            return
        numbers = _numbers(subscription.wanted_type)
        for message in tick_messages(request_id, subscription.shown, picture, numbers):
            session.send(message)
        subscription.shown = picture


def _numbers(market_data_type: int) -> TickNumbers:
    return DELAYED if market_data_type in (DELAYED_TYPE, DELAYED_FROZEN_TYPE) else LIVE
