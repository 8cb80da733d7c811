"""A consumer: one program that IBKR lets in without a browser, as IBKR knows it."""

from __future__ import annotations

from attrs import field, frozen
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey


@frozen
class OAuthConsumer:
    """What was registered for one program, and the access token that its user was given.

    OAuth 1.0a knows it as ``consumer_key`` with ``access_token``; ``access_token_secret`` is the
    secret in the clear, which the program has encrypted. OAuth 2.0 knows it as ``client_id``, with
    a key named ``client_key_id``. Both check signatures with ``signature_key``. ``username`` is
    whose accounts it trades.
    """

    consumer_key: str
    username: str
    client_id: str
    client_key_id: str
    realm: str
    access_token: str = field(repr=False)
    access_token_secret: bytes = field(repr=False)
    signature_key: RSAPublicKey = field(repr=False)
    dh_prime: int = field(repr=False)
    dh_generator: int = 2
