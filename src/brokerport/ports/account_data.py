"""The account data port: positions and balances as the broker reports them."""

from __future__ import annotations

from typing import Protocol

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import Balances, ProfitAndLoss
from brokerport.domain.positions import Holding


class AccountDataPort(Protocol):
    """Positions and balances at the broker."""

    async def positions(self, broker_account: BrokerAccount) -> tuple[Holding, ...]:
        """Read what the account holds; flat positions are left out.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
        """
        ...

    async def balances(self, broker_account: BrokerAccount) -> Balances:
        """Read the account's cash, equity, buying power and margin.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
        """
        ...

    async def profit_and_loss(self, broker_account: BrokerAccount) -> ProfitAndLoss:
        """Read the account's daily, unrealised and realised profit and loss.

        Raises:
            NotConnected, RequestTimedOut, RequestRefused, TemporarilyRefused: the read failed.
        """
        ...
