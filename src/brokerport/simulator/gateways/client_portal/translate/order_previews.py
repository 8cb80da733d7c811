"""The answer to a preview: figures as text, thousands separated, exact to the cent.

An order that the account could not afford says so in ``error``; its figures are there all the same.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from brokerport.domain.balances import MarginImpact
from brokerport.domain.instruments import Option
from brokerport.domain.money import Money, to_cents
from brokerport.simulator.gateways.client_portal.order_facts import OrderFacts


def order_preview(
    facts: OrderFacts, impact: MarginImpact, position: Decimal, *, warning: str | None
) -> dict[str, Any]:
    """Return the preview of an order; ``position`` is what the account holds now."""
    ticket = facts.ticket
    change = ticket.side.sign * ticket.quantity
    return {
        "amount": _amount(facts, impact),
        "equity": _movement(impact.equity_with_loan_before, impact.equity_with_loan_after),
        "initial": _movement(impact.initial_margin_before, impact.initial_margin_after),
        "maintenance": _movement(impact.maintenance_margin_before, impact.maintenance_margin_after),
        "position": {
            "current": figure_text(position),
            "change": figure_text(change),
            "after": figure_text(position + change),
        },
        "warn": warning,
        "error": _error(impact),
    }


def figure_text(amount: Decimal) -> str:
    """Return a figure: ``1,977.60``, or ``1,978`` when there are no cents."""
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{to_cents(amount):,.2f}"


def _amount(facts: OrderFacts, impact: MarginImpact) -> dict[str, Any]:
    ticket, commission, value = facts.ticket, impact.commission, facts.value
    currency = ticket.instrument.currency
    unit = "Contracts" if isinstance(ticket.instrument, Option) else "Shares"
    charged = None if commission is None else f"{figure_text(commission.amount)} {currency}"
    if value is None:
        return {"amount": None, "commission": charged, "total": None}
    total = value if commission is None else value + commission.amount
    return {
        "amount": f"{to_cents(value):,.2f} {currency} ({figure_text(ticket.quantity)} {unit})",
        "commission": charged,
        "total": f"{to_cents(total):,.2f} {currency}",
    }


def _movement(before: Money, after: Money) -> dict[str, str]:
    return {
        "current": figure_text(before.amount),
        "change": figure_text(after.amount - before.amount),
        "after": figure_text(after.amount),
    }


def _error(impact: MarginImpact) -> str | None:
    equity, margin = impact.equity_with_loan_after, impact.initial_margin_after
    if equity.amount >= margin.amount:
        return None
    return (
        "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN "
        f"VALUE [{to_cents(equity.amount)} {equity.currency}] MUST EXCEED THE INITIAL MARGIN "
        f"[{to_cents(margin.amount)} {margin.currency}]"
    )
