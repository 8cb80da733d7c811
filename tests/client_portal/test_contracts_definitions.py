"""Contract definitions, details, trading rules and schedules through the Client Portal gateway."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from brokerport.domain.errors import UnknownContract
from brokerport.domain.instruments import Instrument, Option, OptionRight
from brokerport.simulator.exchange.calendar import TradingCalendar
from brokerport.simulator.gateways.client_portal.translate.schedules import venue_schedule
from tests.client_portal.openapi import check_answer
from tests.client_portal.portal_desk import AAPL, GEN, PUT, REV, PortalDesk

AAPL_ID, SPY_ID, UNKNOWN_ID = 265598, 756733, 999999999
SPY_PUT = Option("SPY", PUT.expiry, Decimal(685), OptionRight.PUT)
INFO, RULES = "/iserver/contract/{conid}/info", "/iserver/contract/{conid}/info-and-rules"


def id_of(desk: PortalDesk, instrument: Instrument) -> int:
    """Return an instrument's contract id."""
    return desk.world.listing.details(instrument).contract_id


def test_stocks_are_found_by_their_symbols() -> None:
    """One company each; an unknown symbol has none."""
    with PortalDesk() as desk:
        answer = desk.answer("GET", "/trsrv/stocks", params={"symbols": "AAPL,NOPE"})
    assert answer["NOPE"] == []
    [company] = answer["AAPL"]
    assert company["name"] == "APPLE INC"
    assert company["contracts"] == [{"conid": AAPL_ID, "exchange": "NASDAQ", "isUS": True}]
    check_answer("GET", "/trsrv/stocks", 200, answer)


def test_no_futures_are_listed() -> None:
    """An empty object, whatever is asked for."""
    with PortalDesk() as desk:
        answer = desk.answer("GET", "/trsrv/futures", params={"symbols": "ES,MES"})
    assert answer == {}
    check_answer("GET", "/trsrv/futures", 200, answer)


def test_definitions_come_in_the_order_asked() -> None:
    """A stock's and an option's; what is unknown is left out."""
    with PortalDesk() as desk:
        put_id = id_of(desk, PUT)
        conids = f"{put_id},{UNKNOWN_ID},{AAPL_ID}"
        answer = desk.answer("GET", "/trsrv/secdef", params={"conids": conids})
        posted = desk.answer("POST", "/trsrv/secdef", json={"conids": [put_id, AAPL_ID]})
    put, stock = answer["secdef"]
    assert posted == answer
    assert (put["conid"], put["assetClass"], put["undConid"]) == (put_id, "OPT", AAPL_ID)
    assert (put["strike"], put["putOrCall"], put["expiry"]) == ("250", "P", "20260123")
    assert (put["multiplier"], put["listingExchange"]) == (100, None)
    assert put["incrementRules"] == [
        {"lowerEdge": 0, "increment": 0.01},
        {"lowerEdge": 3, "increment": 0.05},
    ]
    assert (stock["name"], stock["listingExchange"], stock["type"]) == (
        "APPLE INC",
        "NASDAQ",
        "COMMON",
    )
    assert (stock["sector"], stock["hasOptions"], stock["strike"]) == ("Technology", True, "0")
    check_answer("GET", "/trsrv/secdef", 200, answer)


@pytest.mark.parametrize(
    "conids",
    ["", "AAPL", "265598,,8314", ",".join(["8314"] * 201), "9" * 5000],
    ids=["none", "a symbol", "a gap", "more than 200", "a very long number"],
)
def test_definitions_need_contract_ids(conids: str) -> None:
    """At most two hundred, all of them numbers."""
    with PortalDesk() as desk:
        assert desk.get("/trsrv/secdef", {"conids": conids}).status_code == 400


def test_two_hundred_definitions_are_allowed() -> None:
    """The limit itself is."""
    with PortalDesk() as desk:
        answer = desk.answer("GET", "/trsrv/secdef", params={"conids": ",".join(["8314"] * 200)})
    assert len(answer["secdef"]) == 200


def test_definitions_need_no_brokerage_session() -> None:
    """The read-only session is enough."""
    with PortalDesk() as desk:
        desk.portal.seat(desk.login.username).leave(desk.login)
        assert desk.get("/trsrv/stocks", {"symbols": "AAPL"}).status_code == 200
        assert desk.get(f"/iserver/contract/{AAPL_ID}/info").status_code == 400


