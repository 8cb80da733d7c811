"""A closed account: nothing opens, everything that takes risk off passes, a person opens it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from brokerport.adapters.journal.memory import MemoryJournal, MemoryStorage
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import (
    AccountQuarantined,
    BadInput,
    RequestTimedOut,
    UnknownAccount,
)
from brokerport.domain.events import AccountClosed, AccountOpened
from brokerport.domain.instruments import Instrument
from brokerport.domain.journal import QuarantineRecorded, ReleaseRecorded
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit, Side
from brokerport.domain.orders import Order, OrderRequest
from brokerport.domain.positions import Holding
from tests.support.broker_side import BrokerSide
from tests.support.examples import AAPL, MSFT, request
from tests.support.fake_adapter import FakeAdapter, Say, acknowledged, cancelled, filled, replaced
from tests.support.trading_desk import TradingDesk, run

NOTE = "I looked"


async def closed(held: int = 0, storage: MemoryStorage | None = None) -> TradingDesk:
    """Return a desk whose first account holds shares nobody here bought, and is closed for it."""
    desk = TradingDesk(journal=MemoryJournal(storage), reconciles=True)
    await desk.open()
    BrokerSide(desk.adapter).move(AAPL, held)
    BrokerSide(desk.adapter).pay("1.00")
    assert not (await desk.broker.reconcile("gen")).is_clean
    return desk


async def restarted(desk: TradingDesk, storage: MemoryStorage) -> TradingDesk:
    """Return the next process's desk, with the same broker behind it."""
    await desk.journal.close()
    after = TradingDesk(desk.adapter, MemoryJournal(storage))
    await after.start()
    return after


async def place(desk: TradingDesk, asked: OrderRequest) -> Order:
    """Place an order that the broker works."""
    desk.orders.script("place", Say(acknowledged()))
    return await desk.broker.place(asked)


def selling(quantity: int, instrument: Instrument = AAPL) -> OrderRequest:
    """Ask to sell."""
    return request(quantity, instrument=instrument, side=Side.SELL)


def test_closing_is_told_and_journalled_once() -> None:
    """The same difference again is no news; another one is."""

    async def trading() -> None:
        desk = await closed(10)
        await desk.broker.reconcile("gen")
        reasons = (
            "gen: the broker has 1.00 more USD of cash",
            "gen: the broker holds 10 more of AAPL",
        )
        assert desk.told(AccountClosed) == [AccountClosed("gen", reasons)]
        BrokerSide(desk.adapter).move(AAPL, 1)
        await desk.broker.reconcile("gen")
        (told,) = desk.told(AccountClosed)
        assert told.reasons[1] == "gen: the broker holds 11 more of AAPL"
        entries = [
            entry
            for entry in await desk.journal.read("gen")
            if isinstance(entry, QuarantineRecorded)
        ]
        assert [entry.reasons[1] for entry in entries] == [reasons[1], told.reasons[1]]

    run(trading())


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_an_account_that_holds_nothing_opens_nothing(side: Side) -> None:
    """Long or short: nothing is sent, and the reasons are in the error."""

    async def trading() -> None:
        desk = await closed()
        with pytest.raises(AccountQuarantined, match=r"1\.00 more USD of cash"):
            await desk.broker.place(request(side=side))
        assert desk.orders.sent == []
        assert await desk.broker.open_orders("gen") == ()

    run(trading())


@pytest.mark.parametrize(
    ("held", "asked", "passes"),
    [
        (10, selling(10), True),
        (10, selling(11), False),
        (10, request(1), False),
        (-10, request(10), True),
        (-10, request(11), False),
        (-10, selling(1), False),
        (10, selling(1, MSFT), False),
    ],
    ids=["all", "through zero", "more", "cover", "through zero from short", "shorter", "other"],
)
def test_only_what_closes_passes(held: int, asked: OrderRequest, *, passes: bool) -> None:
    """What the broker shows decides, because that is where the risk is."""

    async def trading() -> None:
        desk = await closed(held)
        if passes:
            assert (await place(desk, asked)).status is OrderStatus.WORKING
        else:
            with pytest.raises(AccountQuarantined):
                await desk.broker.place(asked)
            assert desk.orders.sent == []

    run(trading())


def test_closing_orders_share_one_position() -> None:
    """Two that would close it twice over open; what has filled counts no more."""

    async def trading() -> None:
        desk = await closed(10)
        first = await place(desk, selling(6))
        with pytest.raises(AccountQuarantined):
            await desk.broker.place(selling(5))
        await place(desk, selling(4))
        BrokerSide(desk.adapter).move(AAPL, -6)
        desk.adapter.tell(str(first.client_order_id), filled(6))
        with pytest.raises(AccountQuarantined):
            await desk.broker.place(selling(1))

    run(trading())


