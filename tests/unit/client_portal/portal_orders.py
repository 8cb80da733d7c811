"""Sample orders and rows, as the Client Portal tests use them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from brokerport.adapters.client_portal.book import PortalBook, SeenOrder, TrackedOrder
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.instruments import Stock
from brokerport.domain.order_types import Limit, OrderType, Side, TimeInForce
from brokerport.ports.orders import OrderTicket

OURS = "gen.01HV2V8Y3WABCDEFGHJKMNPQRS"
ORDER_ID = 1370093239
ACCOUNT = BrokerAccount("DU1000001")
AAPL = Stock("AAPL")
AAPL_ID = 265598
TERMS = (Decimal(100), Limit("250.00"))


def ticket(order_type: OrderType = TERMS[1], reference: str = OURS) -> OrderTicket:
    """An order to buy a hundred shares."""
    return OrderTicket(
        client_order_id=reference,
        broker_account=ACCOUNT,
        instrument=AAPL,
        side=Side.BUY,
        quantity=TERMS[0],
        order_type=order_type,
        time_in_force=TimeInForce.DAY,
    )


def placed_book() -> tuple[PortalBook, TrackedOrder]:
    """A book with an order of which nothing was heard yet."""
    book = PortalBook()
    return book, book.place(ticket())


def working_book() -> tuple[PortalBook, TrackedOrder]:
    """A book with an order that works."""
    book, order = placed_book()
    book.taken(order, ORDER_ID, "Submitted")
    return book, order


def seen(
    status: str,
    *,
    order_id: int = ORDER_ID,
    filled: int = 0,
    reason: str = "",
    terms: tuple[Decimal, OrderType] | None = TERMS,
    is_listed: bool = False,
) -> SeenOrder:
    """What a row shows of the order."""
    return SeenOrder(OURS, order_id, terms, status, Decimal(filled), reason, is_listed)


def order_row(**changes: Any) -> dict[str, Any]:
    """A row of the live list, whole, as IBKR writes one."""
    row: dict[str, Any] = {
        "acct": ACCOUNT.account_id,
        "account": ACCOUNT.account_id,
        "conidex": str(AAPL_ID),
        "conid": AAPL_ID,
        "orderId": ORDER_ID,
        "ticker": "AAPL",
        "secType": "STK",
        "remainingQuantity": Decimal("100.0"),
        "filledQuantity": Decimal("0.0"),
        "totalSize": Decimal("100.0"),
        "status": "Submitted",
        "order_ccp_status": "Submitted",
        "origOrderType": "LIMIT",
        "orderType": "Limit",
        "order_ref": OURS,
        "price": "250.00",
        "timeInForce": "CLOSE",
        "side": "BUY",
    }
    return {name: value for name, value in {**row, **changes}.items() if value is not None}


def trade_row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of the trades: forty shares at 250."""
    row: dict[str, Any] = {
        "execution_id": f"0000e0d5.6576fd3{number}.01.01",
        "symbol": "AAPL",
        "side": "B",
        "trade_time": "20260105-14:30:01",
        "trade_time_r": 1767623401250,
        "size": Decimal("40.0"),
        "price": "250.00",
        "order_ref": OURS,
        "account": ACCOUNT.account_id,
        "accountCode": ACCOUNT.account_id,
        "sec_type": "STK",
        "conid": AAPL_ID,
        "order_id": ORDER_ID,
    }
    return {name: value for name, value in {**row, **changes}.items() if value is not None}
