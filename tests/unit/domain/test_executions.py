"""Executions: times in UTC, quantities and prices above zero, and what a fill does to cash."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from brokerport.domain.errors import BadInput
from brokerport.domain.executions import execution_family, utc
from brokerport.domain.instruments import Option, OptionRight
from brokerport.domain.money import usd
from brokerport.domain.order_types import Side
from tests.support.examples import AAPL, AAPL_PUT, NOON, execution

ADJUSTED = Option("AAPL", AAPL_PUT.expiry, AAPL_PUT.strike, OptionRight.PUT, multiplier=10)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 5, 12, 0),  # noqa: DTZ001 - naive on purpose
        datetime(2026, 1, 5, 12, 0, tzinfo=ZoneInfo("America/New_York")),
        datetime(2026, 1, 5, 12, 0, tzinfo=timezone(timedelta(minutes=1))),
    ],
)
def test_a_time_that_is_not_utc_is_refused(moment: datetime) -> None:
    """A naive time or another zone is refused, with the time that came."""
    with pytest.raises(BadInput, match=r"2026-01-05T12:00:00.*timezone-aware UTC"):
        utc(moment)


def test_utc_passes_through() -> None:
    """A time in UTC is taken as it is."""
    assert utc(NOON) is NOON
    assert utc(datetime(2026, 1, 5, tzinfo=UTC)).tzinfo is UTC


@pytest.mark.parametrize("name", ["quantity", "price"])
@pytest.mark.parametrize("value", [Decimal(0), Decimal("-0.01")])
def test_a_fill_of_nothing_or_for_nothing_is_refused(name: str, value: Decimal) -> None:
    """Quantity and price are greater than zero; the side says which way."""
    changes: dict[str, Any] = {name: value}
    with pytest.raises(
        BadInput, match=rf"execution\.{name} is {value}, but must be greater than zero"
    ):
        evolve(execution(), **changes)


@pytest.mark.parametrize(
    ("instrument", "side", "cash"),
    [
        (AAPL, Side.BUY, "-570.00"),
        (AAPL, Side.SELL, "570.00"),
        (AAPL_PUT, Side.BUY, "-57000.00"),
        (AAPL_PUT, Side.SELL, "57000.00"),
        (ADJUSTED, Side.SELL, "5700.00"),
    ],
)
def test_cash_flow(instrument: Option, side: Side, cash: str) -> None:
    """A buy takes price times quantity times multiplier from cash, a sell adds it."""
    fill = execution(3, "190.00", instrument=instrument, side=side)
    assert fill.cash_flow == usd(cash)


@pytest.mark.parametrize(
    ("execution_id", "family"),
    [
        ("0000e0d5.6571a2bc.01.01", ("0000e0d5.6571a2bc.01", 1)),
        ("0000e0d5.6571a2bc.01.02", ("0000e0d5.6571a2bc.01", 2)),
        ("U1.2", ("U1.2", 0)),
    ],
)
def test_a_correction_is_told_from_a_fill(execution_id: str, family: tuple[str, int]) -> None:
    """Only the digits after the last of four parts are a revision."""
    assert execution_family(execution_id) == family
