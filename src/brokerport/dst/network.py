"""The network between client and gateway: a relay in memory that breaks as it is told.

Bytes keep their order and are never invented. What is lost is lost for good: a connection that lost
bytes carries none after them, and breaks when the fault ends.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable

from brokerport.dst.plan import Fault

HOST = "127.0.0.1"
# How many bytes of the next chunk still arrive before a cut in the middle of a frame.
MID_FRAME_BYTES_MAX = 40


class Network:
    """Listens on a port of its own and relays to the gateway's, whichever it is now."""

    def __init__(self, latency_seconds: float, source: random.Random) -> None:
        self.upstream_port = 0
        self.latency_seconds = latency_seconds
        self.source = source
        self.drops_answers = False
        self.drops_requests = False
        self.stalls = False
        self.refuses = False
        self.cuts_mid_frame = False
        self._links: list[_Link] = []
        self._server: asyncio.Server | None = None
        self._ends: dict[Fault, asyncio.TimerHandle] = {}

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        if self._server is None:
            raise RuntimeError("the network is not started")
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Link(self), HOST, 0)

    async def close(self) -> None:
        """End everything."""
        self.heal()
        self.cut()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def strike(self, fault: Fault, seconds: float) -> None:
        """Begin a fault of the network; it ends by itself."""
        match fault:
            case Fault.CUT:
                self.cut()
                return
            case Fault.CUT_MID_FRAME:
                self.cuts_mid_frame = True
            case Fault.LOSE_ANSWERS:
                self.drops_answers = True
            case Fault.LOSE_REQUESTS:
                self.drops_requests = True
            case Fault.BLACK_HOLE:
                self.drops_answers = self.drops_requests = True
            case Fault.STALL:
                self.stalls = True
            case Fault.STALL_OPEN:
                for link in self._links:
                    link.holds = self.source.random() < 0.5
                    if not link.holds:
                        # One connection keeps its order: what an earlier stall held goes first.
                        link.release()
            case Fault.REFUSE:
                self.refuses = True
                self.cut()
            case _:
                raise ValueError(f"{fault.value} is not a fault of the network")
        loop = asyncio.get_running_loop()
        if fault in self._ends:
            self._ends[fault].cancel()
        self._ends[fault] = loop.call_later(seconds, self._end, fault)

    def heal(self) -> None:
        """End every fault now."""
        for fault in tuple(self._ends):
            self._end(fault)

    def cut(self) -> None:
        """Break every connection; what is on its way is lost."""
        for link in tuple(self._links):
            link.cut()

    def enter(self, link: _Link) -> None:
        """Take note of a connection."""
        self._links.append(link)

    def leave(self, link: _Link) -> None:
        """Forget a connection."""
        if link in self._links:
            self._links.remove(link)

    def _end(self, fault: Fault) -> None:
        self._ends.pop(fault).cancel()
        lost = self.drops_answers or self.drops_requests
        black_hole = Fault.BLACK_HOLE in self._ends
        self.drops_answers = Fault.LOSE_ANSWERS in self._ends or black_hole
        self.drops_requests = Fault.LOSE_REQUESTS in self._ends or black_hole
        self.stalls = Fault.STALL in self._ends
        self.refuses = Fault.REFUSE in self._ends
        self.cuts_mid_frame = Fault.CUT_MID_FRAME in self._ends
        if lost and fault in (Fault.LOSE_ANSWERS, Fault.LOSE_REQUESTS, Fault.BLACK_HOLE):
            self.cut()
        for link in tuple(self._links):
            link.holds &= Fault.STALL_OPEN in self._ends
            link.release()


