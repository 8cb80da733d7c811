"""A snapshot's ticks into a quote."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from brokerport.adapters.tws.market_data import SETTLE_SECONDS, Ticks
from brokerport.adapters.tws.rows import FreshnessTick, GreeksTick, PriceTick, SizeTick, SnapshotEnd
from brokerport.domain.market_data import MarketDataKind

MODEL = GreeksTick(13, 0.25, -0.4, 3.1, 0.02, 0.3, -0.05, 250.0)


def told(*rows: Any, wants_model: bool = False) -> tuple[Ticks, list[float | None]]:
    """Feed ticks; return what is known, and after each in how many seconds it is complete."""
    ticks = Ticks(wants_model=wants_model)
    waits = [ticks.complete_in([row]) for row in rows]
    return ticks, waits


def test_a_book_with_both_sides() -> None:
    """Prices and sizes arrive, and the wait for the rest is short."""
    ticks, waits = told(
        PriceTick(1, 250.0, 300), PriceTick(2, 250.05, 200), PriceTick(4, 250.02, 5)
    )
    assert (ticks.price(1), ticks.size(1)) == (Decimal(250), Decimal(300))
    assert (ticks.price(2), ticks.size(2)) == (Decimal("250.05"), Decimal(200))
    assert (ticks.price(4), ticks.size(4)) == (Decimal("250.02"), Decimal(5))
    assert waits == [None, SETTLE_SECONDS, SETTLE_SECONDS]


def test_an_empty_side_is_none() -> None:
    """TWS says -1, or a price of 0, or no size."""
    ticks, waits = told(PriceTick(1, -1.0, 0), PriceTick(2, 0.05, 0), SnapshotEnd())
    assert (ticks.price(1), ticks.size(1)) == (None, None)
    assert (ticks.price(2), ticks.size(2)) == (None, None)
    assert waits == [None, SETTLE_SECONDS, 0]
    assert ticks.is_ended


def test_a_size_of_its_own_counts() -> None:
    """TickSize may correct the size that came with the price."""
    ticks, _ = told(PriceTick(1, 250.0, 0), SizeTick(0, 700), SizeTick(8, 12_000))
    assert (ticks.price(1), ticks.size(1), ticks.volume) == (
        Decimal(250),
        Decimal(700),
        Decimal(12_000),
    )


@pytest.mark.parametrize(("size", "volume"), [(0, Decimal(0)), (-1, None)])
def test_an_untraded_session_has_a_volume_of_zero(size: float, volume: Decimal | None) -> None:
    """Nothing traded is known; TWS's -1 is no value."""
    ticks, _ = told(SizeTick(8, size))
    assert ticks.volume == volume


def test_delayed_ticks_are_their_live_twins() -> None:
    """With 10167 the ticks come as 66 to 76, and the kind says so."""
    ticks, waits = told(
        FreshnessTick(3), PriceTick(66, 249.0, 1), PriceTick(67, 249.5, 2), PriceTick(75, 248.0, 0)
    )
    prices = (ticks.price(1), ticks.price(2), ticks.price(9))
    assert prices == (Decimal(249), Decimal("249.5"), Decimal(248))
    assert ticks.kind is MarketDataKind.DELAYED
    assert waits[-1] == SETTLE_SECONDS


def test_an_option_waits_for_its_model() -> None:
    """Both sides alone do not complete an option's quote."""
    ticks, waits = told(PriceTick(1, 3.0, 1), PriceTick(2, 3.2, 1), MODEL, wants_model=True)
    assert waits == [None, None, SETTLE_SECONDS]
    assert ticks.greeks is not None
    assert (ticks.greeks.delta, ticks.greeks.vega) == (Decimal("-0.4"), Decimal("0.3"))
    assert ticks.greeks.implied_volatility == Decimal("0.25")


def test_greeks_that_were_not_computed_are_none() -> None:
    """TWS says -1 for the volatility and -2 for a greek."""
    for uncomputed in (
        MODEL._replace(implied_volatility=-1.0),
        MODEL._replace(gamma=-2.0),
        MODEL._replace(underlying_price=-1.0),
    ):
        ticks, _ = told(uncomputed, wants_model=True)
        assert ticks.greeks is None


def test_the_bids_greeks_are_not_the_models() -> None:
    """Ticks 10 to 12 belong to single prices."""
    ticks, _ = told(MODEL._replace(kind=10), wants_model=True)
    assert ticks.greeks is None
