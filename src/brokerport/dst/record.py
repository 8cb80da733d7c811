"""What is written down of a run, for the checker: three books and how they came about.

What callers were told (calls and events), what the journal holds, what the exchange has. Times are
the virtual loop's, in seconds from the start of the run.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import define, field, frozen

from brokerport.domain.events import BrokerEvent
from brokerport.domain.journal import JournalEntry
from brokerport.domain.order_types import OrderType
from brokerport.domain.orders import Order, OrderRequest
from brokerport.domain.positions import Holding, Position
from brokerport.simulator.brokerage.events import BrokerageEvent
from brokerport.simulator.brokerage.orders import BrokerageExecution, BrokerageOrder


@define(eq=False)
class Call:
    """One call of a user's, and what came of it.

    ``client_order_id`` is the id issued for a place call, the id named by another; None when none
    was. ``result`` and ``error`` are both None while it lasts, or when its process died.
    """

    life: int
    name: str
    action: str
    account: str
    started_at: float
    request: OrderRequest | None = None
    quantity: Decimal | None = None
    order_type: OrderType | None = None
    client_order_id: str | None = None
    ended_at: float | None = None
    has_died: bool = False
    result: object = None
    error: Exception | None = None

    @property
    def order(self) -> Order | None:
        """The order that was returned."""
        return self.result if isinstance(self.result, Order) else None


@frozen
class Told:
    """An event as every listener got it."""

    at: float
    life: int
    event: BrokerEvent


@frozen
class Stale:
    """The client concluded that an order which the broker once showed has ended unheard."""

    at: float
    client_order_id: str


@frozen
class Heard:
    """Something that happened at the exchange."""

    at: float
    event: BrokerageEvent


@define(eq=False)
class Life:
    """One client process. ``journal_differs`` says where its journal was not its book."""

    number: int
    started_at: float
    ended_at: float | None = None
    has_crashed: bool = False
    starts_without_journal: bool = False
    entries_lost: int = 0
    # Fills that were in the journal when it crashed, and of which nobody had been told yet.
    recorded_untold: frozenset[str] = frozenset()
    journal_differs: tuple[str, ...] = ()
    failure: str | None = None


@define(eq=False)
class Books:
    """Everything the checker looks at."""

    accounts: dict[str, str]
    calls: list[Call] = field(factory=list)
    told: list[Told] = field(factory=list)
    stale: list[Stale] = field(factory=list)
    lives: list[Life] = field(factory=list)
    exchange_log: list[Heard] = field(factory=list)
    # When the network, the gateway or the process was not whole: from, until.
    troubles: list[tuple[float, float]] = field(factory=list)
    # When the journal could not be written: from, until.
    disk_troubles: list[tuple[float, float]] = field(factory=list)
    # Midnights in New York: TWS forgets a day's executions and completed orders then.
    midnights: tuple[float, ...] = ()
    # ClientOrderIds that were at the exchange before their intent was durable.
    unwritten: list[str] = field(factory=list)
    # Errors that ended a task or callback of the client's, and that nobody heard of.
    loop_errors: list[str] = field(factory=list)
    orders: dict[str, Order] = field(factory=dict)
    journal: dict[str, tuple[JournalEntry, ...]] = field(factory=dict)
    holdings: dict[str, tuple[Holding, ...]] = field(factory=dict)
    exchange_orders: tuple[BrokerageOrder, ...] = ()
    executions: tuple[BrokerageExecution, ...] = ()
    positions: dict[str, tuple[Position, ...]] = field(factory=dict)
    pacing_violations: tuple[str, ...] = ()
    gateway_faults: tuple[str, ...] = ()
    # Whether the network held something back.
    has_stalled: bool = False
    # Whether the gateway corrects executions, and takes that back.
    has_corrections: bool = False
    # What kept the run from coming to its end, None when nothing did.
    stuck: str | None = None

    def is_stale(self, client_order_id: str) -> bool:
        """Say whether the client told that an order is gone and that nobody can say how."""
        return any(entry.client_order_id == client_order_id for entry in self.stale)

    @property
    def journal_began_at(self) -> float:
        """When the journal that there is now began: at the start, or after its last loss."""
        return max(life.started_at for life in self.lives if life.starts_without_journal)

    def was_forgotten(self, at: float, life: int) -> bool:
        """Say whether what a process was told then was never written down.

        A journal that fails holds no news back; what waits to be written when the process ends is
        lost, and the next process hears of it anew.
        """
        was_failing = any(began <= at <= ended for began, ended in self.disk_troubles)
        return was_failing and self.lives[life - 1].entries_lost > 0
