"""The account data port in process."""

from __future__ import annotations

from brokerport.adapters.simulated.refusals import refused_as_request
from brokerport.adapters.simulated.session import SimulatedSession
from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import Balances, ProfitAndLoss
from brokerport.domain.positions import Holding
from brokerport.simulator.world import World


class SimulatedAccountData:
    """Positions and balances at the world's brokerage."""

    def __init__(self, world: World, session: SimulatedSession) -> None:
        self._world = world
        self._session = session

    async def positions(self, broker_account: BrokerAccount) -> tuple[Holding, ...]:
        """Read what the account holds; flat positions are left out."""
        self._session.require_connected()
        with refused_as_request():
            positions = self._world.brokerage.positions(broker_account)
        return tuple(position.holding for position in positions)

    async def balances(self, broker_account: BrokerAccount) -> Balances:
        """Read the account's cash, equity, buying power and margin."""
        self._session.require_connected()
        with refused_as_request():
            return self._world.brokerage.balances(broker_account)

    async def profit_and_loss(self, broker_account: BrokerAccount) -> ProfitAndLoss:
        """Read the account's daily, unrealised and realised profit and loss."""
        self._session.require_connected()
        with refused_as_request():
            return self._world.brokerage.profit_and_loss(broker_account)
