"""The reconciler: holds each account's books against the broker's, and explains or reports.

Rules:

- An account begins with a baseline: what the broker shows at its first reconciliation.
- The broker's figures are read in a window in which nothing happened: the executions before and
  after are the same, and nothing of the account was heard in between; else they are read again.
- The broker's own books do not move all at once: a difference is read again until it has lasted
  ``settle_seconds``. Only then is it believed, or explained.
- What is missing is applied first: fills that the books lack are told as if heard.
- Explained is only what has one provable cause: options that expired (``domain.settlement``), an
  order for the day that is gone after its day while all else agrees. Nothing else is booked: no
  trade is ever made up.
- Cash is compared to the cent, because the broker shows no fraction of one, and only when the
  commission of every fill is known.
- What cannot be read now is said and tried again later; it is never a difference.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from attrs import frozen

from brokerport.domain.accounts import AccountMap
from brokerport.domain.errors import BrokerportError, RequestTimedOut
from brokerport.domain.events import BrokerNotice
from brokerport.domain.journal import BaselineRecorded, SettlementRecorded
from brokerport.domain.journal_fold import LedgerFold
from brokerport.domain.money import Money
from brokerport.domain.order_types import TimeInForce
from brokerport.domain.positions import Holding
from brokerport.domain.reconciliation import (
    Discrepancy,
    OrderMismatch,
    Reconciliation,
    StaleOrder,
    UnknownExecution,
)
from brokerport.domain.reports import Cancelled
from brokerport.domain.settlement import settlements
from brokerport.domain.trading_day import exchange_date
from brokerport.ports.adapter import BrokerAdapter
from brokerport.ports.orders import BookedExecution
from brokerport.services.book_comparison import compared, uncharged
from brokerport.services.books import LedgerKeeper
from brokerport.services.event_bus import Publish
from brokerport.services.order_book import OrderBook
from brokerport.services.order_identity import issued_at
from brokerport.services.quarantine import Quarantine, checked_note
from brokerport.services.synchroniser import Synchroniser

WINDOWS_MAX = 5
FIRST_PAUSE_SECONDS = 0.1
FIRST_SESSION = "first session"
BEGUN = "the books begin with what the broker shows"
ENDED_UNHEARD = "ended while no session was open"


@frozen
class Figures:
    """What the broker shows of an account at ``at`` (UTC), all of it at one time."""

    cash: Money
    holdings: tuple[Holding, ...]
    executions: tuple[BookedExecution, ...]
    at: datetime


class Reconciler:
    """Compares, explains, and closes accounts; one reconciliation of an account at a time."""

    def __init__(
        self,
        adapter: BrokerAdapter,
        accounts: AccountMap,
        book: OrderBook,
        ledgers: LedgerKeeper,
        synchroniser: Synchroniser,
        quarantine: Quarantine,
        publish: Publish,
        *,
        settle_seconds: float,
        quarantines: bool,
    ) -> None:
        """Put it together; without ``quarantines`` differences are reported and close nothing."""
        self._adapter = adapter
        self._accounts = accounts
        self._book = book
        self._ledgers = ledgers
        self._synchroniser = synchroniser
        self._quarantine = quarantine
        self._publish = publish
        self._settle_seconds = settle_seconds
        self._quarantines = quarantines
        self._turns: dict[str, asyncio.Lock] = {}
        self._unread: dict[str, str] = {}

    @property
    def unread(self) -> tuple[str, ...]:
        """The accounts whose last reconciliation could not read what it needs."""
        return tuple(self._unread)

    async def begin_session(self) -> None:
        """Hold the book against the broker's record, then reconcile every account.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused: the record could not be read.
        """
        await self._synchroniser.synchronise()
        await self._reconcile_all(has_looked=True)

    async def reconcile_all(self) -> None:
        """Reconcile every account; one that cannot be read is told of, and stays ``unread``."""
        await self._reconcile_all(has_looked=False)

    async def reconcile(self, account: str) -> Reconciliation:
        """Reconcile one account.

        Raises:
            UnknownAccount: the account is not mapped.
            NotConnected, RequestTimedOut, RequestRefused: the broker's figures could not be read.
        """
        self._accounts.logical(account)
        return await self._in_turn(account, has_looked=False)

    async def accept(self, account: str, note: str) -> Reconciliation:
        """Take the broker's figures as the new baseline, then reconcile.

        Orders that the broker shows no more are ended by it.

        Raises:
            BadInput: the note is empty.
            UnknownAccount, NotConnected, RequestTimedOut, RequestRefused: nothing changed.
        """
        self._accounts.logical(account)
        note = checked_note(note)
        async with self._turn(account):
            await self._synchroniser.look_at(account)
            figures = await self._read(account)
            if uncharged(None, figures.executions):
                raise RequestTimedOut(_no_commission(account))
            self._begin(account, figures, note)
            for order in self._stale(account):
                self._book.apply(Cancelled(order.client_order_id, f"accepted as ended: {note}"))
        return await self.reconcile(account)

    async def _reconcile_all(self, *, has_looked: bool) -> None:
        names = [account.name for account in self._accounts]
        await asyncio.gather(*(self._try(name, has_looked=has_looked) for name in names))

    async def _try(self, account: str, *, has_looked: bool) -> None:
        try:
            await self._in_turn(account, has_looked=has_looked)
        except BrokerportError as error:
            problem = str(error)
            if self._unread.get(account) != problem:
                self._unread[account] = problem
                text = f"account {account!r} could not be reconciled and will be later: {problem}"
                self._publish(BrokerNotice(None, text))

    def _turn(self, account: str) -> asyncio.Lock:
        return self._turns.setdefault(account, asyncio.Lock())

    async def _in_turn(self, account: str, *, has_looked: bool) -> Reconciliation:
        async with self._turn(account):
            if not has_looked:
                await self._synchroniser.look_at(account)
            result = await self._reconciled(account)
        self._unread.pop(account, None)
        if self._quarantines:
            self._quarantine.judge(account, result.discrepancies)
        return result

    async def _reconciled(self, account: str) -> Reconciliation:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._settle_seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            figures = await self._read(account)
            books = self._ledgers.books(account)
            is_charged = not uncharged(books, figures.executions)
            if books is not None and is_charged and not self._found(account, books, figures):
                return Reconciliation(account, figures.at, notices=self._notices(account, books))
            if books is None and is_charged:
                books = self._begin(account, figures, FIRST_SESSION)
                notices = (*self._notices(account, books), BEGUN)
                return Reconciliation(account, figures.at, self._stale(account), (), notices)
            left = ends_at - loop.time()
            if left <= 0:
                break
            await asyncio.sleep(min(pause, left))
            pause *= 2
            await self._synchroniser.look_at(account)
        if books is None:
            raise RequestTimedOut(_no_commission(account))
        explained = (
            *self._explain_settlements(account, books, figures),
            *self._explain_stale_orders(account, books, figures),
        )
        found = self._found(account, books, figures)
        return Reconciliation(account, figures.at, found, explained, self._notices(account, books))

    async def _read(self, account: str) -> Figures:
        """Read the broker's figures in a window in which nothing happened."""
        broker_account = self._accounts.broker_account(account)
        for _window in range(WINDOWS_MAX):
            version = self._ledgers.version(account)
            before = _told(self._synchroniser.last_look(account).record.executions)
            holdings = await self._adapter.account_data.positions(broker_account)
            balances = await self._adapter.account_data.balances(broker_account)
            executions = await self._adapter.orders.executions(broker_account)
            at = await self._adapter.session.broker_time()
            if self._ledgers.version(account) == version and _told(executions) == before:
                return Figures(balances.total_cash, holdings, executions, at)
            await self._synchroniser.look_at(account)
        raise RequestTimedOut(f"account {account!r} traded each time its figures were read")

    def _begin(self, account: str, figures: Figures, reason: str) -> LedgerFold:
        included = tuple(booked.execution.execution_id for booked in figures.executions)
        baseline = BaselineRecorded(figures.cash, figures.holdings, included, figures.at, reason)
        self._quarantine.begin_anew(account)
        return self._ledgers.begin(account, baseline)

    def _found(self, account: str, books: LedgerFold, figures: Figures) -> tuple[Discrepancy, ...]:
        found = compared(
            account, books, figures.cash, figures.holdings, figures.executions, figures.at
        )
        if all(isinstance(item, UnknownExecution) for item in found):
            # Absence in one answer proves nothing, as long as money and holdings are right.
            found = ()
        look = self._synchroniser.last_look(account)
        contradictions = tuple(
            OrderMismatch(account, item.client_order_id, item.detail)
            for item in look.contradictions
        )
        return (*found, *self._stale(account), *contradictions)

    def _stale(self, account: str) -> tuple[StaleOrder, ...]:
        """Return the orders that the last look missed and that have not ended since."""
        stale = []
        for item in self._synchroniser.last_look(account).stale:
            order = self._book.find(item.client_order_id)
            if order is not None and not order.status.is_done:
                stale.append(item)
        return tuple(stale)

    def _explain_settlements(
        self, account: str, books: LedgerFold, figures: Figures
    ) -> tuple[str, ...]:
        if (
            uncharged(books, figures.executions)
            or figures.cash.currency != books.ledger.cash.currency
        ):
            return ()
        found = settlements(
            {held.instrument: held.quantity for held in books.ledger.positions()},
            {held.instrument: held.quantity for held in figures.holdings},
            figures.cash.amount - books.ledger.cash.amount,
            exchange_date(figures.at),
        )
        for one in found or ():
            entry = SettlementRecorded(one.option, one.quantity, one.stock_quantity)
            self._ledgers.append(account, entry)
        return tuple(str(one) for one in found or ())

    def _explain_stale_orders(
        self, account: str, books: LedgerFold, figures: Figures
    ) -> tuple[str, ...]:
        """End orders for the day that are gone after their day, when money and holdings agree."""
        others = [
            item
            for item in self._found(account, books, figures)
            if not isinstance(item, StaleOrder)
        ]
        if others or uncharged(books, figures.executions):
            return ()
        explained = []
        for item in self._stale(account):
            order = self._book.order(account, item.client_order_id)
            is_for_the_day = order.request.time_in_force is not TimeInForce.GTC
            is_over = exchange_date(issued_at(order.client_order_id)) < exchange_date(figures.at)
            if is_for_the_day and is_over:
                self._book.apply(Cancelled(item.client_order_id, ENDED_UNHEARD))
                explained.append(f"order {item.client_order_id} {ENDED_UNHEARD}")
        return tuple(explained)

    def _notices(self, account: str, books: LedgerFold) -> tuple[str, ...]:
        look = self._synchroniser.last_look(account)
        foreign = tuple(
            f"an order that is not brokerport's is working: {text}" for text in look.record.foreign
        )
        lacking = uncharged(books, look.record.executions)
        uncompared = (_no_commission(account),) if lacking else ()
        unbooked = tuple(f"not booked: {text}" for text in books.unbooked)
        return (*foreign, *uncompared, *unbooked)


def _told(executions: tuple[BookedExecution, ...]) -> frozenset[str]:
    return frozenset(booked.execution.execution_id for booked in executions)


def _no_commission(account: str) -> str:
    return (
        f"the cash of account {account!r} is not compared: a commission has not been reported yet"
    )
