"""The line: requests to Client Portal, each in its turn, and what is known when one fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from brokerport.adapters.client_portal.pacing import Chain, Lane, Pacing
from brokerport.adapters.client_portal.transport import NotSent, Reply, Transport
from brokerport.domain.errors import NotConnected

TOO_MANY_REQUESTS = 429
# How long nothing is sent after the broker said that it was too much.
HOLD_SECONDS = 5.0


class Line:
    """One transport, used in turns."""

    def __init__(self, transport: Transport, pacing: Pacing) -> None:
        self.transport = transport
        self.pacing = pacing

    async def ask(
        self,
        lane: Lane,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        chain: Chain | None = None,
        authorization: str | None = None,
        on_leaving: Callable[[], None] | None = None,
    ) -> Reply:
        """Wait for a turn, send a request and return its answer, whatever its status.

        ``on_leaving`` is called when it is about to be sent.

        Raises:
            NotConnected: nothing of it reached the broker.
            AnswerLost: it may have, and its answer did not come.
        """
        async with self.pacing.turn(lane, method, path, chain):
            if on_leaving is not None:
                on_leaving()
            try:
                reply = await self.transport.request(
                    method, path, query=query, body=body, authorization=authorization
                )
            except NotSent as error:
                raise NotConnected(f"Client Portal cannot be reached: {error}") from error
        if reply.status == TOO_MANY_REQUESTS:
            self.pacing.hold(HOLD_SECONDS)
        return reply

    async def close(self, reason: str) -> None:
        """Send nothing any more; what is under way ends unanswered."""
        await self.pacing.close(reason)
        await self.transport.close()