def test_closing_orders_placed_at_the_same_time_share_it_too() -> None:
    """The second one sees the first in the book, whenever its question was asked."""

    async def trading() -> None:
        desk = await closed(10)
        read = desk.adapter.account_data.positions

        async def read_slowly(broker_account: BrokerAccount) -> tuple[Holding, ...]:
            await asyncio.sleep(1)
            return await read(broker_account)

        desk.adapter.account_data.positions = read_slowly  # type: ignore[method-assign]
        for _order in range(2):
            desk.orders.script("place", Say(acknowledged()))
        results = await asyncio.gather(
            desk.broker.place(selling(10)), desk.broker.place(selling(10)), return_exceptions=True
        )
        assert sorted(type(result).__name__ for result in results) == [
            "AccountQuarantined",
            "Order",
        ]

    run(trading())


def test_a_fill_while_the_position_is_read_is_counted() -> None:
    """The position may be of before the fill: what was working then still counts."""

    async def trading() -> None:
        desk = await closed(10)
        first = await place(desk, selling(6))

        def fill(_name: str) -> None:
            desk.adapter.account_data.after_reading = lambda _name: None
            BrokerSide(desk.adapter).move(AAPL, -6)
            desk.adapter.tell(str(first.client_order_id), filled(6))

        desk.adapter.account_data.after_reading = fill
        with pytest.raises(AccountQuarantined):
            await desk.broker.place(selling(10))

    run(trading())


def test_a_position_that_cannot_be_read_admits_nothing() -> None:
    """Not known is not closing."""

    async def trading() -> None:
        desk = await closed(10)
        desk.adapter.account_data.read_error = RequestTimedOut("no answer")
        with pytest.raises(RequestTimedOut):
            await desk.broker.place(selling(1))
        assert desk.orders.sent == []

    run(trading())


def test_a_larger_order_opens_and_other_changes_pass() -> None:
    """New terms count for what they add; prices and smaller sizes go through, and cancels."""

    async def trading() -> None:
        desk = TradingDesk(reconciles=True)
        await desk.open()
        order = await place(desk, request(10))
        BrokerSide(desk.adapter).pay("1.00")
        desk.orders.open_records.clear()
        await desk.broker.reconcile("gen")
        key = order.client_order_id
        with pytest.raises(AccountQuarantined):
            await desk.broker.replace("gen", key, quantity=Decimal(11))
        assert desk.orders.times_sent("replace") == 0
        desk.orders.script("replace", Say(replaced(9, Limit("191.00"))))
        changed = await desk.broker.replace(
            "gen", key, quantity=Decimal(9), order_type=Limit("191.00")
        )
        assert changed.quantity == 9
        desk.orders.script("cancel", Say(cancelled()))
        assert (await desk.broker.cancel("gen", key)).status is OrderStatus.CANCELLED

    run(trading())


def test_a_closing_order_may_grow_as_far_as_it_closes() -> None:
    """What is added is judged as an order of its own beside it."""

    async def trading() -> None:
        desk = await closed(10)
        order = await place(desk, selling(6))
        with pytest.raises(AccountQuarantined):
            await desk.broker.replace("gen", order.client_order_id, quantity=Decimal(11))
        desk.orders.script("replace", Say(replaced(10, order.order_type)))
        grown = await desk.broker.replace("gen", order.client_order_id, quantity=Decimal(10))
        assert grown.quantity == 10

    run(trading())


def test_other_accounts_stay_open() -> None:
    """Quarantine is an account's own."""

    async def trading() -> None:
        desk = await closed()
        order = await place(desk, request(account="rev"))
        assert order.status is OrderStatus.WORKING
        with pytest.raises(UnknownAccount):
            await desk.broker.quarantine("com")

    run(trading())


def test_a_closed_account_is_closed_in_the_next_process() -> None:
    """And says so at its beginning, before anything can be placed."""
    storage = MemoryStorage()

    async def trading() -> None:
        desk = await closed(10, storage)
        reasons = await desk.broker.quarantine("gen")
        await desk.journal.close()
        adapter = FakeAdapter()
        second = TradingDesk(adapter, MemoryJournal(storage))
        await second.start()
        assert await second.broker.quarantine("gen") == reasons
        assert second.told(AccountClosed) == [AccountClosed("gen", reasons)]
        with pytest.raises(AccountQuarantined):
            await second.broker.place(request())

    run(trading())


