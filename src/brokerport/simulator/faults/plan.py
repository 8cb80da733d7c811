"""A fault plan: what is to go wrong, as data. Same seed, same traffic: the same faults.

A TOML file, or the same as a mapping:

    seed = 7
    framing = "tws"              # a chunk is one TWS message; "none": what the socket gave

    [[faults]]
    kind = "delay"
    chance = 0.2
    direction = "server_to_client"
    latency_ms_max = 50
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

from attrs import NOTHING, Attribute, evolve, field, fields, frozen

from brokerport.domain.errors import InvalidConfiguration
from brokerport.simulator.faults.fault import Direction, Fault, Player
from brokerport.simulator.faults.network import NETWORK_FAULTS
from brokerport.simulator.faults.vendor import VENDOR_FAULTS


class Framing(Enum):
    """What a chunk is to the proxy."""

    NONE = "none"
    TWS = "tws"


def _by_kind(classes: tuple[type[Fault], ...]) -> dict[str, type[Fault]]:
    table: dict[str, type[Fault]] = {}
    for cls in classes:
        if table.setdefault(cls.KIND, cls) is not cls or not cls.KIND:
            raise ValueError(f"fault kind {cls.KIND!r} is in the table twice, or empty")
    return table


KINDS = _by_kind(NETWORK_FAULTS + VENDOR_FAULTS)
"""Every kind of fault by its name in a plan."""


def _seed(_plan: object, _attribute: object, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidConfiguration("seed", value, "a whole number")


def _tuple(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(faults)


@frozen
class FaultPlan:
    """What is to go wrong."""

    seed: int = field(default=0, validator=_seed)
    faults: tuple[Fault, ...] = field(default=(), converter=_tuple)
    framing: Framing = Framing.NONE

    @classmethod
    def from_mapping(cls, document: Mapping[str, Any]) -> FaultPlan:
        """Build a plan from parsed TOML.

        Raises:
            InvalidConfiguration: names the field, the value and what is allowed.
        """
        for name in document:
            if name not in ("seed", "framing", "faults"):
                raise InvalidConfiguration(name, "given", "one of seed, framing, faults")
        entries = document.get("faults", [])
        if not isinstance(entries, list | tuple):
            raise InvalidConfiguration("faults", entries, "tables headed [[faults]]")
        return cls(
            document.get("seed", 0),
            tuple(_fault(entry, f"faults[{index}]") for index, entry in enumerate(entries)),
            _member(Framing, document.get("framing", Framing.NONE.value), "framing"),
        )

    def as_mapping(self) -> dict[str, Any]:
        """Return what ``from_mapping`` builds the same plan from; defaults are left out."""
        return {
            "seed": self.seed,
            "framing": self.framing.value,
            "faults": [_entry(fault) for fault in self.faults],
        }

    def played_by(self, player: Player) -> FaultPlan:
        """Return the plan with the faults of one player only; their luck stays what it was."""
        return FaultPlan(
            self.seed,
            tuple(fault for fault in self.keyed_faults if fault.PLAYER is player),
            self.framing,
        )

    @property
    def keyed_faults(self) -> tuple[Fault, ...]:
        """The faults, each with a name: its own, or its kind and its place among that kind."""
        keyed: list[Fault] = []
        counts: dict[str, int] = {}
        for fault in self.faults:
            place = counts[fault.KIND] = counts.get(fault.KIND, 0) + 1
            keyed.append(fault if fault.name else evolve(fault, name=f"{fault.KIND} {place}"))
        return tuple(keyed)


def load_fault_plan(path: Path | str) -> FaultPlan:
    """Read a plan from a TOML file.

    Raises:
        InvalidConfiguration: the file cannot be read or is not TOML, or a field is not allowed.
    """
    try:
        document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidConfiguration(
            "fault plan", str(path), f"a readable file ({error.strerror})"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidConfiguration("fault plan", str(path), f"valid TOML ({error})") from error
    return FaultPlan.from_mapping(document)


def settings_of(kind: type[Fault]) -> tuple[Attribute[Any], ...]:
    """Return what a kind has besides the conditions that every fault has."""
    shared = {item.name for item in fields(Fault)}
    return tuple(item for item in fields(kind) if item.name not in shared)


def _fault(entry: object, path: str) -> Fault:
    if not isinstance(entry, Mapping):
        raise InvalidConfiguration(path, entry, "a table with a kind")
    name = entry.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InvalidConfiguration(f"{path}.kind", name, f"one of {', '.join(KINDS)}")
    hints = get_type_hints(kind)
    known = {item.name: hints[item.name] for item in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in entry.items():
        if key == "kind":
            continue
        if key not in known:
            raise InvalidConfiguration(f"{path}.{key}", value, f"one of {', '.join(known)}")
        values[key] = _value(known[key], value, f"{path}.{key}")
    for item in settings_of(kind):
        if item.name not in values and item.default is NOTHING:
            raise InvalidConfiguration(f"{path}.{item.name}", None, "given")
    try:
        return kind(**values)
    except InvalidConfiguration as error:
        shown = entry.get(error.field, error.value)
        raise InvalidConfiguration(f"{path}.{error.field}", shown, error.allowed) from None


def _value(hint: Any, value: object, path: str) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if hint in (Direction, Direction | None):
        return _member(Direction, value, path)
    if hint is bool:
        if not isinstance(value, bool):
            raise InvalidConfiguration(path, value, "true or false")
    elif hint in (str, str | None):
        if not isinstance(value, str):
            raise InvalidConfiguration(path, value, "a text in quotation marks")
    elif hint is Decimal:
        # TOML has no decimal numbers; its shortest text is what the file's author wrote.
        try:
            return Decimal(str(value) if is_number or isinstance(value, str | Decimal) else "")
        except InvalidOperation:
            raise InvalidConfiguration(path, value, "a finite decimal number") from None
    elif hint in (int, int | None):
        if not is_number or not isinstance(value, int):
            raise InvalidConfiguration(path, value, "a whole number")
    elif not is_number:
        raise InvalidConfiguration(path, value, "a number")
    return value


def _member(kind: type[Enum], value: object, path: str) -> Any:
    for member in kind:
        if value in (member, member.value):
            return member
    names = ", ".join(str(member.value) for member in kind)
    raise InvalidConfiguration(path, value, f"one of {names}")


def _entry(fault: Fault) -> dict[str, Any]:
    entry: dict[str, Any] = {"kind": fault.KIND}
    for item in fields(type(fault)):
        value = getattr(fault, item.name)
        if value == item.default:
            continue
        if isinstance(value, Enum):
            value = value.value
        entry[item.name] = str(value) if isinstance(value, Decimal) else value
    return entry
