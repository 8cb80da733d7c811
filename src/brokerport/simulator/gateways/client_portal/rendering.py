"""JSON as the gateway writes it, over HTTP and over the WebSocket alike."""

from __future__ import annotations

import json
from decimal import Decimal


def json_text(value: object) -> str:
    """Return a value as compact JSON; a Decimal becomes a number, a whole one without a fraction.

    Raises:
        TypeError: something in it has no JSON form.
        ValueError: a number in it is not finite.
    """
    return json.dumps(value, default=_plain, separators=(",", ":"), allow_nan=False)


def _plain(value: object) -> float | int:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
