"""Orders: what the user wants, the identity it travels under, and the aggregate that lives.

Rules:

- A ClientOrderId is unique for ever, names its logical account, and travels as orderRef (TWS) or
  cOID (Client Portal), so that an order's owner can be read back from the broker's record alone.
- An Order changes only by ``after`` (a broker's report) and the three requests; the lifecycle table
  decides its status. Orders are values: each change is a new Order.
- A fill counts once, by its execution id; a correction takes the place of what it corrects. More
  filled than ordered is a contradiction.
- While a replace is unanswered, an order is FILLED only when both sets of terms are; a fill that
  only the new terms have room for proves that the broker took them.
- The first reason an order ended for stays; late refusals do not hide it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from attrs import Attribute, evolve, field, frozen

from brokerport.domain.accounts import account_name
from brokerport.domain.contracts import ContractDetails
from brokerport.domain.errors import BadInput, ContradictoryReport, InvalidOrder
from brokerport.domain.executions import Execution
from brokerport.domain.instruments import Instrument, Option, Stock
from brokerport.domain.order_lifecycle import OrderStatus, OrderTrigger, next_status
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
    order_number,
    prices_of,
)
from brokerport.domain.reports import (
    Acknowledged,
    Cancelled,
    CancelRefused,
    Executed,
    OrderReport,
    Rejected,
    Replaced,
    ReplaceRefused,
    Warned,
)

_UNIQUE_PART = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}\Z")


def _unique_part(value: str) -> str:
    if not _UNIQUE_PART.match(value):
        raise BadInput("client_order_id", value, "26 characters of Crockford base 32 (a ULID)")
    return value


@frozen
class ClientOrderId:
    """Our name for an order: the logical account and a ULID, as ``gen.01JD2V8Y3W...``.

    At most 51 characters: 24 for the account, a dot and a ULID. IBKR documents no limit for
    orderRef; that it echoes this length is still to be seen on a paper account.
    """

    account: str = field(converter=account_name)
    unique_part: str = field(converter=_unique_part)

    def __str__(self) -> str:
        return f"{self.account}.{self.unique_part}"

    @classmethod
    def parse(cls, text: str) -> ClientOrderId:
        """Read a ClientOrderId back from an orderRef or cOID.

        Raises:
            BadInput: the text is not one of ours.
        """
        account, dot, unique_part = text.partition(".")
        if not dot:
            raise BadInput("client_order_id", text, "an account name, a dot and a ULID")
        return cls(account, unique_part)


def is_client_order_id(text: str | None) -> bool:
    """Say whether an order reference is a ClientOrderId of brokerport's."""
    try:
        ClientOrderId.parse(text or "")
    except BadInput:
        return False
    return True


def _quantity(value: Decimal | int | str) -> Decimal:
    quantity = order_number("quantity", value)
    if quantity != quantity.to_integral():
        raise InvalidOrder("quantity", value, "a whole number of shares or contracts")
    return quantity.quantize(Decimal(1))


def _one_of(*kinds: type) -> Callable[[object, Attribute[Any], object], None]:
    def check(_request: object, attribute: Attribute[Any], value: object) -> None:
        if not isinstance(value, kinds):
            allowed = " or ".join(kind.__name__ for kind in kinds)
            raise InvalidOrder(attribute.name, value, f"a {allowed}")

    return check


@frozen
class OrderRequest:
    """What the user wants: one order in one instrument for one logical account.

    ``quantity`` is in shares or contracts. Raises ``InvalidOrder`` naming the field at fault.
    """

    account: str
    instrument: Instrument = field(validator=_one_of(Stock, Option))
    side: Side = field(validator=_one_of(Side))
    quantity: Decimal = field(converter=_quantity)
    order_type: OrderType = field(validator=_one_of(Market, Limit, Stop, StopLimit))
    time_in_force: TimeInForce = field(default=TimeInForce.DAY, validator=_one_of(TimeInForce))


def check_not_expired(instrument: Instrument, today: date) -> None:
    """Refuse an option that expired before ``today``, the date at its exchange.

    Raises:
        InvalidOrder: names the expiry and the first date allowed.
    """
    if isinstance(instrument, Option) and instrument.expiry < today:
        raise InvalidOrder("instrument.expiry", instrument.expiry.isoformat(), f"{today} or later")


def check_prices(order_type: OrderType, details: ContractDetails) -> None:
    """Refuse prices that are not a whole number of ticks.

    Raises:
        InvalidOrder: names the price, its value and the tick.
    """
    for name, price in prices_of(order_type).items():
        if not details.is_on_tick(price):
            tick = details.tick_size(price)
            raise InvalidOrder(name, price, f"a multiple of the tick size {tick}")


