"""Which expiries and strikes are listed: the rules of the simulated option exchange.

- Expiries: the Fridays of the next eight weeks, and every third Friday of a month for twelve
  months; when a Friday is no session, the last session before it in that week (as
  a rule the Thursday). One expiry a week.
- An expiry is listed up to and including its own day, and once listed it stays listed until then.
- Strikes: laid out once, from the reference price on the listing date, from 40% to 200% of it, in
  steps of 0.50 below a price of 25, 1 below 100, 2.50 below 300 and 5 from there on.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from brokerport.simulator.exchange.calendar import TradingCalendar

WEEKLY_EXPIRIES = 8
MONTHLY_MONTHS = 12
_FRIDAY = 4
_LOWEST, _HIGHEST = Decimal("0.4"), Decimal(2)
_STEPS = (
    (Decimal(25), Decimal("0.5")),
    (Decimal(100), Decimal(1)),
    (Decimal(300), Decimal("2.5")),
)
_WIDEST_STEP = Decimal(5)


def strike_step(reference_price: Decimal) -> Decimal:
    """Return the distance between two strikes of a stock at that price."""
    for below, step in _STEPS:
        if reference_price < below:
            return step
    return _WIDEST_STEP


def strikes_around(reference_price: Decimal) -> tuple[Decimal, ...]:
    """Return the listed strikes of a stock at that price, ascending."""
    step = strike_step(reference_price)
    first = (reference_price * _LOWEST / step).to_integral_value(ROUND_CEILING)
    last = (reference_price * _HIGHEST / step).to_integral_value(ROUND_FLOOR)
    strikes = (step * count for count in range(max(int(first), 1), int(last) + 1))
    return tuple(
        strike.quantize(Decimal(1)) if strike == strike.to_integral_value() else strike
        for strike in strikes
    )


def expiry_of_week(day: date, calendar: TradingCalendar) -> date:
    """Return the expiry of the week in which ``day`` falls: its Friday, or the session before."""
    friday = day + timedelta(days=_FRIDAY - day.weekday())
    if calendar.session_on(friday) is not None:
        return friday
    return calendar.previous_session(friday).day


def expiries_listed(on: date, calendar: TradingCalendar) -> tuple[date, ...]:
    """Return the expiries listed on a date, ascending, that date itself included."""
    friday = on + timedelta(days=(_FRIDAY - on.weekday()) % 7)
    fridays = {friday + timedelta(weeks=week) for week in range(WEEKLY_EXPIRIES)}
    fridays.update(_third_friday(on, month) for month in range(MONTHLY_MONTHS + 1))
    expiries = {expiry_of_week(day, calendar) for day in fridays}
    return tuple(sorted(day for day in expiries if day >= on))


def _third_friday(on: date, months_later: int) -> date:
    year, month = divmod(on.year * 12 + on.month - 1 + months_later, 12)
    first = date(year, month + 1, 1)
    return first + timedelta(days=(_FRIDAY - first.weekday()) % 7 + 14)
