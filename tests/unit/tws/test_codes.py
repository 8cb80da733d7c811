"""IBKR's message codes, and what each does to an order in its context."""

from __future__ import annotations

import pytest

from brokerport.adapters.tws.code_table import CodeTable, Outcome
from brokerport.adapters.tws.codes import CODES
from brokerport.config.tws_codes import Code, Scope, Verdict
from brokerport.domain.errors import FinalError, RequestRefused, RetryableError, TemporarilyRefused


def test_a_code_cannot_stand_in_the_table_twice() -> None:
    """A second entry for a number is refused, and the number is named."""
    entry = Code(201, "rejected", Scope.ORDER, Verdict.FINAL)
    with pytest.raises(ValueError, match="201"):
        CodeTable([entry, entry])


def test_the_table_cannot_be_changed() -> None:
    """The table is the same for everybody for ever."""
    with pytest.raises(TypeError):
        CODES[1] = CODES[201]  # type: ignore[index]


NEW = {"replace_pending": False, "cancel_pending": False, "acknowledged": False}
WORKING = NEW | {"acknowledged": True}
REPLACING = WORKING | {"replace_pending": True}
CANCELLING = WORKING | {"cancel_pending": True}


@pytest.mark.parametrize(
    ("code", "context", "expected"),
    [
        (201, NEW, Outcome.REJECTED),
        (201, WORKING, Outcome.REJECTED),
        (201, REPLACING, Outcome.REPLACE_REFUSED),
        (110, NEW, Outcome.REJECTED),
        (110, WORKING, Outcome.WARNED),
        (110, REPLACING, Outcome.REPLACE_REFUSED),
        (103, NEW, Outcome.REJECTED),
        (103, WORKING, Outcome.WARNED),
        (104, REPLACING, Outcome.REPLACE_REFUSED),
        (104, WORKING, Outcome.WARNED),
        (105, REPLACING, Outcome.REPLACE_REFUSED),
        (2102, REPLACING, Outcome.REPLACE_REFUSED),
        (161, CANCELLING, Outcome.CANCEL_REFUSED),
        (10147, CANCELLING, Outcome.CANCEL_REFUSED),
        (10148, CANCELLING, Outcome.CANCEL_REFUSED),
        (10148, WORKING, Outcome.WARNED),
        (135, CANCELLING, Outcome.CANCEL_REFUSED),
        (135, REPLACING, Outcome.REPLACE_REFUSED),
        (135, WORKING, Outcome.WARNED),
        (202, WORKING, Outcome.CANCELLED),
        (399, NEW, Outcome.WARNED),
        (404, NEW, Outcome.WARNED),
        (2109, NEW, Outcome.WARNED),
        (10349, NEW, Outcome.WARNED),
        (10349, REPLACING, Outcome.WARNED),
        (99_999, NEW, Outcome.WARNED),
    ],
)
def test_what_was_asked_of_an_order_decides_what_a_code_means(
    code: int, context: dict[str, bool], expected: Outcome
) -> None:
    """The same code refuses a new order, or only new terms, or nothing at all."""
    assert CODES.outcome(code, **context) is expected


@pytest.mark.parametrize("code", [10167, 10090, 2104, 2199])
def test_a_notice_does_not_end_a_read(code: int) -> None:
    """Delayed or partial data still comes, and 2100 to 2199 are warnings, known or not."""
    assert CODES.read_error(code, "words") is None


@pytest.mark.parametrize("code", [200, 321, 354, 10168, 99_999])
def test_an_error_ends_a_read(code: int) -> None:
    """A read that TWS refused gets no answer any more, nor does one with a code we do not know."""
    error = CODES.read_error(code, "words")
    assert isinstance(error, RequestRefused)
    assert isinstance(error, FinalError)
    assert (error.reason, error.code) == ("words", code)


@pytest.mark.parametrize("code", [100, 101, 162, 322, 366, 10197])
def test_an_error_that_passes_says_so(code: int) -> None:
    """The caller may ask again: it is in the branch of what can be tried again."""
    error = CODES.read_error(code, "words")
    assert isinstance(error, TemporarilyRefused)
    assert isinstance(error, RetryableError)
    assert (error.reason, error.code) == ("words", code)


def test_a_code_we_do_not_know_is_unknown() -> None:
    """It is neither taken for harmless nor for final."""
    assert CODES.known(99_999).verdict is Verdict.UNKNOWN
