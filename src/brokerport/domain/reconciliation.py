"""Reconciliation: two books of one account side by side, and every difference as a typed value.

Nothing here repairs anything: a difference is shown, never traded away.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

from attrs import field, frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument
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


@frozen
class MissingExecution:
    """The broker has an execution that we never heard of."""

    account: str
    execution_id: str

    def __str__(self) -> str:
        return f"{self.account}: execution {self.execution_id} was never received"


@frozen
class UnknownExecution:
    """We believe in an execution that the broker does not have."""

    account: str
    execution_id: str

    def __str__(self) -> str:
        return f"{self.account}: execution {self.execution_id} is not on the broker's book"


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


Discrepancy: TypeAlias = (
    CashMismatch | PositionMismatch | MissingExecution | UnknownExecution | ExecutionMismatch
)


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
