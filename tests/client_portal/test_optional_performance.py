"""Portfolio Analyst: returns from closes the portal has seen, and transactions from fills."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from brokerport.domain.instruments import Stock
from brokerport.domain.order_types import Market, Side
from brokerport.simulator.gateways.client_portal.nav_history import NavHistory, NavPoint
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.translate.performance import (
    consolidated,
    of_period,
)
from tests.client_portal.openapi import check_answer
from tests.client_portal.portal_desk import AAPL, GEN, REV, PortalDesk

PERFORMANCE = "/pa/performance"
ALL = "/pa/allperiods"
TRANSACTIONS = "/pa/transactions"
SUMMARY = "/pa/summary"
DAY = timedelta(days=1)
ONE = {"acctIds": ["DU1000001"]}
BOTH = {"acctIds": ["DU1000001", "DU1000002"]}


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    """A desk whose first account holds 100 AAPL, watched from Monday 2026-01-05 on."""
    with PortalDesk() as opened:
        opened.prime()
        opened.buy(100)
        yield opened


def net_liquidation(desk: PortalDesk) -> float:
    """Return what the first account is worth."""
    return float(desk.world.brokerage.balances(GEN).net_liquidation.amount)


def test_performance_begins_at_the_last_close_and_grows_by_closes(desk: PortalDesk) -> None:
    """Every close since the portal was first asked is there, and nothing before."""
    first = desk.answer("POST", PERFORMANCE, json=ONE | {"period": "1M"})
    assert first["nav"]["dates"] == ["20260105"]
    (data,) = first["nav"]["data"]
    assert data["startNAV"] == {"date": "20260102", "val": 100_000}
    assert data["navs"] == [net_liquidation(desk)]
    desk.show(AAPL, "260.00", "260.10")
    monday = net_liquidation(desk)
    desk.pass_time(DAY)
    desk.show(AAPL, "270.00", "270.10")
    second = desk.answer("POST", PERFORMANCE, json=ONE | {"period": "1M"})
    assert second["nav"]["dates"] == ["20260105", "20260106"]
    assert second["nav"]["data"][0]["navs"] == [monday, net_liquidation(desk)]
    returns = second["cps"]["data"][0]["returns"]
    assert returns == [round(monday / 100_000 - 1, 4), round(net_liquidation(desk) / 1e5 - 1, 4)]
    assert second["tpps"]["dates"] == ["202601"]
    assert second["tpps"]["data"][0]["returns"] == [returns[-1]]
    check_answer("POST", PERFORMANCE, 200, second)


def test_several_accounts_are_consolidated(desk: PortalDesk) -> None:
    """Their values add up."""
    answer = desk.answer("POST", PERFORMANCE, json=BOTH | {"period": "7D"})
    (data,) = answer["nav"]["data"]
    assert data["startNAV"]["val"] == 150_000
    assert data["navs"] == [pytest.approx(net_liquidation(desk) + 50_000)]
    assert answer["included"] == ["DU1000001", "DU1000002"]


def test_all_periods_come_together(desk: PortalDesk) -> None:
    """Each period has its own series; the query may name one account instead of the body."""
    answer = desk.answer("POST", ALL, json=ONE)
    account = answer["DU1000001"]
    assert account["periods"] == ["1D", "7D", "MTD", "1M", "YTD", "1Y"]
    assert (account["start"], account["end"]) == ("20260102", "20260105")
    assert all(account[period]["dates"] == ["20260105"] for period in account["periods"])
    named = desk.answer("POST", ALL, json=ONE, params={"param": "DU1000002"})
    assert "DU1000002" in named
    assert "DU1000001" not in named
    check_answer("POST", ALL, 200, answer)


def test_the_balance_summary_tells_start_and_end(desk: PortalDesk) -> None:
    """The change is between the first close known and now."""
    answer = desk.answer("POST", SUMMARY, json=ONE)
    assert answer["total"]["startVal"] == "100000.00"
    assert answer["total"]["endVal"] == f"{net_liquidation(desk):.2f}"
    assert (answer["startDate"], answer["endDate"]) == ("2026-01-02", "2026-01-05")
    check_answer("POST", SUMMARY, 200, answer)


def test_a_close_without_a_price_is_missing_and_not_guessed(desk: PortalDesk) -> None:
    """The day is left out, the world goes on, and today without a price is a 503."""
    history = desk.portal.store(NavHistory)
    stock = Stock("IBM")
    desk.show(stock, "180.00", "180.10")
    desk.buy(1, stock)
    desk.market.clear(stock)
    desk.world.brokerage._books.last_trades.clear()
    history.record_close(date(2026, 1, 5))
    assert desk.post(PERFORMANCE, json=ONE | {"period": "1D"}).status_code == 503
    desk.show(stock, "180.00", "180.10")
    assert [point.day.day for point in history.values(GEN)] == [2, 5]
    assert [point.day.day for point in history.values(REV)] == [2, 5]


def test_a_history_that_is_no_longer_used_leaves_the_world_alone(desk: PortalDesk) -> None:
    """The world forgets it at the next session."""
    before = len(desk.world._session_subscribers)
    other = ServedPortal(desk.world, desk.settings, desk.clock)
    other.store(NavHistory)
    assert len(desk.world._session_subscribers) == before + 1
    del other
    gc.collect()
    desk.pass_time(DAY)
    assert len(desk.world._session_subscribers) == before


@pytest.mark.parametrize("body", [{}, ONE | {"period": "2D"}, {"acctIds": ["U9"]}, None])
def test_a_bad_request_of_performance_is_refused(desk: PortalDesk, body: object) -> None:
    """Periods and accounts that do not exist are named in the error."""
    assert desk.post(PERFORMANCE, json=body).status_code == 400


def test_transactions_are_the_fills_of_a_contract(desk: PortalDesk) -> None:
    """Newest first; a sale has a negative quantity and a positive amount, and realises."""
    desk.show(AAPL, "260.00", "260.10")
    desk.place(Side.SELL, 40, Market())
    desk.buy(1, account=REV)
    body = ONE | {"conids": [265598], "currency": "USD", "days": 30}
    answer = desk.answer("POST", TRANSACTIONS, json=body)
    sale, purchase = answer["transactions"]
    assert (sale["type"], sale["qty"], sale["pr"], sale["amt"]) == ("Sell", -40, 260, 10_400)
    assert (purchase["type"], purchase["qty"], purchase["amt"]) == ("Buy", 100, -25_005)
    assert purchase["date"] == "Mon Jan 05 00:00:00 EST 2026"
    (row,) = answer["rpnl"]["data"]
    realised = sum(
        one.commission.realised_pnl.amount
        for one in desk.world.brokerage.executions()
        if one.commission.realised_pnl is not None
    )
    assert (row["side"], row["amt"]) == ("G", f"{realised:.2f}")
    assert answer["rpnl"]["amt"] == row["amt"]
    other = desk.answer("POST", TRANSACTIONS, json=body | {"conids": ["272093"]})
    assert other["transactions"] == []
    check_answer("POST", TRANSACTIONS, 200, answer)


@pytest.mark.parametrize(
    "change", [{"conids": []}, {"conids": ["²"]}, {"days": 0}, {"days": "x"}, {"currency": "EUR"}]
)
def test_a_bad_request_of_transactions_is_refused(
    desk: PortalDesk, change: dict[str, object]
) -> None:
    """Everything is checked before anything is looked up."""
    body = ONE | {"conids": [265598], "currency": "USD"} | change
    assert desk.post(TRANSACTIONS, json=body).status_code == 400


def test_periods_begin_with_the_close_before_them() -> None:
    """The start is the last close before the first day; months end with their last point."""
    days = [date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 2), date(2026, 1, 5)]
    points = [NavPoint(day, Decimal(100 + index)) for index, day in enumerate(days)]
    assert of_period(points, "YTD").start == points[1]
    assert of_period(points, "1D").points == (points[3],)
    assert of_period(points, "7D").start == points[0]
    assert of_period(points, "12M").start == points[0]
    assert list(of_period(points, "1M").monthly_returns()) == ["202512", "202601"]


def test_a_day_that_one_account_lacks_is_left_out_of_the_sum() -> None:
    """Only days that all accounts know can be added up."""
    one = [NavPoint(date(2026, 1, day), Decimal(1)) for day in (2, 5, 6)]
    other = [NavPoint(date(2026, 1, day), Decimal(2)) for day in (2, 6)]
    assert consolidated([one, other]) == (
        NavPoint(date(2026, 1, 2), Decimal(3)),
        NavPoint(date(2026, 1, 6), Decimal(3)),
    )
