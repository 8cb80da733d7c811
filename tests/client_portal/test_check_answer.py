"""The check of answers against IBKR's description catches what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client_portal.openapi import check_answer, needs_description, undescribed_keys

pytestmark = needs_description


@pytest.mark.parametrize(
    ("method", "template", "status", "body"),
    [
        ("POST", "/logout", 200, {"status": True}),
        ("GET", "/portfolio/accounts", 200, [{"accountAlias": None, "accountId": "DU1"}]),
        ("POST", "/tickle", 200, {"session": "a", "iserver": {"authStatus": {"message": ""}}}),
        ("DELETE", "/iserver/account/{a}/order/{o}", 200, {"msg": "Request was submitted"}),
        ("POST", "/tickle", 401, {"error": "not authenticated", "statusCode": 401}),
        ("GET", "/iserver/accounts", 503, {"error": "timeout", "statusCode": 503}),
        ("GET", "/tickle", 200, {"session": "a"}),
    ],
)
def test_takes_what_is_described(method: str, template: str, status: int, body: Any) -> None:
    """Answers as described, and with the differences that are listed, pass."""
    check_answer(method, template, status, body)


@pytest.mark.parametrize(
    ("method", "template", "status", "body", "complaint"),
    [
        ("POST", "/logout", 200, {"status": "yes"}, "status: 'yes' is not of type 'boolean'"),
        ("GET", "/portfolio/accounts", 200, [{"accountId": None}], "0/accountId: None"),
        ("GET", "/portfolio/accounts", 200, {"accountId": "DU1"}, "is not of type 'array'"),
        ("GET", "/portfolio/accounts", 200, [{"currency": "EUR"}], "is not one of"),
        ("POST", "/logout", 200, {"state": True}, "none of"),
        ("POST", "/logout", 418, {"status": True}, "is not described"),
        ("POST", "/tickle", 401, {"message": "no"}, "is a required property"),
        ("POST", "/tickle", 429, {"error": "x", "statusCode": 400}, "status 429 is not"),
        ("GET", "/no/such/path", 200, {}, "described nowhere"),
        ("GET", "/iserver/accounts", 503, {"error": 1, "statusCode": 503}, "error: 1 is not"),
    ],
)
def test_refuses_what_is_not(
    method: str, template: str, status: int, body: Any, complaint: str
) -> None:
    """A wrong type, an unknown status, an unknown path and a body without a known key fail."""
    with pytest.raises(AssertionError, match=complaint):
        check_answer(method, template, status, body)


def test_names_keys_that_nobody_described() -> None:
    """A misspelt key is found, which the schema alone would allow."""
    assert undescribed_keys("POST", "/logout", 200, {"status": True}) == set()
    assert undescribed_keys("POST", "/logout", 200, {"stauts": True}) == {"stauts"}
