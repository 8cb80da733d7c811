"""Two foreign clients that log in with OAuth: ibind (1.0a) and ibauth (2.0), both unmodified.

Rules:

- The gateway runs in a thread of its own, with TLS; the clients trust its certificate because the
  environment says so, as a user would tell them.
- ibind sends ``Host: api.ibkr.com`` whatever address it uses, and leaves the query out of what it
  signs.
- ibauth knows one domain and asks the internet for its own address: the test tells it both.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import ibind.var
import pytest
from ibauth import IBAuth  # type: ignore[import-untyped]
from ibind import IbkrClient
from ibind.base.rest_client import Result
from ibind.oauth.oauth1a import OAuth1aConfig, validate_live_session_token
from ibind.support.errors import ExternalBrokerError

from brokerport.simulator.gateways.client_portal.oauth.keys import (
    read_consumer,
    write_test_consumer,
)
from tests.client_portal.oauth_desk import ServedGateway, served_gateway
from tests.client_portal.portal_desk import AAPL

pytestmark = pytest.mark.interop

AAPL_ID = 265598


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a consumer's keys."""
    return write_test_consumer(tmp_path_factory.mktemp("oauth") / "keys").parent


@pytest.fixture
def served(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedGateway]:
    """A gateway that the clients trust."""
    monkeypatch.setattr(ibind.var, "LOGS_DIR", str(tmp_path))
    consumers = (read_consumer(keys),)
    with served_gateway(data_directory=tmp_path, oauth_consumers=consumers) as gateway:
        certificate = str(gateway.gateway.certificate_path)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate)
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        yield gateway


def configuration(served: ServedGateway, keys: Path, **changes: Any) -> OAuth1aConfig:
    """Configure ibind with the written keys."""
    prime = read_consumer(keys).dh_prime
    values = {
        "oauth_rest_url": served.gateway.base_url,
        "access_token": (keys / "access_token").read_text().strip(),
        "access_token_secret": (keys / "access_token_secret").read_text().strip(),
        "consumer_key": (keys / "consumer_key").read_text().strip(),
        "dh_prime": f"{prime:x}",
        "encryption_key_fp": str(keys / "private_encryption.pem"),
        "signature_key_fp": str(keys / "private_signature.pem"),
        "maintain_oauth": False,
    }
    return OAuth1aConfig(**{**values, **changes})


@pytest.fixture
def client(served: ServedGateway, keys: Path) -> Iterator[IbkrClient]:
    """ibind, logged in."""
    opened = new_client(configuration(served, keys))
    yield opened
    opened.close()


def new_client(config: OAuth1aConfig) -> IbkrClient:
    """Return ibind with OAuth; it logs in at once."""
    return IbkrClient(
        use_oauth=True,
        oauth_config=config,
        auto_register_shutdown=False,
        max_retries=0,
    )


def data(result: Result) -> Any:
    """Return the JSON of an answer."""
    return result.data


def test_ibind_finds_the_token_and_opens_the_brokerage_session(
    client: IbkrClient, keys: Path
) -> None:
    """The token that ibind computes is the one that the gateway proves."""
    assert validate_live_session_token(
        client.live_session_token,
        client.live_session_token_signature,
        (keys / "consumer_key").read_text().strip(),
    )
    status = data(client.authentication_status())
    assert (status["authenticated"], status["connected"]) == (True, True)
    assert data(client.validate())["USER_NAME"] == "paper"


def test_ibind_reads_and_trades(client: IbkrClient) -> None:
    """Requests with path, query and body are all signed in a way that the gateway understands."""
    accounts = data(client.receive_brokerage_accounts())
    assert accounts["accounts"] == ["DU1000001", "DU1000002"]
    assert [one["accountId"] for one in data(client.portfolio_accounts())] == accounts["accounts"]
    assert data(client.search_contract_by_symbol("AAPL"))
    stocks = data(client.stock_conid_by_symbol("AAPL"))
    assert stocks == {"AAPL": AAPL_ID}
    fields = ["84", "86"]
    client.live_marketdata_snapshot(str(AAPL_ID), fields)
    quote = data(client.live_marketdata_snapshot(str(AAPL_ID), fields))[0]
    assert (quote["84"], quote["86"]) == ("250.00", "250.05")
    client.live_orders(filters=["filled", "submitted"])
    assert data(client.live_orders(filters="inactive"))["orders"] == []


def test_ibind_takes_turns_with_another_program(
    served: ServedGateway, client: IbkrClient, keys: Path
) -> None:
    """A second program with the same keys gets a token of its own, and both go on."""
    second = new_client(configuration(served, keys))
    assert second.live_session_token != client.live_session_token
    for one in (client, second, client):
        assert data(one.authentication_status())["authenticated"]
    second.close_session()


