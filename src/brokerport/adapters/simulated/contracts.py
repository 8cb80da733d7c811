"""The contract port in process."""

from __future__ import annotations

from brokerport.adapters.simulated.session import SimulatedSession
from brokerport.domain.contracts import ContractDetails, OptionChain
from brokerport.domain.errors import UnknownContract
from brokerport.domain.instruments import Instrument, Stock
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.world import World


def require_listed(world: World, instrument: Instrument) -> ContractDetails:
    """Return an instrument's definition, if it can be traded today.

    Raises:
        UnknownContract: it is not listed, or expired.
    """
    details = world.listing.details(instrument)
    if not world.listing.is_listed(instrument, exchange_date(world.clock.now())):
        raise UnknownContract(f"no security definition has been found for {instrument}")
    return details


class SimulatedContracts:
    """The instruments listed on the world's exchange."""

    def __init__(self, world: World, session: SimulatedSession) -> None:
        self._world = world
        self._session = session

    async def details(self, instrument: Instrument) -> ContractDetails:
        """Look up one instrument."""
        self._session.require_connected()
        return require_listed(self._world, instrument)

    async def find(self, pattern: str) -> tuple[Stock, ...]:
        """Find stocks by the beginning of their symbol or a part of their name."""
        self._session.require_connected()
        found = (details.instrument for details in self._world.listing.find(pattern))
        return tuple(instrument for instrument in found if isinstance(instrument, Stock))

    async def option_chain(self, underlying: Stock) -> OptionChain:
        """Read the listed expiries and strikes over a stock."""
        self._session.require_connected()
        return self._world.listing.option_chain(underlying, exchange_date(self._world.clock.now()))
