"""Market data snapshots through the Client Portal gateway: first the stream, then the values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from brokerport.domain.instruments import Instrument, Option, OptionRight
from brokerport.domain.market_data import Greeks
from brokerport.simulator.gateways.client_portal.translate.quote_words import (
    percent_text,
    price_text,
    signed_price_text,
    size_text,
    volume_text,
)
from brokerport.simulator.gateways.client_portal.translate.quotes import FIELDS
from brokerport.simulator.market.market import SessionStatistics
from tests.client_portal.openapi import check_answer
from tests.client_portal.portal_desk import AAPL, MSFT, PUT, PortalDesk
from tests.client_portal.stream_desk import StreamDesk

SNAPSHOT = "/iserver/marketdata/snapshot"
UNSUBSCRIBE = "/iserver/marketdata/unsubscribe"
AAPL_ID, MSFT_ID, UNKNOWN_ID = 265598, 272093, 999999999
GREEKS = Greeks(
    delta=Decimal("-0.45"),
    gamma=Decimal("0.02"),
    theta=Decimal("-0.05"),
    vega=Decimal("0.3"),
    implied_volatility=Decimal("0.25"),
    underlying_price=Decimal("250.02"),
    model_price=Decimal("3.1"),
)
STATISTICS = SessionStatistics(
    open=Decimal("249.5"),
    high=Decimal("250.4"),
    low=Decimal("249.1"),
    previous_close=Decimal("248.75"),
    volume=Decimal(1_234_567),
)
CLOSED = timedelta(hours=7)
WEEKLY_PUT = evolve(PUT, expiry=date(2026, 1, 9))


def ready_desk(**settings: Any) -> PortalDesk:
    """Return a desk whose market shows a last price and a session's figures."""
    desk = PortalDesk(**settings)
    desk.market.set_quote(AAPL, "250.01", "250.04", 1700, 200, "250.02", 50)
    desk.market.set_statistics(AAPL, STATISTICS)
    return desk


def id_of(desk: PortalDesk, instrument: Instrument) -> int:
    """Return an instrument's contract id."""
    return desk.world.listing.details(instrument).contract_id


def look(desk: PortalDesk, *conids: int, fields: str = "") -> list[dict[str, Any]]:
    """Take one snapshot."""
    terms = {"conids": ",".join(map(str, conids))}
    if fields:
        terms["fields"] = fields
    rows: list[dict[str, Any]] = desk.answer("GET", SNAPSHOT, params=terms)
    return rows


def values(desk: PortalDesk, conid: int, fields: str) -> dict[str, Any]:
    """Open the stream of a contract and return what the second snapshot tells."""
    look(desk, conid, fields=fields)
    [row] = look(desk, conid)
    return row


def test_the_first_snapshot_has_no_values() -> None:
    """Only the contract, until its stream has begun."""
    with ready_desk() as desk:
        desk.prime()
        rows = look(desk, AAPL_ID, MSFT_ID, fields="31,84")
    assert rows == [
        {"conid": AAPL_ID, "conidEx": str(AAPL_ID)},
        {"conid": MSFT_ID, "conidEx": str(MSFT_ID)},
    ]


def test_the_second_snapshot_has_what_was_asked() -> None:
    """Texts, by field number, with the server's name for the stream and the world's time."""
    with ready_desk() as desk:
        desk.prime()
        look(desk, AAPL_ID, fields="31,84,85,86,88,7059")
        desk.pass_time(timedelta(seconds=90))
        [row] = look(desk, AAPL_ID, fields="31,84,85,86,88,7059")
    at = datetime(2026, 1, 5, 14, 31, 30, tzinfo=UTC)
    assert row == {
        "conid": AAPL_ID,
        "conidEx": "265598",
        "31": "250.02",
        "84": "250.01",
        "85": "200",
        "86": "250.04",
        "88": "1,700",
        "7059": "50",
        "6119": "q0",
        "6509": "RpB",
        "server_id": "q0",
        "_updated": int(at.timestamp() * 1000),
    }
    check_answer("GET", SNAPSHOT, 200, [row])


def test_fields_need_not_be_named_again() -> None:
    """All that was ever asked of the contract comes with every later snapshot."""
    with ready_desk() as desk:
        desk.prime()
        look(desk, AAPL_ID, fields="31")
        [row] = look(desk, AAPL_ID)
    assert row["31"] == "250.02"


def test_a_new_field_comes_the_next_time() -> None:
    """It is subscribed first, as the contract was."""
    with ready_desk() as desk:
        desk.prime()
        look(desk, AAPL_ID, fields="31")
        [first] = look(desk, AAPL_ID, fields="31,84")
        [second] = look(desk, AAPL_ID, fields="31")
    assert ("31" in first, "84" in first) == (True, False)
    assert (second["31"], second["84"]) == ("250.02", "250.01")


