"""Positions in their three forms: what is cached says so by the rules, the rest is now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.order_types import Market, Side
from brokerport.simulator.gateways.client_portal.position_pages import (
    FRESH_SECONDS,
    PAGING_SECONDS,
)
from tests.client_portal.openapi import check_answer
from tests.client_portal.portal_desk import AAPL, GEN, MSFT, PUT, REV, PortalDesk

PAGE = "/portfolio/DU1000001/positions/0"
LIVE = "/portfolio2/DU1000001/positions"
INVALIDATE = "/portfolio/DU1000001/positions/invalidate"
AAPL_CONID = 265598


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    """A primed desk; the still world's prices stand."""
    with PortalDesk() as opened:
        opened.prime()
        yield opened


def sell(desk: PortalDesk, quantity: int, instrument: Instrument) -> None:
    """Sell at the market."""
    desk.place(Side.SELL, quantity, Market(), instrument=instrument)
    desk.pass_time()


def quantities(desk: PortalDesk, path: str = PAGE) -> dict[str, float]:
    """Return the quantity of each position by its description."""
    rows = desk.answer("GET", path)
    return {row.get("contractDesc") or row["description"]: row["position"] for row in rows}


def conid(desk: PortalDesk, instrument: Instrument) -> int:
    """Return an instrument's contract id."""
    return desk.world.listing.details(instrument).contract_id


def test_portfolio_accounts_must_come_first() -> None:
    """Every portfolio endpoint refuses a login that has not asked for the portfolio accounts."""
    with PortalDesk() as desk:
        for path in (PAGE, LIVE, f"/portfolio/positions/{AAPL_CONID}"):
            answer = desk.get(path)
            assert answer.status_code == 400
            assert "/portfolio/accounts" in answer.json()["error"]


def test_a_stock_position_tells_quantity_cost_and_value(desk: PortalDesk) -> None:
    """A bought stock is shown at its mark, its cost with the commission in it."""
    desk.buy(10)
    (row,) = desk.answer("GET", PAGE, params={"waitForSecDef": "true"})
    position = desk.world.brokerage.position(GEN, AAPL)
    assert row["position"] == 10
    assert row["mktPrice"] == pytest.approx(250.025)
    assert row["mktValue"] == pytest.approx(2500.25)
    assert row["avgCost"] == row["avgPrice"] == pytest.approx(float(position.average_cost))
    assert position.average_cost > Decimal("250.05"), "the commission is in the cost"
    assert row["unrealizedPnl"] == pytest.approx(2500.25 - float(position.cost_basis), abs=0.005)
    assert (row["acctId"], row["conid"], row["ticker"]) == ("DU1000001", AAPL_CONID, "AAPL")
    assert (row["assetClass"], row["strike"], row["multiplier"]) == ("STK", "0", 0)
    check_answer("GET", "/portfolio/{accountId}/positions/{pageId}", 200, [row])


def test_a_short_option_is_told_per_contract_and_per_share(desk: PortalDesk) -> None:
    """An option's cost is of a contract, its price of a share, and a short value is negative."""
    sell(desk, 2, PUT)
    (row,) = desk.answer("GET", PAGE, params={"waitForSecDef": "true"})
    assert row["position"] == -2
    assert row["mktPrice"] == pytest.approx(3.10)
    assert row["mktValue"] == pytest.approx(-620)
    assert row["avgCost"] == pytest.approx(row["avgPrice"] * 100)
    assert row["avgCost"] == pytest.approx(299.35), "3.00 a share less the commission"
    assert row["contractDesc"] == "AAPL   JAN2026 250 P [AAPL  260123P00250000 100]"
    assert (row["expiry"], row["putOrCall"], row["strike"]) == ("20260123", "P", "250")
    assert (row["multiplier"], row["undConid"], row["undSym"]) == (100, AAPL_CONID, "AAPL")
    assert row["fullName"] == "AAPL Jan23'26 250 Put"
    check_answer("GET", "/portfolio/{accountId}/positions/{pageId}", 200, [row])


