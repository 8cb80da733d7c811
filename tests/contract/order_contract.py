"""The order port: placing, replacing and cancelling, and every report that can come of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from brokerport.domain.errors import InvalidOrder, UnknownContract, UnknownOrder
from brokerport.domain.instruments import Stock
from brokerport.domain.money import usd
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)
from brokerport.domain.reports import (
    Acknowledged,
    Cancelled,
    CancelRefused,
    Rejected,
    Replaced,
    ReplaceRefused,
)
from brokerport.ports.session import CommissionReported, ExecutionReported
from tests.contract.harness import AAPL, GEN, PUT, REV, AdapterHarness

UNKNOWN_ORDER = "gen.01HV2V8Y3WABCDEFGHJKMNPZZZ"
SESSION = timedelta(hours=8)


class OrderEntryContract:
    """Orders that go in, and what comes back."""

    @pytest.mark.parametrize(
        ("side", "order_type"),
        [
            (Side.BUY, Limit("249.00")),
            (Side.SELL, Limit("251.00")),
            (Side.BUY, Stop("260.00")),
            (Side.SELL, Stop("240.00")),
            (Side.BUY, StopLimit("260.00", "260.50")),
            (Side.SELL, StopLimit("240.00", "239.50")),
        ],
        ids=lambda value: value.value if isinstance(value, Side) else type(value).__name__,
    )
    def test_a_resting_order_is_acknowledged_once(
        self, harness: AdapterHarness, side: Side, order_type: OrderType
    ) -> None:
        """The broker names it, and works it on the terms that were asked for."""
        harness.buy(10)
        order = harness.place(harness.ticket(side, 10, order_type))
        harness.settle()
        acknowledged = harness.only_report(order, Acknowledged)
        assert harness.reports(order) == [acknowledged]
        record = harness.only_open_order(GEN)
        assert record.order_reference == order
        assert record.broker_order_id == acknowledged.broker_order_id
        assert record.perm_id == acknowledged.perm_id is not None
        assert (record.side, record.order_type, record.quantity) == (side, order_type, Decimal(10))

    def test_a_market_order_fills_at_the_offer(self, harness: AdapterHarness) -> None:
        """The fill is whole: who, what, which way, how much, at what price, when."""
        order = harness.buy(100)
        (fill,) = harness.fills(order)
        assert (fill.broker_account, fill.instrument, fill.side) == (GEN, AAPL, Side.BUY)
        assert (fill.quantity, fill.price) == (Decimal(100), Decimal("250.05"))
        now = harness.run(harness.adapter.session.broker_time())
        assert timedelta(0) <= now - fill.executed_at <= timedelta(seconds=1)
        assert fill.perm_id == harness.only_report(order, Acknowledged).perm_id

    def test_a_sale_fills_at_the_bid(self, harness: AdapterHarness) -> None:
        """The quantity is positive and the side says which way."""
        harness.buy(100)
        (fill,) = harness.fills(harness.sell(40))
        assert (fill.side, fill.quantity, fill.price) == (Side.SELL, Decimal(40), Decimal(250))

    def test_a_fills_commission_follows_it(self, harness: AdapterHarness) -> None:
        """An opening trade books no profit, a closing one does, after commissions."""
        opening = harness.fills(harness.buy(100))[0]
        closing = harness.fills(harness.sell(100))[0]
        commissions = harness.events(CommissionReported)
        assert [event.commission.execution_id for event in commissions] == [
            opening.execution_id,
            closing.execution_id,
        ]
        first, second = (event.commission for event in commissions)
        assert first.realised_pnl is None
        assert (first.amount, second.amount) == (usd(1), usd(1))
        assert second.realised_pnl == (usd("-7.00") if harness.tells_realised_profit else None)
        for fill, event in zip((opening, closing), commissions, strict=True):
            told = harness.heard.index(ExecutionReported(fill))
            assert told < harness.heard.index(event)

    def test_an_option_is_bought_by_the_contract(self, harness: AdapterHarness) -> None:
        """The price is per share, the money is a hundred times that."""
        (fill,) = harness.fills(harness.buy(2, instrument=PUT))
        assert (fill.instrument, fill.quantity, fill.price) == (PUT, Decimal(2), Decimal("3.20"))
        assert fill.cash_flow == usd(-640)

    def test_an_order_fills_in_parts(self, harness: AdapterHarness) -> None:
        """What the market shows is taken, the rest works on and fills later."""
        order = harness.bid(500, "250.05")
        harness.pass_time()
        assert sum(fill.quantity for fill in harness.fills(order)) == 300
        record = harness.only_open_order(GEN)
        assert (record.quantity, record.filled_quantity) == (Decimal(500), Decimal(300))
        harness.show(AAPL, "250.00", "250.05")
        harness.pass_time()
        fills = harness.fills(order)
        assert sum(fill.quantity for fill in fills) == 500
        assert len({fill.execution_id for fill in fills}) == len(fills)
        assert harness.run(harness.adapter.orders.open_orders(GEN)) == ()

    def test_an_order_the_account_cannot_afford_is_rejected_once(
        self, harness: AdapterHarness
    ) -> None:
        """IBKR's code and words come along, and the order works nowhere."""
        order = harness.bid(10_000, "250.00")
        harness.settle()
        rejected = harness.only_report(order, Rejected)
        assert harness.reports(order) == [rejected]
        assert rejected.code == harness.code(201)
        assert "MARGIN" in rejected.reason.upper()
        assert harness.run(harness.adapter.orders.open_orders(GEN)) == ()

    def test_an_off_tick_price_is_rejected(self, harness: AdapterHarness) -> None:
        """A new order with a bad price is dead, with code 110."""
        order = harness.bid(1, "250.005")
        rejected = harness.only_report(order, Rejected)
        assert harness.reports(order) == [rejected]
        assert rejected.code == harness.code(110)
        assert harness.run(harness.adapter.orders.open_orders(GEN)) == ()

    def test_an_unknown_instrument_cannot_be_ordered(self, harness: AdapterHarness) -> None:
        """The caller gets the error, and nothing is sent."""
        ticket = harness.ticket(Side.BUY, 1, Limit("10"), instrument=Stock("NOPE"))
        with pytest.raises(UnknownContract, match="NOPE"):
            harness.place(ticket)
        assert harness.reports(ticket.client_order_id) == []

    def test_an_order_cannot_be_handed_over_twice(self, harness: AdapterHarness) -> None:
        """A second ticket under one ClientOrderId would be the order doubled."""
        ticket = harness.ticket(Side.BUY, 10, Limit("249.00"))
        harness.place(ticket)
        with pytest.raises(InvalidOrder, match="client_order_id"):
            harness.place(ticket)
        assert harness.only_open_order(GEN).order_reference == ticket.client_order_id

    def test_what_cannot_trade_at_once_is_cancelled(self, harness: AdapterHarness) -> None:
        """Immediate or cancel: the part that trades counts, the rest ends with a reason."""
        order = harness.bid(500, "250.05", time_in_force=TimeInForce.IOC)
        harness.pass_time()
        assert sum(fill.quantity for fill in harness.fills(order)) == 300
        assert harness.only_report(order, Cancelled).reason != ""

    def test_a_day_order_ends_with_the_day(self, harness: AdapterHarness) -> None:
        """The broker says why; good till cancelled lives on."""
        day = harness.bid(10, "249.00")
        lasting = harness.bid(10, "249.00", time_in_force=TimeInForce.GTC)
        harness.pass_time(SESSION)
        assert harness.only_report(day, Cancelled).reason != ""
        assert [type(report) for report in harness.reports(lasting)] == [Acknowledged]
        record = harness.only_open_order(GEN)
        assert (record.order_reference, record.time_in_force) == (lasting, TimeInForce.GTC)

    def test_many_orders_at_once_are_each_placed_once(self, harness: AdapterHarness) -> None:
        """Thirty callers: thirty acknowledgements, thirty different orders."""
        tickets = [harness.ticket(Side.BUY, 1, Limit("100")) for _ in range(30)]

        async def place_all() -> None:
            await asyncio.gather(*(harness.adapter.orders.place(ticket) for ticket in tickets))

        harness.run(place_all())
        harness.settle()
        told = [harness.only_report(ticket.client_order_id, Acknowledged) for ticket in tickets]
        assert len({report.broker_order_id for report in told}) == 30
        records = harness.run(harness.adapter.orders.open_orders(GEN))
        assert sorted(str(record.order_reference) for record in records) == [
            ticket.client_order_id for ticket in tickets
        ]


