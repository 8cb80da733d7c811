"""The adapter's OAuth 1.0a alone: keys, handshake, signatures, and what it never shows."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import unquote

import pytest
from attrs import evolve
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from brokerport.adapters.client_portal.oauth import (
    Handshake,
    LiveSession,
    OAuthCredentials,
    Signer,
    java_bytes,
    new_nonce,
)
from brokerport.adapters.client_portal.oauth_keys import (
    DiffieHellman,
    read_diffie_hellman,
    read_private_key,
)
from brokerport.adapters.client_portal.oauth_signature import base_string, percent_encoded
from brokerport.domain.errors import InvalidConfiguration, SessionRefused
from tests.support.properties import PROPERTY

NOW = 1_767_623_400.0
BASE_URL = "https://api.ibkr.com/v1/api"
CONSUMER_KEY, ACCESS_TOKEN, SECRET = "CONSUMERK", "0123456789abcdef0123", bytes(range(100, 132))
# RFC 3526, group 14, as openssl prints it (dhparam -text), and as a file (dhparam -out).
PRIME_TEXT = """
    00:ff:ff:ff:ff:ff:ff:ff:ff:c9:0f:da:a2:21:68:c2:34:c4:c6:62:8b:80:dc:1c:d1:29:02:4e:08:8a:67:cc:
    74:02:0b:be:a6:3b:13:9b:22:51:4a:08:79:8e:34:04:dd:ef:95:19:b3:cd:3a:43:1b:30:2b:0a:6d:f2:5f:14:
    37:4f:e1:35:6d:6d:51:c2:45:e4:85:b5:76:62:5e:7e:c6:f4:4c:42:e9:a6:37:ed:6b:0b:ff:5c:b6:f4:06:b7:
    ed:ee:38:6b:fb:5a:89:9f:a5:ae:9f:24:11:7c:4b:1f:e6:49:28:66:51:ec:e4:5b:3d:c2:00:7c:b8:a1:63:bf:
    05:98:da:48:36:1c:55:d3:9a:69:16:3f:a8:fd:24:cf:5f:83:65:5d:23:dc:a3:ad:96:1c:62:f3:56:20:85:52:
    bb:9e:d5:29:07:70:96:96:6d:67:0c:35:4e:4a:bc:98:04:f1:74:6c:08:ca:18:21:7c:32:90:5e:46:2e:36:ce:
    3b:e3:9e:77:2c:18:0e:86:03:9b:27:83:a2:ec:07:a2:8f:b5:c5:5d:f0:6f:4c:52:c9:de:2b:cb:f6:95:58:17:
    18:39:95:49:7c:ea:95:6a:e5:15:d2:26:18:98:fa:05:10:15:72:8e:5a:8a:ac:aa:68:ff:ff:ff:ff:ff:ff:ff:
    ff
"""
PRIME = int(re.sub(r"[\s:]", "", PRIME_TEXT), 16)
DH_FILE = """
-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA///////////JD9qiIWjCNMTGYouA3BzRKQJOCIpnzHQCC76mOxOb
IlFKCHmONATd75UZs806QxswKwpt8l8UN0/hNW1tUcJF5IW1dmJefsb0TELppjft
awv/XLb0Brft7jhr+1qJn6WunyQRfEsf5kkoZlHs5Fs9wgB8uKFjvwWY2kg2HFXT
mmkWP6j9JM9fg2VdI9yjrZYcYvNWIIVSu57VKQdwlpZtZww1Tkq8mATxdGwIyhgh
fDKQXkYuNs474553LBgOhgObJ4Oi7Aeij7XFXfBvTFLJ3ivL9pVYFxg5lUl86pVq
5RXSJhiY+gUQFXKOWoqsqmj//////////wIBAg==
-----END DH PARAMETERS-----
"""
DER = base64.b64decode("".join(DH_FILE.strip().splitlines()[1:-1]))
# Without the 00 before it the prime is a negative number; the lengths are one less.
NEGATIVE = "\n".join(
    [
        "-----BEGIN DH PARAMETERS-----",
        base64.b64encode(bytes.fromhex("3082010702820100") + DER[9:]).decode(),
        "-----END DH PARAMETERS-----",
    ]
)


@cache
def key(number: int) -> rsa.RSAPrivateKey:
    """Return the same key for a number all through the test run."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(private_key: Any, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    """Write a key as openssl does."""
    return private_key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()  # type: ignore[no-any-return]


@cache
def texts() -> Mapping[str, str]:
    """Return what the settings refer to."""
    encrypted = key(1).public_key().encrypt(SECRET, PKCS1v15())
    return {
        "consumer_key": CONSUMER_KEY,
        "access_token": ACCESS_TOKEN,
        "access_token_secret": base64.b64encode(encrypted).decode(),
        "encryption_key": pem(key(1)),
        "signature_key": pem(key(2)),
        "dh_prime": DH_FILE,
    }


def credentials(**changes: str) -> OAuthCredentials:
    """Read credentials, some of them from other texts."""
    return OAuthCredentials.read(**{**texts(), **changes})


def handshake(
    of: OAuthCredentials | None = None, now: Callable[[], float] = lambda: NOW
) -> Handshake:
    """Open a handshake whose exponent is 2**255 + 5."""
    return Handshake.open(of or credentials(), BASE_URL, random_bits=lambda _: 5, now=now)


def parameters(authorization: str) -> dict[str, str]:
    """Read an Authorization header apart, by a grammar of this test's own."""
    scheme, _, rest = authorization.partition(" ")
    assert scheme == "OAuth"
    pairs = re.findall(r'(\w+)="([^"]*)"(?:, |$)', rest)
    assert ", ".join(f'{name}="{value}"' for name, value in pairs) == rest
    return {name: unquote(value) for name, value in pairs}


