"""OAuth 2.0: signed assertions become an access token, and that a session with a bearer token.

Rules (IBKR's OpenAPI description, "Authorization"; RFC 7523):

- POST /oauth2/api/v1/token takes an assertion that the client has signed for the audience
  ``/token``; its access token is good for opening sessions only (scope ``sso-sessions.write``).
- POST /gw/api/v1/sso-sessions takes a signed request that names the username (``credential``) and
  the user's address (``ip``), and gives the bearer token of all further requests.
- Both tokens last 24 hours, the bearer token no longer than the request that it came from.
- Refusals are problem details (RFC 9457).
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from brokerport.simulator.gateways.client_portal.errors import not_authenticated
from brokerport.simulator.gateways.client_portal.oauth.consumer import OAuthConsumer
from brokerport.simulator.gateways.client_portal.oauth.signed_claims import (
    NotSigned,
    verified_claims,
)

AUDIENCE = "/token"
GRANT_TYPE = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SESSION_SCOPE = "sso-sessions.write"
TOKEN_SECONDS = 86_399


class Problem(Exception):
    """A refusal as a problem detail (RFC 9457)."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.body: dict[str, Any] = {
            "type": "/simple",
            "title": title,
            "status": status,
            "detail": detail,
        }


@frozen
class _Token:
    consumer: OAuthConsumer
    expires_at: float


class OAuthTwo:
    """Gives access tokens and bearer tokens to a set of consumers, and knows them again.

    ``now`` gives seconds since 1970, ``new_token`` a text that nobody can guess.
    """

    def __init__(
        self,
        consumers: tuple[OAuthConsumer, ...],
        now: Callable[[], float],
        new_token: Callable[[], str] = lambda: secrets.token_urlsafe(48),
    ) -> None:
        self._consumers = {consumer.client_id: consumer for consumer in consumers}
        self._now = now
        self._new_token = new_token
        self._access_tokens: dict[str, _Token] = {}
        self._bearer_tokens: dict[str, _Token] = {}

    def access_token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a token request, the fields of its form.

        Raises:
            Problem: a field is missing or wrong (400), or the assertion is not the client's (401).
        """
        if form.get("grant_type") != GRANT_TYPE:
            raise _bad_request(f"grant_type must be {GRANT_TYPE}")
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise _bad_request(f"client_assertion_type must be {ASSERTION_TYPE}")
        if SESSION_SCOPE not in form.get("scope", "").split():
            raise _bad_request(f"scope must be {SESSION_SCOPE}")
        claims = self._claims(form.get("client_assertion", ""))
        if claims.get("sub") != claims["iss"]:
            raise _unauthorized("the assertion's sub must be its iss")
        if claims.get("aud") not in (AUDIENCE, [AUDIENCE]):
            raise _unauthorized(f"the assertion's aud must be {AUDIENCE}")
        consumer = self._consumers[claims["iss"]]
        token = self._keep(self._access_tokens, consumer, self._now() + TOKEN_SECONDS)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "scope": SESSION_SCOPE,
            "expires_in": TOKEN_SECONDS,
        }

    def sso_session(self, access_token: str, request: str) -> tuple[OAuthConsumer, str]:
        """Open a session; return whose it is, and its bearer token.

        ``access_token`` is the one the request came with, ``request`` its signed body.

        Raises:
            Problem: a claim is missing or wrong (400), or either is not the client's (401).
        """
        consumer = self._found(self._access_tokens, access_token)
        if consumer is None:
            raise _unauthorized("The access token request is invalid")
        claims = self._claims(request)
        if claims["iss"] != consumer.client_id:
            raise _unauthorized("the request is signed by another client than the token's")
        if claims.get("credential") != consumer.username:
            raise _bad_request("credential is not a username that this client acts for")
        try:
            ipaddress.ip_address(str(claims.get("ip")))
        except ValueError:
            raise _bad_request("ip is not an IP address") from None
        end = min(float(claims["exp"]), self._now() + TOKEN_SECONDS)
        return consumer, self._keep(self._bearer_tokens, consumer, end)

    def consumer_of(self, bearer_token: str) -> OAuthConsumer:
        """Return whose session a bearer token is.

        Raises:
            PortalError: it is nobody's, or over (401).
        """
        consumer = self._found(self._bearer_tokens, bearer_token)
        if consumer is None:
            raise not_authenticated()
        return consumer

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            return verified_claims(token, self._key_of, self._now())
        except NotSigned as error:
            raise _unauthorized(str(error)) from None

    def _key_of(self, issuer: str, key_id: str) -> RSAPublicKey | None:
        consumer = self._consumers.get(issuer)
        if consumer is None or consumer.client_key_id != key_id:
            return None
        return consumer.signature_key

    def _keep(self, tokens: dict[str, _Token], consumer: OAuthConsumer, end: float) -> str:
        for over in [text for text, token in tokens.items() if token.expires_at <= self._now()]:
            del tokens[over]
        text = self._new_token()
        tokens[text] = _Token(consumer, end)
        return text

    def _found(self, tokens: dict[str, _Token], text: str) -> OAuthConsumer | None:
        token = tokens.get(text)
        if token is None or token.expires_at <= self._now():
            return None
        return token.consumer


def _bad_request(detail: str) -> Problem:
    return Problem(400, "Bad Request", detail)


def _unauthorized(detail: str) -> Problem:
    return Problem(401, "Unauthorized", detail)
