"""Which function answers which request: the one table, put together from the topics."""

from __future__ import annotations

from typing import Any

from brokerport.simulator.gateways.tws.handlers import (
    account_values,
    advisor,
    contracts,
    executions,
    history,
    market_data,
    option_computations,
    order_lists,
    orders,
    positions,
    profit_and_loss,
    session_requests,
    tick_by_tick,
)
from brokerport.simulator.gateways.tws.session import DispatchTable, Handler

_TOPICS: tuple[DispatchTable, ...] = (
    session_requests.HANDLERS,
    orders.HANDLERS,
    order_lists.HANDLERS,
    executions.HANDLERS,
    account_values.HANDLERS,
    positions.HANDLERS,
    profit_and_loss.HANDLERS,
    contracts.HANDLERS,
    market_data.HANDLERS,
    tick_by_tick.HANDLERS,
    option_computations.HANDLERS,
    history.HANDLERS,
    advisor.HANDLERS,
)


def dispatch_table() -> DispatchTable:
    """Return the table of all topics.

    Raises:
        ValueError: two topics claim the same request.
    """
    table: dict[type[Any], Handler] = {}
    for topic in _TOPICS:
        for request, handler in topic.items():
            if request in table:
                raise ValueError(f"{request.__name__} has two handlers")
            table[request] = handler
    return table
