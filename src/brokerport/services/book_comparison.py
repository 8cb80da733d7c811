"""One account's ledger and what the broker shows of it, side by side.

Executions are compared for the current trading day alone, because the broker shows no earlier ones
for certain, and by their latest correction. What the baseline holds already is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from brokerport.domain.executions import Execution, execution_family
from brokerport.domain.journal_fold import LedgerFold
from brokerport.domain.money import CENT, Money
from brokerport.domain.positions import Holding
from brokerport.domain.reconciliation import AccountBook, Discrepancy, reconcile
from brokerport.domain.trading_day import exchange_date
from brokerport.ports.orders import BookedExecution

_Figures = tuple[Decimal, Decimal, Decimal]


def compared(
    account: str,
    books: LedgerFold,
    cash: Money,
    holdings: Iterable[Holding],
    executions: Iterable[BookedExecution],
    at: datetime,
) -> tuple[Discrepancy, ...]:
    """Return every difference between a ledger and the broker's figures at ``at`` (UTC).

    Cash that differs by less than a cent is the same, and cash is not compared at all while a
    commission is not known.
    """
    executions = tuple(executions)
    ledger, today = books.ledger, exchange_date(at)
    is_uncharged = uncharged(books, executions)
    believed = AccountBook(
        account,
        ledger.cash,
        {held.instrument: held.quantity for held in ledger.positions()},
        _believed(books, today),
    )
    actual = AccountBook(
        account,
        ledger.cash if is_uncharged or _is_same(cash, ledger.cash) else cash,
        {held.instrument: held.quantity for held in holdings},
        _shown(books, executions, today),
    )
    return reconcile(believed, actual)


def uncharged(books: LedgerFold | None, executions: Iterable[BookedExecution]) -> bool:
    """Say whether the commission of a fill the broker shows is known to neither side."""
    charged = {} if books is None else _commissions(books)
    return any(
        booked.commission is None and booked.execution.family not in charged
        for booked in executions
        if books is None or not books.includes(booked.execution.execution_id)
    )


def _is_same(cash: Money, believed: Money) -> bool:
    return cash.currency == believed.currency and abs(cash.amount - believed.amount) < CENT


def _commissions(books: LedgerFold) -> dict[str, Decimal]:
    return {
        execution_family(execution_id)[0]: amount.amount
        for execution_id, amount in books.ledger.commission_by_execution.items()
    }


def _believed(books: LedgerFold, today: date) -> dict[str, _Figures]:
    charged = _commissions(books)
    return {
        execution.execution_id: _figures(execution, charged.get(execution.family, Decimal(0)))
        for execution in books.ledger.executions
        if exchange_date(execution.executed_at) == today
    }


def _shown(
    books: LedgerFold, executions: Iterable[BookedExecution], today: date
) -> dict[str, _Figures]:
    charged = _commissions(books)
    latest: dict[str, tuple[int, str, _Figures]] = {}
    for booked in executions:
        execution = booked.execution
        is_compared = exchange_date(execution.executed_at) == today
        if books.includes(execution.execution_id) or not is_compared:
            continue
        commission = (
            charged.get(execution.family, Decimal(0))
            if booked.commission is None
            else booked.commission.amount.amount
        )
        entry = (execution.revision, execution.execution_id, _figures(execution, commission))
        latest[execution.family] = max(latest.get(execution.family, entry), entry)
    return {execution_id: figures for _revision, execution_id, figures in latest.values()}


def _figures(execution: Execution, commission: Decimal) -> _Figures:
    return execution.quantity, execution.price, commission
