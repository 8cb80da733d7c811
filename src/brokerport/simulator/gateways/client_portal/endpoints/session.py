"""Session endpoints: tickle and status, opening and closing the brokerage session, logging out.

Rules (Web API, "Session Management"):

- ``/tickle`` and ``/iserver/auth/status`` answer POST and GET alike.
- ``ssodh/init`` opens the brokerage session; ``publish`` must be true (else 500). While another
  login of the username holds it, ``compete`` false leaves it there and says ``competing``, true
  takes it over.
- ``/iserver/reauthenticate`` is deprecated: it is ``ssodh/init`` without ``compete``, and answers
  before anyone can know what came of it.
- Like every other request, each of these invalidates a question that waits for a reply.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint, Tier
from brokerport.simulator.gateways.client_portal.errors import bad_request, server_error
from brokerport.simulator.gateways.client_portal.translate.auth_status import auth_status


def _tickle(call: Call) -> dict[str, Any]:
    return {
        "session": call.login.session_id,
        "ssoExpires": _milliseconds_left(call),
        "collission": False,
        "userId": _user_id(call.login.username),
        # The historical data server's own session; IBKR's clients live with this answer.
        "hmds": {"error": "no bridge"},
        "iserver": {"authStatus": auth_status(call.login)},
    }


def _status(call: Call) -> dict[str, Any]:
    return auth_status(call.login)


def _init(call: Call) -> dict[str, Any]:
    wanted = {} if call.body is None else call.body_mapping()
    if not _flag(wanted, "publish"):
        raise server_error("publish must be true: no session token has been published")
    call.portal.sessions.open_brokerage(call.login, compete=_flag(wanted, "compete"))
    return auth_status(call.login)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise bad_request(f"Bad Request: {name} must be true or false")
    return value


def _reauthenticate(call: Call) -> dict[str, Any]:
    call.portal.sessions.open_brokerage(call.login, compete=False)
    return {"message": "triggered"}


def _logout(call: Call) -> dict[str, Any]:
    call.portal.sessions.end(call.login)
    return {"status": True}


def _validate(call: Call) -> dict[str, Any]:
    login = call.login
    return {
        "USER_ID": _user_id(login.username),
        "USER_NAME": login.username,
        "RESULT": True,
        "AUTH_TIME": _epoch_milliseconds(login.opened_on),
        "SF_ENABLED": False,
        "IS_FREE_TRIAL": False,
        "CREDENTIAL": login.username,
        "IP": "127.0.0.1",
        "EXPIRES": _milliseconds_left(call),
        "QUALIFIED_FOR_MOBILE_AUTH": False,
        "LANDING_APP": "UNIVERSAL",
        "IS_MASTER": False,
        "lastAccessed": _epoch_milliseconds(call.now),
        "LOGIN_TYPE": 2,
        "PAPER_USER_NAME": login.username,
        "features": {
            "env": "PAPER",
            "wlms": False,
            "realtime": True,
            "bond": False,
            "optionChains": True,
            "calendar": False,
            "newMf": False,
        },
        "region": "NJ",
        # What IBKR's description lacks and its clients insist on (ibauth 0.1.6).
        "HARDWARE_INFO": auth_status(login)["hardware_info"],
        "UNIQUE_LOGIN_ID": login.session_id,
        "TOKEN": login.session_id,
        "IS_PENDING_APPLICANT": False,
        "CREDENTIAL_TYPE": 1,
        "COUNTERPARTY": "",
        "SF_CONFIG": "",
        "took": 0,
    }


def _milliseconds_left(call: Call) -> int:
    age = call.portal.monotonic() - call.login.opened_at
    return max(0, int((call.portal.settings.session_seconds_max - age) * 1000))


def _epoch_milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _user_id(username: str) -> int:
    """Return a number that stays the same for a username, as IBKR's does."""
    return zlib.crc32(username.encode()) & 0x7FFFFFFF


def _endpoint(method: str, path: str, handler: Any, limit: str | None = None) -> Endpoint:
    return Endpoint(method, path, handler, tier=Tier.OUTER, limit=limit)


ENDPOINTS = (
    _endpoint("POST", "/tickle", _tickle, "tickle"),
    _endpoint("GET", "/tickle", _tickle, "tickle"),
    _endpoint("POST", "/iserver/auth/status", _status),
    _endpoint("GET", "/iserver/auth/status", _status),
    _endpoint("POST", "/iserver/auth/ssodh/init", _init),
    _endpoint("POST", "/iserver/reauthenticate", _reauthenticate),
    _endpoint("GET", "/iserver/reauthenticate", _reauthenticate),
    _endpoint("POST", "/logout", _logout),
    _endpoint("GET", "/sso/validate", _validate, "sso validate"),
)
