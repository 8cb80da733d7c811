"""The session port in process: listening to the brokerage, and driving the world's clock."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime

from brokerport.adapters.simulated.reports import ReportWriter
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import NotConnected
from brokerport.ports.session import AdapterListener, ConnectionLost
from brokerport.simulator.brokerage.events import OrderUpdated
from brokerport.simulator.pacemaker import Pacemaker
from brokerport.simulator.world import World


class SimulatedSession:
    """One session with the world's brokerage."""

    def __init__(self, world: World, speed: float) -> None:
        self._world = world
        self._speed = speed
        self._reports: ReportWriter | None = None
        self._listener: AdapterListener | None = None
        self._heartbeat: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether requests can be sent now."""
        return self._reports is not None

    @property
    def reports(self) -> ReportWriter:
        """The writer of this session's reports.

        Raises:
            NotConnected: there is no session.
        """
        if self._reports is None:
            raise NotConnected("the simulated session is not open")
        return self._reports

    def require_connected(self) -> None:
        """Refuse to go on without a session.

        Raises:
            NotConnected: there is no session.
        """
        _ = self.reports

    async def connect(self, listener: AdapterListener) -> None:
        """Open the session and deliver every event from now on to ``listener``."""
        if self._reports is not None:
            return
        self._listener = listener
        self._reports = ReportWriter(listener)
        for order in self._world.brokerage.open_orders():
            # As TWS does when a session opens: what is working already is news to its listener.
            self._reports.hear(OrderUpdated(order))
        self._world.brokerage.subscribe(self._reports.hear)
        if self._speed > 0:
            pacemaker = Pacemaker(self._world, self._speed)
            self._heartbeat = asyncio.create_task(pacemaker.run(), name="simulated world")
            self._heartbeat.add_done_callback(self._world_stopped)

    async def disconnect(self) -> None:
        """Close the session; idempotent."""
        heartbeat, self._heartbeat = self._heartbeat, None
        if heartbeat is not None:
            heartbeat.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await heartbeat
        self._close()

    def managed_accounts(self) -> tuple[BrokerAccount, ...]:
        """Return the broker accounts this session may trade.

        Raises:
            NotConnected: there is no session.
        """
        self.require_connected()
        return self._world.brokerage.accounts

    async def broker_time(self) -> datetime:
        """Return the world's time (UTC).

        Raises:
            NotConnected: there is no session.
        """
        self.require_connected()
        return self._world.clock.now()

    def _close(self) -> None:
        if self._reports is not None:
            self._world.brokerage.unsubscribe(self._reports.hear)
            self._reports = None

    def _world_stopped(self, heartbeat: asyncio.Task[None]) -> None:
        """Tell the listener when the world broke down under us."""
        if heartbeat.cancelled() or self._listener is None:
            return
        failure = heartbeat.exception()
        self._close()
        self._listener(ConnectionLost(f"the simulated world stopped: {failure!r}"))
