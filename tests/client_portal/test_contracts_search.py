"""Contract search through the Client Portal gateway: symbol, months, strikes, contracts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.instruments import Option
from tests.client_portal.openapi import check_answer
from tests.client_portal.portal_desk import AAPL, PUT, PortalDesk

SEARCH = "/iserver/secdef/search"
STRIKES = "/iserver/secdef/strikes"
INFO = "/iserver/secdef/info"
AAPL_ID = 265598
JANUARY = ["20260109", "20260116", "20260123", "20260130"]


def chain_question(**terms: Any) -> dict[str, Any]:
    """Return the terms of a question about the January puts of AAPL at 250."""
    known = {"conid": AAPL_ID, "sectype": "OPT", "month": "JAN26", "strike": "250", "right": "P"}
    return {name: value for name, value in (known | terms).items() if value is not None}


def test_a_symbol_leads_to_the_underlying_and_its_months() -> None:
    """The conid is a text, the months are IBKR's, the expiries are all that are listed."""
    with PortalDesk() as desk:
        [row] = desk.answer("GET", SEARCH, params={"symbol": "AAPL"})
        chain = desk.world.listing.option_chain(AAPL, desk.world.clock.now().date())
    assert (row["conid"], row["symbol"], row["description"]) == ("265598", "AAPL", "NASDAQ")
    assert row["companyHeader"] == "APPLE INC - NASDAQ"
    assert row["opt"].split(";") == [f"{day:%Y%m%d}" for day in chain.expiries]
    stock, options = row["sections"]
    assert stock == {"secType": "STK"}
    assert options["secType"] == "OPT"
    assert options["months"].split(";")[:3] == ["JAN26", "FEB26", "MAR26"]
    assert len(set(options["months"].split(";"))) == len(options["months"].split(";")) == 13
    assert options["exchange"].startswith("SMART;")


def test_a_search_is_as_ibkr_describes_it() -> None:
    """Asked by GET and by POST; both answer the same."""
    with PortalDesk() as desk:
        by_get = desk.answer("GET", SEARCH, params={"symbol": "IBM"})
        by_post = desk.answer("POST", SEARCH, json={"symbol": "IBM"})
    assert by_get == by_post
    check_answer("GET", SEARCH, 200, by_get)
    check_answer("POST", SEARCH, 200, by_post)


def test_a_search_tells_symbols_from_names() -> None:
    """A symbol is found by its beginning, the exact one first; a name by any part of it."""
    with PortalDesk() as desk:
        by_symbol = desk.answer("GET", SEARCH, params={"symbol": "goog"})
        by_name = desk.answer("GET", SEARCH, params={"symbol": "apple", "name": "true"})
        not_a_symbol = desk.answer("GET", SEARCH, params={"symbol": "apple"})
        not_a_name = desk.answer("POST", SEARCH, json={"symbol": "AAPL", "name": True})
    assert [row["symbol"] for row in by_symbol] == ["GOOG", "GOOGL"]
    assert [row["symbol"] for row in by_name] == ["AAPL"]
    assert (not_a_symbol, not_a_name) == ([], [])


@pytest.mark.parametrize(
    "terms",
    [
        {"symbol": "ZZZZ"},
        {"symbol": "AAPL", "secType": "IND"},
        {"symbol": "AAPL", "secType": "BOND"},
    ],
)
def test_what_is_not_listed_is_not_found(terms: dict[str, str]) -> None:
    """No such symbol, and no index and no bond: an empty list, as at IBKR."""
    with PortalDesk() as desk:
        assert desk.answer("GET", SEARCH, params=terms) == []


@pytest.mark.parametrize("terms", [{}, {"symbol": ""}, {"symbol": "  "}])
def test_a_search_needs_a_symbol(terms: dict[str, str]) -> None:
    """Nothing to look for is no search."""
    with PortalDesk() as desk:
        assert desk.get(SEARCH, terms).status_code == 400
        assert desk.post(SEARCH, json=terms).status_code == 400


def test_strikes_are_those_of_the_chain() -> None:
    """Numbers, the same for both rights, once the symbol has been searched."""
    with PortalDesk() as desk:
        desk.answer("GET", SEARCH, params={"symbol": "AAPL"})
        answer = desk.answer(
            "GET", STRIKES, params={"conid": AAPL_ID, "sectype": "OPT", "month": "FEB26"}
        )
        chain = desk.world.listing.option_chain(AAPL, desk.world.clock.now().date())
    assert [Decimal(str(strike)) for strike in answer["call"]] == list(chain.strikes)
    assert answer["call"] == answer["put"]
    check_answer("GET", STRIKES, 200, answer)


@pytest.mark.parametrize(
    "search",
    [
        None,
        {"symbol": "MSFT"},
        {"symbol": "apple", "name": "true"},
    ],
)
def test_strikes_are_empty_before_the_symbol_was_searched(search: dict[str, str] | None) -> None:
    """No search, another symbol's, or one by name: no strikes, and no error either."""
    with PortalDesk() as desk:
        if search is not None:
            assert desk.answer("GET", SEARCH, params=search)
        answer = desk.answer(
            "GET", STRIKES, params={"conid": AAPL_ID, "sectype": "OPT", "month": "FEB26"}
        )
    assert answer == {"call": [], "put": []}


def test_a_new_brokerage_session_has_searched_nothing() -> None:
    """What was searched before is forgotten with the session."""
    with PortalDesk() as desk:
        desk.answer("GET", SEARCH, params={"symbol": "AAPL"})
        login = desk.login
        desk.portal.seat(login.username).leave(login)
        desk.portal.seat(login.username).take(login, compete=True)
        answer = desk.answer(
            "GET", STRIKES, params={"conid": AAPL_ID, "sectype": "OPT", "month": "FEB26"}
        )
    assert answer["call"] == []


