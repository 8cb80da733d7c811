"""OAuth 1.0a at the gateway: session tokens, signatures, and everything that is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import httpx
import pytest
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerport.adapters.client_portal.oauth import (
    Handshake,
    LiveSession,
    OAuthCredentials,
    Signer,
)
from brokerport.adapters.client_portal.oauth_signature import authorization_header
from brokerport.config.secrets import resolve_secret
from brokerport.domain.errors import InvalidConfiguration, SessionRefused
from brokerport.simulator.gateways.client_portal.errors import PortalError
from brokerport.simulator.gateways.client_portal.oauth.keys import (
    DH_PRIME,
    REGISTRATION_FILE,
    SETTINGS_FILE,
    read_consumer,
    write_test_consumer,
)
from brokerport.simulator.gateways.client_portal.oauth.one import OAuthOne
from brokerport.simulator.gateways.client_portal.oauth.signed_request import (
    SignedRequest,
    authorization_parameters,
    possible_addresses,
)
from tests.client_portal.oauth_desk import (
    NOW,
    Nonces,
    OAuthDesk,
    adapter_settings,
    consumer_keys,
    credentials_of,
)
from tests.client_portal.openapi import check_answer
from tests.support.properties import PROPERTY

TOKEN_PATH = "/oauth/live_session_token"
ASKED = "/tickle"
ACCOUNTS = "/portfolio/accounts"


@pytest.fixture
def desk() -> Iterator[OAuthDesk]:
    """A gateway with one consumer, and nobody at its browser."""
    with OAuthDesk() as opened:
        yield opened


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Return the status and what IBKR says, without the number of the refusal."""
    error = response.json()["error"]
    if error.startswith("id: "):
        number, _, error = error.removeprefix("id: ").partition(", error: ")
        assert int(number) > 0
    return response.status_code, error


# --- session tokens -----------------------------------------------------------------------------


def test_both_sides_find_the_same_token(desk: OAuthDesk) -> None:
    """The handshake proves the token, which lasts a day, and what it signs is answered."""
    session = desk.live_session()
    assert session.expires_at.timestamp() == NOW + 86_400
    assert desk.ask(desk.signer(session), "GET", ASKED).status_code == 200


def test_the_answer_is_as_ibkr_describes_it(desk: OAuthDesk) -> None:
    """The answer has the keys of IBKR's description and example."""
    response = desk.send(desk.handshake())
    assert set(response.json()) == {
        "diffie_hellman_response",
        "live_session_token_signature",
        "live_session_token_expiration",
    }
    check_answer("POST", TOKEN_PATH, response.status_code, response.json())


@cache
def shared_credentials() -> OAuthCredentials:
    """Return the consumer's credentials, read once: reading checks the keys, which takes time."""
    return credentials_of(consumer_keys())


def server_side(random_bits: Callable[[int], int] = lambda _: 9) -> OAuthOne:
    """Return a verifier of its own, at the same time of day."""
    return OAuthOne((consumer_keys().consumer,), lambda: NOW, random_bits)


def arrived(method: str, url: str, authorization: str) -> SignedRequest:
    """Return a request as it arrives."""
    parameters = authorization_parameters(authorization)
    assert parameters is not None
    _, _, query = url.partition("?")
    return SignedRequest(method, possible_addresses(url, ("127.0.0.1", 5000)), query, parameters)


@cache
def exchange(client_bits: int, server_bits: int) -> tuple[OAuthOne, LiveSession]:
    """Let both sides exchange a token, with these random numbers."""
    one = server_side(lambda _: server_bits)
    handshake = Handshake.open(
        shared_credentials(),
        "https://localhost:5000/v1/api",
        random_bits=lambda _: client_bits,
        now=lambda: NOW,
    )
    _, answer = one.live_session_token(arrived("POST", handshake.url, handshake.authorization))
    return one, handshake.live_session(answer)


BITS = st.integers(min_value=0, max_value=(1 << 256) - 1)


@given(BITS, BITS)
@settings(PROPERTY, max_examples=40)
def test_any_random_numbers_give_one_token(client_bits: int, server_bits: int) -> None:
    """Whatever both sides draw, the proof holds; half the shared numbers have the top bit set."""
    exchange(client_bits, server_bits)


