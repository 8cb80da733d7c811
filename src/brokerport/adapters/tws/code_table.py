"""How a table of IBKR's message codes is read: what a code does to a read, an order, the session.

A code comes with the id of what it is about: a request, an order, or -1, which is the session.

Rules:

- A code stands in the table once; a second entry is refused. One that is added may take the place
  of another only where it says so, and never that of a code the session itself acts on (``FIXED``).
- Some codes mean two things. What we asked of the order decides: a refusal while a change of terms
  is under way refuses the change, and the order lives on with its old terms.
- A refusal that only ever greets a new order or new terms kills nothing that is working.
- A code the table does not have ends a read, because a read can be asked again, but never ends an
  order: it becomes a warning, and the order's status or its silence says the rest. IBKR keeps 2100
  to 2199 for warnings: an unknown one of those ends nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum

from brokerport.config.tws_codes import Code, OrderMeaning, Scope, Verdict
from brokerport.domain.errors import (
    BrokerportError,
    InvalidConfiguration,
    RequestRefused,
    TemporarilyRefused,
)

TOO_MANY_MESSAGES = 100
CLIENT_ID_IN_USE = 326
# "Shares for this order are not immediately available for short sale. The order will be held."
HELD_FOR_SHARES = 404
# TWS has lost IBKR, and has it again; while it has not, nothing that is asked can be answered.
BROKER_UNREACHABLE = frozenset({1100, 2110})
BROKER_REACHABLE = frozenset({1101, 1102})

FIXED = (
    frozenset({TOO_MANY_MESSAGES, CLIENT_ID_IN_USE, HELD_FOR_SHARES})
    | BROKER_UNREACHABLE
    | BROKER_REACHABLE
)


class Outcome(Enum):
    """What became of an order, once what was asked of it is taken into account."""

    REJECTED = "rejected"
    REPLACE_REFUSED = "replace refused"
    CANCEL_REFUSED = "cancel refused"
    CANCELLED = "cancelled"
    WARNED = "warned"


class CodeTable(Mapping[int, Code]):
    """Message codes by number; cannot be changed."""

    def __init__(self, codes: Iterable[Code]) -> None:
        """Index the codes.

        Raises:
            ValueError: a number stands there twice.
        """
        self._codes: dict[int, Code] = {}
        for code in codes:
            if code.number in self._codes:
                raise ValueError(f"code {code.number} stands in the table twice")
            self._codes[code.number] = code

    def __getitem__(self, number: int) -> Code:
        return self._codes[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def extended(self, codes: Iterable[Code], setting: str = "codes") -> CodeTable:
        """Return this table with more codes in it; ``setting`` is what errors call them.

        Raises:
            InvalidConfiguration: one is there already and does not say that it replaces it, says so
                although there is none, stands there twice, or is one the session acts on.
        """
        added: dict[int, Code] = {}
        for index, code in enumerate(codes):
            path = f"{setting}[{index}]"
            if code.number in added:
                raise InvalidConfiguration(f"{path}.number", code.number, "given once")
            if code.number in FIXED:
                raise InvalidConfiguration(
                    f"{path}.number", code.number, "one on which the session does not act by itself"
                )
            if code.number in self._codes and not code.replaces:
                raise InvalidConfiguration(
                    f"{path}.replaces",
                    code.replaces,
                    f"true, for code {code.number} stands in the table already "
                    f"({self._codes[code.number].meaning})",
                )
            if code.replaces and code.number not in self._codes:
                raise InvalidConfiguration(
                    f"{path}.replaces", code.replaces, f"false: there is no code {code.number} yet"
                )
            added[code.number] = code
        return CodeTable((self._codes | added).values())

    def known(self, number: int) -> Code:
        """Return a code's entry, or a stand-in with verdict UNKNOWN for one the table lacks."""
        code = self._codes.get(number)
        if code is not None:
            return code
        verdict = Verdict.NOTICE if 2100 <= number < 2200 else Verdict.UNKNOWN
        return Code(number, "not in the table", Scope.REQUEST, verdict)

    def read_error(self, number: int, text: str) -> BrokerportError | None:
        """Return the error in which a read that gets this code ends, None when it goes on."""
        match self.known(number).verdict:
            case Verdict.NOTICE:
                return None
            case Verdict.RETRYABLE:
                return TemporarilyRefused(text, number)
            case Verdict.FINAL | Verdict.UNKNOWN:
                return RequestRefused(text, number)

    def outcome(
        self, number: int, *, replace_pending: bool, cancel_pending: bool, acknowledged: bool
    ) -> Outcome:
        """Say what a code does to an order of which this is asked and known.

        ``acknowledged`` is whether the broker ever reported it as accepted.
        """
        match self.known(number).on_order:
            case OrderMeaning.CANCELLED:
                return Outcome.CANCELLED
            case OrderMeaning.REFUSED:
                return Outcome.REPLACE_REFUSED if replace_pending else Outcome.REJECTED
            case OrderMeaning.ENTRY_REFUSED:
                if replace_pending:
                    return Outcome.REPLACE_REFUSED
                return Outcome.WARNED if acknowledged else Outcome.REJECTED
            case OrderMeaning.REPLACE_REFUSED:
                return Outcome.REPLACE_REFUSED if replace_pending else Outcome.WARNED
            case OrderMeaning.CANCEL_REFUSED:
                return Outcome.CANCEL_REFUSED if cancel_pending else Outcome.WARNED
            case OrderMeaning.NOT_FOUND:
                if cancel_pending:
                    return Outcome.CANCEL_REFUSED
                return Outcome.REPLACE_REFUSED if replace_pending else Outcome.WARNED
            case OrderMeaning.WARNING:
                return Outcome.WARNED


_ON_SESSION = {
    TOO_MANY_MESSAGES: "notice; nothing leaves for a second",
    CLIENT_ID_IN_USE: "the session is refused",
    HELD_FOR_SHARES: "the order is held, and lives",
    **dict.fromkeys(BROKER_UNREACHABLE, "notice; the session cannot be used"),
    **dict.fromkeys(BROKER_REACHABLE, "notice; the session can be used again"),
}

_ON_ORDER = {
    OrderMeaning.REFUSED: "`Rejected`; `ReplaceRefused` while new terms are under way",
    OrderMeaning.ENTRY_REFUSED: (
        "`Rejected` when new, `ReplaceRefused` while new terms are under way, else `Warned`"
    ),
    OrderMeaning.REPLACE_REFUSED: "`ReplaceRefused` while new terms are under way, else `Warned`",
    OrderMeaning.CANCEL_REFUSED: "`CancelRefused` while a cancel is under way, else `Warned`",
    OrderMeaning.NOT_FOUND: (
        "`CancelRefused` or `ReplaceRefused`, whichever is under way, else `Warned`"
    ),
    OrderMeaning.CANCELLED: "`Cancelled`, with its reason unless we asked for it",
    OrderMeaning.WARNING: "`Warned`",
}


def conduct(code: Code) -> tuple[str, str, str]:
    """Say in words what the adapter does about a code: for the session, a read, an order."""
    read = {
        Verdict.NOTICE: "goes on",
        Verdict.RETRYABLE: "`TemporarilyRefused`",
        Verdict.FINAL: "`RequestRefused`",
        Verdict.UNKNOWN: "`RequestRefused`",
    }[code.verdict]
    return _ON_SESSION.get(code.number, "notice"), read, _ON_ORDER[code.on_order]
