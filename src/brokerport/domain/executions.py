"""Executions (fills) and the commission charged for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from attrs import Attribute, field, frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument
from brokerport.domain.money import Money
from brokerport.domain.order_types import Side


def utc(value: datetime) -> datetime:
    """Check that a time is aware and in UTC.

    Raises:
        BadInput: the time is naive or in another zone.
    """
    if value.tzinfo is None or value.utcoffset() != timedelta(0):
        raise BadInput("time", value.isoformat(), "timezone-aware UTC")
    return value


def _greater_than_zero(_execution: object, attribute: Attribute[Decimal], value: Decimal) -> None:
    if value <= 0:
        raise BadInput(f"execution.{attribute.name}", value, "greater than zero")


@frozen
class Execution:
    """One fill of one order.

    ``execution_id`` is the broker's and unique; ``price`` is in the instrument's currency per
    share and ``quantity`` in shares or contracts, always positive. ``order_reference`` is the
    orderRef the broker echoed: our ClientOrderId's text for an order of ours, else whatever another
    program or a person put there. ``executed_at`` is UTC.
    """

    execution_id: str
    broker_account: BrokerAccount
    instrument: Instrument
    side: Side
    quantity: Decimal = field(validator=_greater_than_zero)
    price: Decimal = field(validator=_greater_than_zero)
    executed_at: datetime = field(converter=utc)
    order_reference: str | None = None
    perm_id: int | None = None

    @property
    def cash_flow(self) -> Money:
        """What the fill does to cash before commission: negative for a buy."""
        gross = self.price * self.quantity * self.instrument.multiplier
        return Money(-self.side.sign * gross, self.instrument.currency)


@frozen
class Commission:
    """What the broker charged for one execution, fees included; positive is a cost.

    ``realised_pnl`` is the profit or loss the broker booked by closing, or None on an opening
    trade (IBKR sends its largest double there).
    """

    execution_id: str
    amount: Money
    realised_pnl: Money | None = None
