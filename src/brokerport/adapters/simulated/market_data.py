"""The market data port in process."""

from __future__ import annotations

from brokerport.adapters.simulated.contracts import require_listed
from brokerport.adapters.simulated.session import SimulatedSession
from brokerport.domain.instruments import Instrument, Option
from brokerport.domain.market_data import Quote
from brokerport.simulator.world import World


class SimulatedMarketData:
    """Quotes of the world's market."""

    def __init__(self, world: World, session: SimulatedSession) -> None:
        self._world = world
        self._session = session

    async def quote(self, instrument: Instrument) -> Quote:
        """Read the best bid and offer now, with greeks for an option."""
        self._session.require_connected()
        require_listed(self._world, instrument)
        now = self._world.clock.now()
        shown = self._world.market.quote(instrument, now)
        statistics = self._world.market.statistics(instrument, now)
        greeks = None
        if isinstance(instrument, Option):
            greeks = self._world.market.greeks(instrument, now)
        return Quote(
            instrument=instrument,
            as_of=now,
            bid=shown.bid,
            bid_size=shown.bid_size,
            ask=shown.ask,
            ask_size=shown.ask_size,
            last=shown.last,
            last_size=shown.last_size,
            close=statistics.previous_close,
            volume=statistics.volume,
            greeks=greeks,
        )
