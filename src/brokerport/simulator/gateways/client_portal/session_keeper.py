"""How sessions end, and how the brokerage session is opened and taken over.

Rules (Web API, "Sessions"; client-portal-wire, section 1):

- Idle for about six minutes, by the wall's clock: the brokerage session is gone, the outer one
  stays (``connected`` true, ``authenticated`` false). ``ssodh/init`` opens it again.
- After 24 hours, by the wall's clock: the outer session is gone too, until somebody logs in.
- At midnight in New York, by the world's clock, every brokerage session is reset.
- A username has one brokerage session. Who wants it while another holds it is told that it
  competes; who insists takes it, and the loser is told.

Sessions are looked at when a request comes, when a stream beats and when the world opens a session
of trading; nothing else runs. A login's WebSockets are told of every change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.gateways.client_portal.login import Login

if TYPE_CHECKING:
    from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal


class SessionKeeper:
    """Opens and ends the sessions of one gateway."""

    def __init__(self, portal: ServedPortal) -> None:
        self._portal = portal

    def check(self) -> None:
        """End every session whose time is over."""
        for login in self._portal.logins:
            self._check_one(login)

    def touch(self, login: Login) -> None:
        """Take note that a login has been heard from, by a request or a ``tic``."""
        login.last_request_at = self._portal.monotonic()

    def open_brokerage(self, login: Login, *, compete: bool) -> bool:
        """Open a login's brokerage session; False when another holds it and is not to be ousted."""
        portal = self._portal
        seat = portal.seat(login.username)
        loser = seat.holder
        was_open, was_competing = login.is_authenticated, login.is_competing
        has_it = seat.take(login, compete=compete)
        if has_it and not was_open:
            login.brokerage_since = portal.now
        if loser is not None and loser is not login and not loser.is_authenticated:
            portal.streams.tell_status(loser)
        if (login.is_authenticated, login.is_competing) != (was_open, was_competing):
            portal.streams.tell_status(login)
        return has_it

    def lose_brokerage(self, login: Login) -> None:
        """End a login's brokerage session; the outer one stays."""
        had_it = login.is_authenticated
        self._portal.seat(login.username).leave(login)
        if had_it:
            self._portal.streams.tell_status(login)

    def compete_elsewhere(self, username: str) -> None:
        """Let a username's brokerage session be taken on another device."""
        seat = self._portal.seat(username)
        loser = seat.holder
        seat.take_elsewhere()
        if loser is not None:
            self._portal.streams.tell_status(loser)

    def end(self, login: Login) -> None:
        """End a login altogether: the outer session, and the brokerage session with it."""
        if not login.is_open:
            return
        login.is_open = False
        self._portal.seat(login.username).leave(login)
        self._portal.streams.tell_status(login)

    def _check_one(self, login: Login) -> None:
        if not login.is_open:
            return
        portal, settings = self._portal, self._portal.settings
        at = portal.monotonic()
        if at - login.opened_at >= settings.session_seconds_max:
            self.end(login)
        elif login.is_authenticated and (
            at - login.last_request_at >= settings.idle_seconds_max or self._is_past_midnight(login)
        ):
            self.lose_brokerage(login)

    def _is_past_midnight(self, login: Login) -> bool:
        since = login.brokerage_since
        return since is not None and exchange_date(since) < exchange_date(self._portal.now)
