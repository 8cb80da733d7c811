"""What clients get wrong, and how they are told: malformed, oversized, misdirected requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from brokerport.simulator.gateways.client_portal.body import json_body
from brokerport.simulator.gateways.client_portal.errors import PortalError
from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from brokerport.simulator.market.scripted import ScriptedMarket
from tests.client_portal.portal_desk import USER_AGENT, PortalDesk, scripted_world

INIT = "/iserver/auth/ssodh/init"


@pytest.fixture
def desk() -> Iterator[PortalDesk]:
    with PortalDesk() as desk:
        yield desk


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'publish': true}",
        b'{"publish": true,}',
        b'{"publish": NaN}',
        b'{"publish": Infinity}',
        b'{"publish": "\\ud800"}',
        b'{"publish": 1e999}',
        b'{"publish": 1e-999}',
        b'{"publish": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000,
        b"[" * 40 + b"]" * 40,
        b"\xff\xfe{\x00}\x00",
        b'{"a": "\xe4"}',
        b"\x00",
    ],
)
def test_a_body_that_is_no_json_is_400(desk: PortalDesk, body: bytes) -> None:
    """Whatever is wrong with it, the answer is IBKR's 400 and nothing changes."""
    refused = desk.request("POST", INIT, content=body)
    assert refused.status_code == 400
    assert refused.json() == {"error": "Bad Request: the body is not JSON", "statusCode": 400}


def test_good_json_is_taken_as_it_is_written() -> None:
    """Fractions are exact, escapes and umlauts are text, and nothing at all is None."""
    assert json_body(b"") is None
    assert json_body('{"a": ["\\u00e4\\ud83d\\ude00", "ä", null, true]}'.encode()) == {
        "a": ["ä\U0001f600", "ä", None, True]
    }
    assert str(json_body(b"0.10")) == "0.10"
    assert json_body(b"[0e99999, -0.0, 1e5]") == [0, 0, 100_000]
    with pytest.raises(PortalError):
        json_body(b"{}{}")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"true"])
def test_json_of_the_wrong_kind_is_400(desk: PortalDesk, body: bytes) -> None:
    """Valid JSON that is no object is told so."""
    refused = desk.request("POST", INIT, content=body)
    assert (refused.status_code, refused.json()["error"]) == (
        400,
        "Bad Request: the body must be a JSON object",
    )


def test_without_a_user_agent_nothing_is_answered(desk: PortalDesk) -> None:
    """The front says 403 in HTML, as IBKR's does."""
    refused = desk.request("POST", "/tickle", headers={"User-Agent": ""})
    assert refused.status_code == 403
    assert refused.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_body_of_unknown_length_is_411(desk: PortalDesk, method: str) -> None:
    """Chunked bodies are refused, as IBKR's front does."""

    async def chunks() -> object:
        yield b'{"publish": true}'

    refused = desk.request(method, INIT, content=chunks())
    assert refused.status_code == 411
    assert "Length Required" in refused.text


def test_a_huge_body_is_413_before_it_is_read() -> None:
    """The length is enough to refuse it; what just fits is read."""
    with PortalDesk(body_bytes_max=1_000) as desk:
        fits = b'{"publish": true}'.ljust(1_000)
        assert desk.request("POST", INIT, content=fits).status_code == 200
        refused = desk.request("POST", INIT, content=fits + b" ")
        assert refused.status_code == 413
        assert refused.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "path",
    [
        "/no/such/path",
        "/iserver",
        "/iserver/accounts/",
        "//iserver/accounts",
        "/iserver/account//orders",
        "/iserver/accounts/%2e%2e/secret",
        "/ws",
        "/%F0%9F%98%80",
        "/iserver/account/a%0Ab",
    ],
)
def test_an_unknown_path_is_404_in_json(desk: PortalDesk, path: str) -> None:
    """Below /v1/api the answer is IBKR's JSON, session or not."""
    refused = desk.get(f"https://localhost/v1/api{path}")
    assert (refused.status_code, refused.json()) == (
        404,
        {"error": "Resource not found", "statusCode": 404},
    )


@pytest.mark.parametrize("path", ["/nothing", "/v1/api", "/v2/api/tickle", "/v1"])
def test_elsewhere_404_is_html(desk: PortalDesk, path: str) -> None:
    """Outside the API the web server itself answers."""
    refused = desk.get(f"https://localhost{path}")
    assert refused.status_code == 404
    assert refused.headers["content-type"].startswith("text/html")


def test_a_method_that_a_path_has_not_is_405(desk: PortalDesk) -> None:
    """The answer says which ones it has."""
    refused = desk.delete("/iserver/accounts")
    assert (refused.status_code, refused.json()) == (
        405,
        {"error": "Method Not Allowed", "statusCode": 405},
    )
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS"
    assert desk.get("/logout").headers["allow"] == "OPTIONS, POST"


