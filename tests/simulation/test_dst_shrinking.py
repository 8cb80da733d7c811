"""Shrinking keeps what a failure needs, and leaves out the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from brokerport.dst.campaign import run_plan
from brokerport.dst.generation import plan_of
from brokerport.dst.plan import Cancel, Plan, Step
from brokerport.dst.shrinking import shrink
from tests.simulation.dst_books import place, plan


def needing(*names: str) -> Callable[[Plan], bool]:
    """Return a failure that needs cancels of these orders."""

    def still_fails(shorter: Plan) -> bool:
        left = {step.name for step in shorter.steps if isinstance(step, Cancel)}
        return set(names) <= left

    return still_fails


@pytest.mark.parametrize("needed", [("o3",), ("o0", "o15"), ("o4", "o5", "o6"), ()])
def test_only_what_the_failure_needs_is_left(needed: tuple[str, ...]) -> None:
    """Wherever the steps are, alone or apart."""
    steps: list[Step] = [Cancel(float(number), f"o{number}") for number in range(16)]
    shrunk = shrink(plan(*steps), needing(*needed))
    assert [step.name for step in shrunk.steps if isinstance(step, Cancel)] == list(needed)
    assert (shrunk.latency_seconds, shrunk.disk_seconds) == (0.0, 0.0)


def test_a_failing_seed_is_shrunk_to_a_plan_that_still_fails() -> None:
    """A fill that is dropped needs an order, and hardly more."""
    whole = plan_of(1, "tws")
    assert run_plan(whole, "wrong-account")[1]

    def still_fails(shorter: Plan) -> bool:
        return bool(run_plan(shorter, "wrong-account")[1])

    shrunk = shrink(whole, still_fails)
    assert len(shrunk.steps) <= 2 < len(whole.steps)
    assert still_fails(shrunk)


def test_steps_keep_their_meaning_when_others_are_left_out() -> None:
    """An order is meant by its name; a cancel of one that was left out does nothing."""
    run, violations = run_plan(plan(Cancel(0.0, "left out"), place(1.0, "here")))
    assert violations == ()
    assert [call.name for call in run.books.calls] == ["here"]
