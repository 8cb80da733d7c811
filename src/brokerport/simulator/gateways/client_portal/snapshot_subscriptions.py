"""The streams that snapshots are taken from: opened by the first request, closed by silence.

Rules (Web API, "Top-of-Book Snapshots"):

- The first request for a contract only opens its stream. A field is told from the request after
  the one that first named it; later requests need not name it again.
- A stream that nobody asks for ``market_data_seconds_max`` long (wall time) has ended, and the next
  request opens it anew. A login that loses its brokerage session loses its streams.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from brokerport.simulator.gateways.client_portal.login import Login

if TYPE_CHECKING:
    from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal


class SnapshotSubscriptions:
    """Every login's streams; have it from ``portal.store(SnapshotSubscriptions)``.

    The fields stand in ``login.snapshot_fields``; here is when each contract was last asked for.
    """

    def __init__(self, portal: ServedPortal) -> None:
        self._portal = portal
        self._asked_at: WeakKeyDictionary[Login, dict[int, float]] = WeakKeyDictionary()

    def ask(self, login: Login, contract_id: int, fields: Iterable[str]) -> frozenset[str] | None:
        """Ask for a contract; return the fields to tell now, None when its stream opens only now.

        The fields named are told from the next time on.
        """
        now = self._portal.monotonic()
        asked_at = self._asked_at.setdefault(login, {})
        known = login.snapshot_fields.get(contract_id)
        if known is not None:
            silence = now - asked_at.get(contract_id, now)
            if silence >= self._portal.settings.market_data_seconds_max:
                known = None
        asked_at[contract_id] = now
        login.snapshot_fields[contract_id] = set(fields).union(known or ())
        return None if known is None else frozenset(known)

    def end(self, login: Login, contract_id: int) -> bool:
        """End a contract's stream; False when there is none."""
        self._asked_at.get(login, {}).pop(contract_id, None)
        return login.snapshot_fields.pop(contract_id, None) is not None

    def end_all(self, login: Login) -> None:
        """End every stream of a login."""
        self._asked_at.pop(login, None)
        login.snapshot_fields.clear()
