"""brokerport: one typed Python port to Interactive Brokers.

``open_broker`` opens a session, through whichever adapter the configuration names, and gives a
``Broker``; everything it takes and returns is exported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brokerport.broker import Broker
from brokerport.config import Settings, load_settings, settings_from
from brokerport.domain.accounts import BrokerAccount, LogicalAccount, Role
from brokerport.domain.balances import Balances, MarginImpact, ProfitAndLoss
from brokerport.domain.contracts import ContractDetails, OptionChain, PriceIncrement
from brokerport.domain.errors import (
    AccountQuarantined,
    BadInput,
    BrokerportError,
    BrokerRefusal,
    CancelRejected,
    ContradictoryReport,
    FinalError,
    InvalidConfiguration,
    InvalidOrder,
    JournalDamaged,
    JournalInUse,
    JournalUnavailable,
    NotConnected,
    OrderInDoubt,
    OrderRejected,
    OutcomeUnknown,
    ReplaceRejected,
    RequestRefused,
    RequestTimedOut,
    RetryableError,
    SessionRefused,
    TemporarilyRefused,
    UnansweredQuestion,
    UnansweredReplaceQuestion,
    UnknownAccount,
    UnknownContract,
    UnknownOrder,
    Unsupported,
)
from brokerport.domain.events import (
    AccountClosed,
    AccountOpened,
    BrokerEvent,
    BrokerNotice,
    CommissionCharged,
    ContradictionFound,
    ExecutionReceived,
    OrderChanged,
    PositionChanged,
    SessionChanged,
    SessionState,
)
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.known import Known
from brokerport.domain.market_data import Greeks, MarketDataKind, Quote
from brokerport.domain.money import Money, usd
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import (
    Limit,
    Market,
    OrderType,
    Side,
    Stop,
    StopLimit,
    TimeInForce,
)
from brokerport.domain.orders import ClientOrderId, Order, OrderRequest
from brokerport.domain.positions import Holding, Position
from brokerport.domain.reconciliation import (
    CashMismatch,
    Discrepancy,
    ExecutionMismatch,
    MissingExecution,
    OrderMismatch,
    PositionMismatch,
    Reconciliation,
    StaleOrder,
    UnknownExecution,
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
from brokerport.ports.adapter import Capability
from brokerport.ports.orders import BookedExecution
from brokerport.services.event_bus import EventStream
from brokerport.sync_broker import SyncBroker

if TYPE_CHECKING:
    from brokerport.container import open_broker, open_broker_sync

__all__ = [
    "AccountClosed",
    "AccountOpened",
    "AccountQuarantined",
    "Acknowledged",
    "BadInput",
    "Balances",
    "BookedExecution",
    "Broker",
    "BrokerAccount",
    "BrokerEvent",
    "BrokerNotice",
    "BrokerRefusal",
    "BrokerportError",
    "CancelRefused",
    "CancelRejected",
    "Cancelled",
    "Capability",
    "CashMismatch",
    "ClientOrderId",
    "Commission",
    "CommissionCharged",
    "ContractDetails",
    "ContradictionFound",
    "ContradictoryReport",
    "Discrepancy",
    "EventStream",
    "Executed",
    "Execution",
    "ExecutionMismatch",
    "ExecutionReceived",
    "FinalError",
    "Greeks",
    "Holding",
    "Instrument",
    "InvalidConfiguration",
    "InvalidOrder",
    "JournalDamaged",
    "JournalInUse",
    "JournalUnavailable",
    "Known",
    "Limit",
    "LogicalAccount",
    "MarginImpact",
    "Market",
    "MarketDataKind",
    "MissingExecution",
    "Money",
    "NotConnected",
    "Option",
    "OptionChain",
    "OptionRight",
    "Order",
    "OrderChanged",
    "OrderInDoubt",
    "OrderMismatch",
    "OrderRejected",
    "OrderReport",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "OutcomeUnknown",
    "Position",
    "PositionChanged",
    "PositionMismatch",
    "PriceIncrement",
    "ProfitAndLoss",
    "Quote",
    "Reconciliation",
    "Rejected",
    "ReplaceRefused",
    "ReplaceRejected",
    "Replaced",
    "RequestRefused",
    "RequestTimedOut",
    "RetryableError",
    "Role",
    "SessionChanged",
    "SessionRefused",
    "SessionState",
    "Settings",
    "Side",
    "StaleOrder",
    "Stock",
    "Stop",
    "StopLimit",
    "SyncBroker",
    "TemporarilyRefused",
    "TimeInForce",
    "UnansweredQuestion",
    "UnansweredReplaceQuestion",
    "UnknownAccount",
    "UnknownContract",
    "UnknownExecution",
    "UnknownOrder",
    "Unsupported",
    "Warned",
    "load_settings",
    "open_broker",
    "open_broker_sync",
    "settings_from",
    "usd",
]


def __getattr__(name: str) -> Any:
    # The container imports every adapter; who only wants the types should not pay for that.
    if name in ("open_broker", "open_broker_sync"):
        from brokerport import container

        return getattr(container, name)
    raise AttributeError(f"module 'brokerport' has no attribute {name!r}")
