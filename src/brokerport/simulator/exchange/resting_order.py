"""An order inside the exchange: its terms, what has traded, and what it waits for.

HELD      the session is closed
WAITING   a stop that is not triggered
WORKING   on the market
DONE      traded in full or cancelled
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from brokerport.domain.instruments import Instrument
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)


class Stage(Enum):
    """What an order inside the exchange waits for."""

    HELD = "held"
    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"


class RestingOrder:
    """One live order; mutable, private to the exchange."""

    __slots__ = (
        "arrival",
        "first_of_double",
        "instrument",
        "is_triggered",
        "limit_price",
        "order_id",
        "order_type",
        "quantity",
        "side",
        "stage",
        "time_in_force",
        "traded",
        "trigger_price",
    )

    def __init__(
        self,
        order_id: int,
        instrument: Instrument,
        side: Side,
        quantity: Decimal,
        order_type: OrderType,
        time_in_force: TimeInForce,
        arrival: int,
    ) -> None:
        self.order_id = order_id
        self.instrument = instrument
        self.side = side
        self.quantity = quantity
        self.time_in_force = time_in_force
        self.arrival = arrival
        self.traded = Decimal(0)
        self.stage = Stage.HELD
        self.is_triggered = False
        self.first_of_double: tuple[Decimal, Decimal] | None = None
        self.set_order_type(order_type)

    def set_order_type(self, order_type: OrderType) -> None:
        """Take on the prices of ``order_type``."""
        self.order_type = order_type
        self.limit_price: Decimal | None = None
        self.trigger_price: Decimal | None = None
        match order_type:
            case Market():
                pass
            case Limit(limit_price):
                self.limit_price = limit_price
            case Stop(trigger_price):
                self.trigger_price = trigger_price
            case StopLimit(trigger_price, limit_price):
                self.trigger_price, self.limit_price = trigger_price, limit_price

    @property
    def remaining(self) -> Decimal:
        """What has not traded yet."""
        return self.quantity - self.traded

    @property
    def awaits_trigger(self) -> bool:
        """Whether it is a stop that has not been triggered."""
        return self.trigger_price is not None and not self.is_triggered

    def accepts(self, price: Decimal) -> bool:
        """Say whether the order may trade at ``price``: never worse than its limit."""
        if self.limit_price is None:
            return True
        return price <= self.limit_price if self.side is Side.BUY else price >= self.limit_price