def answer(opened: Handshake, exponent: int = 7, **changes: Any) -> dict[str, Any]:
    """Answer as IBKR does, from the public side of the same numbers."""
    challenge = int(parameters(opened.authorization)["diffie_hellman_challenge"], 16)
    shared = pow(challenge, exponent, PRIME)
    written = shared.to_bytes(256, "big").lstrip(b"\0")
    if written[0] >= 0x80:
        written = b"\0" + written
    token = hmac.new(written, SECRET, hashlib.sha1).digest()
    told = {
        "diffie_hellman_response": f"{pow(2, exponent, PRIME):x}",
        "live_session_token_signature": hmac.new(
            token, CONSUMER_KEY.encode(), hashlib.sha1
        ).hexdigest(),
        "live_session_token_expiration": int((NOW + 86_400) * 1000),
    }
    return {**told, **changes}


# --- keys ---------------------------------------------------------------------------------------


def test_diffie_hellman_parameters_are_read_from_a_file() -> None:
    """What openssl dhparam writes is read: prime and generator."""
    assert read_diffie_hellman("oauth_dh_prime", DH_FILE) == DiffieHellman(PRIME, 2)


@pytest.mark.parametrize("text", [PRIME_TEXT, f"{PRIME:x}", f" 0x{PRIME:X}\n", f"00{PRIME:x}"])
def test_a_prime_is_read_from_hexadecimal(text: str) -> None:
    """A bare prime may be written in all the ways that users copy it, with generator 2."""
    assert read_diffie_hellman("oauth_dh_prime", text) == DiffieHellman(PRIME, 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "prime",
        f"{PRIME:x}"[:-2],
        f"{PRIME - 1:x}",
        f"-{PRIME:x}",
        DH_FILE.replace("MIIBCAKC", "MIIBCAKD"),
        DH_FILE.replace("MIIB", "MIII"),
        DH_FILE.replace("MIIB", "MYIB"),
        DH_FILE.replace("//////////wIBAg==", "//////////wIBAQ=="),
        DH_FILE.replace("wIBAg==", "w=="),
        DH_FILE.replace("awv/", "aw!/"),
        DH_FILE.replace("\nawv/XLb0Brft7jhr+1qJn6WunyQRfEsf5kkoZlHs5Fs9wgB8uKFjvwWY2kg2HFXT", ""),
        NEGATIVE,
        "-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----",
        "-----BEGIN DH PARAMETERS-----\nMA==\n-----END DH PARAMETERS-----",
    ],
)
def test_a_bad_prime_is_refused(text: str) -> None:
    """Cut short, even, or no parameters at all: the setting is named."""
    with pytest.raises(
        InvalidConfiguration, match=r"client_portal\.oauth_dh_prime is '\(not shown"
    ):
        read_diffie_hellman("oauth_dh_prime", text)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80), st.binary(max_size=80))
@PROPERTY
def test_no_text_breaks_the_reading_of_parameters(text: str, der: bytes) -> None:
    """Whatever stands in the file, it is read or refused."""
    inside = base64.b64encode(der).decode()
    file = f"-----BEGIN DH PARAMETERS-----\n{inside}\n-----END DH PARAMETERS-----"
    for written in (text, file):
        with pytest.raises(InvalidConfiguration):
            read_diffie_hellman("oauth_dh_prime", written)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_both_forms_of_private_keys_are_read(form: PrivateFormat) -> None:
    """openssl has written keys in two ways over the years."""
    read = read_private_key("oauth_signature_key", f"\n{pem(key(1), form)}\n\n")
    assert read.private_numbers() == key(1).private_numbers()


