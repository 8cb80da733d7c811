"""Contracts of the Client Portal API: rows of every shape, and the steps that lead to an option."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from brokerport.adapters.client_portal.contracts import Contracts
from brokerport.adapters.client_portal.translate_contracts import (
    definition_to_instrument,
    expiry_date,
    info_to_instrument,
    month_of,
    to_details,
    to_price_increments,
)
from brokerport.domain.contracts import PriceIncrement
from brokerport.domain.errors import NotConnected, RequestRefused, UnknownContract, Unsupported
from brokerport.domain.instruments import Option, OptionRight, Stock
from tests.unit.client_portal.fake_session import FakeSession, Query, run

IBM = Stock("IBM")
CALL = Option("IBM", date(2024, 3, 15), Decimal("187.5"), OptionRight.CALL)
IBM_ID, CALL_ID = 8314, 685302909
INFO_AND_RULES = "/iserver/contract/{}/info-and-rules"


def definition(conid: int, **changes: Any) -> dict[str, Any]:
    """A row of /trsrv/secdef, as IBKR's OpenAPI shows it."""
    return {
        "conid": conid,
        "currency": "USD",
        "assetClass": "STK",
        "ticker": "IBM",
        "name": "INTL BUSINESS MACHINES CORP",
        "listingExchange": "NYSE",
        "expiry": None,
        "putOrCall": None,
        "strike": "0",
        "multiplier": 0.0,
        "isUS": True,
        **changes,
    }


def option_definition(conid: int, **changes: Any) -> dict[str, Any]:
    """The same of an option."""
    terms = {"assetClass": "OPT", "expiry": "20240315", "putOrCall": "C", "strike": "187.5"}
    return definition(conid, **terms, multiplier=100.0, **changes)


def info(**changes: Any) -> dict[str, Any]:
    """An answer of info-and-rules about the stock."""
    return {
        "con_id": IBM_ID,
        "symbol": "IBM",
        "instrument_type": "STK",
        "currency": "USD",
        "company_name": "INTL BUSINESS MACHINES CORP",
        "multiplier": None,
        "maturity_date": None,
        "rules": {
            "error": None,
            "increment": 0.01,
            "incrementRules": [{"lowerEdge": 0.0, "increment": 0.01}],
        },
        **changes,
    }


def option_info(**changes: Any) -> dict[str, Any]:
    """An answer of info-and-rules about the option."""
    terms = {"maturity_date": "20240315", "strike": "187.5", "right": "CALL", "multiplier": "100"}
    return info(**{"con_id": CALL_ID, "instrument_type": "OPT", **terms, **changes})


def option_row(conid: int, maturity: str, **changes: Any) -> dict[str, Any]:
    """A row of /iserver/secdef/info."""
    return {
        "conid": conid,
        "symbol": "IBM",
        "secType": "OPT",
        "exchange": "SMART",
        "right": "C",
        "strike": 187.5,
        "currency": "USD",
        "maturityDate": maturity,
        "multiplier": "100",
        "tradingClass": "IBM",
        **changes,
    }


SEARCH_ROW = {
    "conid": "8314",
    "companyHeader": "INTL BUSINESS MACHINES CORP - NYSE",
    "symbol": "IBM",
    "description": "NYSE",
    "opt": None,
    "sections": [
        {"secType": "STK"},
        {"secType": "OPT", "months": "MAR24;APR24", "exchange": "SMART;AMEX"},
    ],
}
BONDS = {"conid": "2147483647", "symbol": None, "sections": [{"secType": "BOND"}]}


@pytest.fixture
def session() -> FakeSession:
    """A portal that knows IBM in two countries, and two options of its March."""
    session = FakeSession()
    session.answer(
        "/trsrv/stocks",
        {
            "IBM": [
                {
                    "name": "INTL BUSINESS MACHINES CORP",
                    "assetClass": "STK",
                    "contracts": [
                        {"conid": IBM_ID, "exchange": "NYSE", "isUS": True},
                        {"conid": 38709473, "exchange": "MEXI", "isUS": False},
                    ],
                }
            ]
        },
    )
    known = [definition(IBM_ID), definition(38709473, currency="MXN", isUS=False)]
    known += [option_definition(CALL_ID)]

    def definitions(query: Query) -> object:
        asked = query["conids"].split(",")
        return {"secdef": [row for row in known if str(row["conid"]) in asked]}

    session.answers["/trsrv/secdef"] = definitions
    session.answer("/iserver/secdef/search", [SEARCH_ROW, BONDS])
    session.answer("/iserver/secdef/strikes", {"call": [180.0, 187.5, 190.0], "put": [170.0]})
    session.answer(
        "/iserver/secdef/info", [option_row(CALL_ID, "20240315"), option_row(1, "20240322")]
    )
    session.answer(INFO_AND_RULES.format(IBM_ID), info())
    session.answer(INFO_AND_RULES.format(CALL_ID), option_info())
    return session


