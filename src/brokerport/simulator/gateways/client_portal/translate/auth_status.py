"""The state of a session as IBKR writes it, in /iserver/auth/status, ``ssodh/init`` and /tickle."""

from __future__ import annotations

from typing import Any

from brokerport.simulator.gateways.client_portal.login import Login

SERVER_INFO = {"serverName": "brokerport", "serverVersion": "simulator"}
# The simulator has no network card of its own.
NO_MAC = "00:00:00:00:00:00"


def auth_status(login: Login) -> dict[str, Any]:
    """Return whether a login is connected, and holds the brokerage session.

    ``established`` is no different from ``authenticated`` here: accounts are known at once.
    """
    return {
        "authenticated": login.is_authenticated,
        "established": login.is_authenticated,
        "competing": login.is_competing,
        "connected": login.is_open,
        "message": "",
        "MAC": NO_MAC,
        "serverInfo": dict(SERVER_INFO),
        "hardware_info": f"{login.session_id[:8]}|{NO_MAC}",
        "fail": "",
    }
