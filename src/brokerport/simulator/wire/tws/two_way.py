"""One layout for both directions.

A layout function names the fields in wire order and asks a Transfer for each one. The Transfer of
a reading stores what it reads; the Transfer of a writing fetches from the value and writes. Both
return the value, so that a block which depends on an earlier field is decided the same way by
sender and receiver.
"""

from __future__ import annotations

from typing import Any, Protocol

from brokerport.simulator.wire.tws.fields import FieldReader, FieldWriter
from brokerport.simulator.wire.tws.kinds import TEXT, Kind


class Transfer(Protocol):
    """The fields of one value on their way to or from the wire."""

    version: int

    def field(self, name: str, kind: Kind) -> Any:
        """Carry one field and return its value."""

    def constant(self, name: str, text: str) -> None:
        """Carry an obsolete field: written as `text`, ignored when read."""

    def none_text(self, name: str) -> bool:
        """Carry a text whose empty form is written "None"; True if the wire text is not empty."""
        ...


def carry(transfer: Transfer, *fields: tuple[str, Kind]) -> None:
    """Carry several fields in order."""
    for name, kind in fields:
        transfer.field(name, kind)


class Reading:
    """Reads the fields of one value; collects them as keyword arguments."""

    def __init__(self, reader: FieldReader, version: int, prefix: str) -> None:
        self.version = version
        self.values: dict[str, Any] = {}
        self._reader = reader
        self._prefix = prefix

    def field(self, name: str, kind: Kind) -> Any:
        """Read one field, store it and return it."""
        value = kind.read(self._reader, self._prefix + name, self.version)
        self.values[name] = value
        return value

    def constant(self, name: str, text: str) -> None:
        """Skip one field."""
        self._reader.text(self._prefix + name)

    def none_text(self, name: str) -> bool:
        """Read a text in which "None" stands for empty."""
        text = self._reader.text(self._prefix + name)
        self.values[name] = "" if text == "None" else text
        return text != ""


class Writing:
    """Writes the fields of one value."""

    def __init__(self, writer: FieldWriter, version: int, prefix: str, source: object) -> None:
        self.version = version
        self._writer = writer
        self._prefix = prefix
        self._source = source

    def field(self, name: str, kind: Kind) -> Any:
        """Fetch one field, write it and return it."""
        value = getattr(self._source, name)
        kind.write(self._writer, self._prefix + name, value, self.version)
        return value

    def constant(self, name: str, text: str) -> None:
        """Write the fixed text."""
        TEXT.write(self._writer, self._prefix + name, text, self.version)

    def none_text(self, name: str) -> bool:
        """Write a text, or "None" in place of the empty one."""
        value = getattr(self._source, name) or "None"
        TEXT.write(self._writer, self._prefix + name, value, self.version)
        return True