def test_ibind_with_many_tokens_never_disagrees(served: ServedGateway, keys: Path) -> None:
    """Whatever shape the shared numbers have, ibind and the gateway write them alike."""
    for _ in range(12):
        client = new_client(configuration(served, keys, init_brokerage_session=False))
        client.tickle()
        client.close_session()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"consumer_key": "ANOTHERCO"}, "error: invalid consumer"),
        ({"realm": "test_realm"}, "error: invalid consumer"),
        ({"access_token": "0" * 20}, "error: invalid token"),
        ({"signature_key_fp": "private_encryption.pem"}, "Invalid signature"),
    ],
)
def test_ibind_is_refused_with_the_wrong_credentials(
    served: ServedGateway, keys: Path, changes: dict[str, str], reason: str
) -> None:
    """Every mix-up ends in IBKR's 401, and no session is opened."""
    changed = {
        name: str(keys / value) if name.endswith("_fp") else value
        for name, value in changes.items()
    }
    with pytest.raises(ExternalBrokerError, match=reason) as caught:
        new_client(configuration(served, keys, **changed))
    assert caught.value.status_code == 401
    assert served.call(lambda: served.gateway.portal.token_logins) == {}


def test_ibind_logs_out(served: ServedGateway, client: IbkrClient) -> None:
    """After a logout the token opens a new login, without the brokerage session."""
    client.logout()
    with pytest.raises(ExternalBrokerError, match="no bridge"):
        client.receive_brokerage_accounts()
    client.initialize_brokerage_session()
    assert data(client.receive_brokerage_accounts())["accounts"]


class ToldWhere(IBAuth):  # type: ignore[misc]
    """ibauth that is told its own address instead of asking the internet."""

    async def _check_ip(self) -> str:
        self.IP = "203.0.113.7"
        return self.IP


def new_ibauth(served: ServedGateway, keys: Path, **changes: str) -> IBAuth:
    """Return ibauth with the written keys."""
    values: dict[str, Any] = {
        "client_id": "paper-client",
        "client_key_id": "main",
        "credential": "paper",
    }
    opened = ToldWhere(
        **{**values, **changes},
        private_key_file=keys / "private_signature.pem",
    )
    opened._domain = f"localhost:{served.gateway.port}"
    return opened


@pytest.fixture
def quiet_ibauth(caplog: pytest.LogCaptureFixture) -> None:
    """ibauth logs all headers at DEBUG: keep it at INFO."""
    caplog.set_level(logging.INFO, logger="ibauth")


@pytest.mark.usefixtures("quiet_ibauth")
def test_ibauth_goes_the_whole_way(served: ServedGateway, keys: Path) -> None:
    """Access token, bearer token, validation, brokerage session, tickle and logout."""

    async def day() -> None:
        client = new_ibauth(served, keys)
        await client.connect()
        assert await client.tickle()
        assert client.is_connected()
        status = await client.status()
        assert status.authenticated
        async with httpx.AsyncClient() as plain:
            response = await plain.get(
                f"{client.url_client_portal}/v1/api/iserver/accounts", headers=client.header
            )
        assert response.json()["accounts"] == ["DU1000001", "DU1000002"]
        await client.logout()

    asyncio.run(day())


@pytest.mark.usefixtures("quiet_ibauth")
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_id": "stranger"}, 401),
        ({"client_key_id": "other"}, 401),
        ({"credential": "live"}, 400),
    ],
)
def test_ibauth_is_refused_with_the_wrong_credentials(
    served: ServedGateway, keys: Path, changes: dict[str, str], status: int
) -> None:
    """Client, key and username must be the registered ones."""
    client = new_ibauth(served, keys, **changes)
    with pytest.raises(httpx.HTTPStatusError) as caught:
        asyncio.run(client.connect())
    assert caught.value.response.status_code == status
    assert served.call(lambda: served.gateway.portal.token_logins) == {}


def test_both_trade_the_same_world(served: ServedGateway, client: IbkrClient) -> None:
    """What the market shows after the login is what the client reads."""
    served.call(lambda: served.market.set_quote(AAPL, "251.00", "251.05", 300, 300))
    served.call(lambda: served.world.advance_to(served.world.clock.now()))
    client.receive_brokerage_accounts()
    client.live_marketdata_snapshot(str(AAPL_ID), ["84"])
    assert data(client.live_marketdata_snapshot(str(AAPL_ID), ["84"]))[0]["84"] == "251.00"
