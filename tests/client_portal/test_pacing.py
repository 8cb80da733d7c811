"""The pacing table is enforced, violations are counted, and too many lead into the penalty box."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import httpx
import pytest

from brokerport.simulator.gateways.client_portal.endpoints import endpoint_table
from brokerport.simulator.gateways.client_portal.pacing import GATEWAY, LIMITS, PENALTY_BOX
from tests.client_portal.portal_desk import PortalDesk

TOO_MANY = {"error": "Too Many Requests", "statusCode": 429}
FREE = "/iserver/auth/status"


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    with PortalDesk(enforces_pacing=True, penalty_after=1_000) as desk:
        yield desk


def statuses(desk: PortalDesk, count: int, path: str = FREE) -> list[int]:
    return [desk.get(path).status_code for _ in range(count)]


def test_the_gateway_passes_ten_requests_a_second(desk: PortalDesk) -> None:
    """The eleventh is refused in IBKR's shape; the window slides, and takes no refused ones."""
    assert statuses(desk, 5) == [200] * 5
    desk.pass_seconds(0.5)
    assert statuses(desk, 5) == [200] * 5
    refused = desk.get(FREE)
    assert (refused.status_code, refused.json()) == (429, TOO_MANY)
    desk.pass_seconds(0.5)
    assert statuses(desk, 6) == [200] * 5 + [429]
    desk.pass_seconds(0.5)
    assert statuses(desk, 6) == [200] * 5 + [429]
    assert desk.portal.pacing.violations == {GATEWAY: 3}


def test_an_address_has_a_budget_of_its_own(desk: PortalDesk) -> None:
    """The budget belongs to the address, not to the connection or the program."""
    assert statuses(desk, 11)[-1] == 429
    other = desk.new_client("127.0.0.2")
    again = desk.new_client("127.0.0.1")
    assert desk.run(other.get(FREE)).status_code == 200
    assert desk.run(again.get(FREE)).status_code == 429
    desk.run(other.aclose())
    desk.run(again.aclose())


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/portfolio/accounts", "portfolio accounts"),
        ("GET", "/portfolio/subaccounts", "portfolio subaccounts"),
        ("GET", "/iserver/account/orders", "orders"),
        ("GET", "/iserver/account/trades", "trades"),
        ("GET", "/iserver/account/pnl/partitioned", "pnl"),
        ("POST", "/tickle", "tickle"),
        ("GET", "/sso/validate", "sso validate"),
    ],
)
def test_an_endpoint_has_a_limit_of_its_own(
    desk: PortalDesk, method: str, path: str, name: str
) -> None:
    """One is answered, the next is refused until the seconds of the table are over."""
    desk.get("/iserver/accounts")
    assert desk.request(method, path).status_code == 200
    desk.pass_seconds(LIMITS[name].seconds - 0.001)
    assert desk.request(method, path).status_code == 429
    desk.pass_seconds(0.001)
    desk.portal.sessions.touch(desk.login)
    assert desk.request(method, path).status_code == 200
    assert desk.portal.pacing.violations == {name: 1}


def test_the_table_is_ibkrs() -> None:
    """Requests and seconds as IBKR publishes them."""
    table = {name: (limit.requests, limit.seconds) for name, limit in LIMITS.items()}
    assert table == {
        "gateway": (10, 1),
        "username": (50, 1),
        "orders": (1, 5),
        "trades": (1, 5),
        "pnl": (1, 5),
        "portfolio accounts": (1, 5),
        "portfolio subaccounts": (1, 5),
        "tickle": (1, 1),
        "fyi": (1, 1),
        "scanner run": (1, 1),
        "scanner params": (1, 900),
        "pa performance": (1, 900),
        "pa summary": (1, 900),
        "pa transactions": (1, 900),
        "snapshot": (10, 1),
        "history": (5, 0),
        "sso validate": (1, 60),
    }


