"""OAuth 2.0 at the gateway: from a signed assertion to a bearer token, and all that is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hmac
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from brokerport.simulator.gateways.client_portal.oauth.keys import new_consumer_keys
from brokerport.simulator.gateways.client_portal.oauth.signed_claims import (
    NotSigned,
    verified_claims,
)
from tests.client_portal.oauth_desk import NOW, OAuthDesk, consumer_keys
from tests.client_portal.openapi import check_answer
from tests.support.properties import PROPERTY

TOKEN, SESSIONS = "/oauth2/api/v1/token", "/gw/api/v1/sso-sessions"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION = {
    "iss": "paper-client",
    "sub": "paper-client",
    "aud": "/token",
    "exp": NOW + 20,
    "iat": NOW - 10,
}
SESSION = {
    "iss": "paper-client",
    "credential": "paper",
    "ip": "203.0.113.7",
    "exp": NOW + 86_400,
    "iat": NOW,
}


@pytest.fixture
def desk() -> Iterator[OAuthDesk]:
    """A gateway with one consumer, and nobody at its browser."""
    with OAuthDesk() as opened:
        yield opened


def part(value: Mapping[str, Any] | bytes) -> str:
    """Write one part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(claims: Mapping[str, Any], key: rsa.RSAPrivateKey | None = None, **header: Any) -> str:
    """Sign claims as a client does; ``header`` changes the token's header."""
    own = load_pem_private_key(consumer_keys().signature_key.encode(), None)
    assert isinstance(own, rsa.RSAPrivateKey)
    text = f"{part({'alg': 'RS256', 'typ': 'JWT', 'kid': 'main', **header})}.{part(claims)}"
    signature = (key or own).sign(text.encode(), PKCS1v15(), SHA256())
    return f"{text}.{part(signature)}"


def ask_token(desk: OAuthDesk, **changes: str) -> httpx.Response:
    """Ask for an access token, with some fields of the form changed."""
    form = {
        "grant_type": "client_credentials",
        "client_assertion": signed(ASSERTION),
        "client_assertion_type": ASSERTION_TYPE,
        "scope": "sso-sessions.write",
    }
    return desk.request("POST", f"https://localhost{TOKEN}", data={**form, **changes})


def access_token(desk: OAuthDesk) -> str:
    """Get an access token."""
    response = ask_token(desk)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


def ask_session(desk: OAuthDesk, body: str, token: str | None = None) -> httpx.Response:
    """Ask for a session, with a new access token unless one is given."""
    headers = {
        "Authorization": f"Bearer {access_token(desk) if token is None else token}",
        "Content-Type": "application/jwt",
    }
    return desk.request("POST", f"https://localhost{SESSIONS}", content=body, headers=headers)


def bearer_token(desk: OAuthDesk) -> str:
    """Get a bearer token."""
    response = ask_session(desk, signed(SESSION))
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


def ask(desk: OAuthDesk, token: str, method: str, path: str, **more: Any) -> httpx.Response:
    """Send a request with a bearer token."""
    return desk.request(method, path, headers={"Authorization": f"Bearer {token}"}, **more)


def refused(response: httpx.Response, status: int, detail: str) -> None:
    """Check a problem detail."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["type"], body["status"]) == ("/simple", status)
    assert detail in body["detail"]


def test_an_assertion_becomes_a_session(desk: OAuthDesk) -> None:
    """Token, session, brokerage session: the whole way of a client with a private key."""
    response = ask_token(desk)
    assert response.json() == {
        "access_token": response.json()["access_token"],
        "token_type": "Bearer",
        "scope": "sso-sessions.write",
        "expires_in": 86_399,
    }
    opened = ask_session(desk, signed(SESSION), response.json()["access_token"])
    assert opened.json() == {
        "access_token": opened.json()["access_token"],
        "active": True,
        "token_type": "Bearer",
    }
    bearer = opened.json()["access_token"]
    validated = ask(desk, bearer, "GET", "/sso/validate")
    assert (validated.status_code, validated.json()["USER_NAME"]) == (200, "paper")
    assert ask(desk, bearer, "GET", "/iserver/accounts").json()["error"] == (
        "Bad Request: no bridge"
    )
    body = {"publish": True, "compete": True}
    assert ask(desk, bearer, "POST", "/iserver/auth/ssodh/init", json=body).status_code == 200
    assert ask(desk, bearer, "GET", "/iserver/accounts").status_code == 200


def test_the_answers_are_as_ibkr_describes_them(desk: OAuthDesk) -> None:
    """Both answers, and the refusals, fit IBKR's description."""
    given_token = ask_token(desk)
    check_answer("POST", TOKEN, 200, given_token.json())
    opened = ask_session(desk, signed(SESSION), given_token.json()["access_token"])
    check_answer("POST", SESSIONS, 200, opened.json())
    check_answer("POST", TOKEN, 400, ask_token(desk, scope="x").json())
    check_answer("POST", SESSIONS, 400, ask_session(desk, signed({**SESSION, "ip": 5})).json())
    check_answer("POST", SESSIONS, 401, ask_session(desk, signed(SESSION), "nothing").json())


