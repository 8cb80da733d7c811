"""Watchlists: kept for their username until they are deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.client_portal.openapi import check_answer
from tests.client_portal.portal_desk import PUT, PortalDesk

LIST = "/iserver/watchlist"
LISTS = "/iserver/watchlists"
BODY: dict[str, Any] = {"id": "1234", "name": "Wheel", "rows": [{"C": 265598}, {"H": ""}]}


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    """A primed desk."""
    with PortalDesk() as opened:
        opened.prime()
        yield opened


def test_a_watchlist_is_created_listed_told_and_deleted(desk: PortalDesk) -> None:
    """Its rows come back in their order, with what the listing says of each contract."""
    option = desk.world.listing.details(PUT).contract_id
    body = BODY | {"rows": [*BODY["rows"], {"C": str(option)}]}
    created = desk.answer("POST", LIST, json=body)
    assert (created["id"], created["name"], created["readOnly"]) == ("1234", "Wheel", False)
    everything = desk.answer("GET", LISTS, params={"SC": "USER_WATCHLIST"})
    (row,) = everything["data"]["user_lists"]
    assert (row["id"], row["name"], row["modified"]) == ("1234", "Wheel", 1767623400000)
    told = desk.answer("GET", LIST, params={"id": "1234"})
    stock, blank, put = told["instruments"]
    assert (stock["conid"], stock["C"], stock["ticker"]) == (265598, "265598", "AAPL")
    assert blank == {"H": ""}
    assert (put["conid"], put["ST"]) == (option, "OPT")
    deleted = desk.answer("DELETE", LIST, params={"id": "1234"})
    assert (deleted["data"], deleted["MID"]) == ({"deleted": "1234"}, "2")
    assert desk.answer("GET", LISTS)["data"]["user_lists"] == []
    assert desk.get(LIST, {"id": "1234"}).status_code == 500
    check_answer("POST", LIST, 200, created)
    check_answer("GET", LISTS, 200, everything)
    check_answer("GET", LIST, 200, told)
    check_answer("DELETE", LIST, 200, deleted)


def test_another_username_has_its_own_lists(desk: PortalDesk) -> None:
    """A list belongs to who made it."""
    desk.answer("POST", LIST, json=BODY)
    desk.login.username = "someone else"
    assert desk.answer("GET", LISTS)["data"]["user_lists"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x"},
        {"id": ""},
        {"name": None},
        {"rows": None},
        {"rows": [{}]},
        {"rows": [{"C": 999}]},
        {"rows": [{"C": "²"}]},
        {"rows": [{"C": 265598, "H": ""}]},
        {"rows": [[]]},
    ],
)
def test_a_bad_watchlist_is_refused_whole(desk: PortalDesk, change: dict[str, Any]) -> None:
    """Nothing is kept of it."""
    assert desk.post(LIST, json=BODY | change).status_code == 400
    assert desk.answer("GET", LISTS)["data"]["user_lists"] == []


def test_an_id_is_taken_once(desk: PortalDesk) -> None:
    """A second list of the same id is refused, the first stays."""
    desk.answer("POST", LIST, json=BODY)
    assert desk.post(LIST, json=BODY | {"name": "Other"}).status_code == 500
    assert desk.answer("GET", LIST, params={"id": "1234"})["name"] == "Wheel"
