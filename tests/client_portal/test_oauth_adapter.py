"""The adapter in OAuth mode, from its settings to the gateway's socket, with TLS and the stream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from brokerport.adapters.client_portal.adapter import ClientPortalAdapter
from brokerport.config import ClientPortalSettings
from brokerport.domain.errors import InvalidConfiguration, SessionRefused
from brokerport.ports.session import AdapterEvent
from brokerport.simulator.gateways.client_portal.oauth.keys import (
    read_consumer,
    write_test_consumer,
)
from tests.client_portal.oauth_desk import ServedGateway, adapter_settings, served_gateway
from tests.client_portal.portal_desk import AAPL

Act = Callable[[ClientPortalAdapter], Awaitable[Any]]


@pytest.fixture(scope="module")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings of a written consumer."""
    return write_test_consumer(tmp_path_factory.mktemp("oauth") / "keys")


@pytest.fixture
def served(
    settings_file: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[ServedGateway]:
    """A gateway that lets that consumer in, and paces as IBKR does where the test says so."""
    with served_gateway(
        data_directory=tmp_path,
        enforces_pacing=getattr(request, "param", False),
        oauth_consumers=(read_consumer(settings_file.parent),),
    ) as gateway:
        yield gateway


@pytest.fixture
def settings(served: ServedGateway, settings_file: Path) -> ClientPortalSettings:
    """The adapter's settings, as a user copies them."""
    return evolve(
        adapter_settings(settings_file, served.gateway.base_url),
        certificate=served.gateway.certificate_path,
    )


def in_session(settings: ClientPortalSettings, act: Act) -> Any:
    """Connect, act and disconnect."""
    heard: list[AdapterEvent] = []

    async def session() -> Any:
        adapter = ClientPortalAdapter(settings)
        await adapter.session.connect(heard.append)
        try:
            return await act(adapter)
        finally:
            await adapter.session.disconnect()

    return asyncio.run(session())


@pytest.mark.parametrize("served", [True], indirect=True, ids=["paced"])
def test_the_adapter_is_let_in_and_reads(
    served: ServedGateway, settings: ClientPortalSettings
) -> None:
    """Token, brokerage session, stream and reads work, and no pacing limit is exceeded."""

    async def read(adapter: ClientPortalAdapter) -> tuple[Any, Any]:
        return await adapter.session.broker_time(), await adapter.market_data.quote(AAPL)

    broker_time, quote = in_session(settings, read)
    assert broker_time == served.call(lambda: served.world.clock.now())
    assert (quote.bid, quote.ask) == (Decimal("250.00"), Decimal("250.05"))
    assert served.call(lambda: served.gateway.violations) == 0


def test_the_adapter_can_be_let_in_again(
    served: ServedGateway, settings: ClientPortalSettings
) -> None:
    """A second session gets a token of its own."""
    for _ in range(2):
        in_session(settings, lambda adapter: adapter.session.broker_time())
    assert served.call(lambda: len(served.gateway.portal.token_logins)) == 1


def test_nothing_secret_is_logged(
    settings_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither side logs what is in the key files, though the token stands in the stream's URL."""
    caplog.set_level(logging.INFO)
    keys = settings_file.parent
    consumer = read_consumer(keys)
    with served_gateway(data_directory=tmp_path, oauth_consumers=(consumer,)) as served:
        settings = evolve(
            adapter_settings(settings_file, served.gateway.base_url),
            certificate=served.gateway.certificate_path,
        )
        in_session(settings, lambda adapter: adapter.session.broker_time())
    assert "client_portal_gateway.listening" in caplog.text
    hidden = [(keys / name).read_text().strip() for name in ("access_token", "access_token_secret")]
    hidden.append(consumer.access_token_secret.hex())
    assert [text for text in hidden if text in caplog.text] == []


def test_wrong_credentials_are_refused_in_ibkrs_words(
    settings: ClientPortalSettings, tmp_path: Path
) -> None:
    """IBKR's reason is told; the adapter opens no session."""
    key = tmp_path / "consumer_key"
    key.write_text("ANOTHERCO")
    changed = evolve(settings, oauth_consumer_key=f"file:{key}")
    with pytest.raises(SessionRefused, match="invalid consumer"):
        in_session(changed, lambda adapter: adapter.session.broker_time())
    swapped = evolve(settings, oauth_signature_key=settings.oauth_encryption_key)
    with pytest.raises(SessionRefused, match="Invalid signature"):
        in_session(swapped, lambda adapter: adapter.session.broker_time())


def test_a_key_that_cannot_be_read_is_named(settings: ClientPortalSettings) -> None:
    """The setting is named, and nothing is sent."""
    changed = evolve(settings, oauth_signature_key=settings.oauth_dh_prime)
    with pytest.raises(InvalidConfiguration, match=r"client_portal\.oauth_signature_key"):
        in_session(changed, lambda adapter: adapter.session.broker_time())
