"""Conditions on the wire: a type number, then the fields of that type.

Layouts (type: fields after the type number):
    1 price           connector, isMore, price, conId, exchange, triggerMethod
    3 time            connector, isMore, time
    4 margin          connector, isMore, percent
    5 execution       connector, secType, exchange, symbol
    6 volume          connector, isMore, volume, conId, exchange
    7 percent change  connector, isMore, changePercent, conId, exchange
The connector is "a" (and) or "o" (or). Source: ib_async order.py; official order_condition.py.
"""

from __future__ import annotations

from typing import Any

from brokerport.simulator.wire.tws.errors import MalformedField
from brokerport.simulator.wire.tws.fields import FieldReader, FieldWriter
from brokerport.simulator.wire.tws.kinds import BOOLEAN, DECIMAL, INTEGER, TEXT, Kind, Record
from brokerport.simulator.wire.tws.messages.conditions import (
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)


class Connector:
    """How a condition joins the next one: "a" = and, "o" = or."""

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read one field."""
        text = reader.text(name)
        if text not in {"a", "o"}:
            raise MalformedField(reader.message, name, text, '"a" or "o"')
        return text == "a"

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write one field."""
        writer.text(name, "a" if value else "o")


def _record(cls: type, *fields: tuple[str, Kind]) -> Record:
    return Record(cls, (("is_conjunction_connection", Connector()), *fields))


_IS_MORE = ("is_more", BOOLEAN)
_CON_ID = ("con_id", INTEGER)
_EXCHANGE = ("exchange", TEXT)

CONDITION_KINDS: dict[int, Record] = {
    1: _record(
        PriceCondition,
        _IS_MORE,
        ("price", DECIMAL),
        _CON_ID,
        _EXCHANGE,
        ("trigger_method", INTEGER),
    ),
    3: _record(TimeCondition, _IS_MORE, ("time", TEXT)),
    4: _record(MarginCondition, _IS_MORE, ("percent", INTEGER)),
    5: _record(ExecutionCondition, ("sec_type", TEXT), _EXCHANGE, ("symbol", TEXT)),
    6: _record(VolumeCondition, _IS_MORE, ("volume", INTEGER), _CON_ID, _EXCHANGE),
    7: _record(PercentChangeCondition, _IS_MORE, ("change_percent", DECIMAL), _CON_ID, _EXCHANGE),
}
_TYPE_NUMBERS: dict[Any, int] = {record.cls: number for number, record in CONDITION_KINDS.items()}


class Condition:
    """One condition of any type."""

    def read(self, reader: FieldReader, name: str, version: int) -> Any:
        """Read the type number and the fields of that type."""
        number = reader.integer(f"{name}.type")
        if number not in CONDITION_KINDS:
            allowed = f"a condition type out of {sorted(CONDITION_KINDS)}"
            raise MalformedField(reader.message, f"{name}.type", str(number), allowed)
        return CONDITION_KINDS[number].read(reader, name, version)

    def write(self, writer: FieldWriter, name: str, value: Any, version: int) -> None:
        """Write the type number and the fields of that type."""
        number = _TYPE_NUMBERS[type(value)]
        writer.integer(f"{name}.type", number)
        CONDITION_KINDS[number].write(writer, name, value, version)
