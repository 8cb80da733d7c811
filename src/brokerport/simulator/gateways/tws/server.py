"""The TWS gateway: a world on a loopback socket, for any program that speaks the TWS API.

Rules:
- It runs on its caller's event loop; the world stays synchronous and is advanced by others.
- It listens on loopback only: the protocol has neither a password nor encryption.
- It hears of the world's changes once and fans them out to the clients concerned.
- A client id is in use once at a time; a second client is told 326 and closed.
"""

from __future__ import annotations

import asyncio
import errno
from datetime import datetime

from brokerport.simulator.brokerage.events import (
    AccountUpdated,
    BrokerageEvent,
    OrderUpdated,
    PositionUpdated,
)
from brokerport.simulator.gateways.errors import PortInUse, check_loopback
from brokerport.simulator.gateways.fault_log import FaultLog
from brokerport.simulator.gateways.log import gateway_logger
from brokerport.simulator.gateways.tws.codes import (
    CLIENT_ID_IN_USE,
    HISTORICAL_FARM_OK,
    MARKET_DATA_FARM_OK,
    SECURITY_DEFINITION_FARM_OK,
)
from brokerport.simulator.gateways.tws.connection import ClientConnection
from brokerport.simulator.gateways.tws.dispatch import dispatch_table
from brokerport.simulator.gateways.tws.handlers.session_requests import (
    send_managed_accounts,
    send_next_valid_id,
)
from brokerport.simulator.gateways.tws.mischief import Mischief
from brokerport.simulator.gateways.tws.order_ids import DOOR
from brokerport.simulator.gateways.tws.served_world import ServedWorld
from brokerport.simulator.gateways.tws.session import NO_ID, Outlet, Session
from brokerport.simulator.gateways.tws.settings import GatewaySettings
from brokerport.simulator.gateways.tws.times import handshake_time
from brokerport.simulator.serving import Serving
from brokerport.simulator.wire.tws.messages.session import StartApi
from brokerport.simulator.world import World

GATEWAY = "tws_gateway"

_log = gateway_logger(__name__)


