"""The gateway's WebSocket connections as the rest of the gateway sees them.

It listens to the world once, from ``start`` to ``close``, whatever number of clients there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.stream.admission import Credentials
from brokerport.simulator.gateways.client_portal.stream.connection import converse
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber

if TYPE_CHECKING:
    from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
    from brokerport.simulator.gateways.client_portal.stream.switchboard import Switchboard


class StreamHub:
    """Fans the world's events out to whoever has subscribed."""

    def __init__(self, portal: ServedPortal) -> None:
        self._portal = portal
        self._board: Switchboard | None = None
        self._serving: set[asyncio.Task[Any]] = set()

    @property
    def connection_count(self) -> int:
        """How many clients are connected."""
        return 0 if self._board is None else len(self._board.subscribers)

    def start(self) -> None:
        """Begin to listen to the world, on the running event loop."""
        # The topics know the portal, and the portal this hub.
        from brokerport.simulator.gateways.client_portal.stream.switchboard import Switchboard

        board = self._board = Switchboard(self._portal, asyncio.get_running_loop())
        self._portal.world.brokerage.subscribe(board.on_event)
        self._portal.world.subscribe_ticks(board.on_tick)

    async def close(self) -> None:
        """Close every connection and let go of the world; does nothing twice."""
        board = self._board
        if board is None:
            return
        self._board = None
        self._portal.world.brokerage.unsubscribe(board.on_event)
        self._portal.world.unsubscribe_ticks(board.on_tick)
        board.stop()
        for subscriber in board.subscribers:
            subscriber.close()
        if self._serving:
            await asyncio.wait(self._serving, timeout=self._portal.settings.close_grace_seconds)
        # What is left does not read, so its last messages can never be written.
        for subscriber in board.subscribers:
            subscriber.drop()
        if self._serving:
            await asyncio.wait(self._serving)
        board.stop()

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        board, task = self._board, asyncio.current_task()
        if board is None or task is None:
            await socket.close()
            return
        mischief = self._portal.mischief
        make = Subscriber if mischief is None else mischief.subscriber
        subscriber = make(self._portal.settings.unread_messages_max)
        self._serving.add(task)
        try:
            await socket.accept()
            board.admit(subscriber, Credentials.of(socket.cookies, socket.query_params))
            await converse(socket, subscriber, lambda text: board.receive(subscriber, text))
        except WebSocketDisconnect:
            return
        except Exception:
            self._portal.faults.record("stream")
        finally:
            self._serving.discard(task)
            board.leave(subscriber)

    def check_time(self) -> None:
        """Do what is due by the portal's monotonic clock: heartbeats, account values, expiry."""
        if self._board is not None:
            self._board.check_time()

    def tell_status(self, login: Login) -> None:
        """Tell a login's connections that its session has changed (``sts``).

        Subscriptions that take the brokerage session end when it is gone. A login that is no longer
        open has its connections wait for a session; a new one is looked for by those that wait.
        """
        if self._board is not None:
            self._board.tell_status(login)

    def tell_accounts(self, login: Login) -> None:
        """Tell a login's connections its accounts again (``act``): another one is selected."""
        if self._board is not None:
            self._board.tell_accounts(login)

    def end_market_data(self, login: Login, contract_id: int | None = None) -> None:
        """End a login's streams of a contract, or all of them, as a REST request may."""
        if self._board is not None:
            self._board.topics.market_data.end_by_request(login, contract_id)

    def notify(self, login: Login, notification: Mapping[str, Any]) -> None:
        """Tell a login's connections of something they did not ask for (``ntf``).

        An order prompt has ``orderId``, ``reqId``, ``text``, ``options`` and ``type``; a piece of
        news ``id``, ``text``, ``title`` and ``url``.
        """
        if self._board is not None:
            self._board.notify(login, notification)
