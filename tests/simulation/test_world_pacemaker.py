"""The pacemaker: a world that runs with the event loop's clock, here a virtual one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

import async_solipsism
import pytest

from brokerport.domain.errors import BadInput
from brokerport.simulator.pacemaker import Pacemaker
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World
from tests.simulation.trading_floor import OPENING


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run on a virtual clock: sleeping takes no time."""
    with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
        runner.run(main)


async def run_for(pacemaker: Pacemaker, seconds: float) -> None:
    """Let the pacemaker run for so long."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(pacemaker.run(), seconds)


@pytest.mark.parametrize(("speed", "expected_seconds"), [(1.0, 10), (60.0, 600), (0.5, 5)])
def test_world_time_passes_at_the_speed(speed: float, expected_seconds: int) -> None:
    """Ten seconds of the wall clock are ten times the speed in the world, and all its ticks."""
    world = World.build(Scenario(tick_seconds=1))
    ticks: list[datetime] = []
    world.subscribe_ticks(ticks.append)
    run(run_for(Pacemaker(world, speed), 10.01))
    passed = (world.clock.now() - OPENING).total_seconds()
    assert passed == pytest.approx(expected_seconds, abs=speed * 0.1)
    assert ticks == [OPENING + timedelta(seconds=n) for n in range(1, int(passed) + 1)]


def test_the_loop_is_served_between_slices() -> None:
    """A world far behind catches up in slices; others on the loop get their turn."""
    world = World.build(Scenario(tick_seconds=1))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main() -> None:
        caught_up = asyncio.Event()
        until = OPENING + timedelta(minutes=29)
        world.subscribe_ticks(lambda at: caught_up.set() if at >= until else None)
        task = asyncio.create_task(other())
        pacemaker = asyncio.create_task(Pacemaker(world, speed=3600).run())
        await caught_up.wait()
        task.cancel()
        pacemaker.cancel()

    class HastyLoop(async_solipsism.EventLoop):  # type: ignore[misc]
        """A virtual clock that also moves a second with each reading: an hour in the world."""

        _readings = 0

        def time(self) -> float:
            self._readings += 1
            return float(super().time()) + self._readings

    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        runner.run(main())
    assert turns >= 1740 / 50


def test_an_error_in_the_world_ends_it() -> None:
    """It is not swallowed."""
    world = World.build(Scenario(tick_seconds=1))

    def fail(at: datetime) -> None:
        raise ZeroDivisionError

    world.subscribe_ticks(fail)
    with pytest.raises(ZeroDivisionError):
        run(Pacemaker(world).run())


@pytest.mark.parametrize("settings", [{"speed": 0}, {"speed": -1}, {"interval_seconds": 0}])
def test_speed_and_interval_are_positive(settings: dict[str, float]) -> None:
    """Anything else is refused."""
    with pytest.raises(BadInput, match=next(iter(settings))):
        Pacemaker(World.build(Scenario()), **settings)
