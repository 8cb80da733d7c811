"""A session without a line: answers written by the test, and a record of what was asked."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any, TypeVar, cast

from brokerport.adapters.client_portal.session import Session
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import NotConnected, RequestRefused

T = TypeVar("T")
Query = dict[str, str]
Answer = Callable[[Query], object]

GEN, REV = BrokerAccount("DU1000001"), BrokerAccount("DU1000002")


class FakeOrderLists:
    """The rows of the two lists, or the error of reading them."""

    def __init__(self) -> None:
        self.order_rows: list[dict[str, Any]] = []
        self.trade_rows: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.gate = asyncio.Lock()

    async def orders(self, _account: BrokerAccount) -> tuple[dict[str, Any], ...]:
        if self.error is not None:
            raise self.error
        return tuple(self.order_rows)

    async def trades(self, _account: BrokerAccount) -> tuple[dict[str, Any], ...]:
        if self.error is not None:
            raise self.error
        return tuple(self.trade_rows)


class FakeSession:
    """Answers each path as the test says; every answer passes through JSON, as on the wire."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str, Query]] = []
        self.bodies: list[object] = []
        self.slept: list[float] = []
        self.is_connected = True
        self.order_lists = FakeOrderLists()
        self.started: list[Callable[[], None]] = []

    def answer(self, path: str, *bodies: object) -> None:
        """Answer a path with these bodies in turn, the last one for ever after."""
        left = deque(bodies)

        def give(_query: Query) -> object:
            return left.popleft() if len(left) > 1 else left[0]

        self.answers[path] = give

    async def read(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Any:
        self.require_connected()
        self.asked.append((method, path, dict(query or {})))
        if body is not None:
            self.bodies.append(body)
        await asyncio.sleep(0)
        if path not in self.answers:
            raise RequestRefused("Resource not found", 404)
        found = self.answers[path](dict(query or {}))
        if isinstance(found, Exception):
            raise found
        return json.loads(json.dumps(found), parse_float=Decimal)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def require_connected(self) -> None:
        if not self.is_connected:
            raise NotConnected("there is no session")

    def require_managed(self, account: BrokerAccount) -> None:
        self.require_connected()
        if account not in (GEN, REV):
            raise RequestRefused(f"account {account} is not managed")

    def on_session_start(self, callback: Callable[[], None]) -> None:
        self.started.append(callback)

    def begin_again(self) -> None:
        """Tell that the brokerage session is a new one."""
        for callback in self.started:
            callback()

    def asked_of(self, path: str) -> list[Query]:
        """Return the queries a path was asked with."""
        return [query for _method, one, query in self.asked if one == path]

    @property
    def as_session(self) -> Session:
        """The same, for who wants the real one."""
        return cast(Session, self)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    return asyncio.run(work)
