"""The same seed is the same run, byte for byte, in any process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from brokerport.dst.campaign import run_seed
from brokerport.dst.generation import plan_of
from brokerport.dst.run import play

PROBE = """
import sys
from brokerport.dst.campaign import be_quiet, run_seed
be_quiet()
print(" ".join(run_seed(seed, sys.argv[1]).digest for seed in (3, 7, 12)))
"""


@pytest.mark.parametrize("adapter", ["tws", "client_portal"])
def test_a_seed_gives_the_same_trace_twice(adapter: str) -> None:
    """Line by line, not only by its digest."""
    first, second = (play(plan_of(5, adapter), keeps_lines=True) for _time in range(2))
    assert first.trace.lines == second.trace.lines
    assert len(first.trace.lines) > 20
    assert first.trace.digest == second.trace.digest


@pytest.mark.parametrize("adapter", ["tws", "client_portal"])
def test_a_seed_gives_the_same_trace_in_another_process(adapter: str) -> None:
    """Neither the order of hashes nor addresses in memory have a say."""

    def digests(hash_seed: str) -> str:
        run = subprocess.run(
            [sys.executable, "-c", PROBE, adapter],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        )
        return run.stdout

    assert digests("1") == digests("2")


def test_another_seed_is_another_run() -> None:
    """A trace that never changed would be the same, too."""
    assert run_seed(3, "tws").digest != run_seed(4, "tws").digest
    assert plan_of(3, "tws") == plan_of(3, "tws")
    assert plan_of(3, "tws").steps != plan_of(3, "client_portal").steps
