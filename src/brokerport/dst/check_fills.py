"""Checks of fills: each told once, as it was; nothing told that did not happen; positions agree."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from brokerport.domain.events import ExecutionReceived, SessionChanged, SessionState
from brokerport.domain.executions import Execution, execution_family
from brokerport.dst.exchange_view import ExchangeView
from brokerport.dst.record import Books
from brokerport.dst.sight import Sight
from brokerport.dst.violations import Kind, Violation
from brokerport.dst.words import execution_line


def check_fills(books: Books, exchange: ExchangeView, sight: Sight) -> Iterator[Violation]:
    """Yield what is wrong with the fills that were told, and with positions."""
    eras = _eras(books)
    told: dict[str, list[tuple[int, float, int]]] = {}
    for entry in books.told:
        if isinstance(entry.event, ExecutionReceived):
            execution = entry.event.execution
            told.setdefault(execution.execution_id, []).append(
                (eras[entry.life], entry.at, entry.life)
            )
            yield from _check_told(books, exchange, entry.event.account, execution, entry.at)
    for execution_id, times in told.items():
        yield from _check_once(books, execution_id, times)
    if books.stuck is not None:
        return
    history = _histories(books)
    families = {execution_family(execution_id)[0] for execution_id in told}
    untold = frozenset[str]().union(*(life.recorded_untold for life in books.lives))
    for execution_id, booked in exchange.executions.items():
        at = exchange.executed_at[execution_id]
        # TWS tells a client of its own fills alone; a stranger's it shows when asked.
        is_ours = booked.execution.order_reference is not None
        is_due = sight.could_see(at) if is_ours else sight.could_read(at)
        is_history = any(began - 1.0 <= at <= ended for began, ended in history)
        # Written down, and then the process died before it could tell anybody.
        is_known = execution_id in told or execution_id in untold
        # Read after it was corrected, it is told in its latest revision alone.
        is_known |= books.has_corrections and booked.execution.family in families
        if is_due and not is_known and not is_history:
            yield Violation(Kind.FILL_NOT_TOLD, execution_line(booked.execution))
    for account, positions in books.positions.items():
        held = {position.instrument: position.quantity for position in positions}
        shown = {holding.instrument: holding.quantity for holding in books.holdings[account]}
        held = {instrument: quantity for instrument, quantity in held.items() if quantity}
        if held != shown:
            yield Violation(
                Kind.WRONG_POSITION, f"{account}: read {shown}, the exchange has {held}"
            )


def _eras(books: Books) -> dict[int, int]:
    """Return for each life which journal it had: a new one after each loss."""
    eras: dict[int, int] = {}
    era = 0
    for life in books.lives:
        era += life.starts_without_journal
        eras[life.number] = era
    return eras


def _histories(books: Books) -> list[tuple[float, float]]:
    """Return the spans whose fills a client without a journal takes for history.

    To its first READY, from the last READY of those before it, or from the beginning.
    """
    spans: list[tuple[float, float]] = []
    ready = [
        entry
        for entry in books.told
        if isinstance(entry.event, SessionChanged) and entry.event.state is SessionState.READY
    ]
    for life in books.lives:
        if life.starts_without_journal:
            before = [entry.at for entry in ready if entry.life < life.number]
            after = [entry.at for entry in ready if entry.life >= life.number]
            spans.append((max(before, default=0.0), min(after, default=float("inf"))))
    return spans


def _check_told(
    books: Books, exchange: ExchangeView, account: str | None, execution: Execution, at: float
) -> Iterator[Violation]:
    is_correction = books.has_corrections and execution.revision > 1
    key = f"{execution.family}.01" if is_correction else execution.execution_id
    booked = exchange.executions.get(key)
    if booked is None or exchange.executed_at[key] > at:
        yield Violation(Kind.FILL_MISTOLD, f"it never happened: {execution_line(execution)}")
        return
    true = booked.execution
    agrees = (
        execution.broker_account == true.broker_account
        and books.accounts.get(account or "") == true.broker_account.account_id
        and execution.instrument == true.instrument
        and execution.side is true.side
        and execution.quantity == true.quantity
        and (execution.price == true.price or is_correction)
        and (execution.order_reference or None) == (true.order_reference or None)
    )
    if not agrees:
        yield Violation(
            Kind.FILL_MISTOLD,
            f"told in {account} {execution_line(execution)}, was {execution_line(true)}",
        )


def _check_once(
    books: Books, execution_id: str, times: list[tuple[int, float, int]]
) -> Iterator[Violation]:
    for earlier, later in pairwise(times):
        if earlier[0] != later[0]:
            continue
        if books.was_forgotten(earlier[1], earlier[2]):
            continue
        yield Violation(
            Kind.FILL_TOLD_TWICE, f"{execution_id} at {earlier[1]:.3f} and at {later[1]:.3f}"
        )
