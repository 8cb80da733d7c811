"""Reading OAuth key material: RSA private keys and Diffie-Hellman parameters, as openssl has them.

Rules:

- What cannot be read is refused with the name of its setting; a secret never stands in a message.
- Keys and prime have at least 2048 bits, as IBKR demands: shorter ones are mostly copied badly.
- The parameters' PEM is read here: the cryptography library is giving up finite-field
  Diffie-Hellman.
"""

from __future__ import annotations

import base64
import binascii
import re

from attrs import field, frozen
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from brokerport.domain.errors import InvalidConfiguration

BITS_MIN = 2048
SECTION = "client_portal"
NOT_SHOWN = "(not shown)"

_PEM_LINES = re.compile(r"-----BEGIN DH PARAMETERS-----(.+?)-----END DH PARAMETERS-----", re.DOTALL)
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")
_SEQUENCE, _INTEGER = 0x30, 0x02


@frozen
class DiffieHellman:
    """The parameters of a key exchange: its prime and its generator."""

    prime: int = field(repr=False)
    generator: int = 2


def refused_setting(setting: str, allowed: str) -> InvalidConfiguration:
    """Return the error for a secret setting, without what it holds."""
    return InvalidConfiguration(f"{SECTION}.{setting}", NOT_SHOWN, allowed)


def read_private_key(setting: str, pem: str) -> RSAPrivateKey:
    """Return an RSA private key from its PEM text (PKCS#1 or PKCS#8, without a password).

    Raises:
        InvalidConfiguration: the text is no such key.
    """
    allowed = f"an RSA private key of {BITS_MIN} bits or more, in PEM form, without a password"
    try:
        key = load_pem_private_key(pem.strip().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise refused_setting(setting, allowed) from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < BITS_MIN:
        raise refused_setting(setting, allowed)
    return key


def read_diffie_hellman(setting: str, text: str) -> DiffieHellman:
    """Return parameters from a PEM file's text, or from the prime alone in hexadecimal.

    Colons, spaces and line ends between the digits are left out, as openssl prints them. The
    generator of a bare prime is 2, openssl's.

    Raises:
        InvalidConfiguration: the text is neither, or the prime is too short or even.
    """
    allowed = f"a DH PARAMETERS file, or a prime of {BITS_MIN} bits or more in hexadecimal"
    found = _PEM_LINES.search(text)
    if found is not None:
        numbers = _integers_of(found.group(1))
    else:
        digits = re.sub(r"[\s:]", "", text).removeprefix("0x").removeprefix("0X")
        numbers = [int(digits, 16), 2] if _HEXADECIMAL.fullmatch(digits) else []
    if len(numbers) < 2:
        raise refused_setting(setting, allowed)
    prime, generator = numbers[:2]
    if prime.bit_length() < BITS_MIN or not prime % 2 or not 1 < generator < prime - 1:
        raise refused_setting(setting, allowed)
    return DiffieHellman(prime, generator)


def _integers_of(base64_text: str) -> list[int]:
    """Return the integers of a DER sequence of nothing else; empty when it is something else."""
    try:
        der = base64.b64decode("".join(base64_text.split()), validate=True)
        tag, body, rest = _element(der)
        if tag != _SEQUENCE or rest:
            return []
        numbers = []
        while body:
            tag, number, body = _element(body)
            if tag != _INTEGER or not number:
                return []
            numbers.append(int.from_bytes(number, "big", signed=True))
    except (binascii.Error, IndexError):
        return []
    return numbers


def _element(der: bytes) -> tuple[int, bytes, bytes]:
    """Split the first element off: its tag, its content, and what follows (X.690, section 8.1)."""
    tag, length, start = der[0], der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    end = start + length
    if end > len(der):
        raise IndexError("the content is cut short")
    return tag, der[start:end], der[end:]
