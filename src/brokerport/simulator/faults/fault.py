"""What every fault has: when it strikes.

Rules:

- A fault has occasions: what they are is its kind's own (a connection, a chunk of bytes, a message,
  a request). They are counted from 1 on each connection, in each direction apart.
- It strikes on an occasion that every given condition allows. Without any it always strikes.
- Whether it strikes, and how hard, is a function of the plan's seed, the fault's key, the number of
  the connection, the direction and the number of the occasion, and of nothing else: connections do
  not disturb each other, nor do faults. Only ``times_max`` is counted over all connections.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar

from attrs import Attribute, field, frozen

from brokerport.domain.errors import InvalidConfiguration

MILLISECONDS_MAX = 3_600_000
BYTES_MAX = 1 << 30


class Direction(Enum):
    """Which way something went."""

    CLIENT_TO_SERVER = "client_to_server"
    SERVER_TO_CLIENT = "server_to_client"


class Player(Enum):
    """Who plays a fault."""

    NETWORK = "the proxy"
    TWS = "the simulated TWS gateway"
    CLIENT_PORTAL = "the simulated Client Portal gateway"


Validator = Callable[[Any, "Attribute[Any]", Any], None]


def within(least: float, most: float) -> Validator:
    """Return a check that a number, where one is given, is from ``least`` to ``most``."""

    def check(_fault: Any, attribute: Attribute[Any], value: Any) -> None:
        if value is not None and not (math.isfinite(value) and least <= value <= most):
            raise InvalidConfiguration(attribute.name, value, f"from {least:g} to {most:g}")

    return check


def one_of(*allowed: object) -> Validator:
    """Return a check that a value is one of a few."""

    def check(_fault: Any, attribute: Attribute[Any], value: Any) -> None:
        if value not in allowed:
            names = ", ".join(str(one) for one in allowed)
            raise InvalidConfiguration(attribute.name, value, f"one of {names}")

    return check


def not_empty(_fault: Any, attribute: Attribute[Any], value: str | None) -> None:
    """Refuse an empty text."""
    if value is not None and not value:
        raise InvalidConfiguration(attribute.name, value, "a text, or left out")


def check_range(fault: Any, least: str, most: str) -> None:
    """Refuse a range whose least is greater than its most."""
    if getattr(fault, least) > getattr(fault, most):
        raise InvalidConfiguration(
            most, getattr(fault, most), f"at least {least}, which is {getattr(fault, least)}"
        )


@frozen(kw_only=True)
class Fault:
    """One fault of a plan, and when it strikes.

    ``name`` keeps a fault's luck apart from its place in the plan. ``chance`` is of each occasion,
    0 to 1. ``nth`` is the only occasion of a connection that counts, ``connection`` the only
    connection; both count from 1. ``from_seconds`` and ``until_seconds`` are measured from the
    start of who plays it. ``times_max`` is how often it strikes at most, in all.
    ``containing`` is a text that the occasion's bytes, or its name, must hold.
    """

    KIND: ClassVar[str] = ""
    PLAYER: ClassVar[Player] = Player.NETWORK
    OCCASION: ClassVar[str] = ""
    DIRECTIONS: ClassVar[tuple[Direction, ...]] = tuple(Direction)

    name: str | None = field(default=None, validator=not_empty)
    chance: float = field(default=1.0, validator=within(0, 1))
    nth: int | None = field(default=None, validator=within(1, BYTES_MAX))
    connection: int | None = field(default=None, validator=within(1, BYTES_MAX))
    from_seconds: float | None = field(default=None, validator=within(0, math.inf))
    until_seconds: float | None = field(default=None, validator=within(0, math.inf))
    times_max: int | None = field(default=None, validator=within(1, BYTES_MAX))
    containing: str | None = field(default=None, validator=not_empty)
    direction: Direction | None = None

    def __attrs_post_init__(self) -> None:
        if self.direction is not None and self.direction not in self.DIRECTIONS:
            names = ", ".join(one.value for one in self.DIRECTIONS)
            allowed = f"left out or {names}" if names else "left out: this kind has no direction"
            raise InvalidConfiguration("direction", self.direction.value, allowed)
        if None not in (self.from_seconds, self.until_seconds):
            check_range(self, "from_seconds", "until_seconds")
        self.check()

    def check(self) -> None:
        """Refuse values that do not fit together.

        Raises:
            InvalidConfiguration: names the field, without the fault's place in its plan.
        """
