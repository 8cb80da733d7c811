"""What a person sees of the week: orders, fills, positions and cash as they change, and the end.

On a terminal a progress bar runs below; elsewhere only lines are written. The lines depend on the
seed alone, so two runs can be compared with ``diff``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import TracebackType

from attrs import define, frozen
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from brokerport.broker import Broker
from brokerport.cli.paper.books import ClientBooks
from brokerport.domain.events import (
    BrokerEvent,
    ContradictionFound,
    ExecutionReceived,
    OrderChanged,
    SessionChanged,
    SessionState,
)
from brokerport.domain.instruments import Option
from brokerport.domain.money import Money
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Limit, Market, OrderType, Stop, StopLimit
from brokerport.domain.orders import Order
from brokerport.domain.reconciliation import Discrepancy
from brokerport.domain.trading_day import EXCHANGE_TIME_ZONE

_QUIET = frozenset(
    {OrderStatus.PENDING_SUBMIT, OrderStatus.PENDING_REPLACE, OrderStatus.PENDING_CANCEL}
)


@frozen
class AccountResult:
    """How one account ended: cash and value in US dollars, and what it still holds."""

    account: str
    role: str
    opening_cash: Money
    closing_cash: Money
    net_liquidation: Money
    commissions: Money
    holdings: tuple[str, ...]

    @property
    def profit(self) -> Money:
        """Net liquidation value less the opening cash."""
        return self.net_liquidation - self.opening_cash


@define
class BlotterLine:
    """One order of the week, as it last stood, and when it was first seen."""

    entered_at: datetime
    order: Order


class Display:
    """Writes to a console, with a progress bar where it is a terminal."""

    def __init__(self, console: Console, starts_at: datetime, ends_at: datetime) -> None:
        self._console = console
        self._starts_at = starts_at
        self._lines: dict[str, BlotterLine] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(
            "the week", total=(ends_at - starts_at) / timedelta(minutes=1)
        )

    def __enter__(self) -> Display:
        self._progress.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def line(self, text: str) -> None:
        """Write one line."""
        self._console.print(text, highlight=False, soft_wrap=True)

    def time_is(self, now: datetime) -> None:
        """Move the progress bar to a moment of the week."""
        passed = (now - self._starts_at) / timedelta(minutes=1)
        self._progress.update(self._task, completed=passed, description=_clock(now))

    def show(self, event: BrokerEvent, now: datetime) -> None:
        """Write what an event means for a person, if anything."""
        match event:
            case OrderChanged(order=order):
                key = str(order.client_order_id)
                line = self._lines.setdefault(key, BlotterLine(now, order))
                self._show_order(now, order, line.order)
                line.order = order
            case ExecutionReceived(account=account, execution=fill):
                self.line(
                    f"{_clock(fill.executed_at)}  {account or 'unmapped':<5} "
                    f"[green]fill[/green]  {fill.side.value.lower()} {fill.quantity} "
                    f"{fill.instrument} at {_price(fill.price)}"
                )
            case ContradictionFound(client_order_id=key, detail=detail):
                self.line(f"{_clock(now)}  [red]contradiction[/red] on {key}: {detail}")
            case SessionChanged(state=state, reason=reason):
                if state is SessionState.DISCONNECTED:
                    self.line(f"session {state.value}: {reason}")
            case _:
                pass

    def settled(self, account: str, option: Option, assigned: bool) -> None:
        """Write how an option ended at expiry."""
        outcome = f"assigned at {option.strike}" if assigned else "expired worthless"
        self.line(f"               {account:<5} [cyan]expiry[/cyan] {option}: {outcome}")

    async def end_of_day(self, broker: Broker, books: ClientBooks, today: date) -> None:
        """Write every account's cash, value and holdings after the close."""
        table = Table(title=f"after the close of {today:%A %Y-%m-%d}", title_justify="left")
        for heading in ("account", "cash", "net liquidation"):
            table.add_column(heading, justify="left" if heading == "account" else "right")
        table.add_column("positions")
        for account in broker.accounts:
            balances = await broker.balances(account.name)
            held = books.ledger(account.name).positions()
            table.add_row(
                account.name,
                str(balances.total_cash),
                str(balances.net_liquidation),
                ", ".join(f"{position.quantity} {position.instrument}" for position in held),
            )
        self._console.print(table)

    def blotter(self) -> None:
        """Write every order of the week and what became of it."""
        table = Table(title="blotter", title_justify="left")
        for heading in ("entered", "account", "order", "terms", "status", "filled", "average"):
            table.add_column(
                heading, justify="right" if heading in {"filled", "average"} else "left"
            )
        for line in self._lines.values():
            order = line.order
            average = order.average_fill_price
            table.add_row(
                _clock(line.entered_at),
                order.account,
                f"{order.side.value.lower()} {order.quantity} {order.instrument}",
                _terms(order.order_type),
                order.status.value,
                str(order.filled_quantity),
                "" if average is None else f"{average:.4f}",
            )
        self._console.print(table)

    def results(self, results: Sequence[AccountResult]) -> None:
        """Write how every account ended."""
        table = Table(title="results", title_justify="left")
        for heading in ("account", "role"):
            table.add_column(heading)
        for heading in ("opening cash", "closing cash", "net liquidation", "commission", "profit"):
            table.add_column(heading, justify="right")
        table.add_column("holds")
        for result in results:
            table.add_row(
                result.account,
                result.role,
                str(result.opening_cash),
                str(result.closing_cash),
                str(result.net_liquidation),
                str(result.commissions),
                str(result.profit),
                ", ".join(result.holdings),
            )
        self._console.print(table)

    def reconciliation(self, checked: Sequence[str], found: Sequence[Discrepancy]) -> None:
        """Write whether what the client believes agrees with the exchange's own book."""
        for text in checked:
            self.line(f"reconciled  {text}")
        for discrepancy in found:
            self.line(f"[red]discrepancy[/red]  {discrepancy}")
        verdict = (
            "[green]the books agree to the cent[/green]"
            if not found
            else f"[red]the books differ in {len(found)} places[/red]"
        )
        self.line(verdict)

    def _show_order(self, now: datetime, order: Order, before: Order) -> None:
        if order.status in _QUIET:
            return
        if order == before or (
            order.status is before.status and order.order_type == before.order_type
        ):
            return
        reason = f" ({order.reason})" if order.reason else ""
        self.line(
            f"{_clock(now)}  {order.account:<5} [bold]order[/bold] {order.side.value.lower()} "
            f"{order.quantity} {order.instrument} {_terms(order.order_type)}: "
            f"{order.status.value}{reason}"
        )


def _terms(order_type: OrderType) -> str:
    match order_type:
        case Market():
            return "market"
        case Limit(limit_price):
            return f"limit {_price(limit_price)}"
        case Stop(trigger_price):
            return f"stop {_price(trigger_price)}"
        case StopLimit(trigger_price, limit_price):
            return f"stop {_price(trigger_price)} limit {_price(limit_price)}"


def _price(price: Decimal) -> str:
    return f"{price:.2f}"


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(EXCHANGE_TIME_ZONE):%a %m-%d %H:%M}"
