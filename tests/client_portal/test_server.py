"""The gateway on a real loopback socket: TLS, starting, and closing without leaving anything."""

from __future__ import annotations

import asyncio
import gc
import signal
import ssl
import time
import weakref
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from brokerport.domain.errors import InvalidConfiguration
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from brokerport.simulator.gateways.errors import NotLoopback, PortInUse
from brokerport.simulator.market.scripted import ScriptedMarket
from tests.client_portal.portal_desk import scripted_world

Story = Callable[[ClientPortalGateway], Awaitable[None]]


def gateway(tmp_path: Path, **settings: Any) -> ClientPortalGateway:
    chosen = PortalSettings(data_directory=tmp_path, **settings)
    return ClientPortalGateway(scripted_world(ScriptedMarket()), settings=chosen)


def play(story: Story, served: ClientPortalGateway) -> None:
    """Run a story against a gateway; it must close within a second and leave no task."""

    async def run() -> None:
        async with served:
            await story(served)
            closing = time.monotonic()
        assert time.monotonic() - closing < 1, "closing took too long"
        assert served.connection_count == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert served.faults.count == 0

    asyncio.run(run(), debug=False)


def pinned(served: ClientPortalGateway) -> ssl.SSLContext:
    assert served.certificate_path is not None
    return ssl.create_default_context(cafile=served.certificate_path)


async def read_to_the_end(stream: websockets.ClientConnection) -> None:
    while True:
        await stream.recv()


def test_serves_whoever_pins_its_certificate(tmp_path: Path) -> None:
    """By name and by address, over TLS, on whatever port was free; both prefixes answer."""

    async def story(served: ClientPortalGateway) -> None:
        assert served.base_url == f"https://localhost:{served.port}/v1/api"
        async with httpx.AsyncClient(verify=pinned(served)) as client:
            for host in ("localhost", "127.0.0.1"):
                for prefix in ("v1/api", "v1/portal"):
                    url = f"https://{host}:{served.port}/{prefix}/iserver/auth/status"
                    answer = await client.post(url)
                    assert answer.status_code == 200
                    assert answer.headers["content-type"] == "application/json"
            assert served.connection_count == 2

    play(story, gateway(tmp_path))


def test_a_client_that_pins_nothing_refuses_it(tmp_path: Path) -> None:
    """Nobody vouches for the certificate but those who pinned it."""

    async def story(served: ClientPortalGateway) -> None:
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.post(f"{served.base_url}/tickle")

    play(story, gateway(tmp_path))


def test_serves_plain_http_when_asked_to(tmp_path: Path) -> None:
    """No certificate is made, and the address says so."""

    async def story(served: ClientPortalGateway) -> None:
        assert served.base_url.startswith("http://localhost:")
        assert served.certificate_path is None
        async with httpx.AsyncClient() as client:
            assert (await client.post(f"{served.base_url}/tickle")).status_code == 200

    play(story, gateway(tmp_path / "none", is_plain_http=True))
    assert not (tmp_path / "none").exists()


def test_only_loopback_is_served() -> None:
    """The login page asks for no password, so no other machine may reach it."""
    world = scripted_world(ScriptedMarket())
    for host in ("0.0.0.0", "192.168.1.5", "example.org", ""):  # noqa: S104
        with pytest.raises(NotLoopback, match=r"client_portal_gateway\.host"):
            ClientPortalGateway(world, host)
    assert ClientPortalGateway(world, "localhost").host == "127.0.0.1"


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """Starting a second gateway on a port fails, says which, and starts nothing."""

    async def story(served: ClientPortalGateway) -> None:
        world = scripted_world(ScriptedMarket())
        second = ClientPortalGateway(
            world, port=served.port, settings=PortalSettings(data_directory=tmp_path)
        )
        with pytest.raises(PortInUse, match=r"client_portal_gateway\.port") as caught:
            await second.start()
        assert isinstance(caught.value, InvalidConfiguration)
        assert caught.value.port == served.port
        with pytest.raises(RuntimeError, match="not started"):
            _ = second.port
        await second.close()

    play(story, gateway(tmp_path))


def test_a_broken_key_stops_the_start(tmp_path: Path) -> None:
    """The certificate's error is the start's error; nothing listens."""
    (tmp_path / "localhost-key.pem").write_text("broken")
    served = gateway(tmp_path)
    with pytest.raises(InvalidConfiguration, match="localhost-key"):
        asyncio.run(served.start())


