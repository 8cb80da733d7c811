"""The TWS gateway misbehaves by a plan; give it to ``TwsGateway`` as its mischief.

Rules:

- It stands between a session and its socket: the gateway's own books are never touched, so that
  lists, other sessions and other doors show what is true.
- What is answered to a list is honest, but for ``tws.no_completed_orders`` and corrections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from brokerport.simulator.faults.chances import FaultChances, FaultDone
from brokerport.simulator.faults.fault import Player
from brokerport.simulator.faults.plan import FaultPlan
from brokerport.simulator.faults.tws_outlet import Corrections, MeddlingOutlet
from brokerport.simulator.faults.vendor import (
    DisconnectOnOrder,
    LostAcknowledgement,
    NoCompletedOrders,
)
from brokerport.simulator.gateways.tws.session import DispatchTable, Handler, Outlet, Session
from brokerport.simulator.wire.tws.messages.executions import ReqExecutions
from brokerport.simulator.wire.tws.messages.market_data import ReqMktData
from brokerport.simulator.wire.tws.messages.orders import (
    CancelOrder,
    CompletedOrdersEnd,
    PlaceOrder,
    ReqAllOpenOrders,
    ReqAutoOpenOrders,
    ReqCompletedOrders,
    ReqOpenOrders,
)

_LISTS = (ReqOpenOrders, ReqAllOpenOrders, ReqAutoOpenOrders, ReqExecutions, ReqCompletedOrders)


class TwsMischief:
    """Plays the plan's faults of the TWS gateway; others are left alone."""

    def __init__(self, plan: FaultPlan, tell: Callable[[FaultDone], None] | None = None) -> None:
        """Prepare to play; ``tell`` hears of every fault played."""
        self._plan = plan.played_by(Player.TWS)
        self._tell = tell
        self._chances: FaultChances | None = None
        self._sessions = 0
        self._corrections: Corrections = {}

    @property
    def log(self) -> list[FaultDone]:
        """What was played, in order; a connection is a session, counted from 1."""
        return [] if self._chances is None else self._chances.log

    def begin(self) -> None:
        """Begin to count the plan's seconds, on the running loop."""
        self._chances = FaultChances(self._plan, asyncio.get_running_loop().time, self._tell)

    def meddle(
        self, client_id: int, outlet: Outlet, table: DispatchTable
    ) -> tuple[Outlet, DispatchTable]:
        """Stand between a new session and its socket."""
        if self._chances is None:
            raise RuntimeError("the gateway has not begun to serve")
        self._sessions += 1
        meddler = MeddlingOutlet(
            outlet, self._chances.connection(self._sessions), self._corrections
        )
        return meddler, _tampered(table, meddler)


def _tampered(table: DispatchTable, outlet: MeddlingOutlet) -> DispatchTable:
    tampered = dict(table)
    for request in _LISTS:
        tampered[request] = _listing(table[request], outlet)
    tampered[ReqCompletedOrders] = _completed(tampered[ReqCompletedOrders], outlet)
    for change in (PlaceOrder, CancelOrder):
        tampered[change] = _order(table[change], outlet)
    tampered[ReqMktData] = _quote(table[ReqMktData], outlet)
    return tampered


def _listing(handler: Handler, outlet: MeddlingOutlet) -> Handler:
    def answer(session: Session, request: Any) -> None:
        with outlet.listing():
            handler(session, request)

    return answer


def _completed(handler: Handler, outlet: MeddlingOutlet) -> Handler:
    def answer(session: Session, request: Any) -> None:
        for struck in outlet.chances.struck(NoCompletedOrders):
            outlet.chances.record(None, struck.fault, "the list was empty")
            session.send(CompletedOrdersEnd())
            return
        handler(session, request)

    return answer


def _order(handler: Handler, outlet: MeddlingOutlet) -> Handler:
    def answer(session: Session, request: PlaceOrder | CancelOrder) -> None:
        chances, name = outlet.chances, type(request).__name__
        if isinstance(request, PlaceOrder) and request.order.what_if:
            # A what-if order is a question, and no order.
            handler(session, request)
            return
        for struck in chances.struck((LostAcknowledgement, DisconnectOnOrder), content=name):
            chances.record(None, struck.fault, f"{name} {request.order_id}")
            if isinstance(struck.fault, LostAcknowledgement):
                outlet.say_nothing_of(request.order_id)
                continue
            outlet.say_nothing()
            try:
                handler(session, request)
            finally:
                outlet.drop(struck.fault.KIND)
            return
        handler(session, request)

    return answer


def _quote(handler: Handler, outlet: MeddlingOutlet) -> Handler:
    def answer(session: Session, request: ReqMktData) -> None:
        handler(session, request)
        if not request.snapshot:
            outlet.quote_asked(request.request_id)

    return answer
