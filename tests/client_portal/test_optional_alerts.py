"""Alerts: kept for their account, met by prices that were really there, told in IBKR's words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokerport.simulator.market.market import Bar
from tests.client_portal.openapi import check_answer
from tests.client_portal.portal_desk import AAPL, PortalDesk

ALERT = "/iserver/account/DU1000001/alert"
ALERTS = "/iserver/account/DU1000001/alerts"
HALF_A_MINUTE = timedelta(seconds=30)


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    """A primed desk; AAPL is quoted at 250.00 to 250.05."""
    with PortalDesk() as opened:
        opened.prime()
        yield opened


def price(operator: str, value: str, bind: str = "n", conid: int = 265598) -> dict[str, Any]:
    """Return a price condition, on AAPL unless said otherwise."""
    return {
        "type": 1,
        "conidex": f"{conid}@SMART",
        "operator": operator,
        "triggerMethod": "0",
        "value": value,
        "logicBind": bind,
    }


def ticket(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a body that creates an alert."""
    return {
        "alertName": "AAPL low",
        "alertMessage": "look",
        "alertRepeatable": 0,
        "outsideRth": 0,
        "tif": "GTC",
        "conditions": list(conditions),
        **more,
    }


def create(desk: PortalDesk, *conditions: dict[str, Any], **more: Any) -> int:
    """Create an alert and return its id."""
    answer = desk.answer("POST", ALERT, json=ticket(*conditions, **more))
    assert answer["success"] is True
    return int(answer["order_id"])


def tell(desk: PortalDesk, alert_id: int) -> Any:
    """Return an alert's details."""
    path = f"/iserver/account/alert/{alert_id}"
    return desk.answer("GET", path, params={"type": "Q"})


def test_an_alert_is_kept_listed_and_told(desk: PortalDesk) -> None:
    """What was asked for is what is told, for its own account only."""
    alert_id = create(desk, price("<=", "240"), email="a@example.com", sendMessage=1)
    (row,) = desk.answer("GET", ALERTS)
    assert (row["order_id"], row["alert_name"], row["alert_active"]) == (alert_id, "AAPL low", 1)
    assert (row["order_time"], row["alert_triggered"]) == ("20260105-14:30:00", False)
    assert desk.answer("GET", "/iserver/account/DU1000002/alerts") == []
    details = tell(desk, alert_id)
    assert (details["alert_email"], details["alert_send_message"]) == ("a@example.com", 1)
    (condition,) = details["conditions"]
    assert (condition["conidex"], condition["condition_operator"]) == ("265598@SMART", "<=")
    assert condition["condition_value"] == "240"
    check_answer("GET", "/iserver/account/{accountId}/alerts", 200, [row])
    check_answer("GET", "/iserver/account/alert/{alertId}", 200, details)


def test_an_alert_is_met_by_the_price_once(desk: PortalDesk) -> None:
    """It triggers when the price is there, and is then inactive unless it may repeat."""
    once = create(desk, price("<=", "240"))
    again = create(desk, price("<=", "240"), alertRepeatable=1)
    desk.pass_time()
    assert tell(desk, once)["alert_triggered"] is False
    desk.show(AAPL, "239.00", "239.10")
    desk.pass_time()
    for alert_id, is_active in ((once, 0), (again, 1)):
        details = tell(desk, alert_id)
        assert (details["alert_triggered"], details["alert_active"]) == (True, is_active)


def test_a_price_between_two_looks_counts(desk: PortalDesk) -> None:
    """A bar that reached the price triggers, one from before the alert was made does not."""
    desk.pass_time(HALF_A_MINUTE)
    alert_id = create(desk, price(">=", "255"))
    start = desk.world.clock.now() - HALF_A_MINUTE
    desk.market.set_bars(AAPL, 60, [_bar(start, "300")])
    desk.pass_time(timedelta(minutes=5))
    assert tell(desk, alert_id)["alert_triggered"] is False
    desk.market.set_bars(AAPL, 60, [_bar(start + timedelta(minutes=6), "256")])
    desk.pass_time(timedelta(minutes=5))
    assert tell(desk, alert_id)["alert_triggered"] is True


def _bar(begins_at: datetime, high: str) -> Bar:
    low = Decimal(250)
    return Bar(begins_at, low, Decimal(high), low, low, Decimal(100), 1, low)


@pytest.mark.parametrize(
    ("bind", "second", "is_met"),
    [("a", "390", False), ("o", "390", True), ("a", "410", True)],
)
def test_conditions_are_joined(desk: PortalDesk, bind: str, second: str, is_met: bool) -> None:
    """And needs both, or needs one."""
    microsoft = 272093
    alert_id = create(desk, price(">=", "250", bind), price("<=", second, conid=microsoft))
    desk.pass_time()
    assert tell(desk, alert_id)["alert_triggered"] is is_met


