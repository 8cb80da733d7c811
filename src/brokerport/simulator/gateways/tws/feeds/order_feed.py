"""Orders and executions, told to the clients they concern as they happen.

Who hears of an order (TWS API, "Client ID 0 and the Master Client ID"): the client that placed it;
the master client, if one is set; client 0, of orders from other doors, once it binds them.

The sequence (captured from TWS): openOrder and orderStatus; execDetails; both again; both once more
with the commission; commissionReport. A cancel is orderStatus and then error 202, a rejection is
error 201, then openOrder, then orderStatus.
"""

from __future__ import annotations

from brokerport.simulator.brokerage.events import (
    BrokerageEvent,
    CommissionBooked,
    ExecutionBooked,
    OrderRefusedEvent,
    OrderUpdated,
)
from brokerport.simulator.brokerage.orders import (
    BrokerageExecution,
    BrokerageOrder,
    BrokerageStatus,
)
from brokerport.simulator.gateways.tws.codes import ORDER_CANCELLED
from brokerport.simulator.gateways.tws.order_ids import DOOR, OrderIds
from brokerport.simulator.gateways.tws.registry import SessionRegistry
from brokerport.simulator.gateways.tws.session import NO_ID, Session
from brokerport.simulator.gateways.tws.translate.contracts import ContractBook
from brokerport.simulator.gateways.tws.translate.executions import commission_report, exec_details
from brokerport.simulator.gateways.tws.translate.order_reports import open_order, order_status
from brokerport.simulator.wire.tws.messages.session import ErrorMessage


class OrderFeed:
    """Fans out what becomes of orders."""

    def __init__(
        self,
        sessions: SessionRegistry,
        order_ids: OrderIds,
        contracts: ContractBook,
        master_client_id: int | None,
    ) -> None:
        self._sessions = sessions
        self._order_ids = order_ids
        self._contracts = contracts
        self._master_client_id = master_client_id

    def on_event(self, event: BrokerageEvent) -> None:
        """Tell the clients concerned of one event of the broker's."""
        match event:
            case OrderUpdated(order):
                self._order_ids.register(order.entry, order.perm_id)
                for session in self._audience(order):
                    self._tell_update(session, order)
            case ExecutionBooked(booked, order):
                for session in self._audience(order):
                    self.tell_execution(session, booked, order, NO_ID)
            case CommissionBooked(booked, order):
                for session in self._audience(order):
                    self.tell_order(session, order)
                    session.send(commission_report(booked))
            case OrderRefusedEvent(order, code, reason):
                self._order_ids.register(order.entry, order.perm_id)
                for session in self._audience(order):
                    order_id, _ = self._order_ids.shown_ids(order, session.client_id)
                    session.send(ErrorMessage(order_id, code, reason))
                    self.tell_order(session, order)
            case _:
                pass

    def tell_order(self, session: Session, order: BrokerageOrder) -> None:
        """Send one client openOrder and orderStatus."""
        order_id, client_id = self._shown(session, order)
        contract = self._contracts.contract(order.instrument, self._order_ids.exchange(order.entry))
        session.send(open_order(order, contract, order_id, client_id))
        session.send(order_status(order, order_id, client_id))

    def tell_execution(
        self, session: Session, booked: BrokerageExecution, order: BrokerageOrder, request_id: int
    ) -> None:
        """Send one client an execution."""
        order_id, client_id = self._shown(session, order)
        exchange = self._order_ids.exchange(order.entry)
        session.send(
            exec_details(
                booked,
                self._contracts.contract(order.instrument, exchange),
                exchange,
                order_id,
                client_id,
                request_id,
                session.version,
            )
        )

    def _tell_update(self, session: Session, order: BrokerageOrder) -> None:
        if order.status is not BrokerageStatus.CANCELLED:
            self.tell_order(session, order)
            return
        order_id, client_id = self._shown(session, order)
        session.send(order_status(order, order_id, client_id))
        session.error(order_id, ORDER_CANCELLED, reason=order.reason)

    def _shown(self, session: Session, order: BrokerageOrder) -> tuple[int, int]:
        order_id, client_id = self._order_ids.shown_ids(order, session.client_id)
        self._order_ids.show(session.client_id, order_id)
        return order_id, client_id

    def _audience(self, order: BrokerageOrder) -> list[Session]:
        audience: list[Session] = []
        owner = self._owner(order)
        if owner is not None:
            audience.append(owner)
        if self._master_client_id is not None:
            master = self._sessions.get(self._master_client_id)
            if master is not None and master is not owner:
                audience.append(master)
        return audience

    def _owner(self, order: BrokerageOrder) -> Session | None:
        if order.entry.door == DOOR:
            return self._sessions.get(order.entry.client_id)
        client_0 = self._sessions.get(0)
        if client_0 is not None and client_0.binds_other_orders:
            self._order_ids.bind(order)
        return client_0 if self._order_ids.is_bound(order) else None
