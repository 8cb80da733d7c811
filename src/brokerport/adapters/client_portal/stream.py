"""The stream: one WebSocket to Client Portal, from its opening to its end.

The only module that imports websockets. Rules (Web API, "Websockets"):

- What comes is handed on in order; it is JSON, as text or as bytes. What cannot be read ends the
  stream, for it may have been an order or a fill.
- A heartbeat comes every ten seconds: a stream that is silent for ``SILENCE_SECONDS_MAX`` is dead.
- The end is told once, and not at all when we asked for it.
- websockets' debugging log is off: it shows the cookie and the token that let us in.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from brokerport.adapters.client_portal.json_text import read_json

SILENCE_SECONDS_MAX = 20.0
CLOSE_SECONDS_MAX = 1.0
MESSAGE_BYTES_MAX = 16 * 1024 * 1024

Message = Mapping[str, Any]


class StreamFailed(Exception):
    """The stream could not be opened, or is over."""


class Stream:
    """An open WebSocket."""

    def __init__(
        self,
        connection: ClientConnection,
        on_message: Callable[[Message], None],
        on_end: Callable[[str], None],
    ) -> None:
        self._connection = connection
        self._on_message = on_message
        self._on_end = on_end
        self._is_over = False
        self._heard_at = asyncio.get_running_loop().time()
        self._silence = self._watch()
        self._reading = asyncio.create_task(self._read(), name="client portal stream")

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        tls: ssl.SSLContext | None,
        headers: Mapping[str, str],
        timeout_seconds: float,
        on_message: Callable[[Message], None],
        on_end: Callable[[str], None],
        uses_proxy: bool = False,
    ) -> Stream:
        """Open a WebSocket; ``on_end`` is told why it ended.

        Raises:
            StreamFailed: it could not be opened in time.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                connection = await connect(
                    url,
                    ssl=tls,
                    additional_headers=headers,
                    user_agent_header="brokerport",
                    proxy=True if uses_proxy else None,
                    open_timeout=None,
                    ping_interval=None,
                    close_timeout=CLOSE_SECONDS_MAX,
                    max_size=MESSAGE_BYTES_MAX,
                    logger=_discreet_logger(),
                )
        except TimeoutError:
            raise StreamFailed(f"no stream within {timeout_seconds:g} s") from None
        except (OSError, WebSocketException, EOFError) as error:
            raise StreamFailed(str(error) or type(error).__name__) from error
        return cls(connection, on_message, on_end)

    @property
    def is_open(self) -> bool:
        """Whether it is still read."""
        return not self._is_over

    async def send(self, text: str) -> None:
        """Send one message.

        Raises:
            StreamFailed: the stream is over.
        """
        if self._is_over:
            raise StreamFailed("the stream is over")
        try:
            await self._connection.send(text)
        except (ConnectionClosed, OSError) as error:
            raise StreamFailed(str(error)) from error

    async def close(self) -> None:
        """Close it; its end is not told."""
        self._is_over = True
        self._silence.cancel()
        self._reading.cancel()
        await asyncio.wait([self._reading])
        await self._connection.close()

    async def _read(self) -> None:
        reason = "Client Portal closed the stream"
        try:
            async for raw in self._connection:
                self._heard_at = asyncio.get_running_loop().time()
                message = read_json(raw)
                if not isinstance(message, Mapping):
                    raise ValueError("it is no object")
                self._on_message(message)
        except ConnectionClosed as error:
            reason = f"the stream broke: {error}"
        except ValueError as error:
            reason = f"a message of the stream could not be read: {error}"
        self._end(reason)

    def _watch(self) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        return loop.call_at(self._heard_at + SILENCE_SECONDS_MAX, self._check_silence)

    def _check_silence(self) -> None:
        if asyncio.get_running_loop().time() < self._heard_at + SILENCE_SECONDS_MAX:
            self._silence = self._watch()
            return
        self._end(f"the stream was silent for {SILENCE_SECONDS_MAX:g} s")

    def _end(self, reason: str) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._silence.cancel()
        self._on_end(reason)


def _discreet_logger() -> logging.Logger:
    """Return a logger below websockets' own that never logs what is sent."""
    logger = logging.getLogger("websockets.client.brokerport")
    logger.setLevel(max(logging.INFO, logging.getLogger("websockets.client").getEffectiveLevel()))
    return logger
