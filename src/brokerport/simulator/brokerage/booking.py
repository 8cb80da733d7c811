"""Booking: what the exchange reports becomes order records, executions, positions and cash.

Each trade is booked at once and in full: the order's fill, the execution, its commission, the
position and the cash change together, before the next event is looked at.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from brokerport.domain.executions import Commission, Execution
from brokerport.domain.instruments import Instrument
from brokerport.domain.money import Money
from brokerport.simulator.brokerage.acceptance import Demand
from brokerport.simulator.brokerage.blotter import Blotter, OpenOrder
from brokerport.simulator.brokerage.commissions import order_commission
from brokerport.simulator.brokerage.events import (
    AccountUpdated,
    CommissionBooked,
    ExecutionBooked,
    OrderUpdated,
    PositionUpdated,
)
from brokerport.simulator.brokerage.identifiers import IdentifierSource
from brokerport.simulator.brokerage.orders import BrokerageExecution, BrokerageStatus
from brokerport.simulator.brokerage.outbox import Outbox
from brokerport.simulator.brokerage.refusals import CANCELLED
from brokerport.simulator.exchange.events import (
    Accepted,
    Activated,
    Cancelled,
    CancelReason,
    ExchangeEvent,
    Replaced,
    Traded,
    Triggered,
)

_CANCEL_REASONS = {
    CancelReason.REQUESTED: "",
    CancelReason.IMMEDIATE_OR_CANCEL: "Immediate or cancel: the rest could not trade at once",
    CancelReason.SESSION_ENDED: "The order's time in force ended with the session",
    CancelReason.INSTRUMENT_EXPIRED: "The option expired",
}


def demand_of(record: OpenOrder) -> Demand:
    """Return what the rest of an open order asks of its account's funds."""
    order = record.order
    return Demand(
        side=order.side,
        instrument=order.instrument,
        order_type=order.order_type,
        remaining=order.remaining,
        reserve_price=record.reserve_price,
        filled=order.filled,
        filled_value=record.filled_value,
        commission_charged=order.commission_total,
    )


class Bookkeeper:
    """Applies the exchange's events to the blotter and the accounts."""

    def __init__(self, blotter: Blotter, identifiers: IdentifierSource, outbox: Outbox) -> None:
        self._blotter = blotter
        self._identifiers = identifiers
        self._outbox = outbox
        self.last_trades: dict[Instrument, Decimal] = {}

    def book(self, event: ExchangeEvent) -> None:
        """Book one event of an order of this brokerage.

        Raises:
            RuntimeError: the order is not open here; the books would be wrong from now on.
        """
        record = self._blotter.find_open(event.order_id)
        if record is None:
            raise RuntimeError(f"the exchange reports {event}, but that order is not open")
        match event:
            case Traded():
                self._book_trade(record, event)
            case Accepted(is_working=is_working):
                self._set_status(record, is_working)
            case Activated() | Triggered():
                self._set_status(record, True)
            case Replaced():
                self._book_replace(record, event)
            case Cancelled():
                self._book_cancel(record, event)

    def _set_status(self, record: OpenOrder, is_working: bool) -> None:
        order = evolve(record.order, status=_open_status(is_working))
        self._blotter.update(record, order)
        self._outbox.put(OrderUpdated(order))

    def _book_replace(self, record: OpenOrder, event: Replaced) -> None:
        order = evolve(
            record.order,
            quantity=event.quantity,
            remaining=event.quantity - record.order.filled,
            order_type=event.order_type,
            time_in_force=event.time_in_force,
            status=_open_status(event.is_working),
        )
        self._blotter.update(record, order)
        self._outbox.put(OrderUpdated(order))

    def _book_cancel(self, record: OpenOrder, event: Cancelled) -> None:
        self._release(record)
        order = record.order
        if record.completes_as_filled:
            order = evolve(
                order,
                quantity=order.filled,
                remaining=Decimal(0),
                status=BrokerageStatus.FILLED,
                completed_at=event.at,
            )
        else:
            order = evolve(
                order,
                status=BrokerageStatus.CANCELLED,
                completed_at=event.at,
                reason=_CANCEL_REASONS[event.reason],
                reason_code=CANCELLED,
            )
        self._blotter.update(record, order)
        self._outbox.put(OrderUpdated(order))

    def _book_trade(self, record: OpenOrder, event: Traded) -> None:
        before, account = record.order, record.account
        instrument, filled = before.instrument, before.filled + event.quantity
        is_done = filled == before.quantity
        record.filled_value += event.price * event.quantity
        average = record.filled_value / filled
        traded_value = record.filled_value * instrument.multiplier
        commission_total = order_commission(instrument, filled, traded_value)
        cost = commission_total - before.commission_total
        self.last_trades[instrument] = event.price

        account.reserve(before.side, instrument, -event.quantity, record.reserve_price)
        position, realised = account.trade(
            before.side, instrument, event.quantity, event.price, cost
        )
        currency = instrument.currency
        execution = Execution(
            execution_id=self._identifiers.next_execution_id(),
            broker_account=before.account,
            instrument=instrument,
            side=before.side,
            quantity=event.quantity,
            price=event.price,
            executed_at=event.at,
            order_reference=before.order_reference,
            perm_id=before.perm_id,
        )
        booked = BrokerageExecution(
            execution=execution,
            commission=Commission(
                execution.execution_id,
                Money(cost, currency),
                None if realised is None else Money(realised, currency),
            ),
            entry=before.entry,
            cumulative_quantity=filled,
            average_price=average,
        )
        self._blotter.add_execution(booked)
        order = evolve(
            before,
            status=BrokerageStatus.FILLED if is_done else BrokerageStatus.SUBMITTED,
            filled=filled,
            remaining=before.quantity - filled,
            average_fill_price=average,
            last_fill_price=event.price,
            completed_at=event.at if is_done else None,
        )
        charged = evolve(order, commission_total=commission_total)
        self._blotter.update(record, charged)
        self._reserve_commission(record)
        for update in (
            ExecutionBooked(booked, order),
            OrderUpdated(order),
            CommissionBooked(booked, charged),
            PositionUpdated(account.account_id, position),
            AccountUpdated(account.account_id),
        ):
            self._outbox.put(update)

    def _reserve_commission(self, record: OpenOrder) -> None:
        reserved = Decimal(0)
        if record.order.is_open:
            reserved = demand_of(record).commission_left
        record.account.reserved_commission += reserved - record.commission_reserved
        record.commission_reserved = reserved

    def _release(self, record: OpenOrder) -> None:
        order = record.order
        record.account.reserve(order.side, order.instrument, -order.remaining, record.reserve_price)
        record.account.reserved_commission -= record.commission_reserved
        record.commission_reserved = Decimal(0)


def _open_status(is_working: bool) -> BrokerageStatus:
    return BrokerageStatus.SUBMITTED if is_working else BrokerageStatus.PRE_SUBMITTED
