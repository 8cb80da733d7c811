"""What was read last, and when: for the time in which the broker cannot be asked."""

from __future__ import annotations

from typing import TypeVar

from brokerport.domain.balances import Balances
from brokerport.domain.errors import NotConnected
from brokerport.domain.instruments import Instrument
from brokerport.domain.known import Known
from brokerport.domain.market_data import Quote
from brokerport.domain.positions import Holding
from brokerport.ports.clock import Clock

_T = TypeVar("_T")


class LastKnown:
    """The last answer to each kind of read; nothing is invented for what was never asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._positions: dict[str, Known[tuple[Holding, ...]]] = {}
        self._balances: dict[str, Known[Balances]] = {}
        self._quotes: dict[Instrument, Known[Quote]] = {}

    def keep_positions(self, account: str, holdings: tuple[Holding, ...]) -> None:
        """Remember what an account holds."""
        self._positions[account] = Known(holdings, self._clock.now())

    def keep_balances(self, account: str, balances: Balances) -> None:
        """Remember an account's balances."""
        self._balances[account] = Known(balances, balances.as_of)

    def keep_quote(self, quote: Quote) -> None:
        """Remember an instrument's quote."""
        self._quotes[quote.instrument] = Known(quote, quote.as_of)

    def positions(self, account: str) -> Known[tuple[Holding, ...]]:
        """Return what an account held when it was last read.

        Raises:
            NotConnected: it was never read.
        """
        return _found(self._positions.get(account), f"the positions of account {account!r}")

    def balances(self, account: str) -> Known[Balances]:
        """Return an account's balances as they were last read.

        Raises:
            NotConnected: they were never read.
        """
        return _found(self._balances.get(account), f"the balances of account {account!r}")

    def quote(self, instrument: Instrument) -> Known[Quote]:
        """Return an instrument's quote as it was last read.

        Raises:
            NotConnected: it was never read.
        """
        return _found(self._quotes.get(instrument), f"a quote of {instrument}")


def _found(known: Known[_T] | None, what: str) -> Known[_T]:
    if known is None:
        raise NotConnected(f"{what} was never read, so nothing is known")
    return known