def test_limited_endpoints_name_their_limit() -> None:
    """Every endpoint that IBKR limits is limited here, and every limit named exists."""
    named = {endpoint.path: endpoint.limit for endpoint in endpoint_table()}
    assert {limit for limit in named.values() if limit is not None} <= set(LIMITS)
    wanted = {
        "/iserver/account/orders": "orders",
        "/iserver/account/trades": "trades",
        "/iserver/account/pnl/partitioned": "pnl",
        "/portfolio/accounts": "portfolio accounts",
        "/portfolio/subaccounts": "portfolio subaccounts",
        "/tickle": "tickle",
        "/sso/validate": "sso validate",
        "/iserver/marketdata/snapshot": "snapshot",
        "/iserver/marketdata/history": "history",
        "/iserver/scanner/params": "scanner params",
        "/iserver/scanner/run": "scanner run",
        "/pa/performance": "pa performance",
        "/pa/transactions": "pa transactions",
    }
    assert {path: named.get(path) for path in wanted} == wanted
    unlimited = {path for path in named if path.startswith("/fyi/") and named[path] != "fyi"}
    assert unlimited == set()


def test_five_histories_may_be_under_way() -> None:
    """The sixth at one time is refused; when they are done the next may come."""
    with PortalDesk(enforces_pacing=True, history_seconds=0.01) as desk:
        desk.prime()

        async def ask(answers: list[httpx.Response]) -> None:
            answers.append(
                await desk.client.get(
                    "/iserver/marketdata/history",
                    params={"conid": "1", "period": "1d", "bar": "1min"},
                )
            )

        async def ask_together(count: int) -> list[int]:
            answers: list[httpx.Response] = []
            async with anyio.create_task_group() as group:
                for _ in range(count):
                    group.start_soon(ask, answers)
            return sorted(answer.status_code for answer in answers)

        desk.pass_seconds(1)
        first = desk.run(ask_together(6))
        assert (first.count(429), len(first)) == (1, 6)
        assert desk.portal.pacing.violations == {"history": 1}
        desk.pass_seconds(1)
        assert 429 not in desk.run(ask_together(5))


def test_too_many_violations_lead_into_the_penalty_box() -> None:
    """Ten within a minute: everything of that address is refused, for ten minutes."""
    with PortalDesk(enforces_pacing=True) as desk:
        assert statuses(desk, 20) == [200] * 10 + [429] * 10
        desk.pass_seconds(599)
        assert desk.get(FREE).status_code == 429
        assert desk.post("/tickle").status_code == 429
        assert desk.portal.pacing.violations == {GATEWAY: 10, PENALTY_BOX: 2}
        other = desk.new_client("127.0.0.2")
        assert desk.run(other.get(FREE)).status_code == 200
        desk.run(other.aclose())
        desk.pass_seconds(1)
        assert desk.get(FREE).status_code == 200


def test_old_violations_are_forgiven() -> None:
    """Nine, and nine more after a minute, do not lead into the box."""
    with PortalDesk(enforces_pacing=True) as desk:
        assert statuses(desk, 19).count(429) == 9
        desk.pass_seconds(60)
        assert statuses(desk, 19).count(429) == 9
        assert desk.portal.pacing.is_boxed("127.0.0.1", desk.clock()) is False


def test_a_user_with_a_token_has_fifty_a_second(desk: PortalDesk) -> None:
    """With OAuth the budget is the username's, whatever the address."""
    pacing = desk.portal.pacing
    asked = [
        pacing.admits(f"127.0.0.{number}", None, 0.0, username="somebody") for number in range(51)
    ]
    assert asked == [True] * 50 + [False]
    assert pacing.violations == {"username": 1}


def test_who_is_not_logged_in_is_counted_too() -> None:
    """A client that hammers the gateway without a session ends in the box like any other."""
    with PortalDesk(enforces_pacing=True, is_logged_in=False) as desk:
        assert statuses(desk, 21) == [401] * 10 + [429] * 11
        assert desk.portal.pacing.is_boxed("127.0.0.1", desk.clock()) is True


def test_pacing_can_be_left_out() -> None:
    """Nothing is refused and nothing counted."""
    with PortalDesk() as desk:
        assert statuses(desk, 200) == [200] * 200
        assert desk.portal.pacing.violations == {}
