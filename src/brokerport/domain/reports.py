"""What a broker reports of an order, whichever API carried it.

Adapters translate their vendor's messages into these and nothing else; the order's own rules
(``orders``, ``order_lifecycle``) decide what a report does. Every report names the order by our
ClientOrderId's text. Codes and reasons are the broker's own, kept word for word.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from attrs import frozen

from brokerport.domain.executions import Execution
from brokerport.domain.order_types import OrderType


@frozen
class Acknowledged:
    """The broker has the order and works it."""

    client_order_id: str
    broker_order_id: str
    perm_id: int | None = None


@frozen
class Replaced:
    """The broker works the order on these new terms."""

    client_order_id: str
    quantity: Decimal
    order_type: OrderType


@frozen
class ReplaceRefused:
    """The broker refused new terms; the order lives on with the old ones.

    ``question`` is what the broker asked first, None when it asked nothing we left unanswered.
    """

    client_order_id: str
    reason: str
    code: int | None = None
    question: str | None = None


@frozen
class CancelRefused:
    """The broker refused to cancel."""

    client_order_id: str
    reason: str
    code: int | None = None


@frozen
class Cancelled:
    """The order is off the market; ``reason`` is empty when we asked for it.

    IBKR reports the end of an order's time in force so too, with a reason.
    """

    client_order_id: str
    reason: str = ""


@frozen
class Rejected:
    """The broker refused the order.

    ``question`` is what the broker asked first, None when it asked nothing we left unanswered.
    """

    client_order_id: str
    reason: str
    code: int | None = None
    question: str | None = None


@frozen
class Executed:
    """The order traded."""

    client_order_id: str
    execution: Execution


@frozen
class Warned:
    """The broker has something to say about an order that stays as it is."""

    client_order_id: str
    reason: str
    code: int | None = None


OrderReport: TypeAlias = (
    Acknowledged
    | Replaced
    | ReplaceRefused
    | CancelRefused
    | Cancelled
    | Rejected
    | Executed
    | Warned
)
