"""The simulated adapter: every port, served by a world in this process.

It is not a favoured path. It sends the same tickets to the same brokerage as the TWS gateway does,
and hears the same news in the same order; the contract suite holds both adapters to one result.
"""

from __future__ import annotations

from brokerport.adapters.simulated.account_data import SimulatedAccountData
from brokerport.adapters.simulated.contracts import SimulatedContracts
from brokerport.adapters.simulated.market_data import SimulatedMarketData
from brokerport.adapters.simulated.orders import SimulatedOrders
from brokerport.adapters.simulated.session import SimulatedSession
from brokerport.ports.adapter import Capability
from brokerport.simulator.world import World

CAPABILITIES = frozenset(Capability) - {Capability.STREAMING_QUOTES}


class SimulatedAdapter:
    """All ports onto one world; ``speed`` simulated seconds pass in one, 0 for a stepped clock."""

    def __init__(self, world: World, speed: float = 0.0) -> None:
        self.session = SimulatedSession(world, speed)
        self.orders = SimulatedOrders(world, self.session)
        self.account_data = SimulatedAccountData(world, self.session)
        self.market_data = SimulatedMarketData(world, self.session)
        self.contracts = SimulatedContracts(world, self.session)

    @property
    def name(self) -> str:
        """The adapter's name in the configuration."""
        return "simulated"

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this adapter can do."""
        return CAPABILITIES
