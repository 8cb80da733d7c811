"""From the brokerage's events to the reports of the order and session ports."""

from __future__ import annotations

from decimal import Decimal

from attrs import define

from brokerport.domain.order_types import OrderType
from brokerport.domain.reports import (
    Acknowledged,
    Cancelled,
    CancelRefused,
    OrderReport,
    Rejected,
    Replaced,
    ReplaceRefused,
)
from brokerport.ports.session import (
    AdapterListener,
    CommissionReported,
    ExecutionReported,
    OrderReported,
    PositionReported,
)
from brokerport.simulator.brokerage.events import (
    AccountUpdated,
    BrokerageEvent,
    CommissionBooked,
    ExecutionBooked,
    OptionSettled,
    OrderRefusedEvent,
    OrderUpdated,
    PositionUpdated,
)
from brokerport.simulator.brokerage.orders import BrokerageOrder, BrokerageStatus
from brokerport.simulator.brokerage.refusals import OrderRefused


@define
class _Told:
    """What has been reported of one order, so that nothing is reported twice."""

    acknowledged: bool = False
    ended: bool = False
    proposed: tuple[Decimal, OrderType] | None = None


class ReportWriter:
    """Writes one session's reports, each piece of news once."""

    def __init__(self, listener: AdapterListener) -> None:
        self._listener = listener
        self._told: dict[str, _Told] = {}

    def hear(self, event: BrokerageEvent) -> None:
        """Report what one of the brokerage's events means."""
        match event:
            case OrderUpdated(order):
                self._order_updated(order)
            case OrderRefusedEvent(order, code, reason):
                if order.order_reference is not None:
                    self.rejected(order.order_reference, reason, code)
            case ExecutionBooked(booked):
                self._listener(ExecutionReported(booked.execution))
            case CommissionBooked(booked):
                account = booked.execution.broker_account
                self._listener(CommissionReported(account, booked.commission))
            case PositionUpdated(account, position):
                self._listener(PositionReported(account, position.holding))
            case AccountUpdated() | OptionSettled():
                # TWS has no message for these either: they show as positions and cash.
                pass

    def propose(self, client_order_id: str, quantity: Decimal, order_type: OrderType) -> None:
        """Remember new terms that were asked for, so that their acceptance is recognised."""
        self._of(client_order_id).proposed = (quantity, order_type)

    def rejected(self, client_order_id: str, reason: str, code: int) -> None:
        """Report that an order was refused."""
        self._of(client_order_id).ended = True
        self._report(Rejected(client_order_id, reason, code))

    def replace_refused(self, client_order_id: str, refusal: OrderRefused) -> None:
        """Report that new terms were refused."""
        self._of(client_order_id).proposed = None
        self._report(ReplaceRefused(client_order_id, refusal.reason, refusal.code))

    def cancel_refused(self, client_order_id: str, refusal: OrderRefused) -> None:
        """Report that a cancel was refused."""
        self._report(CancelRefused(client_order_id, refusal.reason, refusal.code))

    def _order_updated(self, order: BrokerageOrder) -> None:
        reference = order.order_reference
        if reference is None:
            return
        told = self._of(reference)
        if told.ended:
            return
        if not told.acknowledged:
            told.acknowledged = True
            broker_order_id = str(order.entry.order_id)
            self._report(Acknowledged(reference, broker_order_id, order.perm_id))
        if told.proposed == (order.quantity, order.order_type):
            told.proposed = None
            self._report(Replaced(reference, order.quantity, order.order_type))
        if order.status is BrokerageStatus.CANCELLED:
            told.ended = True
            self._report(Cancelled(reference, order.reason))

    def _of(self, client_order_id: str) -> _Told:
        return self._told.setdefault(client_order_id, _Told())

    def _report(self, report: OrderReport) -> None:
        self._listener(OrderReported(report))
