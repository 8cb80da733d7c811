"""FYI: choices are kept, and there is never anything to read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.client_portal.openapi import check_answer
from tests.client_portal.portal_desk import PortalDesk

DEVICE = {"deviceName": "phone", "deviceId": "p1", "uiName": "my phone", "enabled": True}


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    """A desk."""
    with PortalDesk() as opened:
        yield opened


def test_nothing_is_unread_because_nothing_is_ever_written(desk: PortalDesk) -> None:
    """No notifications, none unread, and none to mark as read."""
    unread = desk.answer("GET", "/fyi/unreadnumber")
    assert unread == {"BN": 0}
    assert desk.answer("GET", "/fyi/notifications", params={"max": 5}) == []
    assert desk.get("/fyi/notifications", {"max": 11}).status_code == 400
    missing = desk.put("/fyi/notifications/2024")
    assert missing.status_code == 500
    check_answer("GET", "/fyi/unreadnumber", 200, unread)
    check_answer("PUT", "/fyi/notifications/{notificationID}", 500, missing.json())


def test_a_kind_of_notification_is_switched_off_and_on(desk: PortalDesk) -> None:
    """The settings tell what was chosen, of every kind there is."""
    settings = desk.answer("GET", "/fyi/settings")
    assert len(settings) == 23
    assert all(row["A"] == 1 for row in settings)
    edited = desk.answer("POST", "/fyi/settings/OE", json={"enabled": False})
    off = [row["FC"] for row in desk.answer("GET", "/fyi/settings") if row["A"] == 0]
    assert off == ["OE"]
    desk.answer("POST", "/fyi/settings/OE", json={"enabled": True})
    assert all(row["A"] == 1 for row in desk.answer("GET", "/fyi/settings"))
    assert desk.post("/fyi/settings/XX", json={"enabled": True}).status_code == 400
    assert desk.post("/fyi/settings/OE", json={"enabled": "no"}).status_code == 400
    check_answer("GET", "/fyi/settings", 200, settings)
    check_answer("POST", "/fyi/settings/{typecode}", 200, edited)


def test_a_disclaimer_is_told_and_marked_as_read(desk: PortalDesk) -> None:
    """It says that it is simulated, and the settings tell that it was read."""
    told = desk.answer("GET", "/fyi/disclaimer/BA")
    assert told["FC"] == "BA"
    assert "simulated" in told["DT"]
    read = desk.answer("PUT", "/fyi/disclaimer/BA")
    assert [row["FC"] for row in desk.answer("GET", "/fyi/settings") if row["H"]] == ["BA"]
    check_answer("GET", "/fyi/disclaimer/{typecode}", 200, told)
    check_answer("PUT", "/fyi/disclaimer/{typecode}", 200, read)


def test_delivery_is_by_mail_or_by_device(desk: PortalDesk) -> None:
    """What is chosen is told; a device that is not there cannot be removed."""
    desk.answer("PUT", "/fyi/deliveryoptions/email", params={"enabled": "true"})
    desk.answer("POST", "/fyi/deliveryoptions/device", json=DEVICE)
    options = desk.answer("GET", "/fyi/deliveryoptions")
    device = {"NM": "phone", "I": "p1", "UI": "my phone", "A": 1}
    assert options == {"E": [device], "M": 1}
    desk.answer("DELETE", "/fyi/deliveryoptions/p1")
    desk.answer("PUT", "/fyi/deliveryoptions/email", params={"enabled": "false"})
    assert desk.answer("GET", "/fyi/deliveryoptions") == {"E": [], "M": 0}
    assert desk.delete("/fyi/deliveryoptions/p1").status_code == 400
    assert desk.put("/fyi/deliveryoptions/email").status_code == 400
    bad = desk.post("/fyi/deliveryoptions/device", json=DEVICE | {"deviceId": ""})
    assert bad.status_code == 400
    assert "deviceId" in bad.json()["error"]
    check_answer("GET", "/fyi/deliveryoptions", 200, options)
