"""JSON as Client Portal wants it: numbers are exact in both directions.

A price must leave as it was written, and arrive so: a float on the way would round it. Hence floats
are refused when writing, and a number with a point is read as a Decimal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any


def write_json(value: object) -> str:
    """Return a value as JSON text; a Decimal becomes the number that it is.

    Raises:
        TypeError: something in it has no exact form in JSON, such as a float.
        ValueError: a Decimal in it is not finite.
    """
    match value:
        case None | bool() | str() | int():
            return json.dumps(value)
        case Decimal():
            if not value.is_finite():
                raise ValueError(f"{value} has no JSON form")
            return format(value, "f")
        case Mapping():
            pairs = (f"{_key(key)}:{write_json(item)}" for key, item in value.items())
            return "{" + ",".join(pairs) + "}"
        case Sequence() if not isinstance(value, bytes | bytearray):
            return "[" + ",".join(write_json(item) for item in value) + "]"
    raise TypeError(f"{type(value).__name__} has no exact JSON form")


def read_json(text: str | bytes) -> Any:
    """Return the value of a JSON text; numbers with a point are Decimals, NaN is None.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=lambda _name: None)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{key!r} is no name of a JSON member")
    return json.dumps(key)
