"""The brokerage session of a username: there is one, and one login holds it at a time."""

from __future__ import annotations

from brokerport.simulator.gateways.client_portal.login import Login


class BrokerageSeat:
    """Who holds a username's brokerage session (Web API: "one session per username")."""

    def __init__(self) -> None:
        self._holder: Login | None = None
        self._is_elsewhere = False
        self._waiting: list[Login] = []

    @property
    def holder(self) -> Login | None:
        """The login that holds it, None when nobody here does."""
        return self._holder

    def take(self, login: Login, *, compete: bool) -> bool:
        """Give it to a login; False when another holds it and ``compete`` is not wanted.

        The loser's session is forgotten, and it is marked as competing.
        """
        if self._holder is not login:
            if (self._holder is not None or self._is_elsewhere) and not compete:
                self._wait(login)
                return False
            self._oust()
        self._is_elsewhere = False
        self._holder = login
        self._waiting = [one for one in self._waiting if one is not login]
        login.is_authenticated = True
        login.is_competing = False
        return True

    def take_elsewhere(self) -> None:
        """Someone logs in on another device, and takes it."""
        self._oust()
        self._is_elsewhere = True

    def leave_elsewhere(self) -> None:
        """The other device logs out."""
        if self._is_elsewhere:
            self._is_elsewhere = False
            self._free()

    def leave(self, login: Login) -> None:
        """Let a login give it up, or no longer wait for it."""
        login.forget_brokerage()
        login.is_competing = False
        self._waiting = [one for one in self._waiting if one is not login]
        if self._holder is login:
            self._holder = None
            self._free()

    def _oust(self) -> None:
        if self._holder is not None:
            self._holder.forget_brokerage()
            self._wait(self._holder)
        self._holder = None

    def _wait(self, login: Login) -> None:
        login.is_competing = True
        if login not in self._waiting:
            self._waiting.append(login)

    def _free(self) -> None:
        """Nobody competes for what nobody holds."""
        for login in self._waiting:
            login.is_competing = False
        self._waiting.clear()