def test_a_snapshot_is_of_now() -> None:
    """Not of when the stream began."""
    with ready_desk() as desk:
        desk.prime()
        look(desk, AAPL_ID, fields="84")
        desk.show(AAPL, "260.00", "260.05")
        [row] = look(desk, AAPL_ID)
    assert row["84"] == "260.00"


def test_each_login_has_its_own_streams() -> None:
    """A new brokerage session begins with none."""
    with ready_desk() as desk:
        desk.prime()
        values(desk, AAPL_ID, "31")
        desk.portal.log_in()
        desk.prime()
        [row] = look(desk, AAPL_ID, fields="31")
    assert "31" not in row


@pytest.mark.parametrize(("silence", "lasts"), [(899, True), (900, False)])
def test_a_stream_that_nobody_asks_for_ends(silence: float, lasts: bool) -> None:
    """After fifteen minutes of the wall's clock the contract must be opened again."""
    with ready_desk(idle_seconds_max=10_000) as desk:
        desk.prime()
        look(desk, AAPL_ID, fields="31")
        desk.pass_seconds(silence)
        [row] = look(desk, AAPL_ID, fields="31")
        [again] = look(desk, AAPL_ID)
    assert ("31" in row) is lasts
    assert again["31"] == "250.02"


def test_asking_keeps_a_stream_alive() -> None:
    """Silence is counted from the latest request."""
    with ready_desk(idle_seconds_max=10_000) as desk:
        desk.prime()
        look(desk, AAPL_ID, fields="31")
        for _ in range(2):
            desk.pass_seconds(600)
            look(desk, AAPL_ID)
        [row] = look(desk, AAPL_ID)
    assert row["31"] == "250.02"


def test_a_snapshot_needs_the_accounts_first() -> None:
    """IBKR's order of calls."""
    with ready_desk() as desk:
        response = desk.get(SNAPSHOT, {"conids": AAPL_ID})
    assert response.status_code == 400
    assert "/accounts first" in response.json()["error"]


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"conids": ""},
        {"conids": "AAPL"},
        {"conids": "9" * 5000},
        {"conids": ",".join(map(str, range(1, 102)))},
        {"conids": "1", "fields": ",".join(map(str, range(51)))},
    ],
    ids=["none", "empty", "a symbol", "a very long number", "101 conids", "51 fields"],
)
def test_a_snapshot_has_limits(terms: dict[str, str]) -> None:
    """At most 100 contracts and 50 fields, and contracts must be numbers; nothing is opened."""
    with ready_desk() as desk:
        desk.prime()
        assert desk.get(SNAPSHOT, terms).status_code == 400
        assert desk.login.snapshot_fields == {}


def test_a_full_snapshot_is_allowed() -> None:
    """A hundred contracts at once."""
    with ready_desk() as desk:
        desk.prime()
        put_id = id_of(desk, PUT)
        conids = [put_id + 2 * step for step in range(100)]
        assert len(look(desk, *conids, fields="84")) == 100


def test_an_unknown_contract_never_has_values() -> None:
    """Its row stays bare, and no stream is kept for it."""
    with ready_desk() as desk:
        desk.prime()
        look(desk, UNKNOWN_ID, fields="31")
        [row] = look(desk, UNKNOWN_ID, fields="31")
        assert UNKNOWN_ID not in desk.login.snapshot_fields
    assert row == {"conid": UNKNOWN_ID, "conidEx": str(UNKNOWN_ID)}


def test_an_expired_option_has_no_values() -> None:
    """Its market is gone."""
    with ready_desk() as desk:
        desk.prime()
        put_id = id_of(desk, WEEKLY_PUT)
        desk.show(WEEKLY_PUT, "2.00", "2.10")
        assert "84" in values(desk, put_id, "84")
        desk.pass_time(timedelta(days=5))
        desk.portal.log_in()
        desk.prime()
        row = values(desk, put_id, "31,55,84")
    assert row == {"conid": put_id, "conidEx": str(put_id)}


def test_an_empty_side_is_left_out() -> None:
    """Nothing offered is no price and no size."""
    with ready_desk() as desk:
        desk.prime()
        desk.show(AAPL, "250.00", None)
        row = values(desk, AAPL_ID, "84,88,85,86")
    assert (row["84"], row["88"]) == ("250.00", "300")
    assert not {"85", "86"} & row.keys()


def test_a_silent_market_has_hardly_a_value() -> None:
    """What the contract is, is known; what it trades at is not."""
    with ready_desk() as desk:
        desk.prime()
        desk.market.clear(MSFT)
        row = values(desk, MSFT_ID, "31,55,70,82,83,84,85,86,87,7295,7741,7762,7635,7283")
    assert set(row) == {"conid", "conidEx", "server_id", "_updated", "55", "6119", "6509"}


