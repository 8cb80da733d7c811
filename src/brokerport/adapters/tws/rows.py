"""The rows of reads: one for each message of TWS's that is kept, as it came.

A row carries ib_async's objects and numbers; the ports' translators turn it into domain values. A
position's row is in ``position_stream``, which reads the numbers first to know what is news.
"""

from __future__ import annotations

from typing import NamedTuple

from ib_async.contract import Contract
from ib_async.objects import Execution as TwsExecution
from ib_async.order import Order as TwsOrder
from ib_async.order import OrderState


class OpenOrderRow(NamedTuple):
    """One openOrder message."""

    contract: Contract
    order: TwsOrder
    state: OrderState


class OrderStatusRow(NamedTuple):
    """One orderStatus message, as far as it is used."""

    client_id: int
    order_id: int
    perm_id: int
    status: str
    filled: float
    why_held: str


class CompletedOrderRow(NamedTuple):
    """One completedOrder message."""

    contract: Contract
    order: TwsOrder
    state: OrderState


class ExecutionRow(NamedTuple):
    """One execDetails message that answers a request."""

    contract: Contract
    execution: TwsExecution


class SummaryRow(NamedTuple):
    """One accountSummary message."""

    account: str
    tag: str
    value: str
    currency: str


class ProfitRow(NamedTuple):
    """One pnl message."""

    daily: float
    unrealised: float
    realised: float


class OptionParametersRow(NamedTuple):
    """One securityDefinitionOptionParameter message."""

    exchange: str
    trading_class: str
    multiplier: str
    expirations: list[str]
    strikes: list[float]


class PriceTick(NamedTuple):
    """A price with its size."""

    kind: int
    price: float
    size: float


class SizeTick(NamedTuple):
    """A size alone."""

    kind: int
    size: float


class GreeksTick(NamedTuple):
    """An option computation."""

    kind: int
    implied_volatility: float
    delta: float
    price: float
    gamma: float
    vega: float
    theta: float
    underlying_price: float


class FreshnessTick(NamedTuple):
    """How fresh the ticks of a request are, IBKR's market data type."""

    kind: int


class SnapshotEnd(NamedTuple):
    """The end of a snapshot."""
