"""Adoption: an earlier session's orders are taken over whole, or shown, and never guessed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from attrs import evolve

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import (
    NotConnected,
    RequestRefused,
    RequestTimedOut,
    Unsupported,
)
from brokerport.domain.events import BrokerNotice, ContradictionFound, SessionState
from brokerport.domain.executions import Execution
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit, Side, TimeInForce
from brokerport.domain.reports import Acknowledged, Cancelled, Executed, Replaced
from brokerport.ports.adapter import Capability
from brokerport.ports.orders import (
    BookedExecution,
    BrokerOrder,
    BrokerOrderStatus,
    ForeignOrder,
)
from brokerport.ports.session import AdapterEvent, ExecutionReported, OrderReported
from brokerport.services.synchroniser import READS_MAX
from tests.support.examples import AAPL, GEN, KEY, REV, execution, facts, submitted
from tests.support.fake_adapter import FakeAdapter
from tests.support.trading_desk import TradingDesk, run

S = OrderStatus
B = BrokerOrderStatus

REV_KEY = "rev.01JD2V8Y3W0000000000000009"
OTHER_KEY = "gen.01JD2V8Y3W0000000000000008"


def record(
    status: BrokerOrderStatus = B.WORKING,
    filled: int = 0,
    *,
    reference: str | None = KEY,
    quantity: str = "10",
    broker_account: BrokerAccount = GEN,
    reason: str = "",
) -> BrokerOrder:
    """Return an order as the broker has it on record."""
    return BrokerOrder(
        broker_order_id="17",
        perm_id=4711,
        order_reference=reference,
        broker_account=broker_account,
        instrument=AAPL,
        side=Side.BUY,
        quantity=Decimal(quantity),
        order_type=Limit("190.00"),
        time_in_force=TimeInForce.GTC,
        status=status,
        filled_quantity=Decimal(filled),
        reason=reason,
    )


def desk_of(*fills: Execution, opened: tuple[BrokerOrder, ...] = ()) -> TradingDesk:
    """Return a desk whose broker shows these executions and open orders."""
    desk = TradingDesk()
    desk.orders.open_records += opened
    desk.orders.booked += [BookedExecution(fill, None) for fill in fills]
    return desk


def start(desk: TradingDesk) -> TradingDesk:
    """Open the session, so that adoption runs."""
    run(desk.start())
    return desk


def test_a_working_order_is_taken_over_with_its_fills() -> None:
    """Terms, numbers and executions are the broker's; the account is the reference's."""
    desk = start(desk_of(execution(4), opened=(record(B.WORKING, 4),)))
    order = desk.book.order("gen", KEY)
    assert facts(order.status, order.filled_quantity, order.quantity) == (S.WORKING, 4, 10)
    assert facts(order.broker_order_id, order.perm_id) == ("17", 4711)
    assert order.request.time_in_force is TimeInForce.GTC
    assert desk.contradictions() == []


@pytest.mark.parametrize(
    ("entry", "fills", "status", "reason"),
    [
        (record(B.FILLED, 10), (execution(10),), S.FILLED, ""),
        (record(B.CANCELLED, 0, reason="by hand"), (), S.CANCELLED, "by hand"),
        (record(B.CANCELLED, 4), (execution(4),), S.CANCELLED, ""),
        (record(B.REJECTED, 0, reason="no margin"), (), S.REJECTED, "no margin"),
    ],
)
def test_a_completed_order_is_taken_over_as_it_ended(
    entry: BrokerOrder, fills: tuple[Execution, ...], status: OrderStatus, reason: str
) -> None:
    """What ended while we were away is in the book, with its reason."""
    desk = desk_of(*fills)
    desk.orders.completed_records.append(entry)
    order = start(desk).book.order("gen", KEY)
    assert (order.status, order.reason, order.executions) == (status, reason, fills)


def test_orders_of_others_are_left_alone() -> None:
    """No reference, or another program's: not ours, and no contradiction either."""
    desk = start(desk_of(opened=(record(reference=None), record(reference="my-other-bot"))))
    assert list(desk.book.open_orders()) == []
    assert desk.contradictions() == []


def test_each_account_takes_its_own() -> None:
    """Two accounts, two orders, each under the name in its reference."""
    other = record(reference=REV_KEY, broker_account=REV)
    desk = start(desk_of(opened=(record(), other)))
    assert desk.book.order("gen", KEY).account == "gen"
    assert desk.book.order("rev", REV_KEY).account == "rev"


@pytest.mark.parametrize("reference", [REV_KEY, "old.01JD2V8Y3W0000000000000009"])
def test_an_order_in_another_account_than_it_names_is_shown(reference: str) -> None:
    """The map has changed since, or somebody moved it: not adopted, and not silent."""
    desk = start(desk_of(opened=(record(reference=reference),)))
    assert list(desk.book.open_orders()) == []
    (detail,) = desk.contradictions()
    assert f"names account '{reference[:3]}', but is in the broker account of 'gen'" in detail


