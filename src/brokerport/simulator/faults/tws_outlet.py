"""What a TWS session sends, tampered with on its way to the socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TypeAlias

from attrs import evolve

from brokerport.domain.executions import execution_family
from brokerport.simulator.faults.chances import ConnectionChances, Struck
from brokerport.simulator.faults.vendor import (
    ExecutionCorrection,
    FalseStatus,
    LateExecution,
    LostExecution,
    LostStatus,
    LowOrderId,
    OrderNotice,
    Outage,
    RepeatedExecution,
    RepeatedStatus,
)
from brokerport.simulator.gateways.tws.session import NO_ID, Outlet
from brokerport.simulator.wire.tws.messages.executions import CommissionReport, ExecDetails
from brokerport.simulator.wire.tws.messages.market_data import (
    TickGeneric,
    TickOptionComputation,
    TickPrice,
    TickSize,
    TickString,
)
from brokerport.simulator.wire.tws.messages.orders import OpenOrder, OrderStatus
from brokerport.simulator.wire.tws.messages.session import ErrorMessage, NextValidId

WORKING = frozenset({"PendingSubmit", "PreSubmitted", "Submitted"})

# Wording: IBKR, "Message Codes".
_TEXTS = {
    399: "Order Message:\nWarning: your order will not be placed at the exchange until 09:30",
    1100: "Connectivity between IBKR and Trader Workstation has been lost.",
    1101: "Connectivity between IBKR and Trader Workstation has been restored - data lost.",
    1102: "Connectivity between IBKR and Trader Workstation has been restored - data maintained.",
    2109: "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored",
    2110: "Connectivity between Trader Workstation and server is broken. "
    "It will be restored automatically.",
    10349: "Order TIF was set to DAY based on order preset.",
}
_TICKS = (TickPrice, TickSize, TickString, TickGeneric, TickOptionComputation)
_STATUS_FAULTS = (LostStatus, RepeatedStatus, FalseStatus, OrderNotice)
_EXECUTION_FAULTS = (LostExecution, RepeatedExecution, LateExecution, ExecutionCorrection)


Corrections: TypeAlias = dict[str, tuple[Decimal, ...]]
"""The prices that executions were corrected to, one after the other, by the id they had."""


class MeddlingOutlet:
    """An outlet that loses, repeats, delays and falsifies as the plan says.

    Every session of a gateway shares ``corrections``.
    """

    def __init__(
        self, outlet: Outlet, chances: ConnectionChances, corrections: Corrections
    ) -> None:
        self.chances = chances
        self._outlet = outlet
        self._corrections = corrections
        self._silent_orders: set[int] = set()
        self._silent_executions: set[str] = set()
        self._is_silent = self._is_listing = self._is_out = False
        self._live_quotes: set[int] = set()
        self._dead_quotes: set[int] = set()

    @property
    def version(self) -> int:
        """The protocol version spoken."""
        return self._outlet.version

    def close(self) -> None:
        """Close after everything sent so far has been written."""
        self._outlet.close()

    def drop(self, reason: str) -> None:
        """Close at once."""
        self._outlet.drop(reason)

    # --- what the mischief wants of it -----------------------------------------------------------

    def say_nothing(self) -> None:
        """Send nothing any more."""
        self._is_silent = True

    def say_nothing_of(self, order_id: int) -> None:
        """Say no more of an order by itself; lists show it."""
        self._silent_orders.add(order_id)

    @contextmanager
    def listing(self) -> Iterator[None]:
        """Be honest within: a list is being answered."""
        self._is_listing = True
        try:
            yield
        finally:
            self._is_listing = False

    def quote_asked(self, request_id: int) -> None:
        """Take note of a quote that is streamed from now on."""
        self._dead_quotes.discard(request_id)
        self._live_quotes.add(request_id)

    # --- what is sent ----------------------------------------------------------------------------

    def send(self, message: object) -> None:
        """Send one message, or what becomes of it."""
        if self._is_silent:
            return
        if not self._is_out:
            self._break_off(message)
        if self._is_listing:
            self._send_in_list(message)
        elif isinstance(message, NextValidId):
            self._send_next_valid_id(message)
        elif isinstance(message, _TICKS) and message.request_id in self._dead_quotes:
            return
        elif _is_about_order(message) or self._is_silenced(message):
            self._send_of_order(message)
        else:
            self._outlet.send(message)

    def _send_of_order(self, message: object) -> None:
        if self._is_out or self._is_silenced(message):
            return
        name = type(message).__name__
        if isinstance(message, OpenOrder | OrderStatus):
            is_working = isinstance(message, OrderStatus) and message.status in WORKING
            kinds = _STATUS_FAULTS if is_working else (LostStatus, RepeatedStatus)
            self._send_status(message, self.chances.struck(kinds, content=name))
        elif isinstance(message, ExecDetails):
            self._send_execution(message, self.chances.struck(_EXECUTION_FAULTS, content=name))
        else:
            self._outlet.send(message)
            if isinstance(message, CommissionReport):
                self._send_commissions(message)

    def _send_status(self, message: OpenOrder | OrderStatus, all_struck: list[Struck]) -> None:
        sent: list[object] = [message]
        for struck in all_struck:
            fault = struck.fault
            self.chances.record(
                None, fault, f"{type(message).__name__} of order {message.order_id}"
            )
            match fault:
                case LostStatus():
                    sent = []
                case RepeatedStatus():
                    sent = sent * 2
                case FalseStatus(status=status) if isinstance(message, OrderStatus):
                    sent = [evolve(message, status=status)]
                case OrderNotice(code=code):
                    sent.append(ErrorMessage(message.order_id, code, _TEXTS[code]))
        for one in sent:
            self._outlet.send(one)

    def _send_execution(self, message: ExecDetails, all_struck: list[Struck]) -> None:
        exec_id = message.execution.exec_id
        sent = [message]
        for struck in all_struck:
            fault = struck.fault
            match fault:
                case LostExecution():
                    sent = []
                    self.chances.record(None, fault, f"execution {exec_id}")
                case RepeatedExecution():
                    sent = [*sent, message]
                    self.chances.record(None, fault, f"execution {exec_id}")
                case LateExecution():
                    milliseconds = struck.between(fault.latency_ms_min, fault.latency_ms_max)
                    self.chances.record(None, fault, f"execution {exec_id}, {milliseconds:.3f} ms")
                    asyncio.get_running_loop().call_later(
                        milliseconds / 1000, self._send_late, tuple(sent)
                    )
                    sent = []
                case ExecutionCorrection():
                    price = message.execution.price + fault.price_offset
                    if price <= 0:
                        continue
                    restored = (message.execution.price,) if fault.is_taken_back else ()
                    self._corrections[exec_id] = (price, *restored)
                    sent += self._corrections_of(message)
                    self.chances.record(None, fault, f"execution {exec_id} to {price}")
        for one in sent:
            self._outlet.send(one)

    def _send_late(self, messages: tuple[ExecDetails, ...]) -> None:
        if not self._is_silent:
            for message in messages:
                self._outlet.send(message)

    def _send_in_list(self, message: object) -> None:
        self._outlet.send(message)
        if isinstance(message, ExecDetails):
            for correction in self._corrections_of(message):
                self._outlet.send(correction)
        elif isinstance(message, CommissionReport):
            self._send_commissions(message)

    def _corrections_of(self, message: ExecDetails) -> list[ExecDetails]:
        execution, prices = message.execution, self._corrections.get(message.execution.exec_id, ())
        return [
            evolve(
                message,
                execution=evolve(
                    execution, exec_id=_revision(execution.exec_id, place), price=price
                ),
            )
            for place, price in enumerate(prices, start=2)
        ]

    def _send_commissions(self, message: CommissionReport) -> None:
        """Charge each correction what its execution was charged: it takes that one's place."""
        for place, _price in enumerate(self._corrections.get(message.exec_id, ()), start=2):
            self._outlet.send(evolve(message, exec_id=_revision(message.exec_id, place)))

    def _send_next_valid_id(self, message: NextValidId) -> None:
        told = [message]
        for struck in self.chances.struck(LowOrderId):
            fault = struck.fault
            if isinstance(fault, LowOrderId):
                low = max(1, message.order_id - fault.rolled_back_by)
                told = [NextValidId(low)] if fault.rolled_back_by else [message, message]
                self.chances.record(None, fault, f"{low} for {message.order_id}")
        for one in told:
            self._outlet.send(one)

    # --- an outage -------------------------------------------------------------------------------

    def _break_off(self, message: object) -> None:
        for struck in self.chances.struck(Outage, content=type(message).__name__):
            fault = struck.fault
            if not isinstance(fault, Outage) or self._is_out:
                continue
            self._is_out = True
            milliseconds = struck.between(fault.outage_ms_min, fault.outage_ms_max)
            self.chances.record(
                None, fault, f"{fault.code}, {milliseconds:.3f} ms, {fault.restored_code}"
            )
            self._outlet.send(ErrorMessage(NO_ID, fault.code, _TEXTS[fault.code]))
            asyncio.get_running_loop().call_later(milliseconds / 1000, self._restore, fault)

    def _restore(self, fault: Outage) -> None:
        self._is_out = False
        if fault.restored_code == 1101:
            self._dead_quotes |= self._live_quotes
            self._live_quotes.clear()
        if not self._is_silent:
            code = fault.restored_code
            self._outlet.send(ErrorMessage(NO_ID, code, _TEXTS[code]))

    def _is_silenced(self, message: object) -> bool:
        match message:
            case ExecDetails(order_id=order_id) if order_id in self._silent_orders:
                self._silent_executions.add(message.execution.exec_id)
                return True
            case CommissionReport(exec_id=exec_id) if exec_id in self._silent_executions:
                self._silent_executions.discard(exec_id)
                return True
            case OpenOrder(order_id=order_id) | OrderStatus(order_id=order_id):
                return order_id in self._silent_orders
            case ErrorMessage(request_id=order_id):
                return order_id in self._silent_orders
        return False


def _is_about_order(message: object) -> bool:
    """Say whether a message tells of an order; the answer to a what-if order is about none."""
    if isinstance(message, OpenOrder):
        return message.order.perm_id != 0
    return isinstance(message, OrderStatus | ExecDetails | CommissionReport)


def _revision(exec_id: str, place: int) -> str:
    return f"{execution_family(exec_id)[0]}.{place:02d}"
