"""The seams through which the gateway can be made to misbehave towards its callers.

A gateway without mischief asks once a request and once a WebSocket whether it has any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from brokerport.simulator.gateways.client_portal.call import Call
    from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
    from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber


class AnswerLost(Exception):
    """What was asked for is done, and the caller is not to be answered."""


class Mischief(Protocol):
    """Stands between the gateway and its callers, and tampers with what passes."""

    def begin(self) -> None:
        """Take note that the gateway begins to serve, on the running event loop."""
        ...

    def answer(self, call: Call, endpoint: Endpoint) -> object:
        """Answer a request that was let in, in place of its endpoint.

        Raises:
            PortalError: it is refused.
            AnswerLost: it is carried out, and not to be answered.
        """
        ...

    def subscriber(self, unread_messages_max: int) -> Subscriber:
        """Return the near end of a new WebSocket connection."""
        ...


class NoAnswer(Response):
    """Keeps a request waiting until its caller gives up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the caller to leave."""
        while (await receive())["type"] != "http.disconnect":
            pass
