"""An account as the brokerage has it on its own books, ready to be compared with a client's."""

from __future__ import annotations

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.reconciliation import AccountBook
from brokerport.simulator.brokerage.brokerage import Brokerage


def account_book(brokerage: Brokerage, broker_account: BrokerAccount, name: str) -> AccountBook:
    """Return cash, positions and every execution of an account, under the client's ``name``."""
    return AccountBook(
        account=name,
        cash=brokerage.balances(broker_account).total_cash,
        quantities={
            position.instrument: position.quantity
            for position in brokerage.positions(broker_account)
        },
        executions={
            booked.execution.execution_id: (
                booked.execution.quantity,
                booked.execution.price,
                booked.commission.amount.amount,
            )
            for booked in brokerage.executions()
            if booked.execution.broker_account == broker_account
        },
    )
