"""The TWS adapter keeps the contract of a broker adapter, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from decimal import Decimal
from typing import Any

import pytest

from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.config import TwsSettings
from brokerport.domain.errors import (
    InvalidOrder,
    NotConnected,
    RequestTimedOut,
    SessionRefused,
    UnknownOrder,
)
from brokerport.domain.order_types import Limit, Side
from brokerport.domain.reports import Acknowledged, Cancelled, Replaced
from brokerport.ports.adapter import BrokerAdapter
from brokerport.ports.session import ConnectionLost
from brokerport.simulator.gateways.tws.server import TwsGateway
from tests.contract.broker_adapter_contract import BrokerAdapterContract
from tests.contract.harness import AAPL, GEN, MSFT, REV, TICK, AdapterHarness
from tests.contract.order_contract import SESSION
from tests.contract.relay import Relay


class TwsHarness(AdapterHarness):
    """An adapter that speaks to the world's TWS gateway on a loopback socket."""

    def __init__(self) -> None:
        super().__init__()
        self.gateway = TwsGateway(self.world)
        self._client_ids = 0

    async def start(self) -> None:
        """Serve the world on a free port, behind a relay that can be cut."""
        await self.gateway.start()
        self.relay = Relay(self.gateway.port)
        await self.relay.start()

    async def stop(self) -> None:
        """Serve it no more."""
        await self.relay.stop()
        await self.gateway.close()

    def new_adapter(self) -> BrokerAdapter:
        """An adapter with a client id of its own."""
        self._client_ids += 1
        return self.adapter_as(self._client_ids)

    def adapter_as(self, client_id: int, *, timeout_seconds: float = 5.0) -> TwsAdapter:
        """An adapter with this client id."""
        settings = TwsSettings(
            port=self.relay.port, client_id=client_id, request_timeout_seconds=timeout_seconds
        )
        return TwsAdapter(settings, clock=self.world.clock)

    def cut_the_line(self) -> None:
        """Pull the plug, and wait until both ends know."""

        async def cut() -> None:
            await self.relay.cut()
            async with asyncio.timeout(5):
                # States of two parties, for which there is no event to wait for.
                while self.adapter.session.is_connected:  # noqa: ASYNC110
                    await asyncio.sleep(0)
                while self.gateway.connected_client_ids:  # noqa: ASYNC110
                    await asyncio.sleep(0)

        self.run(cut())