def test_a_definition_comes_with_the_second_request_or_when_waited_for(desk: PortalDesk) -> None:
    """The first answer about a contract has no definition of it and never a wrong position."""
    sell(desk, 1, PUT)
    (bare,) = desk.answer("GET", PAGE)
    assert bare["position"] == -1
    assert bare["conid"] == conid(desk, PUT)
    assert "ticker" not in bare
    assert "name" not in bare
    assert (bare["strike"], bare["expiry"], bare["multiplier"]) == (0, None, None)
    (full,) = desk.answer("GET", PAGE)
    assert (full["ticker"], full["strike"]) == ("AAPL", "250")
    desk.buy(1, MSFT)
    desk.answer("POST", INVALIDATE)
    rows = desk.answer("GET", PAGE, params={"waitForSecDef": "true"})
    assert [row["ticker"] for row in rows] == ["AAPL", "MSFT"]
    check_answer("GET", "/portfolio/{accountId}/positions/{pageId}", 200, [bare, *rows])


def test_a_page_is_cached_until_it_is_invalidated(desk: PortalDesk) -> None:
    """A fill after the first request shows once the cache is discarded, on request."""
    desk.buy(10)
    assert quantities(desk) == {"AAPL": 10}
    desk.buy(5)
    assert quantities(desk) == {"AAPL": 10}
    answer = desk.answer("POST", INVALIDATE)
    assert answer == {"message": "success"}
    assert quantities(desk) == {"AAPL": 15}
    check_answer("POST", "/portfolio/{accountId}/positions/invalidate", 200, answer)


def test_an_invalidation_is_of_one_account(desk: PortalDesk) -> None:
    """The other account's page keeps its snapshot."""
    desk.buy(1)
    desk.buy(2, account=REV)
    other = "/portfolio/DU1000002/positions/0"
    assert (quantities(desk), quantities(desk, other)) == ({"AAPL": 1}, {"AAPL": 2})
    desk.buy(1)
    desk.buy(1, account=REV)
    desk.answer("POST", INVALIDATE)
    assert (quantities(desk), quantities(desk, other)) == ({"AAPL": 2}, {"AAPL": 2})


@pytest.mark.parametrize("clock", ["the wall's", "the world's"])
def test_a_cached_page_ages_by_either_clock(desk: PortalDesk, clock: str) -> None:
    """A first page older than a minute is taken anew, whichever clock says so."""
    desk.buy(10)
    quantities(desk)
    desk.buy(5)
    wait = FRESH_SECONDS + 1
    if clock == "the wall's":
        desk.pass_seconds(wait)
    else:
        desk.pass_time(timedelta(seconds=wait))
    assert quantities(desk) == {"AAPL": 15}


def test_what_is_not_cached_tells_a_fill_at_once(desk: PortalDesk) -> None:
    """The near real-time page and the endpoints of one contract are past the cache."""
    desk.buy(10)
    quantities(desk)
    desk.buy(5)
    assert quantities(desk, LIVE) == {"AAPL": 15}
    (one,) = desk.answer("GET", f"/portfolio/DU1000001/position/{AAPL_CONID}")
    assert one["position"] == 15
    everywhere = desk.answer("GET", f"/portfolio/positions/{AAPL_CONID}")
    assert everywhere["DU1000001"][0]["position"] == 15


def test_pages_hold_a_hundred_and_fit_together(desk: PortalDesk) -> None:
    """Pages are cut from one snapshot, even when a position closes between them."""
    options = _options(desk, 104)
    for option in options:
        desk.show(option, "1.00", "1.05", 10)
        desk.buy(1, option)
    first = desk.answer("GET", PAGE)
    sell(desk, 1, options[0])
    second = desk.answer("GET", "/portfolio/DU1000001/positions/1")
    assert (len(first), len(second)) == (100, 4)
    held = [row["conid"] for row in [*first, *second]]
    assert held == [conid(desk, option) for option in options]
    assert desk.answer("GET", "/portfolio/DU1000001/positions/2") == []
    desk.pass_seconds(PAGING_SECONDS + 1)
    assert len(desk.answer("GET", "/portfolio/DU1000001/positions/1")) == 3


def _options(desk: PortalDesk, count: int) -> list[Option]:
    strikes = desk.world.listing.option_chain(AAPL, desk.world.clock.now().date()).strikes
    pairs = [(strike, right) for strike in strikes for right in OptionRight]
    expiries = desk.world.listing.option_chain(AAPL, desk.world.clock.now().date()).expiries
    options = [
        Option("AAPL", expiry, strike, right) for expiry in expiries[:3] for strike, right in pairs
    ]
    return options[:count]


