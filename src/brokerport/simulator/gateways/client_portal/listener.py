"""A listening socket whose connections uvicorn's protocols serve, on the caller's event loop.

``uvicorn.Server`` is not used: it exits the process when a port is taken, wakes ten times a second,
and waits for clients that keep a connection open. Its protocols (h11, and the ``websockets``
library's state machine) are what a request sees either way.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from contextlib import suppress
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.server import ServerState
from websockets.exceptions import InvalidState

from brokerport.simulator.gateways.client_portal.tls_door import TlsDoor
from brokerport.simulator.gateways.errors import PortInUse

# A connection between two requests has said all; this is for bytes that are on their way.
_IDLE_GRACE_SECONDS = 0.05
_POLL_SECONDS = 0.002


class Listener:
    """Serves one application on one port, from ``start`` to ``close``."""

    def __init__(self, application: Starlette, gateway: str, message_bytes_max: int) -> None:
        self._gateway = gateway
        self._config = uvicorn.Config(
            application,
            http="h11",
            ws="websockets-sansio",
            # A stream ends by the session's rules; heartbeats are messages, as IBKR's are.
            ws_ping_interval=None,
            ws_max_size=message_bytes_max,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            # At "info" it logs the URLs of streams, and OAuth tokens stand in them.
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=60,
        )
        self._state = ServerState()
        self._handshakes: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port listened on.

        Raises:
            RuntimeError: it is not listening.
        """
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the gateway is not listening")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connection_count(self) -> int:
        """How many sockets are open."""
        return len(self._state.connections) + len(self._handshakes)

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Begin to listen; port 0 takes any free port.

        Raises:
            PortInUse: another program listens on the port.
        """
        if not self._config.loaded:
            self._config.load()
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                self._new_connection if tls is None else lambda: self._door(tls),
                host,
                port,
                backlog=self._config.backlog,
            )
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortInUse(self._gateway, host, port) from error

    def stop_listening(self) -> None:
        """Take no further connection; those that are there go on."""
        if self._server is not None:
            self._server.close()

    async def close(self, grace_seconds: float) -> None:
        """Let requests under way be answered, then end every connection."""
        self.stop_listening()
        for handshake in tuple(self._handshakes):
            handshake.cancel()
        state, busy = self._state, bool(self._state.tasks)
        for connection in tuple(state.connections):
            # A WebSocket that is being closed by its client already cannot be asked to close.
            with suppress(InvalidState):
                connection.shutdown()
        if state.tasks:
            await asyncio.wait(tuple(state.tasks), timeout=grace_seconds)
        await self._wait_until_gone(grace_seconds if busy else _IDLE_GRACE_SECONDS)
        # What is left does not read: what it has not read by now, it never will.
        for task in tuple(state.tasks):
            task.cancel()
        if state.tasks:
            await asyncio.wait(tuple(state.tasks))
        for connection in tuple(state.connections):
            connection.transport.abort()
        await self._wait_until_gone(grace_seconds)
        if self._handshakes:
            await asyncio.wait(tuple(self._handshakes))
        if self._server is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_seconds):
                    await self._server.wait_closed()

    async def _wait_until_gone(self, seconds: float) -> None:
        """Wait for the last bytes to leave; connections say goodbye by leaving the set."""
        ends_at = asyncio.get_running_loop().time() + seconds
        # What a library keeps has no event to wait for.
        while self._state.connections and asyncio.get_running_loop().time() < ends_at:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)

    def _door(self, tls: ssl.SSLContext) -> asyncio.Protocol:
        return TlsDoor(tls, self._new_connection, self._handshakes)

    def _new_connection(self) -> asyncio.Protocol:
        make: Any = self._config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self._config, server_state=self._state, app_state={}
        )
        return protocol
