"""Conditions that an order may wait for, as placeOrder, openOrder and completedOrder carry them.

Rule: a condition joins the next one with AND when `is_conjunction_connection`, else with OR.
Source: ib_async order.py, official order_condition.py; type numbers 1, 3, 4, 5, 6, 7.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen


@frozen
class PriceCondition:
    """The price of a contract passes a level (type 1)."""

    is_conjunction_connection: bool
    is_more: bool
    price: Decimal
    con_id: int
    exchange: str
    trigger_method: int = 0


@frozen
class TimeCondition:
    """The clock passes a moment (type 3); the time is kept as the client wrote it."""

    is_conjunction_connection: bool
    is_more: bool
    time: str


@frozen
class MarginCondition:
    """The account's margin cushion passes a whole percentage (type 4); ib_async reads no other."""

    is_conjunction_connection: bool
    is_more: bool
    percent: int


@frozen
class ExecutionCondition:
    """A trade of some symbol happens in the account (type 5)."""

    is_conjunction_connection: bool
    sec_type: str
    exchange: str
    symbol: str


@frozen
class VolumeCondition:
    """The traded volume of a contract passes a level (type 6)."""

    is_conjunction_connection: bool
    is_more: bool
    volume: int
    con_id: int
    exchange: str


@frozen
class PercentChangeCondition:
    """A contract's change since the last close, in percent, passes a level (type 7)."""

    is_conjunction_connection: bool
    is_more: bool
    change_percent: Decimal
    con_id: int
    exchange: str


OrderCondition = (
    PriceCondition
    | TimeCondition
    | MarginCondition
    | ExecutionCondition
    | VolumeCondition
    | PercentChangeCondition
)
