"""Lists of orders: a client's own, everybody's, and those that are done."""

from __future__ import annotations

from brokerport.simulator.brokerage.orders import BrokerageOrder
from brokerport.simulator.gateways.tws.codes import AUTO_BIND_NEEDS_CLIENT_0
from brokerport.simulator.gateways.tws.order_ids import DOOR
from brokerport.simulator.gateways.tws.session import NO_ID, DispatchTable, Session
from brokerport.simulator.gateways.tws.translate.order_reports import completed_order
from brokerport.simulator.wire.tws.messages.orders import (
    CompletedOrdersEnd,
    OpenOrderEnd,
    ReqAllOpenOrders,
    ReqAutoOpenOrders,
    ReqCompletedOrders,
    ReqOpenOrders,
)


def _send_open_orders(session: Session, _request: ReqOpenOrders) -> None:
    served = session.served
    for order in served.brokerage.open_orders():
        if session.client_id == 0:
            # IBKR: client 0 binds the orders entered by hand by asking for its open orders.
            served.order_ids.bind(order)
        if _is_own(session, order):
            served.orders.tell_order(session, order)
    session.send(OpenOrderEnd())


def _send_all_open_orders(session: Session, _request: ReqAllOpenOrders) -> None:
    served = session.served
    for order in served.brokerage.open_orders():
        served.orders.tell_order(session, order)
    session.send(OpenOrderEnd())


def _bind_other_orders(session: Session, request: ReqAutoOpenOrders) -> None:
    if session.client_id != 0:
        # IBKR answers without a request id, for the request has none.
        session.error(NO_ID, AUTO_BIND_NEEDS_CLIENT_0)
        return
    session.binds_other_orders = request.auto_bind
    if request.auto_bind:
        for order in session.served.brokerage.open_orders():
            session.served.order_ids.bind(order)


def _send_completed_orders(session: Session, request: ReqCompletedOrders) -> None:
    served = session.served
    for order in served.brokerage.completed_orders():
        if order.entry.door == DOOR or not request.api_only:
            contract = served.contracts.contract(
                order.instrument, served.order_ids.exchange(order.entry)
            )
            session.send(completed_order(order, contract, session.version))
    session.send(CompletedOrdersEnd())


def _is_own(session: Session, order: BrokerageOrder) -> bool:
    if order.entry.door == DOOR:
        return order.entry.client_id == session.client_id
    return session.client_id == 0


HANDLERS: DispatchTable = {
    ReqOpenOrders: _send_open_orders,
    ReqAllOpenOrders: _send_all_open_orders,
    ReqAutoOpenOrders: _bind_other_orders,
    ReqCompletedOrders: _send_completed_orders,
}
