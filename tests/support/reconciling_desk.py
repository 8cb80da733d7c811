"""A trading desk that reconciles, with the broker's side of its first account beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from brokerport.adapters.journal.memory import MemoryJournal, MemoryStorage
from brokerport.domain.reconciliation import Reconciliation
from tests.support.broker_side import BrokerSide
from tests.support.trading_desk import TradingDesk


class ReconcilingDesk(TradingDesk):
    """A desk that reconciles, and the broker's side of its first account."""

    def __init__(self, storage: MemoryStorage | None = None) -> None:
        super().__init__(journal=MemoryJournal(storage), reconciles=True)
        self.broker_side = BrokerSide(self.adapter)

    async def reconcile(self) -> Reconciliation:
        """Reconcile the first account."""
        return await self.broker.reconcile("gen")

    async def entries(self, kind: type) -> list[Any]:
        """Return what was journalled of one kind."""
        return [entry for entry in await self.journal.read("gen") if isinstance(entry, kind)]

    def now_is(self, moment: datetime) -> None:
        """Set the broker's time."""
        self.adapter.session.now = moment
