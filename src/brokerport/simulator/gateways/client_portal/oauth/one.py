"""OAuth 1.0a: session tokens are given, and every request's signature is checked.

Rules (IBKR Campus, "OAuth 1.0a"; RFC 5849, section 3.2):

- A request for a live session token is signed with the consumer's RSA key, over a base string that
  the access token's secret stands before. Any other request is signed with the token.
- A token is good for 24 hours. A new one does not end an older one.
- A timestamp may be five minutes off, and a nonce is good once.
- A nonce counts as used only when the signature was right: nobody can use up another's.
- The reasons "invalid consumer" and "Invalid signature" are IBKR's words; those for token,
  timestamp and nonce are ours, in the same form.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

from attrs import define, field, frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from brokerport.simulator.gateways.client_portal.errors import (
    PortalError,
    bad_request,
    not_authenticated,
)
from brokerport.simulator.gateways.client_portal.oauth.consumer import OAuthConsumer
from brokerport.simulator.gateways.client_portal.oauth.signed_request import SignedRequest

TOKEN_SECONDS = 86_400
TIMESTAMP_SECONDS_MAX = 300
TOKENS_MAX = 16
EXPONENT_BITS = 256


@frozen
class _Token:
    value: bytes = field(repr=False)
    expires_at: float


@define
class _Grants:
    """What one consumer holds: its tokens, newest last, and the nonces it has used."""

    tokens: deque[_Token] = field(factory=lambda: deque(maxlen=TOKENS_MAX))
    nonces: dict[str, float] = field(factory=dict)


class OAuthOne:
    """Checks signatures for a set of consumers.

    ``now`` gives seconds since 1970, ``random_bits(n)`` a number of n random bits.
    """

    def __init__(
        self,
        consumers: tuple[OAuthConsumer, ...],
        now: Callable[[], float],
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._consumers = {consumer.consumer_key: consumer for consumer in consumers}
        self._grants = {consumer.consumer_key: _Grants() for consumer in consumers}
        self._now = now
        self._random_bits = random_bits
        self._numbers = count(1)

    def live_session_token(self, request: SignedRequest) -> tuple[OAuthConsumer, dict[str, Any]]:
        """Give a session token; return whose it is, and what the client is told.

        Raises:
            PortalError: the consumer, the signature or another part is wrong (401, or 400 for
                a challenge that is no number of the group).
        """
        consumer = self._claimed_consumer(request, "RSA-SHA256")
        digest = _signed_digest(consumer, request.parameter("oauth_signature"))
        prepend = consumer.access_token_secret.hex()
        texts = (f"{prepend}{text}".encode() for text in request.base_strings())
        if not any(hmac.compare_digest(digest, hashlib.sha256(text).digest()) for text in texts):
            raise _invalid_signature()
        self._use_nonce(consumer, request)
        challenge = _hexadecimal(request.parameter("diffie_hellman_challenge"))
        prime = consumer.dh_prime
        if not 1 < challenge < prime - 1:
            raise bad_request("Bad Request: diffie_hellman_challenge is invalid")
        exponent = self._random_bits(EXPONENT_BITS) | 1 << (EXPONENT_BITS - 1)
        key = _signed_big_endian(pow(challenge, exponent, prime))
        token = hmac.new(key, consumer.access_token_secret, hashlib.sha1).digest()
        expires_at = self._now() + TOKEN_SECONDS
        self._grants[consumer.consumer_key].tokens.append(_Token(token, expires_at))
        proof = hmac.new(token, consumer.consumer_key.encode(), hashlib.sha1).hexdigest()
        return consumer, {
            "diffie_hellman_response": f"{pow(consumer.dh_generator, exponent, prime):x}",
            "live_session_token_signature": proof,
            "live_session_token_expiration": int(expires_at * 1000),
        }

    def consumer_of(self, request: SignedRequest) -> OAuthConsumer:
        """Return who has signed a request with a live session token.

        Raises:
            PortalError: nobody has, or the token is over (401).
        """
        consumer = self._claimed_consumer(request, "HMAC-SHA256")
        now = self._now()
        granted = self._grants[consumer.consumer_key]
        tokens = [token.value for token in granted.tokens if token.expires_at > now]
        if not tokens:
            raise not_authenticated()
        signature = _from_base64(request.parameter("oauth_signature"))
        texts = [text.encode() for text in request.base_strings()]
        if not any(
            hmac.compare_digest(signature, hmac.new(token, text, hashlib.sha256).digest())
            for token in reversed(tokens)
            for text in texts
        ):
            raise _invalid_signature()
        self._use_nonce(consumer, request)
        return consumer

    def _claimed_consumer(self, request: SignedRequest, signature_method: str) -> OAuthConsumer:
        """Return whom a request claims to be from, once all but its signature is in order."""
        consumer = self._consumers.get(request.parameter("oauth_consumer_key"))
        if consumer is None or request.parameter("realm") not in ("", consumer.realm):
            raise self._refused("invalid consumer")
        if request.parameter("oauth_token") != consumer.access_token:
            raise self._refused("invalid token")
        if request.parameter("oauth_signature_method") != signature_method:
            raise _invalid_signature()
        stamp = request.parameter("oauth_timestamp")
        is_number = stamp.isascii() and stamp.isdigit() and len(stamp) <= 12
        if not is_number or abs(int(stamp) - self._now()) > TIMESTAMP_SECONDS_MAX:
            raise self._refused("invalid timestamp")
        if not request.parameter("oauth_nonce"):
            raise self._refused("invalid nonce")
        return consumer

    def _use_nonce(self, consumer: OAuthConsumer, request: SignedRequest) -> None:
        nonces, now = self._grants[consumer.consumer_key].nonces, self._now()
        nonce = request.parameter("oauth_nonce")
        if nonce in nonces:
            raise self._refused("invalid nonce")
        nonces[nonce] = now
        # A request with an older nonce would be refused for its timestamp. Oldest come first.
        while (first := next(iter(nonces))) and nonces[first] < now - 2 * TIMESTAMP_SECONDS_MAX:
            del nonces[first]

    def _refused(self, reason: str) -> PortalError:
        return PortalError(401, f"id: {next(self._numbers)}, error: {reason}", statusCode=401)


def _invalid_signature() -> PortalError:
    return PortalError(401, "Invalid signature", statusCode=401)


def _signed_digest(consumer: OAuthConsumer, signature: str) -> bytes:
    """Return the SHA-256 digest that an RSA signature is for."""
    try:
        return consumer.signature_key.recover_data_from_signature(
            _from_base64(signature), PKCS1v15(), SHA256()
        )
    except InvalidSignature:
        raise _invalid_signature() from None


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _invalid_signature() from None


def _hexadecimal(text: str) -> int:
    """Return the number, 0 when the text is none."""
    if not text or len(text) > 1024 or set(text) - set("0123456789abcdefABCDEF"):
        return 0
    return int(text, 16)


def _signed_big_endian(number: int) -> bytes:
    """Return a positive number as two's complement: its sign needs a bit of its own."""
    digits = f"{number:x}"
    whole = bytes.fromhex(digits.rjust(len(digits) + len(digits) % 2, "0"))
    return b"\0" + whole if whole[0] & 0x80 else whole
