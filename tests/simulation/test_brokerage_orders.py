"""An order's life at the broker: placing, events, refusals, replacing, cancelling."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.money import usd
from brokerport.domain.order_types import Side, TimeInForce
from brokerport.simulator.brokerage.accounts import AccountSetup
from brokerport.simulator.brokerage.events import (
    BrokerageEvent,
    CommissionBooked,
    ExecutionBooked,
    OrderRefusedEvent,
    OrderUpdated,
    PositionUpdated,
)
from brokerport.simulator.brokerage.orders import BrokerageStatus
from brokerport.simulator.brokerage.refusals import OrderRefused
from brokerport.simulator.scenario import Scenario
from tests.simulation.trading_floor import (
    AAPL,
    CASH_ACCOUNT,
    CLOSING,
    EXPIRY_CLOSE,
    MARGIN_ACCOUNT,
    MSFT,
    PUT,
    D,
    TradingFloor,
    limit,
)

PRE_SUBMITTED, SUBMITTED = BrokerageStatus.PRE_SUBMITTED, BrokerageStatus.SUBMITTED
FILLED, CANCELLED = BrokerageStatus.FILLED, BrokerageStatus.CANCELLED
INACTIVE = BrokerageStatus.INACTIVE


@pytest.fixture
def floor() -> TradingFloor:
    made = TradingFloor()
    made.show_everything()
    return made


def refusal(floor: TradingFloor, code: int) -> pytest.RaisesExc[OrderRefused]:
    """Expect a refusal with that code."""
    return pytest.raises(OrderRefused, check=lambda error: error.code == code)


def test_a_filled_order_is_told_in_ibkr_s_order(floor: TradingFloor) -> None:
    """Accepted; the fill; Filled without, then with its commission; position; account."""
    order = floor.buy(100)
    assert order.status is FILLED
    told = list(floor.events)
    assert floor.event_names() == [
        "OrderUpdated",
        "ExecutionBooked",
        "OrderUpdated",
        "CommissionBooked",
        "PositionUpdated",
        "AccountUpdated",
    ]
    accepted, fill, filled, charged, position, _ = told
    assert isinstance(accepted, OrderUpdated)
    assert (accepted.order.status, accepted.order.filled) == (SUBMITTED, 0)
    assert isinstance(fill, ExecutionBooked)
    assert isinstance(filled, OrderUpdated)
    assert (filled.order.status, filled.order.commission_total) == (FILLED, 0)
    assert isinstance(charged, CommissionBooked)
    assert charged.order == order
    assert charged.order.commission_total == D("1.00")
    assert isinstance(position, PositionUpdated)
    assert position.position == floor.position(AAPL)


def test_an_execution_carries_what_identifies_it(floor: TradingFloor) -> None:
    """Order reference, permanent id, entry, price and time; an opening trade realises nothing."""
    order = floor.buy(100)
    (booked,) = floor.brokerage.executions()
    execution = booked.execution
    assert execution.order_reference == order.order_reference == "reference 1"
    assert execution.perm_id == order.perm_id
    assert booked.entry == order.entry
    assert (execution.quantity, execution.price) == (D(100), D("270.02"))
    assert execution.executed_at == floor.world.clock.now()
    assert execution.execution_id.count(".") == 3
    assert booked.commission.amount == usd("1.00")
    assert booked.commission.realised_pnl is None


def test_a_closing_trade_reports_what_it_realised(floor: TradingFloor) -> None:
    """Proceeds less cost less both commissions: 2 cents a share of spread and two dollars."""
    floor.buy(100)
    floor.sell(100)
    closing = floor.brokerage.executions()[-1]
    assert closing.commission.realised_pnl == usd("-4.00")
    assert floor.brokerage.profit_and_loss(MARGIN_ACCOUNT).realised == usd("-4.00")
    assert floor.cash() == D("99996.00")


def test_a_partly_filled_order_goes_on(floor: TradingFloor) -> None:
    """Filled and remaining add up, the average price is by quantity, commission per order."""
    floor.show(AAPL, "270.00", "270.02", size=300)
    order = floor.buy(400)
    assert (order.status, order.filled, order.remaining) == (SUBMITTED, 300, 100)
    floor.show(AAPL, "270.00", "270.06", size=300)
    floor.tick()
    order = floor.now(order)
    assert (order.status, order.filled, order.remaining) == (FILLED, 400, 0)
    assert order.average_fill_price == D("270.03")
    assert order.last_fill_price == D("270.06")
    assert order.commission_total == D("2.00")
    assert [b.cumulative_quantity for b in floor.brokerage.executions()] == [300, 400]
    assert floor.cash() == 100_000 - 300 * D("270.02") - 100 * D("270.06") - 2


@pytest.mark.parametrize(
    ("code", "change"),
    [
        (321, {"account": BrokerAccount("DU9999999")}),
        (434, {"quantity": D(0)}),
        (434, {"quantity": D(-5)}),
        (434, {"quantity": D("NaN")}),
        (10243, {"quantity": D("1.5")}),
        (383, {"quantity": D(1_000_000_001)}),
        (383, {"quantity": D("1e300")}),
        (200, {"instrument": Stock("NOSUCH")}),
        (200, {"instrument": Option("AAPL", date(2026, 1, 9), D("260.5"), OptionRight.PUT)}),
        (200, {"instrument": Option("AAPL", date(2026, 1, 2), D(260), OptionRight.PUT)}),
        (200, {"instrument": Option("AAPL", date(2027, 6, 18), D(260), OptionRight.PUT)}),
        (110, {"order_type": limit("270.005")}),
    ],
)
def test_a_malformed_order_is_never_created(
    floor: TradingFloor, code: int, change: dict[str, Any]
) -> None:
    """The refusal carries IBKR's code; there is no order and no event, for what-if neither."""
    ticket = evolve(floor.ticket(Side.BUY, 10, AAPL, limit("270.00")), **change)
    with refusal(floor, code):
        floor.brokerage.place(ticket)
    with refusal(floor, code):
        floor.brokerage.what_if(ticket)
    assert floor.brokerage.orders() == ()
    assert floor.events == []


