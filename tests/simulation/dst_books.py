"""Books of a small, clean run, for tests to spoil one thing in."""

from __future__ import annotations

from decimal import Decimal

from brokerport.domain.order_types import Limit, Market, Side, TimeInForce
from brokerport.dst.plan import Cancel, Place, Plan, Read, Replace, Step

ORDER, FILLED, CANCELLED = "resting", "filled", "cancelled"


def plan(*steps: Step, adapter: str = "tws", before_close: int = 23_400) -> Plan:
    """Return a plan of one account, without latency, with a disk that takes its time."""
    return Plan(
        seed=1,
        adapter=adapter,
        accounts=("gen",),
        tick_seconds=1,
        starts_before_close_seconds=before_close,
        latency_seconds=0.0,
        heartbeat_seconds=600.0,
        reconciliation_seconds=600.0,
        disk_seconds=0.002,
        steps=steps,
    )


def place(
    at: float,
    name: str,
    limit_price: str | None = None,
    time_in_force: TimeInForce = TimeInForce.DAY,
) -> Place:
    """Return a purchase of ten AAPL, at the market unless a price is given."""
    order_type = Market() if limit_price is None else Limit(limit_price)
    return Place(at, name, "gen", "AAPL", Side.BUY, Decimal(10), order_type, time_in_force)


def clean_plan() -> Plan:
    """Return a plan with an order that rests on new terms, one that fills, one cancelled."""
    return plan(
        place(0.0, ORDER, "249.00"),
        Replace(1.0, ORDER, Decimal(20), None),
        place(2.0, FILLED),
        place(3.0, CANCELLED, "248.00"),
        Cancel(4.0, CANCELLED),
        Read(5.0, "gen", "executions"),
    )
