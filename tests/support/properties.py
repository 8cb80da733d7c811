"""How property tests run here: the same examples every time, and no clock deciding.

A failure prints the example; ``derandomize`` makes a rerun meet it again.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

PROPERTY = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow],
)

STATE_MACHINE = settings(PROPERTY, max_examples=150, stateful_step_count=25)