def test_an_option_cannot_be_ordered_after_its_last_close(floor: TradingFloor) -> None:
    """On the evening of its expiry date it has expired already."""
    floor.world.advance_to(EXPIRY_CLOSE - timedelta(minutes=1))
    assert floor.buy(1, PUT).status is FILLED
    floor.world.advance_to(EXPIRY_CLOSE)
    with refusal(floor, 200):
        floor.buy(1, PUT)


def test_an_order_beyond_the_account_s_means_is_inactive(floor: TradingFloor) -> None:
    """It is recorded and told, with code 201 and both figures, and changes no money."""
    order = floor.buy(1000)
    assert order.status is INACTIVE
    assert order.reason_code == 201
    assert "EQUITY WITH LOAN VALUE [100000.00 USD]" in order.reason
    assert floor.events == [OrderRefusedEvent(order, 201, order.reason)]
    assert floor.brokerage.completed_orders() == (order,)
    assert floor.brokerage.open_orders() == ()
    assert floor.cash() == 100_000
    with refusal(floor, 10148):
        floor.brokerage.cancel(order.perm_id)
    with refusal(floor, 104):
        floor.brokerage.replace(order.perm_id, D(1), limit("270.00"))


def test_two_orders_cannot_spend_the_same_cash(floor: TradingFloor) -> None:
    """An open order's requirement counts; cancelling it gives the means back."""
    first = floor.buy(300, AAPL, limit("260.00"), account=CASH_ACCOUNT)
    assert first.status is SUBMITTED
    assert floor.buy(300, MSFT, limit("200.00"), account=CASH_ACCOUNT).status is INACTIVE
    floor.brokerage.cancel(first.perm_id)
    assert floor.buy(300, MSFT, limit("200.00"), account=CASH_ACCOUNT).status is SUBMITTED


def test_cancelling_is_told_once(floor: TradingFloor) -> None:
    """A cancelled order has no reason of its own, and cannot be cancelled or replaced again."""
    order = floor.buy(10, AAPL, limit("260.00"))
    floor.events.clear()
    cancelled = floor.brokerage.cancel(order.perm_id)
    assert (cancelled.status, cancelled.remaining, cancelled.reason) == (CANCELLED, 10, "")
    assert floor.events == [OrderUpdated(cancelled)]
    with pytest.raises(OrderRefused, match=r"OrderId 1 .* state: Cancelled"):
        floor.brokerage.cancel(order.perm_id)
    with refusal(floor, 104):
        floor.brokerage.replace(order.perm_id, D(5), limit("260.00"))


