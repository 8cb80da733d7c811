"""What an account can afford: margin by the rule book, and no order that would overdraw it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerport.domain.instruments import Instrument
from brokerport.domain.money import usd
from brokerport.domain.order_types import Side
from brokerport.simulator.brokerage.orders import BrokerageStatus
from tests.simulation.order_scripts import STILL_PRICES, ScriptPlayer, Step
from tests.simulation.trading_floor import (
    AAPL,
    CALL,
    CASH_ACCOUNT,
    DEEP_CALL,
    ITM_PUT,
    MARGIN_ACCOUNT,
    MSFT,
    PUT,
    D,
    TradingFloor,
    limit,
)

SUBMITTED, INACTIVE = BrokerageStatus.SUBMITTED, BrokerageStatus.INACTIVE
FILLED = BrokerageStatus.FILLED
BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
def floor() -> TradingFloor:
    made = TradingFloor()
    made.show_everything()
    return made


@pytest.mark.parametrize(
    ("trades", "initial", "maintenance"),
    [
        # Stock at its mark of 270.01: half, and a quarter; short: half, and 30 %.
        ([(BUY, 100, AAPL)], "13500.50", "6750.25"),
        ([(SELL, 100, AAPL)], "13500.50", "8100.30"),
        # A long option binds nothing.
        ([(BUY, 2, CALL)], "0.00", "0.00"),
        # Put 260 at 1.02, 10.01 out of the money: 102 + max(5400.20 - 1001, 2600).
        ([(SELL, 1, PUT)], "4501.20", "4501.20"),
        # Put 280 at 11.20, in the money: 1120 + 5400.20, twice.
        ([(SELL, 2, ITM_PUT)], "13040.40", "13040.40"),
        # Naked call 280 at 1.22, 9.99 out of the money: 122 + max(5400.20 - 999, 2700.10).
        ([(SELL, 1, CALL)], "4523.20", "4523.20"),
        # Naked call 250 at 20.40: 2040 + 5400.20.
        ([(SELL, 1, DEEP_CALL)], "7440.20", "7440.20"),
        # Covered out of the money: the stock's own. In the money: and the 20.01 a share.
        ([(BUY, 100, AAPL), (SELL, 1, CALL)], "13500.50", "6750.25"),
        ([(BUY, 100, AAPL), (SELL, 1, DEEP_CALL)], "15501.50", "8751.25"),
        # 100 shares cover one of two calls; the one that saves more is 250: 7440.20 to 2001.
        ([(BUY, 100, AAPL), (SELL, 1, DEEP_CALL), (SELL, 1, CALL)], "20024.70", "13274.45"),
        # 199 shares cover no more than 100 do.
        ([(BUY, 199, AAPL), (SELL, 2, CALL)], "31389.195", "17956.1975"),
        # Another company's stock covers nothing.
        ([(BUY, 100, MSFT), (SELL, 1, CALL)], "28524.20", "16523.70"),
    ],
)
def test_reg_t_margin(
    floor: TradingFloor,
    trades: list[tuple[Side, int, Instrument]],
    initial: str,
    maintenance: str,
) -> None:
    """Worked examples of the table at the head of ``margin``."""
    for side, quantity, instrument in trades:
        ticket = floor.ticket(side, quantity, instrument)
        assert floor.brokerage.place(ticket).status is FILLED
    balances = floor.brokerage.balances(MARGIN_ACCOUNT)
    assert balances.initial_margin == usd(initial).rounded()
    assert balances.maintenance_margin == usd(maintenance).rounded()


def test_balances_of_a_margin_account(floor: TradingFloor) -> None:
    """Equity, funds and buying power after 100 shares bought and a put sold."""
    floor.buy(100)
    floor.sell(1, PUT)
    balances = floor.brokerage.balances(MARGIN_ACCOUNT)
    cash = D(100_000) - 100 * D("270.02") - 1 + 100 - 1
    stock, put = 100 * D("270.01"), D("102.00")
    available = cash + stock - D("13500.50") - D("4501.20")
    assert balances.total_cash == usd(cash)
    assert balances.net_liquidation == usd(cash + stock - put)
    assert balances.available_funds == usd(available)
    assert balances.buying_power == usd(4 * available)
    assert balances.excess_liquidity == usd(cash + stock - D("6750.25") - D("4501.20"))
    assert balances.as_of == floor.world.clock.now()


def test_balances_of_a_cash_account(floor: TradingFloor) -> None:
    """Only cash counts, a short put binds its strike, buying power is what is available."""
    floor.buy(100, account=CASH_ACCOUNT)
    floor.sell(1, PUT, account=CASH_ACCOUNT)
    balances = floor.brokerage.balances(CASH_ACCOUNT)
    cash = D(100_000) - 100 * D("270.02") - 1 + 100 - 1
    assert balances.initial_margin == usd(26_000)
    assert balances.available_funds == balances.buying_power == usd(cash - 26_000)
    assert balances.net_liquidation == usd(cash + 100 * D("270.01") - 102)


@pytest.mark.parametrize(
    ("cash", "side", "quantity", "instrument", "is_taken"),
    [
        # 100 shares: 13,500.50 margin on what is held, 27,002 to pay in a cash account, 1 to trade.
        ("27003.00", BUY, 100, AAPL, True),
        ("27002.99", BUY, 100, AAPL, False),
        ("105.00", BUY, 1, PUT, True),
        ("104.99", BUY, 1, PUT, False),
        ("26001.00", SELL, 1, PUT, True),
        ("26000.99", SELL, 1, PUT, False),
        ("99999.00", SELL, 1, CALL, False),
        ("99999.00", SELL, 1, AAPL, False),
    ],
)
def test_what_a_cash_account_can_afford(
    cash: str, side: Side, quantity: int, instrument: Instrument, is_taken: bool
) -> None:
    """To the cent; and it may sell nothing it does not have."""
    floor = TradingFloor(cash_cash=cash)
    floor.show_everything()
    order = floor.brokerage.place(floor.ticket(side, quantity, instrument, account=CASH_ACCOUNT))
    assert (order.status is FILLED) is is_taken


@pytest.mark.parametrize(
    ("cash", "side", "quantity", "instrument", "is_taken"),
    [
        # Half of 27,002, a cent a share from mark to ask, and the commission.
        ("13503.00", BUY, 100, AAPL, True),
        ("13502.99", BUY, 100, AAPL, False),
        ("13502.50", SELL, 100, AAPL, True),
        ("13502.49", SELL, 100, AAPL, False),
        # 4,399.20 beyond its value, two dollars from bid to mark, and the commission.
        ("4402.20", SELL, 1, PUT, True),
        ("4402.19", SELL, 1, PUT, False),
        ("125.00", BUY, 1, CALL, True),
        ("124.99", BUY, 1, CALL, False),
    ],
)
def test_what_a_margin_account_can_afford(
    cash: str, side: Side, quantity: int, instrument: Instrument, is_taken: bool
) -> None:
    """To the cent, commission and half the spread included."""
    floor = TradingFloor(margin_cash=cash)
    floor.show_everything()
    order = floor.brokerage.place(floor.ticket(side, quantity, instrument))
    assert (order.status is FILLED) is is_taken


@pytest.mark.parametrize(
    ("last", "mark"), [("269.00", "270.00"), ("270.01", "270.01"), ("271.00", "270.02")]
)
def test_a_stock_is_marked_at_its_last_price_within_the_quote(
    floor: TradingFloor, last: str, mark: str
) -> None:
    """A last price outside bid and ask is old news."""
    floor.buy(1)
    floor.show(AAPL, "270.00", "270.02", last=last)
    (holding,) = floor.brokerage.portfolio(MARGIN_ACCOUNT)
    assert holding.market_price == holding.market_value == D(mark)
    assert holding.unrealised_pnl == D(mark) - D("271.02")


def test_an_option_is_marked_half_way_between_bid_and_ask(floor: TradingFloor) -> None:
    """Its last price does not matter, and an absent bid counts as zero."""
    floor.buy(1, CALL)
    floor.show(CALL, "1.30", "1.40", last="9.00")
    assert floor.brokerage.portfolio(MARGIN_ACCOUNT)[0].market_value == 135
    floor.show(CALL, None, "0.10")
    assert floor.brokerage.portfolio(MARGIN_ACCOUNT)[0].market_value == 5


@pytest.mark.parametrize(("cash", "is_taken"), [("13604.50", True), ("13604.49", False)])
def test_a_covered_call_sold_below_its_worth_costs_the_difference(
    cash: str, is_taken: bool
) -> None:
    """Bid 19.00 for 20.01 in the money: 101 dollars and the commission must be there."""
    floor = TradingFloor(margin_cash=cash)
    floor.show_everything()
    floor.show(DEEP_CALL, "19.00", "19.00")
    floor.buy(100)
    assert floor.available() == D(cash) - D("13502.50")
    assert (floor.sell(1, DEEP_CALL).status is FILLED) is is_taken


def test_shares_cover_one_order_only(floor: TradingFloor) -> None:
    """In a cash account, shares that an open order sells cover no call, and the other way round."""
    floor.buy(100, account=CASH_ACCOUNT)
    stock = floor.sell(100, AAPL, limit("275.00"), account=CASH_ACCOUNT)
    assert floor.sell(1, CALL, account=CASH_ACCOUNT).status is INACTIVE
    floor.brokerage.cancel(stock.perm_id)
    assert floor.sell(1, CALL, account=CASH_ACCOUNT).status is FILLED
    assert floor.sell(100, AAPL, limit("275.00"), account=CASH_ACCOUNT).status is INACTIVE
    assert floor.sell(1, DEEP_CALL, limit("25.00"), account=CASH_ACCOUNT).status is INACTIVE


def test_what_is_held_can_be_sold_whatever_the_funds() -> None:
    """Closing raises funds, so an account below its margin may still close, but not open."""
    floor = TradingFloor(margin_cash="13600.00")
    floor.show_everything()
    floor.buy(100)
    floor.show(AAPL, "230.00", "230.02", last="230.01")
    assert floor.available() < 0
    assert floor.buy(1).status is INACTIVE
    assert floor.sell(250).status is INACTIVE
    assert floor.sell(100).status is FILLED


def test_closing_twice_is_opening() -> None:
    """Below its margin, an account may not sell the same shares twice."""
    floor = TradingFloor(margin_cash="13600.00")
    floor.show_everything()
    floor.buy(100)
    floor.show(AAPL, "230.00", "230.02", last="230.01")
    assert floor.sell(100, AAPL, limit("240.00")).status is SUBMITTED
    assert floor.sell(100, AAPL, limit("240.00")).status is INACTIVE


def test_stock_on_offer_covers_no_call_on_margin() -> None:
    """Were the stock sold first, the call would be naked, and nothing is left for that."""
    floor = TradingFloor(margin_cash="14000.00")
    floor.show_everything()
    floor.buy(100)
    offer = floor.sell(100, AAPL, limit("275.00"))
    assert floor.sell(1, CALL).status is INACTIVE
    floor.brokerage.cancel(offer.perm_id)
    assert floor.sell(1, CALL).status is FILLED


def test_shares_cover_one_call_on_margin() -> None:
    """A second call on the same shares, or a second order for one, is naked."""
    floor = TradingFloor(margin_cash="14000.00")
    floor.show_everything()
    floor.buy(100)
    assert floor.sell(1, CALL, limit("1.50")).status is SUBMITTED
    assert floor.sell(1, CALL).status is INACTIVE
    floor.brokerage.cancel_all()
    assert floor.sell(1, CALL).status is FILLED
    assert floor.sell(1, CALL).status is INACTIVE
    assert floor.sell(1, DEEP_CALL).status is INACTIVE


@pytest.mark.parametrize(("price", "is_taken"), [("1.15", True), ("1.25", False)])
def test_a_covered_call_is_bought_back_with_money(price: str, is_taken: bool) -> None:
    """It frees nothing while out of the money, so its price must be there: some 119 dollars."""
    floor = TradingFloor(margin_cash="13503.00")
    floor.show_everything()
    floor.buy(100)
    floor.sell(1, CALL)
    floor.show(CALL, "1.00", price)
    assert (floor.buy(1, CALL, limit(price)).status is FILLED) is is_taken


def test_open_orders_in_several_stocks_add_up() -> None:
    """Each alone is affordable, both are not."""
    floor = TradingFloor(margin_cash="30000.00")
    floor.show_everything()
    assert floor.buy(100, MSFT, limit("470.00")).status is SUBMITTED
    assert floor.buy(100, AAPL, limit("265.00")).status is INACTIVE
    floor.brokerage.cancel_all()
    assert floor.buy(100, AAPL, limit("265.00")).status is SUBMITTED


def test_a_short_put_can_be_bought_back_whatever_the_funds() -> None:
    """What it frees is more than what it costs."""
    floor = TradingFloor(margin_cash="4500.00")
    floor.show_everything()
    floor.sell(1, PUT)
    floor.show(AAPL, "250.00", "250.02", last="250.01")
    floor.show(PUT, "10.90", "11.00")
    assert floor.available() < 0
    assert floor.sell(1, PUT).status is INACTIVE
    assert floor.buy(1, PUT).status is FILLED
    assert floor.quantity(PUT) == 0


def test_what_if_shows_what_the_order_would_bind(floor: TradingFloor) -> None:
    """Its figures are those the balances show once the order has filled."""
    ticket = floor.ticket(BUY, 100)
    impact = floor.brokerage.what_if(ticket)
    assert floor.brokerage.orders() == ()
    assert floor.brokerage.positions(MARGIN_ACCOUNT) == ()
    floor.brokerage.place(ticket)
    balances = floor.brokerage.balances(MARGIN_ACCOUNT)
    assert impact.initial_margin_before == usd("0.00")
    assert impact.initial_margin_after == balances.initial_margin
    assert impact.maintenance_margin_after == balances.maintenance_margin
    assert impact.equity_with_loan_after == balances.net_liquidation
    assert impact.commission == usd("1.00")


def test_what_if_answers_for_an_order_out_of_reach(floor: TradingFloor) -> None:
    """It says how far out of reach, instead of refusing."""
    impact = floor.brokerage.what_if(floor.ticket(BUY, 10_000))
    assert impact.initial_margin_after.amount > impact.equity_with_loan_after.amount


def test_daily_profit_counts_from_the_last_close(floor: TradingFloor) -> None:
    """The next session starts at zero, whatever was gained before."""
    floor.buy(100)
    floor.show(AAPL, "280.00", "280.02", last="280.01")
    assert floor.brokerage.profit_and_loss(MARGIN_ACCOUNT).daily == usd("998.00")
    floor.world.advance_to(floor.world.calendar.next_open(floor.world.clock.now()))
    result = floor.brokerage.profit_and_loss(MARGIN_ACCOUNT)
    assert (result.daily, result.realised) == (usd(0), usd(0))
    assert result.unrealised == usd("998.00")
    floor.sell(100)
    result = floor.brokerage.profit_and_loss(MARGIN_ACCOUNT)
    assert (result.daily, result.realised) == (usd("-2.00"), usd("996.00"))


@settings(max_examples=250, deadline=None)
@given(STILL_PRICES, st.sampled_from([2_000, 14_000, 27_200, 60_000]))
def test_no_accepted_order_overdraws_an_account(script: list[Step], cash: int) -> None:
    """While prices stand still, funds never fall below zero, whatever fills in whatever order."""
    player = ScriptPlayer(cash)
    for step in script:
        player.play(step)
        for account in (MARGIN_ACCOUNT, CASH_ACCOUNT):
            assert player.floor.available(account) >= 0
        assert player.floor.cash(CASH_ACCOUNT) >= 0
        for position in player.floor.brokerage.positions(CASH_ACCOUNT):
            assert position.instrument.multiplier == 100 or position.quantity > Decimal(0)
