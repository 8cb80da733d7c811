"""How IBKR's gateways misbehave, as data.

Sources: client-portal-wire, section 7 ("What hurts users most"); tws-wire-protocol, section 5; the
pains of peers' users (peers.md): fills lost around 1100, informational codes taken for a cancel,
order ids rolled back, callbacks lost, doubled and out of order.

On the TWS gateway a connection is a client's session, an occasion a message of the sort concerned,
and ``containing`` is looked for in its name, such as ``OrderStatus``. Only what the gateway says by
itself is touched; answers to lists are honest unless the kind says otherwise. On the Client Portal
gateway a connection is a login, an occasion a request that was let in, and ``containing`` is looked
for in its method and path, such as ``POST /iserver/account/{accountId}/orders``; news are messages
of the WebSocket, and theirs is a WebSocket.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from attrs import field, frozen

from brokerport.domain.errors import InvalidConfiguration
from brokerport.simulator.faults.fault import (
    MILLISECONDS_MAX,
    Direction,
    Fault,
    Player,
    check_range,
    one_of,
    within,
)

CALLS_MAX = 1_000_000


@frozen(kw_only=True)
class TwsFault(Fault):
    """A fault that the simulated TWS gateway plays."""

    PLAYER: ClassVar[Player] = Player.TWS
    OCCASION: ClassVar[str] = "openOrder or orderStatus"
    DIRECTIONS: ClassVar[tuple[Direction, ...]] = ()


@frozen(kw_only=True)
class LostStatus(TwsFault):
    """An openOrder or orderStatus is not sent."""

    KIND: ClassVar[str] = "tws.lost_status"


@frozen(kw_only=True)
class RepeatedStatus(TwsFault):
    """An openOrder or orderStatus is sent twice."""

    KIND: ClassVar[str] = "tws.repeated_status"


@frozen(kw_only=True)
class FalseStatus(TwsFault):
    """An orderStatus of a working order says that it is over; the next one tells the truth."""

    KIND: ClassVar[str] = "tws.false_status"
    OCCASION: ClassVar[str] = "orderStatus of a working order"

    status: str = field(default="Inactive", validator=one_of("Inactive", "Cancelled"))


@frozen(kw_only=True)
class OrderNotice(TwsFault):
    """A message code follows an orderStatus of a working order, which lives on."""

    KIND: ClassVar[str] = "tws.order_notice"
    OCCASION: ClassVar[str] = "orderStatus of a working order"

    code: int = field(default=399, validator=one_of(399, 2109, 10349))


@frozen(kw_only=True)
class LostExecution(TwsFault):
    """An execDetails is not sent; the commissionReport is, and lists show both."""

    KIND: ClassVar[str] = "tws.lost_execution"
    OCCASION: ClassVar[str] = "execDetails"


@frozen(kw_only=True)
class RepeatedExecution(TwsFault):
    """An execDetails is sent twice."""

    KIND: ClassVar[str] = "tws.repeated_execution"
    OCCASION: ClassVar[str] = "execDetails"


@frozen(kw_only=True)
class LateExecution(TwsFault):
    """An execDetails is sent some milliseconds later, after what followed it."""

    KIND: ClassVar[str] = "tws.late_execution"
    OCCASION: ClassVar[str] = "execDetails"

    latency_ms_min: float = field(default=1.0, validator=within(0, MILLISECONDS_MAX))
    latency_ms_max: float = field(validator=within(0, MILLISECONDS_MAX))

    def check(self) -> None:
        """See ``Fault.check``."""
        check_range(self, "latency_ms_min", "latency_ms_max")


def _not_zero(_fault: object, _attribute: object, value: Decimal) -> None:
    if not value.is_finite() or not value:
        raise InvalidConfiguration("price_offset", value, "a finite amount other than zero")


@frozen(kw_only=True)
class ExecutionCorrection(TwsFault):
    """An execution is followed by a correction (``.01`` by ``.02``) with another price.

    ``price_offset`` is added to the price. ``is_taken_back`` lets a second correction (``.03``)
    restore the price, so that the exchange's book and what clients were told agree in the end: the
    exchange itself never trades at the offset price. Lists of executions show corrections too.
    """

    KIND: ClassVar[str] = "tws.correction"
    OCCASION: ClassVar[str] = "execDetails"

    price_offset: Decimal = field(default=Decimal("0.01"), validator=_not_zero)
    is_taken_back: bool = True


@frozen(kw_only=True)
class LostAcknowledgement(TwsFault):
    """A placeOrder or cancelOrder is carried out; the session never hears of that order again.

    Lists show it, and so does the next session.
    """

    KIND: ClassVar[str] = "tws.lost_acknowledgement"
    OCCASION: ClassVar[str] = "PlaceOrder or CancelOrder request"


@frozen(kw_only=True)
class DisconnectOnOrder(TwsFault):
    """A placeOrder or cancelOrder is carried out, and the connection closed without a word."""

    KIND: ClassVar[str] = "tws.disconnect_on_order"
    OCCASION: ClassVar[str] = "PlaceOrder or CancelOrder request"


@frozen(kw_only=True)
class Outage(TwsFault):
    """TWS loses IBKR (1100, or 2110) before a message, and finds it again (1102, or 1101).

    What the gateway would have said of orders in between is lost for good. After 1101 the quotes
    asked for until then are dead too.
    """

    KIND: ClassVar[str] = "tws.outage"
    OCCASION: ClassVar[str] = "message sent"

    code: int = field(default=1100, validator=one_of(1100, 2110))
    restored_code: int = field(default=1102, validator=one_of(1101, 1102))
    outage_ms_min: float = field(default=1.0, validator=within(0, MILLISECONDS_MAX))
    outage_ms_max: float = field(validator=within(0, MILLISECONDS_MAX))

    def check(self) -> None:
        """See ``Fault.check``."""
        check_range(self, "outage_ms_min", "outage_ms_max")


@frozen(kw_only=True)
class LowOrderId(TwsFault):
    """A nextValidId is told that is ``rolled_back_by`` too low; 0 tells the true one twice."""

    KIND: ClassVar[str] = "tws.low_order_id"
    OCCASION: ClassVar[str] = "nextValidId"

    rolled_back_by: int = field(default=0, validator=within(0, CALLS_MAX))


@frozen(kw_only=True)
class NoCompletedOrders(TwsFault):
    """A list of completed orders is empty."""

    KIND: ClassVar[str] = "tws.no_completed_orders"
    OCCASION: ClassVar[str] = "ReqCompletedOrders request"


@frozen(kw_only=True)
class PortalFault(Fault):
    """A fault that the simulated Client Portal gateway plays."""

    PLAYER: ClassVar[Player] = Player.CLIENT_PORTAL
    OCCASION: ClassVar[str] = "request"
    DIRECTIONS: ClassVar[tuple[Direction, ...]] = ()


@frozen(kw_only=True)
class UnansweredOrder(PortalFault):
    """An order's request is carried out and never answered; the connection stays open."""

    KIND: ClassVar[str] = "portal.lost_response"
    OCCASION: ClassVar[str] = "request that places, changes, cancels or confirms"