def shared_number(client_bits: int, server_bits: int) -> int:
    """Return K for two exponents whose top bit is set as both sides set it."""
    top = 1 << 255
    return pow(pow(2, client_bits | top, DH_PRIME), server_bits | top, DH_PRIME)


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        ("top bit set", lambda shared: shared.bit_length() == 2048),
        ("top bit clear", lambda shared: shared.bit_length() in range(2041, 2048)),
        ("one byte shorter, its top bit set", lambda shared: shared.bit_length() == 2040),
        ("one byte shorter", lambda shared: shared.bit_length() < 2040),
    ],
)
def test_every_shape_of_the_shared_number_gives_one_token(
    shape: str, fits: Callable[[int], bool]
) -> None:
    """A leading 00 where the top bit is set, no leading zero bytes otherwise: on both sides."""
    draw = random.Random(shape)
    client_bits = draw.getrandbits(256)
    server_bits = next(
        bits
        for bits in iter(lambda: draw.getrandbits(256), None)
        if fits(shared_number(client_bits, bits))
    )
    exchange(client_bits, server_bits)


def test_a_new_token_does_not_end_the_older_one(desk: OAuthDesk) -> None:
    """Two programs with the same credentials can both go on, on one login."""
    first, second = desk.signer(), desk.signer()
    assert first.session.token != second.session.token
    for signer in (first, second, first):
        assert desk.ask(signer, "GET", ASKED).status_code == 200
    assert len(desk.portal.token_logins) == 1


def test_a_token_ends_after_a_day(desk: OAuthDesk) -> None:
    """After 24 hours the token signs nothing more, and a new one does."""
    signer = desk.signer()
    desk.wall.seconds += 86_399
    assert desk.ask(signer, "GET", ASKED).status_code == 200
    desk.wall.seconds += 1
    assert signer.session.expires_at.timestamp() == desk.wall.seconds
    assert refusal(desk.ask(signer, "GET", ASKED)) == (401, "not authenticated")
    assert desk.ask(desk.signer(), "GET", ASKED).status_code == 200


def test_nothing_is_signed_before_there_is_a_token(desk: OAuthDesk) -> None:
    """A signature with an invented token is nobody's."""
    invented = LiveSession(bytes(20), desk.live_session().expires_at)
    assert refusal(desk.ask(desk.signer(invented), "GET", ASKED)) == (401, "Invalid signature")
    with OAuthDesk() as fresh:
        assert refusal(fresh.ask(fresh.signer(invented), "GET", ASKED)) == (
            401,
            "not authenticated",
        )


# --- who is let in ------------------------------------------------------------------------------


def test_a_request_without_a_signature_is_nobodys(desk: OAuthDesk) -> None:
    """Nobody has logged in at the browser, so an unsigned request has no session."""
    desk.live_session()
    assert refusal(desk.get(ASKED)) == (401, "not authenticated")


@pytest.mark.parametrize(
    "header",
    ["OAuth", "OAuth oauth_nonce", "Basic dXNlcjpwYXNz", "Bearer nothing", "OAuth a=1", "nonsense"],
)
def test_a_header_that_is_no_signature_is_refused(desk: OAuthDesk, header: str) -> None:
    """Other schemes, and headers that cannot be read, are no login."""
    response = desk.request("GET", ASKED, headers={"Authorization": header})
    assert refusal(response) == (401, "not authenticated")
    response = desk.request("POST", TOKEN_PATH, headers={"Authorization": header})
    assert refusal(response) == (401, "not authenticated")


def test_a_gateway_without_consumers_has_no_oauth() -> None:
    """Its OAuth addresses do not exist, and it does not look at an Authorization header."""
    with OAuthDesk(oauth_consumers=(), is_logged_in=True) as desk:
        assert desk.send(desk.handshake()).status_code == 404
        response = desk.request("GET", ASKED, headers={"Authorization": "OAuth nonsense"})
        assert response.status_code == 200


@pytest.mark.parametrize("path", ["/oauth/request_token", "/oauth/access_token"])
def test_third_party_tokens_are_not_served(desk: OAuthDesk, path: str) -> None:
    """The flow in which another user consents in a browser is not there, and says so."""
    assert desk.post(path).status_code == 404


