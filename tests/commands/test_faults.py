"""``brokerport faults`` and ``simulate --faults``: in processes of their own, ended by a signal."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from brokerport import (
    Limit,
    OrderInDoubt,
    OrderRequest,
    OrderStatus,
    Role,
    Side,
    Stock,
    open_broker,
)
from brokerport.cli import command_line
from brokerport.cli.faults import read_upstream
from brokerport.config import (
    AccountSettings,
    JournalSettings,
    OrderSettings,
    Settings,
    TwsSettings,
)
from brokerport.domain.errors import InvalidConfiguration

NETWORK = """
seed = 3
framing = "tws"
[[faults]]
kind = "lost_response"
containing = "gen."
times_max = 1
[[faults]]
kind = "tws.lost_status"
"""
VENDOR = """
[[faults]]
kind = "tws.repeated_execution"
[[faults]]
kind = "drop"
[[faults]]
kind = "portal.unavailable"
"""


@contextmanager
def running(*arguments: str, lines: int) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run a command; give the process and the lines it begins with; kill it after."""
    process = subprocess.Popen(
        [sys.executable, "-m", "brokerport", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, [process.stdout.readline() for _ in range(lines)]
    finally:
        process.kill()
        process.communicate()


def port_in(line: str) -> int:
    """Return the port that a greeting names."""
    found = re.search(r"127\.0\.0\.1:(\d+)", line)
    assert found, line
    return int(found[1])


def settings(port: int) -> Settings:
    """Settings of a broker that trades through a port."""
    accounts = (AccountSettings("gen", Role.GEN, "DU1000001"),)
    return Settings(
        "tws",
        accounts,
        tws=TwsSettings(port=port, request_timeout_seconds=5),
        orders=OrderSettings(answer_timeout_seconds=5),
        journal=JournalSettings(url="memory:"),
    )


async def place(port: int) -> OrderStatus:
    """Place an order that rests; return what became of it."""
    async with open_broker(settings(port)) as broker:
        request = OrderRequest("gen", Stock("AAPL"), Side.BUY, Decimal(1), Limit("1.00"))
        return (await broker.place(request)).status


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_client_meets_the_faults_and_a_signal_ends_it_cleanly(
    tmp_path: Path, end: signal.Signals
) -> None:
    """The answer to the first order is lost: it is in doubt; each fault is printed and counted."""
    plan = tmp_path / "plan.toml"
    plan.write_text(NETWORK)
    with running("simulate", "--tws-port", "0", lines=3) as (_, greeting):
        upstream = f"127.0.0.1:{port_in(greeting[0])}"
        options = ["--plan", str(plan), "--listen", "0", "--upstream", upstream]
        with running("faults", *options, lines=3) as (process, said):
            assert said[0] == "1 fault of the plan left to the simulated TWS gateway\n"
            assert said[1].endswith(f"passed on to {upstream}\n")
            assert said[2] == "seed 3, 2 faults in the plan; Ctrl-C ends it\n"
            with pytest.raises(OrderInDoubt):
                asyncio.run(place(port_in(said[1])))
            process.send_signal(end)
            output, errors = process.communicate(timeout=20)
            assert (process.returncode, errors) == (0, "")
            assert "connection 1 server_to_client: lost_response" in output
            assert output.endswith("1 lost_response\nstopped\n")


def test_a_simulated_gateway_misbehaves_by_a_plan(tmp_path: Path) -> None:
    """It tells an execution twice, says so, and leaves the network's faults alone."""
    plan = tmp_path / "plan.toml"
    plan.write_text(VENDOR)
    options = ["--tws-port", "0", "--speed", "60", "--faults", str(plan)]

    async def buy(port: int) -> OrderStatus:
        async with open_broker(settings(port)) as broker:
            ask = (await broker.quote(Stock("AAPL"))).ask
            assert ask is not None
            request = OrderRequest("gen", Stock("AAPL"), Side.BUY, Decimal(1), Limit(ask + 10))
            order = await broker.place(request)
            return (await broker.wait_until_done("gen", order.client_order_id, 10)).status

    with running("simulate", *options, lines=5) as (process, said):
        assert sorted(said[:2]) == [
            "1 fault of the plan left to the proxy\n",
            "1 fault of the plan left to the simulated Client Portal gateway\n",
        ]
        assert asyncio.run(buy(port_in(said[2]))) is OrderStatus.FILLED
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, "")
        assert "connection 1: tws.repeated_execution, execution " in output
        assert output.endswith("played: 1 tws.repeated_execution\nstopped\n")


@pytest.mark.parametrize(
    ("plan", "options", "complaint"),
    [
        ("seed = 1", [], "with a fault that the proxy can play"),
        ('[[faults]]\nkind = "tws.lost_status"', [], "with a fault that the proxy can play"),
        ('[[faults]]\nkind = "dorp"', [], "faults[0].kind is 'dorp'"),
        ("seed = [", [], "valid TOML"),
        ('[[faults]]\nkind = "drop"', ["--upstream", "localhost"], "must be HOST:PORT"),
        ('[[faults]]\nkind = "drop"', ["--listen", "70000"], "--listen is 70000"),
    ],
)
def test_bad_options_are_refused(
    tmp_path: Path, plan: str, options: list[str], complaint: str
) -> None:
    """Exit code 2 and a line that names what is wrong."""
    path = tmp_path / "plan.toml"
    path.write_text(plan)
    usual = ["faults", "--plan", str(path), "--listen", "0", "--upstream", "127.0.0.1:4002"]
    result = CliRunner().invoke(command_line(), [*usual, *options])
    assert (result.exit_code, complaint in result.stderr) == (2, True), result.stderr


def test_simulate_refuses_a_plan_without_a_fault_of_its_own(tmp_path: Path) -> None:
    """A portal fault needs the portal's door open."""
    path = tmp_path / "plan.toml"
    path.write_text('[[faults]]\nkind = "portal.unavailable"')
    result = CliRunner().invoke(command_line(), ["simulate", "--faults", str(path)])
    assert result.exit_code == 2
    assert "with a fault that the simulated TWS gateway can play" in result.stderr


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """A port that something else has is refused by its number."""
    path = tmp_path / "plan.toml"
    path.write_text('[[faults]]\nkind = "drop"')
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        options = ["--plan", str(path), "--listen", str(port), "--upstream", "127.0.0.1:1"]
        result = CliRunner().invoke(command_line(), ["faults", *options])
    assert result.exit_code == 2
    assert f"fault_proxy.port is {port}" in result.stderr


def test_upstreams_are_read() -> None:
    """A name, an address, an IPv6 address in brackets; nothing else."""
    assert read_upstream("gateway.local:4002") == ("gateway.local", 4002)
    assert read_upstream("127.0.0.1:1") == ("127.0.0.1", 1)
    assert read_upstream("[::1]:5000") == ("::1", 5000)
    for text in ("", "host", ":4002", "host:", "host:0", "host:65536", "host:x", "::1:4002"):
        with pytest.raises(InvalidConfiguration):
            read_upstream(text)
