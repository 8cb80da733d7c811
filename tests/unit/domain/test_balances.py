"""Balances carry the moment they are of, and a what-if the margin it would bind."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from brokerport.domain.balances import Balances, MarginImpact
from brokerport.domain.errors import BadInput
from brokerport.domain.money import usd


def test_balances_without_a_time_zone_are_refused() -> None:
    """A balance of an unknown moment is no balance."""
    one = usd(1)
    with pytest.raises(BadInput, match="timezone-aware UTC"):
        Balances(one, one, one, one, one, one, one, datetime(2026, 1, 5))  # noqa: DTZ001 - naive on purpose


def test_the_margin_an_order_binds() -> None:
    """The change is after less before, and negative when margin is set free."""
    impact = MarginImpact(*[usd(amount) for amount in (100, 40, 50, 20, 500, 500)])
    assert impact.initial_margin_change == Decimal(-60)
