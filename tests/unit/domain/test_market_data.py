"""Quotes: the middle of the market, if it has two sides."""

from __future__ import annotations

from decimal import Decimal

import pytest

from brokerport.domain.market_data import Quote
from tests.support.examples import AAPL, NOON


@pytest.mark.parametrize(
    ("bid", "ask", "mid"),
    [("1.00", "1.03", "1.015"), (None, "1.03", None), ("1.00", None, None), (None, None, None)],
)
def test_the_middle_needs_both_sides(bid: str | None, ask: str | None, mid: str | None) -> None:
    """Halfway between bid and ask, and None, not zero, when a side is empty."""

    def price(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    assert Quote(AAPL, NOON, bid=price(bid), ask=price(ask)).mid == price(mid)
