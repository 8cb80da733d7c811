"""What the client could see of an event at the exchange, however well it works.

TWS shows the executions and completed orders of the current day only (TWS API, ``reqExecutions``,
``reqCompletedOrders``). What happened while nobody listened, and was not read before the day was
over, a client cannot learn from its records any more; a client that says so is right.
"""

from __future__ import annotations

from brokerport.domain.events import SessionChanged, SessionState
from brokerport.dst.record import Books

# What is heard within this time of happening was heard for certain, if nothing was wrong.
HEARD_SECONDS = 5.0


class Sight:
    """When there were sessions, and which events fell into one."""

    def __init__(self, books: Books) -> None:
        self._midnights = books.midnights
        # Each session: when its reads began, when it was ready, when it ended.
        self._sessions: list[tuple[float, float, float]] = []
        self._troubles = books.troubles
        asked = asked_of_it = 0.0
        began: float | None = None
        for told in books.told:
            if not isinstance(told.event, SessionChanged):
                continue
            state = told.event.state
            if state is SessionState.SYNCHRONISING:
                asked = told.at
            if state is SessionState.READY and began is None:
                began, asked_of_it = told.at, asked
            elif state is not SessionState.READY and began is not None:
                self._sessions.append((asked_of_it, began, told.at))
                began = None
        if began is not None:
            self._sessions.append((asked_of_it, began, float("inf")))

    def could_see(self, at: float, since: float = 0.0) -> bool:
        """Say whether what happened then was heard, or read before its day was over.

        Sessions before ``since`` do not count: what they saw is forgotten.
        """
        return self.could_read(at, since) or any(
            since <= began <= at and ended >= at + HEARD_SECONDS and not self._is_troubled(at)
            for _asked, began, ended in self._sessions
        )

    def could_read(self, at: float, since: float = 0.0) -> bool:
        """Say whether it was read before its day was over, heard or not."""
        day_ends = min((night for night in self._midnights if night >= at), default=float("inf"))
        return any(max(at, since) <= asked < day_ends for asked, _began, _ended in self._sessions)

    def _is_troubled(self, at: float) -> bool:
        return any(
            began - HEARD_SECONDS <= at <= ended + HEARD_SECONDS for began, ended in self._troubles
        )