@pytest.mark.parametrize(
    ("entry", "fills", "match"),
    [
        (record(B.WORKING, 4), (), "working with 4 filled, its executions add up to 0"),
        (record(B.WORKING, 4), (execution(5),), "4 filled, its executions add up to 5"),
        (record(B.WORKING, 10), (execution(10),), "working with 10 filled"),
        (record(B.FILLED, 10), (execution(9),), "add up to 9"),
        (record(B.CANCELLED, 1), (), "add up to 0"),
        (record(B.WORKING, 11), (execution(11),), "would fill 11 of order"),
        (record(B.WORKING, 4), (execution(4, side=Side.SELL),), "does not belong to order"),
        (record(B.CANCELLED, 10), (execution(10),), "filled cannot be cancelled"),
        (record(quantity="0"), (), "quantity is 0, but must be greater than zero"),
        (record(quantity="1.5"), (), "a whole number"),
    ],
)
def test_a_record_that_is_not_whole_is_shown_and_not_adopted(
    entry: BrokerOrder, fills: tuple[Execution, ...], match: str
) -> None:
    """A wrong order is worse than none; the session opens all the same, for the others."""
    whole = record(reference="gen.01JD2V8Y3W0000000000000002")
    desk = start(desk_of(*fills, opened=(entry, whole)))
    assert desk.supervisor.state is SessionState.READY
    assert desk.book.find(KEY) is None
    assert [order.client_order_id.unique_part[-1] for order in desk.book.open_orders()] == ["2"]
    (detail,) = desk.contradictions()
    assert match in detail


def test_a_record_that_disagrees_is_read_again_before_it_is_shown() -> None:
    """Each account is read a few times while its records disagree, and then no more."""
    desk = start(desk_of(opened=(record(B.WORKING, 4),)))
    reads = desk.orders.reads
    # The other account agrees at once.
    assert reads.count("executions") == READS_MAX + 1
    assert len(desk.contradictions()) == 1


def test_a_fill_between_two_reads_is_not_taken_for_a_contradiction() -> None:
    """Read as working with nothing filled, then it trades, then its execution is read."""
    desk = desk_of(opened=(record(B.WORKING, 0),))

    def trade(name: str) -> None:
        if name == "open orders" and not desk.orders.booked:
            desk.orders.booked.append(BookedExecution(execution(4), None))
            desk.orders.open_records[0] = record(B.WORKING, 4)

    desk.orders.after_reading = trade
    order = start(desk).book.order("gen", KEY)
    assert facts(order.status, order.filled_quantity) == (S.WORKING, 4)
    assert desk.contradictions() == []


def told_once(desk: TradingDesk, name: str, event: AdapterEvent) -> Callable[[str], None]:
    """Return a hook that tells an event right after a read has been answered, once."""
    left = [event]

    def tell(read: str) -> None:
        if read == name and left:
            desk.adapter.session.tell(left.pop())

    return tell


@pytest.mark.parametrize("read", ["open orders", "completed orders", "executions"])
def test_a_fill_reported_while_orders_are_read_is_not_missed(read: str) -> None:
    """The answer to the read is older than the report, whichever read it was."""
    desk = desk_of(opened=(record(B.WORKING, 0),))
    event = ExecutionReported(execution(10))
    desk.orders.after_reading = told_once(desk, read, event)
    order = start(desk).book.order("gen", KEY)
    assert facts(order.status, order.filled_quantity) == (S.FILLED, 10)
    assert desk.contradictions() == []


@pytest.mark.parametrize("read", ["open orders", "completed orders", "executions"])
def test_a_cancel_reported_while_orders_are_read_is_not_missed(read: str) -> None:
    """An order that ended meanwhile is not adopted as working."""
    desk = desk_of(opened=(record(B.WORKING, 0),))
    event = OrderReported(Cancelled(KEY, "by hand"))
    desk.orders.after_reading = told_once(desk, read, event)
    assert start(desk).book.order("gen", KEY).status is S.CANCELLED


def test_a_fill_read_and_reported_counts_once() -> None:
    """The same execution in the read and in a report is one fill."""
    desk = desk_of(execution(4), opened=(record(B.WORKING, 4),))
    event = OrderReported(Executed(KEY, execution(4)))
    desk.orders.after_reading = told_once(desk, "executions", event)
    assert start(desk).book.order("gen", KEY).executions == (execution(4),)


def test_an_order_read_as_open_and_as_completed_is_completed() -> None:
    """It ended between the two reads: the later one has the last word."""
    desk = desk_of(execution(10), opened=(record(B.WORKING, 0),))
    desk.orders.completed_records.append(record(B.FILLED, 10))
    assert start(desk).book.order("gen", KEY).status is S.FILLED
    assert desk.contradictions() == []


