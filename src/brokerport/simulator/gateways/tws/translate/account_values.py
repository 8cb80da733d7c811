"""An account's figures under IBKR's names, as text.

Sources of the names: TWS API, "Account Value Keys" and "AccountSummaryTags". What the simulated
broker has no rule for is derived or constant, as follows:

- cash settles at once, so SettledCash is the cash; no interest accrues;
- equity with loan is available funds plus initial margin; it includes the options' value where the
  broker counts it;
- requirements do not change overnight, so the Full and LookAhead figures are the current ones;
- Reg T equity and margin are equity with loan and initial margin, and SMA is what is left of it:
  the memorandum's history is not kept;
- day trades are not counted: DayTradesRemaining is -1, "unlimited".
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TypeAlias

from attrs import evolve, frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.balances import Balances, ProfitAndLoss
from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Stock
from brokerport.simulator.brokerage.accounts import PortfolioItem
from brokerport.simulator.brokerage.brokerage import Brokerage
from brokerport.simulator.gateways.tws.translate.contracts import ContractBook
from brokerport.simulator.wire.tws.messages.account import PortfolioValue

ValueKey: TypeAlias = tuple[str, str]
"""A value's name and its currency, which is empty for what is no money."""

ZERO = Decimal(0)
BASE = "BASE"
LEDGER = "$LEDGER"
_MISSPELLED = {"ReqTEquity": "RegTEquity", "ReqTMargin": "RegTMargin"}
"""Names that IBKR's list of tags misspells, and what the tag is."""


def figures(brokerage: Brokerage, account: BrokerAccount) -> AccountFigures:
    """Price an account now."""
    return AccountFigures(
        account,
        brokerage.balances(account),
        brokerage.profit_and_loss(account),
        tuple(brokerage.portfolio(account)),
    )


