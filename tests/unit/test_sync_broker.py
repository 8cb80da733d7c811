"""The sync facade after its end: clear errors, and what had arrived can still be read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from brokerport.config import AccountSettings, Settings, SimulatedSettings
from brokerport.container import open_broker_sync
from brokerport.domain.accounts import Role
from brokerport.domain.errors import NotConnected
from brokerport.domain.events import OrderChanged, SessionChanged, SessionState
from brokerport.domain.instruments import Stock
from brokerport.sync_broker import SyncBroker
from tests.support.examples import request

SETTINGS = Settings(
    adapter="simulated",
    accounts=(AccountSettings("gen", Role.GEN, "DU1000001"),),
    simulated=SimulatedSettings(speed=0),
)

CALLS: dict[str, Callable[[SyncBroker], object]] = {
    "place": lambda broker: broker.place(request()),
    "replace": lambda broker: broker.replace("gen", "gen.x", quantity=None),
    "cancel": lambda broker: broker.cancel("gen", "gen.x"),
    "open_orders": lambda broker: broker.open_orders("gen"),
    "quote": lambda broker: broker.quote(Stock("AAPL")),
    "broker_time": lambda broker: broker.broker_time(),
    "events": lambda broker: broker.events().__enter__(),
}


@pytest.fixture
def closed() -> SyncBroker:
    """A broker that was opened and closed."""
    with open_broker_sync(SETTINGS) as broker:
        pass
    return broker


@pytest.mark.parametrize("name", CALLS)
def test_a_closed_broker_says_so(closed: SyncBroker, name: str) -> None:
    """It is our error, not the event loop's, and nothing hangs."""
    with pytest.raises(NotConnected, match="closed"):
        CALLS[name](closed)
    assert closed.session_state is SessionState.DISCONNECTED


def test_events_that_arrived_can_be_read_after_the_end() -> None:
    """Oldest first, to the end of the session; a stream that outlives the broker closes quietly."""
    with ExitStack() as stack:
        with open_broker_sync(SETTINGS) as broker:
            events = stack.enter_context(broker.events())
            broker.place(request())
        first = next(events)
        told = [first, *events]
        assert [event.state for event in told if isinstance(event, SessionChanged)] == [
            SessionState.CONNECTING,
            SessionState.SYNCHRONISING,
            SessionState.READY,
            SessionState.DISCONNECTED,
        ]
        assert any(isinstance(event, OrderChanged) for event in told)
        assert events.drain() == ()