class _Link(asyncio.Protocol):
    """One client's connection and its counterpart to the gateway."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._client: asyncio.Transport | None = None
        self._gateway: asyncio.Transport | None = None
        self.holds = False
        self._requests = _Pipe(network, self._write_to_gateway, self._is_stalled)
        self._answers = _Pipe(network, self._write_to_client, self._is_stalled)
        self._opening: asyncio.Task[None] | None = None
        self._unsent: list[bytes] = []
        self._is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the gateway for the client that has come."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream transport is needed")
        self._client = transport
        if self._network.refuses:
            self._is_over = True
            transport.abort()
            return
        self._network.enter(self)
        self._opening = asyncio.get_running_loop().create_task(self._open())

    def data_received(self, data: bytes) -> None:
        """Pass on what the client sent."""
        if not self._network.drops_requests:
            self._requests.carry(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other half: what the client sent before its end still arrives."""
        self._requests.carry(None)

    def heard(self, data: bytes) -> None:
        """Pass on what the gateway sent."""
        if self._network.drops_answers:
            return
        if self._network.cuts_mid_frame:
            self._answers.carry(data[: self._network.source.randint(0, MID_FRAME_BYTES_MAX)])
            self._answers.carry(None)
            return
        self._answers.carry(data)

    def gateway_ended(self) -> None:
        """End the client's half: what the gateway sent before its end still arrives."""
        if not self._network.drops_answers:
            self._answers.carry(None)

    def cut(self) -> None:
        """Break both halves; what is on its way is lost."""
        self._is_over = True
        self._network.leave(self)
        self._requests.stop()
        self._answers.stop()
        for transport in (self._client, self._gateway):
            if transport is not None:
                transport.abort()
        if self._opening is not None:
            self._opening.cancel()

    def _is_stalled(self) -> bool:
        return self.holds or self._network.stalls

    def release(self) -> None:
        """Let go of what a stall held back."""
        self._requests.release()
        self._answers.release()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            transport, _protocol = await loop.create_connection(
                lambda: _GatewaySide(self), HOST, self._network.upstream_port
            )
        except OSError:
            self.cut()
            return
        if self._is_over:
            transport.abort()
            return
        self._gateway = transport
        unsent, self._unsent = self._unsent, []
        for data in unsent:
            transport.write(data)

    def _write_to_gateway(self, data: bytes | None) -> None:
        if data is None:
            self.cut()
        elif self._gateway is None:
            self._unsent.append(data)
        else:
            self._gateway.write(data)

    def _write_to_client(self, data: bytes | None) -> None:
        if data is None:
            self.close_gently()
        elif self._client is not None:
            self._client.write(data)

    def close_gently(self) -> None:
        """Close both halves after what was written to them."""
        self._is_over = True
        self._network.leave(self)
        for transport in (self._client, self._gateway):
            if transport is not None:
                transport.close()


class _GatewaySide(asyncio.Protocol):
    def __init__(self, link: _Link) -> None:
        self._link = link

    def data_received(self, data: bytes) -> None:
        self._link.heard(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.gateway_ended()


class _Pipe:
    """One direction: chunks in order, each after its travel; None is the end."""

    def __init__(
        self,
        network: Network,
        write: Callable[[bytes | None], None],
        is_stalled: Callable[[], bool],
    ) -> None:
        self._network = network
        self._is_stalled = is_stalled
        self._write = write
        self._travelling: deque[tuple[float, bytes | None]] = deque()
        self._held: list[bytes | None] = []
        self._arrives_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def carry(self, data: bytes | None) -> None:
        """Send a chunk on its way."""
        if self._is_stalled():
            self._held.append(data)
            return
        now = asyncio.get_running_loop().time()
        travel = self._network.latency_seconds * self._network.source.random()
        self._arrives_at = max(self._arrives_at, now + travel)
        if self._arrives_at <= now and not self._travelling:
            self._write(data)
            return
        self._travelling.append((self._arrives_at, data))
        self._wait()

    def release(self) -> None:
        """Send on what a stall held back."""
        if self._is_stalled():
            return
        held, self._held = self._held, []
        for data in held:
            self.carry(data)

    def stop(self) -> None:
        """Lose what is on its way."""
        self._travelling.clear()
        self._held.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        if self._timer is None and self._travelling:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._travelling[0][0], self._arrive)

    def _arrive(self) -> None:
        self._timer = None
        # The loop calls a timer up to its clock's resolution early.
        now = max(self._travelling[0][0], asyncio.get_running_loop().time())
        while self._travelling and self._travelling[0][0] <= now:
            _at, data = self._travelling.popleft()
            self._write(data)
        self._wait()
