"""Runs Python in a process of its own and reads from the operating system what it took."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[1]
# getrusage's ru_maxrss is in bytes on macOS and in KiB elsewhere.
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


@frozen
class Outcome:
    """What a process took, start to end, and what it wrote to its standard output."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str


def run_child(arguments: tuple[str, ...]) -> Outcome:
    """Run this Python with arguments, from the repository's root.

    Raises:
        RuntimeError: it failed; carries the end of what it wrote.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        began = time.perf_counter()
        child = subprocess.Popen(  # noqa: S603 - arguments of our own
            [sys.executable, *arguments], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall_seconds = time.perf_counter() - began
        # It is waited for already; Popen must not wait for a process of that number again.
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if child.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} ended with {child.returncode}: {text[-2000:]}")
    return Outcome(wall_seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * PEAK_UNIT, text)
