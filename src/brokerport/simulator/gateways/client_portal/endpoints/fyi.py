"""FYI endpoints: which notifications a username wants, and how; there are none to read.

The simulated broker writes no notifications, so that nothing is ever unread. What is chosen is kept
for the username. The disclaimers are this program's own words, not IBKR's. ``T`` is how long an
edit took, in milliseconds of the world's time, which stands still meanwhile: 0.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from attrs import define, field

from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint, Tier
from brokerport.simulator.gateways.client_portal.errors import bad_request, server_error
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal

TYPE_CODES = {
    "BA": "Borrow Availability",
    "CA": "Comparable Algo",
    "DA": "Dividends Advisory",
    "EA": "Upcoming Earnings",
    "MF": "Mutual Fund Advisory",
    "OE": "Option Expiration",
    "PR": "Portfolio Builder Rebalance",
    "SE": "Suspend Order on Economic Event",
    "SG": "Short Term Gain turning Long Term",
    "SM": "System Messages",
    "T2": "Assignment Realizing Long-Term Gains",
    "TO": "Takeover",
    "UA": "User Alert",
    "M8": "M871 Trades",
    "PS": "Platform Use Suggestions",
    "DL": "Unexercised Option Loss Prevention Reminder",
    "PT": "Position Transfer",
    "CB": "Missing Cost Basis",
    "MS": "Milestones",
    "TD": "MiFID || 10% Deprecation Notice",
    "ST": "Save Taxes",
    "TI": "Trade Idea",
    "CT": "Cash Transfer",
}
_EDITED = {"V": 1, "T": 0}
NOTIFICATIONS_MAX = 10


@define(eq=False)
class FyiChoices:
    """What one username has chosen; ``disabled`` and ``read_disclaimers`` hold type codes."""

    disabled: set[str] = field(factory=set)
    read_disclaimers: set[str] = field(factory=set)
    by_email: bool = False
    devices: dict[str, dict[str, Any]] = field(factory=dict)


class FyiDesk:
    """The choices of every username."""

    def __init__(self, _portal: ServedPortal) -> None:
        self.choices: dict[str, FyiChoices] = defaultdict(FyiChoices)


def _unread(_call: Call) -> dict[str, int]:
    return {"BN": 0}


def _settings(call: Call) -> list[dict[str, Any]]:
    choices = _choices(call)
    return [
        {
            "FC": code,
            "H": int(code in choices.read_disclaimers),
            "A": int(code not in choices.disabled),
            "FD": f"Notify me of: {name}.",
            "FN": name,
        }
        for code, name in TYPE_CODES.items()
    ]


def _set(call: Call) -> dict[str, int]:
    code, enabled = _code(call), call.body_mapping().get("enabled")
    if not isinstance(enabled, bool):
        raise bad_request("Bad Request: enabled must be true or false")
    if enabled:
        _choices(call).disabled.discard(code)
    else:
        _choices(call).disabled.add(code)
    return _EDITED


def _disclaimer(call: Call) -> dict[str, str]:
    code = _code(call)
    text = f"A simulated notice ({TYPE_CODES[code]}) by brokerport; it recommends nothing."
    return {"FC": code, "DT": text}


def _read_disclaimer(call: Call) -> dict[str, int]:
    _choices(call).read_disclaimers.add(_code(call))
    return _EDITED


def _delivery(call: Call) -> dict[str, Any]:
    choices = _choices(call)
    return {"E": list(choices.devices.values()), "M": int(choices.by_email)}


def _by_email(call: Call) -> dict[str, int]:
    wanted = call.query.get("enabled", "").lower()
    if wanted not in ("true", "false"):
        raise bad_request("Bad Request: enabled must be true or false")
    _choices(call).by_email = wanted == "true"
    return _EDITED


def _set_device(call: Call) -> dict[str, int]:
    body = call.body_mapping()
    names = {name: body.get(name) for name in ("deviceName", "deviceId", "uiName")}
    for name, value in names.items():
        if not isinstance(value, str) or not value:
            raise bad_request(f"Bad Request: {name} is required")
    enabled = body.get("enabled")
    if not isinstance(enabled, bool):
        raise bad_request("Bad Request: enabled must be true or false")
    _choices(call).devices[str(names["deviceId"])] = {
        "NM": names["deviceName"],
        "I": names["deviceId"],
        "UI": names["uiName"],
        "A": int(enabled),
    }
    return _EDITED


def _delete_device(call: Call) -> dict[str, int]:
    if _choices(call).devices.pop(call.path["deviceId"], None) is None:
        raise bad_request("Bad Request: no such device")
    return _EDITED


def _notifications(call: Call) -> list[dict[str, Any]]:
    call.integer("max", NOTIFICATIONS_MAX, 1, NOTIFICATIONS_MAX)
    return []


def _read_notification(call: Call) -> dict[str, Any]:
    raise server_error(f"no such notification: {call.path['notificationID']}")


def _code(call: Call) -> str:
    code = call.path["typecode"]
    if code not in TYPE_CODES:
        raise bad_request(f"Bad Request: typecode must be one of {', '.join(TYPE_CODES)}")
    return code


def _choices(call: Call) -> FyiChoices:
    return call.portal.store(FyiDesk).choices[call.login.username]


def _of_fyi(method: str, path: str, handler: Any) -> Endpoint:
    return Endpoint(method, f"/fyi{path}", handler, tier=Tier.OUTER, limit="fyi")


ENDPOINTS = (
    _of_fyi("GET", "/unreadnumber", _unread),
    _of_fyi("GET", "/settings", _settings),
    _of_fyi("POST", "/settings/{typecode}", _set),
    _of_fyi("GET", "/disclaimer/{typecode}", _disclaimer),
    _of_fyi("PUT", "/disclaimer/{typecode}", _read_disclaimer),
    _of_fyi("GET", "/deliveryoptions", _delivery),
    _of_fyi("PUT", "/deliveryoptions/email", _by_email),
    _of_fyi("POST", "/deliveryoptions/device", _set_device),
    _of_fyi("DELETE", "/deliveryoptions/{deviceId}", _delete_device),
    _of_fyi("GET", "/notifications", _notifications),
    _of_fyi("PUT", "/notifications/{notificationID}", _read_notification),
)
