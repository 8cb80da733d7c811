"""Where an account stands: its equity, what it binds, and what is left for another order."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from attrs import frozen

from brokerport.domain.balances import Balances, MarginImpact
from brokerport.domain.instruments import Stock
from brokerport.simulator.brokerage.accounts import Account, PortfolioItem
from brokerport.simulator.brokerage.margin import Requirement, requirement
from brokerport.simulator.brokerage.marks import Marks

ZERO = Decimal(0)
# IBKR shows four times the available funds of a margin account: the day trading multiple.
MARGIN_BUYING_POWER_MULTIPLE = 4


@frozen
class Standing:
    """An account's equity and requirement at one moment, in its currency."""

    cash: Decimal
    net_liquidation: Decimal
    equity_with_loan: Decimal
    requirement: Requirement
    reserved_commission: Decimal

    @property
    def available_funds(self) -> Decimal:
        """Equity with loan value less the initial margin of the positions."""
        return self.equity_with_loan - self.requirement.initial

    @property
    def available_with_orders(self) -> Decimal:
        """What is left at the worst when every open order counts as well."""
        return self.equity_with_loan - self.bound_with_orders

    @property
    def bound_with_orders(self) -> Decimal:
        """The initial margin, costs and commissions of positions and open orders at the worst."""
        needs = self.requirement
        return needs.with_orders + needs.order_costs + self.reserved_commission


def standing_of(account: Account, marks: Marks) -> Standing:
    """Return where the account stands at these prices.

    Raises:
        NoMarkPrice: a price that is needed is not known.
    """
    stock_value, option_value = _values(account, marks)
    rule = account.setup.margin_rule
    return Standing(
        cash=account.cash,
        net_liquidation=account.cash + stock_value + option_value,
        equity_with_loan=account.cash + stock_value if rule == "reg_t" else account.cash,
        requirement=requirement(rule, account.exposures.values(), marks),
        reserved_commission=account.reserved_commission,
    )


def net_liquidation_of(account: Account, marks: Marks) -> Decimal:
    """Return what the account is worth: its cash and all its positions at their marks.

    Raises:
        NoMarkPrice: the price of a position is not known.
    """
    return account.cash + sum(_values(account, marks))


def _values(account: Account, marks: Marks) -> tuple[Decimal, Decimal]:
    """Return what the stocks and what the options are worth, negative when short."""
    stocks = options = ZERO
    for exposure in account.exposures.values():
        if exposure.position:
            instrument = exposure.instrument
            value = exposure.position * marks.of(instrument).mark * instrument.multiplier
            if isinstance(instrument, Stock):
                stocks += value
            else:
                options += value
    return stocks, options


def balances_of(account: Account, standing: Standing, as_of: datetime) -> Balances:
    """Return an account's standing as IBKR's account window names it.

    As at IBKR the figures are of the positions; open orders count when an order is accepted.
    """
    needs = standing.requirement
    available = standing.available_funds
    multiple = MARGIN_BUYING_POWER_MULTIPLE if account.setup.margin_rule == "reg_t" else 1

    money = account.money
    return Balances(
        total_cash=money(standing.cash),
        net_liquidation=money(standing.net_liquidation),
        buying_power=money(max(available, ZERO) * multiple),
        initial_margin=money(needs.initial),
        maintenance_margin=money(needs.maintenance),
        available_funds=money(available),
        excess_liquidity=money(standing.equity_with_loan - needs.maintenance),
        as_of=as_of,
    )


def impact_of(
    account: Account, before: Standing, after: Standing, commission: Decimal
) -> MarginImpact:
    """Return the difference between two standings, as a what-if order shows it."""
    money = account.money
    return MarginImpact(
        initial_margin_before=money(before.requirement.initial),
        initial_margin_after=money(after.requirement.initial),
        maintenance_margin_before=money(before.requirement.maintenance),
        maintenance_margin_after=money(after.requirement.maintenance),
        equity_with_loan_before=money(before.equity_with_loan),
        equity_with_loan_after=money(after.equity_with_loan),
        commission=money(commission),
    )


def portfolio_of(account: Account, marks: Marks) -> tuple[PortfolioItem, ...]:
    """Return the positions that are not flat, at their mark prices.

    Raises:
        NoMarkPrice: a price that is needed is not known.
    """
    items: list[PortfolioItem] = []
    for position in account.held_positions():
        mark = marks.of(position.instrument).mark
        value = mark * position.quantity * position.instrument.multiplier
        items.append(PortfolioItem(position, mark, value, position.unrealised_pnl(mark)))
    return tuple(items)