def test_near_real_time_rows_have_their_own_names(desk: PortalDesk) -> None:
    """The conid is text, prices are marketPrice and marketValue, the time is in seconds."""
    sell(desk, 1, PUT)
    desk.buy(10)
    option, stock = desk.answer("GET", LIVE)
    assert option["conid"] == str(conid(desk, PUT))
    assert option["description"].startswith("AAPL   JAN2026 250 P")
    assert option["secType"] == option["assetClass"] == "OPT"
    assert (option["marketPrice"], option["marketValue"]) == (pytest.approx(3.1), -310)
    assert (stock["conid"], stock["description"], stock["sector"]) == (
        str(AAPL_CONID),
        "AAPL",
        "Technology",
    )
    assert stock["timestamp"] == int(desk.world.clock.now().timestamp())
    check_answer("GET", "/portfolio2/{accountId}/positions", 200, [option, stock])


def test_positions_are_sorted_on_request(desk: PortalDesk) -> None:
    """A column and a direction order them, and a column that is none is refused."""
    desk.buy(5, MSFT)
    desk.buy(10)
    for path, column in ((PAGE, "contractDesc"), (LIVE, "description")):
        up = desk.answer("GET", path, params={"sort": column, "direction": "a"})
        down = desk.answer("GET", path, params={"sort": column, "direction": "d"})
        assert [row["position"] for row in up] == [10, 5]
        assert [row["position"] for row in down] == [5, 10]
        assert desk.get(path, {"sort": "colour"}).status_code == 400


def test_one_contract_is_told_for_one_account_and_for_all(desk: PortalDesk) -> None:
    """An account without the contract has an empty list, and is not among all of them."""
    desk.buy(3, account=REV)
    assert desk.answer("GET", f"/portfolio/DU1000001/position/{AAPL_CONID}") == []
    answer = desk.answer("GET", f"/portfolio/positions/{AAPL_CONID}")
    assert list(answer) == ["DU1000002"]
    assert answer["DU1000002"][0]["position"] == 3
    one = desk.answer("GET", f"/portfolio/DU1000002/position/{AAPL_CONID}")
    assert one[0]["position"] == 3
    check_answer("GET", "/portfolio/positions/{conid}", 200, answer)
    check_answer("GET", "/portfolio/{accountid}/position/{conid}", 200, one)


def test_a_position_that_was_closed_is_gone(desk: PortalDesk) -> None:
    """Nothing held is an empty page, not a row with a zero."""
    desk.buy(10)
    sell(desk, 10, AAPL)
    assert desk.answer("GET", PAGE) == []
    assert desk.answer("GET", LIVE) == []


@pytest.mark.parametrize("path", [PAGE, LIVE, f"/portfolio/DU1000001/position/{AAPL_CONID}"])
def test_a_holding_without_a_price_is_an_error_and_no_zero(desk: PortalDesk, path: str) -> None:
    """When the market has no price at all IBKR's 503 answers, and the next price heals it."""
    stock = Stock("IBM")
    desk.show(stock, "180.00", "180.10")
    desk.buy(1, stock)
    # The broker remembers its last trade, so the price must be unknown to it too.
    desk.market.clear(stock)
    desk.world.brokerage._books.last_trades.clear()
    answer = desk.get(path)
    assert answer.status_code == 503
    assert "no price for IBM" in answer.json()["error"]
    desk.show(stock, "181.00", "181.10")
    assert desk.get(path).status_code == 200
    check_answer("GET", "/portfolio/{accountId}/positions/{pageId}", 503, answer.json())


@pytest.mark.parametrize("number", ["-1", "one", "²", "9" * 30])
def test_a_page_that_is_no_number_is_refused(desk: PortalDesk, number: str) -> None:
    """Only whole numbers name pages; the error names the parameter."""
    answer = desk.get(f"/portfolio/DU1000001/positions/{number}")
    assert answer.status_code == 400
    assert "pageId" in answer.json()["error"]


def test_an_unknown_account_is_refused(desk: PortalDesk) -> None:
    """No account of that id: 400, in IBKR's words."""
    for path in ("/portfolio/DU9/positions/0", "/portfolio2/DU9/positions", "/portfolio/DU9/meta"):
        answer = desk.get(path)
        assert (answer.status_code, answer.json()["error"]) == (400, "accountId is not valid")


def test_combinations_are_none_and_attributes_are_told(desk: PortalDesk) -> None:
    """No position is ever a combination here; the account's attributes are as described."""
    assert desk.answer("GET", "/portfolio/DU1000001/combo/positions") == []
    meta = desk.answer("GET", "/portfolio/DU1000001/meta")
    assert (meta["accountId"], meta["currency"]) == ("DU1000001", "USD")
    check_answer("GET", "/portfolio/{accountId}/meta", 200, meta)
