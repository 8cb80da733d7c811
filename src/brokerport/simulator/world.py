"""The world: one clock, one market, one exchange and one broker, built from one scenario.

Rules:

- Only the world moves the clock, and only when it is told to. Every tick between then and now
  happens, in order: the clock moves, resting orders are matched, tick subscribers are called.
- Ticks are the session's opening plus whole numbers of ``tick_seconds``, up to its close. Closed
  time passes at once. At the close, day orders end and expiring options are settled.
- It ends where its books could no longer be kept: see ``ending``.
- Its cost is linear in ticks times instruments with resting orders, whatever is listed.
- Same scenario, same calls: the same run, to the last event.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TypeAlias

from attrs import frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.executions import utc
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.brokerage.brokerage import Brokerage
from brokerport.simulator.clock import ClockHand, SimulatedClock
from brokerport.simulator.ending import WorldEnded, check_prices_go_on
from brokerport.simulator.exchange.calendar import Session, TradingCalendar
from brokerport.simulator.exchange.exchange import Exchange
from brokerport.simulator.exchange.listing import Listing
from brokerport.simulator.market.market import Market
from brokerport.simulator.market.replay import ReplayMarket
from brokerport.simulator.market.synthetic import SyntheticMarket
from brokerport.simulator.scenario import ReplaySettings, Scenario

DEFAULT_FIRST_DAY = date(2026, 1, 5)


@frozen
class SessionChange:
    """A session opened or closed at ``at`` (UTC)."""

    is_open: bool
    session: Session
    at: datetime


TickSubscriber: TypeAlias = Callable[[datetime], None]
SessionSubscriber: TypeAlias = Callable[[SessionChange], None]


class World:
    """A simulated market with its broker, standing still until it is advanced."""

    def __init__(
        self,
        *,
        seed: int,
        tick_seconds: int,
        starts_at: datetime,
        calendar: TradingCalendar,
        market: Market,
        listing: Listing,
        scenario: Scenario,
    ) -> None:
        """Put the parts together; use ``World.build``."""
        self.seed = seed
        self.scenario = scenario
        self.calendar = calendar
        self.market = market
        self.listing = listing
        self.clock = SimulatedClock(starts_at)
        self.exchange = Exchange(listing, market, calendar)
        self.brokerage = Brokerage(
            self.exchange, listing, market, self.clock, scenario.accounts, seed=seed
        )
        self._hand = ClockHand(self.clock)
        self._tick = timedelta(seconds=tick_seconds)
        self._tick_subscribers: list[TickSubscriber] = []
        self._session_subscribers: list[SessionSubscriber] = []
        self._is_advancing = False

    @classmethod
    def build(cls, scenario: Scenario) -> World:
        """Build the world of a scenario.

        Raises:
            BadInput: something in the scenario, or in its replay file, is not allowed.
        """
        calendar = TradingCalendar()
        market, first_day = _market_of(scenario, calendar)
        starts_at = scenario.starts_at or _opening_of(first_day, calendar)
        day = exchange_date(starts_at)
        return cls(
            seed=scenario.seed,
            tick_seconds=scenario.tick_seconds,
            starts_at=starts_at,
            calendar=calendar,
            market=market,
            listing=Listing(market.universe, market.reference_prices(starts_at), day, calendar),
            scenario=scenario,
        )

    def subscribe_ticks(self, callback: TickSubscriber) -> None:
        """Call ``callback`` with the time after the matching of every tick, and at every close."""
        self._tick_subscribers.append(callback)

    def unsubscribe_ticks(self, callback: TickSubscriber) -> None:
        """Call it no more; raises ValueError if it never subscribed."""
        self._tick_subscribers.remove(callback)

    def subscribe_sessions(self, callback: SessionSubscriber) -> None:
        """Call ``callback`` when a session has opened or closed, before the tick's callbacks."""
        self._session_subscribers.append(callback)

    def unsubscribe_sessions(self, callback: SessionSubscriber) -> None:
        """Call it no more; raises ValueError if it never subscribed."""
        self._session_subscribers.remove(callback)

    def advance(self, by: timedelta) -> None:
        """Let ``by`` pass; see ``advance_to``."""
        self.advance_to(self.clock.now() + by)

    def advance_to(self, at: datetime) -> None:
        """Let time pass up to and including ``at`` (aware UTC), every tick in order.

        Raises:
            BadInput: the time is in the world's past, or not aware UTC.
            WorldEnded: prices or the calendar end before that time; what went before has happened.
            RuntimeError: called from a callback of the world, which is in the middle of a tick.
        """
        if utc(at) < self.clock.now():
            raise BadInput("at", at.isoformat(), f"{self.clock.now().isoformat()} or later")
        if self._is_advancing:
            raise RuntimeError("the world was advanced from one of its own callbacks")
        self._is_advancing = True
        try:
            self._run_to(at)
            self._hand.move_to(at)
        finally:
            self._is_advancing = False

    def _run_to(self, at: datetime) -> None:
        while True:
            session = self.calendar.session_of(self.clock.now())
            if session is not None:
                self._run_ticks(session, at)
                if at < session.closes_at:
                    return
                self._close(session)
            if self.clock.now() >= self.calendar.last_session.closes_at:
                raise WorldEnded(f"the calendar ends on {self.calendar.last_session.day}")
            opens_at = self.calendar.next_open(self.clock.now())
            if opens_at > at:
                return
            day = self.calendar.latest_session(opens_at).day
            check_prices_go_on(day, self.market, self.brokerage)
            self._open(opens_at)

    def _run_ticks(self, session: Session, at: datetime) -> None:
        passed = (self.clock.now() - session.opens_at) // self._tick
        next_tick = session.opens_at + (passed + 1) * self._tick
        while next_tick <= at and next_tick < session.closes_at:
            self._hand.move_to(next_tick)
            self.brokerage.match(next_tick)
            self._tell_tick(next_tick)
            next_tick += self._tick

    def _open(self, opens_at: datetime) -> None:
        self._hand.move_to(opens_at)
        self.brokerage.begin_session(opens_at)
        self._tell_session(True, self.calendar.latest_session(opens_at), opens_at)
        self._tell_tick(opens_at)

    def _close(self, session: Session) -> None:
        self._hand.move_to(session.closes_at)
        self.brokerage.end_session(session.closes_at)
        self._tell_session(False, session, session.closes_at)
        self._tell_tick(session.closes_at)

    def _tell_tick(self, at: datetime) -> None:
        for callback in tuple(self._tick_subscribers):
            callback(at)

    def _tell_session(self, is_open: bool, session: Session, at: datetime) -> None:
        for callback in tuple(self._session_subscribers):
            callback(SessionChange(is_open, session, at))


def _market_of(scenario: Scenario, calendar: TradingCalendar) -> tuple[Market, date]:
    """Return the scenario's market and the first day it may start on."""
    choice = scenario.market
    if isinstance(choice, ReplaySettings):
        replay = ReplayMarket(
            choice.path,
            calendar,
            from_date=choice.from_date,
            seed=scenario.seed,
            tick_seconds=scenario.tick_seconds,
        )
        return replay, replay.first_day
    if isinstance(choice, str):
        if choice != "synthetic":
            raise BadInput("scenario.market", choice, "'synthetic', ReplaySettings or a market")
        first_day = DEFAULT_FIRST_DAY
        if scenario.starts_at is not None:
            first_day = exchange_date(scenario.starts_at)
        synthetic = SyntheticMarket(
            scenario.seed, calendar, anchor=first_day, tick_seconds=scenario.tick_seconds
        )
        return synthetic, first_day
    return choice, DEFAULT_FIRST_DAY


def _opening_of(day: date, calendar: TradingCalendar) -> datetime:
    session = calendar.session_on(day) or calendar.next_session(day)
    return session.opens_at