def test_a_browser_and_a_consumer_have_a_login_each() -> None:
    """The gateway serves both: one's preparations do not count for the other."""
    with OAuthDesk(is_logged_in=True) as desk:
        signer = desk.signer()
        login = desk.portal.token_logins[desk.keys.consumer.access_token]
        assert login is not desk.login
        assert login.session_id != desk.login.session_id
        desk.ask(signer, "GET", ACCOUNTS)
        assert login.has_queried_portfolio
        assert not desk.login.has_queried_portfolio
        assert desk.get(ACCOUNTS).status_code == 200


def test_the_brokerage_session_must_be_opened(desk: OAuthDesk) -> None:
    """An access token opens the read-only session alone."""
    signer = desk.signer()
    assert refusal(desk.ask(signer, "GET", "/iserver/accounts")) == (
        400,
        "Bad Request: no bridge",
    )
    response = desk.request(
        "POST",
        "/iserver/auth/ssodh/init",
        json={"publish": True, "compete": True},
        headers={
            "Authorization": signer.authorization("POST", desk.address("/iserver/auth/ssodh/init"))
        },
    )
    assert response.status_code == 200
    assert desk.ask(signer, "GET", "/iserver/accounts").status_code == 200


def test_a_closed_login_is_opened_by_the_next_request(desk: OAuthDesk) -> None:
    """After a logout the same token opens a new login, without what the old one knew."""
    signer = desk.signer()
    desk.ask(signer, "GET", ACCOUNTS)
    desk.portal.token_logins[desk.keys.consumer.access_token].is_open = False
    assert desk.ask(signer, "GET", "/tickle").status_code == 200
    assert not desk.portal.token_logins[desk.keys.consumer.access_token].has_queried_portfolio


def test_a_request_without_a_user_agent_is_refused(desk: OAuthDesk) -> None:
    """IBKR's front turns away who does not name itself."""
    signer = desk.signer()
    desk.client.headers.pop("User-Agent")
    assert desk.ask(signer, "GET", ASKED).status_code == 403
    assert desk.send(desk.handshake()).status_code == 403


# --- what is refused ----------------------------------------------------------------------------

TAMPERED = {
    "oauth_signature": ("Zm9yZ2Vk", "Invalid signature"),
    "oauth_nonce": ("another", "Invalid signature"),
    "oauth_timestamp": (str(int(NOW) + 1), "Invalid signature"),
    "oauth_consumer_key": ("ANOTHERCO", "invalid consumer"),
    "realm": ("test_realm", "invalid consumer"),
    "oauth_token": ("0" * 20, "invalid token"),
    "oauth_signature_method": ("PLAINTEXT", "Invalid signature"),
    "oauth_version": ("1.0", "Invalid signature"),
}


def tampered(authorization: str, **changes: str | None) -> str:
    """Return a header with some parameters changed, or left out."""
    parameters: dict[str, str | None] = dict(authorization_parameters(authorization) or {})
    parameters.update(changes)
    kept = {name: value for name, value in parameters.items() if value is not None}
    return authorization_header(kept.pop("realm", "limited_poa"), kept)


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_request_is_refused(desk: OAuthDesk, name: str) -> None:
    """Every part of the header is under the signature, or names who signs."""
    value, reason = TAMPERED[name]
    url = desk.address(ASKED)
    header = tampered(desk.signer().authorization("GET", url), **{name: value})
    response = desk.request("GET", ASKED, headers={"Authorization": header})
    assert refusal(response) == (401, reason)


@pytest.mark.parametrize("name", [*TAMPERED, "diffie_hellman_challenge"])
def test_a_tampered_token_request_is_refused(desk: OAuthDesk, name: str) -> None:
    """The same holds for the RSA signature, and the challenge is under it too."""
    value, reason = TAMPERED.get(name, ("abcdef", "Invalid signature"))
    handshake = desk.handshake()
    header = tampered(handshake.authorization, **{name: value})
    response = desk.send(evolve_authorization(handshake, header))
    assert refusal(response) == (401, reason)
    assert desk.portal.token_logins == {}


def evolve_authorization(handshake: Handshake, authorization: str) -> Handshake:
    """Return the same handshake with another header."""
    return evolve(handshake, authorization=authorization)


@pytest.mark.parametrize(
    "name", ["oauth_signature", "oauth_nonce", "oauth_timestamp", "oauth_consumer_key"]
)
def test_a_missing_part_is_refused(desk: OAuthDesk, name: str) -> None:
    """Nothing may be left out."""
    header = tampered(desk.handshake().authorization, **{name: None})
    response = desk.request("POST", TOKEN_PATH, headers={"Authorization": header})
    assert response.status_code == 401


