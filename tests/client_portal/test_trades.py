"""The list of trades."""

from __future__ import annotations

from datetime import timedelta

from tests.client_portal.order_desk import TRADES, OrderDesk, error_of
from tests.client_portal.portal_desk import AAPL, GEN, PUT, REV


def test_a_trades_row() -> None:
    """Every field of an execution, as IBKR writes it."""
    with OrderDesk(username="somebody") as desk:
        order = desk.placed(cOID="gen.1", price=250.05)
        (row,) = desk.trades()
        (booked,) = desk.world.brokerage.executions()
        assert row == {
            "execution_id": booked.execution.execution_id,
            "symbol": "AAPL",
            "supports_tax_opt": "1",
            "side": "B",
            "order_description": "Bought 10 @ 250.05 on SMART",
            "trade_time": "20260105-14:30:00",
            "trade_time_r": 1767623400000,
            "size": 10,
            "price": "250.05",
            "order_ref": "gen.1",
            "submitter": "somebody",
            "exchange": "SMART",
            "commission": "1.00",
            "net_amount": 2500.5,
            "account": "DU1000001",
            "accountCode": "DU1000001",
            "account_allocation_name": "DU1000001",
            "company_name": "APPLE INC",
            "contract_description_1": "AAPL",
            "sec_type": "STK",
            "listing_exchange": "NASDAQ.NMS",
            "conid": 265598,
            "conidEx": "265598",
            "clearing_id": "IB",
            "clearing_name": "IB",
            "liquidation_trade": "0",
            "is_event_trading": "0",
            "order_id": order.perm_id,
        }


def test_a_sale_of_options_counts_the_multiplier() -> None:
    """Side S; the net amount is of 100 shares a contract, the price of one share."""
    with OrderDesk() as desk:
        conid = desk.world.listing.details(PUT).contract_id
        desk.placed(conid=conid, side="SELL", orderType="MKT", price=None, quantity=1, cOID=None)
        (row,) = desk.trades()
        assert (row["side"], row["price"], row["net_amount"]) == ("S", "3.00", 300)
        assert row["contract_description_2"] == "JAN 23 '26 250 Put"
        assert row["sec_type"] == "OPT"
        assert "order_ref" not in row


def test_a_routed_trade_names_its_exchange() -> None:
    """The exchange is the one the order was sent to."""
    with OrderDesk() as desk:
        desk.placed(conid=None, conidex="265598@ARCA", price=250.05)
        (row,) = desk.trades()
        assert (row["exchange"], row["conidEx"]) == ("ARCA", "265598@ARCA")


def test_each_fill_is_a_row_oldest_first() -> None:
    """One order, two executions, one order id."""
    with OrderDesk() as desk:
        desk.show(AAPL, "250.00", "250.05", size=4)
        order = desk.placed(price=250.05)
        desk.show(AAPL, "250.00", "250.05", size=6)
        desk.pass_time()
        rows = desk.trades()
        assert [row["size"] for row in rows] == [4, 6]
        assert {row["order_id"] for row in rows} == {order.perm_id}
        assert len({row["execution_id"] for row in rows}) == 2


def test_the_first_list_of_a_session_is_empty() -> None:
    """Trades are primed apart from orders; a trailing slash is the same path."""
    with OrderDesk() as desk:
        desk.placed(price=250.05)
        desk.live()
        assert desk.answer("GET", TRADES) == []
        assert len(desk.answer("GET", TRADES)) == 1
        assert len(desk.answer("GET", f"{TRADES}/")) == 1


def test_days_reach_back_by_new_yorks_calendar() -> None:
    """One day is today; seven is the most."""
    with OrderDesk() as desk:
        desk.placed(price=250.05, cOID="monday")
        desk.world.advance(timedelta(days=1))
        desk.reopen()
        desk.placed(price=250.05, cOID="tuesday")
        desk.world.advance(timedelta(days=6))
        desk.reopen()
        desk.placed(price=250.05, cOID="the monday after")

        def found(**query: object) -> list[str]:
            return [row["order_ref"] for row in desk.trades(**query)]

        assert found() == ["the monday after"]
        assert found(days=1) == ["the monday after"]
        assert found(days=6) == ["the monday after"]
        assert found(days=7) == ["tuesday", "the monday after"]
        for days in ("0", "8", "many", "-1"):
            error_of(desk.get(TRADES, {"days": days}), 400)


def test_trades_are_of_one_account() -> None:
    """The selected account's, or the one that is named."""
    with OrderDesk() as desk:
        desk.placed(price=250.05, cOID="mine")
        desk.placed(REV, price=250.05, cOID="theirs")
        assert [row["order_ref"] for row in desk.trades()] == ["mine"]
        assert [row["order_ref"] for row in desk.trades(accountId="DU1000002")] == ["theirs"]
        desk.login.selected_account = REV
        assert [row["order_ref"] for row in desk.trades()] == ["theirs"]
        assert [row["order_ref"] for row in desk.trades(accountId=GEN.account_id)] == ["mine"]
