"""Reconciliation: two books of one account side by side, and every difference as a typed value.

Nothing here repairs anything: a difference is shown, never traded away. Each has three texts: it
names both sides' figures, its ``difference`` stays the same while both books move on, and its
``proposal`` says what may lie behind it and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from attrs import field, frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.executions import utc
from brokerport.domain.instruments import Instrument, Option
from brokerport.domain.money import Money


@frozen
class AccountBook:
    """One side's view of an account: cash, quantities held, and executions with their commission.

    ``executions`` maps the execution id to (quantity, price per share, commission).
    """

    account: str
    cash: Money
    quantities: Mapping[Instrument, Decimal] = field(factory=dict)
    executions: Mapping[str, tuple[Decimal, Decimal, Decimal]] = field(factory=dict)


@frozen
class CashMismatch:
    """The two books hold different cash."""

    account: str
    believed: Money
    actual: Money

    def __str__(self) -> str:
        # Unrounded: the difference may be less than a cent.
        return (
            f"{self.account}: cash {self.believed.amount} {self.believed.currency} believed, "
            f"{self.actual.amount} {self.actual.currency} actual"
        )

    @property
    def difference(self) -> str:
        """The difference alone."""
        if self.believed.currency != self.actual.currency:
            return str(self)
        more = self.actual.amount - self.believed.amount
        return f"{self.account}: the broker has {_more(more)} {self.actual.currency} of cash"

    @property
    def proposal(self) -> str:
        """What may lie behind it and what to do."""
        return (
            "without a difference in positions it is a dividend, interest, a fee, a deposit or a "
            "withdrawal: check the statement, then accept the broker's cash"
        )


@frozen
class PositionMismatch:
    """The two books hold different quantities of an instrument."""

    account: str
    instrument: Instrument
    believed: Decimal
    actual: Decimal

    def __str__(self) -> str:
        return (
            f"{self.account}: {self.instrument} position {self.believed} believed, "
            f"{self.actual} actual"
        )

    @property
    def difference(self) -> str:
        """The difference alone."""
        more = self.actual - self.believed
        return f"{self.account}: the broker holds {_more(more)} of {self.instrument}"

    @property
    def proposal(self) -> str:
        """What may lie behind it and what to do."""
        if isinstance(self.instrument, Option):
            causes = "a trade on an earlier day, or an assignment or exercise before expiry"
        else:
            causes = "a trade on an earlier day, an assignment, a split or a transfer"
        return (
            f"{causes}: check the statement, close what is not wanted, accept the broker's figures"
        )


@frozen
class MissingExecution:
    """The broker has an execution that we never heard of."""

    account: str
    execution_id: str

    def __str__(self) -> str:
        return f"{self.account}: execution {self.execution_id} was never received"

    @property
    def difference(self) -> str:
        """The difference alone."""
        return str(self)

    @property
    def proposal(self) -> str:
        """What may lie behind it and what to do."""
        return "it could not be booked here (its currency): accept the broker's figures"


@frozen
class UnknownExecution:
    """We believe in an execution that the broker does not have."""

    account: str
    execution_id: str

    def __str__(self) -> str:
        return f"{self.account}: execution {self.execution_id} is not on the broker's book"

    @property
    def difference(self) -> str:
        """The difference alone."""
        return str(self)

    @property
    def proposal(self) -> str:
        """What may lie behind it and what to do."""
        return "the exchange may have cancelled the trade: ask the broker, accept its figures"


@frozen
class ExecutionMismatch:
    """Both books have the execution, with another quantity, price or commission."""

    account: str
    execution_id: str
    believed: tuple[Decimal, Decimal, Decimal]
    actual: tuple[Decimal, Decimal, Decimal]

    def __str__(self) -> str:
        return (
            f"{self.account}: execution {self.execution_id} (quantity, price, commission) "
            f"{self.believed} believed, {self.actual} actual"
        )

    @property
    def difference(self) -> str:
        """The difference alone."""
        return str(self)

    @property
    def proposal(self) -> str:
        """What may lie behind it and what to do."""
        return "the broker corrected it unheard: check the statement, accept the broker's figures"


@frozen
class StaleOrder:
    """The broker showed the order once and shows it no more; how it ended was never heard."""

    account: str
    client_order_id: str
    status: str
    filled: Decimal

    def __str__(self) -> str:
        return (
            f"{self.account}: order {self.client_order_id} is {self.status} here with "
            f"{self.filled} filled, and the broker shows it no more"
        )

    @property
    def difference(self) -> str:
        """The difference alone."""
        return f"{self.account}: the broker shows order {self.client_order_id} no more"

    @property
    def proposal(self) -> str:
        """What may lie behind it and what to do."""
        return (
            "it ended while no session was open, by a fill or a cancel: when the positions are "
            "right, accept the broker's figures, which ends it here"
        )


@frozen
class OrderMismatch:
    """The broker's record of an order cannot be true of the order as we have it."""

    account: str
    client_order_id: str
    detail: str

    def __str__(self) -> str:
        return f"{self.account}: order {self.client_order_id}: {self.detail}"

    @property
    def difference(self) -> str:
        """The difference alone."""
        return str(self)

    @property
    def proposal(self) -> str:
        """What may lie behind it and what to do."""
        return "look at the order at the broker; cancel there what should not be working"


Discrepancy: TypeAlias = (
    CashMismatch
    | PositionMismatch
    | MissingExecution
    | UnknownExecution
    | ExecutionMismatch
    | StaleOrder
    | OrderMismatch
)


@frozen
class Reconciliation:
    """What came of holding one account's books against the broker's at ``at`` (UTC).

    ``explained`` says in words which differences had a provable cause and are booked now, and
    ``notices`` what else is worth knowing: orders of other programs, what was not compared.
    """

    account: str
    at: datetime = field(converter=utc)
    discrepancies: tuple[Discrepancy, ...] = ()
    explained: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left that cannot be explained."""
        return not self.discrepancies


def reconcile(believed: AccountBook, actual: AccountBook) -> tuple[Discrepancy, ...]:
    """Return every difference between two books of one account; empty when they agree exactly.

    Cash, quantities, prices and commissions are compared exactly, without a tolerance.

    Raises:
        BadInput: the books are of different accounts.
    """
    account = believed.account
    if actual.account != account:
        raise BadInput("actual.account", actual.account, f"{account!r}, the other book's own")
    found: list[Discrepancy] = []
    if believed.cash != actual.cash:
        found.append(CashMismatch(account, believed.cash, actual.cash))
    for instrument in sorted({*believed.quantities, *actual.quantities}, key=str):
        ours = believed.quantities.get(instrument, Decimal(0))
        theirs = actual.quantities.get(instrument, Decimal(0))
        if ours != theirs:
            found.append(PositionMismatch(account, instrument, ours, theirs))
    for execution_id in sorted({*believed.executions, *actual.executions}):
        if execution_id not in believed.executions:
            found.append(MissingExecution(account, execution_id))
        elif execution_id not in actual.executions:
            found.append(UnknownExecution(account, execution_id))
        elif believed.executions[execution_id] != actual.executions[execution_id]:
            found.append(
                ExecutionMismatch(
                    account,
                    execution_id,
                    believed.executions[execution_id],
                    actual.executions[execution_id],
                )
            )
    return tuple(found)


def _more(difference: Decimal) -> str:
    return f"{difference} more" if difference > 0 else f"{-difference} less"
