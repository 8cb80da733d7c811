"""How sessions live and end: idleness, a day, midnight, logging out and in again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.client_portal.openapi import check_answer
from tests.client_portal.portal_desk import PortalDesk


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    with PortalDesk() as desk:
        yield desk


def status(desk: PortalDesk) -> tuple[bool, bool, bool]:
    """Return whether the session is authenticated, connected and competing."""
    answer = desk.answer("POST", "/iserver/auth/status")
    return answer["authenticated"], answer["connected"], answer["competing"]


def reopen(desk: PortalDesk, **more: bool) -> dict[str, bool]:
    answer: dict[str, bool] = desk.answer(
        "POST", "/iserver/auth/ssodh/init", json={"publish": True, **more}
    )
    return answer


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_tickle_gives_the_session_and_its_state(desk: PortalDesk, method: str) -> None:
    """Both methods answer with the session id that a WebSocket shows, and the status."""
    answer = desk.answer(method, "/tickle")
    assert answer["session"] == desk.login.session_id
    assert answer["hmds"] == {"error": "no bridge"}
    assert answer["iserver"]["authStatus"] == desk.answer(method, "/iserver/auth/status")
    assert answer["ssoExpires"] == 86_400_000
    desk.pass_seconds(60)
    assert desk.answer(method, "/tickle")["ssoExpires"] == 86_340_000


def test_six_idle_minutes_lose_the_brokerage_session_only(desk: PortalDesk) -> None:
    """The outer session still answers; /iserver has no bridge until ssodh/init."""
    desk.prime()
    desk.pass_seconds(359)
    assert status(desk) == (True, True, False)
    desk.pass_seconds(360)
    assert status(desk) == (False, True, False)
    refused = desk.get("/iserver/accounts")
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": "Bad Request: no bridge", "statusCode": 400},
    )
    assert desk.get("/portfolio/accounts").status_code == 200
    assert reopen(desk)["authenticated"] is True
    assert desk.get("/iserver/accounts").status_code == 200


def test_tickling_keeps_the_brokerage_session(desk: PortalDesk) -> None:
    """A tickle a minute is enough, whatever the world's clock does."""
    for _ in range(30):
        desk.pass_seconds(60)
        assert desk.answer("POST", "/tickle")["iserver"]["authStatus"]["authenticated"] is True


def test_a_refused_request_keeps_nothing_alive() -> None:
    """What pacing turns away never reached the session."""
    with PortalDesk(enforces_pacing=True) as desk:
        assert desk.post("/tickle").status_code == 200
        desk.pass_seconds(359.5)
        assert desk.get("/portfolio/accounts").status_code == 200
        desk.pass_seconds(4)
        assert desk.get("/portfolio/accounts").status_code == 429
        desk.pass_seconds(356.5)
        assert desk.get("/iserver/accounts").status_code == 400


def test_a_new_brokerage_session_must_be_primed_again(desk: PortalDesk) -> None:
    """What the old one knew (/accounts, suppressions, subscriptions) is forgotten."""
    desk.prime()
    desk.answer("POST", "/iserver/questions/suppress", json={"messageIds": ["o163"]})
    desk.login.primed.add("orders")
    desk.login.snapshot_fields[265598] = {"31"}
    desk.portal.lose_brokerage_session()
    reopen(desk)
    login = desk.login
    assert (login.has_queried_accounts, login.suppressed, login.primed) == (False, set(), set())
    assert login.snapshot_fields == {}
    assert login.has_queried_portfolio is True


def test_a_day_ends_the_outer_session_until_somebody_logs_in(desk: PortalDesk) -> None:
    """After 24 hours everything is 401, whatever tickles; the login page opens a new session."""
    first = desk.login.session_id
    for _ in range(24 * 12):
        assert desk.answer("POST", "/tickle")["session"] == first
        desk.pass_seconds(300)
    for method, path in [("POST", "/tickle"), ("GET", "/portfolio/accounts")]:
        refused = desk.request(method, path)
        assert refused.status_code == 401
        assert refused.json() == {"error": "not authenticated", "statusCode": 401}
    assert "<button>" in desk.get("https://localhost/sso/Login").text
    assert "Client login succeeds" in desk.post("https://localhost/sso/Login").text
    assert status(desk) == (True, True, False)
    assert desk.answer("POST", "/tickle")["session"] != first


def test_the_root_leads_to_the_login_page(desk: PortalDesk) -> None:
    """A browser that opens the gateway's address finds the way."""
    answer = desk.get("https://localhost/")
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (302, "/sso/Login")


