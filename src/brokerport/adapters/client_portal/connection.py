"""The parts of one session: its line, its brokerage session, its stream, and who takes it in.

Opened and mended as a whole: after it the brokerage session is open and primed, both topics are
subscribed to, and all that the stream had to say of how things stand has been taken in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from attrs import frozen

from brokerport.adapters.client_portal.brokerage_session import (
    BrokerageSession,
    NoLogin,
    OpenSession,
    Standing,
)
from brokerport.adapters.client_portal.door import Door
from brokerport.adapters.client_portal.hearing import Hearing
from brokerport.adapters.client_portal.line import Line
from brokerport.adapters.client_portal.order_events import OrderEvents
from brokerport.adapters.client_portal.order_lists import OrderLists, Read
from brokerport.adapters.client_portal.pacing import Pacing
from brokerport.adapters.client_portal.stream import Stream, StreamFailed
from brokerport.config import ClientPortalSettings
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import NotConnected, RequestTimedOut

# Fills first: what they made of their orders comes after them.
SUBSCRIPTIONS = ('str+{"realtimeUpdatesOnly":false,"days":7}', "sor+{}")


@frozen
class Listeners:
    """Who is told what: of a new brokerage session, of how it stands, of what went wrong."""

    on_primed: Callable[[], None]
    on_standing: Callable[[Standing], None]
    on_fault: Callable[[str], None]
    on_heard: Callable[[], None]


class Connection:
    """One session's parts, from ``open`` to ``close``; used once."""

    def __init__(
        self,
        settings: ClientPortalSettings,
        door: Door,
        pacing: Pacing,
        events: OrderEvents,
        read: Read,
        listeners: Listeners,
    ) -> None:
        """Prepare a session; ``read`` asks without waiting for the session to be ready."""
        self._settings = settings
        self._listeners = listeners
        self._door = door
        self.line = Line(door.transport(), pacing)
        self.brokerage = BrokerageSession(
            self.line,
            settings.base_url,
            takes_over=settings.takes_over_session,
            timeout_seconds=settings.request_timeout_seconds,
        )
        self.accounts: tuple[BrokerAccount, ...] = ()
        self.hearing = Hearing(
            events, listeners.on_standing, listeners.on_fault, listeners.on_heard
        )
        self._lists = OrderLists(read, lambda: self.accounts)
        self._stream: Stream | None = None
        self._stream_session = ""

    async def open(self) -> datetime:
        """Open everything, and return what time it is then at the broker.

        Raises:
            NotConnected, RequestTimedOut, SessionRefused: it could not be opened.
        """
        await self._door.sign_in(self.line)
        session = await self.brokerage.open()
        await self._prime()
        return await self._listen(session)

    async def mend(self, *, needs_priming: bool) -> None:
        """Open anew what is broken, and read what was missed.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused, SessionRefused: it cannot be mended.
        """
        if self._door.is_over():
            await self._door.sign_in(self.line)
        try:
            session = await self.brokerage.open()
        except NoLogin:
            if not self._door.can_sign_in:
                raise
            await self._door.sign_in(self.line)
            session = await self.brokerage.open()
        if session.is_new or needs_priming:
            await self._prime()
        _ = await self._listen(session)
        await self.read_lists()

    async def read_lists(self) -> None:
        """Read the lists of orders and trades, and take them in.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: a read failed.
        """
        orders = await self._lists.orders()
        trades = await self._lists.trades()
        self.hearing.hear_lists(orders, trades)
        await self.hearing.until_heard()

    def check(self) -> None:
        """Refuse to be called ready when the stream broke just after it was heard.

        Raises:
            NotConnected: it did.
        """
        if self._stream is None or not self._stream.is_open:
            raise NotConnected("the stream from Client Portal broke again")

    async def time(self) -> datetime:
        """Ask over the stream what time it is: a barrier.

        Raises:
            NotConnected: the stream is gone.
            RequestTimedOut: there is no answer.
        """
        stream = self._stream
        if stream is None:
            raise NotConnected("there is no stream from Client Portal")
        barrier = self.hearing.expect_time()
        await self._send(stream, "tic")
        try:
            async with asyncio.timeout(self._settings.request_timeout_seconds):
                return await barrier
        except TimeoutError:
            raise RequestTimedOut(
                "Client Portal did not tell its time within "
                f"{self._settings.request_timeout_seconds:g} s"
            ) from None

    async def close(self, reason: str) -> None:
        """Close everything; what is under way ends unanswered."""
        await self.hearing.stop()
        if self._stream is not None:
            await self._stream.close()
        await self.line.close(reason)

    async def _prime(self) -> None:
        self.accounts = await self.brokerage.prime(self._settings.answered_questions)
        self._listeners.on_primed()

    async def _listen(self, session: OpenSession) -> datetime:
        """Subscribe, over a new stream when need be, and hear how things stand."""
        stream = self._stream
        if stream is None or not stream.is_open or self._stream_session != session.session_id:
            # A stream is of one login: when that is over, it says nothing more.
            stream = self._stream = await self._open_stream(session.session_id)
            self._stream_session = session.session_id
        for subscription in SUBSCRIPTIONS:
            await self._send(stream, subscription)
        return await self.time()

    async def _open_stream(self, session_id: str) -> Stream:
        if self._stream is not None:
            await self._stream.close()
            self.hearing.fail_barriers("the stream was closed")
        try:
            return await self._door.open_stream(session_id, self.hearing.hear, self._on_stream_end)
        except StreamFailed as error:
            raise NotConnected(f"Client Portal gives no stream: {error}") from error

    async def _send(self, stream: Stream, text: str) -> None:
        try:
            await stream.send(text)
        except StreamFailed as error:
            raise NotConnected(f"the stream from Client Portal is gone: {error}") from error

    def _on_stream_end(self, reason: str) -> None:
        self.hearing.fail_barriers(reason)
        self._listeners.on_fault(reason)
