"""A TCP proxy that plays a fault plan in front of any gateway, simulated or real.

Rules:

- It listens on loopback only. The gateway behind it may be anywhere.
- It understands nothing of what passes, TLS included: a certificate that is pinned stays pinned.
- Time is the running loop's, so that it works on a loop with virtual time.
- Once ``close`` returns, nothing of it is left: no socket, no task.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from brokerport.simulator.faults.chances import ConnectionChances, FaultChances, FaultDone
from brokerport.simulator.faults.fault import Player
from brokerport.simulator.faults.network import Refuse
from brokerport.simulator.faults.passage import Ends, Passage
from brokerport.simulator.faults.plan import FaultPlan
from brokerport.simulator.gateways.errors import PortInUse
from brokerport.simulator.gateways.log import gateway_logger
from brokerport.simulator.serving import Serving

PROXY = "fault_proxy"
HOST = "127.0.0.1"
CONNECT_TIMEOUT_SECONDS = 10.0

_log = gateway_logger(__name__)


class FaultProxy(Serving):
    """Plays the network faults of one plan, from ``start`` to ``close``; others are left alone."""

    def __init__(
        self,
        plan: FaultPlan,
        listen_port: int,
        upstream_host: str,
        upstream_port: int,
        tell: Callable[[FaultDone], None] | None = None,
    ) -> None:
        """Prepare to serve; port 0 takes any free port. ``tell`` hears of every fault played."""
        self._plan = plan.played_by(Player.NETWORK)
        self._wanted_port = listen_port
        self._upstream = (upstream_host, upstream_port)
        self._tell = tell
        self._server: asyncio.Server | None = None
        self._chances: FaultChances | None = None
        self._serving: dict[asyncio.Task[Any], list[asyncio.StreamWriter]] = {}
        self._waiting: dict[asyncio.Future[None], int] = {}
        self._connections = 0

    @property
    def port(self) -> int:
        """The port listened on.

        Raises:
            RuntimeError: the proxy has not been started.
        """
        if self._server is None:
            raise RuntimeError("the proxy is not started")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def log(self) -> list[FaultDone]:
        """What was played, in order; kept after ``close``."""
        return [] if self._chances is None else self._chances.log

    @property
    def connections_taken(self) -> int:
        """How many connections have come, refused ones included."""
        return self._connections

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            PortInUse: another program listens on the port.
            RuntimeError: the proxy has been started already.
        """
        if self._chances is not None:
            raise RuntimeError("the proxy is started already")
        loop = asyncio.get_running_loop()
        try:
            self._server = await asyncio.start_server(self._accept, HOST, self._wanted_port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortInUse(PROXY, HOST, self._wanted_port) from error
        self._chances = FaultChances(self._plan, loop.time, self._tell)

    async def close(self) -> None:
        """Listen no more and cut every connection; does nothing twice."""
        server = self._server
        if server is None:
            return
        self._server = None
        server.close()
        tasks = tuple(self._serving)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await server.wait_closed()

    def cut_all(self) -> None:
        """Cut every connection that is open now, as a pulled plug would; listen on."""
        for task in tuple(self._serving):
            task.cancel()

    # --- what a passage needs of the proxy ------------------------------------------------------

    def has_spoken(self, number: int) -> None:
        """Take note that a connection's bytes were passed on."""
        for waiting, earlier in tuple(self._waiting.items()):
            if earlier < number and not waiting.done():
                waiting.set_result(None)

    async def later_speaks(self, number: int) -> None:
        """Wait until a connection opened after this one has had bytes passed on."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[waiting] = number
        try:
            await waiting
        finally:
            del self._waiting[waiting]

    # --- one connection -------------------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task, chances = asyncio.current_task(), self._chances
        if task is None or chances is None or self._server is None:
            writer.transport.abort()
            return
        self._connections += 1
        writers = self._serving[task] = [writer]
        try:
            await self._serve(reader, writers, chances.connection(self._connections))
            for one in writers:
                one.close()
            for one in writers:
                with suppress(ConnectionError):
                    await one.wait_closed()
        except asyncio.CancelledError:
            # Ours: the proxy closes, or everything is cut.
            pass
        finally:
            for one in writers:
                one.transport.abort()
            # The loop closes an aborted socket at its next turn.
            await asyncio.sleep(0)
            del self._serving[task]

    async def _serve(
        self,
        reader: asyncio.StreamReader,
        writers: list[asyncio.StreamWriter],
        chances: ConnectionChances,
    ) -> None:
        if refused := chances.struck(Refuse):
            chances.record(None, refused[0].fault, "closed before a byte passed")
            writers[0].transport.abort()
            return
        host, port = self._upstream
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                onward_reader, onward = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError) as error:
            _log.warning("fault_proxy.unreachable", host=host, port=port, reason=str(error))
            return
        writers.append(onward)
        ends = Ends(client=(reader, writers[0]), server=(onward_reader, onward))
        await Passage(ends, chances, self._plan.framing, self).run()
