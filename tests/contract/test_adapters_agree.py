"""The same random day over every adapter: the same events in the same order, the same records.

The contract pins what each adapter must do in cases somebody thought of; this compares the adapters
in the others. Left out are the broker's own order id, because each API counts its own, and the
words of a refusal, which quote that id or are the TWS adapter's own.
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import BrokerportError
from brokerport.domain.executions import Commission
from brokerport.domain.instruments import Instrument
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)
from brokerport.domain.positions import Holding
from brokerport.domain.reports import (
    Acknowledged,
    CancelRefused,
    Rejected,
    Replaced,
    ReplaceRefused,
    Warned,
)
from brokerport.ports.orders import BookedExecution, BrokerOrder
from brokerport.ports.session import (
    CommissionReported,
    ExecutionReported,
    OrderReported,
    PositionReported,
)
from tests.contract.harness import AAPL, GEN, MSFT, PUT, REV, AdapterHarness
from tests.contract.test_client_portal_adapter import ClientPortalHarness
from tests.contract.test_simulated_adapter import SimulatedHarness
from tests.contract.test_tws_adapter import TwsHarness
from tests.support.properties import PROPERTY

INSTRUMENTS: st.SearchStrategy[Instrument] = st.sampled_from([AAPL, MSFT, PUT])
MIDDLES = {AAPL: Decimal(250), MSFT: Decimal(400), PUT: Decimal(3)}


@frozen
class Place:
    """A new order."""

    account: BrokerAccount
    instrument: Instrument
    side: Side
    quantity: int
    order_type: OrderType
    time_in_force: TimeInForce


@frozen
class Replace:
    """New terms for one of the orders so far."""

    which: int
    quantity: int
    order_type: OrderType


@frozen
class Cancel:
    """A cancel of one of the orders so far."""

    which: int


@frozen
class Show:
    """A new quote; a price of None leaves that side empty."""

    instrument: Instrument
    bid: Decimal | None
    ask: Decimal | None
    size: int


@frozen
class Pass:
    """Simulated time."""

    by: timedelta


@frozen
class Reconnect:
    """The end of the session and the beginning of the next."""


Step: TypeAlias = Place | Replace | Cancel | Show | Pass | Reconnect


def _prices(instrument: Instrument) -> st.SearchStrategy[Decimal]:
    """Prices about the instrument's, most of them on its price steps, some absurd."""
    near = st.integers(-20, 20).map(lambda cents: MIDDLES[instrument] + Decimal(cents) * 5 / 100)
    return st.one_of(near, near, near, st.sampled_from([Decimal("0.01"), Decimal("251.005")]))


def _order_types(instrument: Instrument) -> st.SearchStrategy[OrderType]:
    prices = _prices(instrument)
    return st.one_of(
        st.just(Market()),
        prices.map(Limit),
        prices.map(Limit),
        prices.map(Stop),
        st.builds(StopLimit, trigger_price=prices, limit_price=prices),
    )


def _quantities() -> st.SearchStrategy[int]:
    return st.sampled_from([1, 7, 100, 350, 1_000_000])


def _steps_on(instrument: Instrument) -> st.SearchStrategy[Step]:
    sides = st.none() | _prices(instrument)
    return st.one_of(
        st.builds(
            Place,
            account=st.sampled_from([GEN, REV]),
            instrument=st.just(instrument),
            side=st.sampled_from(Side),
            quantity=_quantities(),
            order_type=_order_types(instrument),
            time_in_force=st.sampled_from(TimeInForce),
        ),
        st.builds(
            Replace,
            which=st.integers(0, 5),
            quantity=_quantities(),
            order_type=_order_types(instrument),
        ),
        st.builds(Cancel, which=st.integers(0, 5)),
        st.tuples(sides, sides, st.sampled_from([1, 40, 300])).map(
            lambda quote: _show(instrument, *quote)
        ),
        st.sampled_from([Pass(timedelta(seconds=1)), Pass(timedelta(minutes=1))]),
        st.just(Reconnect()),
    )


def _show(instrument: Instrument, one: Decimal | None, other: Decimal | None, size: int) -> Show:
    if one is None and other is None:
        one = MIDDLES[instrument]
    if one is not None and other is not None:
        one, other = min(one, other), max(one, other)
    return Show(instrument, one, other, size)


def _lived(harness: AdapterHarness, script: list[Step]) -> list[object]:
    """Live the script, and return all that a caller can see of it."""
    seen: list[object] = []
    orders: list[str] = []
    with harness:
        for step in script:
            seen.append(step)
            try:
                _live(harness, step, orders)
            except BrokerportError as error:
                seen.append((type(error), str(error)))
            seen += [_comparable(event) for event in harness.heard]
            harness.heard.clear()
        for account in (GEN, REV):
            seen += _records(harness, account)
    return seen


