"""Balances: an account's cash, equity, buying power and margin, and what a trade would take."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from attrs import field, frozen

from brokerport.domain.executions import utc
from brokerport.domain.money import Money


@frozen
class Balances:
    """An account's money at ``as_of`` (UTC), all in its base currency.

    The names are those of IBKR's account window: ``total_cash`` (TotalCashValue),
    ``net_liquidation``, ``buying_power``, ``initial_margin`` (InitMarginReq),
    ``maintenance_margin`` (MaintMarginReq), ``excess_liquidity`` and ``available_funds``.
    """

    total_cash: Money
    net_liquidation: Money
    buying_power: Money
    initial_margin: Money
    maintenance_margin: Money
    available_funds: Money
    excess_liquidity: Money
    as_of: datetime = field(converter=utc)


@frozen
class ProfitAndLoss:
    """An account's profit and loss as the broker computes it, in its base currency.

    ``daily`` is since the last session's close, ``realised`` is what this day's closing trades
    booked, after commissions (IBKR ``reqPnL``).
    """

    daily: Money
    unrealised: Money
    realised: Money


@frozen
class MarginImpact:
    """What an order would do to margin and cost in commission, were it placed now (a what-if).

    A commission the broker would not estimate is None.
    """

    initial_margin_before: Money
    initial_margin_after: Money
    maintenance_margin_before: Money
    maintenance_margin_after: Money
    equity_with_loan_before: Money
    equity_with_loan_after: Money
    commission: Money | None = None

    @property
    def initial_margin_change(self) -> Decimal:
        """How much more initial margin the order would bind."""
        return self.initial_margin_after.amount - self.initial_margin_before.amount
