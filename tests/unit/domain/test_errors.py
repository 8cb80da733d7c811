"""The error tree tells what a caller may do next, and its drawing is the tree."""

from __future__ import annotations

import inspect
import re

import pytest

from brokerport.domain import errors
from brokerport.domain.errors import (
    BadInput,
    BrokerportError,
    ContradictoryReport,
    FinalError,
    OrderInDoubt,
    OrderRejected,
    OutcomeUnknown,
    RetryableError,
)


def tree() -> dict[str, type[BrokerportError]]:
    """Return every error class of the module by its name."""
    found = dict(inspect.getmembers(errors, inspect.isclass))
    return {name: kind for name, kind in found.items() if issubclass(kind, BrokerportError)}


def test_every_error_says_what_may_be_done_next() -> None:
    """Each one but the two roots is final, retryable or unknown, and only one of them."""
    for kind in set(tree().values()) - {BrokerportError, ContradictoryReport}:
        kinds = [
            answer
            for answer in (FinalError, RetryableError, OutcomeUnknown)
            if issubclass(kind, answer)
        ]
        assert len(kinds) == 1, kind


def test_the_drawing_is_the_tree() -> None:
    """Each class is drawn under its parent, and nothing is drawn that is not there."""
    parents: dict[str, str] = {}
    trail: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"(?P<lead>[ │├└─]*)(?P<name>[A-Z]\w+)", line)
        if match is None or match["name"] not in tree():
            continue
        depth = len(match["lead"])
        trail = [(other, name) for other, name in trail if other < depth]
        parents[match["name"]] = trail[-1][1] if trail else "Exception"
        trail.append((depth, match["name"]))
    assert parents == {name: kind.__bases__[0].__name__ for name, kind in tree().items()}


def test_bad_input_names_the_field_the_value_and_what_is_allowed() -> None:
    """All three are in the message and can be read off the error."""
    error = BadInput("quantity", -5, "greater than zero")
    assert str(error) == "quantity is -5, but must be greater than zero"
    assert (error.field, error.value, error.allowed) == ("quantity", -5, "greater than zero")


@pytest.mark.parametrize(
    ("code", "text"),
    [(None, "no margin"), (201, "no margin (code 201)"), (0, "no margin (code 0)")],
)
def test_a_refusal_carries_the_brokers_words_and_code(code: int | None, text: str) -> None:
    """Reason and code are kept apart and shown together."""
    error = OrderRejected("no margin", code)
    assert (str(error), error.reason, error.code) == (text, "no margin", code)


def test_an_order_in_doubt_names_order_and_action() -> None:
    """The caller learns which order to look for, and what was asked of it."""
    error = OrderInDoubt("gen.X", "cancel", "connection lost: cut")
    assert str(error) == "cancel of order gen.X: outcome unknown, connection lost: cut"
    assert (error.client_order_id, error.action) == ("gen.X", "cancel")
