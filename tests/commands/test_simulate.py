"""``brokerport simulate``: served in a process of its own, met by a client, ended by a signal."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from brokerport import (
    Limit,
    OrderRequest,
    OrderStatus,
    Role,
    Side,
    Stock,
    open_broker,
)
from brokerport.cli import command_line
from brokerport.cli.simulate import read_accounts
from brokerport.config import (
    AccountSettings,
    JournalSettings,
    Settings,
    TwsSettings,
)
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import BadInput
from brokerport.domain.money import usd
from brokerport.simulator.exchange.calendar import TradingCalendar
from tests.simulation.replay_files import rows_of, write

MEMORY = JournalSettings(url="memory:")


@contextmanager
def served(
    *arguments: str, lines: int = 3
) -> Iterator[tuple[subprocess.Popen[str], int, list[str]]]:
    """Serve a world on a free port; give the process, its port and its greeting; kill it after."""
    process = subprocess.Popen(
        [sys.executable, "-m", "brokerport", "simulate", "--tws-port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        greeting = [process.stdout.readline() for _ in range(lines)]
        found = re.fullmatch(r"TWS API on 127\.0\.0\.1:(\d+)\n", greeting[0])
        assert found, greeting
        yield process, int(found[1]), greeting
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_client_trades_and_a_signal_ends_it_cleanly(end: signal.Signals) -> None:
    """A broker connects, buys in the account it was given, and the server ends with code 0."""

    async def trade(port: int) -> tuple[OrderStatus, Decimal]:
        accounts = (AccountSettings("gen", Role.GEN, "DU7654321"),)
        settings = Settings("tws", accounts, tws=TwsSettings(port=port), journal=MEMORY)
        async with open_broker(settings) as broker:
            stock = Stock("AAPL")
            ask = (await broker.quote(stock)).ask
            assert ask is not None
            order = await broker.place(
                OrderRequest("gen", stock, Side.BUY, Decimal(1), Limit(ask + 10))
            )
            order = await broker.wait_until_done("gen", order.client_order_id, 10)
            (held,) = await broker.positions("gen")
            return order.status, held.quantity

    arguments = ["--accounts", "DU7654321=50000", "--seed", "9", "--speed", "60"]
    with served(*arguments) as (process, port, greeting):
        assert greeting[1] == "accounts: DU7654321\n"
        assert "speed 60, seed 9" in greeting[2]
        assert asyncio.run(trade(port)) == (OrderStatus.FILLED, Decimal(1))
        process.send_signal(end)
        output, errors = process.communicate(timeout=20)
        assert process.returncode == 0, errors
        assert output == "stopped\n"
        assert errors == ""


def placed_over_the_web(url: str, certificate: Path | None) -> str:
    """Place an order far below the market as any web program would; return its identity."""
    verify = ssl.create_default_context(cafile=certificate) if certificate else True
    key = "gen.01HV2V8Y3WABCDEFGHJKMNP001"
    with httpx.Client(base_url=url, verify=verify, trust_env=False) as web:
        account = web.get("/iserver/accounts").json()["accounts"][0]
        ticket = {
            "conid": 265598, "orderType": "LMT", "price": 100, "side": "BUY",
            "quantity": 1, "tif": "DAY", "cOID": key,
        }  # fmt: skip
        answer = web.post(f"/iserver/account/{account}/orders", json={"orders": [ticket]}).json()
        while "id" in answer[0]:
            answer = web.post(f"/iserver/reply/{answer[0]['id']}", json={"confirmed": True}).json()
        assert answer[0]["order_status"] in ("Submitted", "PreSubmitted")
    return key


@pytest.mark.parametrize("is_plain", [False, True])
def test_an_order_through_one_door_is_seen_through_the_other(
    is_plain: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One world, two doors: placed over the web API, working over TWS."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    accounts = (AccountSettings("gen", Role.GEN, "DU1000001"),)

    async def seen_over_tws(port: int) -> list[str]:
        settings = Settings("tws", accounts, tws=TwsSettings(port=port), journal=MEMORY)
        async with open_broker(settings) as broker:
            return [str(order.client_order_id) for order in await broker.open_orders("gen")]

    arguments = ["--portal-port", "0", *(["--portal-http"] if is_plain else [])]
    with served(*arguments, lines=4 if is_plain else 5) as (process, port, greeting):
        scheme = "http" if is_plain else "https"
        assert greeting[1].startswith(f"Client Portal API on {scheme}://localhost:")
        certificate = None if is_plain else Path(greeting[2].split()[-1])
        key = placed_over_the_web(greeting[1].split()[-1], certificate)
        assert asyncio.run(seen_over_tws(port)) == [key]
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
        assert (process.returncode, output, errors) == (0, "stopped\n", "")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--portal-port", "70000"], "--portal-port is 70000"),
        (["--portal-http"], "--portal-http is 'given', but must be used with --portal-port"),
        (["--oauth-keys", "keys"], "--oauth-keys is 'given', but must be used with --portal-port"),
    ],
)
def test_bad_portal_options_are_refused(arguments: list[str], complaint: str) -> None:
    """The option is named, and nothing is served."""
    result = CliRunner().invoke(command_line(), ["simulate", *arguments])
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_a_replay_that_is_over_is_said_and_still_served(tmp_path: Path) -> None:
    """The time stands still with a line that says why; clients can read; a signal ends it."""
    rows = rows_of("AAPL", TradingCalendar(), date(2015, 3, 2), 25)
    path = write(tmp_path / "bars.csv", rows)

    async def read(port: int) -> Decimal:
        accounts = (AccountSettings("gen", Role.GEN, "DU1000001"),)
        settings = Settings("tws", accounts, tws=TwsSettings(port=port), journal=MEMORY)
        async with open_broker(settings) as broker:
            return (await broker.balances("gen")).total_cash.amount

    arguments = ["--replay", str(path), "--from", "2015-04-06", "--speed", "1000000"]
    with served(*arguments) as (process, port, _):
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("simulated time stands still at 2015-04-07")
        assert "prices end on 2015-04-06; clients are still served, Ctrl-C ends it" in line
        assert asyncio.run(read(port)) == 1_000_000
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
        assert (process.returncode, output, errors) == (0, "stopped\n", "")


def test_a_port_in_use_is_named() -> None:
    """A port that something else has is refused by its number, with a code that is not zero."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(command_line(), ["simulate", "--tws-port", str(port)])
    assert result.exit_code != 0
    assert str(port) in result.stderr
    assert "a port that nothing else uses" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--tws-port", "70000"], "--tws-port is 70000, but must be a port from 0 to 65535"),
        (["--speed", "0"], "--speed is 0.0, but must be greater than zero"),
        (["--accounts", "DU1=5,DU1000001"], "broker_account is 'DU1'"),
        (["--accounts", "DU1000001,DU1000001"], "named once only"),
        (["--accounts", "DU1000001=0"], "funded with more than zero"),
        (["--accounts", "DU1000001=lots"], "amount is 'lots'"),
        (["--from", "2015-08-17"], "used with --replay"),
        (["--replay", "missing.csv"], "replay.path is 'missing.csv'"),
    ],
)
def test_bad_options_are_refused(arguments: list[str], complaint: str) -> None:
    """A bad option ends with exit code 2 and a line naming it, its value and what is allowed."""
    result = CliRunner().invoke(command_line(), ["simulate", *arguments])
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_accounts_are_read_with_their_cash() -> None:
    """An account may name its opening cash; one that does not begins with a million dollars."""
    assert read_accounts("DU1000001=250000.50, DU1000002") == {
        BrokerAccount("DU1000001"): usd("250000.50"),
        BrokerAccount("DU1000002"): usd(1_000_000),
    }
    with pytest.raises(BadInput):
        read_accounts("")