def _live(harness: AdapterHarness, step: Step, orders: list[str]) -> None:
    match step:
        case Place():
            ticket = harness.ticket(
                step.side,
                step.quantity,
                step.order_type,
                instrument=step.instrument,
                account=step.account,
                time_in_force=step.time_in_force,
            )
            orders.append(ticket.client_order_id)
            harness.place(ticket)
        case Replace() if orders:
            order = orders[step.which % len(orders)]
            harness.replace(order, step.quantity, step.order_type)
        case Cancel() if orders:
            harness.cancel(orders[step.which % len(orders)])
        case Show():
            harness.market.set_quote(step.instrument, step.bid, step.ask, step.size, step.size)
            harness.pass_time()
        case Pass():
            harness.pass_time(step.by)
        case Reconnect():
            harness.run(harness.adapter.session.disconnect())
            harness.connect()


def _records(harness: AdapterHarness, account: BrokerAccount) -> list[object]:
    orders, account_data = harness.adapter.orders, harness.adapter.account_data
    reads: list[Coroutine[Any, Any, object]] = [
        orders.open_orders(account),
        orders.completed_orders(account),
        orders.executions(account),
        account_data.positions(account),
        account_data.balances(account),
        account_data.profit_and_loss(account),
    ]
    return [_answer(harness, read) for read in reads]


def _answer(harness: AdapterHarness, read: Coroutine[Any, Any, object]) -> object:
    try:
        answer = harness.run(read)
    except BrokerportError as error:
        return type(error)
    return [_comparable(row) for row in answer] if isinstance(answer, tuple) else answer


def _comparable(event: object) -> object:
    match event:
        case BrokerOrder():
            return evolve(event, broker_order_id="")
        case Holding():
            return _as_on_the_wire(event)
        case OrderReported(Acknowledged() as report):
            return OrderReported(evolve(report, broker_order_id=""))
        case PositionReported(account, holding):
            return PositionReported(account, _as_on_the_wire(holding))
        case CommissionReported(account, commission):
            return CommissionReported(account, _charged_as_on_the_wire(commission))
        case BookedExecution(execution, Commission() as commission):
            return BookedExecution(execution, _charged_as_on_the_wire(commission))
        case OrderReported(CancelRefused() as report):
            return OrderReported(evolve(report, reason=""))
        case OrderReported(ReplaceRefused() as report):
            return OrderReported(evolve(report, reason="", code=None))
    return event


def _as_on_the_wire(holding: Holding) -> Holding:
    """TWS sends an average cost as a double: sixteen digits of it are told."""
    return evolve(holding, average_cost=round(holding.average_cost, 9))


def _charged_as_on_the_wire(commission: Commission) -> Commission:
    """A realised profit depends on an average cost, and is a double too."""
    profit = commission.realised_pnl
    if profit is None:
        return commission
    return evolve(commission, realised_pnl=evolve(profit, amount=round(profit.amount, 9)))


def _as_client_portal_tells(seen: list[object]) -> list[object]:
    """Leave out what Client Portal cannot tell: positions by themselves, codes, booked profits.

    Its list of orders is in the order in which they were placed. It alone tells of new terms that
    complete an order, for a quantity of exactly what has filled.
    """
    filled: dict[str | None, Decimal] = {}
    told: list[object] = []
    for one in seen:
        match one:
            case PositionReported():
                continue
            case ExecutionReported(execution):
                so_far = filled.get(execution.order_reference, Decimal(0))
                filled[execution.order_reference] = so_far + execution.quantity
            case OrderReported(Replaced(order, quantity)) if filled.get(order) == quantity:
                continue
        told.append(_without_what_it_lacks(one))
    return told


def _placed(row: object) -> int:
    return (row.perm_id or 0) if isinstance(row, BrokerOrder) else 0


def _without_what_it_lacks(one: object) -> object:
    match one:
        case list():
            rows = [_without_what_it_lacks(row) for row in one]
            return sorted(rows, key=_placed)
        case CommissionReported(account, commission):
            return CommissionReported(account, evolve(commission, realised_pnl=None))
        case BookedExecution(execution, Commission() as commission):
            return BookedExecution(execution, evolve(commission, realised_pnl=None))
        case OrderReported(Rejected() | ReplaceRefused() | CancelRefused() | Warned() as report):
            return OrderReported(evolve(report, code=None))
    return one


@settings(PROPERTY, max_examples=100)
@given(st.lists(INSTRUMENTS.flatmap(_steps_on), min_size=4, max_size=20))
def test_every_adapter_tells_the_same_of_the_same_day(script: list[Step]) -> None:
    """Events, errors and records are equal, whichever way the orders went."""
    assert _lived(TwsHarness(), script) == _lived(SimulatedHarness(), script)


@settings(PROPERTY, max_examples=40)
@given(st.lists(INSTRUMENTS.flatmap(_steps_on), min_size=4, max_size=12))
def test_client_portal_tells_the_same_of_the_same_day(script: list[Step]) -> None:
    """All that it can tell is equal, in the same order."""
    in_process = _as_client_portal_tells(_lived(SimulatedHarness(), script))
    assert _as_client_portal_tells(_lived(ClientPortalHarness(), script)) == in_process
