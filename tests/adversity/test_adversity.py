"""The production adapters on real sockets, behind every fault: nothing is lost, doubled or untrue.

Each case plays one plan against one script of orders. Placing ends as acknowledged, rejected, not
sent or in doubt, in bounded time, and every word that was told is held against the exchange's book.
A failing case prints its plan, seed included, and what was played.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokerport.domain.errors import OrderInDoubt
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.domain.order_types import Side
from brokerport.simulator.faults.plan import KINDS
from brokerport.simulator.faults.vendor import EmptyOrders, StaleOrders
from tests.adversity.floor import AdverseFloor, adverse_floor, audit
from tests.adversity.plans import (
    MIXED,
    ONCE,
    PLANS,
    PORTAL_ORDER,
    PORTAL_PLACE,
    SEEDS,
    TWS_ORDER,
)

CASE_SECONDS_MAX = 12
ORDER_LIST = "GET /iserver/account/orders"


async def trade(floor: AdverseFloor) -> None:
    """Buy, rest an order and change it, rest another and cancel it, ask for too much, and sell."""
    await floor.place(10, "250.10")
    floor.advance()
    resting = await floor.place(20, "249.00")
    await floor.change(resting, 25, None)
    other = await floor.place(30, "240.00")
    floor.advance()
    await floor.cancel(other)
    await floor.place(1_000_000, "250.10")
    await floor.place(5, "249.95", Side.SELL)
    floor.advance()
    await floor.settle()


def play(
    adapter_name: str, document: dict[str, Any], tls_directory: Path | None = None
) -> AdverseFloor:
    """Trade under a plan, let a fresh program look at what it left, and audit what was told."""

    async def whole() -> AdverseFloor:
        async with (
            asyncio.timeout(CASE_SECONDS_MAX),
            adverse_floor(adapter_name, document, tls_directory=tls_directory) as floor,
        ):
            try:
                await trade(floor)
                await floor.leave()
                await floor.settle()
                audit(floor)
                if faults_end(floor):
                    await floor.told_at_last()
            except BaseException as error:
                error.add_note(f"plan: {floor.plan.as_mapping()}")
                error.add_note(f"outcomes: {floor.outcomes}")
                error.add_note("\n".join(str(done) for done in floor.log()))
                raise
            return floor

    return asyncio.run(whole())


def faults_end(floor: AdverseFloor) -> bool:
    """Say whether a fresh program can believe lists: a plan may lie about them as it looks."""
    return not any(
        isinstance(fault, StaleOrders) or (isinstance(fault, EmptyOrders) and fault.nth is None)
        for fault in floor.plan.faults
    )


CASES = [
    pytest.param(adapter_name, faults, id=f"{adapter_name}-{name}")
    for adapter_name, plans in PLANS.items()
    for name, faults in plans.items()
]


@pytest.fixture(autouse=True)
def _short_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a 429 the adapter asks nothing for five seconds; here for a moment."""
    monkeypatch.setattr("brokerport.adapters.client_portal.line.HOLD_SECONDS", 0.05)


@pytest.mark.parametrize(("adapter_name", "faults"), CASES)
def test_each_fault_leaves_the_truth(adapter_name: str, faults: list[dict[str, Any]]) -> None:
    """Under one kind of fault; the fault was played, or the case shows nothing."""
    framing = "tws" if adapter_name == "tws" else "none"
    floor = play(adapter_name, {"seed": 1, "framing": framing, "faults": faults})
    played = {done.kind for done in floor.log()}
    assert faults[0]["kind"] in played, floor.outcomes


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("adapter_name", ["tws", "client_portal"])
def test_faults_together_leave_the_truth(adapter_name: str, seed: int) -> None:
    """Under several kinds at once, as a seed draws them."""
    framing = "tws" if adapter_name == "tws" else "none"
    play(adapter_name, {"seed": seed, "framing": framing, "faults": MIXED[adapter_name]})