def test_the_sessions_figures() -> None:
    """Open, high, low, prior close, change, volume in short and exactly."""
    with ready_desk() as desk:
        desk.prime()
        row = values(desk, AAPL_ID, "70,71,82,83,87,7295,7296,7741,7762,7682")
    assert (row["7295"], row["70"], row["71"]) == ("249.50", "250.40", "249.10")
    assert (row["7741"], row["82"], row["83"]) == ("248.75", "+1.27", "0.51%")
    assert (row["87"], row["7762"], row["7682"]) == ("1.2M", "1234567", "+0.52")
    assert "7296" not in row


def test_what_the_contract_is() -> None:
    """Symbol, type, company, home, industry; an option's underlying, expiry and description."""
    fields = "55,6008,6070,6457,7051,7184,7219,7221,7280,7281,7714,7768"
    with ready_desk() as desk:
        desk.prime()
        put_id = id_of(desk, PUT)
        stock, option = values(desk, AAPL_ID, fields), values(desk, put_id, fields)
    assert (stock["55"], stock["6070"], stock["6008"]) == ("AAPL", "STK", "265598")
    assert (stock["7051"], stock["7219"], stock["7221"]) == ("APPLE INC", "AAPL", "NASDAQ")
    assert (stock["7280"], stock["7281"]) == ("Technology", "Computers")
    assert (stock["7184"], stock["7768"]) == ("1", "1")
    assert (option["55"], option["6070"], option["6457"]) == ("AAPL", "OPT", "265598")
    assert (option["7219"], option["7714"]) == ("AAPL JAN 23 '26 250 Put", "20260123")
    assert not {"7221"} & option.keys()
    assert not {"6457", "7714"} & stock.keys()


def test_an_option_comes_with_its_greeks() -> None:
    """As the model has them, exactly; the volatility in percent, the mark between the sides."""
    with ready_desk() as desk:
        desk.prime()
        put_id = id_of(desk, PUT)
        without = values(desk, put_id, "7308,7309,7310,7311,7633")
        desk.market.set_greeks(PUT, GREEKS)
        row = values(desk, put_id, "7308,7309,7310,7311,7633,7635")
    assert not {"7308", "7309", "7310", "7311", "7633"} & without.keys()
    assert (row["7308"], row["7309"], row["7310"], row["7311"]) == ("-0.45", "0.02", "-0.05", "0.3")
    assert (row["7633"], row["7635"]) == ("25%", "3.10")


def test_a_stock_has_the_volatility_of_its_options() -> None:
    """Thirty days ahead, between the expiries around them; without a model there is none."""
    with ready_desk() as desk:
        desk.prime()
        none = values(desk, AAPL_ID, "7283")
        for day, volatility in ((30, "0.20"), (6, "0.34")):
            month = 1 if day == 30 else 2
            expiry = datetime(2026, month, day, tzinfo=UTC).date()
            option = Option("AAPL", expiry, Decimal(250), OptionRight.CALL)
            greeks = evolve(GREEKS, implied_volatility=Decimal(volatility))
            desk.market.set_greeks(option, greeks)
        [row] = look(desk, AAPL_ID)
    # 30 January is 25 days away and 6 February 32: five sevenths of the way.
    assert "7283" not in none
    assert row["7283"] == "30%"


def test_after_the_close_the_last_recorded_data_is_shown() -> None:
    """Frozen: the quote at the close, today's closing price, and when it was recorded."""
    with ready_desk() as desk:
        desk.prime()
        look(desk, AAPL_ID, fields="31,84,7296")
        desk.pass_time(CLOSED)
        [row] = look(desk, AAPL_ID)
    closed_at = datetime(2026, 1, 5, 21, 0, tzinfo=UTC) - timedelta(seconds=1)
    assert (row["6509"], row["84"]) == ("ZpB", "250.01")
    assert (row["31"], row["7296"]) == ("250.02", "250.02")
    assert row["_updated"] == int(closed_at.timestamp() * 1000)


def test_an_earlier_days_close_is_marked() -> None:
    """Before the opening the last price is yesterday's, and says so."""
    with ready_desk() as desk:
        desk.pass_time(timedelta(hours=22))
        desk.portal.log_in()
        desk.prime()
        row = values(desk, AAPL_ID, "31,7296")
        assert desk.world.clock.now() == datetime(2026, 1, 6, 12, 30, tzinfo=UTC)
        desk.pass_time(timedelta(hours=2))
        [opened] = look(desk, AAPL_ID)
    assert row["31"] == "C250.02"
    assert "7296" not in row
    assert opened["31"] == "250.02"


