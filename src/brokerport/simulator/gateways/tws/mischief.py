"""The one seam through which the gateway can be made to misbehave towards its clients.

A gateway without mischief never looks at it again after a session has begun.
"""

from __future__ import annotations

from typing import Protocol

from brokerport.simulator.gateways.tws.session import DispatchTable, Outlet


class Mischief(Protocol):
    """Stands between the gateway and its clients, and tampers with what passes."""

    def begin(self) -> None:
        """Take note that the gateway begins to serve, on the running event loop."""
        ...

    def meddle(
        self, client_id: int, outlet: Outlet, table: DispatchTable
    ) -> tuple[Outlet, DispatchTable]:
        """Return what a new session is to send through, and what is to answer its requests."""
        ...
