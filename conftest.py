"""What every test and every feature shares: plugins, and how property tests run.

Property tests meet the same examples every time, and no clock decides whether they pass.
"""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from hypothesis import settings

pytest_plugins = [
    "pytester",
    "tests.support.bdd_step_guard",
    "features.steps.accounts",
    "features.steps.market",
    "features.steps.orders",
    "features.steps.reconciliation",
]

settings.register_profile(
    "brokerport", deadline=None, derandomize=True, database=None, print_blob=True
)
settings.load_profile("brokerport")


def pytest_configure(config: pytest.Config) -> None:
    """Keep whatever a test leaves in the user's data directory out of the user's."""
    directory = tempfile.mkdtemp(prefix="brokerport-tests-")
    os.environ["XDG_DATA_HOME"] = directory
    config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
