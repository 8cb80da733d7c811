"""Whether the broker accepts an order: is it well formed, and can the account afford it?

An order is well formed when its account is known, its quantity a positive whole number, its
instrument listed and not expired, its prices on tick: IBKR creates no order otherwise.

An account can afford an order when, with all its open orders at their worst (``margin``), its funds
stay at zero or more. One that cannot may still place an order which, filled alone, leaves it more
funds than before and adds nothing to what its open orders bind: it closes, and closing helps.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from attrs import frozen

from brokerport.domain.contracts import ContractDetails
from brokerport.domain.errors import UnknownContract
from brokerport.domain.instruments import Instrument, Option, OptionRight, Stock
from brokerport.domain.money import to_cents
from brokerport.domain.order_types import (
    Limit,
    OrderType,
    Side,
    Stop,
    StopLimit,
    prices_of,
)
from brokerport.domain.trading_day import exchange_date
from brokerport.simulator.brokerage.accounts import Account
from brokerport.simulator.brokerage.commissions import order_commission
from brokerport.simulator.brokerage.margin import requirement
from brokerport.simulator.brokerage.marks import Marks, NoMarkPrice, Prices
from brokerport.simulator.brokerage.refusals import (
    FRACTIONAL_SIZE,
    NO_CONTRACT,
    OFF_TICK,
    SIZE_LIMIT,
    ZERO_SIZE,
    OrderRefused,
)
from brokerport.simulator.brokerage.standing import Standing, standing_of
from brokerport.simulator.exchange.exchange import ListedContracts

QUANTITY_MAX = 1_000_000_000
"""The largest order, in shares or contracts: its value at any price is still exact to the cent."""


def check_quantity(quantity: Decimal) -> None:
    """Refuse a quantity that is not a positive whole number (434, 10243), or too large (383)."""
    if not quantity.is_finite() or quantity <= 0:
        raise OrderRefused(ZERO_SIZE, "Order size cannot be zero.")
    if quantity != quantity.to_integral_value():
        raise OrderRefused(FRACTIONAL_SIZE, "Fractional-sized order cannot be placed via API.")
    if quantity > QUANTITY_MAX:
        raise OrderRefused(
            SIZE_LIMIT,
            f"The order size {quantity:f} exceeds the size limit of {QUANTITY_MAX:,}.",
        )


def check_contract(
    listing: ListedContracts, instrument: Instrument, at: datetime, settled_through: date | None
) -> ContractDetails:
    """Return the instrument's definition; refuse one that is unknown or has expired (200)."""
    reason = "No security definition has been found for the request"
    try:
        details = listing.details(instrument)
    except UnknownContract as error:
        raise OrderRefused(NO_CONTRACT, f"{reason}: {error}") from error
    today = exchange_date(at)
    if isinstance(instrument, Option):
        is_settled = settled_through is not None and instrument.expiry <= settled_through
        if is_settled or instrument.expiry < today:
            raise OrderRefused(NO_CONTRACT, f"{reason}: {instrument} has expired")
    if not listing.is_listed(instrument, today):
        raise OrderRefused(NO_CONTRACT, f"{reason}: {instrument} is not listed on {today}")
    return details


def check_ticks(details: ContractDetails, order_type: OrderType) -> None:
    """Refuse prices that are not a whole number of ticks (110)."""
    for name, price in prices_of(order_type).items():
        if not details.is_on_tick(price):
            raise OrderRefused(
                OFF_TICK,
                "The price does not conform to the minimum price variation for this contract: "
                f"{name} is {price}, the variation there is {details.tick_size(price)}.",
            )


def reserve_price(side: Side, order_type: OrderType, prices: Prices | None) -> Decimal:
    """Return the price per share at which an open order counts: no better than it may trade at.

    Raises:
        NoMarkPrice: the order names no price and the market has never shown one.
    """
    named = _named_price(order_type)
    if side is Side.BUY:
        if isinstance(order_type, Limit | StopLimit) and named is not None:
            return named
        candidates = [named, prices.ask if prices is not None else None]
    else:
        candidates = [named, prices.mark if prices is not None else None]
    known = [price for price in candidates if price is not None]
    if not known:
        raise NoMarkPrice("no market price is known to compute the margin of this order from")
    return max(known)


