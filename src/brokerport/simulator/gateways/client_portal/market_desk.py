"""What all market data and contract endpoints of one portal share."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

from brokerport.domain.contracts import ContractDetails
from brokerport.domain.instruments import Instrument
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.gateways.bars import BarSource
from brokerport.simulator.world import World

if TYPE_CHECKING:
    from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal


class MarketDesk:
    """Looks at the world's market and listing; have it from ``portal.store(MarketDesk)``."""

    def __init__(self, portal: ServedPortal) -> None:
        self.world: World = portal.world
        self.bar_source = BarSource(self.world.market, self.world.calendar)
        self._server_ids: dict[int, str] = {}
        self._history_numbers = count(1)

    def instrument(self, contract_id: int) -> Instrument:
        """Return the instrument of a contract id, an expired option's too.

        Raises:
            UnknownContract: no listed instrument has it.
        """
        return self.world.listing.by_contract_id(contract_id)

    def details(self, instrument: Instrument) -> ContractDetails:
        """Return an instrument's details; raises UnknownContract when it was never listed."""
        return self.world.listing.details(instrument)

    def has_data(self, instrument: Instrument, at: datetime) -> bool:
        """Say whether there is market data of an instrument: it is listed on that day."""
        return self.world.listing.is_listed(instrument, exchange_date(at))

    def server_id(self, contract_id: int) -> str:
        """Return what IBKR's server calls a contract's stream ("q0"), the same for every caller."""
        return self._server_ids.setdefault(contract_id, f"q{len(self._server_ids)}")

    def next_history_id(self) -> str:
        """Return a number for one more answer with bars."""
        return str(next(self._history_numbers))
