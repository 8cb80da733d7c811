"""Who asks: the login that a request belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from brokerport.simulator.gateways.client_portal.errors import not_authenticated
from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.oauth.door import OAuthDoor, Server
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal


def login_of_request(
    portal: ServedPortal,
    method: str,
    url: str,
    headers: Mapping[str, str],
    server: Server | None = None,
) -> Login:
    """Return the login of a request: its OAuth token's, else the one the gateway holds.

    ``server`` is the address that the gateway listens on. A gateway without OAuth consumers does
    not look at an Authorization header.

    Raises:
        PortalError: there is none, or it is not who it says (401).
    """
    if portal.settings.oauth_consumers and headers.get("authorization"):
        return portal.store(OAuthDoor).login_of(method, url, headers, server)
    login = portal.gateway_login
    if login is None or not login.is_open:
        raise not_authenticated()
    return login
