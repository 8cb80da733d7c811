"""Work put off to the end of the event loop's turn, done once however often it was asked for.

A world that is advanced by a day moves through thousands of ticks in one turn. What only matters as
it stands in the end (quotes, account values, profit and loss) is told then; what matters one by one
(orders, executions, tick-by-tick data) is told as it happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from brokerport.simulator.gateways.fault_log import FaultLog


class EndOfTurn:
    """Runs the given functions once, in the order given, after the current turn of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, faults: FaultLog) -> None:
        self._loop = loop
        self._faults = faults
        self._due: dict[Callable[[], None], None] = {}
        self._handle: asyncio.Handle | None = None

    def ask(self, work: Callable[[], None]) -> None:
        """Have ``work`` done at the end of this turn."""
        self._due[work] = None
        if self._handle is None:
            self._handle = self._loop.call_soon(self._run)

    def finish(self) -> None:
        """Do everything that is due now, before the turn ends."""
        self._stop_waiting()
        self._run()

    def cancel(self) -> None:
        """Forget everything that is due."""
        self._due.clear()
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run(self) -> None:
        self._handle = None
        due = tuple(self._due)
        self._due.clear()
        for work in due:
            try:
                work()
            except Exception:
                # One feed's fault must not silence the others.
                self._faults.record("end of turn")
