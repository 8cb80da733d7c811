"""An account at the simulated broker: its cash, its positions and what its open orders may do.

An account's *exposure* to an instrument is the position together with the open orders in it, summed
up: margin is computed from exposures, so that its cost does not grow with the number of orders.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from attrs import field, frozen, validators

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import BadInput
from brokerport.domain.instruments import Instrument
from brokerport.domain.money import Money, to_cents
from brokerport.domain.order_types import Side
from brokerport.domain.positions import Position

MarginRule: TypeAlias = Literal["reg_t", "cash"]


def _opening_cash(value: Money) -> Money:
    if not isinstance(value, Money) or value.currency != "USD":
        raise BadInput("opening_cash", value, "an amount of US dollars")
    if value.amount < 0 or value.amount != to_cents(value.amount):
        raise BadInput("opening_cash", value.amount, "zero or more, in whole cents")
    return value


def _check_margin_rule(_setup: object, _attribute: object, value: str) -> None:
    if value not in ("reg_t", "cash"):
        raise BadInput("margin_rule", value, "'reg_t' or 'cash'")


@frozen
class AccountSetup:
    """An account as a scenario opens it: cash in US dollars, no positions.

    ``margin_rule`` is ``"reg_t"`` for a margin account or ``"cash"`` for a cash account.
    """

    account_id: BrokerAccount = field(validator=validators.instance_of(BrokerAccount))
    opening_cash: Money = field(converter=_opening_cash)
    margin_rule: MarginRule = field(default="reg_t", validator=_check_margin_rule)


@frozen
class PortfolioItem:
    """A position at its mark price, as an account window shows it; money in its currency."""

    position: Position
    market_price: Decimal
    market_value: Decimal
    unrealised_pnl: Decimal


class OpenInterest:
    """What the open orders of one side still may trade, at the prices reserved for them."""

    __slots__ = ("notional", "quantity")

    def __init__(self) -> None:
        self.quantity = Decimal(0)
        self.notional = Decimal(0)

    def add(self, quantity: Decimal, price: Decimal) -> None:
        """Count more (a negative ``quantity``: less) at a price per share."""
        self.quantity += quantity
        self.notional += quantity * price

    @property
    def average_price(self) -> Decimal:
        """The price per share reserved on average; zero when nothing is open."""
        return self.notional / self.quantity if self.quantity else Decimal(0)


class Exposure:
    """A position (negative when short) and the open orders in the same instrument."""

    __slots__ = ("buying", "instrument", "position", "selling")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.position = Decimal(0)
        self.buying = OpenInterest()
        self.selling = OpenInterest()

    def interest(self, side: Side) -> OpenInterest:
        """Return the open orders of a side."""
        return self.buying if side is Side.BUY else self.selling

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is held and no order is open."""
        return not (self.position or self.buying.quantity or self.selling.quantity)

    @property
    def opening_buys(self) -> Decimal:
        """How much of the open buys would open or enlarge a long position."""
        return max(self.buying.quantity - max(-self.position, Decimal(0)), Decimal(0))

    @property
    def opening_sells(self) -> Decimal:
        """How much of the open sells would open or enlarge a short position."""
        return max(self.selling.quantity - max(self.position, Decimal(0)), Decimal(0))


class Account:
    """One account's books; mutable, private to the brokerage."""

    def __init__(self, setup: AccountSetup) -> None:
        self.setup = setup
        self.account_id = setup.account_id
        self.cash = setup.opening_cash.amount
        self.positions: dict[Instrument, Position] = {}
        self.exposures: dict[Instrument, Exposure] = {}
        self.reserved_commission = Decimal(0)
        self.opening_equity = setup.opening_cash.amount
        self.closing_equity = setup.opening_cash.amount
        self.realised_this_session = Decimal(0)

    def money(self, amount: Decimal) -> Money:
        """Return an amount of the account's currency, rounded to cents."""
        return Money(amount, self.setup.opening_cash.currency).rounded()

    def position(self, instrument: Instrument) -> Position:
        """Return the position in an instrument, flat if there never was one."""
        return self.positions.get(instrument) or Position(instrument)

    def held_positions(self) -> tuple[Position, ...]:
        """Return the positions that are not flat."""
        return tuple(
            self.positions[instrument]
            for instrument, exposure in self.exposures.items()
            if exposure.position
        )

    def trade(
        self, side: Side, instrument: Instrument, quantity: Decimal, price: Decimal, cost: Decimal
    ) -> tuple[Position, Decimal | None]:
        """Book a trade at ``price`` per share with ``cost`` in commission.

        Returns the new position and the profit realised, None when the trade only opened.
        """
        before = self.position(instrument)
        after = before.after_fill(side, quantity, price, cost)
        is_closing = before.quantity * side.sign < 0
        gross = to_cents(price * quantity * instrument.multiplier)
        self.cash -= side.sign * gross + cost
        self.positions[instrument] = after
        self.exposure(instrument).position = after.quantity
        self.tidy(instrument)
        if not is_closing:
            return after, None
        realised = after.realised_pnl - before.realised_pnl
        self.realised_this_session += realised
        return after, realised

    def exposure(self, instrument: Instrument) -> Exposure:
        """Return the exposure to an instrument, a new one if there is none."""
        exposure = self.exposures.get(instrument)
        if exposure is None:
            exposure = self.exposures[instrument] = Exposure(instrument)
        return exposure

    def reserve(
        self, side: Side, instrument: Instrument, quantity: Decimal, price: Decimal
    ) -> None:
        """Count an open order's quantity (negative: no longer) at the price reserved for it."""
        self.exposure(instrument).interest(side).add(quantity, price)
        self.tidy(instrument)

    def tidy(self, instrument: Instrument) -> None:
        """Forget an exposure that has come to nothing."""
        exposure = self.exposures.get(instrument)
        if exposure is not None and exposure.is_nothing:
            del self.exposures[instrument]

    def begin_session(self) -> None:
        """Measure the day's profit from the last close on."""
        self.opening_equity = self.closing_equity
        self.realised_this_session = Decimal(0)
