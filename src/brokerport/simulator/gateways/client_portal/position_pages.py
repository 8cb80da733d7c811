"""The cached pages of /portfolio/{accountId}/positions/{pageId}.

Rules (Web API, "Positions": the answer is cached, POST .../positions/invalidate discards it):

- The pages of an account are cut from one snapshot, 100 rows each, so that they fit together.
- A snapshot is taken anew after an invalidation, and when the first page is asked for and the
  snapshot is older than FRESH_SECONDS. A later page continues the snapshot of the first one, but
  none older than PAGING_SECONDS. IBKR publishes no figure; these bound how long a fill may be
  missing here.
- Age is told by the wall clock or the world's, whichever says more: an accelerated world must not
  show positions of an hour ago, nor a halted one keep them for ever.
- ``sort`` and ``direction`` (a or d) order all rows of a snapshot before they are cut.
- A contract is looked up when a request first meets it: that request shows no definition of it
  unless it waits for one (``waitForSecDef``), the next ones do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from attrs import frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.gateways.client_portal.position_order import in_order
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.translate.positions import (
    PAGE_SIZE,
    HeldContract,
    position_row,
)
from brokerport.simulator.gateways.client_portal.valuation import holdings_of

FRESH_SECONDS = 60
PAGING_SECONDS = 300


@frozen
class _Snapshot:
    held: tuple[HeldContract, ...]
    taken_at: datetime
    taken_at_seconds: float


class PositionPages:
    """What the portal remembers of positions: a snapshot an account, and known contracts."""

    def __init__(self, portal: ServedPortal) -> None:
        self._portal = portal
        self._snapshots: dict[BrokerAccount, _Snapshot] = {}
        self._defined: set[int] = set()

    def invalidate(self, account: BrokerAccount) -> None:
        """Discard an account's snapshot."""
        self._snapshots.pop(account, None)

    def page(
        self, account: BrokerAccount, number: int, query: Mapping[str, str]
    ) -> tuple[HeldContract, ...]:
        """Return the rows of a page, counted from 0, none beyond the last, as the query sorts.

        Raises:
            PortalError: the market has no price for a holding (503), or there is no such column to
                sort by (400).
        """
        snapshot = self._snapshots.get(account)
        seconds = FRESH_SECONDS if number == 0 else PAGING_SECONDS
        if snapshot is None or self._age(snapshot) > seconds:
            snapshot = self._snapshots[account] = self._take(account)
        held = in_order(snapshot.held, query, partial(position_row, has_definition=True))
        return held[number * PAGE_SIZE : (number + 1) * PAGE_SIZE]

    def now(self, account: BrokerAccount) -> tuple[HeldContract, ...]:
        """Return an account's positions as they are, past the cache.

        Raises:
            PortalError: the market has no price for a holding (503).
        """
        listing = self._portal.world.listing
        return tuple(
            HeldContract.of(account, holding, listing)
            for holding in holdings_of(self._portal, account)
        )

    def rows(self, held: tuple[HeldContract, ...], *, waits: bool) -> list[dict[str, Any]]:
        """Return rows of /portfolio; one that ``waits`` has every definition."""
        rows = [
            position_row(one, has_definition=waits or one.contract_id in self._defined)
            for one in held
        ]
        self._defined.update(one.contract_id for one in held)
        return rows

    def _take(self, account: BrokerAccount) -> _Snapshot:
        return _Snapshot(self.now(account), self._portal.now, self._portal.monotonic())

    def _age(self, snapshot: _Snapshot) -> float:
        in_the_world = (self._portal.now - snapshot.taken_at).total_seconds()
        return max(in_the_world, self._portal.monotonic() - snapshot.taken_at_seconds)
