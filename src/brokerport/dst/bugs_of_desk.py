"""Planted bugs of the services: what they promise, broken one promise at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from unittest import mock

from attrs import evolve

from brokerport.container import Container
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import OrderInDoubt
from brokerport.domain.executions import Execution
from brokerport.domain.journal_fold import RecordedBook
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import OrderType
from brokerport.domain.orders import Order, OrderRequest
from brokerport.domain.reports import Cancelled, OrderReport, Replaced
from brokerport.ports.session import AdapterEvent, ConnectionLost
from brokerport.services.order_book import OrderBook
from brokerport.services.order_desk import OrderDesk
from brokerport.services.session_supervisor import SessionSupervisor


def resend_after_timeout(container: Container) -> None:
    """Place an order again when the answer to the first did not come."""
    container.desk.set_provides(_ResendingDesk)


class _ResendingDesk(OrderDesk):
    async def place(self, request: OrderRequest) -> Order:
        try:
            return await super().place(request)
        except OrderInDoubt:
            return await super().place(request)


def doubt_is_absence(container: Container) -> None:
    """Tell an order whose answer was lost as not placed."""
    container.desk.set_provides(_CarelessDesk)


class _CarelessDesk(OrderDesk):
    def _doubt(self, order: Order) -> None:
        now = self._now(order)
        if now.status is OrderStatus.PENDING_SUBMIT:
            self._book.enter(now.with_nothing_sent())
        else:
            super()._doubt(order)


def cancel_timeout(container: Container) -> None:
    """Tell an order as cancelled when the cancel was not answered."""
    container.desk.set_provides(_HopefulDesk)


class _HopefulDesk(OrderDesk):
    async def cancel(self, account: str, client_order_id: str) -> Order:
        try:
            return await super().cancel(account, client_order_id)
        except OrderInDoubt:
            self._book.apply(Cancelled(client_order_id))
            return self._book.order(account, client_order_id)


def replace_timeout(container: Container) -> None:
    """Tell new terms as taken when the replace was not answered."""
    container.desk.set_provides(_TrustingDesk)


class _TrustingDesk(OrderDesk):
    async def replace(
        self,
        account: str,
        client_order_id: str,
        quantity: Decimal | None = None,
        order_type: OrderType | None = None,
    ) -> Order:
        try:
            return await super().replace(account, client_order_id, quantity, order_type)
        except OrderInDoubt:
            order = self._book.order(account, client_order_id)
            if order.proposed is not None:
                self._book.apply(Replaced(client_order_id, *order.proposed))
            return self._book.order(account, client_order_id)


def send_before_writing(container: Container) -> None:
    """Send without waiting for the intent to be durable."""
    container.desk.set_provides(_HastyDesk)


class _HastyDesk(OrderDesk):
    async def _make_intent_durable(self, action: str, order: Order) -> None:
        return


def intent_not_written(container: Container) -> None:
    """Enter an order without a word to the journal until the broker has answered."""
    container.book.set_provides(_SilentBook)


class _SilentBook(OrderBook):
    def enter(self, order: Order, report: OrderReport | None = None) -> None:
        if order.status is OrderStatus.PENDING_SUBMIT:
            self._keep(order)
            return
        # The rest goes on as if nothing was amiss: whole orders, never a report on one.
        super().enter(order, None)


def dropped_fill(container: Container) -> None:
    """Drop every third fill that is heard live."""
    container.book.set_provides(_LosingBook)


class _LosingBook(OrderBook):
    heard = 0

    def apply_execution(self, execution: Execution) -> Order | None:
        self.heard += 1
        if self.heard % 3 == 0:
            self._told_executions.add(execution.execution_id)
            return None
        return super().apply_execution(execution)


def no_deduplication(container: Container) -> None:
    """Tell of a fill each time it is heard, live or read."""
    container.book.set_provides(_RepeatingBook)


class _RepeatingBook(OrderBook):
    def apply_execution(self, execution: Execution) -> Order | None:
        self._told_executions.discard(execution.execution_id)
        return super().apply_execution(execution)


def forgotten_fills(container: Container) -> None:
    """Start without the fills that the journal holds."""
    container.book.set_provides(_ForgetfulBook)


class _ForgetfulBook(OrderBook):
    def load(self, recorded: RecordedBook) -> None:
        super().load(evolve(recorded, executions=frozenset()))


def wrong_account(container: Container) -> None:
    """Tell every fill as the first account's."""
    accounts: Any = container.accounts()
    first: str = next(iter(accounts)).name

    def name_of(_broker_account: BrokerAccount) -> str:
        return first

    accounts.name_of = name_of


def gate_open(container: Container) -> None:
    """Tell everything at once, durable or not."""
    gate: Any = container.gate()
    bus = container.bus()
    gate.publish = bus.publish


def doubt_not_watched(container: Container) -> None:
    """Look for an order in doubt only when a session opens."""
    doubt: Any = container.doubt()
    doubt.wake = lambda _account: None


def no_proof(container: Container) -> None:
    """Take absence from one look for proof, however late a request may arrive."""
    container.synchroniser()._proof_seconds = 0.0


@contextmanager
def corrections_added() -> Iterator[None]:
    """Take the correction of a fill for one more fill."""
    family = property(lambda execution: execution.execution_id)
    with mock.patch.object(Execution, "family", family):
        yield


def loss_swallowed(container: Container) -> None:
    """Go on as if the connection stood."""
    container.supervisor.set_provides(_DeafSupervisor)


class _DeafSupervisor(SessionSupervisor):
    def _hear(self, event: AdapterEvent) -> None:
        if not isinstance(event, ConnectionLost):
            super()._hear(event)