def test_cancelling_what_is_filled_or_unknown_is_refused(floor: TradingFloor) -> None:
    """161 for a filled order, 10147 for one that never was."""
    order = floor.buy(10)
    with refusal(floor, 161):
        floor.brokerage.cancel(order.perm_id)
    with refusal(floor, 10147):
        floor.brokerage.cancel(1)
    with refusal(floor, 10147):
        floor.brokerage.replace(1, D(1), limit("1.00"))
    with refusal(floor, 10147):
        floor.brokerage.order(1)


def test_cancel_all_can_be_kept_to_one_account(floor: TradingFloor) -> None:
    """Only the named account's open orders are cancelled, or else everybody's."""
    mine = floor.buy(10, AAPL, limit("260.00"))
    other = floor.buy(10, AAPL, limit("260.00"), account=CASH_ACCOUNT)
    assert [o.perm_id for o in floor.brokerage.cancel_all(MARGIN_ACCOUNT)] == [mine.perm_id]
    assert floor.brokerage.open_orders() == (floor.now(other),)
    floor.brokerage.cancel_all()
    assert floor.brokerage.open_orders() == ()
    with refusal(floor, 321):
        floor.brokerage.cancel_all(BrokerAccount("DU9999999"))


def test_a_replaced_order_keeps_its_permanent_id(floor: TradingFloor) -> None:
    """Quantity, price and time in force change; the id and the fills stay."""
    floor.show(AAPL, "270.00", "270.02", size=40)
    order = floor.buy(100, AAPL, limit("270.02"))
    floor.events.clear()
    changed = floor.brokerage.replace(order.perm_id, D(60), limit("269.00"), TimeInForce.GTC)
    assert changed.perm_id == order.perm_id
    assert (changed.quantity, changed.filled, changed.remaining) == (60, 40, 20)
    assert (changed.order_type, changed.time_in_force) == (limit("269.00"), TimeInForce.GTC)
    assert floor.events == [OrderUpdated(changed)]
    floor.show(AAPL, "268.00", "268.50", size=500)
    floor.tick()
    assert floor.now(order).status is FILLED
    assert floor.quantity(AAPL) == 60


def test_a_replace_down_to_what_has_filled_completes_the_order(floor: TradingFloor) -> None:
    """Nothing is left to trade, so it is Filled, not Cancelled."""
    floor.show(AAPL, "270.00", "270.02", size=40)
    order = floor.buy(100, AAPL, limit("270.02"))
    done = floor.brokerage.replace(order.perm_id, D(40), limit("270.02"))
    assert (done.status, done.quantity, done.remaining) == (FILLED, 40, 0)
    floor.show(AAPL, "270.00", "270.02", size=400)
    floor.tick()
    assert floor.quantity(AAPL) == 40


@pytest.mark.parametrize(
    ("code", "quantity", "price"),
    [(110, 100, "269.005"), (105, 39, "270.02"), (434, 0, "270.02"), (201, 10_000, "270.02")],
)
def test_a_refused_replace_leaves_the_order_alive(
    floor: TradingFloor, code: int, quantity: int, price: str
) -> None:
    """The old terms work on, and what they reserve is still reserved, no more and no less."""
    floor.show(AAPL, "270.00", "270.02", size=40)
    order = floor.buy(100, AAPL, limit("270.02"))
    before = floor.now(order)
    floor.events.clear()
    with refusal(floor, code):
        floor.brokerage.replace(order.perm_id, D(quantity), limit(price))
    assert floor.now(order) == before
    assert floor.events == []
    floor.show(AAPL, "270.00", "270.02", size=400)
    floor.tick()
    assert floor.now(order).status is FILLED
    assert floor.buy(600, AAPL, limit("270.02")).status is not INACTIVE


def test_a_day_order_ends_with_the_session_and_says_why(floor: TradingFloor) -> None:
    """It is Cancelled at the close, with a reason; completed orders are those of the day."""
    order = floor.buy(10, AAPL, limit("260.00"))
    lasting = floor.buy(10, AAPL, limit("260.00"), TimeInForce.GTC)
    floor.world.advance_to(CLOSING)
    done = floor.now(order)
    assert (done.status, done.completed_at) == (CANCELLED, CLOSING)
    assert "time in force" in done.reason
    assert floor.brokerage.completed_orders() == (done,)
    floor.world.advance_to(datetime(2026, 1, 6, 15, 0, tzinfo=UTC))
    assert floor.brokerage.completed_orders() == ()
    assert floor.brokerage.open_orders() == (floor.now(lasting),)


