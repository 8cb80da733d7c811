"""IBKR's pacing limits, as the gateway enforces them (Web API, "Pacing Limitations").

Rules:

- The gateway passes 10 requests a second for each address, whoever sends them; with OAuth it is 50
  a second for each username. An endpoint with a limit of its own has to keep that as well.
- A window slides: a request is admitted unless as many as allowed were admitted within the seconds
  before. A refused request is a violation and takes no place in the window.
- Who violates too often within a minute is put into the penalty box: every request of that address
  is refused until the time is over, and each of them counts as a violation too.
- Time is the wall's (monotonic seconds), whatever the world's clock does.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping

from attrs import frozen

from brokerport.simulator.gateways.client_portal.settings import PortalSettings


@frozen
class Limit:
    """At most ``requests`` in ``seconds``; 0 seconds is at most ``requests`` at one time."""

    requests: int
    seconds: float


GATEWAY = "gateway"
USERNAME = "username"
PENALTY_BOX = "penalty box"
VIOLATION_SECONDS = 60.0

LIMITS: Mapping[str, Limit] = {
    GATEWAY: Limit(10, 1),
    USERNAME: Limit(50, 1),
    "orders": Limit(1, 5),
    "trades": Limit(1, 5),
    "pnl": Limit(1, 5),
    "portfolio accounts": Limit(1, 5),
    "portfolio subaccounts": Limit(1, 5),
    "tickle": Limit(1, 1),
    "fyi": Limit(1, 1),
    "scanner run": Limit(1, 1),
    "scanner params": Limit(1, 900),
    "pa performance": Limit(1, 900),
    "pa summary": Limit(1, 900),
    "pa transactions": Limit(1, 900),
    "snapshot": Limit(10, 1),
    "history": Limit(5, 0),
    "sso validate": Limit(1, 60),
}


class PacingDesk:
    """Counts the requests of each address and says which are too many."""

    def __init__(self, settings: PortalSettings) -> None:
        self._settings = settings
        self.violations: Counter[str] = Counter()
        self._windows: dict[tuple[str, str], deque[float]] = {}
        self._under_way: Counter[tuple[str, str]] = Counter()
        self._violated_at: dict[str, deque[float]] = {}
        self._boxed_until: dict[str, float] = {}

    def admits(
        self, address: str, limit: str | None, at: float, *, username: str | None = None
    ) -> bool:
        """Say whether a request may pass at ``at`` (monotonic seconds), and count it.

        ``username`` is given with OAuth. What a limit at one time has admitted must be ``done``.
        """
        if not self._settings.enforces_pacing:
            return True
        if at < self._boxed_until.get(address, at):
            self.violations[PENALTY_BOX] += 1
            return False
        who = address if username is None else username
        wanted = [GATEWAY if username is None else USERNAME, *([] if limit is None else [limit])]
        for name in wanted:
            if not self._has_room(who, name, at):
                self._violated(address, name, at)
                return False
        for name in wanted:
            self._count(who, name, at)
        return True

    def done(self, address: str, limit: str | None, *, username: str | None = None) -> None:
        """Say that an admitted request has been answered."""
        key = (address if username is None else username, limit or "")
        if self._under_way[key]:
            self._under_way[key] -= 1

    def is_boxed(self, address: str, at: float) -> bool:
        """Say whether an address is in the penalty box."""
        return at < self._boxed_until.get(address, at)

    def _has_room(self, who: str, name: str, at: float) -> bool:
        limit = LIMITS[name]
        if not limit.seconds:
            return self._under_way[who, name] < limit.requests
        window = self._windows.setdefault((who, name), deque())
        while window and window[0] <= at - limit.seconds:
            window.popleft()
        return len(window) < limit.requests

    def _count(self, who: str, name: str, at: float) -> None:
        if LIMITS[name].seconds:
            self._windows[who, name].append(at)
        else:
            self._under_way[who, name] += 1

    def _violated(self, address: str, name: str, at: float) -> None:
        self.violations[name] += 1
        recent = self._violated_at.setdefault(address, deque())
        while recent and recent[0] <= at - VIOLATION_SECONDS:
            recent.popleft()
        recent.append(at)
        if len(recent) >= self._settings.penalty_after:
            recent.clear()
            self._boxed_until[address] = at + self._settings.penalty_seconds
