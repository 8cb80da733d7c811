"""Faults of a network, as data: what a proxy does to the bytes that pass through it.

An occasion is a connection, or a chunk: what the socket gave in one read, or one TWS message when
the plan's framing is ``tws``.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from brokerport.domain.errors import InvalidConfiguration
from brokerport.simulator.faults.fault import (
    BYTES_MAX,
    MILLISECONDS_MAX,
    Direction,
    Fault,
    check_range,
    within,
)


@frozen(kw_only=True)
class Delay(Fault):
    """Holds a chunk, and what follows it in that direction, for some milliseconds."""

    KIND: ClassVar[str] = "delay"
    OCCASION: ClassVar[str] = "chunk"

    latency_ms_min: float = field(default=0.0, validator=within(0, MILLISECONDS_MAX))
    latency_ms_max: float = field(validator=within(0, MILLISECONDS_MAX))

    def check(self) -> None:
        """See ``Fault.check``."""
        check_range(self, "latency_ms_min", "latency_ms_max")


@frozen(kw_only=True)
class Drop(Fault):
    """Closes the connection on both sides instead of passing a chunk on."""

    KIND: ClassVar[str] = "drop"
    OCCASION: ClassVar[str] = "chunk"


@frozen(kw_only=True)
class Cut(Fault):
    """Passes on the first bytes of a chunk only, then closes the connection on both sides.

    The last byte of the chunk never passes, whatever ``after_bytes_max`` is.
    """

    KIND: ClassVar[str] = "cut"
    OCCASION: ClassVar[str] = "chunk"

    after_bytes_min: int = field(default=0, validator=within(0, BYTES_MAX))
    after_bytes_max: int = field(validator=within(0, BYTES_MAX))

    def check(self) -> None:
        """See ``Fault.check``."""
        check_range(self, "after_bytes_min", "after_bytes_max")


@frozen(kw_only=True)
class Duplicate(Fault):
    """Passes a chunk on twice, one after the other."""

    KIND: ClassVar[str] = "duplicate"
    OCCASION: ClassVar[str] = "chunk"


@frozen(kw_only=True)
class Reorder(Fault):
    """Holds a chunk until a later connection has spoken, at most for ``held_ms_max``."""

    KIND: ClassVar[str] = "reorder"
    OCCASION: ClassVar[str] = "chunk"

    held_ms_max: float = field(default=5_000.0, validator=within(0, MILLISECONDS_MAX))


@frozen(kw_only=True)
class LoseResponse(Fault):
    """Passes a request on, swallows the first bytes that come back after it, then closes."""

    KIND: ClassVar[str] = "lost_response"
    OCCASION: ClassVar[str] = "chunk"
    DIRECTIONS: ClassVar[tuple[Direction, ...]] = (Direction.CLIENT_TO_SERVER,)


@frozen(kw_only=True)
class BlackHole(Fault):
    """Swallows a chunk and all that follows on that connection, and says nothing.

    With ``direction`` only that direction is swallowed. An end of one side is not passed on.
    """

    KIND: ClassVar[str] = "black_hole"
    OCCASION: ClassVar[str] = "chunk"


@frozen(kw_only=True)
class Refuse(Fault):
    """Closes a new connection before a byte has passed."""

    KIND: ClassVar[str] = "refuse"
    OCCASION: ClassVar[str] = "connection"
    DIRECTIONS: ClassVar[tuple[Direction, ...]] = ()

    def check(self) -> None:
        """See ``Fault.check``."""
        if self.nth is not None:
            allowed = "left out: a connection begins once; connection says which"
            raise InvalidConfiguration("nth", self.nth, allowed)
        if self.containing is not None:
            allowed = "left out: a new connection has no bytes yet"
            raise InvalidConfiguration("containing", self.containing, allowed)


NETWORK_FAULTS: tuple[type[Fault], ...] = (
    Delay,
    Drop,
    Cut,
    Duplicate,
    Reorder,
    LoseResponse,
    BlackHole,
    Refuse,
)
