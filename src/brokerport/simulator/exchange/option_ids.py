"""Contract ids of simulated options: a number packed from what the OSI symbol says.

IBKR's real option ids cannot be known offline, so ours are computed, with nothing remembered: the
same option has the same id in every world, two options never share one, and an id can be read back.
The layout, in the upper half of the positive 32-bit integers (IBKR's stocks stay below 2**30):

    bit 30      1
    bits 24-29  the underlying's option slot (universe.py)
    bits 13-23  the week of the expiry, counted from Monday 2005-01-03 (one expiry a week)
    bits 1-12   the strike: in half dollars below 1000, in fives from there to 11,475
    bit 0       1 for a call, 0 for a put
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from attrs import frozen

from brokerport.domain.errors import UnknownContract
from brokerport.domain.instruments import OptionRight

FIRST_ID = 2**30
SLOTS = 64
_FIRST_MONDAY = date(2005, 1, 3)
_WEEKS = 2**11
_STRIKES = 2**12
_COARSE_FROM = Decimal(1000)
_COARSE_CODE = 2000


@frozen
class OptionCode:
    """What an option's contract id says: all but the exact day of the week it expires on."""

    slot: int
    expiry_week: date
    strike: Decimal
    right: OptionRight


def contract_id(slot: int, expiry: date, strike: Decimal, right: OptionRight) -> int:
    """Return the id of an option; ``expiry`` may be any day of its week.

    Raises:
        UnknownContract: no listed option can have that expiry or strike.
    """
    week = (expiry - _FIRST_MONDAY).days // 7
    if not 0 <= week < _WEEKS:
        raise UnknownContract(f"no option is listed for an expiry of {expiry}")
    return (
        FIRST_ID | slot << 24 | week << 13 | _strike_code(strike) << 1 | (right is OptionRight.CALL)
    )


def read(identifier: int) -> OptionCode:
    """Return what an option's contract id says.

    Raises:
        UnknownContract: the number is no option's contract id.
    """
    if not FIRST_ID <= identifier < 2 * FIRST_ID:
        raise UnknownContract(f"{identifier} is the contract id of no option")
    code = identifier >> 1 & _STRIKES - 1
    if code == 0:
        raise UnknownContract(f"{identifier} is the contract id of no option")
    strike = Decimal(code) / 2
    if code >= _COARSE_CODE:
        strike = _COARSE_FROM + 5 * (code - _COARSE_CODE)
    return OptionCode(
        slot=identifier >> 24 & SLOTS - 1,
        expiry_week=_FIRST_MONDAY + timedelta(weeks=identifier >> 13 & _WEEKS - 1),
        strike=strike,
        right=OptionRight.CALL if identifier & 1 else OptionRight.PUT,
    )


def _strike_code(strike: Decimal) -> int:
    fine = strike < _COARSE_FROM
    code = strike * 2 if fine else _COARSE_CODE + (strike - _COARSE_FROM) / 5
    if code != code.to_integral_value() or not 0 < code < _STRIKES:
        raise UnknownContract(f"no option is listed with a strike of {strike}")
    return int(code)
