"""ibind, unmodified, against a Client Portal gateway on a loop in a thread of its own.

ibind blocks and has threads, so the floor's world belongs to the gateway's loop: a test moves it
with ``do``, never directly. The connection is HTTPS with the gateway's own certificate pinned.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal
from ibind import IbkrClient, IbkrWsClient
from ibind.events import WsEvent

from brokerport.domain.instruments import Instrument
from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from tests.interop.client_log import ClientLog, client_log
from tests.interop.floor import ACCOUNT, Floor

Result = TypeVar("Result")
Event = TypeVar("Event", bound=WsEvent)
HEARING_SECONDS = 10
WHILE_CLOSING = (
    "WsEventHandler(): on_close error: 1000 | ",
    "WsRuntime(CLOSED): State must be AUTHENTICATED before sending payloads, found CLOSED",
)
"""What ibind may log as errors when it closes its connection as it was asked to."""


class Heard:
    """A sink of ibind's events, in the order in which ibind tells them."""

    def __init__(self) -> None:
        self.events: list[WsEvent] = []
        self._changed = threading.Condition()

    def emit(self, event: WsEvent) -> None:
        """Take one event; ibind calls it from its own thread."""
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def of(self, kind: type[Event]) -> list[Event]:
        """Return what was heard of one kind."""
        with self._changed:
            return [event for event in self.events if isinstance(event, kind)]

    def wait_for(self, kind: type[Event], count: int = 1) -> list[Event]:
        """Wait until so many of a kind were heard, and return all of that kind."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.of(kind)) >= count, HEARING_SECONDS)
        found = self.of(kind)
        assert came, f"{len(found)} of {count} {kind.__name__} came: {self.events}"
        return found

    def forget(self) -> None:
        """Forget what was heard."""
        with self._changed:
            self.events.clear()


class IbindDesk:
    """A client, the floor it trades on, and the way to move it."""

    def __init__(
        self, floor: Floor, gateway: ClientPortalGateway, loop: BlockingPortal, log: ClientLog
    ) -> None:
        self.log = log
        self.gateway = gateway
        self._floor = floor
        self._loop = loop
        assert gateway.certificate_path is not None
        self.certificate = str(gateway.certificate_path)
        self.client: Any = IbkrClient(
            account_id=ACCOUNT,
            url=gateway.base_url,
            cacert=self.certificate,
            max_retries=0,
            auto_register_shutdown=False,
        )

    def do(self, action: Callable[[Floor], Result]) -> Result:
        """Do something on the floor, on the gateway's own loop."""
        return self._loop.call(action, self._floor)

    def on_gateway(self, action: Callable[[ClientPortalGateway], Result]) -> Result:
        """Do something to the gateway, on its own loop."""
        return self._loop.call(action, self.gateway)

    def show(self, instrument: Instrument, bid: str, ask: str, **more: Any) -> None:
        """Display a quote and let one tick pass."""
        self.do(lambda floor: floor.show(instrument, bid, ask, **more))

    def prime(self) -> None:
        """Make the calls that must come first."""
        self.client.receive_brokerage_accounts()
        self.client.portfolio_accounts()

    @contextmanager
    def listening(self) -> Iterator[tuple[Any, Heard]]:
        """Run ibind's WebSocket client, and hear what it tells."""
        heard = Heard()
        listener = IbkrWsClient(
            account_id=ACCOUNT,
            url=self.gateway.base_url.replace("https", "wss") + "/ws",
            ibkr_client=self.client,
            cacert=self.certificate,
            cycle_interval=0.01,
            sink=heard,
            synchronous_output_events=True,
        )
        _make_impatient(listener)
        assert listener.start()
        try:
            yield listener, heard
        finally:
            assert listener.shutdown()


def _make_impatient(listener: IbkrWsClient) -> None:
    """Shorten two of ibind's waits, which it takes from its environment when it is imported."""
    # The websocket-client library may close its socket under its own waiting thread, which then
    # sleeps until a pong is due.
    listener._runtime._transport._ping_timeout = 0.25
    # A subscription that was lost is asked for again this many seconds after the last time.
    listener._runtime.subscription_controller._subscription_timeout = 0.25


@contextmanager
def ibind_desk(
    directory: Path, *, faults: tuple[str, ...] = (), **settings: Any
) -> Iterator[IbindDesk]:
    """Open the floor with a gateway and a client of it; the certificate goes to ``directory``.

    ibind must log no error but ``faults``, named by how they begin, and the gateway make no
    mistake. Pacing is off: ibind asks ``/tickle`` twice within a second to open a WebSocket.
    """
    with ExitStack() as resources:
        log = resources.enter_context(client_log("ibind"))
        loop = resources.enter_context(start_blocking_portal())
        floor = loop.call(Floor)
        gateway = ClientPortalGateway(
            floor.world,
            settings=PortalSettings(
                **{"data_directory": directory, "enforces_pacing": False, **settings}
            ),
        )
        loop.call(gateway.start)
        resources.callback(loop.call, gateway.close)
        desk = IbindDesk(floor, gateway, loop, log)
        resources.callback(desk.client.close)
        yield desk
        assert gateway.faults.count == 0
    logged = [fault for fault in log.faults if not fault.startswith(WHILE_CLOSING)]
    assert len(logged) == len(faults), logged
    for fault, beginning in zip(logged, faults, strict=True):
        assert fault.startswith(beginning), fault
