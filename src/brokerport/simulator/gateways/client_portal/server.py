"""The Client Portal gateway's server: a world on a loopback port, for any Client Portal program.

Rules:

- It runs on its caller's event loop, and touches no signal; the world stays synchronous and is
  advanced by others.
- It listens on loopback only, with TLS unless plain HTTP is asked for.
- Closing is quick and leaves nothing: requests under way are answered, WebSockets are closed, and
  what has not gone after a short grace is cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette

from brokerport.simulator.gateways.client_portal.application import build_application
from brokerport.simulator.gateways.client_portal.certificate import server_certificate
from brokerport.simulator.gateways.client_portal.listener import Listener
from brokerport.simulator.gateways.client_portal.mischief import Mischief
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from brokerport.simulator.gateways.errors import check_loopback
from brokerport.simulator.gateways.fault_log import FaultLog
from brokerport.simulator.gateways.log import gateway_logger
from brokerport.simulator.serving import Serving
from brokerport.simulator.world import World

GATEWAY = "client_portal_gateway"

_log = gateway_logger(__name__)


class ClientPortalGateway(Serving):
    """Serves one world to Client Portal programs, from ``start`` to ``close``."""

    def __init__(
        self,
        world: World,
        host: str = "127.0.0.1",
        port: int = 0,
        settings: PortalSettings | None = None,
        *,
        monotonic: Callable[[], float] | None = None,
        mischief: Mischief | None = None,
    ) -> None:
        """Prepare to serve; port 0 takes any free port.

        ``monotonic`` gives the seconds that idleness and pacing are measured by, the event loop's
        when None. ``mischief`` makes the gateway misbehave.

        Raises:
            NotLoopback: the host could be reached from another machine.
        """
        check_loopback(GATEWAY, host)
        self._world = world
        self._host = "127.0.0.1" if host == "localhost" else host
        self._wanted_port = port
        self._settings = settings or PortalSettings()
        self._monotonic = monotonic
        self._mischief = mischief
        self._portal: ServedPortal | None = None
        self._application: Starlette | None = None
        self._listener: Listener | None = None
        self._certificate_path: Path | None = None

    @property
    def settings(self) -> PortalSettings:
        """How callers are treated."""
        return self._settings

    @property
    def host(self) -> str:
        """The address served on."""
        return self._host

    @property
    def portal(self) -> ServedPortal:
        """The served world; after ``close`` what it has counted can still be read.

        Raises:
            RuntimeError: the gateway has not been started.
        """
        if self._portal is None:
            raise RuntimeError("the gateway is not started")
        return self._portal

    @property
    def application(self) -> Starlette:
        """The ASGI application of a started gateway.

        Raises:
            RuntimeError: the gateway has not been started.
        """
        if self._application is None:
            raise RuntimeError("the gateway is not started")
        return self._application

    @property
    def port(self) -> int:
        """The port served on.

        Raises:
            RuntimeError: the gateway has not been started.
        """
        if self._listener is None:
            raise RuntimeError("the gateway is not started")
        return self._listener.port

    @property
    def base_url(self) -> str:
        """What a client is configured with."""
        scheme = "http" if self._settings.is_plain_http else "https"
        return f"{scheme}://localhost:{self.port}/v1/api"

    @property
    def certificate_path(self) -> Path | None:
        """The certificate to pin (PEM), None over plain HTTP or before the first start."""
        return self._certificate_path

    @property
    def connection_count(self) -> int:
        """How many sockets are open, WebSockets included."""
        return 0 if self._listener is None else self._listener.connection_count

    @property
    def violations(self) -> int:
        """How often a pacing limit was exceeded, since the start."""
        return sum(self.portal.pacing.violations.values())

    def violations_of(self, limit: str) -> int:
        """Return how often one limit of the pacing table was exceeded, since the start."""
        return self.portal.pacing.violations.get(limit, 0)

    @property
    def faults(self) -> FaultLog:
        """The gateway's own mistakes; a count above zero is a bug."""
        return self.portal.faults

    def lose_brokerage_session(self) -> None:
        """Let IBKR drop the brokerage session: connected, and no longer authenticated."""
        self.portal.lose_brokerage_session()

    def compete_elsewhere(self) -> None:
        """Let the gateway's user log in on another device, which takes the brokerage session."""
        self.portal.compete_elsewhere()

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            InvalidConfiguration: the certificate can be neither read nor made.
            PortInUse: another program listens on the port.
            RuntimeError: the gateway has been started already.
        """
        if self._listener is not None:
            raise RuntimeError("the gateway is started already")
        loop = asyncio.get_running_loop()
        tls = None
        if not self._settings.is_plain_http:
            kept = server_certificate(self._settings.data_directory, now=datetime.now(UTC))
            self._certificate_path = kept.certificate_path
            tls = kept.server_context()
        if self._mischief is not None:
            self._mischief.begin()
        portal = ServedPortal(
            self._world, self._settings, self._monotonic or loop.time, self._mischief
        )
        application = build_application(portal)
        listener = Listener(application, GATEWAY, self._settings.body_bytes_max)
        await listener.start(self._host, self._wanted_port, tls)
        self._listener, self._portal, self._application = listener, portal, application
        portal.start()
        _log.info("client_portal_gateway.listening", host=self._host, port=self.port)

    async def close(self) -> None:
        """Stop listening, close every connection and let go of the world; does nothing twice."""
        portal, listener = self._portal, self._listener
        if portal is None or listener is None:
            return
        self._listener = self._application = None
        listener.stop_listening()
        await portal.close()
        await listener.close(self._settings.close_grace_seconds)
