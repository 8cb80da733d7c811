"""A gateway that is further away: a relay, in a process of its own, that holds back every byte.

It understands nothing of what passes, so that TLS stays pinned end to end. Bytes keep their order,
and many may be on the way at once: it is distance, not a narrow line.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from attrs import evolve

from bench.child import ROOT
from bench.portal_stage import Gateway


@contextmanager
def at_a_distance(gateway: Gateway, round_trip_seconds: float) -> Iterator[Gateway]:
    """Have the gateway so far away that a byte and its answer take so long, besides the work."""
    with subprocess.Popen(  # noqa: S603 - arguments of our own
        [
            sys.executable,
            "-m",
            "bench.portal_distance",
            str(gateway.port),
            str(round_trip_seconds / 2),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as relay:
        if relay.stdin is None or relay.stdout is None:
            raise RuntimeError("the relay's process has no pipes")
        try:
            port = int(relay.stdout.readline())
            yield evolve(
                gateway, base_url=gateway.base_url.replace(f":{gateway.port}/", f":{port}/")
            )
        finally:
            relay.stdin.close()


class _End(asyncio.Protocol):
    """One end of a connection: what it hears is said at the other end, later."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.transport: asyncio.WriteTransport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note how to speak."""
        if isinstance(transport, asyncio.WriteTransport):
            self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Say it at the other end when its time has come."""
        asyncio.get_running_loop().call_later(self._seconds, self._say, data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Hang up at the other end, after all that was said."""
        asyncio.get_running_loop().call_later(self._seconds, self._hang_up)

    def _say(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def _hang_up(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


async def _relay(port: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    connecting: set[asyncio.Task[None]] = set()

    async def connect(near: _End) -> None:
        with suppress(OSError):
            _transport, far = await loop.create_connection(lambda: _End(seconds), "127.0.0.1", port)
            near.other, far.other = far, near

    def accept() -> _End:
        near = _End(seconds)
        task = loop.create_task(connect(near))
        connecting.add(task)
        task.add_done_callback(connecting.discard)
        return near

    server = await loop.create_server(accept, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_relay(int(sys.argv[1]), float(sys.argv[2])))
