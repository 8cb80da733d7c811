"""An account's values: every page tells the same broker's figures in its own form."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from brokerport.domain.instruments import Stock
from brokerport.domain.order_types import Market, Side
from brokerport.simulator.gateways.client_portal.endpoints.account_summary import whole
from brokerport.simulator.gateways.client_portal.translate.account_values import summary_message
from brokerport.simulator.gateways.client_portal.translate.ledger import blank_row, ledger_message
from brokerport.simulator.gateways.client_portal.translate.profit_and_loss import (
    partition_message,
)
from brokerport.simulator.gateways.client_portal.valuation import figures_of
from tests.client_portal.openapi import check_answer
from tests.client_portal.portal_desk import AAPL, GEN, PUT, REV, PortalDesk

SUMMARY = "/portfolio/DU1000001/summary"
LEDGER = "/portfolio/DU1000001/ledger"
WINDOW = "/iserver/account/DU1000001/summary"
PNL = "/iserver/account/pnl/partitioned"


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    """A primed desk whose first account holds 10 AAPL and is short a put, and has traded."""
    with PortalDesk() as opened:
        opened.prime()
        opened.buy(20)
        opened.place(Side.SELL, 1, Market(), instrument=PUT)
        opened.place(Side.SELL, 10, Market())
        opened.pass_time()
        opened.show(AAPL, "260.00", "260.10")
        yield opened


def balances(desk: PortalDesk) -> dict[str, float]:
    """Return the broker's own figures by their names."""
    found = desk.world.brokerage.balances(GEN)
    names = (
        "total_cash",
        "net_liquidation",
        "buying_power",
        "initial_margin",
        "maintenance_margin",
        "available_funds",
        "excess_liquidity",
    )
    return {name: float(getattr(found, name).amount) for name in names}


def dollars(amount: float) -> int:
    """Round a positive amount to whole dollars, a half upwards."""
    return int(amount + 0.5)


def test_the_summary_tells_the_brokers_balances_to_the_cent(desk: PortalDesk) -> None:
    """Each balance stands under IBKR's key, in total and in the securities segment."""
    answer, known = desk.answer("GET", SUMMARY), balances(desk)
    keys = {
        "totalcashvalue": "total_cash",
        "netliquidation": "net_liquidation",
        "initmarginreq": "initial_margin",
        "maintmarginreq": "maintenance_margin",
        "availablefunds": "available_funds",
        "excessliquidity": "excess_liquidity",
    }
    for key, name in keys.items():
        assert answer[key]["amount"] == known[name], key
        assert answer[f"{key}-s"]["amount"] == known[name], key
        assert answer[f"{key}-c"]["amount"] == 0, key
    assert answer["buyingpower"]["amount"] == known["buying_power"]
    assert len(set(known.values())) >= 6, "figures that are alike would hide a mix-up"
    assert answer["netliquidation"] == {
        "amount": known["net_liquidation"],
        "currency": "USD",
        "isNull": False,
        "timestamp": int(desk.world.clock.now().timestamp() * 1000),
        "value": None,
        "severity": 0,
    }
    assert answer["accountcode"]["value"] == "DU1000001"
    assert answer["accountcode"]["currency"] is None
    check_answer("GET", "/portfolio/{accountId}/summary", 200, answer)


def test_the_ledger_tells_cash_and_values_by_currency(desk: PortalDesk) -> None:
    """USD and BASE are the same money: cash, stocks and options apart, adding up."""
    answer, known = desk.answer("GET", LEDGER), balances(desk)
    assert set(answer) == {"USD", "BASE"}
    entry = answer["USD"]
    assert entry["cashbalance"] == entry["settledcash"] == known["total_cash"]
    assert entry["stockmarketvalue"] == pytest.approx(2600.5)
    assert entry["stockoptionmarketvalue"] == pytest.approx(-310)
    assert entry["netliquidationvalue"] == pytest.approx(
        entry["cashbalance"] + entry["stockmarketvalue"] + entry["stockoptionmarketvalue"]
    )
    profit = desk.world.brokerage.profit_and_loss(GEN)
    assert entry["realizedpnl"] == float(profit.realised.amount) != 0
    assert entry["unrealizedpnl"] == float(profit.unrealised.amount) != 0
    assert (entry["secondkey"], entry["key"]) == ("USD", "LedgerList")
    assert answer["BASE"]["secondkey"] == answer["BASE"]["currency"] == "BASE"
    check_answer("GET", "/portfolio/{accountId}/ledger", 200, answer)


