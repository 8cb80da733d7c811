"""ibind's REST client, unmodified, through the day: it must read every answer the gateway gives."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ibind import ExternalBrokerError, IbkrClient, OrderRequest, QuestionType, StockQuery
from ibind.client.ibkr_utils import cleanup_market_history_responses

from tests.interop.floor import AAPL, AAPL_ID, ACCOUNT, MINUTE_BARS, MSFT_ID
from tests.interop.ibind_desk import IbindDesk, ibind_desk

pytestmark = pytest.mark.interop
YES = dict.fromkeys(QuestionType, True)
NO = {QuestionType.MARKET_ORDER_CONFIRMATION: False}


def _order(side: str, quantity: int, coid: str, **terms: Any) -> OrderRequest:
    values: dict[str, Any] = {
        "conid": AAPL_ID,
        "side": side,
        "quantity": quantity,
        "order_type": "LMT" if "price" in terms else "MKT",
        "acct_id": ACCOUNT,
        "coid": coid,
        "tif": "DAY",
        **terms,
    }
    return OrderRequest(**values)


def _live_orders(desk: IbindDesk) -> dict[int, dict[str, Any]]:
    """Ask twice, as IBKR wants it, and return the rows by their ids."""
    desk.client.live_orders()
    rows = desk.client.live_orders().data["orders"]
    return {row["orderId"]: row for row in rows}


def test_session_and_accounts(tmp_path: Path) -> None:
    """The pinned certificate is trusted, the session is healthy, the accounts are named."""
    with ibind_desk(tmp_path) as desk:
        client = desk.client
        assert client.check_health()
        assert client.check_auth_status()
        assert client.tickle().data["session"]
        assert client.authentication_status().data["authenticated"] is True
        assert client.validate().data["RESULT"] is True
        accounts = client.receive_brokerage_accounts().data
        assert accounts["accounts"] == [ACCOUNT]
        assert accounts["selectedAccount"] == ACCOUNT
        assert [one["accountId"] for one in client.portfolio_accounts().data] == [ACCOUNT]
        assert [one["accountId"] for one in client.portfolio_subaccounts().data] == [ACCOUNT]
        page = client.large_portfolio_subaccounts().data
        assert [one["accountId"] for one in page["subaccounts"]] == [ACCOUNT]
        assert client.portfolio_account_information().data["accountId"] == ACCOUNT
        assert client.switch_account(ACCOUNT).data == {"success": "Account already set"}
        client.logout()
        with pytest.raises(ExternalBrokerError) as refused:
            client.receive_brokerage_accounts()
        assert refused.value.status_code == 401


def test_a_certificate_that_is_not_pinned_is_not_trusted(tmp_path: Path) -> None:
    """The gateway vouches for itself: without its certificate no request is made."""
    with ibind_desk(tmp_path) as desk:
        stranger = IbkrClient(
            url=desk.gateway.base_url, cacert=True, max_retries=0, auto_register_shutdown=False
        )
        with pytest.raises(ExternalBrokerError, match="CERTIFICATE_VERIFY_FAILED"):
            stranger.tickle()
        stranger.close()


def test_the_brokerage_session_is_lost_and_opened_again(tmp_path: Path) -> None:
    """ibind is told "no bridge", opens the session, and makes the first calls again."""
    with ibind_desk(tmp_path) as desk:
        client = desk.client
        desk.prime()
        desk.on_gateway(lambda gateway: gateway.lose_brokerage_session())
        assert not client.check_auth_status()
        with pytest.raises(ExternalBrokerError, match="no bridge"):
            client.live_orders()
        assert client.initialize_brokerage_session().data["authenticated"] is True
        with pytest.raises(ExternalBrokerError, match="Please query /accounts first"):
            client.live_orders()
        client.receive_brokerage_accounts()
        assert client.live_orders().data["orders"] == []


def test_contracts(tmp_path: Path) -> None:
    """From a symbol to a contract id, and on to an option's."""
    with ibind_desk(tmp_path) as desk:
        client = desk.client
        desk.prime()
        assert client.stock_conid_by_symbol(["AAPL", "MSFT"]).data == {
            "AAPL": AAPL_ID,
            "MSFT": MSFT_ID,
        }
        query = StockQuery("AAPL", name_match="APPLE", contract_conditions={"exchange": "NASDAQ"})
        assert client.stock_conid_by_symbol(query).data == {"AAPL": AAPL_ID}
        (definition,) = client.security_definition_by_conid([str(AAPL_ID)]).data["secdef"]
        assert definition["ticker"] == "AAPL"
        assert client.contract_information_by_conid(str(AAPL_ID)).data["symbol"] == "AAPL"
        rules = client.info_and_rules_by_conid(str(AAPL_ID), is_buy=True).data["rules"]
        assert "limit" in rules["orderTypes"]
        found = client.search_contract_by_symbol("AAPL", sec_type="STK").data
        assert found[0]["conid"] == str(AAPL_ID)
        strikes = client.search_strikes_by_conid(str(AAPL_ID), "OPT", "JAN26").data
        assert 260 in strikes["put"]
        puts = client.search_secdef_info_by_conid(
            str(AAPL_ID), "OPT", "JAN26", exchange="SMART", strike="260", right="P"
        ).data
        assert "20260109" in {one["maturityDate"] for one in puts}
        schedule = client.trading_schedule_by_symbol("STK", "AAPL", exchange="NASDAQ").data
        assert schedule