def test_a_signature_is_for_one_method_and_path(desk: OAuthDesk) -> None:
    """A signed request cannot be turned into another one."""
    signer = desk.signer()
    for method, path in (("POST", ASKED), ("GET", "/portfolio/subaccounts")):
        header = signer.authorization(method, desk.address(path))
        response = desk.request("GET", ASKED, headers={"Authorization": header})
        assert refusal(response) == (401, "Invalid signature")


def test_a_signed_query_cannot_be_changed(desk: OAuthDesk) -> None:
    """Where the query is signed, another one is not taken for it."""
    signer = desk.signer(signs_query=True)
    header = signer.authorization("GET", desk.address(ASKED), {"page": "1"})
    for query in ({"page": "2"}, {}, {"page": "1", "more": "1"}):
        response = desk.request("GET", ASKED, params=query, headers={"Authorization": header})
        assert refusal(response) == (401, "Invalid signature")


@pytest.mark.parametrize(("seconds", "is_let_in"), [(300, True), (301, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_timestamp_must_be_of_now(
    desk: OAuthDesk, seconds: int, is_let_in: bool, sign: int
) -> None:
    """Five minutes either way, for both kinds of requests."""
    signer, handshake = desk.signer(), desk.handshake()
    header = signer.authorization("GET", desk.address(ASKED))
    desk.wall.seconds += sign * seconds
    response = desk.request("GET", ASKED, headers={"Authorization": header})
    again = desk.send(handshake)
    if is_let_in:
        assert (response.status_code, again.status_code) == (200, 200)
    else:
        assert refusal(response) == refusal(again) == (401, "invalid timestamp")


@pytest.mark.parametrize("stamp", ["", "-1", "1e9", "9" * 13, "٣" * 10, "1767623400.5"])
def test_a_timestamp_must_be_a_number(desk: OAuthDesk, stamp: str) -> None:
    """Anything but whole seconds is refused."""
    header = tampered(desk.handshake().authorization, oauth_timestamp=stamp)
    response = desk.request("POST", TOKEN_PATH, headers={"Authorization": header})
    assert refusal(response) == (401, "invalid timestamp")


def test_a_nonce_is_good_once(desk: OAuthDesk) -> None:
    """A recorded request cannot be sent again, as long as its timestamp is good."""
    signer = desk.signer()
    header = signer.authorization("GET", desk.address(ASKED))
    asked = [desk.request("GET", ASKED, headers={"Authorization": header}) for _ in range(2)]
    assert asked[0].status_code == 200
    assert refusal(asked[1]) == (401, "invalid nonce")
    handshake = desk.handshake()
    sent = [desk.send(handshake) for _ in range(2)]
    assert sent[0].status_code == 200
    assert refusal(sent[1]) == (401, "invalid nonce")


def test_a_nonce_is_remembered_as_long_as_its_timestamp_is_good(desk: OAuthDesk) -> None:
    """A request dated five minutes ahead can be repeated at no time."""
    signer = desk.signer()
    desk.wall.seconds += 300
    header = signer.authorization("GET", desk.address(ASKED))
    desk.wall.seconds -= 300
    for later in (0, 300, 300, 1):
        desk.wall.seconds += later
        response = desk.request("GET", ASKED, headers={"Authorization": header})
        desk.ask(signer, "GET", ASKED)
        assert (response.status_code == 200) == (later == 0)


def test_a_forged_request_uses_up_no_nonce(desk: OAuthDesk) -> None:
    """Who cannot sign cannot make another's request fail either."""
    header = desk.signer().authorization("GET", desk.address(ASKED))
    forged = tampered(header, oauth_signature="Zm9yZ2Vk")
    assert desk.request("GET", ASKED, headers={"Authorization": forged}).status_code == 401
    assert desk.request("GET", ASKED, headers={"Authorization": header}).status_code == 200


def test_nonces_are_not_kept_for_ever(desk: OAuthDesk) -> None:
    """What cannot be repeated any more is forgotten."""
    one = server_side()
    handshake_nonces = Nonces()
    for minute in range(60):
        one._now = lambda at=minute: NOW + 60 * at  # type: ignore[misc]
        handshake = Handshake.open(
            shared_credentials(),
            "https://localhost:5000/v1/api",
            nonce=handshake_nonces,
            now=one._now,
        )
        one.live_session_token(arrived("POST", handshake.url, handshake.authorization))
    kept = one._grants[consumer_keys().consumer.consumer_key]
    assert len(kept.nonces) == 11
    assert len(kept.tokens) == 16


@pytest.mark.parametrize("challenge", ["0", "1", f"{DH_PRIME - 1:x}", f"{DH_PRIME:x}", "xyz", ""])
def test_a_challenge_must_be_a_number_of_the_group(
    desk: OAuthDesk, challenge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signed challenge that would give the token away is no use to anybody."""
    monkeypatch.setattr("builtins.pow", lambda *_: Written(challenge))
    handshake = desk.handshake()
    monkeypatch.undo()
    response = desk.send(handshake)
    assert refusal(response) == (400, "Bad Request: diffie_hellman_challenge is invalid")


class Written(int):
    """A number that is written down as any text."""

    def __new__(cls, text: str) -> Written:
        """Keep the text."""
        made = super().__new__(cls, 0)
        made.text = text
        return made

    text: str

    def __format__(self, _spec: str) -> str:
        return self.text


def test_another_signature_key_is_refused(desk: OAuthDesk) -> None:
    """The RSA signature must be the registered key's."""
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    response = desk.send(desk.handshake(evolve(desk.credentials, signature_key=stranger)))
    assert refusal(response) == (401, "Invalid signature")


def test_another_secret_is_refused(desk: OAuthDesk) -> None:
    """What the wrong encryption key decrypts is the wrong secret, which IBKR refuses."""
    response = desk.send(desk.handshake(evolve(desk.credentials, secret=bytes(32))))
    assert refusal(response) == (401, "Invalid signature")
    with pytest.raises(SessionRefused, match="Invalid signature"):
        desk.handshake().live_session(response.json())


# --- base strings of other clients --------------------------------------------------------------

Normalize = Callable[[dict[str, str]], str]


def listed(parameters: dict[str, str]) -> str:
    """List parameters in order, as they are."""
    return "&".join(f"{name}={value}" for name, value in sorted(parameters.items()))


def twice(parameters: dict[str, str]) -> str:
    """Escape as the standard says."""
    return quote(
        listed({quote(name, safe=""): quote(value, safe="") for name, value in parameters.items()}),
        safe="",
    )


QUERY = {"conids": "265598,8314", "fields": "31,84", "note": "a b/c", "since": ""}
WAYS: dict[str, Callable[[str, str, dict[str, str]], str]] = {
    "query left out, escaped once": lambda url, _, own: (
        f"{quote_plus(url)}&{quote_plus(listed(own))}"
    ),
    "query left out, slashes kept": lambda url, _, own: f"{quote_plus(url)}&{quote(listed(own))}",
    "query in the URL": lambda url, query, own: (
        f"{quote_plus(f'{url}?{query}')}&{quote(listed(own))}"
    ),
    "query in the URL, not escaped": lambda url, _, own: (
        f"{quote_plus(f'{url}?{listed(QUERY)}')}&{quote(listed(own))}"
    ),
    "query among the parameters": lambda url, _, own: f"{quote_plus(url)}&{twice(own | QUERY)}",
    "query among the parameters, escaped once": lambda url, _, own: (
        f"{quote_plus(url)}&{quote_plus(listed(own | QUERY))}"
    ),
}


def own_parameters(desk: OAuthDesk, nonce: str) -> dict[str, str]:
    """Return what a client says of itself."""
    return {
        "oauth_consumer_key": desk.keys.consumer.consumer_key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(NOW)),
        "oauth_token": desk.keys.consumer.access_token,
    }


def signed_by_hand(token: bytes, text: str, own: dict[str, str]) -> str:
    """Sign a base string and write the header, without the adapter's help."""
    signature = base64.b64encode(hmac.new(token, text.encode(), hashlib.sha256).digest()).decode()
    parameters = sorted({**own, "oauth_signature": quote_plus(signature)}.items())
    written = ", ".join(f'{name}="{value}"' for name, value in parameters)
    return f'OAuth {written}, realm="limited_poa"'


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "base_url",
    [
        "https://localhost/v1/api",
        "https://api.ibkr.com/v1/api",
        "https://127.0.0.1/v1/api",
    ],
)
@pytest.mark.parametrize("host", ["api.ibkr.com", "localhost"])
def test_every_habit_of_signing_is_understood(
    desk: OAuthDesk, way: str, base_url: str, host: str
) -> None:
    """Clients write the base string in different ways, and call the gateway by different names."""
    token = desk.live_session().token
    query = urlencode(sorted(QUERY.items()), quote_via=quote)
    own = own_parameters(desk, "no/nce")
    text = f"GET&{WAYS[way](f'{base_url}{ASKED}', query, own)}"
    headers = {"Authorization": signed_by_hand(token, text, own), "Host": host}
    response = desk.request("GET", f"{ASKED}?{query}", headers=headers)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("oauth_signature_method", "RSA-SHA256", "Invalid signature"),
        ("oauth_signature_method", "", "Invalid signature"),
        ("oauth_nonce", "", "invalid nonce"),
        ("oauth_timestamp", "", "invalid timestamp"),
    ],
)
def test_a_right_signature_of_something_wrong_is_refused(
    desk: OAuthDesk, name: str, value: str, reason: str
) -> None:
    """A good signature does not make up for another method, or for what is missing."""
    token = desk.live_session().token

    def ask(own: dict[str, str]) -> httpx.Response:
        text = f"GET&{quote_plus(desk.address(ASKED))}&{twice(own)}"
        headers = {"Authorization": signed_by_hand(token, text, own)}
        return desk.request("GET", ASKED, headers=headers)

    assert ask(own_parameters(desk, "fine")).status_code == 200
    assert refusal(ask({**own_parameters(desk, "other"), name: value})) == (401, reason)


