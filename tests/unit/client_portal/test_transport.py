"""One request and its answer: what is known when there is none, and who is trusted."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import trustme

from brokerport.adapters.client_portal.transport import (
    AnswerLost,
    NotSent,
    Reply,
    Transport,
    tls_context,
)
from brokerport.domain.errors import InvalidConfiguration

BASE = "http://localhost:5000/v1/api"
Answer = Callable[[httpx.Request], httpx.Response]


def ask(answer: Answer, method: str = "GET", **request: object) -> Reply:
    """Send one request to a server that is only a function."""

    async def run() -> Reply:
        transport = Transport(BASE, 5.0, http=httpx.MockTransport(answer))
        try:
            return await transport.request(method, "/path", **request)  # type: ignore[arg-type]
        finally:
            await transport.close()

    return asyncio.run(run())


def answering(status: int, text: str) -> Answer:
    """A server that always answers the same."""
    return lambda _request: httpx.Response(status, text=text)


def test_an_answer_comes_with_its_status_and_exact_numbers() -> None:
    """Whatever the status is."""
    reply = ask(answering(503, '{"price": 0.10, "size": 3}'))
    assert (reply.status, reply.body) == (503, {"price": Decimal("0.10"), "size": 3})


@pytest.mark.parametrize("text", ["", "<html>not found</html>"])
def test_an_answer_that_is_no_json_has_no_body(text: str) -> None:
    """Its text is kept for the message."""
    assert ask(answering(404, text)) == Reply(404, None, text)


def test_a_request_is_sent_as_it_is() -> None:
    """Address, query, exact body; IBKR refuses requests without agent or length."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, text="{}")

    ask(answer, "POST", query={"a": "b c"}, body={"price": Decimal("250.10")})
    ask(answer, "POST")
    whole, empty = seen
    assert str(whole.url) == f"{BASE}/path?a=b+c"
    assert whole.content == b'{"price":250.10}'
    assert whole.headers["content-type"] == "application/json"
    assert whole.headers["user-agent"] == "brokerport"
    assert empty.headers["content-length"] == "0"


def test_a_request_is_signed() -> None:
    """With the address as it is before its query."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200)

    async def run() -> None:
        transport = Transport(BASE, 5.0, http=httpx.MockTransport(answer))
        transport.signer = lambda method, url, query: f"{method} {url} {dict(query)}"
        await transport.request("GET", "/path", query={"a": "b"})
        await transport.request("POST", "/path", authorization="given")
        await transport.close()

    asyncio.run(run())
    assert seen == [f"GET {BASE}/path {{'a': 'b'}}", "given"]


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ConnectTimeout(""), httpx.PoolTimeout("")]
)
def test_without_a_connection_nothing_was_sent(error: httpx.TransportError) -> None:
    """The only failures after which an order is certainly not placed."""

    def fail(_request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(NotSent):
        ask(fail, "POST")


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout(""),
        httpx.WriteTimeout(""),
        httpx.ReadError("reset"),
        httpx.WriteError("broken pipe"),
        httpx.RemoteProtocolError("server disconnected"),
        httpx.LocalProtocolError("what"),
        httpx.DecodingError("gzip"),
    ],
)
def test_after_a_connection_nobody_knows(error: httpx.RequestError) -> None:
    """The broker may have acted on it."""

    def fail(_request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(AnswerLost):
        ask(fail, "POST")


def test_nothing_is_sent_twice_and_no_redirect_is_followed() -> None:
    """A failure is told, not mended; a redirect is an answer."""
    count = 0

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        if count == 1:
            raise httpx.ReadTimeout("")
        return httpx.Response(302, headers={"Location": f"{BASE}/elsewhere"})

    with pytest.raises(AnswerLost):
        ask(answer, "POST")
    assert count == 1
    assert ask(answer, "POST").status == 302
    assert count == 2


def test_a_closed_transport_sends_nothing() -> None:
    """That is known for certain."""

    async def run() -> None:
        transport = Transport(BASE, 5.0, http=httpx.MockTransport(answering(200, "{}")))
        await transport.close()
        with pytest.raises(NotSent):
            await transport.request("GET", "/path")

    asyncio.run(run())


async def _serve(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object],
    tls: ssl.SSLContext | None = None,
) -> tuple[asyncio.Server, int]:
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)  # type: ignore[arg-type]
    return server, int(server.sockets[0].getsockname()[1])


def test_closing_ends_what_is_under_way() -> None:
    """The request has left, so that nobody knows what becomes of it."""

    async def run() -> None:
        arrived = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            arrived.set()
            await reader.read()
            writer.close()

        server, port = await _serve(silent)
        transport = Transport(f"http://127.0.0.1:{port}", 5.0)
        asking = asyncio.create_task(transport.request("POST", "/path"))
        await arrived.wait()
        await transport.close()
        with pytest.raises(AnswerLost):
            await asking
        server.close()

    asyncio.run(run())


def _certificate(folder: Path, name: str, host: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context, and the certificate that is pinned for it."""
    authority = trustme.CA()
    issued = authority.issue_cert(host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    file = folder / f"{name}.pem"
    file.write_bytes(issued.cert_chain_pems[0].bytes())
    return context, file


def _reached(context: ssl.SSLContext, pinned: Path | None) -> Reply:
    """Ask a TLS server on this machine, trusting what is pinned."""

    async def run() -> Reply:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
            writer.close()

        server, port = await _serve(answer, context)
        transport = Transport(f"https://localhost:{port}", 5.0, tls=tls_context(pinned))
        try:
            return await transport.request("GET", "/path")
        finally:
            await transport.close()
            server.close()

    return asyncio.run(run())


def test_the_pinned_certificate_is_trusted(tmp_path: Path) -> None:
    """No authority has to vouch for it."""
    context, pinned = _certificate(tmp_path, "own", "localhost")
    assert _reached(context, pinned).body == {}


def test_any_other_certificate_is_not(tmp_path: Path) -> None:
    """Nothing was sent, and the message says where to look."""
    context, _own = _certificate(tmp_path, "own", "localhost")
    _context, other = _certificate(tmp_path, "other", "localhost")
    for pinned in (other, None):
        with pytest.raises(NotSent, match=r"client_portal\.certificate"):
            _reached(context, pinned)


def test_the_hosts_name_is_checked_with_a_pinned_certificate_too(tmp_path: Path) -> None:
    """A certificate for another host is not this one's."""
    context, pinned = _certificate(tmp_path, "own", "elsewhere.test")
    with pytest.raises(NotSent, match="certificate"):
        _reached(context, pinned)


def test_without_tls_settings_no_server_is_trusted(tmp_path: Path) -> None:
    """An https address that got no context is refused, not believed."""

    async def run() -> None:
        context, _file = _certificate(tmp_path, "own", "localhost")
        server, port = await _serve(lambda _reader, writer: writer.close(), context)
        transport = Transport(f"https://localhost:{port}", 5.0)
        with pytest.raises(NotSent, match="certificate"):
            await transport.request("GET", "/path")
        await transport.close()
        server.close()

    asyncio.run(run())


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The setting, and the file."""
    file = tmp_path / "none.pem"
    with pytest.raises(InvalidConfiguration, match=r"client_portal\.certificate.*none\.pem"):
        tls_context(file)
    file.write_text("no certificate")
    with pytest.raises(InvalidConfiguration, match=r"client_portal\.certificate"):
        tls_context(file)