def test_head_and_options_do_what_they_are_for(desk: PortalDesk) -> None:
    """OPTIONS needs no session; HEAD is GET without the body, and needs one."""
    options = desk.request("OPTIONS", "/tickle")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    head = desk.request("HEAD", "/iserver/accounts")
    assert (head.status_code, head.content) == (200, b"")
    desk.answer("POST", "/logout")
    assert desk.request("HEAD", "/iserver/accounts").status_code == 401
    assert desk.request("OPTIONS", "/tickle").status_code == 204


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/portfolio/DU9/ledger", "accountId is not valid"),
        ("/portfolio/%F0%9F%98%80/ledger", "accountId is not valid"),
        ("/portfolio/DU1000001/position/abc", "conid is not a contract id"),
        ("/portfolio/DU1000001/position/-1", "conid is not a contract id"),
        ("/portfolio/DU1000001/position/%D9%A1", "conid is not a contract id"),
    ],
)
def test_parameters_that_name_nothing_are_400(desk: PortalDesk, path: str, error: str) -> None:
    """An account or contract that cannot be is refused by its name."""
    desk.prime()
    refused = desk.get(path)
    assert refused.status_code == 400
    assert error in refused.json()["error"]


def test_what_must_come_first_is_named(desk: PortalDesk) -> None:
    """Both priming calls are asked for in IBKR's words."""
    first = desk.get("/iserver/account/orders")
    assert (first.status_code, first.json()["error"]) == (400, "Please query /accounts first")
    second = desk.get("/portfolio/DU1000001/ledger")
    assert (second.status_code, second.json()["error"]) == (
        400,
        "Please query /portfolio/accounts first",
    )


def test_a_mistake_of_the_gateway_is_500_and_counted(
    desk: PortalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unforeseen exception reaches the client as JSON, and no test passes over it."""

    def fail() -> None:
        raise ZeroDivisionError("made for this test")

    monkeypatch.setattr(desk.portal.sessions, "check", fail)
    desk.expect_faults(1)
    answer = desk.get("/iserver/accounts")
    assert (answer.status_code, answer.json()) == (
        500,
        {"error": "Internal Server Error", "statusCode": 500},
    )


def on_a_socket(tmp_path: Path, sent: bytes, **settings: float) -> bytes:
    """Send bytes to a gateway over plain HTTP and return all that it says."""

    async def run() -> bytes:
        chosen = PortalSettings(is_plain_http=True, data_directory=tmp_path, **settings)  # type: ignore[arg-type]
        async with ClientPortalGateway(scripted_world(ScriptedMarket()), settings=chosen) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(sent)
            async with asyncio.timeout(5):
                answer = await reader.read()
            writer.close()
            assert served.faults.count == 0
            return answer

    return asyncio.run(run())


def request(line: str, *headers: str, body: str = "") -> bytes:
    fields = ("Host: localhost", "Connection: close", *headers)
    return "\r\n".join((f"{line} HTTP/1.1", *fields, "", body)).encode()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("POST /v1/api/tickle", f"User-Agent: {USER_AGENT}"), 411),
        (request("POST /v1/api/tickle", f"User-Agent: {USER_AGENT}", "Content-Length: 0"), 200),
        (request("POST /v1/api/tickle", "Content-Length: 0"), 403),
        (request("POST /v1/api/tickle", f"User-Agent: {USER_AGENT}", "Content-Length: -1"), 400),
        (
            request("POST /v1/api/tickle", f"User-Agent: {USER_AGENT}", "Content-Length: 99999999"),
            413,
        ),
        (request("GET /v1/api/%ff%fe", f"User-Agent: {USER_AGENT}"), 404),
        (request("GET /v1/api/" + "a" * 50_000, f"User-Agent: {USER_AGENT}"), 404),
        (b"GARBAGE\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
)
def test_raw_requests_are_answered_in_time(tmp_path: Path, sent: bytes, status: int) -> None:
    """Bytes that no client library would send get an answer, never silence."""
    answer = on_a_socket(tmp_path, sent)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]


def test_a_body_that_never_arrives_is_408(tmp_path: Path) -> None:
    """A client that stops in the middle is not waited for without end."""
    sent = request(
        f"POST /v1/api{INIT}", f"User-Agent: {USER_AGENT}", "Content-Length: 99", body="{"
    )
    answer = on_a_socket(tmp_path, sent, body_seconds_max=0.05)
    assert answer.startswith(b"HTTP/1.1 408 "), answer[:200]


def test_a_client_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    """Hanging up in the middle of a body leaves nothing behind and is nobody's mistake."""

    async def run() -> None:
        chosen = PortalSettings(is_plain_http=True)
        async with ClientPortalGateway(scripted_world(ScriptedMarket()), settings=chosen) as served:
            _, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(
                request(f"POST /v1/api{INIT}", "User-Agent: a", "Content-Length: 99", body="{")
            )
            await writer.drain()
            async with httpx.AsyncClient() as client:
                await client.get(f"{served.base_url}/iserver/auth/status")
            writer.close()
            await writer.wait_closed()
            async with asyncio.timeout(5):
                while served.connection_count:  # noqa: ASYNC110 - the server's own socket
                    await asyncio.sleep(0.001)
            assert served.faults.count == 0

    asyncio.run(run())
