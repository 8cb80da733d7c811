"""What becomes of option positions at the close of their expiry date.

Rules, from the Options Clearing Corporation's exercise by exception (OCC rule 805), which IBKR
follows: an option in the money by 0.01 a share or more at the underlying's close is exercised if
long, assigned if short, in full; any other expires worthless. IBKR charges no commission for it.

Booked: the option leg closes at a price of zero, so its premium is realised there, and the stock
trades at the strike. (On a statement IBKR moves the premium into the stock's cost instead; the sum
is the same.) It happens at the close, not overnight, and is no execution. No holder abandons an
exercise, and the broker closes no position beforehand that its account could not carry afterwards.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.domain.money import Money, to_cents
from brokerport.domain.order_types import Side
from brokerport.simulator.brokerage.accounts import Account
from brokerport.simulator.brokerage.events import (
    AccountUpdated,
    BrokerageEvent,
    OptionSettled,
    PositionUpdated,
    SettlementOutcome,
)
from brokerport.simulator.brokerage.marks import Marks

ZERO = Decimal(0)
EXERCISE_THRESHOLD = Decimal("0.01")


def settle_expired(account: Account, today: date, marks: Marks) -> list[BrokerageEvent]:
    """Settle the account's option positions that expire on or before ``today`` (New York).

    ``marks`` are the prices at the close.

    Raises:
        NoMarkPrice: the price of an underlying is not known.
    """
    events: list[BrokerageEvent] = []
    for held in account.held_positions():
        option = held.instrument
        if isinstance(option, Option) and option.expiry <= today:
            events += _settle(account, option, marks)
    return events


def _settle(account: Account, option: Option, marks: Marks) -> list[BrokerageEvent]:
    contracts = account.position(option).quantity
    stock = Stock(option.underlying, option.currency)
    in_the_money = marks.last_price(stock) - option.strike
    if option.right is OptionRight.PUT:
        in_the_money = -in_the_money
    closing_side = Side.SELL if contracts > 0 else Side.BUY
    closed, _ = account.trade(closing_side, option, abs(contracts), ZERO, ZERO)
    account_id = account.account_id
    if in_the_money < EXERCISE_THRESHOLD:
        nothing = Money(ZERO, option.currency)
        outcome = SettlementOutcome.EXPIRED
        return [
            OptionSettled(account_id, option, contracts, outcome, ZERO, nothing),
            PositionUpdated(account_id, closed),
            AccountUpdated(account_id),
        ]
    shares = contracts * option.multiplier
    if option.right is OptionRight.PUT:
        shares = -shares
    side = Side.BUY if shares > 0 else Side.SELL
    delivered, _ = account.trade(side, stock, abs(shares), option.strike, ZERO)
    outcome = SettlementOutcome.EXERCISED if contracts > 0 else SettlementOutcome.ASSIGNED
    cash = Money(-to_cents(shares * option.strike), option.currency)
    return [
        OptionSettled(account_id, option, contracts, outcome, shares, cash),
        PositionUpdated(account_id, closed),
        PositionUpdated(account_id, delivered),
        AccountUpdated(account_id),
    ]
