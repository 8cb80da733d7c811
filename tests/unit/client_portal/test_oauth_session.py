"""A session with OAuth, against the simulated gateway: signed in, and signed in again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from brokerport.adapters.client_portal.adapter import ClientPortalAdapter
from brokerport.adapters.client_portal.door import Door, limit_of
from brokerport.adapters.client_portal.pacing import GATEWAY_LIMIT, OAUTH_LIMIT
from brokerport.config import ClientPortalSettings, PortalPacing
from brokerport.domain.errors import InvalidConfiguration, SessionRefused
from brokerport.domain.money import usd
from brokerport.ports.session import AdapterEvent, ConnectionLost
from brokerport.simulator.gateways.client_portal.oauth.keys import (
    read_consumer,
    write_test_consumer,
)
from brokerport.simulator.gateways.client_portal.server import ClientPortalGateway
from brokerport.simulator.gateways.client_portal.session_keeper import SessionKeeper
from brokerport.simulator.gateways.client_portal.settings import PortalSettings
from brokerport.simulator.scenario import Scenario
from brokerport.simulator.world import World
from tests.client_portal.oauth_desk import adapter_settings

Use = Callable[[ClientPortalGateway, ClientPortalSettings], Awaitable[None]]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings file of one consumer: making its keys takes time."""
    return write_test_consumer(tmp_path_factory.mktemp("oauth") / "keys")


def with_gateway(keys: Path, use: Use) -> None:
    """Use a gateway at whose browser nobody is logged in."""

    async def run() -> None:
        settings = PortalSettings(
            is_plain_http=True,
            is_logged_in=False,
            enforces_pacing=False,
            oauth_consumers=(read_consumer(keys.parent),),
        )
        async with ClientPortalGateway(World.build(Scenario()), settings=settings) as gateway:
            chosen = adapter_settings(keys, gateway.base_url)
            await use(gateway, evolve(chosen, pacing=PortalPacing.OFF))
            assert gateway.faults.count == 0

    asyncio.run(run())


def test_a_session_is_opened_kept_and_opened_again(keys: Path) -> None:
    """When the login is over, the adapter signs in anew, and over a new stream."""

    async def use(gateway: ClientPortalGateway, settings: ClientPortalSettings) -> None:
        heard: list[AdapterEvent] = []
        adapter = ClientPortalAdapter(settings, gateway.portal.world.clock)
        await adapter.session.connect(heard.append)
        (account,) = adapter.session.managed_accounts()
        (login,) = gateway.portal.token_logins.values()
        gateway.portal.store(SessionKeeper).end(login)
        gateway.portal.token_logins.clear()
        balances = await adapter.account_data.balances(account)
        assert balances.total_cash == usd(Decimal(100_000))
        assert await adapter.session.broker_time() == gateway.portal.now
        assert [event for event in heard if isinstance(event, ConnectionLost)] == []
        await adapter.session.disconnect()

    with_gateway(keys, use)


def test_a_consumer_that_ibkr_does_not_know_is_refused(keys: Path, tmp_path: Path) -> None:
    """In IBKR's words; no secret stands in them."""
    (tmp_path / "key").write_text("WRONGKEYX")

    async def use(_gateway: ClientPortalGateway, settings: ClientPortalSettings) -> None:
        wrong = evolve(settings, oauth_consumer_key=f"file:{tmp_path / 'key'}")
        with pytest.raises(SessionRefused, match="invalid consumer"):
            await ClientPortalAdapter(wrong).session.connect(lambda _event: None)

    with_gateway(keys, use)


def test_a_secret_that_is_not_there_is_named_by_its_setting(keys: Path, tmp_path: Path) -> None:
    """When a session is opened, not before; the adapter can be connected later."""
    settings = evolve(
        adapter_settings(keys, "http://localhost:5000/v1/api"),
        oauth_signature_key=f"file:{tmp_path / 'none'}",
    )
    adapter = ClientPortalAdapter(settings)
    for _attempt in range(2):
        with pytest.raises(InvalidConfiguration, match="oauth_signature_key"):
            asyncio.run(adapter.session.connect(lambda _event: None))
    assert not adapter.session.is_connected


def test_a_stream_is_let_in_by_session_and_token(keys: Path) -> None:
    """The session stands bare in the cookie, the access token in the address."""
    oauth = adapter_settings(keys, "https://api.ibkr.test/v1/api")
    token = (keys.parent / "access_token").read_text().strip()
    url, cookie = Door(oauth).stream_address("abc")
    assert url == f"wss://api.ibkr.test/v1/api/ws?oauth_token={token}"
    assert cookie == "api=abc"
    gateway = ClientPortalSettings(base_url="http://localhost:5000/v1/api")
    assert Door(gateway).stream_address("abc") == (
        "ws://localhost:5000/v1/api/ws",
        'api={"session":"abc"}',
    )


def test_each_way_in_has_its_limit(keys: Path) -> None:
    """And none when the settings say so."""
    oauth = adapter_settings(keys, "https://api.ibkr.test/v1/api")
    assert limit_of(oauth) == OAUTH_LIMIT
    assert limit_of(ClientPortalSettings()) == GATEWAY_LIMIT
    assert limit_of(ClientPortalSettings(pacing=PortalPacing.OFF)) is None
