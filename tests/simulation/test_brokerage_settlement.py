"""Options at the close of their expiry date: exercised, assigned or worthless."""

from __future__ import annotations

from datetime import timedelta

import pytest

from brokerport.domain.errors import FinalError
from brokerport.domain.instruments import Option
from brokerport.domain.money import usd
from brokerport.domain.order_types import Side
from brokerport.simulator.brokerage.events import OptionSettled, SettlementOutcome
from brokerport.simulator.brokerage.orders import BrokerageStatus
from tests.simulation.trading_floor import (
    AAPL,
    CALL,
    CASH_ACCOUNT,
    EXPIRY_CLOSE,
    ITM_PUT,
    MARGIN_ACCOUNT,
    PUT,
    D,
    TradingFloor,
    limit,
)

ASSIGNED, EXERCISED = SettlementOutcome.ASSIGNED, SettlementOutcome.EXERCISED
EXPIRED = SettlementOutcome.EXPIRED


@pytest.fixture
def floor() -> TradingFloor:
    made = TradingFloor()
    made.show_everything()
    return made


def settle(floor: TradingFloor, last: str) -> list[OptionSettled]:
    """Go past the expiry with Apple closing at ``last``."""
    floor.world.advance_to(EXPIRY_CLOSE - timedelta(minutes=1))
    floor.show(AAPL, last, last, last=last)
    floor.events.clear()
    floor.world.advance_to(EXPIRY_CLOSE)
    return [event for event in floor.events if isinstance(event, OptionSettled)]


@pytest.mark.parametrize(
    ("option", "side", "close", "outcome", "shares"),
    [
        (PUT, Side.SELL, "259.99", ASSIGNED, 200),
        (PUT, Side.SELL, "260.00", EXPIRED, 0),
        (PUT, Side.SELL, "260.01", EXPIRED, 0),
        (PUT, Side.BUY, "259.99", EXERCISED, -200),
        (PUT, Side.BUY, "260.00", EXPIRED, 0),
        (CALL, Side.SELL, "280.01", ASSIGNED, -200),
        (CALL, Side.SELL, "280.00", EXPIRED, 0),
        (CALL, Side.BUY, "280.01", EXERCISED, 200),
        (CALL, Side.BUY, "279.99", EXPIRED, 0),
    ],
)
def test_every_outcome(
    floor: TradingFloor,
    option: Option,
    side: Side,
    close: str,
    outcome: SettlementOutcome,
    shares: int,
) -> None:
    """In the money by a cent: stock changes hands at the strike; else nothing does."""
    floor.brokerage.place(floor.ticket(side, 2, option))
    before, opened = floor.cash(), side.sign * 2
    (settled,) = settle(floor, close)
    cash = -shares * option.strike
    assert settled == OptionSettled(
        MARGIN_ACCOUNT, option, D(opened), outcome, D(shares), usd(cash)
    )
    assert floor.quantity(option) == 0
    assert floor.quantity(AAPL) == shares
    assert floor.cash() == before + cash


def test_the_events_of_an_assignment(floor: TradingFloor) -> None:
    """The settlement, the option's position at zero, the stock's, and the account."""
    floor.sell(1, PUT)
    settle(floor, "255.00")
    assert floor.event_names() == [
        "OptionSettled",
        "PositionUpdated",
        "PositionUpdated",
        "AccountUpdated",
    ]
    stock = floor.position(AAPL)
    assert stock is not None
    assert stock.average_cost == 260


def test_the_premium_of_a_worthless_option_is_realised(floor: TradingFloor) -> None:
    """A put sold at 1.00 and expired has earned its premium less the commission."""
    floor.sell(1, PUT)
    settle(floor, "275.00")
    assert floor.brokerage.profit_and_loss(MARGIN_ACCOUNT).realised == usd("99.00")
    assert floor.brokerage.positions(MARGIN_ACCOUNT) == ()
    assert floor.cash() == D("100099.00")


def test_a_covered_call_delivers_the_shares(floor: TradingFloor) -> None:
    """The wheel's good end in a cash account: stock sold at the strike, flat afterwards."""
    floor.buy(100, account=CASH_ACCOUNT)
    floor.sell(1, CALL, account=CASH_ACCOUNT)
    settle(floor, "290.00")
    assert floor.brokerage.positions(CASH_ACCOUNT) == ()
    bought, sold, premium = 100 * D("270.02") + 1, 100 * D(280), 100 * D("1.20") - 1
    assert floor.cash(CASH_ACCOUNT) == 100_000 - bought + premium + sold
    assert floor.brokerage.profit_and_loss(CASH_ACCOUNT).realised.amount == (
        sold - bought + premium
    )


def test_an_assigned_cash_secured_put_spends_what_it_reserved(floor: TradingFloor) -> None:
    """In a cash account, cash never goes below zero by an assignment."""
    floor = TradingFloor(cash_cash="26001.00")
    floor.show_everything()
    order = floor.sell(1, PUT, account=CASH_ACCOUNT)
    assert order.status is BrokerageStatus.FILLED
    settle(floor, "200.00")
    assert floor.cash(CASH_ACCOUNT) == D("100.00")
    assert floor.quantity(AAPL, CASH_ACCOUNT) == 100


def test_open_orders_of_an_expired_option_are_gone_before_it_settles(floor: TradingFloor) -> None:
    """Nothing can trade after the close that settled it."""
    order = floor.buy(1, PUT, limit("0.50"))
    floor.sell(1, PUT)
    settle(floor, "255.00")
    assert floor.now(order).status is BrokerageStatus.CANCELLED
    assert floor.brokerage.open_orders() == ()


def test_other_expiries_stay(floor: TradingFloor) -> None:
    """Only what expires today is settled, however deep in the money the rest is."""
    floor.sell(1, ITM_PUT)
    floor.world.advance_to(EXPIRY_CLOSE - timedelta(days=1))
    assert floor.quantity(ITM_PUT) == -1
    floor.world.advance_to(EXPIRY_CLOSE)
    assert floor.quantity(ITM_PUT) == 0
    assert floor.quantity(AAPL) == 100


def test_an_unknown_closing_price_stops_the_world(floor: TradingFloor) -> None:
    """A wrong settlement would be worse than none."""
    floor.sell(1, PUT)
    floor.market.clear(AAPL)
    with pytest.raises(FinalError, match="no last price for AAPL"):
        floor.world.advance_to(EXPIRY_CLOSE)