def test_a_field_that_nobody_knows_is_left_out() -> None:
    """Neither an error nor a value that is made up."""
    with ready_desk() as desk:
        desk.prime()
        row = values(desk, AAPL_ID, "31,7671,nonsense,123456")
    assert set(row) == {"conid", "conidEx", "server_id", "_updated", "31", "6119", "6509"}


def test_every_field_can_be_asked_at_once() -> None:
    """All that the gateway knows fits in one request, and all values are texts."""
    with ready_desk() as desk:
        desk.prime()
        desk.market.set_greeks(PUT, GREEKS)
        rows = [values(desk, conid, ",".join(FIELDS)) for conid in (AAPL_ID, id_of(desk, PUT))]
    for row in rows:
        assert all(isinstance(row[field], str) for field in FIELDS & row.keys())
    assert FIELDS - rows[0].keys() - rows[1].keys() == {"7283", "7296"}


def test_a_stream_can_be_ended() -> None:
    """Once; ending what there is not is IBKR's 500."""
    with ready_desk() as desk:
        desk.prime()
        values(desk, AAPL_ID, "31")
        ended = desk.answer("POST", UNSUBSCRIBE, json={"conid": AAPL_ID})
        again = desk.post(UNSUBSCRIBE, json={"conid": AAPL_ID})
        [row] = look(desk, AAPL_ID, fields="31")
        assert desk.post(UNSUBSCRIBE, json={"conid": "x"}).status_code == 400
        assert desk.post(UNSUBSCRIBE, json=[]).status_code == 400
    assert ended == {"success": True}
    assert (again.status_code, again.json()["error"]) == (500, "unknown")
    assert "31" not in row
    check_answer("POST", UNSUBSCRIBE, 200, ended)
    check_answer("POST", UNSUBSCRIBE, 500, again.json())


def test_all_streams_can_be_ended_at_once() -> None:
    """The next snapshot opens them anew."""
    with ready_desk() as desk:
        desk.prime()
        look(desk, AAPL_ID, MSFT_ID, fields="84")
        ended = desk.answer("GET", "/iserver/marketdata/unsubscribeall")
        rows = look(desk, AAPL_ID, MSFT_ID, fields="84")
    assert ended == {"unsubscribed": True}
    assert not any("84" in row for row in rows)
    check_answer("GET", "/iserver/marketdata/unsubscribeall", 200, ended)


@pytest.mark.parametrize("is_single", [True, False])
def test_ending_a_stream_ends_the_websockets_too(is_single: bool) -> None:
    """The server has one stream of a contract, however it was opened."""
    with StreamDesk() as desk:
        desk.prime()
        look(desk, AAPL_ID, fields="84")
        line = desk.connect()
        assert line.hear(f'smd+{AAPL_ID}+{{"fields":["84"]}}')
        if is_single:
            desk.answer("POST", UNSUBSCRIBE, json={"conid": AAPL_ID})
        else:
            desk.answer("GET", "/iserver/marketdata/unsubscribeall")
        desk.show(AAPL, "260.00", "260.05")
        desk.pass_time()
        assert line.hear() == []


def test_a_regulatory_snapshot_is_refused() -> None:
    """It would cost money at IBKR; here there is none to be had."""
    with ready_desk() as desk:
        response = desk.get("/md/regsnapshot", {"conid": AAPL_ID})
    assert response.status_code == 400
    assert "not simulated" in response.json()["error"]


@pytest.mark.parametrize(
    ("volume", "text"),
    [
        ("0", "0"),
        ("999", "999"),
        ("1000", "1.0K"),
        ("163773", "163.8K"),
        ("999949", "999.9K"),
        ("999950", "1.0M"),
        ("12200000", "12.2M"),
        ("1234567890", "1.2B"),
    ],
)
def test_volumes_are_told_in_short(volume: str, text: str) -> None:
    """One decimal and a unit; never a thousand of a smaller one."""
    assert volume_text(Decimal(volume)) == text


def test_numbers_are_told_exactly() -> None:
    """No rounding but of percentages, no exponents, two decimals of a price at least."""
    assert [price_text(Decimal(p)) for p in ("3", "250.5", "0.0001", "1E+2")] == [
        "3.00",
        "250.50",
        "0.0001",
        "100.00",
    ]
    assert [signed_price_text(Decimal(p)) for p in ("1.1", "-0.02", "0")] == [
        "+1.10",
        "-0.02",
        "0.00",
    ]
    assert [size_text(Decimal(s)) for s in ("100", "1300", "1E+6", "1000.5")] == [
        "100",
        "1,300",
        "1,000,000",
        "1,000.5",
    ]
    assert percent_text(Decimal("-0.00855")) == "-0.86%"
