"""One run of one plan: everything on one virtual loop, from the first step to the final quiet.

Rules:

- Steps happen at their time, whether or not the client is there to see them.
- After the last step every fault ends and the market stands still. The client is given
  ``RECOVERY_SECONDS`` to have a session, and a healthy session of ``QUIET_SECONDS`` to find out
  whatever it does not know. Then the books are compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from attrs import frozen

from brokerport.container import Container
from brokerport.domain.errors import BrokerportError
from brokerport.domain.events import SessionState
from brokerport.dst.client import Client, Configure
from brokerport.dst.disk import Disk
from brokerport.dst.plan import (
    Cancel,
    Crash,
    Fault,
    Move,
    Place,
    Plan,
    Read,
    Replace,
    Restart,
    Step,
    Stranger,
    Strike,
)
from brokerport.dst.record import Books, Heard
from brokerport.dst.stage import BROKER_ACCOUNTS, Stage
from brokerport.dst.trace import Trace
from brokerport.dst.user import User
from brokerport.dst.virtual_loop import VirtualLoop, virtual_network
from brokerport.dst.words import exchange_line
from brokerport.simulator.brokerage.events import BrokerageEvent, OrderRefusedEvent, OrderUpdated
from brokerport.simulator.faults.vendor import ExecutionCorrection

# A broker needs its heartbeats to find a dead line, then up to a minute between two attempts.
RECOVERY_SECONDS = 1800.0
QUIET_SECONDS = 200.0
FIRST_SESSION_SECONDS_MAX = 120.0
SLOW_GAP_SECONDS = 300.0
DISK_FULL = "no space left on the device"


@frozen
class Run:
    """A run that is over: what was written down of it."""

    plan: Plan
    books: Books
    trace: Trace
    virtual_seconds: float


def play(plan: Plan, *, configure: Configure | None = None, keeps_lines: bool = False) -> Run:
    """Play a plan to its end on a loop of its own.

    ``configure`` may change the client's container (planted bugs); ``keeps_lines`` keeps the
    trace's lines to be read.
    """
    trace = Trace(keeps_lines=keeps_lines)
    with virtual_network(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_Director(plan, trace, configure or _as_it_is).play())


def _as_it_is(_container: Container) -> None:
    """Change nothing."""


class _Director:
    def __init__(self, plan: Plan, trace: Trace, configure: Configure) -> None:
        self._plan = plan
        self._trace = trace
        self._configure = configure
        self._books = Books({name: BROKER_ACCOUNTS[name] for name in plan.accounts})
        self._stage = Stage(plan)
        self._disk = Disk(plan.disk_seconds)
        self._client: Client | None = None
        self._comeback: asyncio.Task[None] | None = None
        self._disk_heals: asyncio.TimerHandle | None = None

    async def play(self) -> Run:
        """Play the plan."""
        stage, books = self._stage, self._books
        loop = asyncio.get_running_loop()
        self._now: Callable[[], float] = loop.time
        loop.set_exception_handler(self._hear_loop)
        books.has_corrections = any(
            isinstance(fault, ExecutionCorrection) for fault in self._plan.vendor_faults
        )
        books.midnights = stage.midnights(self._plan.ends_at + RECOVERY_SECONDS)
        stage.world.brokerage.subscribe(self._hear_exchange)
        await stage.start()
        self._user = User(books, self._trace)
        self._client = self._start_client()
        await self._first_session()
        began = self._now()
        for step in self._plan.steps:
            await self._sleep_until(began + step.at)
            await self._perform(step)
        await self._come_to_rest()
        await self._end_books()
        seconds = loop.time()
        if self._client is not None:
            await self._client.close()
        await stage.close()
        books.pacing_violations = tuple(stage.pacing_violations)
        books.gateway_faults = tuple(stage.gateway_faults)
        return Run(self._plan, books, self._trace, seconds)

    async def _first_session(self) -> None:
        """Wait for the first session: a run in which there is none yet would show nothing."""
        # States of a client that may be replaced meanwhile, for which there is no event.
        while not self._is_ready() and self._now() < FIRST_SESSION_SECONDS_MAX:  # noqa: ASYNC110
            await asyncio.sleep(0.5)

    async def _sleep_until(self, at: float) -> None:
        gap = at - self._now()
        if gap > SLOW_GAP_SECONDS:
            await asyncio.sleep(SLOW_GAP_SECONDS / 2)
            self._stage.pace(slowly=True)
            await asyncio.sleep(gap - SLOW_GAP_SECONDS)
            self._stage.pace(slowly=False)
        await asyncio.sleep(max(0.0, at - self._now()))
        self._stage.check_pace()

    async def _perform(self, step: Step) -> None:
        client = self._client
        match step:
            case Place() | Replace() | Cancel() | Read():
                if client is not None:
                    self._user.act(step, client)
                    return
            case Move():
                self._stage.move(step)
            case Stranger():
                self._stage.trade_as_a_stranger(step)
            case Strike():
                self._strike(step)
            case Crash() if client is not None and not client.is_over:
                client.crash(step.tail_kept)
                if step.loses_journal:
                    self._disk.lose_everything()
                self._come_back_in(step.down_seconds)
            case Restart() if client is not None and not client.is_over:
                self._come_back_in(step.down_seconds, client)
            case _:
                return
        self._trace.add(self._now(), "plan", repr(step))

    def _strike(self, step: Strike) -> None:
        now = self._now()
        self._books.troubles.append((now, now + step.seconds))
        self._books.has_stalled |= step.fault in (Fault.STALL, Fault.STALL_OPEN)
        if step.fault is Fault.DISK_FULL:
            self._books.disk_troubles.append((now, now + step.seconds))
            self._disk.failure = DISK_FULL
            if self._disk_heals is not None:
                self._disk_heals.cancel()
            loop = asyncio.get_running_loop()
            self._disk_heals = loop.call_later(step.seconds, self._heal_disk)
        else:
            self._stage.strike(step.fault, step.seconds)

    def _heal_disk(self) -> None:
        self._disk.failure = None

    def _start_client(self) -> Client:
        return Client(self._stage, self._disk, self._books, self._trace, self._configure)

    def _come_back_in(self, seconds: float, closing: Client | None = None) -> None:
        self._client = None
        started = self._now()

        async def come_back() -> None:
            if closing is not None:
                await closing.close()
            await asyncio.sleep(seconds)
            self._books.troubles.append((started, self._now()))
            self._client = self._start_client()

        self._comeback = asyncio.get_running_loop().create_task(come_back(), name="comeback")

    async def _come_to_rest(self) -> None:
        if self._comeback is not None:
            await self._comeback
        await self._stage.heal()
        self._heal_disk()
        self._trace.add(self._now(), "plan", "every fault ends")
        gives_up_at = self._now() + RECOVERY_SECONDS
        healthy_since: float | None = None
        while healthy_since is None or self._now() - healthy_since < QUIET_SECONDS:
            await asyncio.sleep(5.0)
            self._stage.check_pace()
            if not self._is_ready():
                healthy_since = None
            elif healthy_since is None:
                healthy_since = self._now()
            if self._now() > gives_up_at:
                self._books.stuck = "the client has no session, and nothing is wrong any more"
                return
        if self._user.is_waiting():
            self._books.stuck = "a call was never answered"

    def _is_ready(self) -> bool:
        client = self._client
        if client is None or client.broker is None:
            return False
        return client.broker.session_state is SessionState.READY

    async def _end_books(self) -> None:
        books, brokerage = self._books, self._stage.world.brokerage
        client = self._client
        if client is not None and client.broker is not None and books.stuck is None:
            try:
                await client.broker.broker_time()
                for account in self._plan.accounts:
                    books.holdings[account] = await client.broker.positions(account)
            except BrokerportError as error:
                books.stuck = f"the last reads failed: {error}"
        if client is not None and client.book is not None:
            books.orders = {str(order.client_order_id): order for order in client.book.orders()}
        for account in self._plan.accounts:
            books.journal[account] = tuple(self._disk.storage.entries.get(account, ()))
        books.exchange_orders = brokerage.orders()
        books.executions = brokerage.executions()
        accounts = {
            name: account for account in brokerage.accounts for name in (account.account_id,)
        }
        for name, broker_account in books.accounts.items():
            books.positions[name] = brokerage.positions(accounts[broker_account])

    def _hear_loop(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Note an error that ended a task or a callback, and that nobody else hears of."""
        error = context.get("exception")
        is_future = str(context.get("message")).startswith("Future exception")
        if is_future and any(life.has_crashed for life in self._books.lives):
            # Whoever waited for it was killed.
            return
        task = context.get("task") or context.get("future")
        name = task.get_name() if isinstance(task, asyncio.Task) else ""
        text = f"{context.get('message')} {name}: {error!r}"
        self._books.loop_errors.append(text)
        self._trace.add(self._now(), "loop", text)

    def _hear_exchange(self, event: BrokerageEvent) -> None:
        now = asyncio.get_running_loop().time()
        self._books.exchange_log.append(Heard(now, event))
        if isinstance(event, OrderUpdated | OrderRefusedEvent):
            reference = event.order.order_reference
            if reference and reference not in self._disk.written:
                self._disk.written.add(reference)
                self._books.unwritten.append(reference)
        line = exchange_line(event)
        if line is not None:
            self._trace.add(now, "exchange", line)
