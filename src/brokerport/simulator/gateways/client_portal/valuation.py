"""What an account is worth, or IBKR's error when nobody knows: never a zero for a missing price."""

from __future__ import annotations

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.brokerage.accounts import PortfolioItem
from brokerport.simulator.brokerage.marks import NoMarkPrice
from brokerport.simulator.gateways.client_portal.errors import unavailable
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.translate.account_figures import (
    AccountFigures,
    account_figures,
)


def figures_of(portal: ServedPortal, account: BrokerAccount) -> AccountFigures:
    """Price an account now.

    Raises:
        PortalError: the market has no price for a holding (503).
    """
    try:
        return account_figures(portal.world.brokerage, account)
    except NoMarkPrice as error:
        raise unavailable(f"Service Unavailable: {error}") from error


def holdings_of(portal: ServedPortal, account: BrokerAccount) -> tuple[PortfolioItem, ...]:
    """Return an account's positions at their mark prices.

    Raises:
        PortalError: the market has no price for a holding (503).
    """
    try:
        return portal.world.brokerage.portfolio(account)
    except NoMarkPrice as error:
        raise unavailable(f"Service Unavailable: {error}") from error