BAD_KEYS = ("empty", "cut", "small", "not RSA", "locked", "not ASCII", "parameters")


@cache
def bad_keys() -> Mapping[str, str]:
    """Return texts that are no usable RSA private key."""
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    locked = key(1).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    )
    return {
        "empty": "",
        "cut": pem(key(1))[:-200],
        "small": pem(small),
        "not RSA": pem(ec.generate_private_key(ec.SECP256R1())),
        "locked": locked.decode(),
        "not ASCII": "Schlüssel",
        "parameters": DH_FILE,
    }


@pytest.mark.parametrize("setting", ["encryption_key", "signature_key"])
@pytest.mark.parametrize("which", BAD_KEYS)
def test_a_bad_private_key_is_refused(setting: str, which: str) -> None:
    """Each key that cannot be used is refused by the name of its setting."""
    with pytest.raises(
        InvalidConfiguration, match=rf"client_portal\.oauth_{setting} is '\(not shown"
    ) as caught:
        credentials(**{setting: bad_keys()[which]})
    assert caught.value.value == "(not shown)"


@pytest.mark.parametrize("setting", ["consumer_key", "access_token", "realm"])
@pytest.mark.parametrize("text", ["", " \n", "two\nlines", "bell\a", "tökèn"])
def test_a_text_that_is_not_one_line_is_refused(setting: str, text: str) -> None:
    """Nothing that would break the header goes into it."""
    with pytest.raises(InvalidConfiguration, match=rf"client_portal\.oauth_{setting}"):
        credentials(**{setting: text})


@pytest.mark.parametrize("text", ["", "not base64!", "QUJD", base64.b64encode(bytes(255)).decode()])
def test_a_secret_that_cannot_be_decrypted_is_refused(text: str) -> None:
    """The access token's secret must be what the encryption key decrypts."""
    with pytest.raises(InvalidConfiguration, match=r"client_portal\.oauth_access_token_secret"):
        credentials(access_token_secret=text)


def test_texts_from_files_may_end_with_a_line_end() -> None:
    """A file ends with a line end, and base64 may be wrapped; neither belongs to the value."""
    encrypted = texts()["access_token_secret"]
    read = credentials(
        consumer_key=f"{CONSUMER_KEY}\n",
        access_token=f" {ACCESS_TOKEN}\r\n",
        access_token_secret="\n".join([encrypted[:64], encrypted[64:], ""]),
    )
    assert (read.consumer_key, read.access_token, read.secret) == (
        CONSUMER_KEY,
        ACCESS_TOKEN,
        SECRET,
    )


# --- the number K -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "0080"),
        (255, "00ff"),
        (256, "0100"),
        (32767, "7fff"),
        (32768, "008000"),
        (1 << 2047, "00" + "80" + "00" * 255),
        ((1 << 2040) - 1, "00" + "ff" * 255),
    ],
)
def test_numbers_are_written_as_java_does(number: int, written: str) -> None:
    """Known answers of BigInteger.toByteArray."""
    assert java_bytes(number).hex() == written


@given(st.integers(min_value=0, max_value=(1 << 2048) - 1))
@PROPERTY
def test_every_number_is_written_in_shortest_twos_complement(number: int) -> None:
    """Read back as a signed number it is the same, and one byte less would not do."""
    written = java_bytes(number)
    assert int.from_bytes(written, "big", signed=True) == number
    assert len(written) == 1 or written[0] or written[1] >= 0x80


# --- the handshake ------------------------------------------------------------------------------


def test_the_request_is_signed_over_the_secret_and_the_base_string() -> None:
    """The RSA signature is for the secret in hexadecimal and the base string behind it."""
    opened = handshake()
    sent = parameters(opened.authorization)
    assert opened.url == f"{BASE_URL}/oauth/live_session_token"
    assert sent["realm"] == "limited_poa"
    assert sent["oauth_timestamp"] == "1767623400"
    assert sent["diffie_hellman_challenge"] == f"{pow(2, (1 << 255) + 5, PRIME):x}"
    listed = "%26".join(
        f"{name}%3D{sent[name]}"
        for name in (
            "diffie_hellman_challenge",
            "oauth_consumer_key",
            "oauth_nonce",
            "oauth_signature_method",
            "oauth_timestamp",
            "oauth_token",
        )
    )
    address = "https%3A%2F%2Fapi.ibkr.com%2Fv1%2Fapi%2Foauth%2Flive_session_token"
    text = f"{SECRET.hex()}POST&{address}&{listed}".encode()
    signature = base64.b64decode(sent["oauth_signature"])
    key(2).public_key().verify(signature, text, PKCS1v15(), SHA256())
    with pytest.raises(InvalidSignature):
        key(2).public_key().verify(signature, text[2:], PKCS1v15(), SHA256())


