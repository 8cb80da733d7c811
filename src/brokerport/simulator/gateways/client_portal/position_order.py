"""The order that a client wants positions in: ``sort`` names a column, ``direction`` a or d."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from brokerport.simulator.gateways.client_portal.errors import bad_request
from brokerport.simulator.gateways.client_portal.translate.positions import HeldContract


def in_order(
    held: Sequence[HeldContract],
    query: Mapping[str, str],
    row_of: Callable[[HeldContract], Mapping[str, Any]],
) -> tuple[HeldContract, ...]:
    """Return positions in the order a query wants; as they were opened when it wants none.

    A position without a value in that column comes last.

    Raises:
        PortalError: the column is none of the rows' (400).
    """
    column = query.get("sort", "")
    if not column:
        return tuple(held)
    keyed = [(_value(row_of(one), column), one) for one in held]
    known = [pair for pair in keyed if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=query.get("direction", "a") == "d")
    return tuple(one for _, one in [*known, *(pair for pair in keyed if pair[0] is None)])


def _value(row: Mapping[str, Any], column: str) -> Any:
    value = row.get(column)
    if column not in row or not isinstance(value, str | int | Decimal | None):
        raise bad_request(f"Bad Request: positions cannot be sorted by {column!r}")
    return value
