"""The order gate: whether an order may leave now, must wait, or is refused.

Rules:

- An order may leave while the session is READY and no restart is near.
- While the broker is away it is refused, or waits for the session as configured; a wait that was in
  vain says that nothing was sent.
- Before a restart of TWS or the gateway nothing new is placed: its answer would be lost with it.
- Cancels pass as long as there is a session: they take risk off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from brokerport.domain.errors import NotConnected
from brokerport.domain.restart_times import next_restart, restart_time
from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE
from brokerport.ports.clock import Clock
from brokerport.services.session_supervisor import SessionSupervisor


class OrderGate:
    """Stands before the order desk."""

    def __init__(
        self,
        supervisor: SessionSupervisor,
        clock: Clock,
        restarts: Sequence[str],
        restart_gate_seconds: float,
        queue_seconds_max: float | None,
    ) -> None:
        """Close ``restart_gate_seconds`` before each restart (``23:45``, ``sat 00:30``, New York).

        ``queue_seconds_max`` is how long an order may wait for the session, None to refuse it.
        """
        self._supervisor = supervisor
        self._restarts = tuple(restart_time(text) for text in restarts)
        self._restart_gate = timedelta(seconds=restart_gate_seconds)
        self._queue_seconds_max = queue_seconds_max
        self._clock = clock

    async def admit(self) -> None:
        """Return when an order may leave.

        Raises:
            NotConnected: it may not, or the wait was in vain; nothing was sent.
        """
        await self._wait_until(self._is_open)
        self._check()

    async def admit_cancel(self) -> None:
        """Return when a cancel may leave, which a near restart does not prevent.

        Raises:
            NotConnected: there is no session, or the wait for one was in vain; nothing was sent.
        """
        await self._wait_until(lambda: self._supervisor.is_ready)
        self._supervisor.require_ready()

    def _is_open(self) -> bool:
        return self._supervisor.is_ready and self._restart_near() is None

    def _check(self) -> None:
        self._supervisor.require_ready()
        restart = self._restart_near()
        if restart is not None:
            raise NotConnected(
                f"the gateway restarts at {restart:%H:%M} New York time; "
                f"no order is placed within {self._restart_gate.total_seconds():g} seconds before"
            )

    async def _wait_until(self, holds: Callable[[], bool]) -> None:
        if self._queue_seconds_max is None:
            return
        try:
            async with asyncio.timeout(self._queue_seconds_max):
                while not holds():
                    await self._supervisor.changed()
        except TimeoutError:
            return

    def _restart_near(self) -> datetime | None:
        now = self._clock.now().astimezone(EXCHANGE_TIME_ZONE)
        return next_restart(self._restarts, now, self._restart_gate)
