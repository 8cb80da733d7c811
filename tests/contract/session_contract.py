"""The session port: opening, closing, and what a session without a line will not do."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC
from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.errors import NotConnected
from brokerport.domain.order_types import Limit, Side
from brokerport.domain.reports import Acknowledged
from brokerport.ports.adapter import BrokerAdapter
from brokerport.ports.session import ConnectionLost
from tests.contract.harness import AAPL, GEN, REV, TICK, AdapterHarness

Ask = Callable[[AdapterHarness, BrokerAdapter], Coroutine[Any, Any, object]]

# Everything a port can be asked for that needs a session.
REQUESTS: dict[str, Ask] = {
    "broker_time": lambda _, adapter: adapter.session.broker_time(),
    "place": lambda harness, adapter: adapter.orders.place(
        harness.ticket(Side.BUY, 1, Limit("100"))
    ),
    "replace": lambda _, adapter: adapter.orders.replace("gen.x", Decimal(1), Limit("100")),
    "cancel": lambda _, adapter: adapter.orders.cancel("gen.x"),
    "open_orders": lambda _, adapter: adapter.orders.open_orders(GEN),
    "completed_orders": lambda _, adapter: adapter.orders.completed_orders(GEN),
    "executions": lambda _, adapter: adapter.orders.executions(GEN),
    "margin_impact": lambda harness, adapter: adapter.orders.margin_impact(
        harness.ticket(Side.BUY, 1, Limit("100"))
    ),
    "positions": lambda _, adapter: adapter.account_data.positions(GEN),
    "balances": lambda _, adapter: adapter.account_data.balances(GEN),
    "profit_and_loss": lambda _, adapter: adapter.account_data.profit_and_loss(GEN),
    "quote": lambda _, adapter: adapter.market_data.quote(AAPL),
    "details": lambda _, adapter: adapter.contracts.details(AAPL),
    "find": lambda _, adapter: adapter.contracts.find("AAPL"),
    "option_chain": lambda _, adapter: adapter.contracts.option_chain(AAPL),
}


class SessionContract:
    """What every adapter's session does."""

    def test_an_open_session_says_so_and_names_its_accounts(self, harness: AdapterHarness) -> None:
        """The accounts are those the login may trade."""
        assert harness.adapter.session.is_connected
        assert harness.adapter.session.managed_accounts() == (GEN, REV)

    def test_the_brokers_time_is_utc(self, harness: AdapterHarness) -> None:
        """It is the broker's clock, not this machine's."""
        before = harness.run(harness.adapter.session.broker_time())
        harness.pass_time(60 * TICK)
        after = harness.run(harness.adapter.session.broker_time())
        assert (before.tzinfo, after - before) == (UTC, 60 * TICK)

    def test_the_brokers_time_is_a_barrier(self, harness: AdapterHarness) -> None:
        """What the broker said before it has been heard when it returns."""
        ticket = harness.ticket(Side.BUY, 10, Limit("249.00"))
        harness.run(harness.adapter.orders.place(ticket))
        harness.run(harness.adapter.session.broker_time())
        harness.only_report(ticket.client_order_id, Acknowledged)

    @pytest.mark.parametrize("request_name", REQUESTS)
    def test_nothing_can_be_asked_before_there_is_a_session(
        self, harness: AdapterHarness, request_name: str
    ) -> None:
        """An adapter that was never connected refuses, and sends nothing."""
        adapter = harness.new_adapter()
        assert not adapter.session.is_connected
        with pytest.raises(NotConnected):
            harness.run(REQUESTS[request_name](harness, adapter))
        with pytest.raises(NotConnected):
            adapter.session.managed_accounts()

    @pytest.mark.parametrize("request_name", REQUESTS)
    def test_nothing_can_be_asked_after_the_session(
        self, harness: AdapterHarness, request_name: str
    ) -> None:
        """A closed session refuses; the order that was asked for is nowhere."""
        harness.run(harness.adapter.session.disconnect())
        with pytest.raises(NotConnected):
            harness.run(REQUESTS[request_name](harness, harness.adapter))
        harness.connect()
        assert harness.run(harness.adapter.orders.open_orders(GEN)) == ()

    def test_closing_twice_is_closing_once_and_no_loss(self, harness: AdapterHarness) -> None:
        """A session that we close is not one that is lost."""
        harness.run(harness.adapter.session.disconnect())
        harness.run(harness.adapter.session.disconnect())
        assert not harness.adapter.session.is_connected
        assert harness.events(ConnectionLost) == []

    def test_a_closed_session_hears_nothing(self, harness: AdapterHarness) -> None:
        """What happens between two sessions is not told in the first."""
        harness.bid(10, "249.00")
        harness.run(harness.adapter.session.disconnect())
        heard = list(harness.heard)
        harness.show(AAPL, "248.00", "248.50")
        harness.world.advance(TICK)
        assert harness.heard == heard

    def test_a_session_can_be_opened_again(self, harness: AdapterHarness) -> None:
        """What happened while it was closed can be read then."""
        order = harness.bid(10, "249.00")
        harness.run(harness.adapter.session.disconnect())
        harness.show(AAPL, "248.00", "248.50")
        harness.world.advance(TICK)
        harness.connect()
        (booked,) = harness.run(harness.adapter.orders.executions(GEN))
        assert booked.execution.order_reference == order
        assert harness.run(harness.adapter.orders.open_orders(GEN)) == ()

    def test_an_open_order_can_be_cancelled_in_a_later_session(
        self, harness: AdapterHarness
    ) -> None:
        """The order outlives the session that placed it."""
        order = harness.bid(10, "249.00")
        harness.run(harness.adapter.session.disconnect())
        harness.connect()
        harness.cancel(order)
        assert harness.run(harness.adapter.orders.open_orders(GEN)) == ()
