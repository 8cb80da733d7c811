"""Placing: sent once, answered or in doubt, and never failed without proof."""

from __future__ import annotations

import asyncio

import pytest

from brokerport.domain.errors import (
    InvalidOrder,
    NotConnected,
    OrderRejected,
    UnknownAccount,
    UnknownContract,
)
from brokerport.domain.events import ExecutionReceived, OrderChanged
from brokerport.domain.instruments import Option, Stock
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit
from brokerport.domain.orders import OrderRequest
from brokerport.domain.reports import Acknowledged
from tests.support.examples import AAPL, AAPL_PUT, REV, facts, request
from tests.support.fake_adapter import (
    Later,
    Say,
    acknowledged,
    cancelled,
    filled,
    lost,
    rejected,
    warned,
)
from tests.support.trading_desk import TradingDesk, run, turns
from tests.unit.services.working_order import desk_with

S = OrderStatus


@pytest.mark.parametrize("when", [Say, Later])
def test_an_acknowledged_order_is_returned_working(when: type[Say] | type[Later]) -> None:
    """The answer ends the wait, whether it comes before the request returns or after."""

    async def trading() -> None:
        desk = await desk_with(when(acknowledged("17", 4711)))
        order = await desk.broker.place(request(10))
        assert facts(order.status, order.broker_order_id, order.perm_id) == (S.WORKING, "17", 4711)
        assert order == desk.only_order()
        assert desk.statuses() == [S.PENDING_SUBMIT, S.WORKING]
        assert desk.orders.times_sent("place") == 1

    run(trading())


def test_the_ticket_is_what_was_asked_for() -> None:
    """Account, instrument, side, quantity, terms and identity reach the adapter unchanged."""

    async def trading() -> None:
        desk = await desk_with(Say(acknowledged()))
        wanted = request(3, Limit("2.50"), account="rev", instrument=AAPL_PUT)
        order = await desk.broker.place(wanted)
        (ticket,) = desk.orders.tickets.values()
        assert ticket.client_order_id == str(order.client_order_id)
        assert order.client_order_id.account == "rev"
        assert ticket.broker_account == REV
        assert facts(ticket.instrument, ticket.side, ticket.quantity) == (
            wanted.instrument,
            wanted.side,
            wanted.quantity,
        )
        assert facts(ticket.order_type, ticket.time_in_force) == (
            wanted.order_type,
            wanted.time_in_force,
        )

    run(trading())


@pytest.mark.parametrize("when", [Say, Later])
def test_a_fill_before_the_acknowledgement_answers(when: type[Say] | type[Later]) -> None:
    """The order was in the book before it left, so its fill finds it."""

    async def trading() -> None:
        desk = await desk_with(when(filled(10)))
        order = await desk.broker.place(request(10))
        assert facts(order.status, order.filled_quantity) == (S.FILLED, 10)
        desk.adapter.tell(str(order.client_order_id), acknowledged("17"))
        assert desk.only_order().broker_order_id == "17"
        assert desk.only_order().status is S.FILLED
        assert desk.contradictions() == []

    run(trading())


def test_a_partial_fill_answers() -> None:
    """An order that trades is an order that works."""

    async def trading() -> None:
        desk = await desk_with(Say(filled(4)))
        order = await desk.broker.place(request(10))
        assert facts(order.status, order.filled_quantity) == (S.WORKING, 4)

    run(trading())


@pytest.mark.parametrize("then", [(), (cancelled(),), (cancelled("gone"),)])
def test_a_rejection_is_raised_with_the_brokers_words(then: tuple[object, ...]) -> None:
    """Reason and code are those of the rejection, whatever follows it at once."""

    async def trading() -> None:
        desk = await desk_with(
            Say(rejected("insufficient funds", 201)),
            *(Say(told) for told in then),  # type: ignore[arg-type]
        )
        with pytest.raises(OrderRejected) as refused:
            await desk.broker.place(request())
        assert (refused.value.reason, refused.value.code) == ("insufficient funds", 201)
        assert desk.only_order().status is S.REJECTED

    run(trading())


def test_an_order_cancelled_by_the_broker_is_returned_cancelled() -> None:
    """An immediate-or-cancel order that found nothing is no error and no working order."""

    async def trading() -> None:
        desk = await desk_with(Say(acknowledged()), Say(cancelled("nothing to trade with")))
        order = await desk.broker.place(request())
        assert facts(order.status, order.reason) == (S.CANCELLED, "nothing to trade with")

    run(trading())


def test_a_warning_is_no_answer() -> None:
    """A warning may come of an order that is refused next."""

    async def trading() -> None:
        desk = await desk_with(Say(warned()), Later(rejected()))
        with pytest.raises(OrderRejected):
            await desk.broker.place(request())
        assert desk.only_order().warnings == ("held until the open",)

    run(trading())


