"""OAuth 1.0a as IBKR has it: keys become a live session token, and that signs every request.

Nothing here talks to anybody: the caller sends what is signed here, and hands back the answer.
In order (IBKR Campus, "OAuth 1.0a"):

1. The access token's secret is decrypted with the private encryption key; its bytes in hexadecimal
   are put before the base string of the next request only.
2. ``Handshake`` makes a Diffie-Hellman challenge and signs the request for a session token with the
   private signature key (RSA-SHA256).
3. The token is HMAC-SHA1 of the secret, keyed with the shared number K as Java writes a BigInteger:
   the shortest big-endian two's complement, so a leading 00 where the top bit is set.
4. IBKR proves that it found the same token: HMAC-SHA1 of the consumer key, keyed with the token.
   A token without that proof is never used.
5. ``Signer`` signs every further request with the token (HMAC-SHA256).

Neither a message nor a ``repr`` holds a key, a token or a secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Self

from attrs import field, frozen
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from brokerport.adapters.client_portal.oauth_keys import (
    DiffieHellman,
    read_diffie_hellman,
    read_private_key,
    refused_setting,
)
from brokerport.adapters.client_portal.oauth_signature import authorization_header, base_string
from brokerport.domain.errors import SessionRefused

LIVE_SESSION_TOKEN_PATH = "/oauth/live_session_token"  # noqa: S105 - a path
SESSION_LIFETIME = timedelta(hours=24)
EXPONENT_BITS = 256
# How far a moment of computation may lie ahead of this machine's clock.
CLOCK_DIFFERENCE_MAX = timedelta(minutes=5)

_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


def new_nonce() -> str:
    """Return a text that no other request has."""
    return secrets.token_hex(16)


@frozen
class OAuthCredentials:
    """Who asks, and the keys that prove it."""

    consumer_key: str
    realm: str
    access_token: str = field(repr=False)
    secret: bytes = field(repr=False)
    signature_key: RSAPrivateKey = field(repr=False)
    diffie_hellman: DiffieHellman = field(repr=False)

    @classmethod
    def read(
        cls,
        *,
        consumer_key: str,
        access_token: str,
        access_token_secret: str,
        encryption_key: str,
        signature_key: str,
        dh_prime: str,
        realm: str = "limited_poa",
    ) -> Self:
        """Build credentials from what the ``oauth_...`` settings refer to.

        ``access_token_secret`` is base64, as IBKR's self-service page shows it; the two keys are
        PEM texts; ``dh_prime`` is a DH PARAMETERS file's text or the prime in hexadecimal.

        Raises:
            InvalidConfiguration: one of them cannot be used; it names the setting, not the value.
        """
        return cls(
            consumer_key=_filled_in("oauth_consumer_key", consumer_key),
            realm=_filled_in("oauth_realm", realm),
            access_token=_filled_in("oauth_access_token", access_token),
            secret=_decrypted(
                access_token_secret, read_private_key("oauth_encryption_key", encryption_key)
            ),
            signature_key=read_private_key("oauth_signature_key", signature_key),
            diffie_hellman=read_diffie_hellman("oauth_dh_prime", dh_prime),
        )


@frozen
class LiveSession:
    """A proven live session token (raw bytes) and when it ends (UTC)."""

    token: bytes = field(repr=False)
    expires_at: datetime

    def is_over_at(self, moment: datetime) -> bool:
        """Tell whether the token is of no more use at a moment."""
        return moment >= self.expires_at


@frozen
class Handshake:
    """One request for a live session token: what to send, and what to make of the answer.

    POST to ``url`` with the header ``Authorization: authorization`` and no body.
    """

    url: str
    authorization: str = field(repr=False)
    _credentials: OAuthCredentials = field(repr=False)
    _exponent: int = field(repr=False)
    _now: Callable[[], float] = field(repr=False)

    @classmethod
    def open(
        cls,
        credentials: OAuthCredentials,
        base_url: str,
        *,
        random_bits: Callable[[int], int] = secrets.randbits,
        nonce: Callable[[], str] = new_nonce,
        now: Callable[[], float] = time.time,
    ) -> Self:
        """Sign a request to the API at ``base_url`` (``https://api.ibkr.com/v1/api``).

        ``random_bits(n)`` gives a number of n random bits, ``now`` seconds since 1970.
        """
        exchange = credentials.diffie_hellman
        exponent = random_bits(EXPONENT_BITS) | 1 << (EXPONENT_BITS - 1)
        url = base_url.rstrip("/") + LIVE_SESSION_TOKEN_PATH
        parameters = _parameters(credentials, "RSA-SHA256", nonce, now)
        challenge = pow(exchange.generator, exponent, exchange.prime)
        parameters["diffie_hellman_challenge"] = f"{challenge:x}"
        signed = credentials.secret.hex() + base_string("POST", url, parameters.items())
        signature = credentials.signature_key.sign(signed.encode(), PKCS1v15(), SHA256())
        parameters["oauth_signature"] = base64.b64encode(signature).decode()
        authorization = authorization_header(credentials.realm, parameters)
        return cls(url, authorization, credentials, exponent, now)

    def live_session(self, answer: object) -> LiveSession:
        """Return the session that IBKR's answer (the parsed JSON) opens.

        ``live_session_token_expiration`` (milliseconds) is the end of the token in practice, and
        the moment it was made in IBKR's OpenAPI description; one that does not lie ahead is taken
        for the latter, from which 24 hours count.

        Raises:
            SessionRefused: it is an error, makes no sense, or does not prove the token.
        """
        if not isinstance(answer, Mapping):
            raise SessionRefused("the answer to the live session token request is no JSON object")
        if "diffie_hellman_response" not in answer:
            told = answer.get("error")
            reason = told if isinstance(told, str) else "the answer holds no token"
            raise SessionRefused(f"no live session token was given: {reason[:200]}")
        token = self._token(answer["diffie_hellman_response"])
        proof = hmac.new(token, self._credentials.consumer_key.encode(), hashlib.sha1).hexdigest()
        told = answer.get("live_session_token_signature")
        if not isinstance(told, str) or not hmac.compare_digest(
            proof.encode(), told.lower().encode()
        ):
            raise SessionRefused(
                "the live session token is not the one that IBKR found: check oauth_dh_prime and"
                " oauth_access_token_secret"
            )
        return LiveSession(token, self._end(answer.get("live_session_token_expiration")))

    def _token(self, response: object) -> bytes:
        exchange = self._credentials.diffie_hellman
        number = 0
        if isinstance(response, str) and response and _HEXADECIMAL.issuperset(response):
            number = int(response, 16)
        # The numbers left out would give a shared number that anybody could guess.
        if not 1 < number < exchange.prime - 1:
            raise SessionRefused("the Diffie-Hellman response of the live session token is invalid")
        shared = pow(number, self._exponent, exchange.prime)
        return hmac.new(java_bytes(shared), self._credentials.secret, hashlib.sha1).digest()

    def _end(self, milliseconds: object) -> datetime:
        if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
            raise SessionRefused("the live session token has no time of expiry")
        now = datetime.fromtimestamp(self._now(), UTC)
        try:
            told = datetime.fromtimestamp(milliseconds / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            raise SessionRefused("the live session token has no time of expiry") from None
        end = told if told - now > CLOCK_DIFFERENCE_MAX else told + SESSION_LIFETIME
        if end <= now:
            raise SessionRefused("the live session token is over already: check this clock")
        return end


class Signer:
    """Signs requests with a live session token; each signature is good for one request."""

    def __init__(
        self,
        credentials: OAuthCredentials,
        session: LiveSession,
        *,
        signs_query: bool = False,
        nonce: Callable[[], str] = new_nonce,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Sign for one session; ``now`` gives seconds since 1970.

        ``signs_query`` takes the query into the base string, as RFC 5849 has it. Left out by
        default: that is what most clients of IBKR do, and IBKR accepts.
        """
        self._credentials = credentials
        self._session = session
        self._signs_query = signs_query
        self._nonce = nonce
        self._now = now

    @property
    def session(self) -> LiveSession:
        """The session that is signed for."""
        return self._session

    def authorization(
        self, method: str, url: str, query: Mapping[str, object] | None = None
    ) -> str:
        """Return the Authorization header's value for one request.

        ``url`` is the whole address as it is sent; what follows a question mark is not looked at.
        """
        parameters = _parameters(self._credentials, "HMAC-SHA256", self._nonce, self._now)
        signed = list(parameters.items())
        if self._signs_query and query:
            signed += [(name, str(value)) for name, value in query.items()]
        text = base_string(method, url, signed)
        signature = hmac.new(self._session.token, text.encode(), hashlib.sha256).digest()
        parameters["oauth_signature"] = base64.b64encode(signature).decode()
        return authorization_header(self._credentials.realm, parameters)


def java_bytes(number: int) -> bytes:
    """Return a number that is not negative as Java's ``BigInteger.toByteArray`` does."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _parameters(
    credentials: OAuthCredentials,
    signature_method: str,
    nonce: Callable[[], str],
    now: Callable[[], float],
) -> dict[str, str]:
    return {
        "oauth_consumer_key": credentials.consumer_key,
        "oauth_nonce": nonce(),
        "oauth_signature_method": signature_method,
        "oauth_timestamp": str(int(now())),
        "oauth_token": credentials.access_token,
    }


def _filled_in(setting: str, text: str) -> str:
    stripped = text.strip()
    if not stripped or not stripped.isprintable() or not stripped.isascii():
        raise refused_setting(setting, "one line of text")
    return stripped


def _decrypted(access_token_secret: str, key: RSAPrivateKey) -> bytes:
    """Return the access token's secret; with a wrong key it is a wrong one, which IBKR refuses."""
    try:
        encrypted = base64.b64decode("".join(access_token_secret.split()), validate=True)
        secret = key.decrypt(encrypted, PKCS1v15())
    except (binascii.Error, ValueError):
        secret = b""
    if not secret:
        raise refused_setting(
            "oauth_access_token_secret",
            "the base64 text that IBKR shows, encrypted for oauth_encryption_key",
        )
    return secret
