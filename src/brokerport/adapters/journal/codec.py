"""A journal entry as text, and back: JSON in ASCII, every number and time exact.

Rules:

- An entry's kind, and the kind of any value that can be one of several, is a name of the tables
  below. A name never changes its meaning and is never used again: files on disk carry it.
- A Decimal is its own text, so that 190.00 stays 190.00; a time is ISO 8601 in UTC.
- Nothing is guessed. A name that no table has, or a field that no value has, was written by a newer
  brokerport; anything else that does not fit is damage. Both are ``JournalDamaged``.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from operator import is_
from typing import Any, get_args

from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError

from brokerport.domain import instruments, order_types, reports
from brokerport.domain import journal as entries
from brokerport.domain.errors import BrokerportError, JournalDamaged
from brokerport.domain.journal import JournalEntry

ENTRY_KINDS: dict[str, type[JournalEntry]] = {
    "order": entries.OrderRecorded,
    "report": entries.ReportRecorded,
    "execution": entries.ExecutionRecorded,
    "commission": entries.CommissionRecorded,
    "history": entries.HistoryRecorded,
    "baseline": entries.BaselineRecorded,
    "settlement": entries.SettlementRecorded,
    "quarantine": entries.QuarantineRecorded,
    "release": entries.ReleaseRecorded,
}

VARIANTS: dict[Any, dict[str, type]] = {
    instruments.Instrument: {"stock": instruments.Stock, "option": instruments.Option},
    order_types.OrderType: {
        "market": order_types.Market,
        "limit": order_types.Limit,
        "stop": order_types.Stop,
        "stop limit": order_types.StopLimit,
    },
    reports.OrderReport: {
        "acknowledged": reports.Acknowledged,
        "replaced": reports.Replaced,
        "replace refused": reports.ReplaceRefused,
        "cancel refused": reports.CancelRefused,
        "cancelled": reports.Cancelled,
        "rejected": reports.Rejected,
        "executed": reports.Executed,
        "warned": reports.Warned,
    },
}

_KIND = "is"
_NEWER = "a newer brokerport wrote it; use that version, or a newer one"


class _Newer(Exception):
    """A name that this version does not know; carries what it names."""


class EntryCodec:
    """Writes and reads entries; one serves any number of journals."""

    def __init__(self) -> None:
        self._converter = _converter()
        self._names = {kind: name for name, kind in ENTRY_KINDS.items()}

    def encoded(self, entry: JournalEntry) -> tuple[str, str]:
        """Return an entry's kind and its text."""
        text = json.dumps(self._converter.unstructure(entry), separators=(",", ":"))
        return self._names[type(entry)], text

    def decoded(self, kind: str, text: str) -> JournalEntry:
        """Return the entry that was written so.

        Raises:
            JournalDamaged: it is none, or one of a newer brokerport; the text is not shown.
        """
        entry_kind = ENTRY_KINDS.get(kind)
        if entry_kind is None:
            raise JournalDamaged(f"unknown kind of entry {kind!r}: {_NEWER}")
        try:
            entry: JournalEntry = self._converter.structure(json.loads(text), entry_kind)
        except _Newer as newer:
            raise JournalDamaged(f"unknown {newer} in an entry {kind!r}: {_NEWER}") from None
        except ForbiddenExtraKeysError as error:
            fields = ", ".join(sorted(error.extra_fields))
            raise JournalDamaged(f"unknown {fields} in an entry {kind!r}: {_NEWER}") from None
        except (
            ArithmeticError,
            AttributeError,
            BaseValidationError,
            BrokerportError,
            LookupError,
            TypeError,
            ValueError,
        ) as error:
            raise JournalDamaged(f"an entry {kind!r} cannot be read: {error}") from error
        return entry


def _converter() -> Converter:
    converter = Converter(detailed_validation=False, forbid_extra_keys=True)
    for plain in (str, int, bool):
        converter.register_structure_hook(plain, partial(_exactly, plain))
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(_exactly(str, value)))
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    for union, kinds in VARIANTS.items():
        _register_variants(converter, union, kinds)
    return converter


def _exactly(kind: type[Any], value: object, _kind: object = None) -> Any:
    # A converter would turn None into "None", and "12" into 12.
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} where {kind.__name__} belongs")
    return value


def _register_variants(converter: Converter, union: Any, kinds: dict[str, type]) -> None:
    if set(kinds.values()) != set(get_args(union)):
        raise TypeError(f"the codec does not know every kind of {union}")
    names = {kind: name for name, kind in kinds.items()}

    def unstructure(value: object) -> dict[str, object]:
        return {_KIND: names[type(value)], **converter.unstructure(value, type(value))}

    def structure(value: dict[str, Any], _kind: object) -> object:
        fields = dict(value)
        name = fields.pop(_KIND)
        if name not in kinds:
            raise _Newer(f"kind {name!r}")
        return converter.structure(fields, kinds[name])

    converter.register_unstructure_hook_func(partial(is_, union), unstructure)
    converter.register_structure_hook_func(partial(is_, union), structure)
