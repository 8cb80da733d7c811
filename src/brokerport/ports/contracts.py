"""The contract port: what instruments the broker knows."""

from __future__ import annotations

from typing import Protocol

from brokerport.domain.contracts import ContractDetails, OptionChain
from brokerport.domain.instruments import Instrument, Stock


class ContractPort(Protocol):
    """Contract lookup at the broker."""

    async def details(self, instrument: Instrument) -> ContractDetails:
        """Look up one instrument.

        Raises:
            UnknownContract: the broker knows none, or more than one, of that description.
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
        """
        ...

    async def find(self, pattern: str) -> tuple[Stock, ...]:
        """Find stocks whose symbol or name matches ``pattern``; none found is an empty answer."""
        ...

    async def option_chain(self, underlying: Stock) -> OptionChain:
        """Read the listed expiries and strikes over a stock (its main trading class, SMART).

        Raises:
            UnknownContract: the stock is unknown or has no options.
        """
        ...
