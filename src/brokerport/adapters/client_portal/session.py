"""The session port over Client Portal: opens the session, keeps it, and mends it when it breaks.

    closed > connecting > READY > recovering > READY ...        a loss from any of them > closed

Rules:

- A session is open for callers once IBKR's brokerage session is, what must be asked first has been
  asked, and the stream has told how the orders stand.
- One loop tickles. When tickle, a request or the stream says that the brokerage session is gone, it
  is opened anew, primed and subscribed to again; when the stream drops, it is opened once more.
  What was missed is read from the lists: nothing is told twice, nothing is left out.
- While the session recovers, requests wait for it. When it cannot recover, or did so too often, its
  end is told once, with the reason; it is not told when we asked for it.
- The gateway's user stays logged in: closing a session does not log out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, TypeVar

from brokerport.adapters.client_portal.answers import Trouble, trouble_of, value_of
from brokerport.adapters.client_portal.book import PortalBook
from brokerport.adapters.client_portal.brokerage_session import Standing
from brokerport.adapters.client_portal.connection import Connection, Listeners
from brokerport.adapters.client_portal.door import Door, limit_of
from brokerport.adapters.client_portal.line import Line
from brokerport.adapters.client_portal.order_events import OrderEvents
from brokerport.adapters.client_portal.order_lists import OrderLists
from brokerport.adapters.client_portal.pacing import Lane, Pacing, PacingTime
from brokerport.adapters.client_portal.transport import AnswerLost, Reply
from brokerport.config import ClientPortalSettings
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import (
    BrokerportError,
    NotConnected,
    RequestRefused,
    RequestTimedOut,
    SessionRefused,
)
from brokerport.ports.session import AdapterEvent, AdapterListener, ConnectionLost

T = TypeVar("T")

RECOVERIES_MAX = 5
RECOVERIES_WITHIN_SECONDS = 600.0
# How long a status may count more as filled than was told, before the trades are read.
AWAITED_SECONDS_MAX = 2.0


class Session:
    """One session with Client Portal at a time, and what outlives it: the order book, pacing."""

    def __init__(
        self,
        settings: ClientPortalSettings,
        *,
        pacing_time: PacingTime | None = None,
        new_door: Callable[[ClientPortalSettings], Door] = Door,
    ) -> None:
        """Build it, without a session; ``new_door`` makes the way in anew for each session."""
        self._new_door = new_door
        self.settings = settings
        self.book = PortalBook()
        self.order_events = OrderEvents(self.book, self._emit)
        self.order_lists = OrderLists(self.read, self.managed_accounts)
        self._pacing = Pacing(limit_of(settings), pacing_time)
        self._connection: Connection | None = None
        self._listener: AdapterListener | None = None
        self._standing = Standing.NO_SESSION
        self._reason = "it was never opened"
        self._turn = asyncio.Lock()
        self._recovery: asyncio.Task[None] | None = None
        self._recovered_at: deque[float] = deque(maxlen=RECOVERIES_MAX)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._requests: set[asyncio.Task[Any]] = set()
        self._awaited: asyncio.TimerHandle | None = None
        self._on_start: list[Callable[[], None]] = []

    @property
    def is_connected(self) -> bool:
        """Whether requests can be sent now."""
        return self._standing is Standing.READY

    @property
    def standing(self) -> Standing:
        """How we stand with the broker."""
        return self._standing

    async def connect(self, listener: AdapterListener) -> None:
        """Open the session; see ``SessionPort.connect``.

        Raises:
            NotConnected: nothing answers, or not with the pinned certificate.
            SessionRefused: nobody is logged in, another program has the brokerage session, or this
                adapter has a session already.
            RequestTimedOut: Client Portal did not finish in time.
            InvalidConfiguration: a secret or the certificate cannot be read.
        """
        async with self._turn:
            if self._connection is not None:
                raise SessionRefused("this adapter has a session already; disconnect it first")
            await self._settle_tasks()
            self._pacing.open()
            self._listener = listener
            self._recovered_at.clear()
            self._connection = connection = Connection(
                self.settings,
                self._new_door(self.settings),
                self._pacing,
                self.order_events,
                self._read_now,
                Listeners(self._primed, self._on_standing, self._on_fault, self._on_heard),
            )
            self.order_events.begins_session()
            try:
                began_at = await connection.open()
                connection.check()
            except BaseException:
                self._close("it could not be opened")
                await self._end(connection, "it could not be opened")
                raise
            self.order_events.has_begun(began_at)
            self._standing = Standing.READY
            self.spawn(self._tickle(), "client portal tickle")

    async def disconnect(self) -> None:
        """Close the session; idempotent, and no ``ConnectionLost`` is delivered for it."""
        async with self._turn:
            connection = self._connection
            self._close("it was closed")
            if connection is not None:
                await self._end(connection, "it was closed")
            await self._settle_tasks()

    def managed_accounts(self) -> tuple[BrokerAccount, ...]:
        """Return the broker accounts this session may trade.

        Raises:
            NotConnected: there is no session.
        """
        return self._open_connection().accounts

    def require_managed(self, broker_account: BrokerAccount) -> None:
        """Refuse to read an account of which this session would be told nothing.

        Raises:
            NotConnected: there is no session.
            RequestRefused: the session does not manage the account.
        """
        if broker_account not in self.managed_accounts():
            raise RequestRefused(f"this session does not manage account {broker_account}")

    def require_connected(self) -> None:
        """Refuse to go on without a session; one that recovers is one.

        Raises:
            NotConnected: there is no session.
        """
        self._open_connection()

    async def broker_time(self) -> datetime:
        """Ask the broker its time (UTC): a barrier; see ``SessionPort.broker_time``."""
        return await (await self._ready()).time()

    async def read(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Any:
        """Ask something that changes nothing, and return the answer's JSON.

        Numbers with a point are Decimals. A request that is turned away because the brokerage
        session is gone is asked once more when that is mended.

        Raises:
            NotConnected: there is no session, or nothing of it left.
            RequestTimedOut: there is no answer; also when Client Portal refuses for pacing.
            RequestRefused: the answer is an error, at whichever HTTP status.
        """
        await self._ready()
        reply = await self._ask_now(method, path, query, body)
        trouble = trouble_of(reply)
        if trouble is not None and trouble is not Trouble.TOO_MANY:
            self.on_trouble(trouble)
            if asyncio.current_task() is not self._recovery:
                await self._ready()
                reply = await self._ask_now(method, path, query, body)
        return value_of(reply, path)

    async def sleep(self, seconds: float) -> None:
        """Wait so long on pacing's clock."""
        await self._pacing.time.sleep(seconds)

    def on_session_start(self, callback: Callable[[], None]) -> None:
        """Call this whenever a brokerage session has begun: the broker has forgotten the last."""
        self._on_start.append(callback)

    async def ready_line(self) -> Line:
        """Return the line to send orders on, once the session is ready.

        Raises:
            NotConnected: there is no session.
        """
        return (await self._ready()).line

    def on_trouble(self, trouble: Trouble) -> None:
        """Mend the session: a request was turned away for want of one."""
        if trouble is not Trouble.TOO_MANY:
            self._recover(trouble.value, needs_priming=trouble is not Trouble.NO_LOGIN)

    def is_current(self, line: Line) -> bool:
        """Say whether what comes over a line may still be told."""
        return self._connection is not None and self._connection.line is line

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something beside the callers, until it is done or the session ends."""
        _ = self._begin(work, name)

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def spawn_request(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run something that must come to its end, whoever gives up waiting for it."""
        task = asyncio.create_task(work, name=name)
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)
        return task

    async def read_lists(self, account: BrokerAccount | None = None) -> None:
        """Read an account's lists of orders and trades, or all accounts', and take in their news.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: a read failed.
        """
        connection = await self._ready()
        orders = await self.order_lists.orders(account)
        trades = await self.order_lists.trades(account)
        connection.hearing.hear_lists(orders, trades)
        await connection.hearing.until_heard()

    def _open_connection(self) -> Connection:
        if self._connection is None:
            raise NotConnected(
                f"there is no session with Client Portal at {self.settings.base_url}: "
                f"{self._reason}"
            )
        return self._connection

    async def _ready(self) -> Connection:
        """Return the connection once it is ready; those who make it ready do not wait."""
        connection = self._open_connection()
        if asyncio.current_task() in (self._recovery, connection.hearing.task):
            return connection
        # It may break again just when it was mended.
        while (recovery := self._recovery) is not None and not recovery.done():
            await asyncio.wait([recovery])
        if self._standing is not Standing.READY:
            raise NotConnected(f"there is no session with Client Portal: {self._reason}")
        return self._open_connection()

    async def _ask_now(
        self, method: str, path: str, query: Mapping[str, str] | None, body: object
    ) -> Reply:
        line = self._open_connection().line
        try:
            return await line.ask(Lane.READ, method, path, query=query, body=body)
        except AnswerLost as error:
            raise RequestTimedOut(f"Client Portal did not answer {path}: {error}") from error

    async def _read_now(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Any:
        return value_of(await self._ask_now(method, path, query, body), path)

    async def _tickle(self) -> None:
        while True:
            await asyncio.sleep(self.settings.tickle_seconds)
            connection = self._connection
            if connection is None or self._standing is not Standing.READY:
                continue
            try:
                standing, _session_id = await connection.brokerage.tickle()
                if standing is Standing.READY:
                    await connection.time()
            except BrokerportError as error:
                self._recover(str(error), needs_priming=False)
            else:
                self._on_standing(standing)

    def _on_standing(self, standing: Standing) -> None:
        if standing is not Standing.READY:
            self._recover(standing.value, needs_priming=True)

    def _on_fault(self, reason: str) -> None:
        if self._standing is not Standing.READY:
            # It is being opened or mended: what is read next says whether that was enough.
            self.order_events.notice(("fault", reason), reason)
        self._recover(reason, needs_priming=False)

    def _recover(self, reason: str, *, needs_priming: bool) -> None:
        """Begin to mend the session, unless that is under way or there is none."""
        if self._standing is not Standing.READY:
            return
        self._standing = Standing.NO_BRIDGE
        self._reason = reason
        self._recovery = self._begin(self._mend(reason, needs_priming), "client portal recovery")

    async def _mend(self, reason: str, needs_priming: bool) -> None:
        connection = self._connection
        if connection is None:
            # The session was closed before this could begin.
            return
        now = asyncio.get_running_loop().time()
        oldest = self._recovered_at[0] if len(self._recovered_at) == RECOVERIES_MAX else None
        try:
            if oldest is not None and now - oldest < RECOVERIES_WITHIN_SECONDS:
                raise NotConnected(f"it broke {RECOVERIES_MAX + 1} times in a short while")
            self._recovered_at.append(now)
            await connection.mend(needs_priming=needs_priming)
            connection.check()
        except BrokerportError as error:
            await self._lose(connection, f"{reason}; it could not be mended: {error}")
            return
        except Exception as error:
            await self._lose(connection, f"{reason}; brokerport failed to mend it: {error!r}")
            raise
        if self._connection is connection:
            self._standing = Standing.READY
            self._recovery = None

    async def _lose(self, connection: Connection, reason: str) -> None:
        if self._connection is not connection:
            return
        listener = self._listener
        self._close(reason)
        if listener is not None:
            listener(ConnectionLost(reason))
        # A new session may be asked for at once: it waits until this one is closed to its end.
        await self._end(connection, reason)

    async def _end(self, connection: Connection, reason: str) -> None:
        """Close a connection to its end, also when nobody waits for that any more."""
        await asyncio.shield(self.spawn_request(connection.close(reason), "client portal closing"))

    def _close(self, reason: str) -> None:
        """Be closed from now on: nothing more is told."""
        if self._connection is not None:
            self._reason = reason
            self._connection.hearing.end()
        self._connection = self._listener = None
        self._standing = Standing.NO_SESSION
        if self._awaited is not None:
            self._awaited.cancel()
            self._awaited = None

    async def _settle_tasks(self) -> None:
        """End what runs beside the callers, and wait until it has."""
        self._recovery = None
        # A request that ends may begin a look-up yet; and who gives up waiting here ends none.
        while self._tasks or self._requests:
            for task in self._tasks:
                task.cancel()
            done, _ = await asyncio.wait([*self._tasks, *self._requests])
            for task in done:
                _ = task.cancelled() or task.exception()

    def _primed(self) -> None:
        for callback in self._on_start:
            callback()

    def _emit(self, event: AdapterEvent) -> None:
        if self._listener is not None:
            self._listener(event)

    def _on_heard(self) -> None:
        if self.book.awaits_any and self._awaited is None and self.is_connected:
            loop = asyncio.get_running_loop()
            self._awaited = loop.call_later(
                AWAITED_SECONDS_MAX,
                lambda: self.spawn(self._look_for_awaited(), "client portal look-up"),
            )

    async def _look_for_awaited(self) -> None:
        """Read what a report waits for; what is not there then is not waited for any longer."""
        try:
            if self.book.awaits_any:
                await self.read_lists()
                self.order_events.report(self.book.release_held())
        except BrokerportError:
            # It waits on: the next message, or the next session, asks again.
            pass
        finally:
            self._awaited = None
