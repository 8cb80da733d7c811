"""Tick-by-tick data: every change of an instrument's quote or last price, as it happens.

Rules (TWS API, "Tick-by-Tick Data"): BidAsk tells both sides, MidPoint the middle of them, Last and
AllLast each trade. The simulated market shows no single trades: a new last price or size is one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from attrs import define

from brokerport.domain.instruments import Instrument
from brokerport.simulator.exchange.quotes import DisplayedQuote
from brokerport.simulator.gateways.tws.session import Session
from brokerport.simulator.gateways.tws.times import epoch_seconds
from brokerport.simulator.market.market import Market
from brokerport.simulator.wire.tws.messages.market_data import (
    TickByTickBidAsk,
    TickByTickLast,
    TickByTickMidPoint,
)

ZERO = Decimal(0)
LAST_NUMBERS = {"Last": 1, "AllLast": 2}
TICK_TYPES = (*LAST_NUMBERS, "BidAsk", "MidPoint")


@define(eq=False)
class TickSubscription:
    """One client's stream of every tick; remembers the last one."""

    session: Session
    request_id: int
    instrument: Instrument
    tick_type: str
    ignores_size: bool
    told: tuple[object, ...] | None = None


class TickByTickFeed:
    """The subscriptions to every tick."""

    def __init__(self, market: Market, now: Callable[[], datetime]) -> None:
        self._market = market
        self._now = now
        self._subscriptions: dict[tuple[Session, int], TickSubscription] = {}

    def subscribe(self, subscription: TickSubscription) -> None:
        """Begin a stream, with the tick that stands now."""
        at = self._now()
        _tell(subscription, self._market.quote(subscription.instrument, at), at)
        self._subscriptions[subscription.session, subscription.request_id] = subscription

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

    def on_tick(self, at: datetime) -> None:
        """Tell what changed with this tick."""
        quotes: dict[Instrument, DisplayedQuote] = {}
        for subscription in tuple(self._subscriptions.values()):
            instrument = subscription.instrument
            if instrument not in quotes:
                quotes[instrument] = self._market.quote(instrument, at)
            _tell(subscription, quotes[instrument], at)


def _tell(subscription: TickSubscription, quote: DisplayedQuote, at: datetime) -> None:
    tick: tuple[object, ...]
    message: object
    request_id, time = subscription.request_id, epoch_seconds(at)
    if subscription.tick_type in LAST_NUMBERS:
        if quote.last is None:
            return
        tick = (quote.last, quote.last_size)
        message = TickByTickLast(
            request_id,
            LAST_NUMBERS[subscription.tick_type],
            time,
            quote.last,
            quote.last_size or ZERO,
            exchange="SMART",
        )
    else:
        if quote.bid is None or quote.ask is None:
            return
        if subscription.tick_type == "MidPoint":
            middle = (quote.bid + quote.ask) / 2
            tick = (middle,)
            message = TickByTickMidPoint(request_id, time, middle)
        else:
            sizes = () if subscription.ignores_size else (quote.bid_size, quote.ask_size)
            tick = (quote.bid, quote.ask, *sizes)
            message = TickByTickBidAsk(
                request_id,
                time,
                quote.bid,
                quote.ask,
                quote.bid_size or ZERO,
                quote.ask_size or ZERO,
            )
    if tick != subscription.told:
        subscription.told = tick
        subscription.session.send(message)
