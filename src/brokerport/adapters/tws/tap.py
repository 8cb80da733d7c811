"""The tap: what ib_async's decoder calls for every message, as it arrives.

It stands where the library's own ``Wrapper`` would. It sorts and keeps nothing: rows to the reads
that asked for them, news of orders, fills and positions to those who know what they mean.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

from ib_async.contract import Contract, ContractDescription
from ib_async.contract import ContractDetails as TwsContractDetails
from ib_async.objects import CommissionReport, PriceIncrement
from ib_async.objects import Execution as TwsExecution
from ib_async.order import Order as TwsOrder
from ib_async.order import OrderState

from brokerport.adapters.tws.code_table import CLIENT_ID_IN_USE, TOO_MANY_MESSAGES
from brokerport.adapters.tws.order_events import OrderEvents
from brokerport.adapters.tws.position_stream import PositionStream
from brokerport.adapters.tws.reads import Kind, Reads
from brokerport.adapters.tws.rows import (
    CompletedOrderRow,
    ExecutionRow,
    FreshnessTick,
    GreeksTick,
    OpenOrderRow,
    OptionParametersRow,
    OrderStatusRow,
    PriceTick,
    ProfitRow,
    SizeTick,
    SnapshotEnd,
    SummaryRow,
)

# A fill that nobody asked for comes with this request id.
UNSOLICITED = -1


class _Zones:
    """What the decoder asks of the library's ``IB``: the zone of times that name none."""

    def __init__(self, time_zone: Callable[[], str]) -> None:
        self._time_zone = time_zone

    @property
    def TimezoneTWS(self) -> str:
        return self._time_zone()