def test_all_stocks_trade_on_every_stock_exchange() -> None:
    """Each with the exchange that is its home; an exchange that is none has none."""
    with PortalDesk() as desk:
        answer = desk.answer("GET", "/trsrv/all-conids", params={"exchange": "AMEX"})
        nowhere = desk.answer("GET", "/trsrv/all-conids", params={"exchange": "LSE"})
        assert len(answer) == len(desk.world.listing.stocks)
        assert desk.get("/trsrv/all-conids").status_code == 400
    assert {"ticker": "IBM", "conid": 8314, "exchange": "NYSE"} in answer
    assert nowhere == []
    check_answer("GET", "/trsrv/all-conids", 200, answer)


def test_a_stocks_details() -> None:
    """IBKR's names for what the listing knows."""
    with PortalDesk() as desk:
        answer = desk.answer("GET", f"/iserver/contract/{AAPL_ID}/info")
    assert (answer["con_id"], answer["symbol"], answer["company_name"]) == (
        AAPL_ID,
        "AAPL",
        "APPLE INC",
    )
    assert (answer["instrument_type"], answer["trading_class"]) == ("STK", "NMS")
    assert (answer["maturity_date"], answer["multiplier"]) == (None, None)
    check_answer("GET", INFO, 200, answer)


def test_an_options_details() -> None:
    """Underlying, expiry, strike, right, and the OSI symbol as the local one."""
    with PortalDesk() as desk:
        answer = desk.answer("GET", f"/iserver/contract/{id_of(desk, PUT)}/info")
    assert (answer["underlying_con_id"], answer["maturity_date"]) == (AAPL_ID, "20260123")
    assert (answer["strike"], answer["right"], answer["multiplier"]) == ("250", "PUT", "100")
    assert (answer["local_symbol"], answer["text"]) == (PUT.osi_symbol, "JAN 23 '26 250 Put")
    check_answer("GET", INFO, 200, answer)


@pytest.mark.parametrize(
    ("instrument", "increments"),
    [
        (AAPL, [("0", "0.01")]),
        (PUT, [("0", "0.01"), ("3", "0.05")]),
        (SPY_PUT, [("0", "0.01")]),
    ],
    ids=str,
)
def test_the_rules_have_the_listings_price_steps(
    instrument: Instrument, increments: list[tuple[str, str]]
) -> None:
    """A client that reads them places no price off tick."""
    with PortalDesk() as desk:
        answer = desk.answer("GET", f"/iserver/contract/{id_of(desk, instrument)}/info-and-rules")
        details = desk.world.listing.details(instrument)
    rules = answer["rules"]
    found = [
        (Decimal(str(rule["lowerEdge"])), Decimal(str(rule["increment"])))
        for rule in rules["incrementRules"]
    ]
    assert found == [(Decimal(edge), Decimal(step)) for edge, step in increments]
    assert found == [(step.low_edge, step.increment) for step in details.price_increments]
    check_answer("GET", RULES, 200, answer)


def test_the_increment_is_that_of_the_price() -> None:
    """An option above three dollars moves by five cents, and its price is proposed for an order."""
    with PortalDesk() as desk:
        desk.market.set_quote(PUT, "3.00", "3.20", 10, 10, "3.10", 1)
        rules = desk.answer("POST", "/iserver/contract/rules", json={"conid": id_of(desk, PUT)})
        desk.market.set_quote(PUT, "2.00", "2.10", 10, 10, "2.05", 1)
        below = desk.answer("POST", "/iserver/contract/rules", json={"conid": id_of(desk, PUT)})
    assert (rules["increment"], rules["incrementDigits"]) == (0.05, 2)
    assert (rules["limitPrice"], rules["orderDefaults"]) == (3.1, {"LMT": {"LP": "3.10"}})
    assert below["increment"] == 0.01


def test_the_rules_tell_what_the_broker_takes() -> None:
    """Its order types, its times in force, whole quantities, its accounts; no algorithms."""
    with PortalDesk() as desk:
        rules = desk.answer("POST", "/iserver/contract/rules", json={"conid": AAPL_ID})
        algorithms = desk.answer("GET", f"/iserver/contract/{AAPL_ID}/algos")
    assert rules["orderTypes"] == ["limit", "market", "stop", "stop_limit"]
    assert [text.split("/")[0] for text in rules["tifTypes"]] == ["IOC", "GTC", "DAY"]
    assert rules["canTradeAcctIds"] == [GEN.account_id, REV.account_id]
    assert (rules["fraqTypes"], rules["cqtTypes"], rules["ibAlgoTypes"]) == ([], [], [])
    assert rules["orderTypesOutside"] == []
    assert (rules["algoEligible"], algorithms) == (False, {"algos": []})
    check_answer("POST", "/iserver/contract/rules", 200, rules)
    check_answer("GET", "/iserver/contract/{conid}/algos", 200, algorithms)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"/iserver/contract/{UNKNOWN_ID}/info", None, 400),
        ("GET", "/iserver/contract/AAPL/info", None, 400),
        ("GET", f"/iserver/contract/{UNKNOWN_ID}/info-and-rules", None, 400),
        ("GET", f"/iserver/contract/{UNKNOWN_ID}/algos", None, 503),
        ("GET", f"/contract/trading-schedule?conid={UNKNOWN_ID}", None, 400),
        ("GET", "/contract/trading-schedule", None, 400),
        ("POST", "/iserver/contract/rules", {"conid": 0}, 400),
        ("POST", "/iserver/contract/rules", {}, 400),
        ("POST", "/iserver/contract/rules", [], 400),
        ("POST", "/iserver/contract/rules", {"conid": AAPL_ID, "modifyOrder": True}, 400),
    ],
)
def test_an_unknown_contract_is_refused(method: str, path: str, body: Any, status: int) -> None:
    """Never an empty answer; the statuses are those that IBKR gives."""
    with PortalDesk() as desk:
        response = desk.request(method, path, **({} if method == "GET" else {"json": body}))
    assert response.status_code == status
    assert response.json()["error"]


