"""The scanner: what it offers works, ranked by the market's own figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokerport.domain.instruments import Stock
from brokerport.simulator.gateways.client_portal.scans import SCAN_TYPES, scan, shares_text
from brokerport.simulator.market.market import SessionStatistics
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World
from tests.client_portal.openapi import check_answer
from tests.client_portal.portal_desk import AAPL, MSFT, PortalDesk

RUN = "/iserver/scanner/run"
PARAMS = "/iserver/scanner/params"
IBM = Stock("IBM")


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    """A desk on which AAPL has gained, MSFT has lost and IBM has no previous close."""
    with PortalDesk() as opened:
        opened.prime()
        opened.show(IBM, "180.00", "180.10")
        _day(opened, AAPL, "240.00", 1_500_000)
        _day(opened, MSFT, "410.00", 221_521)
        opened.market.set_statistics(IBM, SessionStatistics(volume=Decimal(900)))
        yield opened


def _day(desk: PortalDesk, stock: Stock, close: str, volume: int) -> None:
    statistics = SessionStatistics(previous_close=Decimal(close), volume=Decimal(volume))
    desk.market.set_statistics(stock, statistics)


def run(desk: PortalDesk, code: str, location: str = "STK.US.MAJOR", **more: Any) -> Any:
    """Run a scan."""
    body = {"instrument": "STK", "type": code, "location": location, "filter": [], **more}
    return desk.answer("POST", RUN, json=body)


def symbols(answer: Any) -> list[str]:
    """Return the symbols of a scan in its order."""
    return [row["symbol"] for row in answer["contracts"]]


def test_scans_rank_by_what_the_day_has_brought(desk: PortalDesk) -> None:
    """Gainers and losers by percent, the active by volume; who lacks the figure is left out."""
    gainers = run(desk, "TOP_PERC_GAIN")
    assert symbols(gainers) == ["AAPL", "MSFT"]
    first = gainers["contracts"][0]
    assert (first["scan_data"], first["column_name"]) == ("+4.18%", "Chg %")
    assert (first["con_id"], first["server_id"]) == (265598, "0")
    assert "column_name" not in gainers["contracts"][1]
    assert symbols(run(desk, "TOP_PERC_LOSE")) == ["MSFT", "AAPL"]
    active = run(desk, "MOST_ACTIVE")
    assert symbols(active) == ["AAPL", "MSFT", "IBM"]
    assert [row["scan_data"] for row in active["contracts"]] == ["1.5M", "221.521K", "900"]
    hot = run(desk, "HOT_BY_VOLUME")
    assert symbols(hot)[-1] == "IBM"
    check_answer("POST", RUN, 200, gainers)
    check_answer("POST", RUN, 200, active)


def test_filters_and_locations_narrow_a_scan(desk: PortalDesk) -> None:
    """A price or a listing exchange leaves the others out."""
    above = [{"code": "priceAbove", "value": 200}]
    assert symbols(run(desk, "MOST_ACTIVE", filter=above)) == ["AAPL", "MSFT"]
    below = [{"code": "priceBelow", "value": 300.5}, {"code": "volumeAbove", "value": 1000}]
    assert symbols(run(desk, "MOST_ACTIVE", filter=below)) == ["AAPL"]
    assert symbols(run(desk, "MOST_ACTIVE", "STK.NYSE")) == ["IBM"]


def test_everything_offered_can_be_run(desk: PortalDesk) -> None:
    """Each scan type, location and filter of the parameters is taken by a scan."""
    offered = desk.answer("GET", PARAMS)
    (tree,), (instrument,) = offered["location_tree"], offered["instrument_list"]
    for scan_type in offered["scan_type_list"]:
        run(desk, scan_type["code"])
    for location in tree["locations"]:
        run(desk, "MOST_ACTIVE", location["type"])
    assert len(instrument["filters"]) == len(offered["filter_list"]) > 0
    for code in instrument["filters"]:
        run(desk, "MOST_ACTIVE", filter=[{"code": code, "value": 1}])
    check_answer("GET", PARAMS, 200, offered)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "TOP_TRADE_COUNT"}, "type must be one of TOP_PERC_GAIN"),
        ({"instrument": "FUT"}, "instrument"),
        ({"location": "STK.EU"}, "location"),
        ({"filter": [{"code": "avgRating", "value": 1}]}, "code"),
        ({"filter": [{"code": "priceAbove", "value": True}]}, "priceAbove"),
        ({"filter": "all"}, "filter"),
        ({"type": None}, "type"),
    ],
)
def test_what_cannot_be_scanned_is_refused_by_name(
    desk: PortalDesk, change: dict[str, Any], words: str
) -> None:
    """Nothing unknown is ignored."""
    body = {"instrument": "STK", "type": "MOST_ACTIVE", "location": "STK.US.MAJOR"} | change
    answer = desk.post(RUN, json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_the_synthetic_market_can_be_scanned() -> None:
    """A market of its own prices gives every stock a figure, at most 50 of them."""
    world = World.build(Scenario(seed=7))
    world.advance(timedelta(minutes=10))
    for scan_type in SCAN_TYPES.values():
        found = scan(world, scan_type, "STK.US.MAJOR", {})
        assert len(found) == min(50, len(world.listing.stocks)), scan_type.code
        figures = [figure for _, figure in found]
        assert figures == sorted(figures, reverse=not scan_type.is_ascending)
        assert len(set(figures)) > 10


def test_volumes_are_written_short() -> None:
    """Thousands, millions and billions have a letter, and no needless zeros."""
    texts = [shares_text(Decimal(volume)) for volume in (999, 1000, 1_234_567, 2 * 10**9)]
    assert texts == ["999", "1K", "1.235M", "2B"]
