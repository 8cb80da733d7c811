"""A ledger: one account's cash and positions, built from what was executed and charged.

It is the client's own belief, kept apart from what the broker reports, so that the two can be
compared. Cash is in one currency; every entry moves it by an exact amount.
"""

from __future__ import annotations

from decimal import Decimal

from brokerport.domain.executions import Commission, Execution
from brokerport.domain.instruments import Instrument, Option, Stock
from brokerport.domain.money import Money
from brokerport.domain.order_types import Side
from brokerport.domain.positions import Position


class Ledger:
    """One account's cash and positions since ``opening_cash``; each execution counts once."""

    def __init__(self, opening_cash: Money) -> None:
        self._cash = opening_cash
        self._positions: dict[Instrument, Position] = {}
        self._executions: dict[str, Execution] = {}
        self._commissions: dict[str, Commission] = {}

    @property
    def cash(self) -> Money:
        """Cash now, commissions paid."""
        return self._cash

    @property
    def commissions(self) -> Money:
        """All commission charged so far."""
        total = Money(Decimal(0), self._cash.currency)
        for commission in self._commissions.values():
            total = total + commission.amount
        return total

    @property
    def executions(self) -> tuple[Execution, ...]:
        """Every execution entered, in order of arrival."""
        return tuple(self._executions.values())

    @property
    def commission_by_execution(self) -> dict[str, Money]:
        """What was charged, by execution id."""
        return {key: commission.amount for key, commission in self._commissions.items()}

    def positions(self) -> tuple[Position, ...]:
        """Every position that is not flat."""
        return tuple(held for held in self._positions.values() if not held.is_flat)

    def quantity_of(self, instrument: Instrument) -> Decimal:
        """How much is held of an instrument; zero when none."""
        held = self._positions.get(instrument)
        return Decimal(0) if held is None else held.quantity

    def enter_execution(self, execution: Execution) -> None:
        """Book a fill; an execution id already booked changes nothing.

        Raises:
            BadInput: the instrument trades in another currency than the ledger's; nothing changed.
        """
        if execution.execution_id in self._executions:
            return
        # The sum comes first: it refuses another currency, and then nothing may be booked.
        self._cash = self._cash + execution.cash_flow
        self._executions[execution.execution_id] = execution
        self._fill(execution.instrument, execution.side, execution.quantity, execution.price)

    def enter_commission(self, commission: Commission) -> None:
        """Book a commission; one already booked for the execution changes nothing.

        Raises:
            BadInput: it is in another currency than the ledger's; nothing changed.
        """
        if commission.execution_id in self._commissions:
            return
        self._cash = self._cash - commission.amount
        self._commissions[commission.execution_id] = commission

    def enter_option_settlement(self, option: Option, stock_side: Side | None) -> None:
        """Book the end of an option at expiry.

        ``stock_side`` is None when it expired worthless; otherwise the stock is bought or sold at
        the strike, multiplier times the contracts held, and the option leg closes at zero.
        """
        contracts = self.quantity_of(option)
        if not contracts:
            return
        closing = Side.SELL if contracts > 0 else Side.BUY
        self._fill(option, closing, abs(contracts), Decimal(0))
        if stock_side is None:
            return
        shares = abs(contracts) * option.multiplier
        self._cash = self._cash - Money(
            stock_side.sign * shares * option.strike, self._cash.currency
        )
        stock = Stock(option.underlying, option.currency)
        self._fill(stock, stock_side, shares, option.strike)

    def _fill(self, instrument: Instrument, side: Side, quantity: Decimal, price: Decimal) -> None:
        held = self._positions.get(instrument, Position(instrument))
        self._positions[instrument] = held.after_fill(side, quantity, price)
