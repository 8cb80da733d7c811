"""``brokerport reconcile``: agreement, differences and what settles them, as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from brokerport.cli import command_line
from tests.commands.test_simulate import served

ACCOUNT = '[[accounts]]\nname = "{name}"\nrole = "GEN"\nbroker_account = "{broker_account}"\n'


def configuration(
    directory: Path, port: int | None = None, accounts: tuple[str, ...] = ("gen",)
) -> Path:
    """Write a configuration: over the socket with a journal on disk, else in process."""
    lines = [f'adapter = "{"simulated" if port is None else "tws"}"']
    lines += [
        ACCOUNT.format(name=name, broker_account=f"DU765432{index}")
        for index, name in enumerate(accounts)
    ]
    lines += ["[reconciliation]", "settle_seconds = 0"]
    if port is not None:
        lines += [f"[tws]\nport = {port}", f'[journal]\nurl = "sqlite:///{directory}/journal.db"']
    path = directory / "brokerport.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def reconcile(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(command_line(), ["reconcile", *map(str, arguments)])


def test_differences_are_found_accepted_and_released(tmp_path: Path) -> None:
    """A deposit while nobody looked closes the account; two acts later it is open again."""
    with served("--accounts", "DU7654320=50000", "--speed", "0.001") as (_process, port, _greeting):
        config = configuration(tmp_path, port)
        first = reconcile(config)
        assert (first.exit_code, first.output) == (0, "gen: the books agree\n")
    with served("--accounts", "DU7654320=60000", "--speed", "0.001") as (_process, port, _greeting):
        config = configuration(tmp_path, port)
        found = reconcile(config)
        assert found.exit_code == 1
        assert "gen: cash 50000 USD believed, 60000 USD actual" in found.output
        assert "accept the broker's cash" in found.output
        assert "gen: closed for opening orders until it is released" in found.output
        accepted = reconcile(config, "--account", "gen", "--accept", "a deposit")
        assert accepted.exit_code == 0
        assert "gen: the books agree" in accepted.output
        assert "closed" in accepted.output
        released = reconcile(config, "--release", "looked at it")
        assert (released.exit_code, released.output) == (0, "gen: the books agree\n")
        assert reconcile(config).output == "gen: the books agree\n"


def test_every_account_is_looked_at_and_one_when_it_is_named(tmp_path: Path) -> None:
    """In the order of the configuration."""
    config = configuration(tmp_path, accounts=("gen", "rev"))
    assert reconcile(config).output == "gen: the books agree\nrev: the books agree\n"
    assert reconcile(config, "--account", "rev").output == "rev: the books agree\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--account", "com"], "--account is 'com', but must be one of gen, rev"),
        (["--accept", "a", "--release", "b"], "--release is 'b', but must be left out when"),
        (["--release", "looked"], "--account is None, but must be named"),
        (["--account", "gen", "--accept", " "], "note is ' ', but must be a few words"),
        (["--account", "gen", "--release", ""], "note is '', but must be a few words"),
    ],
)
def test_bad_options_are_refused(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    """With exit code 2 and a line that names the option, its value and what is allowed."""
    result = reconcile(configuration(tmp_path, accounts=("gen", "rev")), *arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    """As every command says it."""
    result = reconcile(tmp_path / "nothing.toml")
    assert result.exit_code == 2
    assert "nothing.toml" in result.stderr


def test_a_broker_that_cannot_be_reached_is_a_failure(tmp_path: Path) -> None:
    """Not known is not clean."""
    with served("--accounts", "DU7654320") as (_process, port, _greeting):
        config = configuration(tmp_path, port)
    result = reconcile(config)
    assert result.exit_code == 1
    assert "brokerport: " in result.stderr
