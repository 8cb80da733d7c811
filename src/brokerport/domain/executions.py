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


def execution_family(execution_id: str) -> tuple[str, int]:
    """Split an execution id into what a correction keeps and its revision.

    IBKR: a correction is a further execution whose id differs only in the digits after the last
    dot. Its ids have four parts, ``0000e0d5.6571a2bc.01.01``; any other form has no revisions.
    """
    parts = execution_id.split(".")
    if len(parts) == 4 and len(parts[3]) == 2 and parts[3].isdecimal():
        return ".".join(parts[:3]), int(parts[3])
    return execution_id, 0


@frozen
class Execution:
    """One fill of one order, or the correction of one: the same family, a higher revision.

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
    def family(self) -> str:
        """What the execution's id has in common with those of its corrections."""
        return execution_family(self.execution_id)[0]

    @property
    def revision(self) -> int:
        """Which correction this is; the highest of a family is what holds."""
        return execution_family(self.execution_id)[1]

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
