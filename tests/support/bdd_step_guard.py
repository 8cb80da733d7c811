"""Refuses pytest-bdd step functions that are asynchronous.

The rule: pytest-bdd calls a step and drops what it returns. It awaits nothing, so a coroutine step
"passes" without having run, and a Then that checks nothing looks green. Steps are therefore plain
functions that drive an ``asyncio.Runner``; anything else fails the run, twice over:

1. at collection, every step function that any module defined is inspected, used or not;
2. at the call, a plain function that hands back an awaitable fails its scenario.

The registry read here is pytest-bdd's own; should a release rename it, the import fails loudly.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable

import pytest
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry


class AsynchronousStepError(Exception):
    """A step function is asynchronous, so pytest-bdd would pass it without running it."""


def is_asynchronous(step_function: Callable[..., object]) -> bool:
    """Tell whether calling the step yields an object to await instead of running its body."""
    unwrapped: object = inspect.unwrap(step_function)
    while isinstance(unwrapped, functools.partial):
        unwrapped = inspect.unwrap(unwrapped.func)
    call = getattr(type(unwrapped), "__call__", None)  # noqa: B004 - the callable object's method
    return any(
        inspect.iscoroutinefunction(candidate) or inspect.isasyncgenfunction(candidate)
        for candidate in (unwrapped, call)
    )


def describe(context: StepFunctionContext) -> str:
    """Name the step and where its function is written, for the error message."""
    function = inspect.unwrap(context.step_func)
    code = getattr(function, "__code__", None)
    place = f"{code.co_filename}:{code.co_firstlineno}" if code is not None else repr(function)
    return f"{context.type or 'step'} {context.parser.name!r} at {place}"


def refuse_awaitable_results(context: StepFunctionContext) -> None:
    """Make a plain step fail its scenario when it hands back an awaitable."""
    step_function = context.step_func
    if inspect.isgeneratorfunction(step_function) or hasattr(step_function, "__step_guard__"):
        return

    @functools.wraps(step_function)
    def guarded(*args: object, **kwargs: object) -> object:
        result = step_function(*args, **kwargs)
        if inspect.isawaitable(result) or inspect.isasyncgen(result):
            if inspect.iscoroutine(result):
                result.close()
            raise AsynchronousStepError(
                f"{describe(context)} returned {type(result).__name__}, "
                "which pytest-bdd never awaits"
            )
        return result

    guarded.__step_guard__ = True  # type: ignore[attr-defined]
    context.step_func = guarded


def pytest_collection_modifyitems() -> None:
    """Inspect every step function defined by now; all modules are imported at this point."""
    contexts = list(step_function_context_registry.values())
    wrong = [describe(context) for context in contexts if is_asynchronous(context.step_func)]
    if wrong:
        listing = "\n  ".join(sorted(wrong))
        raise pytest.UsageError(
            "pytest-bdd never awaits: these steps would pass without running.\n"
            f"Write them as plain functions that drive an asyncio.Runner:\n  {listing}"
        )
    for context in contexts:
        refuse_awaitable_results(context)


def pytest_bdd_before_step_call(step_func: Callable[..., object]) -> None:
    """Check again at the call, for a step that was defined after collection."""
    if is_asynchronous(step_func):
        raise AsynchronousStepError(f"step function {step_func!r} is asynchronous")
