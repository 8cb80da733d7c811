"""Tickets and messages that the TWS adapter's unit tests share."""

from __future__ import annotations

from decimal import Decimal

from brokerport.adapters.tws.book import SeenOrder, TrackedOrder, TwsOrderBook
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.instruments import Stock
from brokerport.domain.order_types import Limit, OrderType, Side, TimeInForce
from brokerport.ports.orders import OrderTicket

ACCOUNT = BrokerAccount("DU1000001")
OURS = "gen.01HV2V8Y3WABCDEFGHJKMNPQRS"
CLIENT_ID, ORDER_ID, PERM_ID = 7, 101, 900_001


def ticket(reference: str = OURS) -> OrderTicket:
    """Buy 100 AAPL at 250.05, for the day."""
    return OrderTicket(
        client_order_id=reference,
        broker_account=ACCOUNT,
        instrument=Stock("AAPL"),
        side=Side.BUY,
        quantity=Decimal(100),
        order_type=Limit(Decimal("250.05")),
        time_in_force=TimeInForce.DAY,
    )


def seen(
    status: str = "Submitted",
    *,
    reference: str = OURS,
    quantity: int = 100,
    order_type: OrderType | None = None,
    perm_id: int | None = PERM_ID,
    order_id: int = ORDER_ID,
) -> SeenOrder:
    """The ticket's order as an openOrder message shows it."""
    return SeenOrder(
        client_order_id=reference,
        client_id=CLIENT_ID,
        order_id=order_id,
        perm_id=perm_id,
        broker_account=ACCOUNT,
        instrument=Stock("AAPL"),
        side=Side.BUY,
        time_in_force=TimeInForce.DAY,
        quantity=Decimal(quantity),
        order_type=Limit("250.05") if order_type is None else order_type,
        status=status,
    )


def placed_book() -> tuple[TwsOrderBook, TrackedOrder]:
    """A book in which the ticket's order has just left."""
    book = TwsOrderBook()
    book.place(ticket(), CLIENT_ID, ORDER_ID, session=1)
    order = book.find(OURS)
    assert order is not None
    return book, order
