"""How many messages a client sends in a second, and how often that was too many.

Rule (TWS API, "Limitations"): at most 50 messages a second from one client. TWS answers error 100
and drops a client on its third violation. Here a violation is a second, counted from its first
message, in which the limit is passed; every message past the limit is counted too.

The second is 0.9 of one: a client that keeps to the limit (ib_async sends 45, then waits) must
not be accused because two of its bursts arrived a little closer together than they were sent.
"""

from __future__ import annotations

from attrs import define

SECOND_SECONDS = 0.9


@define
class PacingMeter:
    """Counts one client's messages; times are the event loop's, in seconds."""

    limit: int | None
    violations: int = 0
    messages_over_the_limit: int = 0
    _second_began_at: float = float("-inf")
    _received: int = 0

    @property
    def received_this_second(self) -> int:
        """How many messages came in the second under way."""
        return self._received

    def count(self, now: float) -> bool:
        """Count one message; return whether it is the one with which a violation begins."""
        if self.limit is None:
            return False
        if now - self._second_began_at >= SECOND_SECONDS:
            self._second_began_at = now
            self._received = 0
        self._received += 1
        if self._received <= self.limit:
            return False
        self.messages_over_the_limit += 1
        if self._received > self.limit + 1:
            return False
        self.violations += 1
        return True
