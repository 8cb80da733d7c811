"""A ledger: one account's cash and positions, built from what was executed and charged.

It is the client's own belief, kept apart from what the broker reports, so that the two can be
compared. Cash is in one currency; every entry moves it by an exact amount.

A correction of an execution takes its place: cash and the position become what they would be had it
been right from the beginning.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from brokerport.domain.errors import BadInput
from brokerport.domain.executions import Commission, Execution, execution_family
from brokerport.domain.instruments import Instrument, Option, Stock
from brokerport.domain.money import Money
from brokerport.domain.order_types import Side
from brokerport.domain.positions import Position


@frozen
class _Entry:
    """A change of one position: a fill of ``family``, or a settlement, which has none."""

    family: str | None
    side: Side
    quantity: Decimal
    price: Decimal


class Ledger:
    """One account's cash and positions since ``opening_cash``; each execution counts once."""

    def __init__(self, opening_cash: Money) -> None:
        self._cash = opening_cash
        self._positions: dict[Instrument, Position] = {}
        self._entries: dict[Instrument, list[_Entry]] = {}
        self._opening: dict[Instrument, Position] = {}
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
        return {
            commission.execution_id: commission.amount for commission in self._commissions.values()
        }

    def positions(self) -> tuple[Position, ...]:
        """Every position that is not flat."""
        return tuple(held for held in self._positions.values() if not held.is_flat)

    def quantity_of(self, instrument: Instrument) -> Decimal:
        """How much is held of an instrument; zero when none."""
        held = self._positions.get(instrument)
        return Decimal(0) if held is None else held.quantity

    def open_position(self, position: Position) -> None:
        """Begin with a position that was held before anything was entered.

        Raises:
            BadInput: something was entered in the instrument already; nothing changed.
        """
        if position.instrument in self._positions:
            raise BadInput("position", position.instrument, "of an instrument without entries")
        self._opening[position.instrument] = self._positions[position.instrument] = position

    def enter_execution(self, execution: Execution) -> None:
        """Book a fill; one already booked changes nothing, a correction takes its place.

        Raises:
            BadInput: the instrument trades in another currency than the ledger's, or a correction
                is of another instrument than what it corrects; nothing changed.
        """
        family = execution.family
        booked = self._executions.get(family)
        if booked is not None and booked.revision >= execution.revision:
            return
        if booked is not None and booked.instrument != execution.instrument:
            raise BadInput("execution.instrument", execution.instrument, str(booked.instrument))
        # The sum comes first: it refuses another currency, and then nothing may be booked.
        cash = self._cash + execution.cash_flow
        self._cash = cash if booked is None else cash - booked.cash_flow
        self._executions[family] = execution
        entry = _Entry(family, execution.side, execution.quantity, execution.price)
        if booked is None:
            self._fill(execution.instrument, entry)
        else:
            self._correct(execution.instrument, entry)

    def enter_commission(self, commission: Commission) -> None:
        """Book a commission; one already booked for the execution changes nothing.

        A corrected execution's commission takes the place of the one before.

        Raises:
            BadInput: it is in another currency than the ledger's; nothing changed.
        """
        family, revision = execution_family(commission.execution_id)
        booked = self._commissions.get(family)
        if booked is None:
            self._cash = self._cash - commission.amount
        elif execution_family(booked.execution_id)[1] < revision:
            self._cash = self._cash - commission.amount + booked.amount
        else:
            return
        self._commissions[family] = commission

    def enter_option_settlement(self, option: Option, stock_side: Side | None) -> None:
        """Book the end of an option at expiry.

        ``stock_side`` is None when it expired worthless; otherwise the stock is bought or sold at
        the strike, multiplier times the contracts held, and the option leg closes at zero.
        """
        shares = abs(self.quantity_of(option)) * option.multiplier
        sign = 0 if stock_side is None else stock_side.sign
        self.enter_settlement(option, sign * shares)

    def enter_settlement(self, option: Option, stock_quantity: Decimal) -> None:
        """Book the end of an option by which so many shares came (negative: went) at the strike.

        It closes at zero; not all of a short position need have been assigned.
        """
        contracts = self.quantity_of(option)
        if not contracts:
            return
        closing = Side.SELL if contracts > 0 else Side.BUY
        self._fill(option, _Entry(None, closing, abs(contracts), Decimal(0)))
        if not stock_quantity:
            return
        self._cash = self._cash - Money(stock_quantity * option.strike, self._cash.currency)
        stock = Stock(option.underlying, option.currency)
        side = Side.BUY if stock_quantity > 0 else Side.SELL
        self._fill(stock, _Entry(None, side, abs(stock_quantity), option.strike))

    def enter_cash(self, amount: Money) -> None:
        """Book cash that no trade moved: a dividend, interest, a deposit (negative: withdrawn).

        Raises:
            BadInput: it is in another currency than the ledger's; nothing changed.
        """
        self._cash = self._cash + amount

    def _fill(self, instrument: Instrument, entry: _Entry) -> None:
        held = self._positions.get(instrument, Position(instrument))
        self._positions[instrument] = held.after_fill(entry.side, entry.quantity, entry.price)
        self._entries.setdefault(instrument, []).append(entry)

    def _correct(self, instrument: Instrument, corrected: _Entry) -> None:
        entries = self._entries[instrument]
        self._entries[instrument] = []
        self._positions[instrument] = self._opening.get(instrument, Position(instrument))
        for entry in entries:
            self._fill(instrument, corrected if entry.family == corrected.family else entry)
