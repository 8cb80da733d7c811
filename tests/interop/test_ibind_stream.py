"""ibind's WebSocket client, unmodified: every subscription it knows, confirmed and ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from ibind import BindingStatus, OrderRequest, events
from ibind.subscriptions import (
    AccountLedgerSubscription,
    AccountSummarySubscription,
    MarketDataSubscription,
    MarketHistorySubscription,
    OrdersSubscription,
    PnlSubscription,
    PriceLadderSubscription,
    TradesSubscription,
)

from tests.interop.floor import AAPL, AAPL_ID, ACCOUNT, MINUTE_BARS
from tests.interop.ibind_desk import ibind_desk

pytestmark = pytest.mark.interop
TIMEOUT_SECONDS = 10


def _market_order(quantity: int) -> OrderRequest:
    return OrderRequest(
        conid=AAPL_ID,
        side="BUY",
        quantity=quantity,
        order_type="MKT",
        acct_id=ACCOUNT,
        coid="gen.1",
        tif="DAY",
    )


def test_ibind_connects_and_is_told_who_it_is(tmp_path: Path) -> None:
    """It is authenticated, knows its accounts, hears heartbeats and has its tic answered."""
    with ibind_desk(tmp_path, heartbeat_seconds=0.05) as desk, desk.listening() as (ws, heard):
        assert ws.is_authenticated()
        (accounts,) = heard.wait_for(events.AccountUpdate)
        assert accounts.data["accounts"] == [ACCOUNT]
        assert heard.of(events.AuthenticationStatus)[0].authenticated is True
        success, *heartbeats = heard.wait_for(events.System, 4)
        assert success.data["success"] == "paper"
        assert all("hb" in heartbeat.data for heartbeat in heartbeats)
        answer = ws.tic()
        assert answer["id"] == desk.client.tickle().data["session"]
        assert answer["lastAccessed"] == desk.do(lambda floor: floor.now.timestamp() * 1000)


def test_ibind_streams_quotes_and_ends_them(tmp_path: Path) -> None:
    """Named fields, everything first and then what changed."""
    with ibind_desk(tmp_path) as desk, desk.listening() as (ws, heard):
        wanted = MarketDataSubscription(conid=str(AAPL_ID), fields=["31", "84", "86", "88"])
        assert ws.subscribe(wanted).wait(TIMEOUT_SECONDS)
        (first,) = heard.wait_for(events.MarketData)
        assert first.conid == str(AAPL_ID)
        assert first.data["bid_price"] == "270.00"
        assert first.data["ask_price"] == "270.02"
        assert first.data["last_price"] == "270.01"
        desk.show(AAPL, "270.00", "270.04")
        second = heard.wait_for(events.MarketData, 2)[1]
        assert second.data["ask_price"] == "270.04"
        assert "bid_price" not in second.data
        assert ws.unsubscribe(wanted).wait(TIMEOUT_SECONDS)
        ws.tic()
        desk.show(AAPL, "270.00", "270.06")
        ws.tic()
        assert len(heard.of(events.MarketData)) == 2


def test_ibind_streams_orders_and_trades(tmp_path: Path) -> None:
    """The execution, the order that shows it, and the commission, in this order."""
    with ibind_desk(tmp_path, questions=()) as desk, desk.listening() as (ws, heard):
        desk.prime()
        orders = ws.subscribe(OrdersSubscription())
        trades = ws.subscribe(TradesSubscription(days=2, realtime_updates_only=False))
        assert ws.wait_all([orders, trades], TIMEOUT_SECONDS) == []
        ws.tic()
        heard.forget()
        placed = desk.client.place_order(_market_order(100), {}).data
        order, execution, filled, commission = heard.wait_for(events.IbkrTopicEvent, 4)
        assert isinstance(order, events.Orders)
        assert isinstance(execution, events.Trades)
        assert isinstance(filled, events.Orders)
        assert isinstance(commission, events.Trades)
        assert order.data["args"][0]["order_ref"] == "gen.1"
        assert str(order.data["args"][0]["orderId"]) == placed["order_id"]
        assert execution.data["args"][0]["price"] == "270.02"
        assert filled.data["args"][0]["status"] == "Filled"
        (row,) = commission.data["args"]
        assert row["execution_id"] == execution.data["args"][0]["execution_id"]
        assert float(row["commission"]) == 1
        for subscription in (OrdersSubscription(), TradesSubscription(days=2)):
            handle = ws.unsubscribe(subscription)
            assert handle.wait(TIMEOUT_SECONDS)


def test_ibind_streams_account_values(tmp_path: Path) -> None:
    """Summary, ledger and profit and loss are read, and their ends are confirmed."""
    with ibind_desk(tmp_path) as desk, desk.listening() as (ws, heard):
        summary = AccountSummarySubscription(account_id=ACCOUNT)
        ledger = AccountLedgerSubscription(account_id=ACCOUNT)
        profit = PnlSubscription()
        handles = [ws.subscribe(one) for one in (summary, ledger, profit)]
        assert ws.wait_all(handles, TIMEOUT_SECONDS) == []
        (values,) = heard.wait_for(events.AccountSummary)
        assert values.account_id == ACCOUNT
        assert values.data["TotalCashValue-S"]["monetaryValue"] == 1_000_000
        base, dollars = heard.wait_for(events.AccountLedger, 2)
        assert base.account_id == dollars.account_id == ACCOUNT
        assert dollars.data["cashbalance"] == 1_000_000
        (told,) = heard.wait_for(events.Pnl)
        assert told.data["args"][f"{ACCOUNT}.Core"]["nl"] == 1_000_000
        for one in (summary, ledger, profit):
            assert ws.unsubscribe(one).wait(TIMEOUT_SECONDS)
        assert {one.target_event_type for one in heard.of(events.Unsubscription)} == {
            events.AccountSummary,
            events.AccountLedger,
        }


def test_ibind_streams_history_and_gives_it_back(tmp_path: Path) -> None:
    """It learns the server's id from the answer, and has the end of it confirmed."""
    with ibind_desk(tmp_path) as desk, desk.listening() as (ws, heard):
        desk.do(lambda floor: floor.tick(12 * MINUTE_BARS))
        wanted = MarketHistorySubscription(
            conid=str(AAPL_ID),
            period="1d",
            bar="1min",
            outside_rth=False,
            source="trades",
            format="%o/%c/%h/%l/%v/%t",
        )
        assert ws.subscribe(wanted).wait(TIMEOUT_SECONDS)
        (history,) = heard.wait_for(events.MarketHistory)
        assert history.conid == str(AAPL_ID)
        assert [bar["o"] for bar in history.data["data"]] == list(range(270, 270 + MINUTE_BARS))
        handle = ws.unsubscribe(wanted)
        assert handle.wait(TIMEOUT_SECONDS)
        assert handle.status is BindingStatus.UNSUBSCRIBED