def test_a_proven_token_opens_a_session() -> None:
    """The token is the one that both sides find, and ends when IBKR says."""
    opened = handshake()
    session = opened.live_session(answer(opened))
    shared = pow(2, ((1 << 255) + 5) * 7, PRIME)
    expected = hmac.new(java_bytes(shared), SECRET, hashlib.sha1).digest()
    assert session.token == expected
    assert session.expires_at == datetime(2026, 1, 6, 14, 30, tzinfo=UTC)
    assert not session.is_over_at(session.expires_at - timedelta(microseconds=1))
    assert session.is_over_at(session.expires_at)


@pytest.mark.parametrize("told", [NOW * 1000, (NOW - 3600) * 1000, (NOW + 200) * 1000])
def test_a_moment_that_is_not_ahead_is_when_the_token_was_made(told: float) -> None:
    """IBKR's description calls the moment that of computation, from which 24 hours count."""
    opened = handshake()
    session = opened.live_session(answer(opened, live_session_token_expiration=int(told)))
    assert session.expires_at == datetime.fromtimestamp(told / 1000, UTC) + timedelta(hours=24)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"live_session_token_signature": "0" * 40}, "not the one that IBKR found"),
        ({"live_session_token_signature": None}, "not the one that IBKR found"),
        ({"live_session_token_signature": "é"}, "not the one that IBKR found"),
        ({"diffie_hellman_response": "3"}, "not the one that IBKR found"),
        ({"diffie_hellman_response": f"{PRIME - 1:x}"}, "response .* is invalid"),
        ({"diffie_hellman_response": f"{PRIME + 2:x}"}, "response .* is invalid"),
        ({"diffie_hellman_response": "0"}, "response .* is invalid"),
        ({"diffie_hellman_response": "1"}, "response .* is invalid"),
        ({"diffie_hellman_response": ""}, "response .* is invalid"),
        ({"diffie_hellman_response": "-2"}, "response .* is invalid"),
        ({"diffie_hellman_response": "xyz"}, "response .* is invalid"),
        ({"diffie_hellman_response": 2}, "response .* is invalid"),
        ({"live_session_token_expiration": None}, "no time of expiry"),
        ({"live_session_token_expiration": True}, "no time of expiry"),
        ({"live_session_token_expiration": 10**30}, "no time of expiry"),
        ({"live_session_token_expiration": int((NOW - 86_400) * 1000)}, "over already"),
    ],
)
def test_an_answer_that_proves_nothing_opens_no_session(
    changes: dict[str, Any], reason: str
) -> None:
    """A token that IBKR has not proven, or with no end, is never used."""
    opened = handshake()
    with pytest.raises(SessionRefused, match=reason):
        opened.live_session(answer(opened, **changes))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"error": "id: 3931, error: invalid consumer", "statusCode": 401}, "invalid consumer"),
        ({"error": 5}, "holds no token"),
        ({}, "holds no token"),
        (None, "no JSON object"),
        ([1], "no JSON object"),
        ("<html>", "no JSON object"),
    ],
)
def test_a_refusal_is_told_in_ibkrs_words(body: object, reason: str) -> None:
    """What IBKR says stands in the error."""
    with pytest.raises(SessionRefused, match=reason):
        handshake().live_session(body)


def test_another_consumer_cannot_be_proven() -> None:
    """The proof is for one consumer key."""
    opened = handshake(evolve(credentials(), consumer_key="CONSUMERL"))
    with pytest.raises(SessionRefused, match="not the one that IBKR found"):
        opened.live_session(answer(opened))


# --- signatures ---------------------------------------------------------------------------------


def test_the_base_string_is_that_of_the_standard() -> None:
    """The example of RFC 5849, section 3.4.1.1."""
    made = base_string(
        "post",
        "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
        [
            ("b5", "=%3D"),
            ("a3", "a"),
            ("c@", ""),
            ("a2", "r b"),
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
            ("c2", ""),
            ("a3", "2 q"),
        ],
    )
    assert made == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q"
        "%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_"
        "key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_m"
        "ethod%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk"
        "9d7dh3k39sjv7"
    )