def test_an_instrument_is_read_from_each_shape() -> None:
    """Of a stock and of an option, whatever the words."""
    assert definition_to_instrument(definition(1)) == info_to_instrument(info()) == IBM
    assert definition_to_instrument(option_definition(1)) == CALL
    assert info_to_instrument(option_info()) == CALL
    assert info_to_instrument(option_info(right="P")).right is OptionRight.PUT  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "row",
    [
        definition(1, assetClass="FUT", ticker="ES"),
        definition(1, ticker=None),
        definition(1, currency=None),
        option_definition(1) | {"putOrCall": None},
        option_definition(1) | {"expiry": "20240231"},
        option_definition(1) | {"strike": "0"},
        option_definition(1) | {"multiplier": 0.5},
        option_definition(1) | {"multiplier": None},
    ],
)
def test_what_is_no_instrument_is_unsupported(row: dict[str, Any]) -> None:
    """Its name is told, and nothing is made up."""
    with pytest.raises(Unsupported, match="conid 1"):
        definition_to_instrument(row)


def test_months_are_written_in_english() -> None:
    """As IBKR writes them, whatever this machine speaks."""
    assert month_of(date(2026, 1, 23)) == "JAN26"
    assert month_of(date(2024, 12, 1)) == "DEC24"
    with pytest.raises(ValueError, match="not an expiry"):
        expiry_date("2024-03-15")


def test_price_steps_ascend() -> None:
    """With rules in any order, or a single increment."""
    rules = {
        "incrementRules": [{"lowerEdge": 3, "increment": 0.05}, {"lowerEdge": 0, "increment": 0.01}]
    }
    assert to_price_increments(rules) == (
        PriceIncrement(Decimal(0), Decimal("0.01")),
        PriceIncrement(Decimal(3), Decimal("0.05")),
    )
    assert to_price_increments({"increment": 0.01}) == (
        PriceIncrement(Decimal(0), Decimal("0.01")),
    )
    with pytest.raises(ValueError, match="increment has no value"):
        to_price_increments({})


@pytest.mark.parametrize(
    "changes",
    [{"symbol": "AAPL"}, {"rules": None}, {"rules": {"error": "no rules"}}, {"con_id": "x"}],
)
def test_details_of_something_else_are_refused(changes: dict[str, Any]) -> None:
    """Neither another contract's nor half of one's."""
    with pytest.raises(ValueError, match=r"\w"):
        to_details(IBM, info(**changes), "NYSE", "America/New_York")


def test_a_stock_is_found_by_its_currency(session: FakeSession) -> None:
    """Its namesake abroad is not it."""
    contracts = Contracts(session.as_session)
    details = run(contracts.details(IBM))
    assert (details.contract_id, details.primary_exchange) == (IBM_ID, "NYSE")
    assert details.long_name == "INTL BUSINESS MACHINES CORP"
    assert run(contracts.contract_id(Stock("IBM", "MXN"))) == 38709473
    with pytest.raises(UnknownContract, match="IBM"):
        run(contracts.details(Stock("IBM", "EUR")))


def test_an_exchange_abroad_keeps_its_own_hours(session: FakeSession) -> None:
    """They are asked for, and never taken for New York's."""
    peso = Stock("IBM", "MXN")
    schedule = "/trsrv/secdef/schedule"
    session.answer(INFO_AND_RULES.format(38709473), info(con_id=38709473, currency="MXN"))
    session.answer(schedule, [{"exchange": "MEXI", "timezone": "America/Mexico_City"}])
    contracts = Contracts(session.as_session)
    assert run(contracts.details(peso)).exchange_time_zone == "America/Mexico_City"
    assert session.asked_of(schedule)[0]["exchange"] == "MEXI"
    assert run(contracts.details(IBM)).exchange_time_zone == "America/New_York"
    for answer in ([], [{"exchange": "MEXI"}], None):
        session.answer(schedule, answer)
        with pytest.raises(RequestRefused, match="schedule of IBM"):
            run(contracts.details(peso))


def test_two_stocks_that_fit_are_no_answer(session: FakeSession) -> None:
    """A guess would trade the wrong one."""
    session.answer(
        "/trsrv/stocks",
        {"IBM": [{"contracts": [{"conid": one, "isUS": True} for one in (IBM_ID, 77)]}]},
    )
    session.answer("/trsrv/secdef", {"secdef": [definition(IBM_ID), definition(77)]})
    with pytest.raises(UnknownContract, match="fits 2 contracts"):
        run(Contracts(session.as_session).contract_id(IBM))