@pytest.mark.parametrize(
    "terms",
    [
        {"month": "FEB30"},
        {"month": "202602"},
        {"sectype": "WAR"},
        {"conid": 999999999},
        {"exchange": "EUREX"},
    ],
)
def test_strikes_of_what_is_not_listed_are_empty(terms: dict[str, Any]) -> None:
    """A month without an expiry, warrants, an unknown underlying, a foreign exchange."""
    with PortalDesk() as desk:
        desk.answer("GET", SEARCH, params={"symbol": "AAPL"})
        asked = {"conid": AAPL_ID, "sectype": "OPT", "month": "FEB26"} | terms
        assert desk.answer("GET", STRIKES, params=asked) == {"call": [], "put": []}


@pytest.mark.parametrize("missing", ["conid", "sectype", "month"])
def test_a_question_for_strikes_names_everything(missing: str) -> None:
    """A missing term is a bad request."""
    with PortalDesk() as desk:
        asked = {"conid": "265598", "sectype": "OPT", "month": "FEB26"}
        del asked[missing]
        assert desk.get(STRIKES, asked).status_code == 400


def test_a_months_contracts_are_all_its_expiries() -> None:
    """Weekly ones too, each with the contract id that the listing has for it."""
    with PortalDesk() as desk:
        rows = desk.answer("GET", INFO, params=chain_question())
        instruments = [desk.world.listing.by_contract_id(row["conid"]) for row in rows]
    assert [row["maturityDate"] for row in rows] == JANUARY
    for row, instrument in zip(rows, instruments, strict=True):
        assert isinstance(instrument, Option)
        assert f"{instrument.expiry:%Y%m%d}" == row["maturityDate"]
        assert (instrument.strike, instrument.right) == (PUT.strike, PUT.right)
        assert (row["ticker"], row["secType"], row["right"]) == ("AAPL", "OPT", "P")
        assert (row["strike"], row["multiplier"], row["tradingClass"]) == (250, "100", "AAPL")
        assert "CBOE" in row["validExchanges"].split(",")
    assert rows[0]["desc2"] == "JAN 09 '26 250 Put"
    check_answer("GET", INFO, 200, rows[0])


def test_without_a_right_both_are_told() -> None:
    """Each expiry's call and put."""
    with PortalDesk() as desk:
        rows = desk.answer(
            "GET", INFO, params=chain_question(right=None, secType="OPT", sectype=None)
        )
    assert [(row["maturityDate"], row["right"]) for row in rows] == [
        (day, right) for day in JANUARY for right in "CP"
    ]


def test_an_expiry_that_has_passed_is_listed_no_more() -> None:
    """The month's contracts are those of today."""
    with PortalDesk() as desk:
        desk.pass_time(timedelta(days=7))
        desk.portal.log_in()
        rows = desk.answer("GET", INFO, params=chain_question())
    assert [row["maturityDate"] for row in rows] == JANUARY[1:]


def test_a_conid_alone_is_answered_with_its_contract() -> None:
    """A stock's, and a derivative's own."""
    with PortalDesk() as desk:
        [stock] = desk.answer("GET", INFO, params={"conid": AAPL_ID})
        put_id = desk.world.listing.details(PUT).contract_id
        [put] = desk.answer("GET", INFO, params={"conid": put_id})
    assert (stock["conid"], stock["listingExchange"]) == (AAPL_ID, "NASDAQ")
    assert (stock["right"], stock["strike"], stock["maturityDate"]) == ("?", 0, None)
    assert (put["conid"], put["maturityDate"], put["listingExchange"]) == (put_id, "20260123", None)


@pytest.mark.parametrize(
    ("terms", "status"),
    [
        ({"conid": 999999999}, 500),
        ({"conid": "abc"}, 400),
        ({"month": None}, 400),
        ({"month": "202601"}, 400),
        ({"month": "JAN99"}, 500),
        ({"strike": None}, 400),
        ({"strike": "many"}, 400),
        ({"strike": "NaN"}, 400),
        ({"strike": "250.001"}, 500),
        ({"right": "X"}, 400),
        ({"exchange": "EUREX"}, 500),
        ({"sectype": "WAR"}, 500),
    ],
)
def test_a_contract_that_is_not_there_is_an_error(terms: dict[str, Any], status: int) -> None:
    """What makes no sense is a bad request; what is not listed is IBKR's 500."""
    with PortalDesk() as desk:
        response = desk.get(INFO, chain_question(**terms))
    assert response.status_code == status
    assert response.json()["error"]
    check_answer("GET", INFO, status, response.json())


def test_there_are_no_bonds_to_filter() -> None:
    """An issuer that is unknown has no filters."""
    with PortalDesk() as desk:
        answer = desk.answer(
            "GET", "/iserver/secdef/bond-filters", params={"symbol": "BOND", "issuerId": "e1"}
        )
    assert answer == {"bondFilters": []}
    check_answer("GET", "/iserver/secdef/bond-filters", 200, answer)


@pytest.mark.parametrize("path", [SEARCH, STRIKES, INFO])
def test_searching_needs_the_brokerage_session(path: str) -> None:
    """Without it there is no bridge."""
    with PortalDesk() as desk:
        desk.portal.seat(desk.login.username).leave(desk.login)
        response = desk.get(path, {"symbol": "AAPL"})
    assert response.status_code == 400
    assert "no bridge" in response.json()["error"]