def test_the_account_window_has_whole_dollars(desk: PortalDesk) -> None:
    """The first page holds the same figures rounded, as numbers."""
    answer, known = desk.answer("GET", WINDOW), balances(desk)
    assert answer["netLiquidationValue"] == dollars(known["net_liquidation"])
    assert answer["totalCashValue"] == dollars(known["total_cash"])
    assert answer["buyingPower"] == dollars(known["buying_power"])
    assert answer["maintenanceMargin"] == dollars(known["maintenance_margin"])
    assert [row["currency"] for row in answer["cashBalances"]] == ["USD", "Total (in USD)"]
    check_answer("GET", "/iserver/account/{accountId}/summary", 200, answer)


def test_the_sub_pages_are_texts(desk: PortalDesk) -> None:
    """Amounts have separators and a currency; market values have the currency as heading."""
    known = balances(desk)
    balance = desk.answer("GET", f"{WINDOW}/balances")
    assert balance["total"]["net_liquidation"] == f"{dollars(known['net_liquidation']):,} USD"
    assert balance["commodities"]["cash"] == "0 USD"
    funds = desk.answer("GET", f"{WINDOW}/available_funds")
    assert funds["total"]["current_available"] == f"{dollars(known['available_funds']):,} USD"
    assert funds["total"]["buying_power"] == f"{dollars(known['buying_power']):,} USD"
    assert funds["securities"]["leverage"] == "0.03"
    margins = desk.answer("GET", f"{WINDOW}/margins")
    assert margins["total"]["current_initial"] == f"{dollars(known['initial_margin']):,} USD"
    value = desk.answer("GET", f"{WINDOW}/market_value")
    assert (value["USD"]["stock"], value["USD"]["options"]) == ("2,601", "-310")
    assert value["Total (in USD)"] == value["USD"]
    check_answer("GET", "/iserver/account/{accountId}/summary/balances", 200, balance)
    check_answer("GET", "/iserver/account/{accountId}/summary/available_funds", 200, funds)
    check_answer("GET", "/iserver/account/{accountId}/summary/margins", 200, margins)
    check_answer("GET", "/iserver/account/{accountId}/summary/market_value", 200, value)


def test_rounding_is_half_away_from_zero_without_a_negative_nothing() -> None:
    """A half goes away from zero, and less than half a dollar of debt is 0, not -0."""
    assert [whole(Decimal(text)) for text in ("0.5", "-0.5", "2.5")] == [1, -1, 3]
    assert f"{whole(Decimal('-0.4')):,}" == "0"


def test_allocation_counts_long_and_short_apart(desk: PortalDesk) -> None:
    """Holdings count at their marks; a short option in its underlying's sector."""
    answer = desk.answer("GET", "/portfolio/DU1000001/allocation")
    cash = balances(desk)["total_cash"]
    assert answer["assetClass"] == {
        "long": {"CASH": cash, "STK": pytest.approx(2600.5)},
        "short": {"OPT": pytest.approx(-310)},
    }
    assert answer["sector"] == {
        "long": {"Technology": pytest.approx(2600.5)},
        "short": {"Technology": pytest.approx(-310)},
    }
    assert set(answer["group"]["long"]) == {"Computers"}
    check_answer("GET", "/portfolio/{accountId}/allocation", 200, answer)


def test_allocation_of_several_accounts_adds_up(desk: PortalDesk) -> None:
    """Named accounts count once each, however often they are named."""
    body = {"acctIds": ["DU1000001", "DU1000002", "DU1000002"]}
    answer = desk.answer("POST", "/portfolio/allocation", json=body)
    rest = float(desk.world.brokerage.balances(REV).total_cash.amount)
    assert answer["assetClass"]["long"]["CASH"] == balances(desk)["total_cash"] + rest


