"""The TLS handshake of one connection, before there is anybody to talk to.

``loop.create_server(ssl=...)`` would do the same out of sight: a client that never finishes its
handshake could then be neither counted nor cut. Bytes that a client sends together with the end of
its handshake are kept until the connection's protocol is there.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

HANDSHAKE_SECONDS = 10.0
# How long a client has to answer the end of TLS; it may not read at all.
GOODBYE_SECONDS = 0.5


class TlsDoor(asyncio.Protocol):
    """Shakes hands, then hands the connection over to the protocol that ``make`` makes.

    ``under_way`` holds the handshakes that have not ended; cancelling one ends its connection.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        make: Callable[[], asyncio.Protocol],
        under_way: set[asyncio.Task[None]],
    ) -> None:
        self._context = context
        self._make = make
        self._under_way = under_way
        self._early = bytearray()
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        plain = cast(asyncio.Transport, transport)
        plain.pause_reading()
        task = asyncio.get_running_loop().create_task(self._shake_hands(plain))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def data_received(self, data: bytes) -> None:
        """Keep what came with the end of the handshake."""
        self._early += data

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that there is nobody to hand over."""
        self._is_lost = True

    async def _shake_hands(self, plain: asyncio.Transport) -> None:
        try:
            secure = await asyncio.get_running_loop().start_tls(
                plain,
                self,
                self._context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=GOODBYE_SECONDS,
            )
        except OSError:
            # No TLS, no trust, no patience: the client knows why, and there is nobody to tell.
            plain.abort()
            return
        except asyncio.CancelledError:
            plain.abort()
            raise
        if secure is None or self._is_lost:
            return
        protocol = self._make()
        secure.set_protocol(protocol)
        protocol.connection_made(secure)
        if self._early:
            protocol.data_received(bytes(self._early))
