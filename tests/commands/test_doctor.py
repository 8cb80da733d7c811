"""``brokerport doctor``: says what is wrong, and what to do, whatever it is."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from brokerport.adapters.journal.chosen import journal_for
from brokerport.cli import command_line
from brokerport.config import SimulatedSettings, load_settings
from brokerport.container import (
    World,
    build_world,
    examine,
    open_broker,
    open_portal_gateway,
    open_tws_gateway,
)
from brokerport.domain.journal import OrderRecorded, QuarantineRecorded
from brokerport.services.doctor import Finding, Verdict
from tests.support.examples import account_map, submitted

ACCOUNTS = """
[[accounts]]
name = "gen"
role = "GEN"
broker_account = "DU1000001"

[[accounts]]
name = "rev"
role = "REV"
broker_account = "{second}"
"""


def configuration(directory: Path, adapter: str, more: str = "", second: str = "DU1000002") -> Path:
    """Write a configuration with two accounts and a journal on disk."""
    journal = f'[journal]\nurl = "sqlite:///{directory}/journal.db"\n'
    path = directory / "brokerport.toml"
    text = f'adapter = "{adapter}"\n{ACCOUNTS.format(second=second)}\n{journal}{more}'
    path.write_text(text, encoding="utf-8")
    return path


def world() -> World:
    """Return a world with both accounts."""
    return build_world(SimulatedSettings(speed=0), account_map())


async def findings(path: Path) -> dict[str, Finding]:
    """Return the doctor's findings by what was looked at."""
    return {finding.subject: finding async for finding in examine(path)}


def unused_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_a_sound_configuration_is_fine_line_by_line(tmp_path: Path) -> None:
    """Every thing that trading needs has a line, and the exit code is 0."""
    path = configuration(tmp_path, "simulated")
    result = CliRunner().invoke(command_line(), ["doctor", str(path)])
    assert result.exit_code == 0, result.output
    lines = [line.split(":")[0] for line in result.output.splitlines()]
    assert lines == [
        f"ok    {subject}"
        for subject in (
            "configuration",
            "secrets",
            "journal",
            "doubt",
            "quarantine",
            "address",
            "session",
            "accounts",
            "clock",
        )
    ]


def test_what_is_wrong_ends_with_code_one_and_advice(tmp_path: Path) -> None:
    """A gateway that is not there: the address is named, and what to do."""
    port = unused_port()
    path = configuration(tmp_path, "tws", f"[tws]\nport = {port}\n")
    result = CliRunner().invoke(command_line(), ["doctor", str(path)])
    assert result.exit_code == 1
    assert f"WRONG address: 127.0.0.1:{port} does not answer" in result.output
    assert "start TWS, IB Gateway" in result.output
    assert "session:" not in result.output


def test_a_setting_that_is_not_allowed_is_named(tmp_path: Path) -> None:
    """Nothing else can be looked at then."""
    path = configuration(tmp_path, "tws", "[tws]\nport = 0\n")
    result = CliRunner().invoke(command_line(), ["doctor", str(path)])
    assert result.exit_code == 1
    assert "WRONG configuration: tws.port is 0" in result.output
    assert len(result.output.splitlines()) == 2


