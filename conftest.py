"""What every test and every feature shares: plugins, and how property tests run.

Property tests meet the same examples every time, and no clock decides whether they pass.
"""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = [
    "pytester",
    "tests.support.bdd_step_guard",
    "features.steps.accounts",
    "features.steps.market",
    "features.steps.orders",
]

settings.register_profile(
    "brokerport", deadline=None, derandomize=True, database=None, print_blob=True
)
settings.load_profile("brokerport")