def test_market_data(tmp_path: Path) -> None:
    """Snapshots by id and by symbol, after the call that opens them; bars; the end of it all."""
    with ibind_desk(tmp_path) as desk:
        client = desk.client
        desk.prime()
        (first,) = client.live_marketdata_snapshot([str(AAPL_ID)], ["31", "84", "86"]).data
        assert "84" not in first
        (second,) = client.live_marketdata_snapshot([str(AAPL_ID)], ["31", "84", "86"]).data
        assert (second["84"], second["86"]) == ("270.00", "270.02")
        by_symbol = client.live_marketdata_snapshot_by_symbol(["AAPL", "MSFT"], ["84", "86"])
        assert by_symbol["MSFT"]["bid_price"] == "480.00"
        desk.do(lambda floor: floor.tick(12 * MINUTE_BARS))
        history = client.marketdata_history_by_conid(str(AAPL_ID), bar="1min", period="1d")
        bars = cleanup_market_history_responses({"AAPL": history})["AAPL"]
        assert len(bars) == MINUTE_BARS
        assert bars[0]["date"] == datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
        assert (bars[0]["open"], bars[0]["close"]) == (270, 270.25)
        histories = client.marketdata_history_by_symbols(["AAPL"], bar="1min", period="1d")
        assert len(histories["AAPL"]) == MINUTE_BARS
        client.marketdata_unsubscribe([str(AAPL_ID)])
        assert client.marketdata_unsubscribe_all().data == {"unsubscribed": True}


def test_an_order_is_asked_about_placed_changed_and_cancelled(tmp_path: Path) -> None:
    """Every question of the chain is answered; the live list follows what becomes of the order."""
    with ibind_desk(tmp_path) as desk:
        client = desk.client
        desk.prime()
        placed = client.place_order(_order("BUY", 600, "gen.1", price=250.0), YES).data
        assert placed["order_status"] == "Submitted"
        order_id = int(placed["order_id"])
        row = _live_orders(desk)[order_id]
        assert (row["status"], row["price"], row["order_ref"]) == ("Submitted", "250.00", "gen.1")
        assert client.order_status(str(order_id)).data["order_status"] == "Submitted"

        changed = client.modify_order(
            str(order_id), _order("BUY", 500, "gen.1", price=251.0), YES
        ).data
        assert int(changed["order_id"]) == order_id
        row = _live_orders(desk)[order_id]
        assert (row["price"], row["totalSize"]) == ("251.00", 500)

        assert client.cancel_order(str(order_id)).data["msg"] == "Request was submitted"
        assert _live_orders(desk)[order_id]["status"] == "Cancelled"
        assert "error" in client.cancel_order("1").data
        assert desk.do(lambda floor: len(floor.world.brokerage.orders())) == 1