def test_a_name_that_is_not_the_gateways_is_not_signed_for_it(desk: OAuthDesk) -> None:
    """A request that was signed for another server is not taken here."""
    header = desk.signer().authorization("GET", f"https://elsewhere.example/v1/api{ASKED}")
    response = desk.request("GET", ASKED, headers={"Authorization": header})
    assert refusal(response) == (401, "Invalid signature")


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT"]),
    segments=st.lists(st.text("abcXYZ019-._~,:", min_size=1, max_size=12), max_size=4),
    query=st.dictionaries(st.text("abcXYZ_[].", min_size=1, max_size=8), TEXT, max_size=4),
    signs_query=st.booleans(),
    host=st.sampled_from(["localhost:5000", "127.0.0.1:5000", "api.ibkr.com"]),
)
@PROPERTY
def test_what_the_adapter_signs_the_gateway_accepts(
    method: str, segments: list[str], query: dict[str, str], signs_query: bool, host: str
) -> None:
    """Any request, signed by the one, is known by the other, and not once a letter is changed."""
    one, session = exchange(11, 12)
    signer = Signer(shared_credentials(), session, signs_query=signs_query, now=lambda: NOW)
    url = "/".join([f"https://{host}/v1/api", *segments])
    header = signer.authorization(method, url, query)
    sent = f"{url}?{urlencode(query)}" if query else url
    assert one.consumer_of(arrived(method, sent, header)) == consumer_keys().consumer
    header = signer.authorization(method, url, query)
    with pytest.raises(PortalError, match="401 Invalid signature"):
        one.consumer_of(arrived(method, sent.replace("/api", "/apo"), header))