def test_secrets_are_resolved_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is missing is named by its setting."""
    monkeypatch.setenv("PRESENT", "the-secret-itself")
    more = (
        '[client_portal]\noauth_access_token = "env:ABSENT_BROKERPORT_SECRET"\n'
        'oauth_consumer_key = "env:PRESENT"\n'
    )
    path = configuration(tmp_path, "simulated", more)
    result = CliRunner().invoke(command_line(), ["doctor", str(path)])
    assert result.exit_code == 1
    assert "WRONG secrets: client_portal.oauth_access_token" in result.output
    assert "ok    secrets: 1 references resolve" in result.output
    assert "the-secret-itself" not in result.output


@pytest.mark.parametrize("adapter", ["tws", "client_portal"])
def test_a_gateway_that_serves_is_fine(tmp_path: Path, adapter: str) -> None:
    """Over the wire too; a clock that is far off is a note, not a fault."""

    async def story() -> dict[str, Finding]:
        async with AsyncExitStack() as stack:
            served = world()
            if adapter == "tws":
                gateway = await stack.enter_async_context(open_tws_gateway(served, 0))
                more = f"[tws]\nport = {gateway.port}\n"
            else:
                portal = await stack.enter_async_context(
                    open_portal_gateway(served, 0, data_directory=tmp_path)
                )
                more = (
                    f'[client_portal]\nbase_url = "{portal.base_url}"\n'
                    f'certificate = "{portal.certificate_path}"\n'
                )
            return await findings(configuration(tmp_path, adapter, more))

    found = asyncio.run(story())
    assert found["clock"].verdict is Verdict.NOTE
    assert "NTP" in found["clock"].advice
    others = {one.verdict for subject, one in found.items() if subject != "clock"}
    assert others == {Verdict.FINE}
    assert ("certificate" in found) is (adapter == "client_portal")


def test_a_certificate_that_is_not_the_pinned_one_is_said(tmp_path: Path) -> None:
    """And no session is tried with it."""
    other = tmp_path / "other"
    other.mkdir()

    async def story() -> dict[str, Finding]:
        async with (
            open_portal_gateway(world(), 0, data_directory=tmp_path) as portal,
            open_portal_gateway(world(), 0, data_directory=other) as another,
        ):
            more = (
                f'[client_portal]\nbase_url = "{portal.base_url}"\n'
                f'certificate = "{another.certificate_path}"\n'
            )
            return await findings(configuration(tmp_path, "client_portal", more))

    found = asyncio.run(story())
    assert found["certificate"].verdict is Verdict.WRONG
    assert "session" not in found


def test_a_client_id_in_use_is_explained(tmp_path: Path) -> None:
    """TWS gives one session to a client id: say which setting to change."""

    async def story() -> dict[str, Finding]:
        async with open_tws_gateway(world(), 0) as gateway:
            directory = tmp_path / "other"
            directory.mkdir()
            more = f"[tws]\nport = {gateway.port}\n"
            async with open_broker(configuration(directory, "tws", more)):
                return await findings(configuration(tmp_path, "tws", more))

    found = asyncio.run(story())
    assert found["session"].verdict is Verdict.WRONG
    assert "tws.client_id" in found["session"].advice


def test_an_account_that_is_not_managed_is_named(tmp_path: Path) -> None:
    """It would be refused at the start of trading too."""

    async def story() -> dict[str, Finding]:
        async with open_tws_gateway(world(), 0) as gateway:
            more = f"[tws]\nport = {gateway.port}\n"
            return await findings(configuration(tmp_path, "tws", more, second="DU9999999"))

    found = asyncio.run(story())
    assert found["accounts"].verdict is Verdict.WRONG
    assert "rev" in found["accounts"].text


def test_a_journal_in_use_is_said(tmp_path: Path) -> None:
    """Another brokerport trades on these accounts."""
    path = configuration(tmp_path, "simulated")

    async def story() -> dict[str, Finding]:
        async with open_broker(path):
            return await findings(path)

    found = asyncio.run(story())
    assert found["journal"].verdict is Verdict.WRONG
    assert "another brokerport" in found["journal"].advice


def test_doubt_and_quarantine_are_read_from_the_journal(tmp_path: Path) -> None:
    """With the order's name, the reasons, and what to do."""
    path = configuration(tmp_path, "simulated")
    order = submitted()

    async def story() -> dict[str, Finding]:
        settings = load_settings(path)
        accounts = settings.account_map()
        journal = journal_for(settings, accounts)
        await journal.open(accounts.broker_account(account.name) for account in accounts)
        journal.append("gen", OrderRecorded(order))
        journal.append("rev", QuarantineRecorded(("rev: the broker holds 10 more of AAPL",)))
        await journal.close()
        return await findings(path)

    found = asyncio.run(story())
    assert found["doubt"].verdict is Verdict.NOTE
    assert str(order.client_order_id) in found["doubt"].text
    assert found["quarantine"].verdict is Verdict.WRONG
    assert "10 more of AAPL" in found["quarantine"].text
    assert "brokerport reconcile" in found["quarantine"].advice


def test_a_damaged_journal_is_said(tmp_path: Path) -> None:
    """And nothing of it is believed."""
    (tmp_path / "journal.db").write_bytes(b"this is no database" * 100)
    found = asyncio.run(findings(configuration(tmp_path, "simulated")))
    assert found["journal"].verdict is Verdict.WRONG
    assert found["journal"].advice
