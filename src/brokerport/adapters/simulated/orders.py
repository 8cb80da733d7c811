"""The order port in process: tickets to the brokerage, and its record read back."""

from __future__ import annotations

import itertools
from decimal import Decimal

from brokerport.adapters.simulated.contracts import require_listed
from brokerport.adapters.simulated.refusals import refused_as_request
from brokerport.adapters.simulated.session import SimulatedSession
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import MarginImpact
from brokerport.domain.errors import InvalidOrder, UnknownOrder
from brokerport.domain.order_types import OrderType
from brokerport.domain.trading_day import exchange_midnight
from brokerport.ports.orders import (
    BookedExecution,
    BrokerOrder,
    BrokerOrderStatus,
    OrderTicket,
)
from brokerport.simulator.brokerage.orders import (
    BrokerageOrder,
    BrokerageStatus,
    OrderEntry,
    Ticket,
)
from brokerport.simulator.brokerage.refusals import OrderRefused
from brokerport.simulator.world import World

DOOR = "in-process"

# The brokerage gives no order this permanent id, as IBKR gives none.
NO_ORDER = 0

_STATUS = {
    BrokerageStatus.PRE_SUBMITTED: BrokerOrderStatus.WORKING,
    BrokerageStatus.SUBMITTED: BrokerOrderStatus.WORKING,
    BrokerageStatus.FILLED: BrokerOrderStatus.FILLED,
    BrokerageStatus.CANCELLED: BrokerOrderStatus.CANCELLED,
    BrokerageStatus.INACTIVE: BrokerOrderStatus.REJECTED,
}


class SimulatedOrders:
    """Orders and executions at the world's brokerage."""

    def __init__(self, world: World, session: SimulatedSession) -> None:
        self._world = world
        self._session = session
        self._order_ids = itertools.count(1)
        self._perm_ids: dict[str, int] = {}
        self._given: set[str] = set()

    async def place(self, ticket: OrderTicket) -> None:
        """Hand the order to the brokerage, once; its fate comes as reports."""
        self._session.require_connected()
        require_listed(self._world, ticket.instrument)
        if ticket.client_order_id in self._given:
            raise InvalidOrder(
                "client_order_id", ticket.client_order_id, "one not given to the broker already"
            )
        self._given.add(ticket.client_order_id)
        try:
            order = self._world.brokerage.place(self._entered(ticket))
        except OrderRefused as refusal:
            # It became no order; what is asked of it next is the brokerage's to refuse (10147).
            self._perm_ids[ticket.client_order_id] = NO_ORDER
            self._session.reports.rejected(ticket.client_order_id, refusal.reason, refusal.code)
        else:
            self._perm_ids[ticket.client_order_id] = order.perm_id

    async def replace(self, client_order_id: str, quantity: Decimal, order_type: OrderType) -> None:
        """Ask for new terms on a working order."""
        reports = self._session.reports
        perm_id = self._perm_id(client_order_id)
        reports.propose(client_order_id, quantity, order_type)
        try:
            self._world.brokerage.replace(perm_id, quantity, order_type)
        except OrderRefused as refusal:
            reports.replace_refused(client_order_id, refusal)

    async def cancel(self, client_order_id: str) -> None:
        """Ask to cancel a working order."""
        reports = self._session.reports
        perm_id = self._perm_id(client_order_id)
        try:
            self._world.brokerage.cancel(perm_id)
        except OrderRefused as refusal:
            reports.cancel_refused(client_order_id, refusal)

    async def open_orders(self, broker_account: BrokerAccount) -> tuple[BrokerOrder, ...]:
        """Read the orders that are working for one account."""
        self._session.require_connected()
        return _records(self._world.brokerage.open_orders(), broker_account)

    async def completed_orders(self, broker_account: BrokerAccount) -> tuple[BrokerOrder, ...]:
        """Read the orders of this trading day that are filled, cancelled or rejected."""
        self._session.require_connected()
        return _records(self._world.brokerage.completed_orders(), broker_account)

    async def executions(self, broker_account: BrokerAccount) -> tuple[BookedExecution, ...]:
        """Read today's executions, New York time, as TWS shows them."""
        self._session.require_connected()
        return tuple(
            BookedExecution(booked.execution, booked.commission)
            for booked in self._world.brokerage.executions(
                since=exchange_midnight(self._world.clock.now())
            )
            if booked.execution.broker_account == broker_account
        )

    async def margin_impact(self, ticket: OrderTicket) -> MarginImpact:
        """Ask what the order would do to margin, without placing it."""
        self._session.require_connected()
        require_listed(self._world, ticket.instrument)
        with refused_as_request():
            return self._world.brokerage.what_if(self._entered(ticket))

    def _entered(self, ticket: OrderTicket) -> Ticket:
        return Ticket(
            account=ticket.broker_account,
            instrument=ticket.instrument,
            side=ticket.side,
            quantity=ticket.quantity,
            order_type=ticket.order_type,
            time_in_force=ticket.time_in_force,
            order_reference=ticket.client_order_id,
            entry=OrderEntry(DOOR, client_id=0, order_id=next(self._order_ids)),
        )

    def _perm_id(self, client_order_id: str) -> int:
        if client_order_id not in self._perm_ids:
            for order in self._world.brokerage.open_orders():
                if order.order_reference == client_order_id:
                    self._perm_ids[client_order_id] = order.perm_id
        try:
            return self._perm_ids[client_order_id]
        except KeyError:
            raise UnknownOrder(f"the brokerage has no order {client_order_id!r}") from None


def _records(
    orders: tuple[BrokerageOrder, ...], broker_account: BrokerAccount
) -> tuple[BrokerOrder, ...]:
    return tuple(_record(order) for order in orders if order.account == broker_account)


def _record(order: BrokerageOrder) -> BrokerOrder:
    return BrokerOrder(
        broker_order_id=str(order.entry.order_id),
        perm_id=order.perm_id,
        order_reference=order.order_reference,
        broker_account=order.account,
        instrument=order.instrument,
        side=order.side,
        quantity=order.quantity,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        status=_STATUS[order.status],
        filled_quantity=order.filled,
        reason=order.reason,
    )
