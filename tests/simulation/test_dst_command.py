"""The command ``brokerport-dst``: what it prints, and how it ends."""

from __future__ import annotations

import pytest

from brokerport.dst import main


def test_a_clean_campaign_ends_with_zero(capsys: pytest.CaptureFixture[str]) -> None:
    """It says how much was done, and how fast virtual time passed."""
    assert main(["--seeds", "2", "--first-seed", "5"]) == 0
    said = capsys.readouterr().out
    assert "tws: 2 runs, 0 with a violation" in said
    assert "virtual hours" in said


def test_a_failing_campaign_names_the_seed_and_ends_with_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The first violation stands beside it."""
    assert main(["--seeds", "1", "--bug", "intent-not-written"]) == 1
    assert "seed 1: INTENT_NOT_WRITTEN" in capsys.readouterr().out


def test_a_replay_shows_the_same_trace_as_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Twice the same lines, and the digest at the end."""
    shown = []
    for _time in range(2):
        assert main(["--replay", "5"]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    assert shown[0].splitlines()[-1].startswith("trace ")


def test_shrinking_shows_the_steps_that_are_needed(capsys: pytest.CaptureFixture[str]) -> None:
    """And the trace of what is left; nothing is shrunk that does not fail."""
    assert main(["--shrink", "1", "--bug", "intent-not-written"]) == 1
    said = capsys.readouterr().out
    assert "of them needed:" in said
    assert "seed 1: INTENT_NOT_WRITTEN" in said
    assert main(["--shrink", "5"]) == 0
    assert "nothing to shrink" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--seeds", "0"], ["--jobs", "0"], ["--adapter", "fix"], ["--bug", "none"]]
)
def test_wrong_use_ends_with_two(arguments: list[str]) -> None:
    """And says what is allowed."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
