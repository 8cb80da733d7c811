"""Session paths: exact knots, straight lines, extremes so far."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.domain.errors import BadInput
from brokerport.simulator.market.paths import SessionPath, path_through_bar, random_path

SESSION_SECONDS = st.sampled_from([23_400, 12_600])
TICK_SECONDS = st.sampled_from([1, 5, 7, 60, 300, 1000, 3600])


@st.composite
def bar_prices(draw: st.DrawFn) -> tuple[int, int, int, int]:
    low = draw(st.integers(1, 200_000))
    high = low + draw(st.integers(0, 20_000))
    inside = st.integers(low, high)
    return draw(inside), high, low, draw(inside)


@given(bar_prices(), SESSION_SECONDS, TICK_SECONDS)
def test_a_replayed_bar_touches_its_four_prices_on_ticks_and_never_leaves_them(
    prices: tuple[int, int, int, int], seconds: int, tick_seconds: int
) -> None:
    """Open at the first tick, high and low on ticks, close at the end, and nothing beyond."""
    open_, high, low, close = prices
    path = path_through_bar(*prices, 1000, seconds=seconds, tick_seconds=tick_seconds)
    ticks = [path.price(elapsed) for elapsed in range(0, seconds, tick_seconds)]
    assert ticks[0] == open_
    assert path.price(seconds) == close
    assert (max(*ticks, close), min(*ticks, close)) == (high, low)
    assert high in ticks
    assert low in ticks
    assert path.range_to(seconds) == (high, low)


@pytest.mark.parametrize(
    ("prices", "in_order"),
    [((100, 120, 90, 110), [100, 120, 90, 110]), ((110, 120, 90, 100), [110, 120, 90, 100])],
)
def test_a_replayed_bar_goes_open_high_low_close(
    prices: tuple[int, int, int, int], in_order: list[int]
) -> None:
    """Whichever way it closes, the high comes before the low."""
    path = path_through_bar(*prices, 0, seconds=23_400, tick_seconds=5)
    assert [path.price(third * 7800) for third in range(4)] == in_order


@given(bar_prices(), st.integers(0, 23_400), st.integers(0, 23_400))
def test_ranges_hold_what_the_path_does(
    prices: tuple[int, int, int, int], one: int, other: int
) -> None:
    """The extremes of a stretch are those of its every second (sampled) and its ends."""
    begin, end = sorted((one, other))
    path = path_through_bar(*prices, 0, seconds=23_400, tick_seconds=60)
    sampled = [path.price(elapsed) for elapsed in (*range(begin, end, 60), begin, end)]
    high, low = path.range_between(begin, end)
    assert high >= max(sampled)
    assert low <= min(sampled)
    assert path.range_between(0, end) == path.range_to(end)
    assert path.range_between(begin, begin) == (path.price(begin), path.price(begin))


@given(st.integers(0, 2**32), st.integers(100, 100_000), st.integers(100, 100_000))
def test_a_random_path_begins_and_ends_where_it_should(seed: int, open_: int, close: int) -> None:
    """The bridge is anchored at both ends, and its extremes are those of its knots."""
    path = random_path(Random(seed), open_, close, 10**6, seconds=23_400, deviation=0.02)
    assert (path.price(0), path.price(23_400)) == (open_, close)
    high, low = path.range_to(23_400)
    assert all(low <= path.price(elapsed) <= high for elapsed in range(0, 23_400, 37))


def test_without_deviation_a_random_path_grows_evenly() -> None:
    """What is left of the bridge is the way from one end to the other, at a constant rate."""
    path = random_path(Random(1), 1000, 1_000_000, 0, seconds=23_400, deviation=0.0)
    knots = [path.price(60 * minute) for minute in range(391)]
    assert knots == [round(1000 * 1000 ** (minute / 390)) for minute in range(391)]


def test_a_random_path_moves_as_much_as_it_should() -> None:
    """Over many paths the middle spreads as a Brownian bridge does: half the deviation."""
    middles = [
        random_path(Random(seed), 100_000, 100_000, 0, seconds=23_400, deviation=0.02).price(11_700)
        for seed in range(400)
    ]
    mean = sum(middles) / len(middles)
    deviation = (sum((price - mean) ** 2 for price in middles) / len(middles)) ** 0.5
    assert mean == pytest.approx(100_000, rel=0.002)
    assert deviation == pytest.approx(1000, rel=0.15)


@given(st.integers(0, 10**9), st.lists(st.integers(-100, 30_000), min_size=2, max_size=6))
def test_volume_only_grows_and_ends_whole(volume: int, times: list[int]) -> None:
    """No share trades twice, and none before the opening."""
    path = SessionPath((0, 23_400), (100, 100), volume)
    traded = [path.volume_to(elapsed) for elapsed in sorted(times)]
    assert traded == sorted(traded)
    assert (path.volume_to(-5), path.volume_to(0), path.volume_to(23_400)) == (0, 0, volume)


def test_lines_round_half_up() -> None:
    """Half a cent goes up, on the way up and on the way down."""
    assert [SessionPath((0, 2), prices, 0).price(1) for prices in ((10, 11), (11, 10))] == [11, 11]
    assert [SessionPath((0, 4), (10, 11), 0).price(second) for second in range(5)] == [
        10,
        10,
        11,
        11,
        11,
    ]


@pytest.mark.parametrize(
    ("times", "prices"),
    [((0,), (1,)), ((0, 1), (1,)), ((1, 2), (1, 1)), ((0, 2, 2), (1, 1, 1)), ((0, 1), (1, 0))],
)
def test_knots_that_make_no_path_are_refused(
    times: tuple[int, ...], prices: tuple[int, ...]
) -> None:
    """Too few, not from the opening, not ascending, or without a price."""
    with pytest.raises(BadInput, match="path"):
        SessionPath(times, prices, 0)


def test_a_bar_that_contradicts_itself_is_refused() -> None:
    """A close above the high, or a session of too few ticks."""
    with pytest.raises(BadInput, match="bar"):
        path_through_bar(100, 110, 90, 111, 0, seconds=23_400, tick_seconds=5)
    with pytest.raises(BadInput, match="tick_seconds"):
        path_through_bar(100, 110, 90, 105, 0, seconds=23_400, tick_seconds=11_700)
