"""Margin: what an account's positions, and its open orders at their worst, bind.

Sources: Federal Reserve Regulation T (12 CFR 220.12), FINRA rule 4210(c), (f)(2), and IBKR's page
"US Options Margin Requirements" (Reg T margin). Per underlying, in dollars:

| position                  | initial                                 | maintenance |
|---------------------------|-----------------------------------------|-------------|
| long stock                | 50 % of its value                       | 25 %        |
| short stock               | 50 % of its value, beyond the proceeds  | 30 %        |
| long option               | none: it is paid in full and lends nothing            ||
| short put                 | value + max(20 % U - out of the money, 10 % strike)   ||
| short call, naked         | value + max(20 % U - out of the money, 10 % U)        ||
| short call, covered       | the amount it is in the money (4210(f)(2)(F)(iv))     ||

U is the underlying's mark price. Long stock covers the calls for which that saves most. Spreads get
no relief. Equity with loan value is cash plus stock (IBKR leaves out US options).

A cash account (``margin_rule`` "cash") must pay in full: its equity with loan value is cash, a
short put binds its strike, a call must be covered, stock may not be sold short.

Open orders count at their worst. Whatever subset of them fills at the prices on display, the funds
left are at least what ``with_orders`` and ``order_costs`` leave:

- stock that is being bought covers nothing yet, and the proceeds of a sale pay for nothing yet;
- buying back a short put costs its price less what it frees, a short call all of its price;
- stock that may be sold covers no call;
- an order counts at the price reserved for it, and what crossing the spread costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from attrs import frozen

from brokerport.domain.instruments import Option, OptionRight, Stock
from brokerport.simulator.brokerage.accounts import Exposure, MarginRule
from brokerport.simulator.brokerage.marks import Marks

ZERO = Decimal(0)
STOCK_INITIAL = Decimal("0.50")
LONG_STOCK_MAINTENANCE = Decimal("0.25")
SHORT_STOCK_MAINTENANCE = Decimal("0.30")
SHORT_OPTION_FRACTION = Decimal("0.20")
SHORT_OPTION_MINIMUM_FRACTION = Decimal("0.10")


@frozen
class Requirement:
    """What an account or one underlying in it binds.

    ``initial`` and ``maintenance`` are of the positions alone. ``with_orders`` is the initial
    margin with the open orders at their worst, ``order_costs`` what those may cost in equity when
    they trade. ``is_uncovered`` says that more stock or calls might end up sold than held.
    """

    initial: Decimal = ZERO
    maintenance: Decimal = ZERO
    with_orders: Decimal = ZERO
    order_costs: Decimal = ZERO
    is_uncovered: bool = False

    def __add__(self, other: Requirement) -> Requirement:
        return Requirement(
            self.initial + other.initial,
            self.maintenance + other.maintenance,
            self.with_orders + other.with_orders,
            self.order_costs + other.order_costs,
            self.is_uncovered or other.is_uncovered,
        )


def requirement(rule: MarginRule, exposures: Iterable[Exposure], marks: Marks) -> Requirement:
    """Return what an account with these exposures binds under its margin rule.

    Raises:
        NoMarkPrice: a price the rule needs is not known.
    """
    groups: dict[tuple[str, str], _Group] = {}
    for exposure in exposures:
        underlying = exposure.instrument.symbol, exposure.instrument.currency
        group = groups.get(underlying)
        if group is None:
            group = groups[underlying] = _Group(Stock(*underlying), marks)
        group.add(exposure)
    total = Requirement()
    for group in groups.values():
        total += group.reg_t() if rule == "reg_t" else group.cash()
    return total


@frozen
class _ShortCall:
    """Some contracts of one call sold: what one of them binds, naked and covered."""

    contracts: Decimal
    multiplier: int
    naked: Decimal
    covered: Decimal


class _Group:
    """The exposures to one underlying."""

    def __init__(self, underlying: Stock, marks: Marks) -> None:
        self._underlying = underlying
        self._underlying_mark: Decimal | None = None
        self._marks = marks
        self._stock: Exposure | None = None
        self._options: list[tuple[Option, Exposure]] = []

    def add(self, exposure: Exposure) -> None:
        if isinstance(exposure.instrument, Option):
            self._options.append((exposure.instrument, exposure))
        else:
            self._stock = exposure

    def reg_t(self) -> Requirement:
        total = self._stock_requirement()
        held, ordered = self._shares()
        positions: list[_ShortCall] = []
        orders: list[_ShortCall] = []
        for option, exposure in self._options:
            total += self._option_orders_and_puts(option, exposure)
            if option.right is OptionRight.CALL:
                self._collect_calls(option, exposure, positions, orders)
        bound, _ = _calls_bind(positions, held)
        bound_at_worst, cover_left = _calls_bind(positions, held - ordered)
        ordered_calls, _ = _calls_bind(orders, cover_left)
        return total + Requirement(bound, bound, bound_at_worst + ordered_calls)

    def cash(self) -> Requirement:
        total = Requirement()
        held, ordered = self._shares()
        stock = self._stock
        if stock is not None:
            short = max(-stock.position, ZERO)
            # Only an exercise can leave a cash account short: its proceeds and half as much bind.
            bound = short * self._marks.of(stock.instrument).mark * 3 / 2 if short else ZERO
            total += Requirement(bound, bound, bound, stock.buying.notional)
        calls_sold = ZERO
        for option, exposure in self._options:
            contracts, opening = max(-exposure.position, ZERO), exposure.opening_sells
            each = ZERO
            if option.right is OptionRight.PUT:
                each = option.strike * option.multiplier
            else:
                calls_sold += (contracts + opening) * option.multiplier
            freed = each if contracts else ZERO
            total += Requirement(
                contracts * each,
                contracts * each,
                (contracts + opening) * each,
                _buying_cost(option, exposure, freed),
            )
        return total + Requirement(is_uncovered=held - ordered < calls_sold)

    def _shares(self) -> tuple[Decimal, Decimal]:
        if self._stock is None:
            return ZERO, ZERO
        return self._stock.position, self._stock.selling.quantity

    def _stock_requirement(self) -> Requirement:
        stock = self._stock
        if stock is None:
            return Requirement()
        prices = self._marks.find(stock.instrument)
        long, short = max(stock.position, ZERO), max(-stock.position, ZERO)
        mark = self._marks.of(stock.instrument).mark if stock.position else ZERO
        longest = long * mark + stock.opening_buys * stock.buying.average_price
        shortest = short * mark + stock.opening_sells * stock.selling.average_price
        crossing = ZERO
        if prices is not None:
            crossing += stock.buying.quantity * max(prices.ask - prices.mark, ZERO)
            crossing += stock.selling.quantity * max(prices.mark - prices.bid, ZERO)
        return Requirement(
            STOCK_INITIAL * (long + short) * mark,
            (LONG_STOCK_MAINTENANCE * long + SHORT_STOCK_MAINTENANCE * short) * mark,
            STOCK_INITIAL * max(longest, shortest),
            crossing,
        )

    def _option_orders_and_puts(self, option: Option, exposure: Exposure) -> Requirement:
        contracts, opening = max(-exposure.position, ZERO), exposure.opening_sells
        bound = put_orders = crossing = freed = ZERO
        if contracts and option.right is OptionRight.PUT:
            value = self._marks.of(option).mark * option.multiplier
            freed = value + self._beyond_value(option)
            bound = contracts * freed
        if opening:
            prices = self._marks.find(option)
            if prices is not None:
                spread = max(prices.mark - prices.bid, ZERO)
                crossing = opening * spread * option.multiplier
            if option.right is OptionRight.PUT:
                put_orders = opening * self._beyond_value(option)
        return Requirement(
            bound, bound, bound + put_orders, crossing + _buying_cost(option, exposure, freed)
        )

    def _collect_calls(
        self,
        option: Option,
        exposure: Exposure,
        positions: list[_ShortCall],
        orders: list[_ShortCall],
    ) -> None:
        if exposure.position < 0:
            value = self._marks.of(option).mark * option.multiplier
            naked = value + self._beyond_value(option)
            covered = self._call_in_the_money(option)
            positions.append(_ShortCall(-exposure.position, option.multiplier, naked, covered))
        if exposure.opening_sells:
            prices = self._marks.find(option)
            proceeds = prices.bid * option.multiplier if prices is not None else ZERO
            covered = max(self._call_in_the_money(option) - proceeds, ZERO)
            naked = self._beyond_value(option)
            orders.append(_ShortCall(exposure.opening_sells, option.multiplier, naked, covered))

    def _spot(self) -> Decimal:
        if self._underlying_mark is None:
            self._underlying_mark = self._marks.of(self._underlying).mark
        return self._underlying_mark

    def _call_in_the_money(self, call: Option) -> Decimal:
        return max(self._spot() - call.strike, ZERO) * call.multiplier

    def _beyond_value(self, option: Option) -> Decimal:
        """What one naked contract binds beyond its own value."""
        underlying = self._spot()
        if option.right is OptionRight.PUT:
            out_of_the_money, floor = max(underlying - option.strike, ZERO), option.strike
        else:
            out_of_the_money, floor = max(option.strike - underlying, ZERO), underlying
        per_share = max(
            SHORT_OPTION_FRACTION * underlying - out_of_the_money,
            SHORT_OPTION_MINIMUM_FRACTION * floor,
        )
        return per_share * option.multiplier


def _buying_cost(option: Option, exposure: Exposure, freed: Decimal) -> Decimal:
    """What the open buys of an option may cost: all of the price, less what closing one frees."""
    if not exposure.buying.quantity:
        return ZERO
    price = exposure.buying.average_price * option.multiplier
    opening = exposure.opening_buys
    closing = exposure.buying.quantity - opening
    return opening * price + closing * max(price - freed, ZERO)


def _calls_bind(calls: list[_ShortCall], shares: Decimal) -> tuple[Decimal, Decimal]:
    """Return what the calls bind when the shares cover what saves most, and the shares left."""
    total = ZERO
    left = max(shares, ZERO)
    for call in sorted(calls, key=lambda call: call.covered - call.naked):
        covered = ZERO
        if call.naked > call.covered:
            covered = min(call.contracts, left // call.multiplier)
        left -= covered * call.multiplier
        total += covered * call.covered + (call.contracts - covered) * call.naked
    return total, left
