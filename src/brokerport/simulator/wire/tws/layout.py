"""Layouts derived from message classes: the fields in the order of their declaration.

Rules: the type of a field says how it travels (see `markers` for the exceptions); a field marked
`Since(v)` travels only from version v on and keeps its default below.
"""

from __future__ import annotations

import types
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import attrs
from attrs import frozen

from brokerport.simulator.wire.tws.contract_kinds import CONTRACT_KINDS
from brokerport.simulator.wire.tws.fields import FieldReader, FieldWriter
from brokerport.simulator.wire.tws.kinds import (
    BOOLEAN,
    DECIMAL,
    ESCAPED_TEXT,
    INTEGER,
    NON_EMPTY_TEXT,
    OPTIONAL_BOOLEAN,
    TEXT,
    Counted,
    Kind,
    OptionalDecimal,
    OptionalInteger,
)
from brokerport.simulator.wire.tws.markers import ContractForm, Since, TextForm, UnsetAs


@frozen
class Slot:
    """One field of a layout."""

    name: str
    kind: Kind
    since: int


@frozen
class Layout:
    """The derived layout of one class; also a kind, for classes within classes."""

    cls: type
    slots: tuple[Slot, ...]

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read a value of the class."""
        prefix = f"{name}." if name else ""
        values = {
            slot.name: slot.kind.read(reader, prefix + slot.name, version)
            for slot in self.slots
            if version >= slot.since
        }
        return self.cls(**values)

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write a value of the class."""
        prefix = f"{name}." if name else ""
        for slot in self.slots:
            if version >= slot.since:
                field = getattr(value, slot.name)
                slot.kind.write(writer, prefix + slot.name, field, version)


@cache
def layout_of(cls: type) -> Layout:
    """Derive the layout of a message class; raises TypeError for a type that cannot travel."""
    hints = get_type_hints(cls, include_extras=True)
    slots = []
    for attribute in attrs.fields(cls):
        hint = hints[attribute.name]
        marks: tuple[Any, ...] = ()
        if get_origin(hint) is Annotated:
            hint, *rest = get_args(hint)
            marks = tuple(rest)
        since = next((mark.version for mark in marks if isinstance(mark, Since)), 0)
        try:
            kind = _kind_of(hint, marks)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.{attribute.name}: {error}") from None
        slots.append(Slot(attribute.name, kind, since))
    return Layout(cls, tuple(slots))


_PLAIN: dict[Any, Kind] = {int: INTEGER, Decimal: DECIMAL, bool: BOOLEAN, str: TEXT}


def _kind_of(hint: Any, marks: tuple[Any, ...]) -> Kind:
    unset = ""
    for mark in marks:
        if isinstance(mark, ContractForm):
            return CONTRACT_KINDS[mark]
        if mark is TextForm.NON_EMPTY:
            return NON_EMPTY_TEXT
        if mark is TextForm.ESCAPED:
            return ESCAPED_TEXT
        if isinstance(mark, UnsetAs):
            unset = mark.text
    if hint in _PLAIN:
        return _PLAIN[hint]
    arguments = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType) and type(None) in arguments:
        if int in arguments:
            return OptionalInteger(unset)
        if Decimal in arguments:
            return OptionalDecimal(unset)
        if bool in arguments:
            return OPTIONAL_BOOLEAN
    if get_origin(hint) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return Counted(_kind_of(arguments[0], ()))
    if isinstance(hint, type) and attrs.has(hint):
        return layout_of(hint)
    raise TypeError(f"{hint} has no wire form")