def test_only_an_act_of_a_person_opens_it() -> None:
    """Books that agree again do not; a release does, and its note is kept."""

    async def trading() -> None:
        desk = await closed(10)
        BrokerSide(desk.adapter).move(AAPL, -10)
        BrokerSide(desk.adapter).pay("-1.00")
        assert (await desk.broker.reconcile("gen")).is_clean
        with pytest.raises(AccountQuarantined):
            await desk.broker.place(request())
        with pytest.raises(BadInput, match="note"):
            await desk.broker.release("gen", "")
        with pytest.raises(AccountQuarantined):
            await desk.broker.place(request())
        desk.events.drain()
        await desk.broker.release("gen", f" {NOTE} ")
        assert desk.told(AccountOpened) == [AccountOpened("gen", NOTE)]
        assert ReleaseRecorded(NOTE) in await desk.journal.read("gen")
        assert (await place(desk, request())).status is OrderStatus.WORKING
        await desk.broker.release("gen", NOTE)
        assert desk.told(AccountOpened) == [], "it was open already"

    run(trading())


@pytest.mark.parametrize("restarts", [False, True])
def test_a_release_holds_for_what_was_looked_at(*, restarts: bool) -> None:
    """The same difference does not close the account again, not even in the next process."""
    storage = MemoryStorage()

    async def trading() -> None:
        desk = await closed(10, storage)
        await desk.broker.release("gen", NOTE)
        if restarts:
            desk = await restarted(desk, storage)
        side = BrokerSide(desk.adapter)
        side.tell(side.trade(5))
        assert not (await desk.broker.reconcile("gen")).is_clean
        assert await desk.broker.quarantine("gen") == ()
        side.pay("-2.00")
        await desk.broker.reconcile("gen")
        assert "2" not in (await desk.broker.quarantine("gen"))[0].split()
        assert len(await desk.broker.quarantine("gen")) == 2

    run(trading())


@pytest.mark.parametrize("restarts", [False, True])
def test_a_difference_that_went_away_and_came_back_closes_again(*, restarts: bool) -> None:
    """A release forgives what is there, not what may come."""
    storage = MemoryStorage()

    async def trading() -> None:
        desk = await closed(10, storage)
        await desk.broker.release("gen", NOTE)
        side = BrokerSide(desk.adapter)
        side.move(AAPL, -10)
        side.pay("-1.00")
        assert (await desk.broker.reconcile("gen")).is_clean
        if restarts:
            desk = await restarted(desk, storage)
        side = BrokerSide(desk.adapter)
        side.move(AAPL, 10)
        side.pay("1.00")
        await desk.broker.reconcile("gen")
        assert len(await desk.broker.quarantine("gen")) == 2

    run(trading())


def test_accepting_the_figures_leaves_the_account_closed_until_it_is_released() -> None:
    """Two acts: the books are right now; that it may trade again somebody has to say."""

    async def trading() -> None:
        desk = await closed(10)
        assert (await desk.broker.accept("gen", NOTE)).is_clean
        with pytest.raises(AccountQuarantined):
            await desk.broker.place(request())
        await desk.broker.release("gen", NOTE)
        assert (await place(desk, request())).status is OrderStatus.WORKING

    run(trading())


@pytest.mark.parametrize("restarts", [False, True])
def test_accepted_figures_end_what_a_release_forgave(*, restarts: bool) -> None:
    """After a new baseline the same difference is another one."""
    storage = MemoryStorage()

    async def trading() -> None:
        desk = await closed(10, storage)
        await desk.broker.release("gen", NOTE)
        await desk.broker.accept("gen", NOTE)
        if restarts:
            desk = await restarted(desk, storage)
        BrokerSide(desk.adapter).move(AAPL, 10)
        await desk.broker.reconcile("gen")
        assert await desk.broker.quarantine("gen") == ("gen: the broker holds 10 more of AAPL",)

    run(trading())


def test_without_quarantine_differences_are_reported_alone() -> None:
    """``reconciliation.quarantines`` is the user's decision."""

    async def trading() -> None:
        desk = TradingDesk(reconciles=True, quarantines=False)
        await desk.open()
        BrokerSide(desk.adapter).pay("1.00")
        assert not (await desk.broker.reconcile("gen")).is_clean
        assert await desk.broker.quarantine("gen") == ()
        assert (await place(desk, request())).status is OrderStatus.WORKING

    run(trading())