@given(st.text(max_size=200))
@PROPERTY
def test_no_header_breaks_the_reading(text: str) -> None:
    """Any header is read or is none."""
    for header in (text, f"OAuth {text}", f'OAuth oauth_nonce="{text}"'):
        parameters = authorization_parameters(header)
        assert parameters is None or all(isinstance(value, str) for value in parameters.values())


def test_a_parameter_that_stands_twice_voids_the_header() -> None:
    """Of two consumer keys neither is believed."""
    assert authorization_parameters('OAuth realm="a", oauth_token="b"') == {
        "realm": "a",
        "oauth_token": "b",
    }
    assert authorization_parameters('OAuth oauth_token="a", oauth_token="a"') is None


# --- the key set --------------------------------------------------------------------------------


def test_a_written_consumer_is_what_both_sides_need(tmp_path: Path) -> None:
    """The gateway reads one file, the adapter's settings refer to the others."""
    settings_file = write_test_consumer(tmp_path / "keys")
    consumer = read_consumer(tmp_path / "keys")
    read = adapter_settings(settings_file, "https://localhost:5000/v1/api")
    names = (
        "consumer_key",
        "access_token",
        "access_token_secret",
        "encryption_key",
        "signature_key",
        "dh_prime",
    )
    texts = {
        name: resolve_secret(f"client_portal.oauth_{name}", getattr(read, f"oauth_{name}"))
        for name in names
    }
    credentials = evolve(credentials_of(consumer_keys(), **texts, realm=read.oauth_realm))
    with OAuthDesk(oauth_consumers=(consumer,)) as desk:
        desk.credentials = credentials
        assert desk.ask(desk.signer(), "GET", ASKED).status_code == 200
    assert len(consumer.consumer_key) == 9
    assert consumer.username == "paper"


