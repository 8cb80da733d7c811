"""The accounts of a login: which there are, which is selected, and what must be asked first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.money import usd
from brokerport.simulator.brokerage.accounts import AccountSetup
from tests.client_portal.openapi import check_answer, needs_description, undescribed_keys
from tests.client_portal.portal_desk import GEN, REV, PortalDesk

IDS = [GEN.account_id, REV.account_id]


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    with PortalDesk() as desk:
        yield desk


def test_lists_the_accounts_that_trade(desk: PortalDesk) -> None:
    """The first is selected; each has properties and an alias; it is a paper login."""
    answer = desk.answer("GET", "/iserver/accounts")
    assert answer["accounts"] == IDS
    assert list(answer["acctProps"]) == IDS
    assert answer["selectedAccount"] == GEN.account_id
    assert answer["sessionId"] == desk.login.session_id
    assert answer["isPaper"] is True


@pytest.mark.parametrize("path", ["/portfolio/accounts", "/portfolio/subaccounts"])
def test_lists_the_accounts_that_can_be_looked_at(desk: PortalDesk, path: str) -> None:
    """One row for each, by both names."""
    rows = desk.answer("GET", path)
    assert [row["accountId"] for row in rows] == IDS
    assert desk.login.has_queried_portfolio is True


def test_portfolio_accounts_need_no_brokerage_session(desk: PortalDesk) -> None:
    """The outer session is enough; the row says that trading is not."""
    desk.portal.lose_brokerage_session()
    rows = desk.answer("GET", "/portfolio/accounts")
    assert [row["brokerageAccess"] for row in rows] == [False, False]


def test_selects_an_account(desk: PortalDesk) -> None:
    """The answer says what was done; what was primed for the other account is not any more."""
    desk.login.primed.add("orders")
    body = {"acctId": GEN.account_id}
    assert desk.answer("POST", "/iserver/account", json=body) == {"success": "Account already set"}
    assert desk.login.primed == {"orders"}
    body = {"acctId": REV.account_id}
    answer = desk.answer("POST", "/iserver/account", json=body)
    assert answer == {"set": True, "acctId": REV.account_id}
    assert desk.answer("GET", "/iserver/accounts")["selectedAccount"] == REV.account_id
    assert desk.login.primed == set()


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"acctId": "DU9"}, 500, "Invalid account ID"),
        ({"acctId": ""}, 400, "acctId"),
        ({"acctId": 7}, 400, "acctId"),
        ({}, 400, "acctId"),
        ([], 400, "JSON object"),
        (None, 400, "JSON object"),
    ],
)
def test_no_other_account_can_be_selected(
    desk: PortalDesk, body: object, status: int, error: str
) -> None:
    """An unknown account is refused in IBKR's words, and the selected one stays."""
    refused = desk.post("/iserver/account", body)
    assert refused.status_code == status
    assert error in refused.json()["error"]
    assert desk.login.selected_account == GEN


def test_pages_of_accounts_hold_twenty() -> None:
    """45 accounts are three pages, the last of them short, and the fourth empty."""
    setups = tuple(
        AccountSetup(BrokerAccount(f"DU{number:07d}"), usd(1_000)) for number in range(45)
    )
    with PortalDesk(accounts=setups) as desk:
        pages = [
            desk.answer("GET", "/portfolio/subaccounts2", params={"page": page})
            for page in range(4)
        ]
        assert [len(page["subaccounts"]) for page in pages] == [20, 20, 5, 0]
        assert pages[2]["metadata"] == {"total": 45, "pageSize": 20, "pageNum": 2}
        found = [row["accountId"] for page in pages for row in page["subaccounts"]]
        assert found == [setup.account_id.account_id for setup in setups]
        assert desk.get("/portfolio/subaccounts2", {"page": "-1"}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/iserver/dynaccount"), ("GET", "/iserver/account/search/DU")]
)
def test_no_account_is_dynamic(desk: PortalDesk, method: str, path: str) -> None:
    """IBKR answers 503 to a user without the property DYNACCT."""
    answer = desk.request(method, path, json={"acctId": GEN.account_id})
    assert answer.status_code == 503
    assert "currently unavailable" in answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/iserver/accounts", None),
        ("GET", "/portfolio/accounts", None),
        ("GET", "/portfolio/subaccounts", None),
        ("POST", "/iserver/account", {"acctId": REV.account_id}),
        ("POST", "/iserver/account", {"acctId": GEN.account_id}),
        ("POST", "/iserver/account", {"acctId": "DU9"}),
        ("POST", "/iserver/dynaccount", {"acctId": GEN.account_id}),
    ],
)
def test_answers_are_as_described(desk: PortalDesk, method: str, path: str, body: object) -> None:
    """IBKR's description agrees with every answer."""
    answer = desk.request(method, path, json=body)
    check_answer(method, path, answer.status_code, answer.json())


@needs_description
@pytest.mark.parametrize("path", ["/iserver/accounts", "/portfolio/accounts"])
def test_no_key_is_of_our_own_making(desk: PortalDesk, path: str) -> None:
    """Every key is one that IBKR names, in its schema or its example."""
    known = {*IDS, "U1234567"}
    assert undescribed_keys("GET", path, 200, desk.answer("GET", path)) - known == set()
