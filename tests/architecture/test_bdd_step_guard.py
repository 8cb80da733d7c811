"""The guard against asynchronous steps does fail a run, and leaves plain steps alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FEATURE = """
Feature: A step
    Scenario: One step
        Given a step
"""

HEAD = """
import functools
from pytest_bdd import given, scenarios

scenarios("step.feature")
"""

ASYNCHRONOUS_STEPS = {
    "coroutine": """
@given("a step")
async def a_step():
    raise RuntimeError("never raised: nobody awaits")
""",
    "async generator": """
@given("a step")
async def a_step():
    yield 1
""",
    "partial of a coroutine": """
async def body(value):
    raise RuntimeError("never raised: nobody awaits")

given("a step")(functools.partial(body, 1))
""",
    "callable object": """
class Step:
    async def __call__(self):
        raise RuntimeError("never raised: nobody awaits")

given("a step")(Step())
""",
    "unused coroutine": """
@given("a step")
def a_step():
    pass

@given("another step that no scenario uses")
async def another_step():
    pass
""",
}

HIDDEN_AWAITABLE = """
async def body():
    raise RuntimeError("never raised: nobody awaits")

@given("a step")
def a_step():
    return body()
"""

PLAIN_STEPS = {
    "plain": """
@given("a step")
def a_step():
    pass
""",
    "drives a runner": """
import asyncio

@given("a step", target_fixture="answer")
def a_step():
    async def body():
        return 42
    with asyncio.Runner() as runner:
        return runner.run(body())
""",
    "plain generator": """
@given("a step", target_fixture="answer")
def a_step():
    yield 42
""",
}


def run(pytester: pytest.Pytester, steps: str, *, guarded: bool = True) -> pytest.RunResult:
    """Run one feature with the given step code in an interpreter of its own."""
    pytester.makefile(".feature", step=FEATURE)
    pytester.makepyfile(test_steps=HEAD + steps)
    pytester.makeini("[pytest]\n")
    plugins = ["-p", "pytest_bdd.plugin"]
    if guarded:
        plugins += ["-p", "tests.support.bdd_step_guard"]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *plugins)


@pytest.mark.parametrize("kind", ASYNCHRONOUS_STEPS)
def test_an_asynchronous_step_fails_collection(pytester: pytest.Pytester, kind: str) -> None:
    """Whatever its shape, an asynchronous step ends the run before a scenario can pass."""
    result = run(pytester, ASYNCHRONOUS_STEPS[kind])
    assert result.ret == pytest.ExitCode.USAGE_ERROR, result.stdout.str()
    assert "would pass without running" in result.stderr.str() + result.stdout.str()
    assert "passed" not in result.stdout.str()


def test_a_plain_step_that_returns_a_coroutine_fails_its_scenario(
    pytester: pytest.Pytester,
) -> None:
    """A coroutine handed back by a plain function is caught at the call."""
    result = run(pytester, HIDDEN_AWAITABLE)
    result.assert_outcomes(failed=1)
    assert "never awaits" in result.stdout.str()


@pytest.mark.parametrize("kind", PLAIN_STEPS)
def test_a_plain_step_passes(pytester: pytest.Pytester, kind: str) -> None:
    """Plain functions and generators, with and without a runner of their own, run as before."""
    run(pytester, PLAIN_STEPS[kind]).assert_outcomes(passed=1)


def test_without_the_guard_a_coroutine_step_passes_unrun(pytester: pytest.Pytester) -> None:
    """The guard is needed: pytest-bdd alone reports a coroutine step that never ran as passed."""
    run(pytester, ASYNCHRONOUS_STEPS["coroutine"], guarded=False).assert_outcomes(
        passed=1, warnings=1
    )
