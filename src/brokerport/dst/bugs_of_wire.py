"""Planted bugs of the adapters: what peers' clients do with the wire, and ours must not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from brokerport.adapters.tws.adapter import TwsAdapter
from brokerport.container import Container
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import NotConnected, RequestTimedOut
from brokerport.domain.executions import Execution
from brokerport.domain.order_types import prices_of
from brokerport.domain.reports import Cancelled
from brokerport.ports.session import ExecutionReported, OrderReported

Read = Callable[[BrokerAccount], Awaitable[tuple[Any, ...]]]


def failed_read_is_empty(container: Container) -> None:
    """Answer a read that failed with nothing (NautilusTrader issue 4230)."""
    orders: Any = container.adapter().orders

    def empty_when_failed(read: Read) -> Read:
        async def answer(account: BrokerAccount) -> tuple[Any, ...]:
            try:
                return await read(account)
            except (RequestTimedOut, NotConnected):
                return ()

        return answer

    for name in ("open_orders", "completed_orders", "executions"):
        setattr(orders, name, empty_when_failed(getattr(orders, name)))


def status_is_fill(container: Container) -> None:
    """Make a fill of an orderStatus that says Filled."""
    adapter = container.adapter()
    if not isinstance(adapter, TwsAdapter):
        return
    events: Any = adapter.session.order_events
    hear_status = events.hear_status

    def hear(client_id: int, order_id: int, perm_id: int, status: str, why_held: str) -> None:
        tracked = events._match(client_id, order_id, perm_id)
        if status == "Filled" and tracked is not None:
            price = next(iter(prices_of(tracked.order_type).values()), tracked.quantity)
            invented = Execution(
                execution_id=f"status-{perm_id}",
                broker_account=tracked.broker_account,
                instrument=tracked.instrument,
                side=tracked.side,
                quantity=tracked.quantity,
                price=price,
                executed_at=datetime(2026, 1, 5, tzinfo=UTC),
                order_reference=tracked.client_order_id,
                perm_id=perm_id,
            )
            events._emit(ExecutionReported(invented))
        hear_status(client_id, order_id, perm_id, status, why_held)

    events.hear_status = hear


def cancelled_by_code(container: Container) -> None:
    """Take any error code that names an order for its end, as ib_async 2.1.0 does with six."""
    adapter = container.adapter()
    if not isinstance(adapter, TwsAdapter):
        return
    session: Any = adapter.session
    events = session.order_events
    hear_code = events.hear_code

    def hear(order_id: int, code: int, text: str) -> bool:
        tracked = session.book.find_order_id(session.settings.client_id, order_id)
        if tracked is not None:
            events._emit(OrderReported(Cancelled(tracked.client_order_id, text)))
            return True
        return bool(hear_code(order_id, code, text))

    events.hear_code = hear
