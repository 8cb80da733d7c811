"""What each account role of the wheel trades, as data."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen

from brokerport.domain.accounts import Role


@frozen
class WheelPolicy:
    """One role's version of the wheel.

    ``target_delta`` is the size of the delta of the option to sell, from 0 to 1. The cash is shared
    equally among ``symbols``. ``buys_stock`` says that the account buys shares to write calls on,
    instead of waiting to be assigned. A short option is bought back at ``buy_back_fraction`` of the
    price it was sold for.
    """

    role: Role
    symbols: tuple[str, ...]
    target_delta: Decimal
    buys_stock: bool = False
    buy_back_fraction: Decimal = Decimal("0.25")


POLICIES = (
    WheelPolicy(Role.GEN, ("AAPL", "AMZN", "NVDA"), Decimal("0.45")),
    WheelPolicy(Role.REV, ("MSFT", "IBM", "GOOGL"), Decimal("0.35")),
    WheelPolicy(Role.COM, ("TLT", "NFLX", "INTC"), Decimal("0.25"), buys_stock=True),
)


def policies_for(listed: tuple[str, ...]) -> tuple[WheelPolicy, ...]:
    """Return the policies over the symbols that are listed; one with none left takes all listed."""
    return tuple(
        evolve(
            policy,
            symbols=tuple(symbol for symbol in policy.symbols if symbol in listed) or listed,
        )
        for policy in POLICIES
    )
