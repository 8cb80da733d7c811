"""Who is at the other end of a WebSocket.

Rules (Web API, "Websockets"):

- The cookie ``api`` carries the session that ``/tickle`` answered: bare or as ``{"session": ...}``.
- OAuth clients name their token in the query as well: ``oauth_token``, or ``bearer_token``.
- A connection that shows neither is told that one is waited for, and may send it the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

from attrs import frozen

from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.stream.frame import read_session

if TYPE_CHECKING:
    from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal


@frozen
class Credentials:
    """What a connection has shown of itself; empty where it has shown nothing."""

    session_id: str = ""
    token: str = ""

    @classmethod
    def of(cls, cookies: Mapping[str, str], query: Mapping[str, str]) -> Credentials:
        """Read them from a connection's cookies and query."""
        cookie = unquote(cookies.get("api", "")).strip()
        session_id = read_session(cookie)
        token = query.get("oauth_token") or query.get("bearer_token") or ""
        return cls(cookie if session_id is None else session_id, token)


def login_of(portal: ServedPortal, credentials: Credentials) -> Login | None:
    """Return the open login that the credentials belong to, or None."""
    if credentials.token:
        login = portal.token_logins.get(credentials.token)
        is_shown = credentials.session_id in ("", login.session_id if login else "")
    else:
        login = portal.gateway_login
        is_shown = login is not None and credentials.session_id == login.session_id
    return login if login is not None and login.is_open and is_shown else None
