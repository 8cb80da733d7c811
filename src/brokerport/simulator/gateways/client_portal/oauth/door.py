"""The OAuth door: whose login a signed request belongs to.

Rules:

- An OAuth 1.0a access token has one login, an OAuth 2.0 bearer token has one each.
- All logins of a username share its one brokerage session with the gateway's own login.
- A login that was closed is opened anew by the next request that its token signs: IBKR's own
  example logs out first and goes on with the same token.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from brokerport.simulator.gateways.client_portal.errors import not_authenticated
from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.oauth.consumer import OAuthConsumer
from brokerport.simulator.gateways.client_portal.oauth.one import OAuthOne
from brokerport.simulator.gateways.client_portal.oauth.signed_request import (
    SignedRequest,
    authorization_parameters,
    possible_addresses,
)
from brokerport.simulator.gateways.client_portal.oauth.two import OAuthTwo
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal

Server = tuple[str, int | None]


class OAuthDoor:
    """Lets the consumers of the portal's settings in.

    ``wall_clock`` gives seconds since 1970; timestamps and the ends of tokens are measured by it.
    """

    def __init__(self, portal: ServedPortal, wall_clock: Callable[[], float] | None = None) -> None:
        self._portal = portal
        self.wall_clock = wall_clock or time.time
        consumers = portal.settings.oauth_consumers
        self._one = OAuthOne(consumers, self._now)
        self._two = OAuthTwo(consumers, self._now)

    def login_of(
        self, method: str, url: str, headers: Mapping[str, str], server: Server | None
    ) -> Login:
        """Return the login of a request that carries an Authorization header.

        ``server`` is the address the gateway listens on.

        Raises:
            PortalError: nobody is known by it (401).
        """
        header = headers.get("authorization", "")
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "bearer":
            token = rest.strip()
            return self._login(token, self._two.consumer_of(token))
        request = _signed(method, url, header, server)
        consumer = self._one.consumer_of(request)
        return self._login(consumer.access_token, consumer)

    def live_session_token(
        self, url: str, headers: Mapping[str, str], server: Server | None
    ) -> dict[str, Any]:
        """Answer POST /oauth/live_session_token, and open the access token's login.

        Raises:
            PortalError: the request is not the consumer's (401), or makes no sense (400).
        """
        request = _signed("POST", url, headers.get("authorization", ""), server)
        consumer, answer = self._one.live_session_token(request)
        self._login(consumer.access_token, consumer)
        return answer

    def access_token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer POST /oauth2/api/v1/token.

        Raises:
            Problem: the request is not a consumer's.
        """
        return self._two.access_token(form)

    def sso_session(self, headers: Mapping[str, str], body: str) -> dict[str, Any]:
        """Answer POST /gw/api/v1/sso-sessions, and open the bearer token's login.

        Raises:
            Problem: the request is not a consumer's.
        """
        _, _, access_token = headers.get("authorization", "").partition(" ")
        consumer, bearer_token = self._two.sso_session(access_token.strip(), body)
        self._login(bearer_token, consumer)
        return {"access_token": bearer_token, "active": True, "token_type": "Bearer"}

    def _login(self, token: str, consumer: OAuthConsumer) -> Login:
        logins = self._portal.token_logins
        login = logins.get(token)
        if login is None or not login.is_open:
            for closed in [known for known, one in logins.items() if not one.is_open]:
                del logins[closed]
            login = logins[token] = self._portal.new_login(consumer.username)
        return login

    def _now(self) -> float:
        return self.wall_clock()


def _signed(method: str, url: str, header: str, server: Server | None) -> SignedRequest:
    parameters = authorization_parameters(header)
    if parameters is None:
        raise not_authenticated()
    _, _, query = url.partition("?")
    return SignedRequest(method, possible_addresses(url, server), query, parameters)