def test_an_order_in_the_evening_waits_as_pre_submitted(floor: TradingFloor) -> None:
    """It becomes Submitted at the opening and fills then."""
    floor.world.advance_to(CLOSING + timedelta(hours=1))
    order = floor.buy(10)
    assert order.status is PRE_SUBMITTED
    floor.event_names()
    floor.world.advance_to(datetime(2026, 1, 6, 14, 30, tzinfo=UTC))
    assert floor.now(order).status is FILLED
    assert floor.event_names()[:2] == ["OrderUpdated", "ExecutionBooked"]


def test_a_subscriber_may_call_the_broker_back(floor: TradingFloor) -> None:
    """What it causes is told after what it was told of, to every subscriber in the same order."""
    log: list[BrokerageEvent] = []

    def sell_what_was_bought(event: BrokerageEvent) -> None:
        if isinstance(event, ExecutionBooked) and event.order.side is Side.BUY:
            assert floor.quantity(AAPL) == 10
            assert floor.sell(10).status is FILLED

    floor.brokerage.subscribe(sell_what_was_bought)
    floor.brokerage.subscribe(log.append)
    floor.buy(10)
    assert floor.quantity(AAPL) == 0
    assert log == floor.events
    sides = [event.order.side for event in log if isinstance(event, CommissionBooked)]
    assert sides == [Side.BUY, Side.SELL]
    names = floor.event_names()
    assert names == [*names[:6], *names[:6]]
    floor.brokerage.unsubscribe(log.append)


def test_executions_can_be_read_from_a_time_on(floor: TradingFloor) -> None:
    """Those before it are left out."""
    floor.buy(1)
    floor.tick()
    floor.sell(1)
    since = floor.world.clock.now()
    assert [b.execution.side for b in floor.brokerage.executions(since)] == [Side.SELL]
    assert floor.brokerage.executions(since + timedelta(seconds=1)) == ()


def test_permanent_and_execution_ids_follow_the_seed() -> None:
    """The same seed gives the same ids, another seed others; all are 32-bit and distinct."""

    def ids(seed: int) -> tuple[list[int], list[str]]:
        floor = TradingFloor(seed=seed)
        floor.show_everything()
        orders = [floor.buy(1) for _ in range(3)]
        booked = floor.brokerage.executions()
        return [o.perm_id for o in orders], [b.execution.execution_id for b in booked]

    assert ids(1) == ids(1)
    perm_ids, execution_ids = ids(1)
    other_perm_ids, other_execution_ids = ids(2)
    assert len(set(perm_ids)) == len(set(execution_ids)) == 3
    assert all(0 < perm_id < 2**31 for perm_id in perm_ids)
    assert perm_ids != other_perm_ids
    assert execution_ids != other_execution_ids


@pytest.mark.parametrize("instrument", [AAPL, PUT])
def test_an_order_no_price_is_known_for_is_refused(instrument: Instrument) -> None:
    """A market order cannot be afforded or not when the market shows nothing at all."""
    floor = TradingFloor()
    order = floor.sell(1, instrument)
    assert order.status is INACTIVE
    assert "price" in order.reason
    with refusal(floor, 201):
        floor.brokerage.what_if(floor.ticket(Side.SELL, 1, instrument))


@pytest.mark.parametrize(
    "accounts",
    [(), (AccountSetup(MARGIN_ACCOUNT, usd(1)), AccountSetup(MARGIN_ACCOUNT, usd(2)))],
)
def test_accounts_must_exist_and_differ(accounts: tuple[AccountSetup, ...]) -> None:
    """A scenario without accounts, or with one twice, is refused."""
    with pytest.raises(BadInput, match="accounts"):
        Scenario(accounts=accounts)


@pytest.mark.parametrize("cash", ["-1", "0.001"])
def test_opening_cash_is_in_whole_cents(cash: str) -> None:
    """Neither debts nor fractions of a cent."""
    with pytest.raises(BadInput, match="opening_cash"):
        AccountSetup(MARGIN_ACCOUNT, usd(cash))


def test_a_margin_rule_is_one_of_two() -> None:
    """Anything else is refused."""
    with pytest.raises(BadInput, match="margin_rule"):
        AccountSetup(MARGIN_ACCOUNT, usd(1), "portfolio")  # type: ignore[arg-type]
