"""The session keeper: brings a lost session back, and finds out when a silent one is dead.

Rules:

- A session that was lost is opened again after a delay that doubles with each failure, up to a
  maximum; each is shortened at random by up to a half, so that clients do not come back together.
- What made it fail is told as the reason of the next DISCONNECTED state, each time.
- An account that is not managed is not tried again: that needs a person. A read that was refused
  is: a gateway that has just come back refuses for a while.
- A defect of ours is told to the event loop's exception handler, and tried again like any failure.
- The line is asked for the broker's time at intervals, also while the broker is out of reach of the
  gateway: a dead line would never tell that it is back. One answer that does not come may be bad
  luck, two in a row are a dead line: it is closed, which puts what waits on it in doubt.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

from brokerport.domain.errors import (
    BrokerportError,
    BrokerRefusal,
    FinalError,
    RequestTimedOut,
)
from brokerport.domain.events import SessionState
from brokerport.ports.session import SessionPort
from brokerport.services.session_supervisor import SessionSupervisor

HEARTBEATS_MISSED_MAX = 2


class SessionKeeper:
    """Watches over one supervisor while the broker is open."""

    def __init__(
        self,
        supervisor: SessionSupervisor,
        session: SessionPort,
        random_source: random.Random,
        *,
        reconnects: bool,
        first_delay_seconds: float,
        delay_seconds_max: float,
        heartbeat_seconds: float,
    ) -> None:
        self._supervisor = supervisor
        self._session = session
        self._reconnects = reconnects
        self._first_delay_seconds = first_delay_seconds
        self._delay_seconds_max = delay_seconds_max
        self._heartbeat_seconds = heartbeat_seconds
        self._random = random_source
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    def start(self) -> None:
        """Begin to watch; the session is open."""
        watches = [self._beat()]
        if self._reconnects:
            watches.append(self._reconnect())
        self._tasks = tuple(asyncio.create_task(watch) for watch in watches)

    async def stop(self) -> None:
        """Watch no more; idempotent."""
        tasks, self._tasks = self._tasks, ()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _reconnect(self) -> None:
        while True:
            await self._supervisor.until(SessionState.DISCONNECTED)
            delay = self._first_delay_seconds
            while self._supervisor.state is SessionState.DISCONNECTED:
                await asyncio.sleep(delay * self._random.uniform(0.5, 1.0))
                delay = min(delay * 2, self._delay_seconds_max)
                try:
                    await self._supervisor.start()
                except BrokerRefusal:
                    continue
                except FinalError:
                    return
                except BrokerportError:
                    continue
                except Exception as error:
                    asyncio.get_running_loop().call_exception_handler(
                        {"message": "a lost session could not be opened", "exception": error}
                    )

    async def _beat(self) -> None:
        missed = 0
        while True:
            await asyncio.sleep(self._heartbeat_seconds)
            if self._supervisor.state not in (SessionState.READY, SessionState.DEGRADED):
                missed = 0
                continue
            try:
                await self._session.broker_time()
                missed = 0
            except RequestTimedOut:
                missed += 1
            except BrokerportError:
                # An answer, if not the one that was asked for, or a loss that is told by itself.
                missed = 0
            if missed >= HEARTBEATS_MISSED_MAX:
                missed = 0
                # However the closing went, the session is told as closed, and why.
                with suppress(BrokerportError):
                    await self._supervisor.stop(f"no answer to {HEARTBEATS_MISSED_MAX} heartbeats")
