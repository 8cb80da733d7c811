"""ib_async's socket client, as this adapter uses it.

ib_async ships its types but leaves its client's methods without any, so the few that are used are
declared here. Only ``Client`` and ``Decoder`` are used: the library's ``IB`` and ``Wrapper`` keep a
book of orders that is wrong on several codes and is erased with the socket.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

from ib_async.client import Client
from ib_async.contract import Contract
from ib_async.decoder import Decoder
from ib_async.objects import ExecutionFilter
from ib_async.order import Order

from brokerport.adapters.tws.allowance import Allowance
from brokerport.adapters.tws.pacing import Pacing

OnUnreadable = Callable[[list[str], Exception], None]

ALARM_SECONDS_MIN = 0.001


class Event(Protocol):
    """An event of the library's, with its callbacks."""

    connect: Callable[[Callable[..., None]], object]
    disconnect: Callable[[Callable[..., None]], object]


class Socket(Protocol):
    """The socket under the client."""

    transport: Any
    disconnected: Event
    hasData: Event


class TwsClient(Protocol):
    """What is used of ``ib_async.client.Client``, arguments in the library's order."""

    conn: Socket
    # done when the message that was sent last has left
    departure: asyncio.Future[None]
    # sends nothing for a second
    hold_back: Callable[[], None]
    apiError: Event
    decoder: Any
    # host, port, client id, time-out (0: none)
    connectAsync: Callable[[str, int, int, float], Awaitable[None]]
    disconnect: Callable[[], None]
    isReady: Callable[[], bool]
    getReqId: Callable[[], int]
    updateReqId: Callable[[int], None]
    getAccounts: Callable[[], list[str]]
    placeOrder: Callable[[int, Contract, Order], None]
    cancelOrder: Callable[[int], None]
    reqOpenOrders: Callable[[], None]
    reqAllOpenOrders: Callable[[], None]
    # whether orders of API clients only are wanted
    reqCompletedOrders: Callable[[bool], None]
    reqExecutions: Callable[[int, ExecutionFilter], None]
    reqPositions: Callable[[], None]
    reqCurrentTime: Callable[[], None]
    # request id, group, tags
    reqAccountSummary: Callable[[int, str, str], None]
    cancelAccountSummary: Callable[[int], None]
    # request id, account, model code
    reqPnL: Callable[[int, str, str], None]
    cancelPnL: Callable[[int], None]
    reqContractDetails: Callable[[int, Contract], None]
    reqMarketRule: Callable[[int], None]
    reqMatchingSymbols: Callable[[int, str], None]
    # request id, symbol, futures exchange, security type, conid
    reqSecDefOptParams: Callable[[int, str, str, str, int], None]
    # request id, contract, generic ticks, snapshot, regulatory snapshot, options
    reqMktData: Callable[[int, Contract, str, bool, bool, list[Any]], None]
    cancelMktData: Callable[[int], None]


class _GuardedDecoder(Decoder):
    """A decoder that hands on what it cannot read, where the library's would only log it."""

    def __init__(self, tap: Any, on_unreadable: OnUnreadable) -> None:
        super().__init__(tap, 0)
        self._on_unreadable = on_unreadable

    def interpret(self, fields: list[str]) -> None:
        try:
            self.handlers[int(fields[0])](fields)
        except Exception as error:
            self._on_unreadable(fields, error)

    def wrap(self, methodName: str, types: list[type], skip: int = 2) -> Callable[..., None]:
        readers: dict[type, Callable[[str], Any]] = {
            str: str,
            int: lambda field: int(field or 0),
            float: lambda field: float(field or 0),
            bool: lambda field: bool(int(field or 0)),
        }

        def handler(fields: list[str]) -> None:
            method = getattr(self.wrapper, methodName, None)
            if method is not None:
                values = zip(types, fields[skip:], strict=False)
                method(*(readers[kind](field) for kind, field in values))

        return handler


class _PacedClient(Client):
    """A client with our pacing in place of the library's."""

    departure: asyncio.Future[None]

    def __init__(self, tap: object, allowance: Allowance) -> None:
        self._allowance = allowance
        super().__init__(tap)  # type: ignore[no-untyped-call]

    def reset(self) -> None:
        super().reset()  # type: ignore[no-untyped-call]
        self._pacing = Pacing(self._allowance)
        wake_up: asyncio.TimerHandle | None = getattr(self, "_wake_up", None)
        if wake_up is not None:
            wake_up.cancel()
        self._wake_up: asyncio.TimerHandle | None = None

    def sendMsg(self, msg: str) -> None:
        departure = self.departure = asyncio.get_running_loop().create_future()
        self._pacing.add(msg, lambda: departure.set_result(None))
        self._send_due()

    def hold_back(self) -> None:
        """Send nothing for a second: TWS has said that it is too much."""
        self._pacing.hold(asyncio.get_running_loop().time())
        self._send_due()

    def _send_due(self) -> None:
        if self._wake_up is not None:
            self._wake_up.cancel()
            self._wake_up = None
        loop = asyncio.get_running_loop()
        for message in self._pacing.due(loop.time()):
            framed = self._prefix(message.encode())  # type: ignore[no-untyped-call]
            self.conn.sendMsg(framed)  # type: ignore[no-untyped-call]
        next_due_at = self._pacing.next_due_at
        if next_due_at is not None:
            # A timer that rings a hair too early must not be followed by one too short for a clock.
            wake_up_at = max(next_due_at, loop.time() + ALARM_SECONDS_MIN)
            self._wake_up = loop.call_at(wake_up_at, self._send_due)


def new_client(
    tap: object, on_unreadable: OnUnreadable, allowance: Allowance | None = None
) -> TwsClient:
    """Return an unconnected client that calls ``tap``, and ``on_unreadable`` if it cannot.

    ``allowance`` is what this connection may still send, None for a whole one.
    """
    log = logging.getLogger("ib_async")
    if not log.handlers:
        # Without any handler Python prints the library's errors, which we raise or report anyway.
        log.addHandler(logging.NullHandler())
    client = _PacedClient(tap, Allowance() if allowance is None else allowance)
    client.decoder = _GuardedDecoder(tap, on_unreadable)
    return cast(TwsClient, client)