@pytest.mark.parametrize(
    "body", [None, [], {}, {"acctIds": "DU1000001"}, {"acctIds": []}, {"acctIds": [1]}]
)
def test_accounts_that_are_no_list_are_refused(desk: PortalDesk, body: object) -> None:
    """A body without a list of ids is a bad request."""
    assert desk.post("/portfolio/allocation", json=body).status_code == 400


def test_profit_and_loss_is_empty_once_and_then_the_brokers(desk: PortalDesk) -> None:
    """The first request of a session primes; then the selected account's row comes."""
    first = desk.answer("GET", PNL)
    assert first == {"upnl": {}}
    second = desk.answer("GET", PNL)
    profit, known = desk.world.brokerage.profit_and_loss(GEN), balances(desk)
    assert second == {
        "upnl": {
            "DU1000001.Core": {
                "rowType": 1,
                "dpl": float(profit.daily.amount),
                "nl": known["net_liquidation"],
                "upl": float(profit.unrealised.amount),
                "el": known["excess_liquidity"],
                "mv": pytest.approx(2290.5),
            }
        }
    }
    assert profit.daily.amount != profit.unrealised.amount
    desk.login.selected_account = REV
    assert list(desk.answer("GET", PNL)["upnl"]) == ["DU1000002.Core"]
    check_answer("GET", PNL, 200, first)
    check_answer("GET", PNL, 200, second)


def test_every_page_of_values_refuses_to_guess_a_price(desk: PortalDesk) -> None:
    """A holding that nobody can price is a 503 everywhere, never a zero."""
    stock = Stock("IBM")
    desk.show(stock, "180.00", "180.10")
    desk.buy(1, stock)
    desk.market.clear(stock)
    desk.world.brokerage._books.last_trades.clear()
    desk.answer("GET", PNL)
    pages = ("", "/balances", "/available_funds", "/margins", "/market_value")
    paths = [SUMMARY, LEDGER, "/portfolio/DU1000001/allocation", PNL]
    for path in [*paths, *(WINDOW + page for page in pages)]:
        answer = desk.get(path)
        assert answer.status_code == 503, path
        assert "IBM" in answer.json()["error"], path


def test_messages_of_the_summary_topic_have_the_keys_and_fields_asked_for(
    desk: PortalDesk,
) -> None:
    """Money comes as monetaryValue, text as value; key and timestamp are always there."""
    figures = figures_of(desk.portal, GEN)
    at = int(desk.world.clock.now().timestamp())
    keys, fields = ("ExcessLiquidity-S", "AccountCode", "Nothing"), ("monetaryValue", "value")
    assert summary_message(figures, keys, fields) == [
        {"key": "AccountCode", "timestamp": at, "value": "DU1000001"},
        {
            "key": "ExcessLiquidity-S",
            "timestamp": at,
            "monetaryValue": figures.excess_liquidity,
        },
    ]
    everything = summary_message(figures)
    assert len(everything) == len({row["key"] for row in everything}) > 60
    money = next(row for row in everything if row["key"] == "NetLiquidation")
    assert (money["currency"], money["severity"]) == ("USD", 0)


def test_messages_of_the_ledger_topic_have_the_keys_and_fields_asked_for(
    desk: PortalDesk,
) -> None:
    """Field names match in any capitals, as in IBKR's own example."""
    figures = figures_of(desk.portal, GEN)
    (row,) = ledger_message(figures, ["LedgerListBASE", "LedgerListEUR"], ["cashBalance"])
    at = int(desk.world.clock.now().timestamp())
    assert row == {"key": "LedgerListBASE", "timestamp": at, "cashbalance": figures.cash}
    assert blank_row(row) == {"key": "LedgerListBASE", "timestamp": at}
    both = ledger_message(figures)
    assert [one["key"] for one in both] == ["LedgerListBASE", "LedgerListUSD"]
    assert both[1]["optionMarketValue"] == Decimal(-310)


def test_the_topic_of_profit_and_loss_says_uel(desk: PortalDesk) -> None:
    """The stream's row has the REST row's figures, excess liquidity under its other name."""
    row = partition_message(figures_of(desk.portal, GEN))["DU1000001.Core"]
    assert set(row) == {"rowType", "dpl", "nl", "upl", "uel", "mv"}
    assert float(row["uel"]) == balances(desk)["excess_liquidity"]
