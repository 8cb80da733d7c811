"""Kinds of field: how one value travels, in both directions.

A kind reads a value from a FieldReader and writes the same value to a FieldWriter. Everything
above (derived layouts, order layouts) is built from kinds, so that no layout is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from attrs import frozen

from brokerport.simulator.wire.tws.errors import LocalViolation, MalformedField
from brokerport.simulator.wire.tws.fields import FieldReader, FieldWriter
from brokerport.simulator.wire.tws.messages.values import (
    DeltaNeutralContract,
    TagValue,
)


class Kind(Protocol):
    """How one value travels."""

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read the value of the field called `name`."""

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write the value of the field called `name`."""


@frozen
class Simple:
    """A kind that is one method of the reader and one of the writer."""

    reading: Callable[[FieldReader, str], Any]
    writing: Callable[[FieldWriter, str, Any], None]

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read one field."""
        return self.reading(reader, name)

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write one field."""
        self.writing(writer, name, value)


INTEGER = Simple(FieldReader.integer, FieldWriter.integer)
DECIMAL = Simple(FieldReader.decimal, FieldWriter.decimal)
BOOLEAN = Simple(FieldReader.boolean, FieldWriter.boolean)
OPTIONAL_BOOLEAN = Simple(FieldReader.optional_boolean, FieldWriter.optional_boolean)
TEXT = Simple(FieldReader.text, FieldWriter.text)
OFFSET_OR_INFINITY = Simple(FieldReader.offset_or_infinity, FieldWriter.offset_or_infinity)


@frozen
class OptionalInteger:
    """An integer that may be unset."""

    unset: str = ""

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read one field."""
        return reader.optional_integer(name)

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write one field."""
        writer.optional_integer(name, value, self.unset)


@frozen
class OptionalDecimal:
    """A number that may be unset."""

    unset: str = ""

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read one field."""
        return reader.optional_decimal(name, self.unset)

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write one field."""
        writer.optional_decimal(name, value, self.unset)


@frozen
class Defaulted:
    """An optional kind whose unset reads as a default; the value itself is never None."""

    kind: Kind
    default: Any

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read one field."""
        value = self.kind.read(reader, name, version)
        return self.default if value is None else value

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write one field."""
        self.kind.write(writer, name, value, version)


OPTIONAL_INTEGER = OptionalInteger()
OPTIONAL_DECIMAL = OptionalDecimal()


class NonEmptyText:
    """A text on which clients fail when it is empty."""

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read one field."""
        text = reader.text(name)
        if not text:
            raise MalformedField(reader.message, name, text, "a text that is not empty")
        return text

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write one field."""
        if not value:
            raise LocalViolation(f"{writer.message}.{name}: the text must not be empty")
        writer.text(name, value)


_ESCAPE = re.compile(r"\\(\\|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})")


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code == "\\":
        return code
    point = int(code[1:], 16)
    return chr(point) if 0 < point <= 0x10FFFF else match[0]


class EscapedText:
    """A text in 7-bit ASCII: backslashes doubled, other characters as unicode escapes.

    Servers escape so from version 153 on, and the official client undoes it. Line ends and other
    control characters below 128 stand as they are, except NUL. An escape that is none, such as
    a backslash before a "q", is left as it stands.
    """

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read one field; two escaped surrogates, as Java writes them, become one character."""
        text = reader.text(name)
        if "\\" not in text:
            return text
        plain = _ESCAPE.sub(_unescaped, text)
        try:
            return plain.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            return text

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write one field."""
        doubled: str = value.replace("\\", "\\\\")
        writer.text(name, doubled.encode("ascii", "backslashreplace").decode("ascii"))


@frozen
class LiteralForEmpty:
    """A text whose empty form travels as a literal, such as "None" or "?"."""

    literal: str
    also_empty: frozenset[str] = frozenset()

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read one field."""
        text = reader.text(name)
        return "" if text == self.literal or text in self.also_empty else text

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write one field."""
        writer.text(name, value or self.literal)


class Strike:
    """A strike: unset travels as 0."""

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read one field."""
        return reader.optional_decimal(name) or None

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write one field."""
        writer.optional_decimal(name, value, "0")


class Right:
    """An option's right; "?" and "0" mean none and are read as empty."""

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read one field."""
        text = reader.text(name)
        return "" if text in {"?", "0"} else text

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write one field."""
        writer.text(name, value)


RIGHT_OR_QUESTION_MARK = LiteralForEmpty("?", frozenset({"0"}))
NONE_FOR_EMPTY = LiteralForEmpty("None")
NON_EMPTY_TEXT = NonEmptyText()
ESCAPED_TEXT = EscapedText()
STRIKE = Strike()
RIGHT = Right()


@frozen
class Counted:
    """A count, then that many items of one kind; the value is a tuple."""

    item: Kind

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read the count and the items."""
        count = reader.count(f"{name} count")
        return tuple(self.item.read(reader, f"{name}[{i}]", version) for i in range(count))

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write the count and the items."""
        writer.integer(f"{name} count", len(value))
        for i, item in enumerate(value):
            self.item.write(writer, f"{name}[{i}]", item, version)


@frozen
class Record:
    """Several fields that together make one value."""

    cls: Callable[..., Any]
    fields: tuple[tuple[str, Kind], ...]

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read all fields and build the value."""
        return self.cls(
            **{field: kind.read(reader, f"{name}.{field}", version) for field, kind in self.fields}
        )

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write all fields of the value."""
        for field, kind in self.fields:
            kind.write(writer, f"{name}.{field}", getattr(value, field), version)


@frozen
class Present:
    """A flag, then the value only if the flag is set; absent is None."""

    kind: Kind

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read the flag and perhaps the value."""
        if not reader.boolean(f"{name} present"):
            return None
        return self.kind.read(reader, name, version)

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write the flag and perhaps the value."""
        writer.boolean(f"{name} present", value is not None)
        if value is not None:
            self.kind.write(writer, name, value, version)


TAG_VALUES = Counted(Record(TagValue, (("tag", TEXT), ("value", TEXT))))
DELTA_NEUTRAL_CONTRACT = Present(
    Record(
        DeltaNeutralContract,
        (("con_id", INTEGER), ("delta", DECIMAL), ("price", DECIMAL)),
    )
)
