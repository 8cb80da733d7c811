"""A plan: all that happens to one run, as data, made from one seed.

Rules:

- The same seed and adapter make the same plan; the same plan makes the same run.
- A step names its time in seconds from the first session of the run, and what it is about by name,
  so that any step can be left out and the others still mean the same (``shrinking``).
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from attrs import frozen

from brokerport.domain.order_types import OrderType, Side, TimeInForce
from brokerport.simulator.faults.fault import Fault as VendorFault


class Fault(Enum):
    """What can happen between the client and the gateway, or to the gateway or the disk."""

    CUT = "cut"  # every connection breaks now
    CUT_MID_FRAME = "cut mid-frame"  # so does each after a few more bytes to the client
    LOSE_ANSWERS = "lose answers"  # bytes to the client are lost; then the connections break
    LOSE_REQUESTS = "lose requests"  # bytes to the gateway are lost; then they break
    BLACK_HOLE = "black hole"  # both are lost, and new connections too; then they break
    STALL = "stall"  # bytes wait in both directions, and then arrive
    STALL_OPEN = "stall open"  # the same, on every other of the connections there are now
    REFUSE = "refuse"  # connections break and new ones are refused
    RESTART_GATEWAY = "restart gateway"  # the gateway stops and comes back
    LOSE_SESSION = "lose session"  # Client Portal: the brokerage session is dropped
    COMPETE = "compete"  # Client Portal: the user logs in elsewhere
    DISK_FULL = "disk full"  # the journal cannot be written


@frozen
class Place:
    """A user places an order; ``name`` is what later steps call it."""

    at: float
    name: str
    account: str
    symbol: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    time_in_force: TimeInForce


@frozen
class Replace:
    """A user gives an order new terms; what is None stays."""

    at: float
    name: str
    quantity: Decimal | None
    order_type: OrderType | None


@frozen
class Cancel:
    """A user cancels an order."""

    at: float
    name: str


@frozen
class Read:
    """A user reads something of an account: ``positions``, ``executions`` or ``open_orders``."""

    at: float
    account: str
    what: str


@frozen
class Move:
    """A stock's quote is now this, with so many shares on each side."""

    at: float
    symbol: str
    bid: Decimal
    ask: Decimal
    size: int


@frozen
class Stranger:
    """Somebody trades in the account with another program: a market order."""

    at: float
    account: str
    symbol: str
    side: Side
    quantity: Decimal


@frozen
class Strike:
    """A fault begins, and lasts for ``seconds`` where it lasts."""

    at: float
    fault: Fault
    seconds: float


@frozen
class Crash:
    """The client process dies, and is started again after ``down_seconds``.

    Of what it had not yet flushed to its journal a part survives: ``tail_kept`` of it, 0 to 1.
    ``loses_journal``: the journal is gone as well.
    """

    at: float
    down_seconds: float
    tail_kept: float
    loses_journal: bool


@frozen
class Restart:
    """The client program is closed in order, and is started again after ``down_seconds``."""

    at: float
    down_seconds: float


Step: TypeAlias = Place | Replace | Cancel | Read | Move | Stranger | Strike | Crash | Restart


@frozen
class Plan:
    """One run. Times are in seconds.

    ``starts_before_close_seconds`` is how long the first session still is when the run starts.
    ``latency_seconds`` is how long a chunk of bytes travels at most, one way; ``disk_seconds`` how
    long the journal takes to make a group of entries durable. ``vendor_faults`` are what the
    gateway does wrong by itself until the final quiet.
    """

    seed: int
    adapter: str
    accounts: tuple[str, ...]
    tick_seconds: int
    starts_before_close_seconds: int
    latency_seconds: float
    heartbeat_seconds: float
    reconciliation_seconds: float
    disk_seconds: float
    steps: tuple[Step, ...]
    vendor_faults: tuple[VendorFault, ...] = ()

    @property
    def ends_at(self) -> float:
        """When the last step happens."""
        return max((step.at for step in self.steps), default=0.0)