def test_questions_are_refused_suppressed_and_asked_again(tmp_path: Path) -> None:
    """A question that is not answered places nothing; a suppressed one is not asked."""
    with ibind_desk(tmp_path) as desk:
        client = desk.client
        desk.prime()
        with pytest.raises(ValueError, match="No answer found"):
            client.place_order(_order("BUY", 10, "gen.1"), {})
        with pytest.raises(RuntimeError, match="not given a positive reply"):
            client.place_order(_order("BUY", 10, "gen.2"), NO)
        client.suppress_messages(["o10151"])
        placed = client.place_order(_order("BUY", 10, "gen.3"), {}).data
        client.reset_suppressed_messages()
        with pytest.raises(ValueError, match="No answer found"):
            client.place_order(_order("BUY", 10, "gen.4"), {})
        orders = desk.do(lambda floor: floor.world.brokerage.orders())
        assert [(str(one.perm_id), one.order_reference) for one in orders] == [
            (placed["order_id"], "gen.3")
        ]


def test_a_refused_order_is_an_error_of_ibinds(tmp_path: Path) -> None:
    """HTTP 200 with an error body: ibind raises it, and the order stands there as Inactive."""
    with ibind_desk(tmp_path) as desk:
        desk.prime()
        with pytest.raises(ExternalBrokerError, match="error was returned"):
            desk.client.place_order(_order("BUY", 400_000, "gen.1", price=270.0), YES)
        assert [row["status"] for row in _live_orders(desk).values()] == ["Inactive"]


def test_what_a_fill_does_to_everything(tmp_path: Path) -> None:
    """Trades, positions, summary, ledger and profit and loss tell the same story, to the cent."""
    with ibind_desk(tmp_path) as desk:
        client = desk.client
        desk.prime()
        placed = client.place_order(_order("BUY", 100, "gen.1"), YES).data
        assert _live_orders(desk)[int(placed["order_id"])]["status"] == "Filled"

        client.trades()
        (trade,) = client.trades(days="1").data
        assert (trade["price"], trade["size"], trade["order_ref"]) == ("270.02", 100, "gen.1")
        assert float(trade["commission"]) == 1

        (position,) = client.positions().data
        assert (position["conid"], position["position"]) == (AAPL_ID, 100)
        assert position["avgCost"] == pytest.approx(270.03)
        (live,) = client.positions2().data
        assert (live["conid"], live["position"]) == (str(AAPL_ID), 100)
        assert client.invalidate_backend_portfolio_cache().data is not None
        assert client.positions_by_conid(ACCOUNT, str(AAPL_ID)).data[0]["position"] == 100
        assert client.position_and_contract_info(str(AAPL_ID)).data[ACCOUNT][0]["position"] == 100

        cash = desk.do(lambda floor: float(floor.cash))
        assert cash == 972_997
        assert client.portfolio_summary().data["totalcashvalue"]["amount"] == cash
        assert client.get_ledger().data["USD"]["cashbalance"] == cash
        assert client.account_summary().data["totalCashValue"] == cash
        client.account_profit_and_loss()
        row = client.account_profit_and_loss().data["upnl"][f"{ACCOUNT}.Core"]
        assert row["mv"] == 27_001
        allocation = client.portfolio_account_allocation().data
        assert allocation["assetClass"]["long"]["STK"] == 27_001

        desk.show(AAPL, "275.00", "275.02", last="275.00")
        client.account_profit_and_loss()
        row = client.account_profit_and_loss().data["upnl"][f"{ACCOUNT}.Core"]
        assert row["upl"] == pytest.approx(497)


def test_a_what_if_places_nothing(tmp_path: Path) -> None:
    """The margin of an order is told, and there is no order."""
    with ibind_desk(tmp_path) as desk:
        client = desk.client
        desk.prime()
        for _ in range(2):
            client.live_marketdata_snapshot([str(AAPL_ID)], ["84"])
        told = client.whatif_order(_order("BUY", 100, "gen.1", price=270.0)).data
        assert "USD" in told["amount"]["amount"]
        assert told["error"] is None
        assert desk.do(lambda floor: floor.world.brokerage.orders()) == ()


def test_watchlists_and_scanners(tmp_path: Path) -> None:
    """What a terminal shows beside the orders."""
    with ibind_desk(tmp_path) as desk:
        client = desk.client
        desk.prime()
        client.create_watchlist("7", "mine", [{"C": AAPL_ID}])
        listed = client.get_all_watchlists().data["data"]["user_lists"]
        assert [one["id"] for one in listed] == ["7"]
        assert client.get_watchlist_information("7").data["instruments"][0]["conid"] == AAPL_ID
        client.delete_watchlist("7")
        assert client.get_all_watchlists().data["data"]["user_lists"] == []
        assert client.scanner_parameters().data["scan_type_list"]
