"""Who is struck: the conditions of each fault, held against each occasion.

It is a function of the seed and of the occasion's place alone: see ``fault``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

from attrs import frozen

from brokerport.simulator.faults.fault import Direction, Fault
from brokerport.simulator.faults.plan import FaultPlan


@frozen
class FaultDone:
    """One fault that was played.

    ``at`` is in seconds since the start of who played it. ``direction`` is None where there is
    none, ``detail`` says what was done.
    """

    at: float
    connection: int
    direction: Direction | None
    kind: str
    detail: str

    def __str__(self) -> str:
        way = "" if self.direction is None else f" {self.direction.value}"
        return f"{self.at:9.3f} s  connection {self.connection}{way}: {self.kind}, {self.detail}"


@frozen
class Struck:
    """A fault that strikes, and the source of how hard."""

    fault: Fault
    luck: Random

    def between(self, least: float, most: float) -> float:
        """Return a number of that range."""
        return self.luck.uniform(least, most)

    def whole(self, least: int, most: int) -> int:
        """Return a whole number of that range, both ends included."""
        return self.luck.randint(least, most)


class FaultChances:
    """The chances of one plan, from the start of who plays it.

    ``now`` gives seconds; ``tell`` hears of every fault that was played, besides ``log``.
    """

    def __init__(
        self,
        plan: FaultPlan,
        now: Callable[[], float],
        tell: Callable[[FaultDone], None] | None = None,
    ) -> None:
        self.log: list[FaultDone] = []
        self._seed = plan.seed
        self.faults = plan.keyed_faults
        self._now = now
        self._started_at = now()
        self._tell = tell
        self._times: Counter[str] = Counter()

    @property
    def seconds(self) -> float:
        """How long it has been played, in seconds."""
        return self._now() - self._started_at

    def connection(self, number: int) -> ConnectionChances:
        """Return the chances on one connection; the same for the same number."""
        return ConnectionChances(self, number)

    def record(
        self, connection: int, direction: Direction | None, fault: Fault, detail: str
    ) -> None:
        """Note that a fault was played."""
        done = FaultDone(self.seconds, connection, direction, fault.KIND, detail)
        self.log.append(done)
        if self._tell is not None:
            self._tell(done)

    def strike(
        self, fault: Fault, connection: int, direction: Direction | None, number: int
    ) -> Struck | None:
        """Say whether a fault strikes on an occasion, and take note that it did."""
        seconds = self.seconds
        if (
            fault.nth not in (None, number)
            or (fault.from_seconds is not None and seconds < fault.from_seconds)
            or (fault.until_seconds is not None and seconds >= fault.until_seconds)
        ):
            return None
        key = fault.name or fault.KIND
        if fault.times_max is not None and self._times[key] >= fault.times_max:
            return None
        way = "" if direction is None else direction.value
        luck = Random(f"{self._seed}/{key}/{connection}/{way}/{number}")
        if fault.chance < 1 and luck.random() >= fault.chance:
            return None
        self._times[key] += 1
        return Struck(fault, luck)


class ConnectionChances:
    """The chances of one plan on one connection; counts its occasions."""

    def __init__(self, chances: FaultChances, number: int) -> None:
        self.number = number
        self._chances = chances
        self._occasions: Counter[tuple[str, Direction | None]] = Counter()

    def struck(
        self,
        kinds: type[Fault] | tuple[type[Fault], ...],
        direction: Direction | None = None,
        content: bytes | str = "",
    ) -> list[Struck]:
        """Return the faults of some kinds that strike on this occasion, in the plan's order."""
        found = []
        for fault in self._chances.faults:
            if isinstance(fault, kinds) and (one := self._one(fault, direction, content)):
                found.append(one)
        return found

    def record(self, direction: Direction | None, fault: Fault, detail: str) -> None:
        """Note that a fault was played on this connection."""
        self._chances.record(self.number, direction, fault, detail)

    def _one(
        self, fault: Fault, direction: Direction | None, content: bytes | str
    ) -> Struck | None:
        if (
            fault.connection not in (None, self.number)
            or fault.direction not in (None, direction)
            or (direction is not None and direction not in fault.DIRECTIONS)
            or not _holds(content, fault.containing)
        ):
            return None
        key = (fault.name or fault.KIND, direction)
        self._occasions[key] += 1
        return self._chances.strike(fault, self.number, direction, self._occasions[key])


def _holds(content: bytes | str, text: str | None) -> bool:
    if text is None:
        return True
    return text.encode() in content if isinstance(content, bytes) else text in content
