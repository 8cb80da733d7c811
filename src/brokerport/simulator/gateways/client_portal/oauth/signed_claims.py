"""Signed claims: JSON Web Tokens with RS256 and nothing else (RFC 7515, RFC 7519).

A token names its own algorithm, and one that is believed can forge any other ("alg": "none"): so
only RS256 is ever accepted, whatever the token says.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

ISSUED_AHEAD_SECONDS_MAX = 300


class NotSigned(Exception):
    """The text is no token, or not one that its issuer has signed; the message says why."""


def verified_claims(
    token: str, key_of: Callable[[str, str], RSAPublicKey | None], now: float
) -> Mapping[str, Any]:
    """Return the claims of a token that is signed and not over at ``now`` (seconds since 1970).

    ``key_of(issuer, key id)`` gives the issuer's key, None when there is no such issuer or key.

    Raises:
        NotSigned: the token cannot be believed.
    """
    parts = token.strip().split(".")
    if len(parts) != 3:
        raise NotSigned("the token is malformed")
    header, claims = _json_object(parts[0]), _json_object(parts[1])
    if header.get("alg") != "RS256":
        raise NotSigned("the token is not signed with RS256")
    issuer, key_id = claims.get("iss"), header.get("kid")
    key = key_of(str(issuer), str(key_id))
    if key is None:
        raise NotSigned("the issuer or its key is unknown")
    try:
        signed = f"{parts[0]}.{parts[1]}".encode()
        key.verify(_decoded(parts[2]), signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise NotSigned("the signature is invalid") from None
    if not _seconds(claims, "exp") > now:
        raise NotSigned("the token has expired")
    if _seconds(claims, "iat") > now + ISSUED_AHEAD_SECONDS_MAX:
        raise NotSigned("the token is not valid yet")
    return claims


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise NotSigned(f"the claim {name} is missing")
    return value


def _json_object(part: str) -> Mapping[str, Any]:
    try:
        value = json.loads(_decoded(part))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, Mapping):
        raise NotSigned("the token is malformed")
    return value


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotSigned("the token is malformed") from None
