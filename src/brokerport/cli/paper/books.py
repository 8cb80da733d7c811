"""What the client believes of an account, built from the event stream alone.

Executions and commissions come as events. The end of an option at expiry does not: a TWS client
only sees positions change. So the client looks at what the broker reports to hold after the close:
an expired option that is gone was either worthless, or its shares have come or gone at the strike.
What fits neither is left alone, and the reconciliation will show it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from brokerport.broker import Broker
from brokerport.domain.events import BrokerEvent, CommissionCharged, ExecutionReceived
from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.domain.ledger import Ledger
from brokerport.domain.order_types import Side
from brokerport.domain.reconciliation import AccountBook


class ClientBooks:
    """One ledger for each logical account."""

    def __init__(self) -> None:
        self._ledgers: dict[str, Ledger] = {}

    async def open(self, broker: Broker) -> None:
        """Begin every account's ledger with the cash that the broker reports."""
        for account in broker.accounts:
            balances = await broker.balances(account.name)
            self._ledgers[account.name] = Ledger(balances.total_cash)

    def ledger(self, account: str) -> Ledger:
        """Return one account's ledger."""
        return self._ledgers[account]

    def enter(self, event: BrokerEvent) -> None:
        """Book an execution or a commission."""
        match event:
            case ExecutionReceived(account=str(account), execution=execution):
                self._ledgers[account].enter_execution(execution)
            case CommissionCharged(account=str(account), commission=commission):
                self._ledgers[account].enter_commission(commission)
            case _:
                pass

    async def settle_expired(self, broker: Broker, today: date) -> list[tuple[str, Option, bool]]:
        """Book the end of every option expiring by ``today``, as the broker's positions show it.

        Returns the account, the option and whether it was assigned or exercised.
        """
        settled: list[tuple[str, Option, bool]] = []
        for account, ledger in self._ledgers.items():
            held = {held.instrument: held.quantity for held in await broker.positions(account)}
            for position in ledger.positions():
                option = position.instrument
                if not isinstance(option, Option) or option.expiry > today or option in held:
                    continue
                stock = Stock(option.underlying, option.currency)
                change = held.get(stock, Decimal(0)) - ledger.quantity_of(stock)
                side = _delivery(option, position.quantity)
                if change == side.sign * abs(position.quantity) * option.multiplier:
                    ledger.enter_option_settlement(option, side)
                    settled.append((account, option, True))
                elif change == 0:
                    ledger.enter_option_settlement(option, None)
                    settled.append((account, option, False))
        return settled

    def book(self, account: str) -> AccountBook:
        """Return what is believed of an account, ready to be compared."""
        ledger = self._ledgers[account]
        commissions = ledger.commission_by_execution
        return AccountBook(
            account=account,
            cash=ledger.cash,
            quantities={held.instrument: held.quantity for held in ledger.positions()},
            executions={
                execution.execution_id: (
                    execution.quantity,
                    execution.price,
                    commissions[execution.execution_id].amount
                    if execution.execution_id in commissions
                    else Decimal(0),
                )
                for execution in ledger.executions
            },
        )


def _delivery(option: Option, quantity: Decimal) -> Side:
    """Which way the shares go when an option held in ``quantity`` is exercised or assigned."""
    buys = (option.right is OptionRight.CALL) == (quantity > 0)
    return Side.BUY if buys else Side.SELL