def test_an_option_is_found_in_three_steps(session: FakeSession) -> None:
    """Search, strikes, info; each with the terms of the one before."""
    contracts = Contracts(session.as_session)
    assert run(contracts.contract_id(CALL)) == CALL_ID
    paths = [path for _method, path, _query in session.asked if "secdef/" in path]
    assert paths == [f"/iserver/secdef/{step}" for step in ("search", "strikes", "info")]
    assert session.asked_of("/iserver/secdef/info") == [
        {
            "conid": "8314",
            "sectype": "OPT",
            "month": "MAR24",
            "exchange": "SMART",
            "strike": "187.5",
            "right": "C",
        }
    ]
    assert "name" not in session.asked_of("/iserver/secdef/search")[0]
    details = run(contracts.details(CALL))
    assert (details.contract_id, details.primary_exchange) == (CALL_ID, "")


@pytest.mark.parametrize(
    "row",
    [
        option_row(9, "20240322"),
        option_row(9, "20240315", strike=190.0),
        option_row(9, "20240315", right="P"),
        option_row(9, "20240315", multiplier="10"),
        option_row(9, "20240315", currency="EUR"),
    ],
)
def test_an_option_in_other_terms_is_not_it(session: FakeSession, row: dict[str, Any]) -> None:
    """Every term counts."""
    session.answer("/iserver/secdef/info", [row])
    with pytest.raises(UnknownContract):
        run(Contracts(session.as_session).contract_id(CALL))


def test_of_two_classes_the_main_one_is_taken(session: FakeSession) -> None:
    """An adjusted option has the same terms and another class."""
    session.answer(
        "/iserver/secdef/info",
        [option_row(9, "20240315", tradingClass="2IBM"), option_row(CALL_ID, "20240315")],
    )
    assert run(Contracts(session.as_session).contract_id(CALL)) == CALL_ID


def test_two_options_that_fit_are_no_answer(session: FakeSession) -> None:
    """Neither is the main one."""
    rows = [option_row(one, "20240315", tradingClass=f"{one}IBM") for one in (1, 2)]
    session.answer("/iserver/secdef/info", rows)
    with pytest.raises(UnknownContract, match="fits 2 contracts"):
        run(Contracts(session.as_session).contract_id(CALL))


def test_an_empty_answer_counts_after_the_steps_were_taken_anew(session: FakeSession) -> None:
    """A new brokerage session has forgotten the search, and says so with nothing."""
    contracts = Contracts(session.as_session)
    run(contracts.contract_id(CALL))
    searches = len(session.asked_of("/iserver/secdef/search"))
    session.answer("/iserver/secdef/info", [], [option_row(CALL_ID, "20240315")])
    assert run(contracts.details(CALL)).contract_id == CALL_ID
    assert len(session.asked_of("/iserver/secdef/search")) == searches + 1
    assert len(session.asked_of("/iserver/secdef/strikes")) == 2


def test_a_new_session_searches_again(session: FakeSession) -> None:
    """What was primed is gone; contract ids are not."""
    contracts = Contracts(session.as_session)
    run(contracts.contract_id(CALL))
    asked = len(session.asked)
    session.begin_again()
    run(contracts.contract_id(CALL))
    assert len(session.asked) == asked
    run(contracts.details(CALL))
    assert len(session.asked_of("/iserver/secdef/search")) == 2


def test_what_is_not_listed_any_more_is_unknown(session: FakeSession) -> None:
    """Though its id was looked up before."""
    contracts = Contracts(session.as_session)
    run(contracts.contract_id(CALL))
    session.answer("/iserver/secdef/info", RequestRefused("no contracts retrieved", 500))
    with pytest.raises(UnknownContract):
        run(contracts.details(CALL))


def test_a_failed_read_is_no_unknown_contract(session: FakeSession) -> None:
    """It may exist."""
    session.answer("/iserver/secdef/search", RequestRefused("server error", 500))
    with pytest.raises(RequestRefused, match="server error"):
        run(Contracts(session.as_session).contract_id(CALL))


def test_a_contract_is_looked_up_once(session: FakeSession) -> None:
    """Ten callers at once, and one later."""

    async def ask() -> set[int]:
        contracts = Contracts(session.as_session)
        found = await asyncio.gather(*(contracts.contract_id(IBM) for _ in range(10)))
        return {*found, await contracts.contract_id(IBM)}

    assert run(ask()) == {IBM_ID}
    assert len(session.asked_of("/trsrv/stocks")) == 1


