"""The session: ready means managed and adopted, and every loss is told and leaves nothing open."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import (
    NotConnected,
    OrderInDoubt,
    RequestTimedOut,
    SessionRefused,
    UnknownAccount,
)
from brokerport.domain.events import (
    BrokerEvent,
    BrokerNotice,
    CommissionCharged,
    ExecutionReceived,
    PositionChanged,
    SessionState,
)
from brokerport.domain.executions import Commission
from brokerport.domain.money import usd
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.positions import Holding
from brokerport.ports.orders import BookedExecution
from brokerport.ports.session import (
    AdapterEvent,
    BrokerReachable,
    BrokerUnreachable,
    CommissionReported,
    ConnectionLost,
    NoticeReported,
    PositionReported,
)
from tests.support.examples import AAPL, GEN, REV, execution, request
from tests.support.trading_desk import TradingDesk, run, turns

UNMAPPED = BrokerAccount("DU9999999")


def test_a_session_goes_through_its_states_to_ready() -> None:
    """Each state is told, once, in order."""
    desk = TradingDesk()
    assert desk.broker.session_state is SessionState.DISCONNECTED
    run(desk.supervisor.start())
    assert desk.broker.session_state is SessionState.READY
    assert desk.states() == [("connecting", ""), ("synchronising", ""), ("ready", "")]


@pytest.mark.parametrize(
    "error",
    [
        NotConnected("nothing listens"),
        SessionRefused("client id 1 is in use"),
        RequestTimedOut("no handshake"),
        ValueError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_session_that_cannot_be_opened_is_closed(error: Exception) -> None:
    """The reason reaches the caller, and nothing is left half open."""
    desk = TradingDesk()
    desk.adapter.session.connect_error = error
    with pytest.raises(type(error)) as raised:
        run(desk.supervisor.start())
    assert raised.value is error
    assert desk.broker.session_state is SessionState.DISCONNECTED
    assert desk.adapter.session.disconnects == 1


def test_a_session_without_a_mapped_account_is_refused() -> None:
    """The account is named; trading for the others alone would be a surprise."""
    desk = TradingDesk()
    desk.adapter.session.managed = (GEN, UNMAPPED)
    with pytest.raises(UnknownAccount, match=r"'rev' \(DU1000002\)"):
        run(desk.supervisor.start())
    assert desk.broker.session_state is SessionState.DISCONNECTED
    assert not desk.adapter.session.is_connected


@pytest.mark.parametrize("when", ["connecting", "open orders", "executions"])
@pytest.mark.parametrize("comes_back", [True, False])
def test_a_session_lost_while_it_is_made_ready_is_not_ready(when: str, comes_back: bool) -> None:
    """Not even when the adapter is connected again: what was adopted may be stale."""
    desk = TradingDesk()
    losses = [ConnectionLost("cut")]

    def lose(name: str) -> None:
        if name == when and losses:
            desk.adapter.session.tell(losses.pop())
            desk.adapter.session.is_connected = comes_back

    desk.adapter.session.when_connecting = lambda: lose("connecting")
    desk.orders.after_reading = lose
    with pytest.raises(NotConnected, match="cut"):
        run(desk.supervisor.start())
    assert desk.broker.session_state is SessionState.DISCONNECTED
    assert ("ready", "") not in desk.states()


def test_a_start_that_is_cancelled_leaves_nothing_open() -> None:
    """Who gives up opening a session does not keep one."""

    async def opening() -> None:
        desk = TradingDesk()
        gate = asyncio.Event()

        async def synchronise() -> None:
            await gate.wait()

        desk.supervisor._synchronise = synchronise
        task = asyncio.create_task(desk.supervisor.start())
        await turns()
        assert desk.broker.session_state is SessionState.SYNCHRONISING
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert desk.broker.session_state is SessionState.DISCONNECTED
        assert not desk.adapter.session.is_connected

    run(opening())


def test_a_loss_is_told_with_its_reason() -> None:
    """The state, the reason, and every call from then on say what happened."""

    async def losing() -> None:
        desk = await TradingDesk().open()
        desk.adapter.session.tell(ConnectionLost("nightly restart"))
        assert desk.states() == [("disconnected", "nightly restart")]
        for call in (
            desk.broker.place(request()),
            desk.broker.replace("gen", "x", quantity=Decimal(1)),
            desk.broker.cancel("gen", "x"),
            desk.broker.executions("gen"),
            desk.broker.positions("gen"),
            desk.broker.balances("gen"),
            desk.broker.profit_and_loss("gen"),
            desk.broker.margin_impact(request()),
            desk.broker.quote(AAPL),
            desk.broker.contract_details(AAPL),
            desk.broker.find_stocks("AAPL"),
            desk.broker.option_chain(AAPL),
            desk.broker.broker_time(),
        ):
            with pytest.raises(NotConnected, match="disconnected: nightly restart"):
                await call

    run(losing())


@pytest.mark.parametrize("error", [None, OSError("the socket would not close")])
def test_stopping_answers_every_open_request(error: Exception | None) -> None:
    """However the closing goes, callers who wait are told that their order is in doubt."""

    async def stopping() -> None:
        desk = await TradingDesk().open()
        placing = asyncio.create_task(desk.broker.place(request()))
        await turns()
        desk.adapter.session.disconnect_error = error
        stop = asyncio.create_task(desk.supervisor.stop())
        with pytest.raises(OrderInDoubt, match="connection lost: closed"):
            await placing
        (outcome,) = await asyncio.gather(stop, return_exceptions=True)
        assert outcome is error
        assert desk.broker.session_state is SessionState.DISCONNECTED
        assert desk.only_order().status is OrderStatus.IN_DOUBT

    run(stopping())


def test_stopping_twice_is_told_once() -> None:
    """A closed session is closed."""

    async def stopping() -> None:
        desk = await TradingDesk().open()
        await desk.supervisor.stop()
        await desk.supervisor.stop()
        assert desk.states() == [("disconnected", "closed")]

    run(stopping())


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        (
            CommissionReported(REV, Commission("e1", usd("0.65"))),
            CommissionCharged("rev", Commission("e1", usd("0.65"))),
        ),
        (
            CommissionReported(UNMAPPED, Commission("e1", usd("0.65"))),
            CommissionCharged(None, Commission("e1", usd("0.65"))),
        ),
        (
            PositionReported(REV, Holding(AAPL, Decimal(5), Decimal(190))),
            PositionChanged("rev", Holding(AAPL, Decimal(5), Decimal(190))),
        ),
        (PositionReported(UNMAPPED, Holding(AAPL, Decimal(5), Decimal(190))), None),
        (NoticeReported(2104, "farm is OK"), BrokerNotice(2104, "farm is OK")),
    ],
)
def test_what_is_heard_is_told_under_the_logical_account(
    heard: AdapterEvent, told: BrokerEvent | None
) -> None:
    """Broker accounts become names; positions of accounts that are not ours are not told."""

    async def listening() -> None:
        desk = await TradingDesk().open()
        desk.adapter.session.tell(heard)
        assert desk.events.drain() == (() if told is None else (told,))

    run(listening())


def test_reach_lost_and_found_while_a_session_is_opened() -> None:
    """A fill of that time, in an account that was read before it, must not be missed."""

    async def trading() -> None:
        desk = TradingDesk()
        await desk.open()
        await desk.supervisor.stop()
        reads = len(desk.orders.reads)

        def while_the_second_account_is_read(_name: str) -> None:
            if len(desk.orders.reads) == reads + 4:
                desk.orders.booked.append(BookedExecution(execution(4, order_reference=None), None))
                desk.adapter.session.tell(BrokerUnreachable("1100"))
                desk.adapter.session.tell(BrokerReachable("1102"))

        desk.orders.after_reading = while_the_second_account_is_read
        await desk.supervisor.start()
        assert desk.broker.session_state is SessionState.READY
        assert [event.account for event in desk.told(ExecutionReceived)] == ["gen"]

    run(trading())
