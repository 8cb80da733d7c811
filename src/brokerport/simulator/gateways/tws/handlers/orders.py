"""Placing, modifying, trying out and cancelling orders.

Rules (shared page "TWS API wire protocol", section 5): placeOrder under an id that this client has
used modifies that order: 104 if it is filled, 103 if it is otherwise done, 105 if anything but its
terms differs. Everything else about a new order is the broker's to decide.
"""

from __future__ import annotations

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.brokerage.orders import (
    BrokerageOrder,
    BrokerageStatus,
    OrderEntry,
    Ticket,
)
from brokerport.simulator.brokerage.refusals import WRONG_STATE_TO_CANCEL, OrderRefused
from brokerport.simulator.gateways.tws.codes import (
    CANNOT_PROCESS,
    DUPLICATE_ORDER_ID,
    E_TRADE_ONLY_IGNORED,
    FIRM_QUOTE_ONLY_IGNORED,
    INVALID_ORDER_ID,
    INVALID_REQUEST,
    MISSING_ACCOUNT,
    MODIFY_FILLED,
    MODIFY_MISMATCH,
    ORDER_CANNOT_BE_CANCELLED,
    ORDER_TO_CANCEL_NOT_FOUND,
    WHAT_IF_NEEDS_TRANSMIT,
)
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.order_ids import DOOR
from brokerport.simulator.gateways.tws.session import DispatchTable, Session
from brokerport.simulator.gateways.tws.translate.instruments import one_instrument
from brokerport.simulator.gateways.tws.translate.order_reports import what_if_answer
from brokerport.simulator.gateways.tws.translate.order_terms import order_terms
from brokerport.simulator.wire.tws.messages.orders import (
    CancelOrder,
    ExerciseOptions,
    PlaceOrder,
    ReqGlobalCancel,
)


def _place_order(session: Session, request: PlaceOrder) -> None:
    perm_id = session.served.order_ids.perm_id(session.client_id, request.order_id)
    if request.order.what_if:
        _what_if(session, request, is_new=perm_id is None)
    elif perm_id is None:
        _place(session, request)
    else:
        _modify(session, request, session.served.brokerage.order(perm_id))


def _place(session: Session, request: PlaceOrder) -> None:
    served = session.served
    served.order_ids.claim(session.client_id, request.order_id, request.contract.exchange)
    served.brokerage.place(_ticket(session, request))
    if request.order.e_trade_only:
        session.error(request.order_id, E_TRADE_ONLY_IGNORED)
    if request.order.firm_quote_only:
        session.error(request.order_id, FIRM_QUOTE_ONLY_IGNORED)


def _modify(session: Session, request: PlaceOrder, order: BrokerageOrder) -> None:
    if order.status is BrokerageStatus.FILLED:
        raise Refused(MODIFY_FILLED)
    if not order.is_open:
        raise Refused(DUPLICATE_ORDER_ID)
    ticket = _ticket(session, request)
    for field, wanted, original in (
        ("contract", ticket.instrument, order.instrument),
        ("action", ticket.side, order.side),
        ("account", ticket.account, order.account),
        ("orderRef", ticket.order_reference, order.order_reference),
        ("outsideRth", ticket.outside_regular_hours, order.outside_regular_hours),
    ):
        if wanted != original:
            raise Refused(MODIFY_MISMATCH, field=field)
    session.served.brokerage.replace(
        order.perm_id, ticket.quantity, ticket.order_type, ticket.time_in_force
    )


def _what_if(session: Session, request: PlaceOrder, is_new: bool) -> None:
    if request.order_id <= 0:
        raise Refused(INVALID_ORDER_ID, order_id=request.order_id)
    if not is_new:
        raise Refused(DUPLICATE_ORDER_ID)
    if not request.order.transmit:
        raise Refused(WHAT_IF_NEEDS_TRANSMIT)
    ticket = _ticket(session, request)
    impact = session.served.brokerage.what_if(ticket)
    contract = session.served.contracts.contract(
        ticket.instrument, request.contract.exchange or "SMART"
    )
    session.send(
        what_if_answer(request.order_id, session.client_id, contract, request.order, impact)
    )


def _ticket(session: Session, request: PlaceOrder) -> Ticket:
    served = session.served
    instrument = one_instrument(served.world.listing, request.contract, served.today)
    terms = order_terms(request.order)
    return Ticket(
        account=_account(session, request.order.account),
        instrument=instrument,
        side=terms.side,
        quantity=terms.quantity,
        order_type=terms.order_type,
        time_in_force=terms.time_in_force,
        order_reference=terms.order_reference,
        entry=OrderEntry(DOOR, session.client_id, request.order_id),
        outside_regular_hours=terms.outside_regular_hours,
    )


def _account(session: Session, account_id: str) -> BrokerAccount:
    served = session.served
    if account_id:
        account = served.account(account_id)
        if account is None:
            raise Refused(
                INVALID_REQUEST, field="placeOrder", cause=f"Invalid account code '{account_id}'"
            )
        return account
    only, *others = served.brokerage.accounts
    if others:
        raise Refused(MISSING_ACCOUNT)
    return only


def _cancel_order(session: Session, request: CancelOrder) -> None:
    served = session.served
    perm_id = served.order_ids.perm_id(session.client_id, request.order_id)
    if perm_id is None:
        raise Refused(ORDER_TO_CANCEL_NOT_FOUND, order_id=request.order_id)
    try:
        served.brokerage.cancel(perm_id)
    except OrderRefused as refused:
        if refused.code != WRONG_STATE_TO_CANCEL:
            raise
        # The client knows the order by the id it used, which may be a bound one.
        raise Refused(
            ORDER_CANNOT_BE_CANCELLED,
            order_id=request.order_id,
            state=served.brokerage.order(perm_id).status.value,
        ) from None


def _global_cancel(session: Session, _request: ReqGlobalCancel) -> None:
    session.served.brokerage.cancel_all()


def _exercise_options(_session: Session, _request: ExerciseOptions) -> None:
    raise Refused(
        CANNOT_PROCESS,
        field="exerciseOptions",
        cause="early exercise is not simulated; options are exercised at their expiry only",
    )


HANDLERS: DispatchTable = {
    PlaceOrder: _place_order,
    CancelOrder: _cancel_order,
    ReqGlobalCancel: _global_cancel,
    ExerciseOptions: _exercise_options,
}
