"""One connection as the topics see it: who it is, and what is to be sent to it.

Rules:

- Messages leave in the order in which they were sent. A message is rendered at once: later changes
  of what it was made of do not show.
- A client that lets too many messages pile up is dropped; it never slows another one down.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.rendering import json_text
from brokerport.simulator.gateways.log import gateway_logger

_log = gateway_logger(__name__)


class Subscriber:
    """The near end of one connection."""

    def __init__(self, unread_messages_max: int) -> None:
        self.login: Login | None = None
        self.heartbeat_at: float | None = None
        self.dropped = asyncio.Event()
        self._unread_messages_max = unread_messages_max
        self._outgoing: deque[str] = deque()
        self._changed = asyncio.Event()
        self._closing = False

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message, or drop the client if it has let too many pile up."""
        if self._closing or self.dropped.is_set():
            return
        if len(self._outgoing) >= self._unread_messages_max:
            username = self.login.username if self.login else "unknown"
            _log.warning("portal_stream.dropped", user=username, unread=len(self._outgoing))
            self.drop()
            return
        self._outgoing.append(json_text(message))
        self._changed.set()

    def drop(self) -> None:
        """Give the connection up at once, losing what was not yet written."""
        self._outgoing.clear()
        self.dropped.set()

    def close(self) -> None:
        """Have the connection closed once everything sent so far is written."""
        self._closing = True
        self._changed.set()

    async def next_text(self) -> str | None:
        """Return the next message to write; None when the connection is to be closed."""
        while not self._outgoing:
            if self._closing:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._outgoing.popleft()
