"""One client's socket: bytes in and out, and every way in which a client can misbehave.

Rules:
- A client that does not come as far as startApi in time is closed; it has cost a buffer.
- What cannot be framed (garbage, an oversized length, a wrong hello) closes that connection only.
- Answers are collected and written once per turn of the event loop. A client that lets more than
  ``unread_bytes_max`` pile up is dropped without ceremony, for a write would never end.
- A request that breaks the gateway itself is logged and closes the connection: its client must
  see a lost link and reconcile, never an invented answer.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Protocol, cast

from brokerport.simulator.gateways.fault_log import FaultLog
from brokerport.simulator.gateways.log import gateway_logger
from brokerport.simulator.gateways.tws.session import Session
from brokerport.simulator.gateways.tws.settings import GatewaySettings
from brokerport.simulator.wire.tws.connection import HandshakeRequested, ServerConnection
from brokerport.simulator.wire.tws.errors import LocalViolation, RemoteViolation
from brokerport.simulator.wire.tws.messages.session import StartApi

_log = gateway_logger(__name__)


class Host(Protocol):
    """What a connection needs of the gateway it belongs to."""

    @property
    def settings(self) -> GatewaySettings:
        """How clients are treated."""
        ...

    @property
    def faults(self) -> FaultLog:
        """Where the gateway's own mistakes are counted."""
        ...

    def server_time(self) -> str:
        """Return the time for the version reply."""
        ...

    def connected(self, connection: ClientConnection) -> bool:
        """Take note of a new connection; False means that there are too many already."""
        ...

    def start_session(self, connection: ClientConnection, request: StartApi) -> Session | None:
        """Begin a client's session; None means that it was refused and told so."""
        ...

    def disconnected(self, connection: ClientConnection) -> None:
        """Forget a connection and its session."""
        ...


class ClientConnection(asyncio.Protocol):
    """The socket of one client, from connecting to the last byte."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._wire = ServerConnection(host.settings.frame_bytes_max)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._session: Session | None = None
        self._outgoing: list[bytes] = []
        self._outgoing_bytes = 0
        self._write_scheduled = False
        self._closing = False

    @property
    def session(self) -> Session | None:
        """The client's session, None until startApi was accepted."""
        return self._session

    @property
    def version(self) -> int:
        """The protocol version spoken; 0 before the handshake."""
        return self._wire.negotiated_version or 0

    @property
    def is_closing(self) -> bool:
        """Whether nothing more is read from or written to this client."""
        return self._closing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the handshake."""
        self._transport = cast(asyncio.Transport, transport)
        peer_socket = transport.get_extra_info("socket")
        if peer_socket is not None:
            # A peer that vanished without a word is found out by the operating system.
            peer_socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if not self._host.connected(self):
            self.drop("too many connections")
            return
        timeout_seconds = self._host.settings.handshake_timeout_seconds
        self._deadline = self._loop.call_later(
            timeout_seconds, self.drop, f"no startApi within {timeout_seconds} s"
        )

    def data_received(self, data: bytes) -> None:
        """Read what a client sent and answer it."""
        if self._closing:
            return
        try:
            self._wire.receive_data(data)
            while not self._closing and (event := self._wire.next_event()) is not None:
                self._take(event)
        except RemoteViolation as violation:
            self.drop(f"protocol violation: {violation}")
        except Exception:
            self._host.faults.record(self._name())
            self.drop("fault in the gateway")
        self._write()

    def eof_received(self) -> bool:
        """Close when the client closed its half."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._closing = True
        self._stop_waiting()
        self._outgoing.clear()
        self._host.disconnected(self)

    def send(self, message: object) -> None:
        """Send one message, or drop the client if it has let too much pile up."""
        if self._closing or self._transport is None:
            return
        try:
            data = self._wire.send(message)
        except LocalViolation:
            self._host.faults.record(f"{self._name()}, sending {type(message).__name__}")
            self.drop("fault in the gateway")
            return
        self._outgoing.append(data)
        self._outgoing_bytes += len(data)
        waiting_bytes = self._outgoing_bytes + self._transport.get_write_buffer_size()
        if waiting_bytes > self._host.settings.unread_bytes_max:
            self.drop(f"{waiting_bytes} bytes unread")
        elif not self._write_scheduled:
            self._write_scheduled = True
            self._loop.call_soon(self._write)

    def close(self) -> None:
        """Close after everything sent so far has been written."""
        if self._closing or self._transport is None:
            return
        self._write()
        self._closing = True
        self._stop_waiting()
        self._transport.close()

    def abort(self) -> None:
        """Close at once even if the last bytes sent are still waiting to be written."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    def drop(self, reason: str) -> None:
        """Close at once, losing what was not yet written."""
        if self._closing or self._transport is None:
            return
        _log.warning("tws_gateway.dropped", client=self._name(), reason=reason)
        self._closing = True
        self._stop_waiting()
        self._outgoing.clear()
        self._transport.abort()

    def _take(self, event: Any) -> None:
        if isinstance(event, HandshakeRequested):
            self._answer_handshake(event)
        elif self._session is None:
            self._start(event)
        else:
            self._session.handle(event, self._loop.time())

    def _answer_handshake(self, event: HandshakeRequested) -> None:
        if self._wire.negotiated_version is None or self._transport is None:
            self.drop(f"no common version with {event.min_version}..{event.max_version}")
            return
        self._transport.write(self._wire.send_handshake(self._host.server_time()))

    def _start(self, request: StartApi) -> None:
        self._stop_waiting()
        self._session = self._host.start_session(self, request)
        if self._session is None:
            self.close()

    def _write(self) -> None:
        self._write_scheduled = False
        if self._outgoing and not self._closing and self._transport is not None:
            self._transport.write(b"".join(self._outgoing))
            self._outgoing.clear()
            self._outgoing_bytes = 0

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _name(self) -> str:
        return "unknown" if self._session is None else f"client {self._session.client_id}"