@pytest.mark.parametrize("field", ["grant_type", "client_assertion_type", "scope"])
def test_a_wrong_field_of_the_form_is_refused(desk: OAuthDesk, field: str) -> None:
    """The field and what it must be are named."""
    refused(ask_token(desk, **{field: "something"}), 400, f"{field} must be")


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"iss": "stranger", "sub": "stranger"}, "the issuer or its key is unknown"),
        ({"iss": None}, "the issuer or its key is unknown"),
        ({"iss": ["paper-client"]}, "the issuer or its key is unknown"),
        ({"sub": "stranger"}, "sub must be its iss"),
        ({"aud": "https://api.ibkr.com/oauth2/api/v1/token"}, "aud must be /token"),
        ({"aud": None}, "aud must be /token"),
        ({"exp": NOW}, "expired"),
        ({"exp": None}, "claim exp is missing"),
        ({"exp": "tomorrow"}, "claim exp is missing"),
        ({"exp": True}, "claim exp is missing"),
        ({"iat": NOW + 301}, "not valid yet"),
        ({"iat": None}, "claim iat is missing"),
    ],
)
def test_a_wrong_claim_of_an_assertion_is_refused(
    desk: OAuthDesk, changes: dict[str, Any], detail: str
) -> None:
    """Issuer, subject, audience and times must all be right."""
    assertion = signed({**ASSERTION, **changes})
    refused(ask_token(desk, client_assertion=assertion), 401, detail)


def unsigned(claims: Mapping[str, Any]) -> str:
    """Return a token that calls itself unsigned."""
    return f"{part({'alg': 'none', 'kid': 'main'})}.{part(claims)}."


def signed_with_the_public_key(claims: Mapping[str, Any]) -> str:
    """Return a token whose HMAC key is the public key, which everybody knows."""
    text = f"{part({'alg': 'HS256', 'kid': 'main'})}.{part(claims)}"
    public = consumer_keys().consumer.signature_key
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = hmac.HMAC(pem, SHA256())
    mac.update(text.encode())
    return f"{text}.{part(mac.finalize())}"


def changed_after_signing(claims: Mapping[str, Any]) -> str:
    """Return a token whose claims are not the signed ones."""
    head, _, tail = signed({**claims, "exp": NOW + 10}).split(".")
    return f"{head}.{part(claims)}.{tail}"


