"""Executions: Client Portal's rows of trades, of the list and of the ``str`` topic, into ours.

A row comes once without its commission and again with it, under the same execution id. The profit
that a closing trade booked is nowhere in the Client Portal API.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from brokerport.adapters.client_portal.translate_numbers import number, optional_number
from brokerport.adapters.client_portal.translate_orders import (
    Row,
    row_account,
    row_order_id,
    row_reference,
    to_side,
)
from brokerport.adapters.client_portal.translate_times import epoch_milliseconds, trade_time
from brokerport.domain.errors import BadInput, Unsupported
from brokerport.domain.executions import Commission, Execution
from brokerport.domain.instruments import Instrument
from brokerport.domain.money import Money

COMBINATION = "BAG"


def row_execution_id(row: Row) -> str:
    """Return a row's execution id.

    Raises:
        ValueError: it has none.
    """
    told = row.get("execution_id")
    if not isinstance(told, str) or not told:
        raise ValueError("an execution came without its id")
    return told


def is_combination(row: Row) -> bool:
    """Say whether a row is the line of a combination as a whole; its legs are there each."""
    told: object = row.get("sec_type", row.get("secType"))
    return told == COMBINATION


def to_execution(row: Row, instrument: Instrument, reference: str | None = None) -> Execution:
    """Return a fill; ``reference`` stands in where the row shows no order reference.

    Raises:
        Unsupported: a value of the fill is none that brokerport has.
    """
    try:
        return Execution(
            execution_id=row_execution_id(row),
            broker_account=row_account(row),
            instrument=instrument,
            side=to_side(row),
            quantity=number(row.get("size"), "size"),
            price=number(row.get("price"), "price"),
            executed_at=executed_at(row),
            order_reference=row_reference(row) or reference,
            perm_id=_order_id(row),
        )
    except (BadInput, Unsupported, ValueError) as error:
        raise Unsupported(
            f"execution {row.get('execution_id')} in {row.get('symbol')}: {error}"
        ) from error


def to_commission(row: Row, currency: str = "USD") -> Commission | None:
    """Return what an execution cost, None while it is not known.

    ``currency`` is the instrument's: the row names none.

    Raises:
        ValueError: the row tells something that is no number.
    """
    amount = optional_number(row.get("commission"))
    if amount is None:
        return None
    return Commission(row_execution_id(row), Money(amount, currency))


def executed_at(row: Row) -> datetime:
    """Return when an execution happened (UTC).

    Raises:
        ValueError: the row does not tell it.
    """
    # The written time has whole seconds; the number beside it has milliseconds.
    told = row.get("trade_time_r")
    return trade_time(row.get("trade_time")) if told is None else epoch_milliseconds(told)


def filled_by(row: Row) -> Decimal:
    """Return how much a row's execution filled.

    Raises:
        ValueError: the row does not tell it.
    """
    return number(row.get("size"), "size")


def _order_id(row: Row) -> int | None:
    """Return the order's id, None in rows of a kind that has none."""
    if row.get("order_id", row.get("orderId")) is None:
        return None
    return row_order_id(row)