class Tap:
    """Receives every message of one session; the names are ib_async's."""

    def __init__(
        self,
        reads: Reads,
        orders: OrderEvents,
        positions: PositionStream,
        notice: Callable[[int | None, str], None],
        refused: Callable[[str], None],
        time_zone: Callable[[], str],
        too_fast: Callable[[], None] = lambda: None,
    ) -> None:
        """Build it; ``too_fast`` is called when TWS says that too many messages came."""
        self.defaultTimezone = UTC
        self.ib = _Zones(time_zone)
        self._reads = reads
        self._orders = orders
        self._positions = positions
        self._notice = notice
        self._refused = refused
        self._too_fast = too_fast

    # The session.

    def connectAck(self) -> None:
        """Take in that the handshake is done."""

    def setEventsDone(self) -> None:
        """Take in that the socket is gone; the line hears that itself."""

    def connectionClosed(self) -> None:
        """Take in that the session is gone; the line hears that itself."""

    def currentTime(self, seconds: int) -> None:
        """Take in the broker's time: what was said before it is complete."""
        self._reads.add_kind(Kind.BROKER_TIME, seconds)
        self._reads.end_kind(Kind.BROKER_TIME)

    def error(self, request_id: int, code: int, text: str, _advanced: str = "") -> None:
        """Take in a message code: about a read, an order or the session."""
        if code == CLIENT_ID_IN_USE:
            self._refused(f"{text} (code {code})")
        if code == TOO_MANY_MESSAGES:
            self._too_fast()
        if self._reads.refuse(request_id, code, text):
            return
        is_read = self._reads.has(request_id)
        if is_read or not self._orders.hear_code(request_id, code, text):
            self._notice(code, text)

    # Orders and executions.

    def openOrder(
        self, _order_id: int, contract: Contract, order: TwsOrder, state: OrderState
    ) -> None:
        """Take in an order as it stands; the answer to a what-if comes so too."""
        row = OpenOrderRow(contract, order, state)
        if order.whatIf:
            self._reads.add(order.orderId, row)
            return
        self._reads.add_kind(Kind.OPEN_ORDERS, row)
        self._orders.hear_open_order(contract, order, state)

    def openOrderEnd(self) -> None:
        """Take in the end of the open orders."""
        self._reads.end_kind(Kind.OPEN_ORDERS)

    def orderStatus(
        self,
        order_id: int,
        status: str,
        filled: float,
        _remaining: float,
        _average_price: float,
        perm_id: int,
        _parent_id: int,
        _last_price: float,
        client_id: int,
        why_held: str,
        _price_cap: float = 0.0,
    ) -> None:
        """Take in an order's status."""
        row = OrderStatusRow(client_id, order_id, perm_id, status, filled, why_held)
        self._reads.add_kind(Kind.OPEN_ORDERS, row)
        self._orders.hear_status(client_id, order_id, perm_id, status, why_held)

    def completedOrder(self, contract: Contract, order: TwsOrder, state: OrderState) -> None:
        """Take in an order that is done."""
        self._reads.add_kind(Kind.COMPLETED_ORDERS, CompletedOrderRow(contract, order, state))

    def completedOrdersEnd(self) -> None:
        """Take in the end of the completed orders."""
        self._reads.end_kind(Kind.COMPLETED_ORDERS)

    def execDetails(self, request_id: int, contract: Contract, execution: TwsExecution) -> None:
        """Take in a fill: news, or a row of an answer.

        One with the id of a read that gave up is neither: it would be old news told as new.
        """
        if request_id == UNSOLICITED:
            self._orders.hear_execution(contract, execution)
        else:
            self._reads.add(request_id, ExecutionRow(contract, execution))

    def execDetailsEnd(self, request_id: int) -> None:
        """Take in the end of the executions."""
        self._reads.end(request_id)

    def commissionReport(self, report: CommissionReport) -> None:
        """Take in the commission of a fill, live or in an answer."""
        self._orders.hear_commission(report)

    # Accounts.

    def position(
        self, account: str, contract: Contract, quantity: float, average_cost: float
    ) -> None:
        """Take in what an account holds of one instrument."""
        row = self._positions.hear(account, contract, quantity, average_cost)
        self._reads.add_kind(Kind.POSITIONS, row)

    def positionEnd(self) -> None:
        """Take in the end of the positions."""
        self._positions.complete()
        self._reads.end_kind(Kind.POSITIONS)

    def accountSummary(
        self, request_id: int, account: str, tag: str, value: str, currency: str
    ) -> None:
        """Take in one value of an account."""
        self._reads.add(request_id, SummaryRow(account, tag, value, currency))

    def accountSummaryEnd(self, request_id: int) -> None:
        """Take in the end of the account values."""
        self._reads.end(request_id)

    def pnl(self, request_id: int, daily: float, unrealised: float, realised: float) -> None:
        """Take in an account's profit and loss."""
        self._reads.add(request_id, ProfitRow(daily, unrealised, realised))

    # Contracts.

    def contractDetails(self, request_id: int, details: TwsContractDetails) -> None:
        """Take in a contract that fits a description."""
        self._reads.add(request_id, details)

    def contractDetailsEnd(self, request_id: int) -> None:
        """Take in the end of the contracts."""
        self._reads.end(request_id)

    def marketRule(self, rule_id: int, steps: list[PriceIncrement]) -> None:
        """Take in the price steps of a market rule."""
        self._reads.answer_rule(rule_id, steps)

    def symbolSamples(self, request_id: int, found: list[ContractDescription]) -> None:
        """Take in the contracts whose name matches."""
        for description in found:
            self._reads.add(request_id, description)
        self._reads.end(request_id)

    def securityDefinitionOptionParameter(
        self,
        request_id: int,
        exchange: str,
        _underlying: Any,
        trading_class: str,
        multiplier: str,
        expirations: list[str],
        strikes: list[float],
    ) -> None:
        """Take in the expiries and strikes of a trading class on an exchange."""
        row = OptionParametersRow(exchange, trading_class, multiplier, expirations, strikes)
        self._reads.add(request_id, row)

    def securityDefinitionOptionParameterEnd(self, request_id: int) -> None:
        """Take in the end of the option parameters."""
        self._reads.end(request_id)

    # Market data.

    def priceSizeTick(self, request_id: int, kind: int, price: float, size: float) -> None:
        """Take in a price with its size."""
        self._reads.add(request_id, PriceTick(kind, price, size))

    def tickSize(self, request_id: int, kind: int, size: float) -> None:
        """Take in a size."""
        self._reads.add(request_id, SizeTick(kind, size))

    def tickOptionComputation(
        self,
        request_id: int,
        kind: int,
        _basis: int,
        implied_volatility: float,
        delta: float,
        price: float,
        _dividend: float,
        gamma: float,
        vega: float,
        theta: float,
        underlying_price: float,
    ) -> None:
        """Take in an option model's values."""
        tick = GreeksTick(
            kind, implied_volatility, delta, price, gamma, vega, theta, underlying_price
        )
        self._reads.add(request_id, tick)

    def marketDataType(self, request_id: int, kind: int) -> None:
        """Take in how fresh the ticks of a request are."""
        self._reads.add(request_id, FreshnessTick(kind))

    def tickSnapshotEnd(self, request_id: int) -> None:
        """Take in the end of a snapshot."""
        self._reads.add(request_id, SnapshotEnd())
