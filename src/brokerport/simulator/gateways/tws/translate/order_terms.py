"""What a client's order asks for, in the domain's words, or why it cannot be had.

Rule: an order attribute that would change how the order trades is either simulated or refused; it
is never dropped. Attributes that have no effect here (who decided, which clearing firm, whether
volatility was solicited) pass unread.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from attrs import frozen

from brokerport.domain.errors import InvalidOrder
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)
from brokerport.simulator.gateways.tws.codes import (
    CANNOT_TRANSMIT_INCOMPLETE,
    INVALID_ACTION,
    INVALID_TIME_IN_FORCE,
    UNSUPPORTED_ATTRIBUTE,
    UNSUPPORTED_ORDER_TYPE,
    ZERO_SIZE,
)
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.wire.tws.messages.order_values import WireOrder


@frozen
class OrderTerms:
    """The terms of an order that the simulated broker can work."""

    side: Side
    quantity: Decimal
    order_type: OrderType
    time_in_force: TimeInForce
    order_reference: str | None
    outside_regular_hours: bool


_NOT_SIMULATED: dict[str, Callable[[WireOrder], object]] = {
    "transmit=False (an order held back for later)": lambda order: not order.transmit,
    "parentId (attached and bracket orders)": lambda order: order.parent_id,
    "ocaGroup (one-cancels-all)": lambda order: order.oca_group,
    "conditions": lambda order: order.conditions,
    "algoStrategy": lambda order: order.algo_strategy,
    "hedgeType": lambda order: order.hedge_type,
    "scalePriceIncrement (scale orders)": lambda order: order.scale_price_increment,
    "goodAfterTime": lambda order: order.good_after_time,
    "displaySize (iceberg orders)": lambda order: order.display_size,
    "hidden": lambda order: order.hidden,
    "allOrNone": lambda order: order.all_or_none,
    "minQty": lambda order: order.min_qty,
    "discretionaryAmt": lambda order: order.discretionary_amt,
    "cashQty": lambda order: order.cash_qty,
    "adjustedOrderType": lambda order: order.adjusted_order_type,
    "deltaNeutralOrderType": lambda order: order.delta_neutral_order_type,
    "faGroup (advisor allocation)": lambda order: order.fa_group or order.fa_profile,
    "modelCode": lambda order: order.model_code,
    "orderComboLegs": lambda order: order.order_combo_legs,
    "duration": lambda order: order.duration,
    "nbboPriceCap": lambda order: order.nbbo_price_cap,
    "triggerMethod other than the default": lambda order: order.trigger_method,
    "activeStartTime and activeStopTime": lambda order: (
        order.active_start_time or order.active_stop_time
    ),
    "minTradeQty": lambda order: order.min_trade_qty,
}
"""What would change how an order trades, and when it is asked for; zero and unset ask nothing."""


def order_terms(order: WireOrder) -> OrderTerms:
    """Read a client's order.

    Raises:
        Refused: the order cannot be worked as it stands; nothing was placed.
    """
    if order.action not in ("BUY", "SELL"):
        raise Refused(INVALID_ACTION, action=order.action)
    order_type = _order_type(order)
    for attribute, is_asked in _NOT_SIMULATED.items():
        if is_asked(order):
            raise Refused(
                UNSUPPORTED_ATTRIBUTE, cause=f"{attribute} is not supported by this gateway"
            )
    if not order.total_quantity:
        raise Refused(ZERO_SIZE)
    return OrderTerms(
        side=Side(order.action),
        quantity=order.total_quantity,
        order_type=order_type,
        time_in_force=_time_in_force(order.tif),
        order_reference=order.order_ref or None,
        outside_regular_hours=order.outside_rth,
    )


def _order_type(order: WireOrder) -> OrderType:
    try:
        match order.order_type:
            case "MKT":
                return Market()
            case "LMT":
                return Limit(_price("lmtPrice", order.lmt_price))
            case "STP":
                return Stop(_price("auxPrice", order.aux_price))
            case "STP LMT":
                return StopLimit(
                    _price("auxPrice", order.aux_price), _price("lmtPrice", order.lmt_price)
                )
            case other:
                raise Refused(UNSUPPORTED_ORDER_TYPE, detail=f" ({other!r} is not simulated)")
    except InvalidOrder as invalid:
        raise Refused(UNSUPPORTED_ATTRIBUTE, cause=invalid) from None


def _price(field: str, price: Decimal | None) -> Decimal:
    if price is None:
        raise Refused(CANNOT_TRANSMIT_INCOMPLETE, detail=f" {field} is missing.")
    return price


def _time_in_force(text: str) -> TimeInForce:
    # TWS sets an order without one to DAY (its order preset).
    if not text:
        return TimeInForce.DAY
    try:
        return TimeInForce(text)
    except ValueError:
        raise Refused(INVALID_TIME_IN_FORCE, time_in_force=text) from None