class TestTwsAdapter(BrokerAdapterContract):
    """The contract over the wire, and what only a line can do."""

    @pytest.fixture
    def harness(self) -> Iterator[TwsHarness]:
        """A connected adapter in a world of its own."""
        with TwsHarness() as harness:
            yield harness

    def test_a_line_that_breaks_is_told_once(self, harness: TwsHarness) -> None:
        """Afterwards nothing can be asked, and nothing is pretended."""
        order = harness.bid(10, "249.00")
        harness.cut_the_line()
        assert len(harness.events(ConnectionLost)) == 1
        ticket = harness.ticket(Side.BUY, 10, Limit("249.00"))
        with pytest.raises(NotConnected):
            harness.run(harness.adapter.orders.place(ticket))
        with pytest.raises(NotConnected):
            harness.run(harness.adapter.orders.open_orders(GEN))
        assert [type(report) for report in harness.reports(order)] == [Acknowledged]

    def test_a_session_is_opened_again_after_a_loss(self, harness: TwsHarness) -> None:
        """The same order goes on, and can be changed and cancelled."""
        order = harness.bid(10, "249.00")
        harness.cut_the_line()
        harness.connect()
        harness.replace(order, 20, Limit("249.50"))
        harness.only_report(order, Replaced)
        harness.cancel(order)
        assert harness.only_report(order, Cancelled).reason == ""
        assert harness.events(ConnectionLost) == []

    def test_a_lost_acknowledgement_comes_with_the_next_session(self, harness: TwsHarness) -> None:
        """The order left, its answer did not come back: TWS shows it when asked."""
        harness.run(harness.adapter.contracts.details(AAPL))
        harness.relay.is_mute = True
        ticket = harness.ticket(Side.BUY, 10, Limit("249.00"))
        harness.run(harness.adapter.orders.place(ticket))
        harness.wait_until(harness.world.brokerage.orders)
        harness.cut_the_line()
        assert harness.reports(ticket.client_order_id) == []
        harness.relay.is_mute = False
        harness.run(harness.adapter.session.connect(harness.heard.append))
        harness.settle()
        harness.only_report(ticket.client_order_id, Acknowledged)

    def test_an_order_filled_while_its_answer_was_lost_is_found(self, harness: TwsHarness) -> None:
        """Its executions prove it; it is not sent again, not even when asked."""
        harness.run(harness.adapter.contracts.details(AAPL))
        harness.relay.is_mute = True
        ticket = harness.ticket(Side.BUY, 10, Limit("250.05"))
        harness.run(harness.adapter.orders.place(ticket))
        harness.wait_until(harness.world.brokerage.orders)
        harness.world.advance(TICK)
        with pytest.raises(InvalidOrder):
            harness.run(harness.adapter.orders.place(ticket))
        harness.cut_the_line()
        harness.relay.is_mute = False
        harness.connect()
        assert harness.run(harness.adapter.orders.open_orders(GEN)) == ()
        (booked,) = harness.run(harness.adapter.orders.executions(GEN))
        assert booked.execution.order_reference == ticket.client_order_id
        assert booked.commission is not None

    def test_what_is_held_back_when_the_line_breaks_was_not_sent(self, harness: TwsHarness) -> None:
        """Of sixty orders at once pacing lets some leave; the others are known to be nowhere."""
        tickets = [harness.ticket(Side.BUY, 1, Limit("100")) for _ in range(60)]
        orders = harness.adapter.orders

        async def place_and_cut() -> list[BaseException | None]:
            placing = [asyncio.create_task(orders.place(ticket)) for ticket in tickets]
            while not harness.world.brokerage.open_orders():  # noqa: ASYNC110
                await asyncio.sleep(0)
            await harness.relay.cut()
            return await asyncio.gather(*placing, return_exceptions=True)

        harness.run(orders.place(harness.ticket(Side.BUY, 1, Limit("100"), account=REV)))
        outcomes = harness.run(place_and_cut())
        left = [t for t, outcome in zip(tickets, outcomes, strict=True) if outcome is None]
        held = [t for t, outcome in zip(tickets, outcomes, strict=True) if outcome is not None]
        assert {type(outcome) for outcome in outcomes} == {type(None), NotConnected}
        harness.wait_until(lambda: not harness.gateway.connected_client_ids)
        harness.connect()
        shown = {record.order_reference for record in harness.run(orders.open_orders(GEN))}
        assert shown <= {ticket.client_order_id for ticket in left}
        harness.place(held[0])
        shown_now = {record.order_reference for record in harness.run(orders.open_orders(GEN))}
        assert shown_now == shown | {held[0].client_order_id}

    def test_changes_that_are_held_back_when_the_line_breaks_were_not_sent(
        self, harness: TwsHarness
    ) -> None:
        """The order keeps its terms and takes new ones later; an end not asked for says why."""
        order = harness.bid(10, "249.00")
        orders = harness.adapter.orders

        async def change_and_cut() -> list[BaseException | None]:
            placed = len(harness.world.brokerage.orders())
            crowd = [harness.ticket(Side.BUY, 1, Limit("100"), account=REV) for _ in range(60)]
            placing = [asyncio.create_task(orders.place(ticket)) for ticket in crowd]
            await asyncio.sleep(0)
            # More cancels than there are places kept for them.
            placing += [asyncio.create_task(orders.cancel(other)) for other in others]
            placing += [
                asyncio.create_task(orders.replace(order, Decimal(20), Limit("249.50"))),
                asyncio.create_task(orders.cancel(order)),
            ]
            while len(harness.world.brokerage.orders()) == placed:  # noqa: ASYNC110
                await asyncio.sleep(0)
            await harness.relay.cut()
            return await asyncio.gather(*placing, return_exceptions=True)

        harness.buy(1, instrument=MSFT, account=REV)
        others = [harness.bid(1, "90.00", account=REV) for _ in range(10)]
        outcomes = harness.run(change_and_cut())
        assert [type(outcome) for outcome in outcomes[-2:]] == [NotConnected] * 2
        harness.wait_until(lambda: not harness.gateway.connected_client_ids)
        harness.connect()
        record = harness.only_open_order(GEN)
        assert (record.quantity, record.order_type) == (Decimal(10), Limit("249.00"))
        harness.replace(order, 20, Limit("249.50"))
        harness.only_report(order, Replaced)
        harness.pass_time(SESSION)
        assert harness.only_report(order, Cancelled).reason != ""

    def test_a_silent_line_times_out(self, harness: TwsHarness) -> None:
        """Every read says that it was not answered; none is empty."""
        adapter = harness.adapter_as(9, timeout_seconds=1.0)
        harness.run(adapter.session.connect(lambda _event: None))
        harness.relay.is_mute = True
        reads: list[Coroutine[Any, Any, object]] = [
            adapter.session.broker_time(),
            adapter.orders.open_orders(GEN),
            adapter.orders.completed_orders(GEN),
            adapter.orders.executions(GEN),
            adapter.account_data.positions(GEN),
            adapter.account_data.balances(GEN),
            adapter.account_data.profit_and_loss(GEN),
            adapter.contracts.details(AAPL),
            adapter.contracts.find("AAPL"),
        ]

        async def ask() -> list[object]:
            return await asyncio.gather(*reads, return_exceptions=True)

        assert [type(answer) for answer in harness.run(ask())] == [RequestTimedOut] * len(reads)
        harness.run(adapter.session.disconnect())
        harness.relay.is_mute = False

    def test_where_nothing_listens_there_is_no_session(self, harness: TwsHarness) -> None:
        """The relay is down."""
        harness.run(harness.adapter.session.disconnect())
        harness.run(harness.relay.stop())
        with pytest.raises(NotConnected):
            harness.run(harness.adapter.session.connect(harness.heard.append))

    def test_a_client_id_is_in_use_once(self, harness: TwsHarness) -> None:
        """The second session is refused, the first goes on."""
        second = harness.adapter_as(1)
        with pytest.raises(SessionRefused, match="326"):
            harness.run(second.session.connect(harness.heard.append))
        harness.settle()
        assert harness.events(ConnectionLost) == []

    def test_an_order_of_an_earlier_process_can_be_cancelled(self, harness: TwsHarness) -> None:
        """A fresh adapter with the same client id finds it at TWS by its ClientOrderId."""
        order = harness.bid(10, "249.00")
        harness.run(harness.adapter.session.disconnect())
        fresh = harness.adapter_as(1)
        harness.run(fresh.session.connect(harness.heard.append))
        harness.run(fresh.orders.cancel(order))
        harness.run(fresh.session.broker_time())
        assert harness.only_report(order, Cancelled).reason == ""
        assert harness.run(fresh.orders.open_orders(GEN)) == ()
        harness.run(fresh.session.disconnect())

    def test_an_order_of_another_client_is_left_alone(self, harness: TwsHarness) -> None:
        """Its order id means another order here, so it is neither changed nor cancelled."""
        order = harness.bid(10, "249.00")
        other = harness.adapter_as(2)
        harness.run(other.session.connect(lambda _event: None))
        with pytest.raises(UnknownOrder, match="client id 1"):
            harness.run(other.orders.cancel(order))
        with pytest.raises(UnknownOrder, match="client id 1"):
            harness.run(other.orders.replace(order, Decimal(20), Limit("249.00")))
        harness.run(other.session.disconnect())
        record = harness.only_open_order(GEN)
        assert (record.order_reference, record.quantity) == (order, Decimal(10))