class TwsGateway(Serving):
    """Serves one world to TWS clients, from ``start`` to ``close``."""

    def __init__(
        self,
        world: World,
        host: str = "127.0.0.1",
        port: int = 0,
        settings: GatewaySettings | None = None,
        *,
        mischief: Mischief | None = None,
    ) -> None:
        """Prepare to serve; port 0 takes any free port. ``mischief`` makes it misbehave.

        Raises:
            NotLoopback: the host could be reached from another machine.
        """
        check_loopback(GATEWAY, host)
        self._world = world
        self._host = host
        self._wanted_port = port
        self._settings = settings or GatewaySettings()
        self._mischief = mischief
        self._table = dispatch_table()
        self._faults = FaultLog()
        self._server: asyncio.Server | None = None
        self._served: ServedWorld | None = None
        self._connections: dict[ClientConnection, asyncio.Future[None]] = {}

    @property
    def settings(self) -> GatewaySettings:
        """How clients are treated."""
        return self._settings

    @property
    def host(self) -> str:
        """The address served on."""
        return self._host

    @property
    def port(self) -> int:
        """The port served on.

        Raises:
            RuntimeError: the gateway has not been started.
        """
        if self._server is None:
            raise RuntimeError("the gateway is not started")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def faults(self) -> FaultLog:
        """The gateway's own mistakes; a count above zero is a bug."""
        return self._faults

    @property
    def connected_client_ids(self) -> tuple[int, ...]:
        """The ids of the clients that have started, lowest first."""
        if self._served is None:
            return ()
        return tuple(sorted(session.client_id for session in self._served.sessions))

    @property
    def connection_count(self) -> int:
        """How many sockets are open, started or not."""
        return len(self._connections)

    def pacing_violations(self, client_id: int) -> int:
        """Return how often a connected client sent too much in a second; 0 if not connected."""
        session = None if self._served is None else self._served.sessions.get(client_id)
        return 0 if session is None else session.pacing.violations

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            PortInUse: another program listens on the port.
            RuntimeError: the gateway has been started already.
        """
        if self._server is not None:
            raise RuntimeError("the gateway is started already")
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: ClientConnection(self), self._host, self._wanted_port
            )
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortInUse(GATEWAY, self._host, self._wanted_port) from error
        if self._mischief is not None:
            self._mischief.begin()
        self._served = ServedWorld.build(self._world, self._settings, loop, self._faults)
        for order in self._world.brokerage.orders():
            self._served.order_ids.register(order.entry, order.perm_id)
            if order.entry.door == DOOR:
                self._served.order_ids.show(order.entry.client_id, order.entry.order_id)
        self._world.brokerage.subscribe(self._on_event)
        self._world.subscribe_ticks(self._on_tick)
        _log.info("tws_gateway.listening", host=self._host, port=self.port)

    async def close(self) -> None:
        """Stop listening, close every client and let go of the world; does nothing twice."""
        server, served = self._server, self._served
        if server is None or served is None:
            return
        self._server = self._served = None
        self._world.brokerage.unsubscribe(self._on_event)
        self._world.unsubscribe_ticks(self._on_tick)
        served.end_of_turn.cancel()
        server.close()
        for connection in tuple(self._connections):
            connection.close()
        await self._wait_until_gone(self._settings.close_grace_seconds)
        # What is left does not read, so its last bytes can never be written.
        for connection in tuple(self._connections):
            connection.abort()
        await self._wait_until_gone(None)
        await server.wait_closed()

    async def _wait_until_gone(self, timeout_seconds: float | None) -> None:
        if self._connections:
            await asyncio.wait(tuple(self._connections.values()), timeout=timeout_seconds)

    # --- what a connection needs of its host ----------------------------------------------------

    def server_time(self) -> str:
        """Return the world's time for the version reply."""
        return handshake_time(self._world.clock.now())

    def connected(self, connection: ClientConnection) -> bool:
        """Take note of a new connection; False means that there are too many already."""
        is_welcome = len(self._connections) < self._settings.connections_max
        self._connections[connection] = asyncio.get_running_loop().create_future()
        return is_welcome and self._served is not None

    def start_session(self, connection: ClientConnection, request: StartApi) -> Session | None:
        """Begin a client's session; None means that it was refused and told so."""
        if self._served is None:
            return None
        outlet: Outlet = connection
        table = self._table
        if self._mischief is not None:
            outlet, table = self._mischief.meddle(request.client_id, outlet, table)
        session = Session(request.client_id, outlet, self._served, table)
        if not self._served.sessions.add(session):
            session.error(NO_ID, CLIENT_ID_IN_USE)
            return None
        send_managed_accounts(session)
        send_next_valid_id(session)
        session.error(NO_ID, MARKET_DATA_FARM_OK, farm="usfarm")
        session.error(NO_ID, HISTORICAL_FARM_OK, farm="ushmds")
        session.error(NO_ID, SECURITY_DEFINITION_FARM_OK, farm="secdefnj")
        return session

    def disconnected(self, connection: ClientConnection) -> None:
        """Forget a connection and its session."""
        gone = self._connections.pop(connection, None)
        if gone is not None and not gone.done():
            gone.set_result(None)
        session = connection.session
        if session is not None and self._served is not None:
            self._served.forget(session)

    # --- what the world tells -------------------------------------------------------------------

    def _on_event(self, event: BrokerageEvent) -> None:
        served = self._served
        if served is None:
            return
        served.orders.on_event(event)
        match event:
            case OrderUpdated(order):
                # An open order binds funds, and lets go of them when it is done.
                served.accounts.on_change(order.account)
            case PositionUpdated(account, position):
                served.positions.on_change(account, position)
                served.accounts.on_change(account)
                served.profit_and_loss.on_change()
            case AccountUpdated(account):
                served.accounts.on_change(account)
                served.profit_and_loss.on_change()
            case _:
                pass

    def _on_tick(self, at: datetime) -> None:
        served = self._served
        if served is None:
            return
        served.tick_by_tick.on_tick(at)
        served.market_data.on_tick(at)
        served.bars.on_tick(at)
        served.accounts.on_tick(at)
        served.profit_and_loss.on_change()
