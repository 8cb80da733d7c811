"""Reads that wait for their answer, keyed by request id or, where TWS gives none, by kind.

Rules:

- a read ends in its rows, in the error TWS sent for it, in a time-out, or with the line; never in
  an empty answer that nobody gave (ib_async's own futures end a refused read as an empty list, and
  code 321 does not end one at all);
- answers without a request id come in the order of their requests. A read that gave up still has
  its answer coming, so it keeps its place, or the next one would be ended by it too early. After
  ``ANSWER_AGE_SECONDS_MAX`` the answer is taken to be lost.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any

from brokerport.adapters.tws.code_table import CodeTable
from brokerport.adapters.tws.codes import CODES
from brokerport.domain.errors import BrokerportError

ANSWER_AGE_SECONDS_MAX = 60.0
# 320-323: the server could not read, validate, process or answer the request.
REFUSALS_WITHOUT_ID = frozenset({320, 321, 322, 323})


class Kind(Enum):
    """Reads whose answers carry no request id."""

    BROKER_TIME = "the broker's time"
    OPEN_ORDERS = "open orders"
    COMPLETED_ORDERS = "completed orders"
    POSITIONS = "positions"


# Given the rows so far: in how many seconds the read is complete, or None to wait for more.
CompleteIn = Callable[[list[Any]], float | None]


class Read:
    """One read under way: the rows that came so far, and its end."""

    def __init__(self, complete_in: CompleteIn | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self.rows: list[Any] = []
        self.asked_at = self._loop.time()
        self.answer: asyncio.Future[list[Any]] = self._loop.create_future()
        self._complete_in = complete_in
        self._ending: asyncio.TimerHandle | None = None

    @property
    def age_seconds(self) -> float:
        """How long ago it was asked."""
        return self._loop.time() - self.asked_at

    @property
    def waits(self) -> bool:
        """Whether somebody still waits for the answer."""
        return not self.answer.done()

    def add(self, row: object) -> None:
        """Take in a row; it may complete a read that has no end message."""
        if not self.waits:
            return
        self.rows.append(row)
        delay_seconds = None if self._complete_in is None else self._complete_in(self.rows)
        if delay_seconds == 0:
            self.end()
        elif delay_seconds is not None and self._ending is None:
            self._ending = self._loop.call_later(delay_seconds, self.end)

    def end(self) -> None:
        """End the read with what came."""
        self.stop_timer()
        if self.waits:
            self.answer.set_result(self.rows)

    def stop_timer(self) -> None:
        """Drop the timer that would end the read, if one runs."""
        if self._ending is not None:
            self._ending.cancel()

    def fail(self, error: BrokerportError) -> None:
        """End the read with an error."""
        self.stop_timer()
        if self.waits:
            self.answer.set_exception(error)


class Reads:
    """All the reads under way on one session."""

    def __init__(self, codes: CodeTable = CODES) -> None:
        self._codes = codes
        self._by_id: dict[int, Read] = {}
        self._by_kind: dict[Kind, deque[Read]] = {kind: deque() for kind in Kind}
        self._by_rule: dict[int, list[Read]] = {}

    def begin(self, request_id: int, complete_in: CompleteIn | None = None) -> Read:
        """Await an answer that carries a request id."""
        read = self._by_id[request_id] = Read(complete_in)
        return read

    def forget(self, request_id: int) -> None:
        """Stop listening for a request's answer."""
        read = self._by_id.pop(request_id, None)
        if read is not None:
            read.stop_timer()

    def begin_kind(self, kind: Kind) -> Read:
        """Await an answer that carries no request id."""
        waiting = self._by_kind[kind]
        while waiting and waiting[0].age_seconds > ANSWER_AGE_SECONDS_MAX:
            if waiting[0].waits:
                break
            waiting.popleft()
        read = Read()
        waiting.append(read)
        return read

    def begin_rule(self, rule_id: int) -> Read:
        """Await a market rule, whose answer carries the rule's id."""
        read = Read(lambda _rows: 0)
        self._by_rule.setdefault(rule_id, []).append(read)
        return read

    def has(self, request_id: int) -> bool:
        """Say whether a read of that id is under way."""
        return request_id in self._by_id

    def add(self, request_id: int, row: object) -> bool:
        """Give a row to its read; False when there is none."""
        read = self._by_id.get(request_id)
        if read is None:
            return False
        read.add(row)
        return True

    def end(self, request_id: int) -> None:
        """End the read of that id with what came."""
        read = self._by_id.get(request_id)
        if read is not None:
            read.end()

    def add_kind(self, kind: Kind, row: object) -> None:
        """Give a row to the oldest read of its kind, if one is under way."""
        waiting = self._by_kind[kind]
        if waiting:
            waiting[0].add(row)

    def end_kind(self, kind: Kind) -> None:
        """End the oldest read of that kind."""
        waiting = self._by_kind[kind]
        if waiting:
            waiting.popleft().end()

    def answer_rule(self, rule_id: int, row: object) -> None:
        """Give a market rule to all that asked for it."""
        for read in self._by_rule.pop(rule_id, []):
            read.add(row)

    def refuse(self, request_id: int, code: int, text: str) -> bool:
        """Give an error to the read it is about; False when it is about none.

        An error without an id that is not a mere notice is about the read without an id.
        """
        if request_id == -1:
            return self._refuse_kinds(code, text)
        read = self._by_id.get(request_id)
        if read is None:
            return False
        error = self._codes.read_error(code, text)
        if error is None:
            return False
        read.fail(error)
        return True

    def fail_all(self, error: Callable[[], BrokerportError]) -> None:
        """End every read with an error: the line is gone."""
        rules = [read for reads in self._by_rule.values() for read in reads]
        kinds = [read for reads in self._by_kind.values() for read in reads]
        for read in [*self._by_id.values(), *kinds, *rules]:
            read.fail(error())
        self._by_id.clear()
        self._by_rule.clear()
        for waiting in self._by_kind.values():
            waiting.clear()

    def _refuse_kinds(self, code: int, text: str) -> bool:
        error = self._codes.read_error(code, text)
        if code not in REFUSALS_WITHOUT_ID or error is None:
            return False
        refused = False
        for kind, waiting in self._by_kind.items():
            for read in [read for read in waiting if read.waits]:
                if kind is not Kind.BROKER_TIME:
                    waiting.remove(read)
                    read.fail(error)
                    refused = True
        return refused
