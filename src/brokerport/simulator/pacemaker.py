"""The pacemaker: lets a world's time pass with the wall clock, at any speed.

A stepped world has none. The world stays single-threaded: the pacemaker advances it on the event
loop's own thread, in slices short enough to leave the loop time for its sockets.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from brokerport.domain.errors import BadInput
from brokerport.simulator.world import World

INTERVAL_SECONDS = 0.05
TICKS_PER_SLICE = 50


class Pacemaker:
    """Advances one world while it runs."""

    def __init__(
        self, world: World, speed: float = 1.0, interval_seconds: float = INTERVAL_SECONDS
    ) -> None:
        """Set the speed: how many seconds pass in the world for one of the wall clock.

        Raises:
            BadInput: the speed or the interval is not greater than zero.
        """
        if not speed > 0:
            raise BadInput("speed", speed, "greater than zero")
        if not interval_seconds > 0:
            raise BadInput("interval_seconds", interval_seconds, "greater than zero")
        self._world = world
        self._speed = speed
        self._interval_seconds = interval_seconds
        self._slice = timedelta(seconds=world.scenario.tick_seconds * TICKS_PER_SLICE)

    async def run(self) -> None:
        """Advance the world until cancelled; an error in the world ends it.

        Time is measured by the running event loop's clock. When the world cannot keep up it runs
        as fast as it can; no tick is left out.

        Raises:
            WorldEnded: the world has come to its end, and its clock stands still.
        """
        clock = asyncio.get_running_loop().time
        started, origin = clock(), self._world.clock.now()
        while True:
            target = origin + timedelta(seconds=(clock() - started) * self._speed)
            while (now := self._world.clock.now()) < target:
                self._world.advance_to(min(target, now + self._slice))
                await asyncio.sleep(0)
            await asyncio.sleep(self._interval_seconds)