@frozen
class Order:
    """One order and all that is known of it.

    ``quantity`` and ``order_type`` are the terms the broker works; ``proposed`` holds the terms of
    a replace that is not answered yet. ``executions`` are in order of arrival.
    """

    client_order_id: ClientOrderId
    request: OrderRequest
    quantity: Decimal
    order_type: OrderType
    status: OrderStatus = OrderStatus.PENDING_SUBMIT
    broker_order_id: str | None = None
    perm_id: int | None = None
    executions: tuple[Execution, ...] = ()
    proposed: tuple[Decimal, OrderType] | None = None
    reason: str = ""
    code: int | None = None
    warnings: tuple[str, ...] = ()

    @classmethod
    def submitted(cls, client_order_id: ClientOrderId, request: OrderRequest) -> Order:
        """Return the order as it is when it leaves for the broker."""
        return cls(client_order_id, request, request.quantity, request.order_type)

    @property
    def account(self) -> str:
        """The logical account's name."""
        return self.client_order_id.account

    @property
    def instrument(self) -> Instrument:
        """What the order trades."""
        return self.request.instrument

    @property
    def side(self) -> Side:
        """Which way the order trades."""
        return self.request.side

    @property
    def filled_quantity(self) -> Decimal:
        """How many shares or contracts have traded."""
        return sum((fill.quantity for fill in self.executions), Decimal(0))

    @property
    def remaining_quantity(self) -> Decimal:
        """How many shares or contracts are still to trade."""
        return self.quantity - self.filled_quantity

    @property
    def average_fill_price(self) -> Decimal | None:
        """The average price per share of what has traded, or None when nothing has."""
        filled = self.filled_quantity
        if not filled:
            return None
        return sum((fill.price * fill.quantity for fill in self.executions), Decimal(0)) / filled

    @property
    def is_known_to_broker(self) -> bool:
        """Whether the broker ever showed that it had the order."""
        return self.broker_order_id is not None or bool(self.executions)

    def after(self, report: OrderReport) -> Order:
        """Return the order after the broker reported something of it.

        Raises:
            ContradictoryReport: the report cannot be true of this order; the order is unchanged.
        """
        if report.client_order_id != str(self.client_order_id):
            raise ContradictoryReport(
                f"a report on {report.client_order_id} was given to {self.client_order_id}"
            )
        match report:
            case Executed(execution=execution):
                return self._after_execution(execution)
            case Acknowledged(broker_order_id=broker_order_id, perm_id=perm_id):
                return evolve(
                    self._shown_alive(OrderTrigger.ACKNOWLEDGED),
                    # A record of completed orders may leave the id out.
                    broker_order_id=broker_order_id or self.broker_order_id or "",
                    perm_id=self.perm_id if perm_id is None else perm_id,
                )
            case Replaced(quantity=quantity, order_type=order_type):
                return self._after_replaced(quantity, order_type)
            case ReplaceRefused(reason=reason, code=code):
                moved = evolve(self._moved(OrderTrigger.REPLACE_REJECTED), proposed=None)
                return moved._explained(self.status.is_done, reason, code)._filled_if_complete()
            case CancelRefused(reason=reason, code=code):
                moved = self._moved(OrderTrigger.CANCEL_REJECTED)
                return moved._explained(self.status.is_done, reason, code)
            case Cancelled(reason=reason):
                moved = self._moved(OrderTrigger.CANCELLED)
                if self.proposed is not None and self.filled_quantity >= self.quantity:
                    # Only the new terms left something to cancel: the broker had taken them.
                    moved = moved._on_terms(*self.proposed)
                known = moved.status is self.status and self.reason != ""
                return evolve(moved, proposed=None)._explained(known, reason, None)
            case Rejected(reason=reason, code=code):
                moved = evolve(self._moved(OrderTrigger.REJECTED), proposed=None)
                known = moved.status is self.status and self.reason != ""
                return moved._explained(known, reason, code)._filled_if_complete()
            case Warned(reason=reason):
                if reason in self.warnings:
                    return self
                return evolve(self, warnings=(*self.warnings, reason))

    def with_replace_requested(self, quantity: Decimal, order_type: OrderType) -> Order:
        """Return the order with a change of terms on its way to the broker.

        Raises:
            InvalidOrder: the new quantity is not more than what is filled already.
            ContradictoryReport: the order is not live.
        """
        if quantity <= self.filled_quantity:
            raise InvalidOrder(
                "quantity", quantity, f"more than the {self.filled_quantity} already filled"
            )
        moved = self._moved(OrderTrigger.REPLACE_REQUESTED)
        return evolve(moved, proposed=(quantity, order_type))

    def with_cancel_requested(self) -> Order:
        """Return the order with a cancel on its way to the broker.

        Raises:
            ContradictoryReport: the order is done.
        """
        return self._moved(OrderTrigger.CANCEL_REQUESTED)

    def with_nothing_sent(self) -> Order:
        """Return the order after it could not be sent at all: it is not placed."""
        return self._moved(OrderTrigger.NOT_SENT)

    def with_answer_lost(self) -> Order:
        """Return the order after the broker's answer failed to come: in doubt, never failed."""
        return self._moved(OrderTrigger.ANSWER_LOST)

    def with_absence_proved(self) -> Order:
        """Return the order after the broker showed that it never had it: it is not placed."""
        return self._moved(OrderTrigger.FOUND_ABSENT)

    def _moved(self, trigger: OrderTrigger) -> Order:
        return evolve(self, status=next_status(self.status, trigger))

    def _explained(self, is_known: bool, reason: str, code: int | None) -> Order:
        """Return the order with a reason, unless late news would hide why it ended."""
        return self if is_known else evolve(self, reason=reason, code=code)

    def _on_terms(self, quantity: Decimal, order_type: OrderType) -> Order:
        return evolve(self, quantity=quantity, order_type=order_type, proposed=None)

    def _after_replaced(self, quantity: Decimal, order_type: OrderType) -> Order:
        filled = self.filled_quantity
        if quantity <= 0 or quantity < filled:
            raise ContradictoryReport(
                f"order {self.client_order_id} with {filled} filled cannot be for {quantity}"
            )
        if self.status is OrderStatus.FILLED and quantity > filled:
            raise ContradictoryReport(
                f"order {self.client_order_id} is filled for {filled}, it cannot be for {quantity}"
            )
        if self.status is OrderStatus.PENDING_REPLACE and self.proposed != (quantity, order_type):
            # Late news of other terms does not answer the replace that is under way.
            heard = self._moved(OrderTrigger.ACKNOWLEDGED)
            heard = evolve(heard, quantity=quantity, order_type=order_type)
        else:
            heard = self._moved(OrderTrigger.REPLACED)._on_terms(quantity, order_type)
        return heard._filled_if_complete()

    def _after_execution(self, execution: Execution) -> Order:
        family = execution.family
        corrected = next((fill for fill in self.executions if fill.family == family), None)
        if corrected is not None and corrected.revision >= execution.revision:
            is_same = (corrected.quantity, corrected.price) == (execution.quantity, execution.price)
            if corrected.revision == execution.revision and not is_same:
                raise ContradictoryReport(
                    f"execution {execution.execution_id} was told as {corrected.quantity} at "
                    f"{corrected.price} and now as {execution.quantity} at {execution.price}"
                )
            return self
        if execution.side is not self.side or execution.instrument != self.instrument:
            raise ContradictoryReport(
                f"execution {execution.execution_id} ({execution.side.value} "
                f"{execution.instrument}) does not belong to order {self.client_order_id}"
            )
        if corrected is not None:
            return self._corrected(corrected, execution)
        filled = self.filled_quantity + execution.quantity
        ordered = max(self.quantity, self.proposed[0] if self.proposed else self.quantity)
        if filled > ordered:
            raise ContradictoryReport(
                f"execution {execution.execution_id} would fill {filled} of order "
                f"{self.client_order_id} for {ordered}"
            )
        order = self
        if self.proposed is not None and filled > self.quantity:
            # Only the new terms have room for this fill: the broker took them before it said so.
            order = self._moved(OrderTrigger.REPLACED)._on_terms(*self.proposed)
        order = evolve(order, executions=(*self.executions, execution))
        if order._is_complete:
            return order._filled_if_complete()
        return order._shown_alive(OrderTrigger.PARTIALLY_FILLED)

    def _corrected(self, corrected: Execution, execution: Execution) -> Order:
        filled = self.filled_quantity - corrected.quantity + execution.quantity
        if (self.status.is_done and filled != self.filled_quantity) or filled > self.quantity:
            # Whether what is left would trade again nobody has said; reconciliation shows it.
            raise ContradictoryReport(
                f"execution {execution.execution_id} corrects {corrected.quantity} to "
                f"{execution.quantity} of order {self.client_order_id}, which is "
                f"{self.status.value} with {self.filled_quantity} of {self.quantity} filled"
            )
        fills = tuple(execution if fill is corrected else fill for fill in self.executions)
        return evolve(self, executions=fills)._filled_if_complete()

    def _shown_alive(self, trigger: OrderTrigger) -> Order:
        """Return the order after news that it lives, which does not say on which terms."""
        if self.status is OrderStatus.IN_DOUBT and self.proposed is not None:
            return self
        return self._moved(trigger)

    @property
    def _is_complete(self) -> bool:
        filled = self.filled_quantity
        return filled == self.quantity and (self.proposed is None or filled >= self.proposed[0])

    def _filled_if_complete(self) -> Order:
        if not self._is_complete:
            return self
        return evolve(self._moved(OrderTrigger.FULLY_FILLED), proposed=None)
