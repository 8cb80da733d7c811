"""Runs of the real adapters under faults, crashes and nights: three books agree."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from brokerport.domain.events import OrderChanged
from brokerport.domain.order_lifecycle import OrderStatus
from brokerport.dst.campaign import run_plan, run_seed
from brokerport.dst.plan import Crash, Fault, Replace, Restart, Strike
from tests.simulation.dst_books import place, plan

NIGHT_SECONDS = 17.5 * 3600 + 60


@pytest.mark.parametrize("seed", range(1, 31))
def test_a_random_run_over_tws_has_no_violation(seed: int) -> None:
    """Unmodified ib_async on in-memory sockets; the seed is the test's number."""
    assert run_seed(seed, "tws").violations == ()


@pytest.mark.parametrize("seed", range(1, 21))
def test_a_random_run_over_client_portal_has_no_violation(seed: int) -> None:
    """The real HTTP client, WebSocket client and server; the seed is the test's number."""
    assert run_seed(seed, "client_portal").violations == ()


@pytest.mark.campaign
@pytest.mark.parametrize("adapter", ["tws", "client_portal"])
def test_a_few_hundred_random_runs_have_no_violation(adapter: str) -> None:
    """A small campaign; any failing seed is named."""
    failed = {seed: run_seed(seed, adapter).violations for seed in range(1001, 1151)}
    assert {seed: found for seed, found in failed.items() if found} == {}


def only_status(run_books: dict[str, object]) -> OrderStatus:
    """Return the status of the last order of the client's final book."""
    order = list(run_books.values())[-1]
    return order.status  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("limit_price", ["200.00", None])
def test_an_order_in_doubt_over_a_night_is_never_called_not_placed(
    limit_price: str | None,
) -> None:
    """Its answer was lost, the program was down until the next day: today's record is no proof.

    One order ended with its day, the other had filled; neither is in the new day's lists.
    """
    run, violations = run_plan(
        plan(
            place(0.5, "known", "199.00"),
            Strike(1.0, Fault.LOSE_ANSWERS, 20.0),
            place(1.5, "doubtful", limit_price),
            Crash(5.0, NIGHT_SECONDS, 0.0, loses_journal=False),
            before_close=60,
        )
    )
    assert violations == ()
    expected = OrderStatus.IN_DOUBT if limit_price is None else OrderStatus.CANCELLED
    assert only_status(dict(run.books.orders)) is expected


def test_doubt_that_a_process_leaves_behind_is_resolved_by_the_next() -> None:
    """Client Portal needs a minute of proof: the next process must go on looking by itself."""
    run, violations = run_plan(
        plan(
            place(0.0, "known", "249.00"),
            Strike(0.5, Fault.LOSE_REQUESTS, 5.0),
            Replace(0.6, "known", Decimal(20), None),
            Crash(4.0, 10.0, 0.0, loses_journal=False),
            adapter="client_portal",
        )
    )
    assert violations == ()
    assert only_status(dict(run.books.orders)) is OrderStatus.WORKING


def test_what_becomes_of_a_request_at_the_closing_is_in_the_journal() -> None:
    """Closed while an intent is written: the next process knows that nothing was sent."""
    run, violations = run_plan(
        evolve(
            plan(
                place(0.0, "known", "249.00"), place(2.0, "too late", "248.00"), Restart(2.1, 1.0)
            ),
            disk_seconds=0.5,
        )
    )
    assert violations == ()
    assert only_status(dict(run.books.orders)) is OrderStatus.NOT_PLACED
    assert "in doubt" not in {
        told.event.order.status.value
        for told in run.books.told
        if isinstance(told.event, OrderChanged)
    }