# --- refused before anything is sent --------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "error", "match"),
    [
        (request(account="com"), UnknownAccount, "'com' is not mapped"),
        (request(1, Limit("190.001")), InvalidOrder, r"limit_price is 190\.001.*tick size 0\.01"),
    ],
)
def test_what_can_be_checked_is_checked_first(
    wanted: OrderRequest, error: type[Exception], match: str
) -> None:
    """A wrong account or price is refused by name; nothing is sent and no order made."""

    async def trading() -> None:
        desk = await desk_with()
        with pytest.raises(error, match=match):
            await desk.broker.place(wanted)
        assert desk.orders.sent == []
        assert desk.statuses() == []

    run(trading())


@pytest.mark.parametrize(
    ("instrument", "error", "match"),
    [
        (AAPL, UnknownContract, "no security definition"),
        (AAPL_PUT, UnknownContract, "no security definition"),
        (
            Option("AAPL", AAPL_PUT.expiry.replace(year=2025), 250, AAPL_PUT.right),
            InvalidOrder,
            r"instrument\.expiry is '2025-12-18', but must be 2026-01-05 or later",
        ),
    ],
)
def test_an_expired_option_is_told_from_an_unknown_one(
    instrument: Option, error: type[Exception], match: str
) -> None:
    """A broker forgets expired options: the error names the expiry and the first date allowed."""

    async def trading() -> None:
        desk = await desk_with()
        desk.adapter.contracts.unknown.add(instrument)
        with pytest.raises(error, match=match):
            await desk.broker.place(request(instrument=instrument))
        with pytest.raises(error, match=match):
            await desk.broker.margin_impact(request(instrument=instrument))
        assert desk.orders.sent == []

    run(trading())


def test_nothing_is_placed_without_a_session() -> None:
    """Before the session is ready, and after it is lost, the order is refused and not made."""

    async def trading() -> None:
        desk = TradingDesk()
        with pytest.raises(NotConnected, match="disconnected: the session was never opened"):
            await desk.broker.place(request())
        await desk.open()
        desk.adapter.session.tell(lost("nightly restart")(None))  # type: ignore[arg-type]
        with pytest.raises(NotConnected, match="disconnected: nightly restart"):
            await desk.broker.place(request())
        assert desk.orders.sent == []

    run(trading())


# --- many at once ----------------------------------------------------------------


def test_orders_placed_at_once_do_not_mix_their_answers() -> None:
    """Fifty orders in flight, answered in reverse: each caller gets its own."""

    async def trading() -> None:
        desk = await TradingDesk().open()
        tasks = [asyncio.create_task(desk.broker.place(request(n))) for n in range(1, 51)]
        await turns()
        for number, key in reversed(list(enumerate(desk.orders.tickets))):
            desk.adapter.tell(key, acknowledged(str(number)))
        placed = await asyncio.gather(*tasks)
        assert [int(order.quantity) for order in placed] == list(range(1, 51))
        assert [order.broker_order_id for order in placed] == [str(n) for n in range(50)]
        assert len({order.client_order_id for order in placed}) == 50
        assert desk.orders.times_sent("place") == 50

    run(trading())


def test_what_happened_is_told_in_order() -> None:
    """Submitted, acknowledged, filled: each change with the report that made it."""

    async def trading() -> None:
        desk = await desk_with(Say(acknowledged()), Say(filled(10)), Say(filled(10)))
        order = await desk.broker.place(request(10))
        events = desk.events.drain()
        changes = [event for event in events if isinstance(event, OrderChanged)]
        assert [change.order.status for change in changes] == [
            S.PENDING_SUBMIT,
            S.WORKING,
            S.FILLED,
        ]
        assert changes[0].report is None
        assert isinstance(changes[1].report, Acknowledged)
        assert changes[2].order == order
        fills = [event for event in events if isinstance(event, ExecutionReceived)]
        assert [(fill.account, fill.execution.execution_id) for fill in fills] == [("gen", "e1")]

    run(trading())


@pytest.mark.parametrize(("instrument", "times"), [(AAPL, 1), (AAPL_PUT, 3)])
def test_a_stock_is_looked_up_once_and_an_option_for_every_order(
    instrument: Stock | Option, times: int
) -> None:
    """A stock's tick does not change in a session; an option may have expired since."""

    async def trading() -> None:
        desk = await TradingDesk().open()
        asked: list[None] = []
        desk.adapter.contracts.when_asked = lambda: asked.append(None)
        for _order in range(3):
            desk.orders.script("place", Say(acknowledged()))
            await desk.broker.place(request(instrument=instrument))
        assert len(asked) == times

    run(trading())
