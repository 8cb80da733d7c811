"""The broker's lists of orders and trades, read whole and shared by who asks at the same time.

Rules (Web API, "Live Orders" and "Trades"):

- The first list of a brokerage session is empty and only makes IBKR gather it (``snapshot`` false):
  it is asked for again, and a list that never comes is an error, not an empty list. Trades say
  nothing of the kind: an empty list of them counts only when it was empty twice.
- Selecting another account makes IBKR forget the lists too. Whoever does so holds ``gate``, which
  keeps it from happening between two readings of one list.
- A list is of one account; the list of all is one after the other.
- IBKR allows one list in five seconds. Callers that ask at the same time share one answer, which is
  never older than the question.
- Filters are never used: they make the ``sor`` topic fall silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from brokerport.adapters.shared_read import SharedRead
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import RequestRefused, RequestTimedOut

Row = Mapping[str, Any]

ORDERS_PATH = "/iserver/account/orders"
TRADES_PATH = "/iserver/account/trades"
READS_MAX = 3
TRADES_READS = 2


class Read(Protocol):
    """How a list is asked for: ``Session.read``."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Awaitable[Any]:
        """Ask, and return the answer's JSON."""
        ...


class OrderLists:
    """The lists of one session's accounts."""

    def __init__(self, read: Read, accounts: Callable[[], tuple[BrokerAccount, ...]]) -> None:
        self._read = read
        self._accounts = accounts
        self.gate = asyncio.Lock()
        self._orders: dict[BrokerAccount, SharedRead[tuple[Row, ...]]] = {}
        self._trades: dict[BrokerAccount, SharedRead[tuple[Row, ...]]] = {}

    async def orders(self, account: BrokerAccount | None = None) -> tuple[Row, ...]:
        """Return the rows of an account's orders, working and ended, or of all accounts'.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        return await self._of(self._orders, self._read_orders, account)

    async def trades(self, account: BrokerAccount | None = None) -> tuple[Row, ...]:
        """Return the rows of an account's executions of the day, or of all accounts'.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: the read failed.
        """
        return await self._of(self._trades, self._read_trades, account)

    async def _of(
        self,
        shared: dict[BrokerAccount, SharedRead[tuple[Row, ...]]],
        fetch: Callable[[BrokerAccount], Awaitable[tuple[Row, ...]]],
        account: BrokerAccount | None,
    ) -> tuple[Row, ...]:
        rows: list[Row] = []
        for one in self._accounts() if account is None else (account,):
            if one not in shared:
                shared[one] = SharedRead(lambda one=one: fetch(one))  # type: ignore[misc]
            rows += await shared[one]()
        return tuple(rows)

    async def _read_orders(self, account: BrokerAccount) -> tuple[Row, ...]:
        query = {"accountId": account.account_id}
        async with self.gate:
            for _reading in range(READS_MAX):
                answer = await self._read("GET", ORDERS_PATH, query=query)
                rows = answer.get("orders") if isinstance(answer, Mapping) else None
                if not isinstance(rows, list):
                    raise RequestRefused(
                        "Client Portal's answer about the orders is no list of orders"
                    )
                if answer.get("snapshot", bool(rows)):
                    return _rows(rows, "orders")
        raise RequestTimedOut(f"Client Portal did not gather the orders in {READS_MAX} readings")

    async def _read_trades(self, account: BrokerAccount) -> tuple[Row, ...]:
        query = {"accountId": account.account_id}
        async with self.gate:
            for _reading in range(TRADES_READS):
                answer = await self._read("GET", TRADES_PATH, query=query)
                if not isinstance(answer, list):
                    raise RequestRefused(
                        "Client Portal's answer about the trades is no list of trades"
                    )
                if answer:
                    return _rows(answer, "trades")
        return ()


def _rows(values: list[object], what: str) -> tuple[Row, ...]:
    rows = tuple(one for one in values if isinstance(one, Mapping))
    if len(rows) != len(values):
        raise RequestRefused(f"Client Portal's list of {what} holds something that is no object")
    return rows
