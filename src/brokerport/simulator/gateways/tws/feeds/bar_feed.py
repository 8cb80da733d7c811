"""Bars that keep coming: five-second bars, and histories that are kept up to date.

Rules (TWS API, "Receiving Real Time Bars" and "Historical Bars, keepUpToDate"): a five-second bar
is sent when it is complete; a history kept up to date gets its running bar whenever that changes,
and a new bar once one begins.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import define, field

from brokerport.domain.errors import FinalError
from brokerport.domain.instruments import Instrument
from brokerport.simulator.gateways.bars import BarSource
from brokerport.simulator.gateways.log import gateway_logger
from brokerport.simulator.gateways.turn import EndOfTurn
from brokerport.simulator.gateways.tws.bars import BarRequest, bar_date
from brokerport.simulator.gateways.tws.session import Session
from brokerport.simulator.gateways.tws.times import epoch_seconds
from brokerport.simulator.market.market import Bar
from brokerport.simulator.wire.tws.messages.history import HistoricalDataUpdate, RealTimeBar

REAL_TIME_BAR_SECONDS = 5

_log = gateway_logger(__name__)


@define(eq=False)
class RealTimeSubscription:
    """One client's stream of five-second bars; the next one begins at ``next_at`` or later."""

    session: Session
    request_id: int
    instrument: Instrument
    what_to_show: str
    next_at: datetime


@define(eq=False)
class HistorySubscription:
    """One client's history kept up to date; ``last`` is the running bar as it was told."""

    session: Session
    request_id: int
    instrument: Instrument
    request: BarRequest
    last: Bar | None
    since: datetime = field()


class BarFeed:
    """The subscriptions to bars."""

    def __init__(
        self, source: BarSource, now: Callable[[], datetime], end_of_turn: EndOfTurn
    ) -> None:
        self._source = source
        self._now = now
        self._end_of_turn = end_of_turn
        self._real_time: dict[tuple[Session, int], RealTimeSubscription] = {}
        self._histories: dict[tuple[Session, int], HistorySubscription] = {}

    def subscribe_real_time(
        self, session: Session, request_id: int, instrument: Instrument, what_to_show: str
    ) -> None:
        """Begin five-second bars, from the next one on."""
        self._real_time[session, request_id] = RealTimeSubscription(
            session, request_id, instrument, what_to_show, self._now()
        )

    def unsubscribe_real_time(self, session: Session, request_id: int) -> bool:
        """End five-second bars; False when there are none."""
        return self._real_time.pop((session, request_id), None) is not None

    def is_real_time(self, session: Session, request_id: int) -> bool:
        """Say whether a request id of a client's is in use for five-second bars."""
        return (session, request_id) in self._real_time

    def keep_up_to_date(self, subscription: HistorySubscription) -> None:
        """Go on sending the running bar of a history."""
        self._histories[subscription.session, subscription.request_id] = subscription

    def unsubscribe_history(self, session: Session, request_id: int) -> bool:
        """End the updates of a history; False when there are none."""
        return self._histories.pop((session, request_id), None) is not None

    def forget(self, session: Session) -> None:
        """End every subscription of a client."""
        for key in [key for key in self._real_time if key[0] is session]:
            del self._real_time[key]
        for key in [key for key in self._histories if key[0] is session]:
            del self._histories[key]

    def on_tick(self, _at: datetime) -> None:
        """Send what is complete or has changed, at the end of this turn."""
        if self._real_time or self._histories:
            self._end_of_turn.ask(self._tell_all)

    def _tell_all(self) -> None:
        now = self._now()
        for real_time in tuple(self._real_time.values()):
            try:
                self._tell_real_time(real_time, now)
            except FinalError as cause:
                _log.warning("tws_gateway.no_bars", cause=str(cause))
        for history in tuple(self._histories.values()):
            try:
                self._tell_history(history, now)
            except FinalError as cause:
                _log.warning("tws_gateway.no_bars", cause=str(cause))

    def _tell_real_time(self, subscription: RealTimeSubscription, now: datetime) -> None:
        length = timedelta(seconds=REAL_TIME_BAR_SECONDS)
        bars = self._source.bars(
            subscription.instrument,
            subscription.what_to_show,
            subscription.next_at,
            now,
            REAL_TIME_BAR_SECONDS,
        )
        for bar in bars:
            if bar.begins_at + length > now:
                break
            subscription.session.send(
                RealTimeBar(
                    subscription.request_id,
                    epoch_seconds(bar.begins_at),
                    bar.open,
                    bar.high,
                    bar.low,
                    bar.close,
                    bar.volume,
                    bar.average,
                    bar.count,
                )
            )
            subscription.next_at = bar.begins_at + length

    def _tell_history(self, subscription: HistorySubscription, now: datetime) -> None:
        request = subscription.request
        bars = request.bars(self._source, subscription.instrument, subscription.since, now)
        for bar in bars:
            last = subscription.last
            if last is not None and (bar.begins_at < last.begins_at or bar == last):
                continue
            subscription.last = bar
            subscription.since = bar.begins_at
            subscription.session.send(
                HistoricalDataUpdate(
                    subscription.request_id,
                    bar.count,
                    bar_date(bar, request, subscription.session.version),
                    bar.open,
                    bar.close,
                    bar.high,
                    bar.low,
                    bar.average,
                    bar.volume,
                )
            )
