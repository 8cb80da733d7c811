"""The order port's records: open orders, completed orders, executions, and margin in advance."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import RequestRefused, UnknownContract
from brokerport.domain.instruments import Stock
from brokerport.domain.money import usd
from brokerport.domain.order_types import Limit, Side, TimeInForce
from brokerport.domain.reports import Acknowledged
from brokerport.ports.orders import BookedExecution, BrokerOrder, BrokerOrderStatus
from brokerport.ports.session import CommissionReported, ExecutionReported
from tests.contract.harness import AAPL, GEN, MSFT, PUT, REV, AdapterHarness

STRANGER = BrokerAccount("DU9999999")


class RecordsContract:
    """What the broker has on record of orders and fills."""

    def completed(self, harness: AdapterHarness, order: str) -> BrokerOrder:
        """Return the record of one order that is done."""
        records = harness.run(harness.adapter.orders.completed_orders(GEN))
        (record,) = (record for record in records if record.order_reference == order)
        assert isinstance(record, BrokerOrder)
        return record

    def test_an_open_order_is_on_record_whole(self, harness: AdapterHarness) -> None:
        """Every term that was sent stands there."""
        order = harness.bid(3, "2.50", instrument=PUT, time_in_force=TimeInForce.GTC)
        told = harness.only_report(order, Acknowledged)
        record = harness.only_open_order(GEN)
        assert record == BrokerOrder(
            broker_order_id=told.broker_order_id,
            perm_id=told.perm_id,
            order_reference=order,
            broker_account=GEN,
            instrument=PUT,
            side=Side.BUY,
            quantity=Decimal(3),
            order_type=Limit("2.50"),
            time_in_force=TimeInForce.GTC,
            status=BrokerOrderStatus.WORKING,
            filled_quantity=Decimal(0),
        )

    def test_nothing_open_is_an_empty_answer(self, harness: AdapterHarness) -> None:
        """An account without orders has none, and that is an answer."""
        assert harness.run(harness.adapter.orders.open_orders(GEN)) == ()
        assert harness.run(harness.adapter.orders.executions(GEN)) == ()
        assert harness.run(harness.adapter.orders.completed_orders(GEN)) == ()

    def test_accounts_do_not_mix(self, harness: AdapterHarness) -> None:
        """Each account shows its own orders and fills alone."""
        mine = harness.bid(10, "249.00")
        theirs = harness.bid(10, "249.00", account=REV)
        bought = harness.buy(5, account=REV)
        orders = harness.adapter.orders
        assert [one.order_reference for one in harness.run(orders.open_orders(GEN))] == [mine]
        assert [one.order_reference for one in harness.run(orders.open_orders(REV))] == [theirs]
        assert harness.run(orders.executions(GEN)) == ()
        (booked,) = harness.run(orders.executions(REV))
        assert booked.execution.order_reference == bought
        assert harness.run(orders.completed_orders(GEN)) == ()

    def test_a_filled_order_is_completed(self, harness: AdapterHarness) -> None:
        """It is filled in full, and no longer open."""
        order = harness.buy(10)
        record = self.completed(harness, order)
        assert record.status is BrokerOrderStatus.FILLED
        assert (record.quantity, record.filled_quantity) == (Decimal(10), Decimal(10))
        assert (record.instrument, record.side) == (AAPL, Side.BUY)
        assert record.perm_id == harness.only_report(order, Acknowledged).perm_id

    def test_a_cancelled_order_is_completed(self, harness: AdapterHarness) -> None:
        """What was filled before the cancel is on record."""
        order = harness.bid(500, "250.05")
        harness.pass_time()
        harness.cancel(order)
        record = self.completed(harness, order)
        assert record.status is BrokerOrderStatus.CANCELLED
        assert (record.quantity, record.filled_quantity) == (Decimal(500), Decimal(300))

    def test_a_rejected_order_is_completed(self, harness: AdapterHarness) -> None:
        """Who looks for its fate finds it refused."""
        order = harness.bid(10_000, "250.00")
        record = self.completed(harness, order)
        assert record.status is BrokerOrderStatus.REJECTED
        assert record.filled_quantity == 0

    def test_executions_are_those_that_were_reported(self, harness: AdapterHarness) -> None:
        """The same fills, each with its commission, in the order in which they happened."""
        harness.buy(100)
        harness.buy(10, instrument=MSFT)
        harness.buy(1, instrument=PUT)
        harness.sell(40)
        booked = harness.run(harness.adapter.orders.executions(GEN))
        fills = [event.execution for event in harness.events(ExecutionReported)]
        commissions = [event.commission for event in harness.events(CommissionReported)]
        expected = [
            BookedExecution(fill, commission)
            for fill, commission in zip(fills, commissions, strict=True)
        ]
        assert list(booked) == expected
        assert len(expected) == 4

    def test_executions_can_be_read_as_often_as_one_likes(self, harness: AdapterHarness) -> None:
        """Reading tells nothing twice: no event comes of it."""
        harness.buy(100)
        heard = list(harness.heard)
        first = harness.run(harness.adapter.orders.executions(GEN))
        second = harness.run(harness.adapter.orders.executions(GEN))
        harness.run(harness.adapter.orders.open_orders(GEN))
        harness.run(harness.adapter.account_data.positions(GEN))
        harness.settle()
        assert first == second
        assert harness.heard == heard

    def test_reads_at_once_each_get_their_own_answer(self, harness: AdapterHarness) -> None:
        """Ten of each kind, for two accounts, all at the same time."""
        mine = harness.bid(10, "249.00")
        theirs = harness.bid(10, "249.00", account=REV)
        bought = harness.buy(5)
        orders, data = harness.adapter.orders, harness.adapter.account_data

        async def read() -> None:
            open_orders = await asyncio.gather(
                *(orders.open_orders(account) for _ in range(10) for account in (GEN, REV))
            )
            assert [one[0].order_reference for one in open_orders] == [mine, theirs] * 10
            executions, positions, balances = await asyncio.gather(
                asyncio.gather(*(orders.executions(GEN) for _ in range(10))),
                asyncio.gather(*(data.positions(GEN) for _ in range(10))),
                asyncio.gather(*(data.balances(REV) for _ in range(10))),
            )
            assert {one[0].execution.order_reference for one in executions} == {bought}
            assert {one[0].quantity for one in positions} == {Decimal(5)}
            assert {one.total_cash for one in balances} == {usd(50_000)}

        harness.run(read())

    def test_margin_is_told_in_advance_and_nothing_is_placed(self, harness: AdapterHarness) -> None:
        """The order binds margin and would cost a commission, were it placed."""
        ticket = harness.ticket(Side.BUY, 100, Limit("250.05"))
        impact = harness.run(harness.adapter.orders.margin_impact(ticket))
        assert impact.initial_margin_before == usd(0)
        assert impact.initial_margin_change > 0
        assert impact.commission == usd(1)
        harness.pass_time()
        assert harness.heard == []
        assert harness.run(harness.adapter.orders.open_orders(GEN)) == ()
        assert harness.run(harness.adapter.orders.executions(GEN)) == ()
        harness.place(ticket)
        harness.only_report(ticket.client_order_id, Acknowledged)

    def test_margin_of_an_order_that_would_be_refused_is_refused(
        self, harness: AdapterHarness
    ) -> None:
        """IBKR's code and words come along."""
        ticket = harness.ticket(Side.BUY, 100, Limit("250.005"))
        with pytest.raises(RequestRefused) as caught:
            harness.run(harness.adapter.orders.margin_impact(ticket))
        assert caught.value.code == harness.code(110)

    def test_margin_of_an_unknown_instrument_is_unknown(self, harness: AdapterHarness) -> None:
        """There is nothing to ask for."""
        ticket = harness.ticket(Side.BUY, 1, Limit("1"), instrument=Stock("NOPE"))
        with pytest.raises(UnknownContract):
            harness.run(harness.adapter.orders.margin_impact(ticket))

    def test_an_order_for_a_strange_account_does_not_trade(self, harness: AdapterHarness) -> None:
        """The broker refuses it, in whichever way, and no account of ours is touched."""
        ticket = harness.ticket(Side.BUY, 1, Limit("250.05"), account=STRANGER)
        harness.place(ticket)
        harness.pass_time()
        assert harness.fills(ticket.client_order_id) == []
        assert [type(one).__name__ for one in harness.reports(ticket.client_order_id)] == [
            "Rejected"
        ]
