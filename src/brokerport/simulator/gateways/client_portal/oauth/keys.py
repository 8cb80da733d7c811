"""Test keys: everything a program needs for OAuth with the simulated gateway, and nothing else.

Rules:

- The set is what a user makes with openssl and gets from IBKR's self-service page: two RSA keys,
  Diffie-Hellman parameters, a consumer key of nine letters, an access token and its secret,
  encrypted.
- The prime is a well-known one (RFC 3526, group 14): finding a new one takes minutes.
- Only the user may read the files. A set that is there already is kept: programs are configured
  with it.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import string
from pathlib import Path

from attrs import field, frozen
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from brokerport.domain.errors import InvalidConfiguration
from brokerport.simulator.gateways.client_portal.oauth.consumer import OAuthConsumer

SETTINGS_FILE = "brokerport.toml"
REGISTRATION_FILE = "registration.json"

DH_GENERATOR = 2
# RFC 3526, section 3: the 2048-bit MODP group.
DH_PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)


@frozen
class ConsumerKeys:
    """Both sides of one registration: what the gateway knows, and what only the program has.

    The keys are PEM texts, ``encrypted_secret`` is the access token's secret in base64.
    """

    consumer: OAuthConsumer
    encryption_key: str = field(repr=False)
    signature_key: str = field(repr=False)
    encrypted_secret: str = field(repr=False)
    dh_parameters: str = field(repr=False)


def new_consumer_keys(username: str = "paper") -> ConsumerKeys:
    """Make up a consumer and its keys; they are different every time."""
    encryption_key = generate_private_key(public_exponent=65537, key_size=2048)
    signature_key = generate_private_key(public_exponent=65537, key_size=2048)
    secret = secrets.token_bytes(32)
    encrypted = encryption_key.public_key().encrypt(secret, PKCS1v15())
    consumer = OAuthConsumer(
        consumer_key="".join(secrets.choice(string.ascii_uppercase) for _ in range(9)),
        username=username,
        client_id=f"{username}-client",
        client_key_id="main",
        realm="limited_poa",
        access_token=secrets.token_hex(10),
        access_token_secret=secret,
        signature_key=signature_key.public_key(),
        dh_prime=DH_PRIME,
        dh_generator=DH_GENERATOR,
    )
    texts = [
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        for key in (encryption_key, signature_key)
    ]
    return ConsumerKeys(
        consumer, texts[0], texts[1], base64.b64encode(encrypted).decode(), _dh_parameters_pem()
    )


def write_test_consumer(directory: Path, username: str = "paper") -> Path:
    """Write a new consumer's keys into a directory, or keep those there; return its settings.

    The returned TOML file holds a ``[client_portal]`` section that refers to the other files.

    Raises:
        InvalidConfiguration: there is a part of a set already, or the directory cannot be used.
    """
    directory = directory.absolute()
    settings = directory / SETTINGS_FILE
    if (directory / REGISTRATION_FILE).exists():
        read_consumer(directory)
        return settings
    keys = new_consumer_keys(username)
    consumer = keys.consumer
    files = {
        "consumer_key": consumer.consumer_key,
        "access_token": consumer.access_token,
        "access_token_secret": keys.encrypted_secret,
        "private_encryption.pem": keys.encryption_key,
        "private_signature.pem": keys.signature_key,
        "dhparam.pem": keys.dh_parameters,
        SETTINGS_FILE: _settings_text(directory, consumer),
        # The registration comes last: where it is, the set is whole.
        REGISTRATION_FILE: json.dumps(_registration(consumer), indent=2),
    }
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in files.items():
            _write_private(directory / name, text.rstrip("\n") + "\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidConfiguration(
            "oauth_keys", str(directory), f"a directory for a new set of keys ({reason})"
        ) from None
    return settings


def read_consumer(directory: Path) -> OAuthConsumer:
    """Return the consumer whose keys ``write_test_consumer`` has written.

    Raises:
        InvalidConfiguration: they cannot be read.
    """
    try:
        known = json.loads((directory / REGISTRATION_FILE).read_text(encoding="utf-8"))
        key = load_pem_public_key(known["signature_key"].encode())
        if not isinstance(key, RSAPublicKey):
            raise ValueError("not an RSA key")
        return OAuthConsumer(
            consumer_key=known["consumer_key"],
            username=known["username"],
            client_id=known["client_id"],
            client_key_id=known["client_key_id"],
            realm=known["realm"],
            access_token=known["access_token"],
            access_token_secret=bytes.fromhex(known["access_token_secret"]),
            signature_key=key,
            dh_prime=int(known["dh_prime"], 16),
            dh_generator=known["dh_generator"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InvalidConfiguration(
            "oauth_keys", str(directory), "a directory with a set of test keys"
        ) from None


def _registration(consumer: OAuthConsumer) -> dict[str, str | int]:
    public = consumer.signature_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "consumer_key": consumer.consumer_key,
        "username": consumer.username,
        "client_id": consumer.client_id,
        "client_key_id": consumer.client_key_id,
        "realm": consumer.realm,
        "access_token": consumer.access_token,
        "access_token_secret": consumer.access_token_secret.hex(),
        "signature_key": public.decode(),
        "dh_prime": f"{consumer.dh_prime:x}",
        "dh_generator": consumer.dh_generator,
    }


def _settings_text(directory: Path, consumer: OAuthConsumer) -> str:
    def reference(name: str) -> str:
        # A JSON string is a TOML string.
        return json.dumps(f"file:{directory / name}")

    return f"""\
# Test keys for brokerport's simulated Client Portal gateway. They are worth nothing at IBKR.
# Add the address that `brokerport simulate` shows, as base_url.
[client_portal]
mode = "oauth"
oauth_consumer_key = {reference("consumer_key")}
oauth_access_token = {reference("access_token")}
oauth_access_token_secret = {reference("access_token_secret")}
oauth_encryption_key = {reference("private_encryption.pem")}
oauth_signature_key = {reference("private_signature.pem")}
oauth_dh_prime = {reference("dhparam.pem")}
oauth_realm = {json.dumps(consumer.realm)}

# For programs with OAuth 2.0, which brokerport itself does not use; the private key is
# private_signature.pem:
#   client id   {consumer.client_id}
#   key id      {consumer.client_key_id}
#   credential  {consumer.username}
"""


def _write_private(path: Path, text: str) -> None:
    """Write a new file that only the user may read.

    Raises:
        OSError: the file is there already, or cannot be written.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _dh_parameters_pem() -> str:
    """Return the PEM text that ``openssl dhparam`` writes (PKCS#3)."""
    content = b"".join(_der(0x02, _der_integer(number)) for number in (DH_PRIME, DH_GENERATOR))
    encoded = base64.b64encode(_der(0x30, content)).decode()
    lines = [encoded[start : start + 64] for start in range(0, len(encoded), 64)]
    return "\n".join(["-----BEGIN DH PARAMETERS-----", *lines, "-----END DH PARAMETERS-----"])


def _der_integer(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    width = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | width)) + length.to_bytes(width, "big") + content