def expected_price(
    side: Side, instrument: Instrument, order_type: OrderType, prices: Prices | None
) -> Decimal:
    """Return where an order would trade: at the quote if it is marketable, else as it would rest.

    A stock order that would rest is taken to trade at the mark, so that it changes no equity.

    Raises:
        NoMarkPrice: the order names no price and the market has never shown one.
    """
    named = _named_price(order_type)
    if prices is None:
        if named is None:
            raise NoMarkPrice("no market price is known to estimate this order from")
        return named
    touch = prices.ask if side is Side.BUY else prices.bid
    if named is None or (touch <= named if side is Side.BUY else touch >= named):
        return touch
    return prices.mark if isinstance(instrument, Stock) else named


def _named_price(order_type: OrderType) -> Decimal | None:
    match order_type:
        case Limit(limit_price):
            return limit_price
        case Stop(trigger_price):
            return trigger_price
        case StopLimit(_, limit_price):
            return limit_price
        case _:
            return None


@frozen
class Demand:
    """What an order, or what is left of it, asks of its account's funds.

    ``filled_value`` is what it has traded already, price times quantity per share.
    """

    side: Side
    instrument: Instrument
    order_type: OrderType
    remaining: Decimal
    reserve_price: Decimal
    filled: Decimal = Decimal(0)
    filled_value: Decimal = Decimal(0)
    commission_charged: Decimal = Decimal(0)

    @property
    def commission_left(self) -> Decimal:
        """The most that the rest of the order is expected to be charged."""
        value = (self.filled_value + self.remaining * self.reserve_price) * (
            self.instrument.multiplier
        )
        total = order_commission(self.instrument, self.filled + self.remaining, value)
        return max(total - self.commission_charged, Decimal(0))


def add_demand(account: Account, demand: Demand) -> Decimal:
    """Count an order among the account's open ones; return the commission reserved for it."""
    commission = demand.commission_left
    account.reserve(demand.side, demand.instrument, demand.remaining, demand.reserve_price)
    account.reserved_commission += commission
    return commission


def remove_demand(account: Account, demand: Demand, commission_reserved: Decimal) -> None:
    """Undo ``add_demand``."""
    account.reserve(demand.side, demand.instrument, -demand.remaining, demand.reserve_price)
    account.reserved_commission -= commission_reserved


def refusal_of(account: Account, demand: Demand, marks: Marks) -> str | None:
    """Say why the account cannot afford an order that is not among its open ones yet, or None."""
    try:
        commission = add_demand(account, demand)
        try:
            if account.setup.margin_rule == "cash" and _sells_uncovered(account, demand, marks):
                return (
                    "Order rejected - reason:No short selling in a cash account: the shares held, "
                    "less those open orders sell and calls sold hold, do not cover this order."
                )
            after = standing_of(account, marks)
        finally:
            remove_demand(account, demand, commission)
        if after.available_with_orders >= 0 or _helps(account, demand, after, marks):
            return None
    except NoMarkPrice as error:
        return f"Order rejected - reason:{error}"
    return (
        "Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED "
        f"POSITION YOUR EQUITY WITH LOAN VALUE [{to_cents(after.equity_with_loan)} USD] MUST "
        f"EXCEED THE INITIAL MARGIN [{to_cents(after.bound_with_orders)} USD], OPEN ORDERS INCLUDED"
    )


def standing_if_filled(account: Account, demand: Demand, marks: Marks) -> Standing:
    """Return where the account would stand if the order filled now, alone and in full.

    Raises:
        NoMarkPrice: a price that is needed is not known.
    """
    instrument = demand.instrument
    price = expected_price(demand.side, instrument, demand.order_type, marks.find(instrument))
    quantity = demand.side.sign * demand.remaining
    commission = demand.commission_left
    cash = quantity * price * instrument.multiplier + commission
    exposure = account.exposure(instrument)
    exposure.position += quantity
    account.cash -= cash
    try:
        return standing_of(account, marks)
    finally:
        account.cash += cash
        exposure.position -= quantity
        account.tidy(instrument)


def _helps(account: Account, demand: Demand, after: Standing, marks: Marks) -> bool:
    before = standing_of(account, marks)
    if after.requirement.with_orders > before.requirement.with_orders:
        return False
    filled = standing_if_filled(account, demand, marks)
    return filled.available_funds >= before.available_funds


def _sells_uncovered(account: Account, demand: Demand, marks: Marks) -> bool:
    instrument = demand.instrument
    if demand.side is Side.BUY:
        return False
    if isinstance(instrument, Option) and (
        instrument.right is OptionRight.PUT or not account.exposure(instrument).opening_sells
    ):
        return False
    group = [e for e in account.exposures.values() if e.instrument.symbol == instrument.symbol]
    return requirement("cash", group, marks).is_uncovered
