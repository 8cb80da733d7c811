"""Violations: what the checker found wrong, each of one kind, in words."""

from __future__ import annotations

from enum import Enum

from attrs import frozen


class Kind(Enum):
    """What can be wrong with a run."""

    DOUBLED = "an order is at the exchange twice"
    LOST = "an order that was told to be placed is not at the exchange"
    PLACED_AFTER_ALL = "an order that was told not to be placed is at the exchange"
    UNASKED = "the exchange has an order, or terms, that nobody asked for"
    WRONG_STATUS = "an order's status is not the exchange's"
    WRONG_TERMS = "an order's terms are not the exchange's"
    WRONG_FILLS = "an order's fills are not the exchange's"
    FILL_NOT_TOLD = "a fill was never told"
    FILL_TOLD_TWICE = "a fill was told twice"
    FILL_MISTOLD = "a fill was told wrongly, or never happened"
    FALSE_ANSWER = "a call was answered with what was not so"
    BACK_FROM_THE_END = "an order was told to have ended, and then not"
    STILL_UNKNOWN = "an order is in doubt although the broker has answered everything"
    UNEXPLAINED_CONTRADICTION = "a contradiction was told that no fault explains"
    JOURNAL_DIFFERS = "the journal does not hold what the book holds"
    INTENT_NOT_WRITTEN = "an order is at the exchange that the journal never heard of"
    WRONG_POSITION = "a position that was read is not the exchange's"
    UNEXPECTED_ERROR = "a call failed with an error that is none of brokerport's"
    STUCK = "the run did not come to rest"
    PACING = "the gateway counted a pacing violation"
    SIMULATOR = "the simulator made a mistake of its own"


@frozen
class Violation:
    """One thing that is wrong."""

    kind: Kind
    detail: str

    def __str__(self) -> str:
        return f"{self.kind.name}: {self.kind.value}: {self.detail}"
