"""Every error brokerport raises, in one tree that says what the caller may do next.

BrokerportError
├── FinalError                 trying again without a change cannot help
│   ├── BadInput               a value the caller gave is not allowed; nothing was sent
│   │   ├── InvalidConfiguration
│   │   └── InvalidOrder
│   ├── UnknownAccount         the name is not in the account map
│   ├── UnknownContract        the broker knows no such instrument, or more than one
│   ├── UnknownOrder           no order with that ClientOrderId in this account
│   ├── BrokerRefusal          the broker said no, in its own words and with its code
│   │   ├── OrderRejected      it refused the order; it is not working
│   │   │   └── UnansweredQuestion   it asked first, and no setting allows a yes
│   │   ├── ReplaceRejected    it refused the change; the order lives on with its old terms
│   │   │   └── UnansweredReplaceQuestion   it asked first, and no setting allows a yes
│   │   ├── CancelRejected     it refused the cancel; the order is what it was
│   │   └── RequestRefused     it answered a read with an error
│   ├── AccountQuarantined     its books do not agree with the broker's: no opening orders
│   ├── JournalDamaged         what was written down cannot be trusted; nothing may be traded on it
│   └── Unsupported            the chosen adapter lacks the capability
├── RetryableError             nothing happened; the same call may succeed later
│   ├── NotConnected
│   ├── SessionRefused         the gateway would not open a session (client id in use...)
│   ├── JournalInUse           another process writes the journal of one of these accounts
│   ├── JournalUnavailable     the journal cannot be written (disk full, read-only...)
│   ├── TemporarilyRefused     it answered a read with an error that passes (pacing, a farm...)
│   └── RequestTimedOut        a read was not answered in time
├── OutcomeUnknown             something may have happened; never repeat it blindly
│   └── OrderInDoubt           a place, replace or cancel whose answer was lost
└── ContradictoryReport        a report that cannot be true of this order (an overfill...);
                               told as the event ContradictionFound
"""

from __future__ import annotations


class BrokerportError(Exception):
    """The root of every error that brokerport raises on purpose."""


class FinalError(BrokerportError):
    """Trying again without a change cannot help."""


class RetryableError(BrokerportError):
    """Nothing happened at the broker; the same call may succeed later."""


class OutcomeUnknown(BrokerportError):
    """Something may have happened at the broker; the call must not be repeated blindly."""


class BadInput(FinalError):
    """A value the caller gave is not allowed; nothing was sent and nothing changed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        shown = repr(value) if isinstance(value, str) else str(value)
        super().__init__(f"{field} is {shown}, but must be {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed


class InvalidConfiguration(BadInput):
    """A setting is missing or not allowed."""


class InvalidOrder(BadInput):
    """An order was refused before it was sent, for the field and value named."""


class UnknownAccount(FinalError):
    """The logical account is not in the account map, or its broker account is not managed."""


class UnknownContract(FinalError):
    """The broker knows no such instrument, or the description fits more than one."""


class UnknownOrder(FinalError):
    """No order with that ClientOrderId is known in this account."""


class BrokerRefusal(FinalError):
    """The broker answered with a refusal, with its own words and, where it has one, its code."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason if code is None else f"{reason} (code {code})")
        self.reason = reason
        self.code = code


class OrderRejected(BrokerRefusal):
    """The broker refused the order; it is not working and will not fill."""


class UnansweredQuestion(OrderRejected):
    """The broker asked something of the order that no setting allows a yes to; it is not placed.

    ``question`` is the broker's own text.
    """

    def __init__(self, reason: str, question: str, code: int | None = None) -> None:
        super().__init__(reason, code)
        self.question = question


class ReplaceRejected(BrokerRefusal):
    """The broker refused the change; the order lives on with its old terms."""


class UnansweredReplaceQuestion(ReplaceRejected):
    """The broker asked something of the change that no setting allows a yes to; nothing changed.

    ``question`` is the broker's own text.
    """

    def __init__(self, reason: str, question: str, code: int | None = None) -> None:
        super().__init__(reason, code)
        self.question = question


class CancelRejected(BrokerRefusal):
    """The broker refused the cancel; the order is what it was (often already filled)."""


class RequestRefused(BrokerRefusal):
    """The broker answered a read with an error; this is never the same as an empty answer."""


class AccountQuarantined(FinalError):
    """The account is closed for opening orders until its discrepancies are looked at."""

    def __init__(self, account: str, reasons: tuple[str, ...]) -> None:
        super().__init__(
            f"account {account!r} is closed for opening orders until it is released: "
            + "; ".join(reasons)
        )
        self.account = account
        self.reasons = reasons


class JournalDamaged(FinalError):
    """The journal cannot be trusted, or read; nothing may be traded on it."""


class Unsupported(FinalError):
    """The chosen adapter does not have the capability asked for."""


class NotConnected(RetryableError):
    """There is no usable session with the broker now; nothing was sent."""


class SessionRefused(RetryableError):
    """The gateway would not open a session, for example because the client id is in use."""


class JournalInUse(RetryableError):
    """Another process writes the journal of one of these broker accounts; nothing was opened."""


class JournalUnavailable(RetryableError):
    """The journal cannot be written or read now; nothing was sent and nothing is forgotten."""


class TemporarilyRefused(RetryableError):
    """The broker will not answer a read just now, in its own words and with its code."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason if code is None else f"{reason} (code {code})")
        self.reason = reason
        self.code = code


class RequestTimedOut(RetryableError):
    """A read was not answered in time; nothing is known and nothing changed."""


class OrderInDoubt(OutcomeUnknown):
    """The answer to a place, replace or cancel was lost; the order may or may not be working."""

    def __init__(self, client_order_id: str, action: str, detail: str) -> None:
        super().__init__(f"{action} of order {client_order_id}: outcome unknown, {detail}")
        self.client_order_id = client_order_id
        self.action = action


class ContradictoryReport(BrokerportError):
    """The broker reported something that cannot be true of this order, such as an overfill."""