def test_the_schedule_of_a_contract() -> None:
    """Six sessions around today, none on a weekend, in epoch seconds."""
    with PortalDesk() as desk:
        answer = desk.answer("GET", "/contract/trading-schedule", params={"conid": AAPL_ID})
        session = desk.world.calendar.session_of(desk.world.clock.now())
    assert session is not None
    days = list(answer["schedules"])
    assert days == ["20260102", "20260105", "20260106", "20260107", "20260108", "20260109"]
    [hours] = answer["schedules"]["20260105"]["liquid_hours"]
    assert hours == {
        "opening": int(session.opens_at.timestamp()),
        "closing": int(session.closes_at.timestamp()),
    }
    check_answer("GET", "/contract/trading-schedule", 200, answer)


def test_the_schedule_of_a_symbol() -> None:
    """A month of New York sessions at each exchange asked for, holidays left out."""
    path, asked = "/trsrv/secdef/schedule", {"assetClass": "STK", "symbol": "AAPL"}
    with PortalDesk() as desk:
        [home] = desk.answer("GET", path, params=asked)
        several = desk.answer("GET", path, params={**asked, "exchangeFilter": "AMEX,LSE,NYSE"})
        options = desk.answer("GET", path, params={**asked, "assetClass": "OPT"})
    assert (home["exchange"], home["timezone"]) == ("NASDAQ", "America/New_York")
    hours = {day["tradingScheduleDate"]: day["sessions"][0] for day in home["schedules"]}
    assert (min(hours), max(hours)) == ("20260105", "20260204")
    assert "20260119" not in hours
    assert hours["20260120"] == {"openingTime": "0930", "closingTime": "1600", "prop": "LIQUID"}
    assert [venue["exchange"] for venue in several] == ["AMEX", "NYSE"]
    assert [venue["exchange"] for venue in options] == ["SMART"]
    check_answer("GET", path, 200, several)


def test_a_half_day_ends_early() -> None:
    """The day after Thanksgiving, in winter time."""
    session = TradingCalendar().session_on(date(2026, 11, 27))
    assert session is not None
    [day] = venue_schedule("NYSE", [session])["schedules"]
    assert day["sessions"] == [{"openingTime": "0930", "closingTime": "1300", "prop": "LIQUID"}]


def test_a_schedule_needs_a_known_symbol() -> None:
    """What is not listed has none; what is not said is a bad request."""
    with PortalDesk() as desk:
        unknown = {"assetClass": "STK", "symbol": "NOPE"}
        assert desk.answer("GET", "/trsrv/secdef/schedule", params=unknown) == []
        unlisted = {"assetClass": "FUT", "symbol": "AAPL"}
        assert desk.answer("GET", "/trsrv/secdef/schedule", params=unlisted) == []
        assert desk.get("/trsrv/secdef/schedule", {"symbol": "AAPL"}).status_code == 400


def test_an_expired_option_still_has_details_but_no_price_to_propose() -> None:
    """Positions and trades in it can still be read."""
    with PortalDesk() as desk:
        weekly = evolve(PUT, expiry=date(2026, 1, 9))
        put_id = id_of(desk, weekly)
        desk.market.set_quote(weekly, "3.00", "3.20", 10, 10, "3.10", 1)
        desk.pass_time(timedelta(days=5))
        desk.portal.log_in()
        answer = desk.answer("GET", f"/iserver/contract/{put_id}/info-and-rules")
        with pytest.raises(UnknownContract):
            desk.world.listing.by_contract_id(UNKNOWN_ID)
    assert (answer["con_id"], answer["rules"]["limitPrice"]) == (put_id, None)
