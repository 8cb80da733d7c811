"""The line: one socket to TWS, from its handshake to its end.

Rules:

- Opening ends in an open line, or in one typed error: nothing answers (``NotConnected``), TWS
  closes before the line is open (``SessionRefused``, with code 326's words if they came), or it
  does not finish in time (``RequestTimedOut``).
- A request is sent only on an open line; before that it is ``NotConnected`` and nothing was sent.
- The wait for an answer is timed from when the request has left: what pacing holds back among
  hundreds of others was not asked yet, and TWS is not silent about it.
- Reads whose answers carry no request id are sent one at a time, so that an error without an id
  (321 in a read-only session) can only be about the one under way.
- A message that cannot be read ends the line when it could have been an order, a fill, a commission
  or a position: what was in it is unknown, and a new session reads the truth afresh.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from brokerport.adapters.tws.allowance import Allowance
from brokerport.adapters.tws.client import TwsClient, new_client
from brokerport.adapters.tws.code_table import CodeTable
from brokerport.adapters.tws.reads import CompleteIn, Kind, Read, Reads
from brokerport.adapters.tws.translate_numbers import EXCHANGE_ZONE_NAME, login_time_zone
from brokerport.config import TwsSettings
from brokerport.domain.errors import (
    BrokerportError,
    NotConnected,
    RequestTimedOut,
    SessionRefused,
)

CLOSE_SECONDS_MAX = 1.0

# orderStatus, error, openOrder, execDetails, openOrderEnd, execDetailsEnd, commissionReport,
# position, positionEnd, completedOrder, completedOrdersEnd.
VITAL_MESSAGES = frozenset({"3", "4", "5", "11", "53", "55", "59", "61", "62", "101", "102"})


class Line:
    """One socket to TWS; used once. ``number`` counts the sessions of the adapter's life."""

    def __init__(
        self, settings: TwsSettings, number: int, allowance: Allowance, codes: CodeTable
    ) -> None:
        self.settings = settings
        self.number = number
        self.reads = Reads(codes)
        self._allowance = allowance
        self.refusal: str | None = None
        self.time_zone = EXCHANGE_ZONE_NAME
        self.on_lost: Callable[[str], None] = lambda _reason: None
        self.on_unreadable: Callable[[str], None] = lambda _detail: None
        self._kind_turn = asyncio.Lock()
        self._client: TwsClient | None = None
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._socket_closed = asyncio.Event()
        self._is_ready = False
        self._reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether a request sent now would leave."""
        if self._client is None or self._ended.done() or not self._client.isReady():
            return False
        transport = self._client.conn.transport
        return transport is not None and not transport.is_closing()

    @property
    def client(self) -> TwsClient:
        """The client to send with.

        Raises:
            NotConnected: the line is not open.
        """
        if self._client is None or not self.is_open:
            raise NotConnected(f"there is no session with TWS at {self._address}")
        return self._client

    async def open(self, tap: object) -> None:
        """Connect and wait until TWS has named the accounts and the next order id."""
        settings = self.settings
        client = self._client = new_client(tap, self._unreadable, self._allowance)
        client.conn.hasData.connect(self._note_time_zone)
        client.conn.disconnected.connect(self._on_socket_closed)
        client.apiError.connect(self._on_ended)
        opening = asyncio.ensure_future(
            client.connectAsync(settings.host, settings.port, settings.client_id, 0)
        )
        try:
            async with asyncio.timeout(settings.connect_timeout_seconds):
                waited: set[asyncio.Future[Any]] = {opening, self._ended}
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            if client.conn.transport is None:
                raise NotConnected(f"nothing answers at {self._address}") from None
            raise self._too_late("open a session", settings.connect_timeout_seconds) from None
        finally:
            if not opening.done():
                opening.cancel()
            results = await asyncio.gather(opening, return_exceptions=True)
        if isinstance(results[0], OSError):
            raise NotConnected(f"nothing answers at {self._address}: {results[0]}")
        if self._ended.done() or not self.is_open:
            reason = self._ended.result() if self._ended.done() else "the connection was closed"
            raise SessionRefused(self.refusal or f"TWS at {self._address}: {reason}")
        self._is_ready = True

    def hold_back(self) -> None:
        """Send nothing for a second: TWS has said that it is too much."""
        if self._client is not None:
            self._client.hold_back()

    async def close(self) -> None:
        """Close the socket and wait until it is gone."""
        self._is_ready = False
        client = self._client
        if client is None:
            return
        transport = client.conn.transport
        client.disconnect()
        if transport is not None:
            try:
                async with asyncio.timeout(CLOSE_SECONDS_MAX):
                    await self._socket_closed.wait()
            except TimeoutError:
                transport.abort()
                await self._socket_closed.wait()
        self._end("the session was closed")

    async def read(
        self,
        what: str,
        send: Callable[[int], None],
        *,
        complete_in: CompleteIn | None = None,
        cancel: Callable[[int], None] | None = None,
        further_seconds: float = 0.0,
        request_id: int | None = None,
    ) -> list[Any]:
        """Send a request with an id of its own and return the rows that answer it.

        ``cancel`` ends a subscription once the answer is there, or nobody waits for it any more.
        ``request_id`` is the id, None for the next.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: there is no answer.
        """
        client = self.client
        timeout_seconds = self.settings.request_timeout_seconds + further_seconds
        request_id = client.getReqId() if request_id is None else request_id
        read = self.reads.begin(request_id, complete_in)
        try:
            send(request_id)
            return await self._answer_to(read, client.departure, what, timeout_seconds)
        finally:
            self.reads.forget(request_id)
            if cancel is not None and self.is_open:
                cancel(request_id)

    async def read_kind(self, kind: Kind, send: Callable[[], None]) -> list[Any]:
        """Send a request whose answer carries no id and return the rows that answer it.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: there is no answer.
        """
        timeout_seconds = self.settings.request_timeout_seconds
        try:
            async with asyncio.timeout(timeout_seconds) as limit:
                if kind is Kind.BROKER_TIME:
                    return await self._ask_kind(kind, send, limit)
                async with self._kind_turn:
                    return await self._ask_kind(kind, send, limit)
        except TimeoutError:
            raise self._too_late(kind.value, timeout_seconds) from None

    async def read_market_rule(self, rule_id: int) -> Any:
        """Return the price steps of a market rule.

        Raises:
            NotConnected, RequestTimedOut: there is no answer.
        """
        client = self.client
        timeout_seconds = self.settings.request_timeout_seconds
        read = self.reads.begin_rule(rule_id)
        client.reqMarketRule(rule_id)
        what = f"market rule {rule_id}"
        return (await self._answer_to(read, client.departure, what, timeout_seconds))[0]

    async def until_left(self) -> None:
        """Wait until the request that was sent last has left; call it without a pause before.

        Raises:
            NotConnected: the line ended first; the request never leaves.
        """
        if self._client is None:
            raise NotConnected(f"there is no session with TWS at {self._address}")
        # Of a line that ended in this very moment, too: what has left has left.
        departure = self._client.departure
        await _either(departure, self._ended)
        if not departure.done():
            raise NotConnected(
                f"the session with TWS ended before the request left: {self._ended.result()}"
            )

    async def _answer_to(
        self, read: Read, departure: asyncio.Future[None], what: str, timeout_seconds: float
    ) -> list[Any]:
        """Wait until a request has left, and then, for so long, until it is answered."""
        await _either(departure, read.answer)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await read.answer
        except TimeoutError:
            raise self._too_late(what, timeout_seconds) from None

    async def _ask_kind(
        self, kind: Kind, send: Callable[[], None], limit: asyncio.Timeout
    ) -> list[Any]:
        client = self.client  # Raises when the line is not open, before anything waits on it.
        read = self.reads.begin_kind(kind)
        send()
        if not client.departure.done():
            limit.reschedule(None)
            await _either(client.departure, read.answer)
            now = asyncio.get_running_loop().time()
            limit.reschedule(now + self.settings.request_timeout_seconds)
        return await read.answer

    @property
    def _address(self) -> str:
        return f"{self.settings.host}:{self.settings.port}"

    def _too_late(self, what: str, timeout_seconds: float) -> RequestTimedOut:
        return RequestTimedOut(
            f"TWS at {self._address} did not answer within {timeout_seconds:g} s: {what}"
        )

    def _note_time_zone(self, data: bytes) -> None:
        """Keep the login zone that the handshake names; ib_async drops it."""
        if self._client is not None:
            self._client.conn.hasData.disconnect(self._note_time_zone)
        text = data[4:].decode(errors="replace").split("\0")
        if len(text) > 1:
            self.time_zone = login_time_zone(text[1])

    def _unreadable(self, fields: list[str], error: Exception) -> None:
        detail = f"message {fields[0] if fields else '(empty)'} could not be read: {error!r}"
        if not fields or fields[0] not in VITAL_MESSAGES:
            self.on_unreadable(detail)
            return
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"brokerport ends its TWS session: {detail}", "exception": error}
        )
        self._reason = self._reason or detail
        if self._client is not None and self._client.conn.transport is not None:
            self._client.conn.transport.abort()

    def _on_socket_closed(self, message: str) -> None:
        self._socket_closed.set()
        self._on_ended(message or "TWS closed the connection")

    def _on_ended(self, message: str) -> None:
        was_ready = self._is_ready
        self._is_ready = False
        reason = self._reason or message
        if self._end(reason) and was_ready:
            self.on_lost(reason)

    def _end(self, reason: str) -> bool:
        if self._ended.done():
            return False
        self._ended.set_result(reason)

        def gone() -> BrokerportError:
            return NotConnected(f"the session with TWS ended: {reason}")

        self.reads.fail_all(gone)
        return True


async def _either(one: asyncio.Future[Any], other: asyncio.Future[Any]) -> None:
    """Wait until one of the two is done, without a pause when the first is."""
    if not one.done():
        waited: set[asyncio.Future[Any]] = {one, other}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