def test_an_inactive_alert_watches_nothing(desk: PortalDesk) -> None:
    """What happens while it is off does not count when it is switched on again."""
    alert_id = create(desk, price("<=", "240"))
    body = {"alertId": alert_id, "alertActive": 0}
    answer = desk.answer("POST", f"{ALERT}/activate", json=body)
    desk.show(AAPL, "239.00", "239.10")
    desk.pass_time()
    assert tell(desk, alert_id)["alert_triggered"] is False
    desk.show(AAPL, "250.00", "250.05")
    desk.answer("POST", f"{ALERT}/activate", json=body | {"alertActive": 1})
    desk.pass_time()
    details = tell(desk, alert_id)
    assert (details["alert_triggered"], details["alert_active"]) == (False, 1)
    check_answer("POST", "/iserver/account/{accountId}/alert/activate", 200, answer)


def test_an_alert_ends_at_its_time(desk: PortalDesk) -> None:
    """Good till a date: afterwards it is inactive, whatever the price."""
    alert_id = create(desk, price("<=", "240"), tif="GTD", expireTime="20260105-14:31:00")
    assert tell(desk, alert_id)["expire_time"] == "20260105-14:31:00"
    desk.pass_time(timedelta(minutes=2))
    assert tell(desk, alert_id)["alert_active"] == 0


def test_an_alert_is_modified_in_place_but_keeps_its_name(desk: PortalDesk) -> None:
    """The id stays; another name is refused and changes nothing."""
    alert_id = create(desk, price("<=", "240"))
    body = ticket(price("<=", "230"), orderId=str(alert_id))
    modified = desk.answer("POST", ALERT, json=body)
    assert modified["order_id"] == alert_id
    refused = desk.post(ALERT, json=body | {"alertName": "other"})
    assert (refused.status_code, refused.json()["error"]) == (500, "Alert name cannot be modified")
    assert tell(desk, alert_id)["conditions"][0]["condition_value"] == "230"
    assert len(desk.answer("GET", ALERTS)) == 1
    check_answer("POST", "/iserver/account/{accountId}/alert", 200, modified)


def test_an_alert_is_deleted_once(desk: PortalDesk) -> None:
    """A deleted alert is gone, and deleting it again or from another account is refused."""
    alert_id = create(desk, price("<=", "240"))
    other = desk.delete(f"/iserver/account/DU1000002/alert/{alert_id}")
    assert other.status_code == 500
    answer = desk.answer("DELETE", f"{ALERT}/{alert_id}")
    assert desk.answer("GET", ALERTS) == []
    again = desk.delete(f"{ALERT}/{alert_id}")
    assert again.json()["error"] == f"failed to delete alert: Alert {alert_id} doesn't exist"
    check_answer("DELETE", "/iserver/account/{accountId}/alert/{alertId}", 200, answer)


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"conditions": []}, 400, "conditions"),
        ({"conditions": [price("<=", "240") | {"type": 8}]}, 500, "Condition #1"),
        ({"conditions": [price("=", "240")]}, 500, "operator"),
        ({"conditions": [price("<=", "abc")]}, 500, "can't recognize value [abc]"),
        ({"conditions": [price("<=", "240", conid=999)]}, 500, "contract"),
        ({"conditions": [None]}, 500, "Condition #1"),
        ({"tif": "DAY"}, 400, "tif"),
        ({"tif": "GTD"}, 400, "expireTime"),
        ({"tif": "GTD", "expireTime": "tomorrow"}, 400, "expireTime"),
        ({"alertName": ""}, 400, "alertName"),
        ({"alertRepeatable": 2}, 400, "alertRepeatable"),
        ({"orderId": 77}, 500, "77"),
    ],
)
def test_what_makes_no_sense_is_refused(
    desk: PortalDesk, change: dict[str, Any], status: int, words: str
) -> None:
    """The error names what is wrong, and nothing is kept."""
    answer = desk.post(ALERT, json=ticket(price("<=", "240")) | change)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert desk.answer("GET", ALERTS) == []
    check_answer("POST", "/iserver/account/{accountId}/alert", status, answer.json())


def test_the_assistants_alert_is_there_and_cannot_be_removed(desk: PortalDesk) -> None:
    """Each username has one; deleting resets it under a new id, its tool id stays."""
    first = desk.answer("GET", "/iserver/account/mta")
    body = {"alertId": first["order_id"], "alertActive": 0}
    desk.answer("POST", f"{ALERT}/activate", json=body)
    assert desk.answer("GET", "/iserver/account/mta")["alert_active"] == 0
    desk.answer("DELETE", f"{ALERT}/{first['order_id']}")
    second = desk.answer("GET", "/iserver/account/mta")
    assert second["order_id"] != first["order_id"]
    assert (second["tool_id"], second["alert_active"]) == (first["tool_id"], 1)
    check_answer("GET", "/iserver/account/mta", 200, first)
