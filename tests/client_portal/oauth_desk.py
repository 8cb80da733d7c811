"""A gateway with one OAuth consumer and nobody at its browser, and a client with that one's keys.

Rules:

- The consumer is made once for a test run: RSA keys take time, and no test changes them.
- The wall's time stands still until ``wall.seconds`` is moved; both sides read the same clock.
- Requests go through the whole application, signed by the adapter's own signer.
"""

from __future__ import annotations

import asyncio
import random
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import httpx
from attrs import define

from brokerport.adapters.client_portal.oauth import (
    Handshake,
    LiveSession,
    OAuthCredentials,
    Signer,
)
from brokerport.config.client_portal import ClientPortalSettings, PortalMode
from brokerport.simulator.gateways.client_portal.oauth.door import OAuthDoor
from brokerport.simulator.gateways.client_portal.oauth.keys import ConsumerKeys, new_consumer_keys
from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from brokerport.simulator.market.scripted import ScriptedMarket
from brokerport.simulator.world import World
from tests.client_portal.portal_desk import (
    AAPL,
    MSFT,
    USER_AGENT,
    PortalDesk,
    scripted_world,
)

NOW = 1_767_623_400.0
"""Where the wall's clock stands: Monday 2026-01-05, 14:30 UTC."""


@cache
def consumer_keys() -> ConsumerKeys:
    """Return the consumer that all tests share."""
    return new_consumer_keys()


def credentials_of(keys: ConsumerKeys, **changes: str) -> OAuthCredentials:
    """Read a consumer's keys as the adapter does; ``changes`` are other texts for some of them."""
    texts = {
        "consumer_key": keys.consumer.consumer_key,
        "access_token": keys.consumer.access_token,
        "access_token_secret": keys.encrypted_secret,
        "encryption_key": keys.encryption_key,
        "signature_key": keys.signature_key,
        "dh_prime": keys.dh_parameters,
        "realm": keys.consumer.realm,
    }
    return OAuthCredentials.read(**{**texts, **changes})


def adapter_settings(settings_file: Path, base_url: str) -> ClientPortalSettings:
    """Return the adapter's settings from the file that ``write_test_consumer`` has written."""
    section = tomllib.loads(settings_file.read_text(encoding="utf-8"))["client_portal"]
    mode = PortalMode(section.pop("mode"))
    return ClientPortalSettings(base_url=base_url, mode=mode, **section)


class WallClock:
    """Seconds since 1970 that a test moves."""

    def __init__(self) -> None:
        self.seconds = NOW

    def __call__(self) -> float:
        return self.seconds


class Nonces:
    """Nonces in order; none comes twice."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self) -> str:
        self.given += 1
        return f"nonce{self.given}"


class OAuthDesk(PortalDesk):
    """The desk whose client must sign."""

    def __init__(self, keys: ConsumerKeys | None = None, **settings: Any) -> None:
        self.keys = keys or consumer_keys()
        usual = {"oauth_consumers": (self.keys.consumer,), "is_logged_in": False}
        super().__init__(**{**usual, **settings})
        self.wall = WallClock()
        self.nonces = Nonces()
        self.credentials = credentials_of(self.keys)

    def __enter__(self) -> Self:
        super().__enter__()
        self.portal.store(OAuthDoor).wall_clock = self.wall
        return self

    def handshake(self, credentials: OAuthCredentials | None = None) -> Handshake:
        """Sign a request for a live session token."""
        return Handshake.open(
            credentials or self.credentials,
            str(self.client.base_url),
            random_bits=random.Random(self.nonces.given).getrandbits,
            nonce=self.nonces,
            now=self.wall,
        )

    def send(self, handshake: Handshake) -> httpx.Response:
        """Send a request for a live session token."""
        headers = {"Authorization": handshake.authorization}
        return self.request("POST", handshake.url, headers=headers)

    def live_session(self) -> LiveSession:
        """Get a live session token."""
        handshake = self.handshake()
        response = self.send(handshake)
        assert response.status_code == 200, response.text
        return handshake.live_session(response.json())

    def signer(self, session: LiveSession | None = None, *, signs_query: bool = False) -> Signer:
        """Return a signer for a session, a new one when None."""
        return Signer(
            self.credentials,
            session or self.live_session(),
            signs_query=signs_query,
            nonce=self.nonces,
            now=self.wall,
        )

    def address(self, path: str) -> str:
        """Return the whole URL of a path below /v1/api."""
        return f"{str(self.client.base_url).rstrip('/')}{path}"

    def ask(
        self, signer: Signer, method: str, path: str, query: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send a signed request."""
        authorization = signer.authorization(method, self.address(path), query)
        headers = {"Authorization": authorization}
        return self.request(method, path, params=query, headers=headers)


@define
class ServedGateway:
    """A gateway on a socket that another thread serves, and the world behind it.

    The world may be touched by the serving thread alone: ``call`` runs a function there.
    """

    gateway: ClientPortalGateway
    market: ScriptedMarket
    world: World
    loop: asyncio.AbstractEventLoop

    def call(self, work: Any, *arguments: Any) -> Any:
        """Run a function in the serving thread and return what it returns."""

        async def run() -> Any:
            return work(*arguments)

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(timeout=10)


@contextmanager
def served_gateway(**settings: Any) -> Iterator[ServedGateway]:
    """Serve a still world in a thread of its own, for clients that block; with one consumer."""
    usual = {
        "oauth_consumers": (consumer_keys().consumer,),
        "is_logged_in": False,
        "enforces_pacing": False,
    }
    market = ScriptedMarket()
    market.set_quote(AAPL, "250.00", "250.05", 300, 300)
    market.set_quote(MSFT, "400.00", "400.10", 300, 300)
    world = scripted_world(market)
    gateway = ClientPortalGateway(world, settings=PortalSettings(**{**usual, **settings}))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="gateway", daemon=True)
    thread.start()

    def wait(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=20)

    try:
        wait(gateway.start())
        faults = gateway.faults
        try:
            yield ServedGateway(gateway, market, world, loop)
        finally:
            wait(gateway.close())
        assert faults.count == 0, "the gateway made a mistake"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=20)
        loop.close()


__all__ = [
    "NOW",
    "USER_AGENT",
    "OAuthDesk",
    "ServedGateway",
    "adapter_settings",
    "consumer_keys",
    "credentials_of",
    "served_gateway",
]