def test_only_the_user_may_read_the_keys(tmp_path: Path) -> None:
    """Files are 0600, the directory 0700, and what is no reference is no secret."""
    settings_file = write_test_consumer(tmp_path / "deep" / "keys")
    assert stat.S_IMODE(settings_file.parent.stat().st_mode) == 0o700
    modes = {
        file.name: stat.S_IMODE(file.stat().st_mode) for file in settings_file.parent.iterdir()
    }
    assert set(modes.values()) == {0o600}
    assert len(modes) == 8
    section = tomllib.loads(settings_file.read_text())["client_portal"]
    plain = {name: value for name, value in section.items() if not value.startswith("file:")}
    assert plain == {"mode": "oauth", "oauth_realm": "limited_poa"}


def test_keys_that_are_there_are_kept(tmp_path: Path) -> None:
    """Programs are configured with them: a second start changes nothing."""
    settings_file = write_test_consumer(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    assert write_test_consumer(tmp_path) == settings_file
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_half_a_set_is_refused(tmp_path: Path) -> None:
    """Nothing of the user's is overwritten, and a broken set is not served."""
    (tmp_path / "consumer_key").write_text("MINE")
    with pytest.raises(InvalidConfiguration, match="a directory for a new set of keys"):
        write_test_consumer(tmp_path)
    assert (tmp_path / "consumer_key").read_text() == "MINE"
    with pytest.raises(InvalidConfiguration, match="a directory with a set of test keys"):
        read_consumer(tmp_path)
    (tmp_path / REGISTRATION_FILE).write_text('{"signature_key": 5}')
    with pytest.raises(InvalidConfiguration, match="a directory with a set of test keys"):
        write_test_consumer(tmp_path)
    assert not (tmp_path / SETTINGS_FILE).exists()


def test_the_consumer_shows_no_secret() -> None:
    """What may be logged holds neither token nor secret."""
    keys = consumer_keys()
    shown = repr(keys) + repr(keys.consumer)
    hidden = [keys.consumer.access_token, keys.encrypted_secret, f"{DH_PRIME}"]
    hidden += [repr(keys.consumer.access_token_secret)[2:-1], keys.signature_key, "PRIVATE KEY"]
    assert [text for text in hidden if text in shown] == []


def test_the_gateway_says_nothing_secret(
    desk: OAuthDesk, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a log nor an answer repeats a token, a secret or a signature."""
    caplog.set_level("DEBUG")
    signer = desk.signer()
    header = signer.authorization("GET", desk.address(ASKED))
    answers = [
        desk.request("GET", ASKED, headers={"Authorization": sent}).text
        for sent in (header, header, tampered(header, oauth_nonce="x"), header[:-3])
    ]
    printed = capsys.readouterr()
    said = "".join([caplog.text, printed.out, printed.err, *answers])
    consumer = desk.keys.consumer
    hidden = [consumer.access_token, consumer.access_token_secret.hex(), signer.session.token.hex()]
    hidden.append(base64.b64encode(signer.session.token).decode())
    hidden.append((authorization_parameters(header) or {})["oauth_signature"])
    assert [text for text in hidden if text in said] == []


def test_importing_the_adapter_loads_no_gateway() -> None:
    """The adapter's OAuth stands on its own."""
    code = (
        "import sys, brokerport.adapters.client_portal.oauth;"
        "print([name for name in sys.modules if name.startswith('brokerport.simulator')])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert shown.stdout.strip() == "[]"
