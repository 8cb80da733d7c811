"""The checker catches bugs that are planted: those of peers, and each promise broken once."""

from __future__ import annotations

import pytest
from attrs import evolve

from brokerport.dst.bugs import BUGS
from brokerport.dst.campaign import run_plan, run_seed
from brokerport.dst.plan import Cancel, Fault, Strike
from brokerport.dst.violations import Kind
from tests.simulation.dst_books import place, plan

# The first seed that catches it, by bug and adapter (docs/deterministic-simulation.md).
CAUGHT_BY = {
    ("cancel-timeout", "tws"): 138,
    ("cancelled-by-code", "tws"): 1,
    ("corrections-added", "tws"): 5,
    ("doubt-not-watched", "client_portal"): 9,
    ("dropped-fill", "client_portal"): 3,
    ("dropped-fill", "tws"): 11,
    ("failed-read-is-empty", "client_portal"): 121,
    ("failed-read-is-empty", "tws"): 29,
    ("forgotten-fills", "client_portal"): 1,
    ("forgotten-fills", "tws"): 1,
    ("gate-open", "client_portal"): 176,
    ("gate-open", "tws"): 11,
    ("intent-not-written", "client_portal"): 1,
    ("intent-not-written", "tws"): 1,
    ("journal-after-send", "client_portal"): 2,
    ("journal-after-send", "tws"): 1,
    ("loss-swallowed", "client_portal"): 26,
    ("loss-swallowed", "tws"): 13,
    ("no-deduplication", "client_portal"): 1,
    ("no-deduplication", "tws"): 1,
    ("open-orders-alone", "client_portal"): 1,
    ("open-orders-alone", "tws"): 3,
    ("replace-timeout", "client_portal"): 180,
    ("replace-timeout", "tws"): 12,
    ("resend", "client_portal"): 38,
    ("resend", "tws"): 1,
    ("status-is-fill", "tws"): 1,
    ("timeout-is-not-placed", "client_portal"): 38,
    ("timeout-is-not-placed", "tws"): 1,
    ("wrong-account", "client_portal"): 1,
    ("wrong-account", "tws"): 1,
}
# No seed below 250 catches these; plans by hand do, below.
CAUGHT_BY_HAND = {("no-proof", "client_portal"), ("cancel-timeout", "client_portal")}
ALL = [(name, adapter) for name, bug in BUGS.items() for adapter in bug.adapters]


def kinds(seed: int, adapter: str, bug: str | None) -> set[Kind]:
    """Return the kinds of violation that a seed shows."""
    return {violation.kind for violation in run_seed(seed, adapter, bug).violations}


@pytest.mark.parametrize(("bug", "adapter"), sorted(CAUGHT_BY))
def test_a_planted_bug_is_caught(bug: str, adapter: str) -> None:
    """The seed on record finds it, and finds nothing without it."""
    seed = CAUGHT_BY[bug, adapter]
    assert kinds(seed, adapter, bug) - {Kind.PACING}
    assert kinds(seed, adapter, None) == set()


def test_every_bug_is_on_record() -> None:
    """Each is caught on each adapter that it can be planted in."""
    assert sorted(CAUGHT_BY.keys() | CAUGHT_BY_HAND) == sorted(ALL)
    assert len(BUGS) >= 10


@pytest.mark.parametrize(("bug", "expected"), [(None, False), ("no-proof", True)])
def test_an_order_that_arrives_late_was_not_called_not_placed(
    bug: str | None, expected: bool
) -> None:
    """Its request hangs on one connection for 45 seconds; meanwhile every list lacks it."""
    hanging = plan(
        place(0.0, "known", "249.00"),
        Strike(1.0, Fault.STALL_OPEN, 45.0),
        place(1.05, "late", "248.00"),
        Cancel(70.0, "left out"),
        adapter="client_portal",
    )
    _run, violations = run_plan(evolve(hanging, seed=5), bug)
    found = {violation.kind for violation in violations}
    assert (Kind.PLACED_AFTER_ALL in found) is expected
    assert bool(found) is expected


@pytest.mark.parametrize(("bug", "expected"), [(None, False), ("cancel-timeout", True)])
def test_a_cancel_that_never_arrived_was_not_called_done(bug: str | None, expected: bool) -> None:
    """Its request is lost; the order goes on working."""
    lost = plan(
        place(0.0, "known", "249.00"),
        Strike(1.0, Fault.LOSE_REQUESTS, 30.0),
        Cancel(1.05, "known"),
        Cancel(70.0, "left out"),
        adapter="client_portal",
    )
    _run, violations = run_plan(lost, bug)
    found = {violation.kind for violation in violations}
    assert (Kind.FALSE_ANSWER in found) is expected
    assert bool(found) is expected