@frozen
class AccountFigures:
    """An account's figures at one moment."""

    account: BrokerAccount
    balances: Balances
    profit_and_loss: ProfitAndLoss
    holdings: tuple[PortfolioItem, ...]

    @property
    def currency(self) -> str:
        """The account's base currency."""
        return self.balances.total_cash.currency

    def all_values(self) -> dict[ValueKey, str]:
        """Return the values of account updates."""
        values = {
            ("AccountCode", ""): self.account.account_id,
            ("AccountOrGroup", self.currency): self.account.account_id,
            ("AccountReady", ""): "true",
            ("Currency", self.currency): self.currency,
        }
        values |= dict(self._facts())
        for currency in (BASE, self.currency):
            values |= self.ledger(currency)
        return values

    def ledger_and_value(self) -> dict[ValueKey, str]:
        """Return what request 76 with ``ledgerAndNLV`` asks for."""
        values = {("NetLiquidation", self.currency): _money(self.balances.net_liquidation.amount)}
        for currency in (BASE, self.currency):
            values |= self.ledger(currency)
        return values

    def ledger(self, currency: str) -> dict[ValueKey, str]:
        """Return the cash ledger of one currency, or of ``BASE``, all of them together."""
        stocks, options = self._market_values()
        amounts = {
            "CashBalance": self.balances.total_cash.amount,
            "TotalCashBalance": self.balances.total_cash.amount,
            "AccruedCash": ZERO,
            "StockMarketValue": stocks,
            "OptionMarketValue": options,
            "NetLiquidationByCurrency": self.balances.net_liquidation.amount,
            "UnrealizedPnL": self.profit_and_loss.unrealised.amount,
            "RealizedPnL": self.profit_and_loss.realised.amount,
        }
        values = {(name, currency): _money(amount) for name, amount in amounts.items()}
        values["ExchangeRate", currency] = "1.00"
        values["RealCurrency", currency] = currency
        return values

    def summary(self, tags: tuple[str, ...]) -> dict[ValueKey, str]:
        """Return the values of an account summary, in the order asked for.

        Raises:
            BadInput: a tag is none of IBKR's.
        """
        facts = dict(self._by_tag())
        values: dict[ValueKey, str] = {}
        for tag in tags:
            if tag.startswith(LEDGER):
                for currency in self._ledger_currencies(tag):
                    values |= self.ledger(currency)
                continue
            name = _MISSPELLED.get(tag, tag)
            if name not in facts:
                raise BadInput("tags", tag, "one of IBKR's account summary tags")
            key, value = facts[name]
            values[key] = value
        return values

    def portfolio(self, contracts: ContractBook) -> tuple[PortfolioValue, ...]:
        """Return the positions with their prices."""
        return tuple(
            PortfolioValue(
                contract=contracts.contract(holding.position.instrument),
                position=holding.position.quantity,
                market_price=holding.market_price,
                market_value=holding.market_value,
                average_cost=holding.position.average_cost,
                unrealized_pnl=holding.unrealised_pnl,
                realized_pnl=holding.position.realised_pnl,
                account_name=self.account.account_id,
            )
            for holding in self.holdings
        )

    def closed(self, item: PortfolioValue, realised: Decimal) -> PortfolioValue:
        """Return how a position that is gone is told: quantity zero, and what it realised."""
        return evolve(
            item,
            position=ZERO,
            market_value=ZERO,
            average_cost=ZERO,
            unrealized_pnl=ZERO,
            realized_pnl=realised,
        )

    def _by_tag(self) -> Iterator[tuple[str, tuple[ValueKey, str]]]:
        for key, value in self._facts():
            yield key[0], (key, value)

    def _ledger_currencies(self, tag: str) -> tuple[str, ...]:
        match tag.removeprefix(LEDGER):
            case "":
                return (BASE,)
            case ":ALL":
                return (BASE, self.currency)
            case other if other == f":{self.currency}":
                return (self.currency,)
            case _:
                raise BadInput("tags", tag, f"$LEDGER, $LEDGER:{self.currency} or $LEDGER:ALL")

    def _market_values(self) -> tuple[Decimal, Decimal]:
        stocks = options = ZERO
        for holding in self.holdings:
            if isinstance(holding.position.instrument, Stock):
                stocks += holding.market_value
            else:
                options += holding.market_value
        return stocks, options

    def _facts(self) -> Iterator[tuple[ValueKey, str]]:
        balances = self.balances
        initial = balances.initial_margin.amount
        maintenance = balances.maintenance_margin.amount
        available = balances.available_funds.amount
        excess = balances.excess_liquidity.amount
        net = balances.net_liquidation.amount
        equity = available + initial
        gross = sum((abs(holding.market_value) for holding in self.holdings), ZERO)
        yield ("AccountType", ""), "INDIVIDUAL"
        yield ("Cushion", ""), f"{excess / net:.6f}" if net > 0 else "0"
        yield ("DayTradesRemaining", ""), "-1"
        for day in range(1, 5):
            yield (f"DayTradesRemainingT+{day}", ""), "-1"
        yield ("HighestSeverity", ""), "0"
        yield ("Leverage", ""), f"{gross / net:.2f}" if net > 0 else "0"
        yield ("LookAheadNextChange", ""), "0"
        amounts = {
            "AccruedCash": ZERO,
            "AvailableFunds": available,
            "BuyingPower": balances.buying_power.amount,
            "EquityWithLoanValue": equity,
            "ExcessLiquidity": excess,
            "FullAvailableFunds": available,
            "FullExcessLiquidity": excess,
            "FullInitMarginReq": initial,
            "FullMaintMarginReq": maintenance,
            "GrossPositionValue": gross,
            "InitMarginReq": initial,
            "LookAheadAvailableFunds": available,
            "LookAheadExcessLiquidity": excess,
            "LookAheadInitMarginReq": initial,
            "LookAheadMaintMarginReq": maintenance,
            "MaintMarginReq": maintenance,
            "NetLiquidation": net,
            "PreviousDayEquityWithLoanValue": equity - self.profit_and_loss.daily.amount,
            "PreviousEquityWithLoanValue": equity - self.profit_and_loss.daily.amount,
            "RegTEquity": equity,
            "RegTMargin": initial,
            "SMA": equity - initial,
            "SettledCash": balances.total_cash.amount,
            "TotalCashValue": balances.total_cash.amount,
        }
        for name, amount in amounts.items():
            yield (name, self.currency), _money(amount)


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
