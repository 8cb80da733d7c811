"""What each account was worth at every close, as far back as the portal has watched.

The broker keeps no history, so the portal keeps one: from the close before it was first asked, and
then at every close of the world. A close at which the market had no price for a holding is missing,
never guessed. The gateway forgets it when it closes.
"""

from __future__ import annotations

import weakref
from datetime import date
from decimal import Decimal

from attrs import frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.brokerage.marks import NoMarkPrice
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.valuation import figures_of
from brokerport.simulator.world import SessionChange, World


@frozen
class NavPoint:
    """What an account was worth at a day's close, or on the current day so far."""

    day: date
    value: Decimal


class NavHistory:
    """The closing values of every account."""

    def __init__(self, portal: ServedPortal) -> None:
        """Begin at the last close.

        Raises:
            PortalError: the market has no price for a holding (503).
        """
        self._portal = portal
        world = portal.world
        day = world.calendar.previous_session(self.today).day
        self._closes: dict[BrokerAccount, list[NavPoint]] = {}
        for account in portal.accounts:
            figures = figures_of(portal, account)
            self._closes[account] = [NavPoint(day, figures.net_liquidation - figures.daily)]
        _watch_closes(world, self)

    @property
    def today(self) -> date:
        """The day of the session in progress, or of the latest one."""
        return self._portal.world.calendar.latest_session(self._portal.now).day

    def values(self, account: BrokerAccount) -> tuple[NavPoint, ...]:
        """Return an account's closes, oldest first, and last what it is worth now.

        Raises:
            PortalError: the market has no price for a holding (503).
        """
        now = NavPoint(self.today, figures_of(self._portal, account).net_liquidation)
        return (*(one for one in self._closes[account] if one.day < now.day), now)

    def record_close(self, day: date) -> None:
        """Keep what the accounts are worth at a close."""
        for account, closes in self._closes.items():
            try:
                value = self._portal.world.brokerage.balances(account).net_liquidation.amount
            except NoMarkPrice:
                continue
            closes.append(NavPoint(day, value))


def _watch_closes(world: World, history: NavHistory) -> None:
    """Record every close for as long as the history is in use, and leave nothing behind."""
    reference = weakref.ref(history)

    def on_session(change: SessionChange) -> None:
        alive = reference()
        if alive is None:
            world.unsubscribe_sessions(on_session)
        elif not change.is_open:
            alive.record_close(change.session.day)

    world.subscribe_sessions(on_session)
