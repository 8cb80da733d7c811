"""The reconciliation watch: reconciles at intervals, and sooner what could not be read before."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from brokerport.services.reconciler import Reconciler
from brokerport.services.session_supervisor import SessionSupervisor

RETRY_SECONDS = 60.0


class ReconciliationWatch:
    """One task while the broker is open; it does nothing while the session is not ready."""

    def __init__(
        self, reconciler: Reconciler, supervisor: SessionSupervisor, every_seconds: float
    ) -> None:
        """Reconcile ``every_seconds``; 0 leaves only what could not be read to be tried again."""
        self._reconciler = reconciler
        self._supervisor = supervisor
        self._every_seconds = every_seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the session is open."""
        self._task = asyncio.create_task(self._watch(), name="reconciliation")

    async def stop(self) -> None:
        """Watch no more; idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        due_at = loop.time() + self._every_seconds
        while True:
            await asyncio.sleep(min(RETRY_SECONDS, self._every_seconds or RETRY_SECONDS))
            is_due = self._every_seconds > 0 and loop.time() >= due_at
            if self._supervisor.is_ready and (is_due or self._reconciler.unread):
                await self._reconciler.reconcile_all()
                due_at = loop.time() + self._every_seconds
