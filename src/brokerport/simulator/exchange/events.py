"""What the exchange tells its subscribers, in the order in which it happens.

An order's events are: Accepted; then, when it could not work at once, Activated (the session
opened) and, for a stop, Triggered; any number of Traded and Replaced; and Cancelled unless it
traded in full. Times are UTC.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from attrs import frozen

from brokerport.domain.order_types import OrderType, TimeInForce


class CancelReason(Enum):
    """Why an order left the market without trading in full."""

    REQUESTED = "requested"
    IMMEDIATE_OR_CANCEL = "immediate or cancel"
    SESSION_ENDED = "session ended"
    INSTRUMENT_EXPIRED = "instrument expired"


@frozen
class Accepted:
    """The exchange has the order; until the session or its trigger comes it is not working."""

    order_id: int
    is_working: bool
    at: datetime


@frozen
class Activated:
    """The session opened and the order works from now on; an untriggered stop is not activated."""

    order_id: int
    at: datetime


@frozen
class Triggered:
    """The stop was triggered: it works from now on as a market or limit order."""

    order_id: int
    at: datetime


@frozen
class Traded:
    """The order traded ``quantity`` at ``price``."""

    order_id: int
    quantity: Decimal
    price: Decimal
    at: datetime


@frozen
class Replaced:
    """The order has new terms; ``quantity`` is the new total, what has traded included."""

    order_id: int
    quantity: Decimal
    order_type: OrderType
    time_in_force: TimeInForce
    is_working: bool
    at: datetime


@frozen
class Cancelled:
    """The rest of the order is off the market."""

    order_id: int
    reason: CancelReason
    at: datetime


ExchangeEvent: TypeAlias = Accepted | Activated | Triggered | Traded | Replaced | Cancelled