@pytest.mark.parametrize(
    ("adapter_name", "faults"),
    [
        ("tws", [{"kind": "tws.lost_acknowledgement", "containing": "PlaceOrder", **ONCE}]),
        ("tws", [{"kind": "lost_response", **TWS_ORDER, **ONCE}]),
        ("tws", [{"kind": "tws.disconnect_on_order", **ONCE}]),
        (
            "client_portal",
            [
                {"kind": "portal.lost_response", **PORTAL_PLACE, **ONCE},
                {"kind": "portal.lost_news"},
                {"kind": "portal.empty_orders", "calls": 3, **ONCE, "nth": 3},
            ],
        ),
        (
            "client_portal",
            [{"kind": "lost_response", **PORTAL_ORDER, **ONCE}, {"kind": "portal.lost_news"}],
        ),
    ],
)
def test_an_order_in_doubt_is_found_by_the_broker_that_lost_it(
    adapter_name: str, faults: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer was lost and lists may have lied for a while: it is told as working in the end."""
    monkeypatch.setattr("brokerport.services.doubt_watch.FIRST_LOOK_SECONDS", 0.02)

    async def script() -> None:
        framing = "tws" if adapter_name == "tws" else "none"
        document = {"seed": 1, "framing": framing, "faults": faults}
        async with (
            asyncio.timeout(CASE_SECONDS_MAX),
            adverse_floor(adapter_name, document) as floor,
        ):
            outcome = await floor.place(20, "249.00")
            assert isinstance(outcome, OrderInDoubt), outcome
            (entered,) = {str(order.client_order_id) for order in floor.orders_told}
            for _ in range(200):
                broker = await floor.broker()
                order = await broker.order_status("gen", entered)
                if order.status is OrderStatus.WORKING:
                    break
                await asyncio.sleep(0.02)
            await floor.told_at_last()
            audit(floor)

    asyncio.run(script())


def test_a_correction_is_told_and_takes_the_place_of_its_execution() -> None:
    """Another price, under the same execution: the order is filled once, at the new price."""

    async def script() -> None:
        faults = [{"kind": "tws.correction", "price_offset": -0.02, "is_taken_back": False}]
        async with adverse_floor("tws", {"faults": faults}) as floor:
            await floor.place(10, "250.10")
            await floor.settle()
            assert [(fill.revision, fill.price) for _, fill in floor.fills_told] == [
                (1, Decimal("250.05")),
                (2, Decimal("250.03")),
            ]
            last = floor.orders_told[-1]
            assert (last.filled_quantity, last.average_fill_price) == (10, Decimal("250.03"))
            audit(floor)

    asyncio.run(script())


def test_tls_passes_through_untouched(tmp_path: Path) -> None:
    """The pinned certificate holds through the proxy; what is torn breaks its connection only."""
    faults = [
        {"kind": "delay", "chance": 0.2, "latency_ms_max": 10},
        {"kind": "cut", "chance": 0.05, "after_bytes_max": 20, "times_max": 2},
        {"kind": "drop", "chance": 0.05, "times_max": 2},
    ]
    floor = play("client_portal", {"seed": 4, "faults": faults}, tmp_path)
    assert {done.kind for done in floor.log()} >= {"delay"}


@pytest.mark.parametrize("status", ["Inactive", "Cancelled"])
def test_an_end_that_is_none_is_not_told(status: str) -> None:
    """TWS says so of an order that works on: nobody is told that it is off the market."""

    async def script() -> None:
        faults = [{"kind": "tws.false_status", "status": status}]
        async with adverse_floor("tws", {"faults": faults}) as floor:
            await floor.place(20, "249.00")
            await floor.settle()
            assert [done.kind for done in floor.log()] == ["tws.false_status"]
            audit(floor)

    asyncio.run(script())


def test_a_503_while_a_session_opens_is_worth_another_try() -> None:
    """The gateway is busy for one moment: opening fails as something to try again."""

    async def script() -> None:
        busy = {"kind": "portal.unavailable", "containing": ORDER_LIST, "nth": 2, **ONCE}
        async with adverse_floor("client_portal", {"faults": [busy]}) as floor:
            await floor.settle()
            assert floor.openings > 1

    asyncio.run(script())


def test_no_kind_is_left_out() -> None:
    """A new kind of fault must be given a case here, for every adapter that it concerns."""
    tried = {
        adapter_name: {fault["kind"] for faults in plans.values() for fault in faults}
        for adapter_name, plans in PLANS.items()
    }
    for kind in KINDS:
        prefix = kind.partition(".")[0] if "." in kind else ""
        for adapter_name in ("tws", "client_portal"):
            if prefix in ("", {"client_portal": "portal"}.get(adapter_name, adapter_name)):
                assert kind in tried[adapter_name], f"{adapter_name} was not tried under {kind}"
