"""Reading the JSON of a request: what it may be, and how bad JSON is told from good.

Rules:

- A body is UTF-8 JSON or nothing. NaN and Infinity are no JSON, nor is half a surrogate pair.
- Numbers with a fraction come as Decimal. One beyond a sane size is refused here, so that no
  handler can be made to compute with it; so is one document nested beyond any real one.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from brokerport.simulator.gateways.client_portal.errors import PortalError, bad_request

NESTING_MAX = 32
# No price, quantity or id of the exchange world comes near 10 to the power of this.
MAGNITUDE_MAX = 30


def json_body(raw: bytes) -> Any:
    """Return the JSON of a body, None when it is empty.

    Raises:
        PortalError: it is not JSON, or beyond what any client means (400).
    """
    if not raw:
        return None
    try:
        body = json.loads(
            raw.decode("utf-8"), parse_float=_fraction, parse_int=_whole, parse_constant=_constant
        )
        if b"\\u" in raw:
            json.dumps(body, ensure_ascii=False, default=str).encode("utf-8")
    except (ValueError, RecursionError):
        raise _not_json() from None
    if raw.count(b"[") + raw.count(b"{") > NESTING_MAX and _depth(body) > NESTING_MAX:
        raise _not_json()
    return body


def _not_json() -> PortalError:
    return bad_request("Bad Request: the body is not JSON")


def _fraction(text: str) -> Decimal:
    number = Decimal(text)
    if not number:
        return Decimal(0)
    if len(text) > 2 * MAGNITUDE_MAX or abs(number.adjusted()) > MAGNITUDE_MAX:
        raise ValueError("a number beyond any meaning")
    return number


def _whole(text: str) -> int:
    if len(text) > MAGNITUDE_MAX:
        raise ValueError("a number beyond any meaning")
    return int(text)


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _depth(body: Any) -> int:
    deepest, level = 0, [body]
    while level:
        deepest += 1
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
        level = inner
    return deepest
