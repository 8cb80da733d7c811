"""An account's figures at one moment, from which the portal's account pages are written.

The names are IBKR's (TWS API, "Account Value Keys"). What the simulated broker has no rule for is
derived, and the same for every door:

- cash settles at once and no interest accrues: settled cash is the cash;
- equity with loan is available funds plus initial margin: it includes the options' value where the
  broker counts it;
- requirements do not change overnight: look-ahead, overnight and full figures are the current ones;
- Reg T margin is the initial margin, and SMA what equity leaves of it: the memorandum's history is
  not kept.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from attrs import frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import Balances, ProfitAndLoss
from brokerport.domain.instruments import Stock
from brokerport.simulator.brokerage.accounts import PortfolioItem
from brokerport.simulator.brokerage.brokerage import Brokerage

ZERO = Decimal(0)


def account_figures(brokerage: Brokerage, account: BrokerAccount) -> AccountFigures:
    """Price an account now.

    Raises:
        NoMarkPrice: the market has no price for a holding.
        OrderRefused: 321, the account is unknown.
    """
    return AccountFigures(
        account,
        brokerage.balances(account),
        brokerage.profit_and_loss(account),
        brokerage.portfolio(account),
    )


@frozen
class AccountFigures:
    """An account's figures at ``as_of``, all in its base currency."""

    account: BrokerAccount
    balances: Balances
    profit_and_loss: ProfitAndLoss
    holdings: tuple[PortfolioItem, ...]

    @property
    def as_of(self) -> datetime:
        """When the account was priced, UTC."""
        return self.balances.as_of

    @property
    def currency(self) -> str:
        """The account's base currency."""
        return self.balances.total_cash.currency

    @property
    def cash(self) -> Decimal:
        """The cash, all of it settled."""
        return self.balances.total_cash.amount

    @property
    def net_liquidation(self) -> Decimal:
        """What the account is worth."""
        return self.balances.net_liquidation.amount

    @property
    def initial_margin(self) -> Decimal:
        """The initial margin of the positions."""
        return self.balances.initial_margin.amount

    @property
    def maintenance_margin(self) -> Decimal:
        """The maintenance margin of the positions."""
        return self.balances.maintenance_margin.amount

    @property
    def available_funds(self) -> Decimal:
        """Equity with loan value less the initial margin."""
        return self.balances.available_funds.amount

    @property
    def excess_liquidity(self) -> Decimal:
        """Equity with loan value less the maintenance margin."""
        return self.balances.excess_liquidity.amount

    @property
    def buying_power(self) -> Decimal:
        """What may be bought with the available funds."""
        return self.balances.buying_power.amount

    @property
    def equity_with_loan(self) -> Decimal:
        """The equity that may be borrowed against."""
        return self.available_funds + self.initial_margin

    @property
    def previous_equity_with_loan(self) -> Decimal:
        """The equity with loan less what the day has brought since the last close."""
        return self.equity_with_loan - self.daily

    @property
    def special_memorandum(self) -> Decimal:
        """The special memorandum account (SMA)."""
        return self.equity_with_loan - self.initial_margin

    @property
    def stock_value(self) -> Decimal:
        """What the stocks are worth, negative when short."""
        return sum((one.market_value for one in self.holdings if _is_stock(one)), ZERO)

    @property
    def option_value(self) -> Decimal:
        """What the options are worth, negative when short."""
        return sum((one.market_value for one in self.holdings if not _is_stock(one)), ZERO)

    @property
    def gross_position_value(self) -> Decimal:
        """What the positions are worth, long and short added up."""
        return sum((abs(one.market_value) for one in self.holdings), ZERO)

    @property
    def cushion(self) -> Decimal:
        """Excess liquidity as a fraction of what the account is worth; 0 when it is worthless."""
        return self._per_net_liquidation(self.excess_liquidity)

    @property
    def leverage(self) -> Decimal:
        """Gross position value as a multiple of what the account is worth; 0 when worthless."""
        return self._per_net_liquidation(self.gross_position_value)

    @property
    def daily(self) -> Decimal:
        """The profit since the last close."""
        return self.profit_and_loss.daily.amount

    @property
    def unrealised(self) -> Decimal:
        """The profit of the positions held."""
        return self.profit_and_loss.unrealised.amount

    @property
    def realised(self) -> Decimal:
        """What this session's closing trades booked."""
        return self.profit_and_loss.realised.amount

    def _per_net_liquidation(self, amount: Decimal) -> Decimal:
        return amount / self.net_liquidation if self.net_liquidation > 0 else ZERO


def _is_stock(holding: PortfolioItem) -> bool:
    return isinstance(holding.position.instrument, Stock)