def test_logging_out_ends_both_sessions(desk: PortalDesk) -> None:
    """After a logout nothing is authenticated, ssodh/init included; logging in again helps."""
    assert desk.answer("POST", "/logout") == {"status": True}
    assert desk.post("/logout").status_code == 401
    assert desk.post("/iserver/auth/ssodh/init", {"publish": True}).status_code == 401
    desk.portal.log_in()
    assert desk.get("/iserver/accounts").status_code == 200


def test_nobody_is_logged_in_at_the_start_if_so_set() -> None:
    """A gateway without a login answers 401 until somebody presses the button."""
    with PortalDesk(is_logged_in=False) as desk:
        assert desk.post("/tickle").status_code == 401
        desk.post("https://localhost/sso/Login")
        assert status(desk) == (True, True, False)


def test_midnight_in_new_york_resets_the_brokerage_session(desk: PortalDesk) -> None:
    """It is the world's midnight that counts; a session opened after it lives on."""
    desk.world.advance_to(datetime(2026, 1, 6, 4, 59, 59, tzinfo=UTC))
    assert status(desk) == (True, True, False)
    desk.world.advance_to(datetime(2026, 1, 6, 5, 0, tzinfo=UTC))
    assert status(desk) == (False, True, False)
    assert reopen(desk)["authenticated"] is True
    desk.world.advance(timedelta(hours=12))
    assert status(desk) == (True, True, False)


def test_streams_hear_of_midnight_when_trading_opens(desk: PortalDesk) -> None:
    """Nobody has to ask: the next session of trading makes the gateway look."""
    told = tell_statuses(desk)
    desk.world.advance_to(datetime(2026, 1, 6, 14, 30, tzinfo=UTC))
    assert told == [(False, False)]


def test_a_lost_session_is_told_once(desk: PortalDesk) -> None:
    """Losing what is lost already says nothing more; opening it again does."""
    told = tell_statuses(desk)
    desk.portal.lose_brokerage_session()
    desk.portal.lose_brokerage_session()
    assert told == [(False, False)]
    reopen(desk)
    reopen(desk)
    assert told == [(False, False), (True, False)]


def test_reauthenticate_opens_the_session_and_says_little(desk: PortalDesk) -> None:
    """The deprecated way answers "triggered", and does what it says."""
    desk.portal.lose_brokerage_session()
    assert desk.answer("POST", "/iserver/reauthenticate") == {"message": "triggered"}
    assert status(desk) == (True, True, False)


@pytest.mark.parametrize("body", [None, {}, {"publish": False}, {"compete": True}])
def test_a_session_that_is_not_published_is_not_opened(desk: PortalDesk, body: object) -> None:
    """IBKR answers 500, and nothing has changed."""
    desk.portal.lose_brokerage_session()
    refused = desk.post("/iserver/auth/ssodh/init", body)
    assert refused.status_code == 500
    assert "publish" in refused.json()["error"]
    assert status(desk) == (False, True, False)


def test_flags_must_be_booleans(desk: PortalDesk) -> None:
    """A text is not a flag, whatever it says."""
    refused = desk.post("/iserver/auth/ssodh/init", {"publish": True, "compete": "false"})
    assert (refused.status_code, refused.json()["error"]) == (
        400,
        "Bad Request: compete must be true or false",
    )


def test_validate_tells_of_the_outer_session(desk: PortalDesk) -> None:
    """Times are the world's; what is left of the day is the wall's."""
    desk.pass_seconds(100)
    answer = desk.answer("GET", "/sso/validate")
    assert (answer["USER_NAME"], answer["RESULT"], answer["EXPIRES"]) == ("paper", True, 86_300_000)
    assert answer["AUTH_TIME"] == int(datetime(2026, 1, 5, 14, 30, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/tickle", None),
        ("POST", "/iserver/auth/status", None),
        ("POST", "/iserver/auth/ssodh/init", {"publish": True, "compete": True}),
        ("POST", "/iserver/auth/ssodh/init", {"publish": False}),
        ("GET", "/sso/validate", None),
        ("POST", "/logout", None),
    ],
)
@pytest.mark.parametrize("is_lost", [False, True])
def test_answers_are_as_described(
    desk: PortalDesk, method: str, path: str, body: object, is_lost: bool
) -> None:
    """IBKR's description agrees, with and without a brokerage session."""
    if is_lost:
        desk.portal.lose_brokerage_session()
    answer = desk.request(method, path, json=body)
    check_answer(method, path, answer.status_code, answer.json())


def tell_statuses(desk: PortalDesk) -> list[tuple[bool, bool]]:
    """Return what streams are told from now on: authenticated, competing."""
    told: list[tuple[bool, bool]] = []
    desk.portal.streams.tell_status = (  # type: ignore[method-assign]
        lambda login: told.append((login.is_authenticated, login.is_competing))
    )
    return told
