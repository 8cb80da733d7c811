"""Orders and executions: ib_async's values against ours.

Only the order types and times in force that brokerport has can be read back; an order of another
kind, which only another program or a person can have placed, is ``Unsupported`` by name.
"""

from __future__ import annotations

from decimal import Decimal

from ib_async.contract import Contract
from ib_async.objects import CommissionReport
from ib_async.objects import Execution as TwsExecution
from ib_async.order import Order as TwsOrder
from ib_async.order import OrderState

from brokerport.adapters.tws.translate_contracts import describe, to_instrument
from brokerport.adapters.tws.translate_numbers import (
    number,
    optional_id,
    optional_number,
    utc_time,
    wire_price,
)
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import MarginImpact
from brokerport.domain.errors import BadInput, Unsupported
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.money import Money
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)
from brokerport.ports.orders import BrokerOrderStatus, OrderTicket

_SIDES = {"BOT": Side.BUY, "BUY": Side.BUY, "SLD": Side.SELL, "SELL": Side.SELL}


def to_tws_order(
    ticket: OrderTicket, quantity: Decimal, order_type: OrderType, *, reference: str
) -> TwsOrder:
    """Return the order to transmit for a ticket on these terms; ``reference`` is its orderRef."""
    order = TwsOrder(
        action=ticket.side.value,
        totalQuantity=int(quantity),
        tif=ticket.time_in_force.value,
        account=ticket.broker_account.account_id,
        orderRef=reference,
    )
    match order_type:
        case Market():
            order.orderType = "MKT"
        case Limit(limit_price):
            order.orderType = "LMT"
            order.lmtPrice = wire_price(limit_price)
        case Stop(trigger_price):
            order.orderType = "STP"
            order.auxPrice = wire_price(trigger_price)
        case StopLimit(trigger_price, limit_price):
            order.orderType = "STP LMT"
            order.lmtPrice = wire_price(limit_price)
            order.auxPrice = wire_price(trigger_price)
    return order


def to_order_type(order: TwsOrder) -> OrderType:
    """Return an order's type and prices.

    Raises:
        Unsupported: brokerport has no such order type.
    """
    try:
        match order.orderType:
            case "MKT":
                return Market()
            case "LMT":
                return Limit(number(order.lmtPrice, "lmtPrice"))
            case "STP":
                return Stop(number(order.auxPrice, "auxPrice"))
            case "STP LMT":
                return StopLimit(
                    number(order.auxPrice, "auxPrice"), number(order.lmtPrice, "lmtPrice")
                )
    except (BadInput, ValueError) as error:
        raise Unsupported(f"{order.orderType} order {order.permId}: {error}") from error
    raise Unsupported(
        f"order {order.permId} is of type {order.orderType!r}, which is not supported"
    )


def to_time_in_force(order: TwsOrder) -> TimeInForce:
    """Return an order's time in force.

    Raises:
        Unsupported: brokerport has no such time in force.
    """
    try:
        return TimeInForce(order.tif)
    except ValueError:
        raise Unsupported(
            f"order {order.permId} has time in force {order.tif!r}, which is not supported"
        ) from None


def to_side(action: str) -> Side:
    """Return the side of an order (BUY, SELL) or an execution (BOT, SLD).

    Raises:
        Unsupported: it is another word, such as SSHORT.
    """
    try:
        return _SIDES[action]
    except KeyError:
        raise Unsupported(f"the side {action!r} is not supported") from None


def to_broker_order_status(status: str, why_held: str = "") -> BrokerOrderStatus:
    """Return where an order stands; a status that says neither end nor refusal is working.

    An inactive order is refused, unless TWS says why it is held (``locate``: shares are sought).
    """
    match status:
        case "Filled":
            return BrokerOrderStatus.FILLED
        case "Cancelled" | "ApiCancelled":
            return BrokerOrderStatus.CANCELLED
        case "Inactive" if not why_held:
            return BrokerOrderStatus.REJECTED
        case _:
            return BrokerOrderStatus.WORKING


def to_execution(
    contract: Contract, execution: TwsExecution, order_reference: str | None = None
) -> Execution:
    """Return a fill; ``order_reference`` stands in where TWS echoed no orderRef.

    Raises:
        Unsupported: the instrument or a value of the fill is none that brokerport has.
    """
    instrument = to_instrument(contract)
    try:
        return Execution(
            execution_id=execution.execId,
            broker_account=BrokerAccount(execution.acctNumber),
            instrument=instrument,
            side=to_side(execution.side),
            quantity=number(execution.shares, "shares"),
            price=number(execution.price, "price"),
            executed_at=utc_time(execution.time),
            order_reference=execution.orderRef or order_reference,
            perm_id=optional_id(execution.permId),
        )
    except (BadInput, ValueError) as error:
        raise Unsupported(
            f"execution {execution.execId} in {describe(contract)}: {error}"
        ) from error


def to_commission(report: CommissionReport) -> Commission:
    """Return the commission of an execution; the booked profit is None on an opening trade."""
    realised = optional_number(report.realizedPNL)
    return Commission(
        execution_id=report.execId,
        amount=Money(number(report.commission, "commission"), report.currency),
        realised_pnl=None if realised is None else Money(realised, report.currency),
    )


def to_margin_impact(state: OrderState, currency: str) -> MarginImpact:
    """Return a what-if's answer, margins in the account's base currency.

    Raises:
        ValueError: TWS left out a margin.
    """
    commission = optional_number(state.commission)
    if commission is None:
        commission = optional_number(state.maxCommission)

    def money(value: str, name: str) -> Money:
        return Money(number(value, name), currency)

    return MarginImpact(
        initial_margin_before=money(state.initMarginBefore, "initMarginBefore"),
        initial_margin_after=money(state.initMarginAfter, "initMarginAfter"),
        maintenance_margin_before=money(state.maintMarginBefore, "maintMarginBefore"),
        maintenance_margin_after=money(state.maintMarginAfter, "maintMarginAfter"),
        equity_with_loan_before=money(state.equityWithLoanBefore, "equityWithLoanBefore"),
        equity_with_loan_after=money(state.equityWithLoanAfter, "equityWithLoanAfter"),
        commission=None
        if commission is None
        else Money(commission, state.commissionCurrency or currency),
    )
