"""A username has one brokerage session: who holds it, who wants it, and who is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from brokerport.simulator.gateways.client_portal.login import Login
from tests.client_portal.portal_desk import PortalDesk


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    with PortalDesk() as desk:
        yield desk


def init(desk: PortalDesk, *, compete: bool) -> tuple[bool, bool]:
    """Open the brokerage session; return whether it is authenticated, and competes."""
    answer = desk.answer(
        "POST", "/iserver/auth/ssodh/init", json={"publish": True, "compete": compete}
    )
    return answer["authenticated"], answer["competing"]


def other_login(desk: PortalDesk, username: str = "paper") -> Login:
    """Open a further outer session of a username, as an OAuth client does."""
    login = desk.portal.token_logins[username] = desk.portal.new_login(username)
    return login


def told_statuses(desk: PortalDesk) -> list[Login]:
    """Return the logins whose streams are told from now on."""
    told: list[Login] = []
    desk.portal.streams.tell_status = (  # type: ignore[method-assign]
        lambda login: told.append(login)
    )
    return told


def test_another_device_takes_the_session(desk: PortalDesk) -> None:
    """The loser is connected, not authenticated, competing, and hears of it; orders have no way."""
    told = told_statuses(desk)
    desk.portal.compete_elsewhere()
    answer = desk.answer("POST", "/iserver/auth/status")
    assert (answer["authenticated"], answer["competing"], answer["connected"]) == (
        False,
        True,
        True,
    )
    assert told == [desk.login]
    assert desk.get("/iserver/accounts").status_code == 400


def test_who_does_not_compete_leaves_it_there(desk: PortalDesk) -> None:
    """compete false while another holds it is answered with competing, again and again."""
    desk.portal.compete_elsewhere()
    assert init(desk, compete=False) == (False, True)
    assert init(desk, compete=False) == (False, True)
    assert init(desk, compete=True) == (True, False)
    assert desk.get("/iserver/accounts").status_code == 200


def test_who_competes_takes_it_from_the_other_login(desk: PortalDesk) -> None:
    """The two logins of one username take it from each other; each loser is told."""
    other = other_login(desk)
    told = told_statuses(desk)
    assert desk.portal.sessions.open_brokerage(other, compete=False) is False
    assert (other.is_authenticated, other.is_competing) == (False, True)
    assert desk.login.is_authenticated is True

    told.clear()
    assert desk.portal.sessions.open_brokerage(other, compete=True) is True
    assert told == [desk.login, other]
    assert (desk.login.is_authenticated, desk.login.is_competing) == (False, True)

    assert init(desk, compete=True) == (True, False)
    assert (other.is_authenticated, other.is_competing) == (False, True)


def test_nobody_competes_for_a_free_session(desk: PortalDesk) -> None:
    """When the holder leaves, the one who wanted it no longer competes, and may have it."""
    other = other_login(desk)
    desk.portal.sessions.open_brokerage(other, compete=False)
    desk.answer("POST", "/logout")
    assert other.is_competing is False
    assert desk.portal.sessions.open_brokerage(other, compete=False) is True


def test_the_other_device_may_log_out(desk: PortalDesk) -> None:
    """Then nobody competes, and the session can be had without insisting."""
    desk.portal.compete_elsewhere()
    desk.portal.seat("paper").leave_elsewhere()
    assert desk.answer("POST", "/iserver/auth/status")["competing"] is False
    assert init(desk, compete=False) == (True, False)


def test_usernames_do_not_compete_with_each_other(desk: PortalDesk) -> None:
    """Each username has a brokerage session of its own."""
    other = other_login(desk, "somebody-else")
    assert desk.portal.sessions.open_brokerage(other, compete=False) is True
    assert desk.login.is_authenticated is True


def test_losing_the_session_while_somebody_waits_lets_him_have_it(desk: PortalDesk) -> None:
    """An idle holder that is dropped no longer stands in anybody's way."""
    other = other_login(desk)
    desk.portal.sessions.open_brokerage(other, compete=False)
    desk.portal.lose_brokerage_session()
    assert (desk.login.is_competing, other.is_competing) == (False, False)
    assert desk.portal.sessions.open_brokerage(other, compete=False) is True