def test_ibind_streams_a_price_ladder(tmp_path: Path) -> None:
    """The rows it is shown are the displayed quote's."""
    with ibind_desk(tmp_path) as desk, desk.listening() as (ws, heard):
        wanted = PriceLadderSubscription(account_id=ACCOUNT, conid=str(AAPL_ID), exchange="NASDAQ")
        assert ws.subscribe(wanted).wait(TIMEOUT_SECONDS)
        (ladder,) = heard.wait_for(events.PriceLadder)
        assert [row["price"] for row in ladder.data] == ["270.02", "270.01", "270.00"]
        assert ws.unsubscribe(wanted).wait(TIMEOUT_SECONDS)


def test_ibind_is_told_of_errors(tmp_path: Path) -> None:
    """What the gateway cannot follow comes as IBKR's error, and the connection goes on."""
    faults = ("IbkrRouter(): on_message error",)
    with ibind_desk(tmp_path, faults=faults) as desk, desk.listening() as (ws, heard):
        ws.subscribe(PriceLadderSubscription(account_id="U1", conid=str(AAPL_ID)))
        (error,) = heard.wait_for(events.IbkrError)
        assert error.data["error"] == "accountId is not valid"
        assert ws.tic() is not None


def test_ibind_subscribes_again_when_its_session_comes_back(tmp_path: Path) -> None:
    """It loses the brokerage session, opens it again, and goes on being told of orders."""
    faults = ("IbkrWsClient(): Status unauthenticated",)
    with (
        ibind_desk(tmp_path, questions=(), faults=faults) as desk,
        desk.listening() as (ws, heard),
    ):
        assert ws.subscribe(OrdersSubscription()).wait(TIMEOUT_SECONDS)
        ws.tic()
        desk.on_gateway(lambda gateway: gateway.lose_brokerage_session())
        assert heard.wait_for(events.AuthenticationStatus, 2)[1].authenticated is False
        heard.forget()
        desk.client.initialize_brokerage_session()
        heard.wait_for(events.WsReady)
        assert ws.subscribe(OrdersSubscription()).wait(TIMEOUT_SECONDS)
        desk.prime()
        desk.client.place_order(_market_order(10), {})
        assert heard.wait_for(events.Orders)[0].data["args"][0]["order_ref"] == "gen.1"
