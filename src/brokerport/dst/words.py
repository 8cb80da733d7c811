"""Orders, events and steps in a line each, for the trace."""

from __future__ import annotations

from brokerport.domain.events import (
    BrokerEvent,
    BrokerNotice,
    CommissionCharged,
    ContradictionFound,
    ExecutionReceived,
    OrderChanged,
    PositionChanged,
    SessionChanged,
)
from brokerport.domain.executions import Execution
from brokerport.domain.order_types import Market, OrderType, prices_of
from brokerport.domain.orders import Order
from brokerport.simulator.brokerage.events import (
    BrokerageEvent,
    CommissionBooked,
    ExecutionBooked,
    OrderRefusedEvent,
    OrderUpdated,
    PositionUpdated,
)
from brokerport.simulator.brokerage.orders import BrokerageOrder


def short(client_order_id: str | None) -> str:
    """Return the end of a ClientOrderId, enough to tell it from others."""
    return "-" if client_order_id is None else client_order_id[:4] + client_order_id[-6:]


def terms(order_type: OrderType) -> str:
    """Return an order type and its prices."""
    if isinstance(order_type, Market):
        return "market"
    prices = " ".join(str(price.normalize()) for price in prices_of(order_type).values())
    return f"{type(order_type).__name__.lower()} {prices}"


def order_line(order: Order) -> str:
    """Return what an order of the client's is."""
    proposed = "" if order.proposed is None else f" proposed {order.proposed[0]}"
    return (
        f"{short(str(order.client_order_id))} {order.side.value} {order.quantity} "
        f"{order.instrument.symbol} {terms(order.order_type)}: {order.status.value}, "
        f"{order.filled_quantity} filled{proposed} {order.reason[:60]}".rstrip()
    )


def exchange_order_line(order: BrokerageOrder) -> str:
    """Return what an order of the exchange's is."""
    return (
        f"{short(order.order_reference)} {order.side.value} {order.quantity} "
        f"{order.instrument.symbol} {terms(order.order_type)}: {order.status.value}, "
        f"{order.filled} filled {order.reason[:60]}".rstrip()
    )


def execution_line(execution: Execution) -> str:
    """Return what a fill is."""
    return (
        f"{execution.execution_id} of {short(execution.order_reference)} {execution.side.value} "
        f"{execution.quantity} {execution.instrument.symbol} at {execution.price.normalize()}"
    )


def event_line(event: BrokerEvent) -> str | None:
    """Return what an event says, None for one that the trace leaves out."""
    match event:
        case OrderChanged(order, report):
            cause = "" if report is None else f" [{type(report).__name__}]"
            return f"order {order_line(order)}{cause}"
        case ExecutionReceived(account, execution):
            return f"fill in {account} {execution_line(execution)}"
        case SessionChanged(state, _, reason):
            return f"session {state.value} {reason[:90]}".rstrip()
        case ContradictionFound(client_order_id, detail, _):
            return f"contradiction {short(client_order_id)} {detail}"
        case BrokerNotice(code, message):
            return f"notice {code} {message[:90]}"
        case CommissionCharged() | PositionChanged():
            return None
        case _:
            return repr(event)[:120]


def exchange_line(event: BrokerageEvent) -> str | None:
    """Return what happened at the exchange, None for what the trace leaves out."""
    match event:
        case OrderUpdated(order):
            return f"order {exchange_order_line(order)}"
        case OrderRefusedEvent(order, code, reason):
            return f"refused {short(order.order_reference)} {code} {reason[:60]}"
        case ExecutionBooked(booked, _):
            return f"fill {execution_line(booked.execution)}"
        case CommissionBooked() | PositionUpdated():
            return None
        case _:
            return None
