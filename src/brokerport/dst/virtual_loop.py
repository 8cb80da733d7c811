"""The virtual loop: one event loop with its own clock and network, and client processes on it.

Rules:

- Time passes only when nothing can run: then the clock jumps to the next timer. A run that would
  wait for ever is an error.
- Sockets are in memory; the libraries on them (ib_async, httpx, websockets, uvicorn) unmodified.
- What a client process starts belongs to it: a task or connection made while the process runs, by
  it or by what it started. ``kill`` ends a process as kill -9 does: its tasks do not run on, its
  connections break, and nothing of it starts anything again. No clean-up of its own takes effect.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import warnings
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from functools import partial
from typing import Any
from unittest import mock

import async_solipsism

from brokerport.adapters.client_portal import http_connections

# asyncio asks for this long when it has no timer: then only a socket could wake it.
SELECT_SECONDS_MAX = 24 * 3600

_PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class Process:
    """One life of the client program."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._transports: list[asyncio.BaseTransport] = []

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run a coroutine in this process."""
        token = _PROCESS.set(self)
        try:
            return asyncio.get_running_loop().create_task(work, name=name)
        finally:
            _PROCESS.reset(token)

    def kill(self) -> None:
        """End the process at this instant."""
        self.is_dead = True
        for transport in self._transports:
            if not transport.is_closing() and isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        for task in tuple(self._tasks):
            task.cancel("the process was killed")

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Take note of a task; a dead process runs none."""
        if self.is_dead:
            task.cancel("the process was killed")
            return
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def connected(self, transport: asyncio.BaseTransport) -> None:
        """Take note of a connection."""
        self._transports.append(transport)


def current_process() -> Process | None:
    """Return the process that runs now, None outside of any."""
    return _PROCESS.get()


class VirtualLoop(async_solipsism.EventLoop):  # type: ignore[misc, unused-ignore]
    """An event loop whose time is virtual and whose sockets are in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.set_task_factory(_task_of_process)
        # A loop may call a timer early by its clock's resolution. Where time stands still in
        # between, code that waits "until" would then wait again without end: ours is never early.
        self._tick_seconds: float = self._selector.clock.resolution
        self._clock_resolution: float = self._tick_seconds / 1000

        self._selector.select = partial(_select, self._selector)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call at the first tick of the clock that is not before ``when``."""
        tick = math.ceil(when / self._tick_seconds)
        at = tick * self._tick_seconds
        if at < when:
            at = (tick + 1) * self._tick_seconds
        timer: asyncio.TimerHandle = super().call_at(at, callback, *args, context=context)
        return timer

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        """Connect in memory, for the process that asks."""
        process = _PROCESS.get()
        if process is not None and process.is_dead:
            raise ConnectionRefusedError("the process was killed")
        transport, protocol = await super().create_connection(*args, **kwargs)
        if process is not None:
            process.connected(transport)
        return transport, protocol


def _select(selector: Any, timeout: float | None = None) -> list[tuple[Any, int]]:
    """Do what the library's own ``select`` does, without looking each socket up twice."""
    ready: list[tuple[Any, int]] = []
    for key in selector._fd_to_key.values():
        sock, wanted = key.fd.socket, key.events
        events = 0
        if wanted & selectors.EVENT_READ and sock.read_ready():
            events |= selectors.EVENT_READ
        if wanted & selectors.EVENT_WRITE and sock.write_ready():
            events |= selectors.EVENT_WRITE
        if events:
            ready.append((key, events))
    if ready:
        return ready
    if timeout is None or timeout >= SELECT_SECONDS_MAX:
        raise async_solipsism.SleepForeverError("the run waits for something that never comes")
    if timeout > 0:
        selector.clock.advance(timeout)
    return []


def _task_of_process(
    loop: asyncio.AbstractEventLoop,
    work: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
    context: Context | None = None,
) -> asyncio.Task[Any]:
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context)
    process = _PROCESS.get() if context is None else context.get(_PROCESS)
    if process is not None:
        process.adopt(task)
    return task


@contextmanager
def virtual_network() -> Generator[None, None, None]:
    """Let HTTP connections be kept alive on in-memory sockets while the block runs.

    Before one is used again, the operating system is asked whether its socket has something to
    read, which would be its end. A socket in memory has no number to ask by: it answers itself.
    """

    def has_arrived(descriptor: Any) -> bool:
        return bool(descriptor.socket.read_ready())

    # Times of day are large beside the clock's resolution, so differences of them round to nothing.
    with (
        warnings.catch_warnings(),
        mock.patch.object(http_connections, "_has_arrived", has_arrived),
    ):
        warnings.simplefilter("ignore", async_solipsism.ResolutionWarning)
        yield
