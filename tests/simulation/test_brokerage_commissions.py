"""Commissions: IBKR Pro fixed pricing, per order, however it fills."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerport.domain.instruments import Instrument
from brokerport.domain.money import to_cents
from brokerport.simulator.brokerage.commissions import order_commission
from tests.simulation.trading_floor import AAPL, CALL, D, TradingFloor


@pytest.mark.parametrize(
    ("quantity", "price", "expected"),
    [
        (1, "270.00", "1.00"),
        (200, "270.00", "1.00"),
        (201, "270.00", "1.01"),
        (1000, "25.00", "5.00"),
        (1000, "0.25", "2.50"),
        (10, "5.00", "0.50"),
        (1, "100.00", "1.00"),
        (1, "99.00", "0.99"),
        (1, "0.01", "0.00"),
    ],
)
def test_stocks(quantity: int, price: str, expected: str) -> None:
    """IBKR's own examples among them: 1,000 shares at 25 cost 5.00, at 0.25 cost 2.50."""
    value = quantity * D(price)
    assert order_commission(AAPL, D(quantity), value) == D(expected)


@pytest.mark.parametrize(
    ("contracts", "expected"), [(1, "1.00"), (2, "1.30"), (10, "6.50"), (100, "65.00")]
)
def test_options(contracts: int, expected: str) -> None:
    """0.65 a contract, one dollar at least; the price does not matter."""
    assert order_commission(CALL, D(contracts), D("0.01")) == D(expected)


def test_an_order_that_has_not_traded_costs_nothing() -> None:
    """The minimum is only due once something has traded."""
    assert order_commission(AAPL, D(0), D(0)) == 0


FILLS = st.lists(st.tuples(st.integers(1, 900), st.integers(1, 60_000)), min_size=1, max_size=12)


@given(FILLS, st.sampled_from([AAPL, CALL]))
def test_an_order_s_total_does_not_depend_on_how_it_filled(
    fills: list[tuple[int, int]], instrument: Instrument
) -> None:
    """Charged fill by fill, an order pays the minimum once and never gets money back."""
    quantity = value = charged = Decimal(0)
    for contracts, cents in fills:
        quantity += contracts
        value += contracts * Decimal(cents) / 100 * instrument.multiplier
        due = order_commission(instrument, quantity, value) - charged
        assert due >= 0
        charged += due
    if instrument is CALL:
        expected = max(D("1.00"), D("0.65") * quantity)
    else:
        expected = min(max(D("1.00"), D("0.005") * quantity), D("0.01") * value)
    assert charged == to_cents(expected)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=8))
def test_the_broker_charges_each_fill_the_difference(sizes: list[int]) -> None:
    """Through the whole broker: the fills' commissions add up to the order's, and left the cash."""
    floor = TradingFloor(margin_cash=10_000_000)
    total = sum(sizes)
    floor.show(AAPL, "269.98", "270.00", size=sizes[0], last="270.00")
    order = floor.buy(total)
    for size in sizes[1:]:
        floor.show(AAPL, "269.98", "270.00", size=size)
        floor.brokerage.match(floor.world.clock.now())
    order = floor.now(order)
    charges = [booked.commission.amount.amount for booked in floor.brokerage.executions()]
    assert order.remaining == 0
    assert len(charges) == len(sizes)
    assert sum(charges) == order.commission_total == max(D(1), to_cents(D("0.005") * total))
    assert floor.cash() == 10_000_000 - 270 * total - order.commission_total
