"""Placing, changing and cancelling orders.

Rules (Web API, "Orders"; shared page "Client Portal Web API", sections 2, 4 and 7):

- One ticket a request. Brackets and one-cancels-all groups are refused whole: nothing is placed.
- What the gateway itself finds wrong is 400; what the broker refuses is 200 with ``{"error"}``. An
  order that the account cannot afford is refused so too, and stands as Inactive in the list.
- A cOID is free again 24 hours after an order was placed under it, whatever became of that order;
  a question that was declined or forgotten placed none. All logins of the gateway share them.
- A change is a full ticket: what cannot be changed must be as it was, or nothing is.
- Orders of every door can be changed and cancelled here, under the account they belong to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.brokerage.orders import BrokerageOrder, BrokerageStatus, Ticket
from brokerport.simulator.brokerage.refusals import WRONG_STATE_TO_CANCEL, OrderRefused
from brokerport.simulator.gateways.client_portal.call import Call
from brokerport.simulator.gateways.client_portal.endpoint import Endpoint
from brokerport.simulator.gateways.client_portal.errors import PortalError, bad_request, refused
from brokerport.simulator.gateways.client_portal.order_facts import OrderFacts
from brokerport.simulator.gateways.client_portal.order_rows import OrderRows
from brokerport.simulator.gateways.client_portal.questions import (
    DEFAULT_QUESTIONS,
    AskedQuestion,
    questions_for,
)
from brokerport.simulator.gateways.client_portal.replies import ReplyIds
from brokerport.simulator.gateways.client_portal.served_portal import DOOR
from brokerport.simulator.gateways.client_portal.translate.orders import (
    all_cancels_requested,
    cancel_requested,
    placed,
)
from brokerport.simulator.gateways.client_portal.translate.tickets import PortalTicket, read_ticket

REFERENCE_LIFE = timedelta(hours=24)
_ALL_ORDERS = "-1"


def only_ticket(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the one ticket of an ``{"orders": [...]}`` body.

    Raises:
        PortalError: there is none, or there are several (400).
    """
    tickets = body.get("orders")
    if not isinstance(tickets, list) or not tickets:
        raise bad_request("Bad Request: orders must be an array with an order ticket")
    if not all(isinstance(one, Mapping) for one in tickets):
        raise bad_request("Bad Request: an order ticket must be a JSON object")
    if len(tickets) > 1:
        raise bad_request(
            "Bad Request: only one order ticket can be submitted at a time; bracket orders and "
            "one-cancels-all groups are not supported by this simulator"
        )
    ticket: Mapping[str, Any] = tickets[0]
    return ticket


def asked_of(call: Call, wanted: PortalTicket) -> tuple[AskedQuestion, ...]:
    """Return the questions that an order raises and that the login has not suppressed."""
    facts = OrderFacts.gather(call.world, wanted.ticket, wanted.exchange)
    chosen = call.portal.settings.questions
    return questions_for(
        facts, DEFAULT_QUESTIONS if chosen is None else chosen, call.login.suppressed
    )


def _place(call: Call) -> object:
    account = call.account()
    wanted = read_ticket(only_ticket(call.body_mapping()), account, call.world.listing)
    _check_reference(call, wanted.ticket)
    return call.login.replies.ask(
        asked_of(call, wanted), partial(_submit, call, wanted), call.portal.store(ReplyIds)
    )


def _submit(call: Call, wanted: PortalTicket) -> object:
    # Another login may have used the reference while a question waited.
    _check_reference(call, wanted.ticket)
    try:
        with call.portal.store(OrderRows).routed(wanted.exchange):
            order = call.brokerage.place(wanted.ticket)
    except OrderRefused as refusal:
        raise refused(refusal.reason) from None
    if order.status is BrokerageStatus.INACTIVE:
        raise refused(order.reason)
    return placed(order)


def _check_reference(call: Call, ticket: Ticket) -> None:
    reference, since = ticket.order_reference, call.now - REFERENCE_LIFE
    if reference is None:
        return
    for order in reversed(call.brokerage.orders()):
        if order.placed_at <= since:
            return
        if order.order_reference == reference and order.entry.door == DOOR:
            raise refused(
                f"Order couldn't be submitted: Local order ID={reference} is already registered."
            )


def _change(call: Call) -> object:
    account = call.account()
    fields = call.body_mapping()
    order = _order(call, account)
    wanted = read_ticket(fields, account, call.world.listing)
    _check_is_same(call, order, wanted)
    # Nothing is asked about an order that is done: the broker refuses to change it.
    asked = asked_of(call, wanted) if order.is_open else ()
    return call.login.replies.ask(
        asked, partial(_replace, call, order, wanted), call.portal.store(ReplyIds)
    )


def _replace(call: Call, order: BrokerageOrder, wanted: PortalTicket) -> object:
    ticket = wanted.ticket
    try:
        changed = call.brokerage.replace(
            order.perm_id, ticket.quantity, ticket.order_type, ticket.time_in_force
        )
    except OrderRefused as refusal:
        raise refused(refusal.reason) from None
    return placed(changed)


def _check_is_same(call: Call, order: BrokerageOrder, wanted: PortalTicket) -> None:
    ticket, route = wanted.ticket, call.portal.store(OrderRows).route(order.perm_id)
    for field, value, original in (
        ("conid", ticket.instrument, order.instrument),
        ("side", ticket.side, order.side),
        ("cOID", ticket.order_reference or order.order_reference, order.order_reference),
        ("outsideRTH", ticket.outside_regular_hours, order.outside_regular_hours),
        ("conidex", wanted.exchange, route),
    ):
        if value != original:
            raise refused(f"Order being modified does not match original order: {field}")


def _cancel(call: Call) -> object:
    account = call.account()
    if call.path["orderId"] == _ALL_ORDERS:
        call.brokerage.cancel_all(account)
        return all_cancels_requested()
    order = _order(call, account)
    try:
        call.brokerage.cancel(order.perm_id)
    except OrderRefused as refusal:
        raise refused(_cancel_refusal(order, refusal)) from None
    return cancel_requested(order, call.world.listing)


def _cancel_refusal(order: BrokerageOrder, refusal: OrderRefused) -> str:
    if refusal.code != WRONG_STATE_TO_CANCEL:
        return refusal.reason
    if order.status is BrokerageStatus.INACTIVE:
        return "Order is inactive"
    # The broker knows the order by the number of the door it came through; this door has its own.
    return (
        f"OrderId {order.perm_id} that needs to be cancelled can not be cancelled, "
        f"state: {order.status.value}."
    )


def _order(call: Call, account: BrokerAccount) -> BrokerageOrder:
    text = call.path["orderId"]
    if text.isascii() and text.isdigit() and len(text) <= 18:
        try:
            order = call.brokerage.order(int(text))
        except OrderRefused:
            raise _unknown(text) from None
        if order.account == account:
            return order
    raise _unknown(text)


def _unknown(order_id: str) -> PortalError:
    return refused(f"OrderID {order_id} doesn't exist")


_ORDERS = "/iserver/account/{accountId}/orders"
_ORDER = "/iserver/account/{accountId}/order/{orderId}"

ENDPOINTS = (
    Endpoint("POST", _ORDERS, _place, needs_accounts=True),
    Endpoint("POST", _ORDER, _change, needs_accounts=True),
    Endpoint("DELETE", _ORDER, _cancel, needs_accounts=True),
)
