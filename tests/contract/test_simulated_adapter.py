"""The simulated adapter keeps the contract of a broker adapter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from brokerport.adapters.simulated.adapter import SimulatedAdapter
from brokerport.ports.adapter import BrokerAdapter
from tests.contract.broker_adapter_contract import BrokerAdapterContract
from tests.contract.harness import AdapterHarness


class SimulatedHarness(AdapterHarness):
    """An adapter inside the world's own process."""

    async def start(self) -> None:
        """There is nothing to bring up."""

    async def stop(self) -> None:
        """There is nothing to take down."""

    def new_adapter(self) -> BrokerAdapter:
        """An adapter onto the world."""
        return SimulatedAdapter(self.world)


class TestSimulatedAdapter(BrokerAdapterContract):
    """The contract, in process."""

    @pytest.fixture
    def harness(self) -> Iterator[AdapterHarness]:
        """A connected adapter in a world of its own."""
        with SimulatedHarness() as harness:
            yield harness