def test_escaping_leaves_the_unreserved_characters() -> None:
    """RFC 5849, section 3.6."""
    assert percent_encoded("aZ09-._~ +/&=é") == "aZ09-._~%20%2B%2F%26%3D%C3%A9"


def signer(**more: Any) -> Signer:
    """Return a signer with a token of twenty bytes."""
    session = LiveSession(bytes(range(200, 220)), datetime(2026, 1, 6, tzinfo=UTC))
    return Signer(credentials(), session, now=lambda: NOW, nonce=lambda: "n1", **more)


ORDERS = f"{BASE_URL}/iserver/account/orders"


@pytest.mark.parametrize(
    ("signs_query", "written"),
    [(False, ""), (True, "filters%3Dfilled%252Cnot%2520yet%26")],
)
def test_a_request_is_signed_with_the_token(signs_query: bool, written: str) -> None:
    """HMAC-SHA256 of the base string, the query left out of it or taken in."""
    sent = parameters(
        signer(signs_query=signs_query).authorization(
            "get", f"{ORDERS}?filters=x", {"filters": "filled,not yet"}
        )
    )
    text = (
        "GET&https%3A%2F%2Fapi.ibkr.com%2Fv1%2Fapi%2Fiserver%2Faccount%2Forders&"
        f"{written}oauth_consumer_key%3DCONSUMERK%26oauth_nonce%3Dn1%26oauth_signature_method"
        f"%3DHMAC-SHA256%26oauth_timestamp%3D1767623400%26oauth_token%3D{ACCESS_TOKEN}"
    )
    expected = hmac.new(bytes(range(200, 220)), text.encode(), hashlib.sha256).digest()
    assert sent == {
        "realm": "limited_poa",
        "oauth_consumer_key": CONSUMER_KEY,
        "oauth_nonce": "n1",
        "oauth_signature": base64.b64encode(expected).decode(),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": "1767623400",
        "oauth_token": ACCESS_TOKEN,
    }


def test_no_two_requests_share_a_nonce() -> None:
    """The nonces of the real source differ."""
    assert len({new_nonce() for _ in range(1000)}) == 1000


# --- secrets ------------------------------------------------------------------------------------


def secrets_of(read: OAuthCredentials, opened: Handshake, session: LiveSession) -> list[str]:
    """List every text that must not be seen."""
    numbers = read.signature_key.private_numbers()
    hidden = [
        ACCESS_TOKEN,
        SECRET.hex(),
        repr(SECRET)[2:-1],
        texts()["access_token_secret"],
        session.token.hex(),
        repr(session.token)[2:-1],
        str(opened._exponent),
        f"{opened._exponent:x}",
        str(numbers.d),
    ]
    for file in (texts()["encryption_key"], texts()["signature_key"]):
        hidden += [line for line in file.splitlines() if line and not line.startswith("---")]
    return hidden


def test_no_secret_is_shown() -> None:
    """Neither a repr nor an error, with all of its tracebacks, holds a secret."""
    read = credentials()
    opened = handshake(read)
    session = opened.live_session(answer(opened))
    shown = [repr(thing) for thing in (read, opened, session, Signer(read, session))]
    shown += [str(thing) for thing in (read, opened, session)]
    wrong: list[Callable[[], object]] = [
        lambda: credentials(access_token=f"{ACCESS_TOKEN}\n{ACCESS_TOKEN}"),
        lambda: credentials(access_token_secret=texts()["access_token_secret"] + "!"),
        lambda: credentials(access_token_secret=texts()["access_token_secret"][:-8]),
        lambda: credentials(encryption_key=texts()["encryption_key"][:-300]),
        lambda: credentials(signature_key=texts()["signature_key"].replace("A", "B")),
        lambda: credentials(dh_prime=SECRET.hex()),
        lambda: opened.live_session(answer(opened, live_session_token_signature="0")),
        lambda: opened.live_session(answer(opened, diffie_hellman_response="0")),
    ]
    for act in wrong:
        with pytest.raises((InvalidConfiguration, SessionRefused)) as caught:
            act()
        assert caught.value.__cause__ is None
        told = "".join(traceback.format_exception_only(caught.value))
        shown += [told, repr(caught.value), str(vars(caught.value))]
    for secret in secrets_of(read, opened, session):
        assert not [text for text in shown if secret in text]