@frozen(kw_only=True)
class EmptyOrders(PortalFault):
    """The live orders are empty, for ``calls`` calls, and look like a true snapshot."""

    KIND: ClassVar[str] = "portal.empty_orders"
    OCCASION: ClassVar[str] = "GET /iserver/account/orders"

    calls: int = field(default=1, validator=within(1, CALLS_MAX))


@frozen(kw_only=True)
class StaleOrders(PortalFault):
    """The live orders are those of the list before, for ``calls`` calls."""

    KIND: ClassVar[str] = "portal.stale_orders"
    OCCASION: ClassVar[str] = "GET /iserver/account/orders, after the first"

    calls: int = field(default=1, validator=within(1, CALLS_MAX))


@frozen(kw_only=True)
class ForgottenReply(PortalFault):
    """A reply to a question is answered with "reply id not found", and nothing is placed."""

    KIND: ClassVar[str] = "portal.reply_not_found"
    OCCASION: ClassVar[str] = "POST /iserver/reply/{replyId}"


@frozen(kw_only=True)
class QuestionsReturn(PortalFault):
    """The login's suppressed questions are forgotten before a request, so that it may be asked."""

    KIND: ClassVar[str] = "portal.questions_return"


@frozen(kw_only=True)
class LostBrokerageSession(PortalFault):
    """The brokerage session is lost before or after a request is carried out."""

    KIND: ClassVar[str] = "portal.session_lost"

    moment: str = field(default="after", validator=one_of("before", "after"))


@frozen(kw_only=True)
class CompetingSession(PortalFault):
    """The username's brokerage session is taken by another device, after a request."""

    KIND: ClassVar[str] = "portal.competing"


@frozen(kw_only=True)
class Unavailable(PortalFault):
    """A request is answered with 503, and nothing of it happens."""

    KIND: ClassVar[str] = "portal.unavailable"


@frozen(kw_only=True)
class TooManyRequests(PortalFault):
    """A request is answered with 429, and nothing of it happens."""

    KIND: ClassVar[str] = "portal.too_many_requests"


@frozen(kw_only=True)
class SilentQuotes(PortalFault):
    """The login's streams of quotes (smd) end without a word, after a request."""

    KIND: ClassVar[str] = "portal.quotes_stop"


@frozen(kw_only=True)
class LostNews(PortalFault):
    """A message of the WebSocket about orders or trades is not sent."""

    KIND: ClassVar[str] = "portal.lost_news"
    OCCASION: ClassVar[str] = "sor or str message"


@frozen(kw_only=True)
class RepeatedNews(PortalFault):
    """A message of the WebSocket about orders or trades is sent twice."""

    KIND: ClassVar[str] = "portal.repeated_news"
    OCCASION: ClassVar[str] = "sor or str message"


VENDOR_FAULTS: tuple[type[Fault], ...] = (
    LostStatus,
    RepeatedStatus,
    FalseStatus,
    OrderNotice,
    LostExecution,
    RepeatedExecution,
    LateExecution,
    ExecutionCorrection,
    LostAcknowledgement,
    DisconnectOnOrder,
    Outage,
    LowOrderId,
    NoCompletedOrders,
    UnansweredOrder,
    EmptyOrders,
    StaleOrders,
    ForgottenReply,
    QuestionsReturn,
    LostBrokerageSession,
    CompetingSession,
    Unavailable,
    TooManyRequests,
    SilentQuotes,
    LostNews,
    RepeatedNews,
)
