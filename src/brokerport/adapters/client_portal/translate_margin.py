"""A preview of an order ("what if"): Client Portal's texts into amounts of money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brokerport.adapters.client_portal.translate_numbers import number, optional_money
from brokerport.domain.balances import MarginImpact
from brokerport.domain.money import Money


def to_margin_impact(answer: object, currency: str) -> MarginImpact:
    """Return a preview, margins in the account's base currency.

    A commission that is told as a range, or not at all, is none.

    Raises:
        ValueError: a margin is missing or no number.
    """
    if not isinstance(answer, Mapping):
        raise ValueError("it is no object")

    def money(part: str, moment: str) -> Money:
        figures = answer.get(part)
        value = figures.get(moment) if isinstance(figures, Mapping) else None
        return Money(number(_without_currency(value), f"{part}.{moment}"), currency)

    return MarginImpact(
        initial_margin_before=money("initial", "current"),
        initial_margin_after=money("initial", "after"),
        maintenance_margin_before=money("maintenance", "current"),
        maintenance_margin_after=money("maintenance", "after"),
        equity_with_loan_before=money("equity", "current"),
        equity_with_loan_after=money("equity", "after"),
        commission=_commission(answer.get("amount")),
    )


def _without_currency(value: object) -> object:
    """Return the figure of a text like ``1,005 USD``, which some accounts are told."""
    return value.split(" ")[0] if isinstance(value, str) else value


def _commission(amount: Any) -> Money | None:
    if not isinstance(amount, Mapping):
        return None
    try:
        return optional_money(amount.get("commission"))
    except ValueError:
        return None
