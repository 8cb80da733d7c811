"""The programs in examples run as they stand, against the simulated world on a stepped clock."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from brokerport.config import load_settings
from brokerport.domain.accounts import Role
from tests.support.repository import ROOT, name_of

EXAMPLES = ROOT / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))


@pytest.fixture(autouse=True)
def stepped_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in the world of the sample settings, its clock standing still."""
    monkeypatch.setenv("BROKERPORT_ADAPTER", "simulated")
    monkeypatch.setenv("BROKERPORT_SIMULATED__SPEED", "0")


def printed_by(program: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Run a program as a script, and return the lines it prints."""
    runpy.run_path(str(program), run_name="__main__")
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
def test_an_example_runs_and_repeats_itself(
    program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each program runs to its end, prints something, and trades the same the second time."""
    first = printed_by(program, capsys)
    assert len(first) >= 3
    again = printed_by(program, capsys)
    assert [_without_ids(line) for line in first] == [_without_ids(line) for line in again]


def test_the_examples_are_all_found() -> None:
    """The programs named in the README are there, so the test above has them all."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(PROGRAMS) >= 5
    assert [program for program in PROGRAMS if name_of(program) not in readme] == []


def test_place_an_order_shows_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    """The order works, takes new terms, is cancelled unfilled, and a bad price is refused."""
    lines = printed_by(EXAMPLES / "place_an_order.py", capsys)
    assert [" is working at " in lines[1], lines[2].startswith("now on new terms: Limit(")] == [
        True,
        True,
    ]
    assert lines[3] == "cancelled, 0 filled"
    assert lines[4].startswith("refused before it was sent: limit_price is 190.005, but must")


def test_follow_events_tells_a_fill_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    """The opening, the order, its execution, commission and position are heard in this order."""
    lines = printed_by(EXAMPLES / "follow_events.py", capsys)
    kinds = [line.split()[0] for line in lines]
    opening, trading = kinds[:3], kinds[3:]
    assert opening == ["session", "session", "session"]
    assert trading == ["order", "order", "execution", "order", "commission", "position"]


def test_sync_script_trades_for_every_account(capsys: pytest.CaptureFixture[str]) -> None:
    """Each mapped account buys its ten shares."""
    lines = printed_by(EXAMPLES / "sync_script.py", capsys)
    assert [line.split()[:3] for line in lines] == [
        [account, "bought", "10"] for account in ("gen", "rev", "com")
    ]


def test_option_chain_shows_deltas_that_fall_with_the_strike(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A put's delta lies between -1 and 0, and grows in size with its strike."""
    rows = printed_by(EXAMPLES / "option_chain.py", capsys)[2:]
    deltas = [float(row.split()[-2]) for row in rows]
    assert len(deltas) >= 5
    assert deltas == sorted(deltas, reverse=True)
    assert -1 < deltas[-1] < deltas[0] <= 0


def test_sell_a_put_sells_one(capsys: pytest.CaptureFixture[str]) -> None:
    """One put is sold at the bid that was shown, and the account is short one put."""
    lines = printed_by(EXAMPLES / "sell_a_put.py", capsys)
    bid = lines[0].split("bid ")[1].split(",")[0]
    assert lines[1] == f"filled: sold 1 at {bid}"
    assert lines[2].startswith("gen holds -1 ")


def test_the_sample_settings_map_one_account_of_each_role() -> None:
    """The sample configuration is valid, and has Gen, Rev and Com."""
    settings = load_settings(EXAMPLES / "brokerport.toml")
    assert [account.role for account in settings.account_map()] == [Role.GEN, Role.REV, Role.COM]


def _without_ids(line: str) -> str:
    # A ClientOrderId is unique for ever, so it is the one thing that may differ.
    return " ".join(word for word in line.split(" ") if not word.startswith(("gen.", "rev.")))