def test_completed_orders_are_read_only_where_they_can_be() -> None:
    """An adapter that lacks the capability is not asked."""
    capabilities = set(Capability) - {Capability.COMPLETED_ORDERS}
    desk = TradingDesk(FakeAdapter(capabilities))
    start(desk)
    assert desk.orders.reads == ["open orders", "executions"] * 2


@pytest.mark.parametrize(
    "error",
    [NotConnected("closed"), RequestTimedOut("silent"), RequestRefused("pacing", 162)],
    ids=lambda error: type(error).__name__,
)
def test_a_failed_read_is_no_empty_answer(error: Exception) -> None:
    """Without the broker's orders the session is not ready, and is closed again."""
    desk = TradingDesk()
    desk.orders.read_error = error
    with pytest.raises(type(error)) as raised:
        start(desk)
    assert raised.value is error
    assert desk.supervisor.state is SessionState.DISCONNECTED
    assert desk.adapter.session.disconnects == 1


def test_an_adopted_order_takes_requests() -> None:
    """What was taken over can be cancelled as if it had been placed here."""
    desk = start(desk_of(opened=(record(),)))
    desk.adapter.session.tell(OrderReported(Cancelled(KEY)))
    assert desk.book.order("gen", KEY).status is S.CANCELLED


def test_an_order_of_someone_else_keeps_none_of_ours_out() -> None:
    """A trailing stop entered by hand is told of as a notice; our own order is taken over."""
    by_hand = ForeignOrder("0", 4712, None, GEN, "a TRAIL order is not supported")
    desk = desk_of(opened=(record(),))
    desk.orders.open_records.append(by_hand)
    start(desk)
    assert desk.book.order("gen", KEY).status is S.WORKING
    (notice,) = desk.told(BrokerNotice)
    assert notice.message == (
        "account 'gen': an order that is not brokerport's: a TRAIL order is not supported"
    )


def test_executions_that_cannot_be_shown_keep_out_only_what_has_filled() -> None:
    """A fill in an instrument we lack hides the others: an order without fills needs none."""
    desk = desk_of(opened=(record(), record(B.WORKING, 4, reference=OTHER_KEY)))
    desk.orders.executions_error = Unsupported("a future is no instrument brokerport has")
    start(desk)
    assert desk.book.order("gen", KEY).status is S.WORKING
    assert desk.book.find(OTHER_KEY) is None
    told = desk.events.drain()
    notices = [event.message for event in told if isinstance(event, BrokerNotice)]
    assert notices == [
        "account 'gen': the executions cannot be shown: a future is no instrument brokerport has",
        "account 'rev': the executions cannot be shown: a future is no instrument brokerport has",
    ]
    (contradiction,) = [event for event in told if isinstance(event, ContradictionFound)]
    assert contradiction.client_order_id == OTHER_KEY


def test_what_was_heard_in_a_session_that_failed_is_forgotten() -> None:
    """The next one reads the truth; older news must not be laid over it."""

    async def trading() -> None:
        desk = desk_of(opened=(record(quantity="30"),))
        older = OrderReported(Replaced(KEY, Decimal(20), Limit("190.00")))
        desk.adapter.session.when_connecting = lambda: desk.adapter.session.tell(older)
        desk.orders.read_error = RequestTimedOut("no answer")
        with pytest.raises(RequestTimedOut):
            await desk.start()
        desk.orders.read_error = None
        desk.adapter.session.when_connecting = lambda: None
        await desk.supervisor.start()
        assert desk.book.order("gen", KEY).quantity == 30

    run(trading())


@pytest.mark.parametrize("has_perm_ids", [False, True])
@pytest.mark.parametrize("is_known", [False, True])
def test_two_orders_under_one_client_order_id_are_shown(is_known: bool, has_perm_ids: bool) -> None:
    """An order doubled is the worst there is: neither is taken for the other, and it is told."""
    first = evolve(record(), perm_id=4711 if has_perm_ids else None)
    second = evolve(
        record(),
        perm_id=4712 if has_perm_ids else None,
        broker_order_id="18",
        quantity=Decimal(20),
    )
    desk = desk_of(opened=(first, second))
    if is_known:
        desk.book.enter(submitted(10).after(Acknowledged(KEY, "17", 4711)))
    start(desk)
    (found,) = desk.contradictions()
    assert "more than one order under this ClientOrderId" in found
    known = desk.book.find(KEY)
    assert known is None if not is_known else known is not None and known.quantity == 10


def test_an_order_that_is_in_both_records_is_one() -> None:
    """It ended between the two reads; TWS's completed orders leave its order id out."""
    desk = desk_of(opened=(record(),))
    ended = evolve(record(B.CANCELLED), broker_order_id="")
    desk.orders.completed_records.append(ended)
    assert start(desk).contradictions() == []
    assert desk.book.order("gen", KEY).status is S.CANCELLED
