"""The words in which one of IBKR's message codes is described, in the table and in the settings.

``[[tws.codes]]`` tables in a settings file add codes to the TWS adapter's table, or replace one:

    [[tws.codes]]
    number = 10999
    meaning = "the venue is in maintenance"
    scope = "order"
    verdict = "final"
    on_order = "entry_refused"

Rules:

- A notice ends nothing, so it leaves an order as it is.
- Only a code about orders says what becomes of one.
- A code that stands in the table already is replaced only where ``replaces = true`` says so.
"""

from __future__ import annotations

from enum import Enum

from attrs import field, frozen

from brokerport.domain.errors import InvalidConfiguration


class Scope(Enum):
    """What a code is about."""

    SESSION = "session"
    REQUEST = "request"
    ORDER = "order"


class Verdict(Enum):
    """What the receiver may do about a code."""

    NOTICE = "notice"
    RETRYABLE = "retryable"
    FINAL = "final"
    UNKNOWN = "unknown"


class OrderMeaning(Enum):
    """What a code says when it comes with an order's id."""

    REFUSED = "refused"
    ENTRY_REFUSED = "entry_refused"
    REPLACE_REFUSED = "replace_refused"
    CANCEL_REFUSED = "cancel_refused"
    NOT_FOUND = "not_found"
    CANCELLED = "cancelled"
    WARNING = "warning"

    @property
    def words(self) -> str:
        """The same in words."""
        return _WORDS[self]


_WORDS = {
    OrderMeaning.REFUSED: "the order, or its change, is refused; a working order may die of it too",
    OrderMeaning.ENTRY_REFUSED: (
        "the new order or the new terms never got in; nothing working is touched"
    ),
    OrderMeaning.REPLACE_REFUSED: "the change of terms is refused",
    OrderMeaning.CANCEL_REFUSED: "the cancel is refused",
    OrderMeaning.NOT_FOUND: "the order that a cancel or a change names is not there",
    OrderMeaning.CANCELLED: "the order is off the market",
    OrderMeaning.WARNING: "the order stays as it is",
}


@frozen
class Code:
    """One message code.

    ``on_order`` is what it says of an order whose id it comes with; ``replaces`` that it is meant
    to take the place of the code of that number in the table.

    Raises:
        InvalidConfiguration: the entry contradicts itself; names the setting.
    """

    SECTION = "tws.codes"

    number: int = field()
    meaning: str
    scope: Scope
    verdict: Verdict
    on_order: OrderMeaning = OrderMeaning.WARNING
    replaces: bool = field(default=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.number < 1:
            raise InvalidConfiguration(f"{self.SECTION}.number", self.number, "1 or more")
        if self.on_order is OrderMeaning.WARNING:
            return
        if self.scope is not Scope.ORDER:
            raise InvalidConfiguration(
                f"{self.SECTION}.scope",
                self.scope.value,
                f"'order', because code {self.number} says what becomes of one "
                f"(on_order is {self.on_order.value!r})",
            )
        if self.verdict is Verdict.NOTICE:
            raise InvalidConfiguration(
                f"{self.SECTION}.on_order",
                self.on_order.value,
                f"'warning', because code {self.number} is a notice, which ends nothing",
            )
