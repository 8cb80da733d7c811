"""The week: strategy and simulated time in lock-step, so that one seed gives one outcome.

Time stands still while the client thinks. After each turn of the clock the client asks the broker
its time: when that answer is here, everything the broker said before it is here too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import frozen

from brokerport.broker import Broker
from brokerport.cli.paper.books import ClientBooks
from brokerport.cli.paper.display import Display
from brokerport.cli.paper.wheel import Wheel
from brokerport.cli.paper.worker import OrderWorker
from brokerport.container import EventStream, World
from brokerport.domain.trading_day import exchange_date

SESSIONS = 5
AFTER_OPEN = timedelta(minutes=15)
WORKING_STEP = timedelta(minutes=5)
IDLE_STEP = timedelta(minutes=30)
AFTER_CLOSE = timedelta(minutes=1)
LAST_MORNING = timedelta(hours=1)


def week_end(world: World) -> datetime:
    """Return when a week that begins now will have ended: the morning after its last session."""
    moment = world.clock.now()
    for _ in range(SESSIONS if world.calendar.is_open(moment) else SESSIONS + 1):
        moment = world.calendar.next_open(moment)
    return moment + AFTER_OPEN + LAST_MORNING


@frozen
class Week:
    """Five sessions of the wheel, and the morning after, when what was assigned is covered."""

    world: World
    broker: Broker
    books: ClientBooks
    wheels: tuple[Wheel, ...]
    events: EventStream
    display: Display

    async def run(self) -> None:
        """Live the week to its end."""
        for number in range(SESSIONS):
            await self._session(opening=number == 0)
        await self._advance_to(self._next_open() + AFTER_OPEN)
        await self._cover()

    async def _session(self, opening: bool) -> None:
        if not self.world.calendar.is_open(self.world.clock.now()):
            await self._advance_to(self._next_open())
        await self._advance_to(self.world.clock.now() + AFTER_OPEN)
        closes_at = self.world.calendar.next_close(self.world.clock.now())
        proposed: list[OrderWorker] = []
        for wheel in self.wheels:
            proposed += await (wheel.open_positions() if opening else wheel.buy_back())
        await self._work(proposed)
        await self._cover()
        while self.world.clock.now() < closes_at:
            await self._advance_to(min(self.world.clock.now() + IDLE_STEP, closes_at))
        await self._advance_to(closes_at + AFTER_CLOSE)
        today = exchange_date(closes_at)
        for account, option, assigned in await self.books.settle_expired(self.broker, today):
            self.display.settled(account, option, assigned)
        await self.display.end_of_day(self.broker, self.books, today)

    async def _cover(self) -> None:
        await self._work([worker for wheel in self.wheels for worker in await wheel.cover()])

    async def _work(self, workers: list[OrderWorker]) -> None:
        """Work orders side by side until each is filled or given up."""
        self._take_in()
        while workers:
            await self._advance_to(self.world.clock.now() + WORKING_STEP)
            for worker in workers:
                await worker.step()
            # News of an order may come beside the answer to it; all of it belongs to this moment.
            await self.broker.broker_time()
            self._take_in()
            workers = [worker for worker in workers if not await worker.is_done()]

    async def _advance_to(self, moment: datetime) -> None:
        self.world.advance_to(moment)
        await self.broker.broker_time()
        self._take_in()
        self.display.time_is(self.world.clock.now())

    def _take_in(self) -> None:
        for event in self.events.drain():
            self.books.enter(event)
            self.display.show(event, self.world.clock.now())

    def _next_open(self) -> datetime:
        return self.world.calendar.next_open(self.world.clock.now())
