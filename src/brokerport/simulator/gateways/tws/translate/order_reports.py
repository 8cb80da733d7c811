"""What a client is told of an order: openOrder, orderStatus, completedOrder and the what-if answer.

Rules (captured from TWS): a price that an order type does not have is zero; an order's reference is
echoed letter for letter; its perm id never changes; the average price of an option is per share.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from brokerport.domain.balances import MarginImpact
from brokerport.domain.money import Money
from brokerport.domain.order_types import Limit, Market, OrderType, Stop, StopLimit
from brokerport.simulator.brokerage.orders import BrokerageOrder, BrokerageStatus
from brokerport.simulator.gateways.tws.times import time_text
from brokerport.simulator.wire.tws.messages.order_values import WireOrder, WireOrderState
from brokerport.simulator.wire.tws.messages.orders import CompletedOrder, OpenOrder, OrderStatus
from brokerport.simulator.wire.tws.messages.values import WireContract

ZERO = Decimal(0)

_TYPE_NAMES: dict[type[OrderType], str] = {
    Market: "MKT",
    Limit: "LMT",
    Stop: "STP",
    StopLimit: "STP LMT",
}


def order_type_name(order_type: OrderType) -> str:
    """Return IBKR's name of an order type."""
    return _TYPE_NAMES[type(order_type)]


def open_order(
    order: BrokerageOrder, contract: WireContract, order_id: int, client_id: int
) -> OpenOrder:
    """Return what openOrder tells of an order."""
    return OpenOrder(
        order_id=order_id,
        contract=contract,
        order=_wire_order(order, client_id),
        order_state=WireOrderState(
            status=order.status.value,
            commission=order.commission_total or None,
            commission_currency=order.instrument.currency if order.commission_total else "",
            warning_text="",
        ),
    )


def order_status(order: BrokerageOrder, order_id: int, client_id: int) -> OrderStatus:
    """Return what orderStatus tells of an order."""
    return OrderStatus(
        order_id=order_id,
        status=order.status.value,
        filled=order.filled,
        remaining=order.remaining,
        avg_fill_price=order.average_fill_price or ZERO,
        perm_id=order.perm_id,
        parent_id=0,
        last_fill_price=order.last_fill_price or ZERO,
        client_id=client_id,
    )


def completed_order(order: BrokerageOrder, contract: WireContract, version: int) -> CompletedOrder:
    """Return what completedOrder tells of an order that is done."""
    return CompletedOrder(
        contract=contract,
        order=_wire_order(order, client_id=0),
        order_state=WireOrderState(
            status=order.status.value,
            completed_time=time_text(order.completed_at or order.placed_at, version),
            completed_status=_completed_status(order),
        ),
    )


def what_if_answer(
    order_id: int,
    client_id: int,
    contract: WireContract,
    order: WireOrder,
    impact: MarginImpact,
) -> OpenOrder:
    """Return the answer to a what-if order; every margin is a number."""
    commission = impact.commission
    return OpenOrder(
        order_id=order_id,
        contract=contract,
        order=evolve(order, client_id=client_id),
        order_state=WireOrderState(
            status=BrokerageStatus.PRE_SUBMITTED.value,
            init_margin_before=impact.initial_margin_before.amount,
            maint_margin_before=impact.maintenance_margin_before.amount,
            equity_with_loan_before=impact.equity_with_loan_before.amount,
            init_margin_change=_change(impact.initial_margin_before, impact.initial_margin_after),
            maint_margin_change=_change(
                impact.maintenance_margin_before, impact.maintenance_margin_after
            ),
            equity_with_loan_change=_change(
                impact.equity_with_loan_before, impact.equity_with_loan_after
            ),
            init_margin_after=impact.initial_margin_after.amount,
            maint_margin_after=impact.maintenance_margin_after.amount,
            equity_with_loan_after=impact.equity_with_loan_after.amount,
            commission=None if commission is None else commission.amount,
            commission_currency="" if commission is None else commission.currency,
        ),
    )


def _wire_order(order: BrokerageOrder, client_id: int) -> WireOrder:
    limit_price, trigger_price = ZERO, ZERO
    match order.order_type:
        case Limit(price):
            limit_price = price
        case Stop(trigger):
            trigger_price = trigger
        case StopLimit(trigger, price):
            limit_price, trigger_price = price, trigger
        case Market():
            pass
    return WireOrder(
        action=order.side.value,
        total_quantity=order.quantity,
        order_type=order_type_name(order.order_type),
        lmt_price=limit_price,
        aux_price=trigger_price,
        tif=order.time_in_force.value,
        account=order.account.account_id,
        order_ref=order.order_reference or "",
        client_id=client_id,
        perm_id=order.perm_id,
        outside_rth=order.outside_regular_hours,
        filled_quantity=order.filled,
    )


def _completed_status(order: BrokerageOrder) -> str:
    if order.status is BrokerageStatus.FILLED:
        return f"Filled Size: {order.filled}"
    if order.status is BrokerageStatus.CANCELLED:
        return order.reason or "Cancelled by Trader"
    return order.reason


def _change(before: Money, after: Money) -> Decimal:
    return after.amount - before.amount