class OrderChangeContract:
    """New terms and cancels, granted and refused."""

    def test_new_terms_are_granted_once(self, harness: AdapterHarness) -> None:
        """Price and quantity change; the order keeps its permanent id."""
        order = harness.bid(10, "249.00")
        harness.replace(order, 20, Limit("249.50"))
        harness.settle()
        replaced = harness.only_report(order, Replaced)
        assert (replaced.quantity, replaced.order_type) == (Decimal(20), Limit("249.50"))
        record = harness.only_open_order(GEN)
        assert (record.quantity, record.order_type) == (Decimal(20), Limit("249.50"))
        assert record.perm_id == harness.only_report(order, Acknowledged).perm_id

    def test_new_terms_that_the_market_meets_fill(self, harness: AdapterHarness) -> None:
        """A limit moved to the offer trades there."""
        order = harness.bid(10, "249.00")
        harness.replace(order, 10, Limit("250.05"))
        harness.pass_time()
        harness.only_report(order, Replaced)
        (fill,) = harness.fills(order)
        assert fill.price == Decimal("250.05")

    def test_a_partly_filled_order_takes_new_terms(self, harness: AdapterHarness) -> None:
        """The quantity is the whole order's, what is filled included."""
        order = harness.bid(500, "250.05")
        harness.pass_time()
        harness.replace(order, 400, Limit("249.00"))
        harness.only_report(order, Replaced)
        record = harness.only_open_order(GEN)
        assert (record.quantity, record.filled_quantity) == (Decimal(400), Decimal(300))

    @pytest.mark.parametrize(
        ("quantity", "price", "code"), [(10, "249.005", 110), (10_000, "249.00", 201)]
    )
    def test_refused_terms_leave_the_order_working(
        self, harness: AdapterHarness, quantity: int, price: str, code: int
    ) -> None:
        """Off tick or too dear: the old terms hold, and the order can still be cancelled."""
        order = harness.bid(10, "249.00")
        harness.replace(order, quantity, Limit(price))
        harness.settle()
        assert harness.only_report(order, ReplaceRefused).code == harness.code(code)
        record = harness.only_open_order(GEN)
        assert (record.quantity, record.order_type) == (Decimal(10), Limit("249.00"))
        harness.cancel(order)
        harness.only_report(order, Cancelled)
        assert [type(report) for report in harness.reports(order)] == [
            Acknowledged,
            ReplaceRefused,
            Cancelled,
        ]

    def test_a_filled_order_takes_no_new_terms(self, harness: AdapterHarness) -> None:
        """The refusal is told, and nothing trades again."""
        order = harness.buy(10)
        harness.replace(order, 20, Limit("250.05"))
        harness.pass_time()
        harness.only_report(order, ReplaceRefused)
        assert len(harness.fills(order)) == 1

    def test_a_cancelled_order_takes_no_new_terms(self, harness: AdapterHarness) -> None:
        """It stays cancelled."""
        order = harness.bid(10, "249.00")
        harness.cancel(order)
        harness.replace(order, 10, Limit("250.05"))
        harness.pass_time()
        harness.only_report(order, ReplaceRefused)
        assert harness.fills(order) == []

    def test_a_rejected_order_takes_no_new_terms(self, harness: AdapterHarness) -> None:
        """Terms it could afford do not bring it to life."""
        order = harness.bid(10_000, "250.05")
        harness.replace(order, 10, Limit("250.05"))
        harness.pass_time()
        harness.only_report(order, ReplaceRefused)
        assert harness.fills(order) == []
        assert harness.run(harness.adapter.orders.open_orders(GEN)) == ()

    def test_a_cancel_that_we_asked_for_has_no_reason(self, harness: AdapterHarness) -> None:
        """The order is off the market, told once, and does not trade."""
        order = harness.bid(10, "249.00")
        harness.cancel(order)
        harness.settle()
        assert harness.only_report(order, Cancelled).reason == ""
        assert [type(report) for report in harness.reports(order)] == [Acknowledged, Cancelled]
        harness.show(AAPL, "248.00", "248.50")
        harness.pass_time()
        assert harness.fills(order) == []

    def test_the_rest_of_a_partly_filled_order_can_be_cancelled(
        self, harness: AdapterHarness
    ) -> None:
        """What is filled stays filled."""
        order = harness.bid(500, "250.05")
        harness.pass_time()
        harness.cancel(order)
        assert harness.only_report(order, Cancelled).reason == ""
        (holding,) = harness.run(harness.adapter.account_data.positions(GEN))
        assert holding.quantity == 300

    def test_a_filled_order_cannot_be_cancelled(self, harness: AdapterHarness) -> None:
        """The cancel is refused and the fill stands."""
        order = harness.buy(10)
        harness.cancel(order)
        assert harness.only_report(order, CancelRefused).code == harness.code(161)
        assert len(harness.fills(order)) == 1

    def test_a_cancelled_order_cannot_be_cancelled_again(self, harness: AdapterHarness) -> None:
        """The second cancel is refused, the first stands."""
        order = harness.bid(10, "249.00")
        harness.cancel(order)
        harness.cancel(order)
        assert harness.only_report(order, CancelRefused).code == harness.code(10148)
        harness.only_report(order, Cancelled)

    def test_an_order_nobody_knows_can_be_neither_changed_nor_cancelled(
        self, harness: AdapterHarness
    ) -> None:
        """The caller gets the error, and nothing is sent."""
        orders = harness.adapter.orders
        with pytest.raises(UnknownOrder):
            harness.run(orders.cancel(UNKNOWN_ORDER))
        with pytest.raises(UnknownOrder):
            harness.run(orders.replace(UNKNOWN_ORDER, Decimal(1), Limit("1")))
        assert harness.reports(UNKNOWN_ORDER) == []

    def test_a_cancel_touches_no_other_order(self, harness: AdapterHarness) -> None:
        """Neither in the same account nor in another."""
        gone = harness.bid(10, "249.00")
        kept = harness.bid(10, "249.00")
        elsewhere = harness.bid(10, "249.00", account=REV)
        harness.cancel(gone)
        for account, order in ((GEN, kept), (REV, elsewhere)):
            record = harness.only_open_order(account)
            assert record.order_reference == order

    def test_a_stop_becomes_a_market_order_when_it_is_reached(
        self, harness: AdapterHarness
    ) -> None:
        """It rests until the market trades at its trigger."""
        order = harness.place(harness.ticket(Side.BUY, 10, Stop("251.00")))
        harness.pass_time()
        assert harness.fills(order) == []
        harness.market.set_quote(AAPL, "251.00", "251.05", 300, 300, "251.00")
        harness.pass_time()
        (fill,) = harness.fills(order)
        assert fill.price == Decimal("251.05")

    def test_a_market_order_waits_for_a_market(self, harness: AdapterHarness) -> None:
        """With nothing offered it works until something is."""
        harness.market.set_quote(AAPL, "250.00", None, 300, 300, "250.00")
        harness.pass_time()
        order = harness.place(harness.ticket(Side.BUY, 10, Market()))
        harness.pass_time()
        assert harness.fills(order) == []
        harness.show(AAPL, "250.00", "250.10")
        harness.pass_time()
        (fill,) = harness.fills(order)
        assert fill.price == Decimal("250.10")