@pytest.mark.parametrize("is_plain_http", [False, True])
def test_closing_ends_idle_connections_and_streams(tmp_path: Path, is_plain_http: bool) -> None:
    """Clients that keep connections open, or hold a stream, keep nothing from closing."""

    async def run() -> None:
        served = gateway(tmp_path, is_plain_http=is_plain_http)
        await served.start()
        tls = None if is_plain_http else pinned(served)
        client = httpx.AsyncClient(verify=tls or True)
        assert (await client.post(f"{served.base_url}/tickle")).status_code == 200
        url = f"{served.base_url.replace('http', 'ws', 1)}/ws"
        stream = await websockets.connect(url, ssl=tls)
        await stream.recv()
        assert served.connection_count == 2
        closing = time.monotonic()
        await served.close()
        assert time.monotonic() - closing < 0.5
        with pytest.raises(websockets.ConnectionClosed) as ended:
            await read_to_the_end(stream)
        assert ended.value.rcvd is not None
        with pytest.raises(httpx.TransportError):
            await client.post(url.replace("ws", "http", 1))
        await client.aclose()
        await served.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


def test_closing_cuts_those_who_never_read_or_write(tmp_path: Path) -> None:
    """Sockets without a request, half a handshake, or half a request do not hold it up."""

    async def run() -> None:
        served = gateway(tmp_path, close_grace_seconds=0.1)
        plain = gateway(tmp_path, close_grace_seconds=0.1, is_plain_http=True)
        await served.start()
        await plain.start()
        silent = [
            await asyncio.open_connection("127.0.0.1", port)
            for port in (served.port, plain.port, plain.port)
        ]
        silent[2][1].write(
            b"POST /v1/api/tickle HTTP/1.1\r\n"
            b"Host: a\r\nUser-Agent: a\r\nContent-Length: 9\r\n\r\n{"
        )
        await silent[2][1].drain()
        async with asyncio.timeout(5):
            while served.connection_count + plain.connection_count < 3:  # noqa: ASYNC110
                await asyncio.sleep(0)
        closing = time.monotonic()
        await plain.close()
        await served.close()
        assert time.monotonic() - closing < 1
        for reader, writer in silent:
            writer.close()
            assert reader is not None
        assert (served.connection_count, plain.connection_count) == (0, 0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


def test_requests_under_way_are_answered_before_it_closes(tmp_path: Path) -> None:
    """A slow request that came in time gets its answer."""

    async def run() -> None:
        served = gateway(tmp_path, is_plain_http=True, history_seconds=0.05)
        await served.start()
        async with httpx.AsyncClient(base_url=served.base_url) as client:
            await client.get("/iserver/accounts")
            asked = asyncio.create_task(client.get("/iserver/marketdata/history?conid=1"))
            await asyncio.sleep(0.02)
            closing = time.monotonic()
            await served.close()
            assert time.monotonic() - closing < 0.5
            answer = await asked
            assert "error" in answer.json(), "there is no history in a scripted market"
            assert served.faults.count == 0

    asyncio.run(run())


def test_signals_stay_their_owners(tmp_path: Path) -> None:
    """The program that serves keeps its own handlers, while serving and after."""

    async def run() -> None:
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        async with gateway(tmp_path, is_plain_http=True):
            assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

    asyncio.run(run())


def test_it_can_be_started_again(tmp_path: Path) -> None:
    """Starting twice is a mistake; starting again after closing is a new session."""

    async def run() -> None:
        served = gateway(tmp_path, is_plain_http=True)
        await served.start()
        with pytest.raises(RuntimeError, match="started already"):
            await served.start()
        first = served.portal
        await served.close()
        await served.close()
        await served.start()
        assert served.portal is not first
        await served.close()

    asyncio.run(run())


def test_a_closed_gateway_lets_go_of_the_world(tmp_path: Path) -> None:
    """The world goes on without it, and does not keep it alive."""
    world = scripted_world(ScriptedMarket())

    async def serve_once() -> weakref.ref[ServedPortal]:
        served = ClientPortalGateway(world, settings=PortalSettings(is_plain_http=True))
        await served.start()
        await served.close()
        return weakref.ref(served.portal)

    gone = asyncio.run(serve_once())
    gc.collect()
    assert gone() is None