def test_a_conid_is_an_instrument(session: FakeSession) -> None:
    """Many at once; one that brokerport does not have is None; one that nobody has is unknown."""
    contracts = Contracts(session.as_session)
    run(contracts.learn([CALL_ID, IBM_ID, CALL_ID]))
    assert session.asked_of("/trsrv/secdef") == [{"conids": f"{IBM_ID},{CALL_ID}"}]
    assert run(contracts.instrument_of(CALL_ID)) == CALL
    assert run(contracts.instrument_of(IBM_ID)) == IBM
    assert len(session.asked) == 1
    session.answer("/trsrv/secdef", {"secdef": [definition(5, assetClass="FUT")]})
    assert run(contracts.instrument_of(5)) is None
    with pytest.raises(UnknownContract, match="6"):
        run(contracts.instrument_of(6))


def test_no_more_than_200_definitions_are_asked_for_at_once(session: FakeSession) -> None:
    """IBKR's limit."""
    run(Contracts(session.as_session).learn(range(1, 451)))
    counts = [len(query["conids"].split(",")) for query in session.asked_of("/trsrv/secdef")]
    assert counts == [200, 200, 50]


def test_a_search_finds_stocks_alone(session: FakeSession) -> None:
    """By symbol and by name; a bond's row is none."""
    assert run(Contracts(session.as_session).find("IBM")) == (IBM,)
    searches = session.asked_of("/iserver/secdef/search")
    assert [query.get("name") for query in searches] == ["true", None]


def test_a_search_that_finds_nothing_is_empty(session: FakeSession) -> None:
    """Client Portal says so as an error, and every other error is one."""
    session.answer("/iserver/secdef/search", RequestRefused("No symbol found"))
    assert run(Contracts(session.as_session).find("QQQQQQ")) == ()
    session.answer("/iserver/secdef/search", RequestRefused("no bridge", 400))
    with pytest.raises(RequestRefused, match="no bridge"):
        run(Contracts(session.as_session).find("QQQQQQ"))


def test_a_chain_is_that_of_the_main_class(session: FakeSession) -> None:
    """Strikes of all months, expiries of each."""

    def rows(query: Query) -> object:
        day = {"MAR24": "15", "APR24": "19"}[query["month"]]
        month = {"MAR24": "202403", "APR24": "202404"}[query["month"]]
        return [
            option_row(1, month + day),
            option_row(2, month + "28", tradingClass="2IBM"),
        ]

    session.answers["/iserver/secdef/info"] = rows
    chain = run(Contracts(session.as_session).option_chain(IBM))
    assert (chain.underlying, chain.trading_class, chain.multiplier) == (IBM, "IBM", 100)
    assert chain.expiries == (date(2024, 3, 15), date(2024, 4, 19))
    assert chain.strikes == tuple(Decimal(one) for one in ("170", "180", "187.5", "190"))


def test_expiries_that_the_search_tells_are_not_asked_for(session: FakeSession) -> None:
    """One row of an option is enough for its class and multiplier."""
    session.answer("/iserver/secdef/search", [SEARCH_ROW | {"opt": "20240315;20240322;20240419"}])
    chain = run(Contracts(session.as_session).option_chain(IBM))
    assert [f"{day:%m%d}" for day in chain.expiries] == ["0315", "0322", "0419"]
    assert len(session.asked_of("/iserver/secdef/info")) == 1


def test_a_listed_month_has_strikes(session: FakeSession) -> None:
    """None are told when the search was forgotten; a chain with a hole would be wrong."""
    strikes = {"call": [187.5], "put": []}
    nothing: dict[str, list[float]] = {"call": [], "put": []}
    session.answer("/iserver/secdef/strikes", nothing, strikes)
    chain = run(Contracts(session.as_session).option_chain(IBM))
    assert chain.strikes == (Decimal("187.5"),)
    session.answer("/iserver/secdef/strikes", nothing)
    with pytest.raises(RequestRefused, match="MAR24"):
        run(Contracts(session.as_session).option_chain(IBM))


def test_a_stock_without_options_has_no_chain(session: FakeSession) -> None:
    """Its search row has no section for them."""
    session.answer("/iserver/secdef/search", [SEARCH_ROW | {"sections": [{"secType": "STK"}]}])
    with pytest.raises(UnknownContract, match="no options"):
        run(Contracts(session.as_session).option_chain(IBM))


def test_nothing_is_answered_from_memory_without_a_session(session: FakeSession) -> None:
    """Not even what is known."""
    contracts = Contracts(session.as_session)
    run(contracts.contract_id(IBM))
    session.is_connected = False
    for ask in (contracts.contract_id, contracts.details):
        with pytest.raises(NotConnected):
            run(ask(IBM))


def test_another_contracts_details_are_refused(session: FakeSession) -> None:
    """The id that was asked for must be the one that answers."""
    session.answer(INFO_AND_RULES.format(IBM_ID), info(con_id=9))
    with pytest.raises(RequestRefused, match="not usable"):
        run(Contracts(session.as_session).details(IBM))
    assert evolve(CALL, strike=1) != CALL
