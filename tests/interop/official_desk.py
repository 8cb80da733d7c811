"""The floor on a loop in a thread of its own, for clients that block.

The world belongs to that loop: a test moves it with ``do``, never directly.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from brokerport.domain.instruments import Instrument
from brokerport.simulator.gateways.tws import GatewaySettings
from tests.interop.client_log import client_log
from tests.interop.floor import Floor, open_floor
from tests.interop.official_client import Call, OfficialClient

Result = TypeVar("Result")
CLIENT_ID = 8


class OfficialDesk:
    """A connected official client, the floor it trades on, and the way to move it."""

    def __init__(self, floor: Floor, portal: BlockingPortal, resources: ExitStack) -> None:
        self._floor = floor
        self._portal = portal
        self._resources = resources
        self.user = self.client(CLIENT_ID)

    def client(self, client_id: int) -> OfficialClient:
        """Return a client that is not connected yet; it hangs up when the test ends."""
        client = OfficialClient(self.do(lambda floor: floor.gateway.port), client_id)
        self._resources.callback(client.hang_up)
        return client

    def do(self, action: Callable[[Floor], Result]) -> Result:
        """Do something on the floor, on the gateway's own loop."""
        return self._portal.call(action, self._floor)

    def do_async(self, action: Callable[[Floor], Awaitable[Result]]) -> Result:
        """Run a coroutine on the gateway's own loop."""
        return self._portal.call(action, self._floor)

    def after(self, action: Callable[[Floor], Any]) -> list[Call]:
        """Do something on the floor; return every callback that came of it."""
        start = len(self.user.calls)
        self.do(action)
        self.user.barrier()
        return [call for call in self.user.calls[start:] if call.name != "currentTime"]

    def show(
        self,
        instrument: Instrument,
        bid: str,
        ask: str,
        *,
        size: int = 1000,
        last: str | None = None,
    ) -> list[Call]:
        """Display a quote, let a tick pass, and return every callback that came of it."""
        return self.after(lambda floor: floor.show(instrument, bid, ask, size=size, last=last))

    def wait_until_dropped(self, connections: int = 0) -> None:
        """Wait until the gateway has no more connections than that."""
        self._portal.call(self._floor.dropped, connections)

    def close_gateway(self) -> None:
        """Have the gateway close on its clients."""
        self._portal.call(self._floor.gateway.close)

    def reconnect(self) -> list[Call]:
        """Hang up, wait until the gateway has noticed, and connect under the same id."""
        self.user.hang_up()
        self.wait_until_dropped()
        return self.user.connect()


def play(
    story: Callable[[OfficialDesk], None],
    monkeypatch: pytest.MonkeyPatch,
    *,
    version: int = 178,
    settings: GatewaySettings | None = None,
) -> None:
    """Run a story with a connected official client that announces no version above ``version``.

    The client's own highest is 226, for which the gateway announces 178; another one is set in its
    constant, as an older build has it. Nothing may be logged as an error.
    """
    if version != 178:
        monkeypatch.setattr("ibapi.client.MAX_CLIENT_VER", version)
    with (
        client_log("ibapi") as log,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(open_floor(settings)) as floor,
    ):
        with ExitStack() as resources:
            desk = OfficialDesk(floor, portal, resources)
            desk.user.connect()
            assert desk.user.version == version
            story(desk)
        portal.call(floor.dropped)
    assert log.faults == []
    assert log.warnings == []