def forgeries(claims: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List tokens that their issuer has not signed, and what is said of them."""
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return [
        (unsigned(claims), "not signed with RS256"),
        (signed_with_the_public_key(claims), "not signed with RS256"),
        (changed_after_signing(claims), "signature is invalid"),
        (signed(claims, stranger), "signature is invalid"),
        (signed(claims, kid="other"), "issuer or its key is unknown"),
        (signed(claims)[:-300], "signature is invalid"),
        (signed(claims).replace(".", ""), "malformed"),
        ("", "malformed"),
        ("a.b.c", "malformed"),
    ]


def test_a_forged_assertion_is_refused(desk: OAuthDesk) -> None:
    """Nobody but the holder of the private key gets a token, whatever the token says of itself."""
    for assertion, detail in forgeries(ASSERTION):
        refused(ask_token(desk, client_assertion=assertion), 401, detail)


def test_a_forged_session_request_is_refused(desk: OAuthDesk) -> None:
    """The same holds for the request for a session, access token or not."""
    token = access_token(desk)
    for body, detail in forgeries(SESSION):
        refused(ask_session(desk, body, token), 401, detail)
    assert desk.portal.token_logins == {}


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"credential": "live"}, "credential"),
        ({"credential": None}, "credential"),
        ({"ip": None}, "ip is not"),
        ({"ip": "localhost"}, "ip is not"),
        ({"ip": 5}, "ip is not"),
    ],
)
def test_a_session_is_for_a_known_user_at_an_address(
    desk: OAuthDesk, changes: dict[str, Any], detail: str
) -> None:
    """Both claims are needed."""
    refused(ask_session(desk, signed({**SESSION, **changes})), 400, detail)


@pytest.mark.parametrize("token", ["", "nothing"])
def test_a_session_needs_an_access_token(desk: OAuthDesk, token: str) -> None:
    """A signed request alone opens nothing."""
    refused(ask_session(desk, signed(SESSION), token), 401, "access token")


def test_a_session_is_for_the_client_whose_token_it_is() -> None:
    """One client's access token is no good with another's signed request."""
    other = new_consumer_keys("other")
    key = load_pem_private_key(other.signature_key.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    with OAuthDesk(oauth_consumers=(consumer_keys().consumer, other.consumer)) as desk:
        theirs = {**SESSION, "iss": "other-client"}
        for username in ("paper", "other"):
            body = signed({**theirs, "credential": username}, key)
            refused(ask_session(desk, body), 401, "another client")
        assertion = signed({**ASSERTION, "iss": "other-client", "sub": "other-client"}, key)
        token = ask_token(desk, client_assertion=assertion).json()["access_token"]
        body = signed({**theirs, "credential": "other"}, key)
        assert ask_session(desk, body, token).status_code == 200
        assert [login.username for login in desk.portal.token_logins.values()] == ["other"]


def test_the_tokens_are_not_interchangeable(desk: OAuthDesk) -> None:
    """An access token answers no API call, and a bearer token opens no session."""
    token = access_token(desk)
    assert ask(desk, token, "GET", "/tickle").status_code == 401
    refused(ask_session(desk, signed(SESSION), bearer_token(desk)), 401, "access token")


def test_tokens_end(desk: OAuthDesk) -> None:
    """A day after, or when the signed request says, whichever is first."""
    token = access_token(desk)
    short = ask_session(desk, signed({**SESSION, "exp": NOW + 600}), token).json()["access_token"]
    whole = ask_session(desk, signed({**SESSION, "exp": NOW + 10**7}), token).json()["access_token"]
    assert [ask(desk, one, "GET", "/tickle").status_code for one in (short, whole)] == [200, 200]
    desk.wall.seconds += 600
    assert [ask(desk, one, "GET", "/tickle").status_code for one in (short, whole)] == [401, 200]
    desk.wall.seconds += 86_399 - 600
    assert ask(desk, whole, "GET", "/tickle").json()["error"] == "not authenticated"
    body = signed({**SESSION, "iat": desk.wall.seconds, "exp": desk.wall.seconds + 60})
    refused(ask_session(desk, body, token), 401, "access token")


def test_each_session_is_a_login_of_its_own(desk: OAuthDesk) -> None:
    """Two bearer tokens do not share what they have asked for, but one brokerage session."""
    first, second = bearer_token(desk), bearer_token(desk)
    body = {"publish": True, "compete": True}
    init = "/iserver/auth/ssodh/init"
    assert ask(desk, first, "POST", init, json=body).json()["authenticated"]
    assert ask(desk, second, "POST", init, json=body).json()["authenticated"]
    logins = desk.portal.token_logins
    assert [logins[token].is_authenticated for token in (first, second)] == [False, True]
    assert logins[first].is_competing


def test_a_body_of_any_size_or_kind_is_answered(desk: OAuthDesk) -> None:
    """Neither a flood nor bytes that are no text are a fault of the gateway's."""
    token = access_token(desk)
    assert ask_session(desk, "a" * 70_000, token).status_code == 413
    response = desk.request(
        "POST",
        f"https://localhost{SESSIONS}",
        content=b"\xff\xfe",
        headers={"Authorization": f"Bearer {token}"},
    )
    refused(response, 400, "not ASCII")
    assert desk.request("GET", f"https://localhost{TOKEN}").status_code in (404, 405)


@given(st.text(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
@PROPERTY
def test_no_token_breaks_the_reading(text: str, head: bytes, body: bytes) -> None:
    """Any text is a token that is signed, or none."""
    key = consumer_keys().consumer.signature_key
    whole = {"alg": "RS256", "kid": "main"}
    tokens = (text, f"{part(head)}.{part(body)}.{part(b'x')}", f"{part(whole)}.{part(body)}.{text}")
    for token in tokens:
        with pytest.raises(NotSigned):
            verified_claims(token, lambda _issuer, _key_id: key, NOW)


def test_a_gateway_without_consumers_gives_no_tokens() -> None:
    """Its OAuth addresses do not exist."""
    with OAuthDesk(oauth_consumers=()) as desk:
        assert ask_token(desk).status_code == 404
        assert ask_session(desk, signed(SESSION), "x").status_code == 404
