"""Every scenario runs once on each adapter that claims the capability."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from features.trading_floor import TradingFloor

ADAPTERS = ("simulated", "tws", "client_portal")


@pytest.fixture(params=ADAPTERS, autouse=True)
def adapter_name(request: pytest.FixtureRequest) -> str:
    """The adapter that carries this run of the scenario."""
    name: str = request.param
    return name


@pytest.fixture
def floor(adapter_name: str) -> Iterator[TradingFloor]:
    """A trading floor whose traders reach the exchange through the adapter."""
    with TradingFloor(adapter_name) as floor:
        yield floor
