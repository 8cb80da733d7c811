"""Ready-made accounts, instruments, orders and executions for the unit tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from brokerport.domain.accounts import AccountMap, BrokerAccount, LogicalAccount, Role
from brokerport.domain.executions import Execution
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.order_types import Limit, OrderType, Side, TimeInForce
from brokerport.domain.orders import ClientOrderId, Order, OrderRequest

NOON = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)
AAPL = Stock("AAPL")
MSFT = Stock("MSFT")
AAPL_PUT = Option("AAPL", date(2026, 12, 18), Decimal(250), OptionRight.PUT)

GEN = BrokerAccount("DU1000001")
REV = BrokerAccount("DU1000002")

CLIENT_ORDER_ID = ClientOrderId("gen", "01JD2V8Y3W0000000000000001")
KEY = str(CLIENT_ORDER_ID)


def account_map() -> AccountMap:
    """Return two mapped accounts: ``gen`` and its fork ``rev``."""
    return AccountMap(
        [
            (LogicalAccount("gen", Role.GEN), GEN),
            (LogicalAccount("rev", Role.REV, parent="gen"), REV),
        ]
    )


def request(
    quantity: int | str = 10,
    order_type: OrderType | None = None,
    *,
    account: str = "gen",
    instrument: Instrument = AAPL,
    side: Side = Side.BUY,
    time_in_force: TimeInForce = TimeInForce.DAY,
) -> OrderRequest:
    """Return a request to buy ten AAPL at 190.00 for the day, but for what is given."""
    return OrderRequest(
        account,
        instrument,
        side,
        Decimal(quantity),
        Limit("190.00") if order_type is None else order_type,
        time_in_force,
    )


def submitted(quantity: int | str = 10, order_type: OrderType | None = None) -> Order:
    """Return an order that has just left for the broker."""
    return Order.submitted(CLIENT_ORDER_ID, request(quantity, order_type))


def execution(
    quantity: int | str | Decimal = 10,
    price: str | Decimal = "190.00",
    execution_id: str = "e1",
    *,
    instrument: Instrument = AAPL,
    side: Side = Side.BUY,
    broker_account: BrokerAccount = GEN,
    order_reference: str | None = KEY,
) -> Execution:
    """Return a fill of the example order, but for what is given."""
    return Execution(
        execution_id=execution_id,
        broker_account=broker_account,
        instrument=instrument,
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        executed_at=NOON,
        order_reference=order_reference,
    )


def facts(*values: object) -> tuple[object, ...]:
    """Gather values to compare at one glance, whatever their types."""
    return values
