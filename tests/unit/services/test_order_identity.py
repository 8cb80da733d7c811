"""ClientOrderIds: unique whatever the clock does, sorted by age, and true to the ULID layout."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from brokerport.domain.orders import ClientOrderId
from brokerport.services.order_identity import ClientOrderIds
from tests.support.examples import NOON
from tests.support.properties import PROPERTY
from tests.support.trading_desk import StoppedClock

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def number_of(unique_part: str) -> int:
    """Read Crockford's base 32, digit by digit."""
    value = 0
    for letter in unique_part:
        value = value * 32 + CROCKFORD.index(letter)
    return value


class Zeros(random.Random):
    """A source of chance that never gives any."""

    def getrandbits(self, k: int, /) -> int:
        """Return no bits."""
        return 0


class Ones(random.Random):
    """A source of chance whose every bit is set."""

    def getrandbits(self, k: int, /) -> int:
        """Return all bits set."""
        return (1 << k) - 1


@PROPERTY
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=50), st.integers(0, 1 << 32))
def test_ids_are_unique_and_sorted_however_the_clock_jumps(steps: list[int], seed: int) -> None:
    """Milliseconds that repeat or go backwards never give an id twice, nor an older one."""
    clock = StoppedClock()
    ids = ClientOrderIds(clock, random.Random(seed))
    issued: list[str] = []
    for step in steps:
        clock.at += timedelta(milliseconds=step)
        issued.append(str(ids.issue("gen")))
    assert len(set(issued)) == len(issued)
    assert issued == sorted(issued)
    assert all(ClientOrderId.parse(text).account == "gen" for text in issued)


@PROPERTY
@given(st.integers(0, 4_102_444_800_000), st.integers(0, 1 << 32))
def test_an_id_tells_its_millisecond(milliseconds: int, seed: int) -> None:
    """48 bits of Unix time in milliseconds, then 80 of chance (github.com/ulid/spec)."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    ids = ClientOrderIds(StoppedClock(at), random.Random(seed))
    value = number_of(ids.issue("gen").unique_part)
    assert abs((value >> 80) - milliseconds) <= 1
    chance = random.Random(seed).getrandbits(80)
    assert value & ((1 << 80) - 1) == chance or milliseconds == 0


def test_two_sources_of_chance_give_two_ids_in_one_millisecond() -> None:
    """Two processes that place at the same moment do not share an id."""
    one = ClientOrderIds(StoppedClock(), random.Random(1)).issue("gen")
    other = ClientOrderIds(StoppedClock(), random.Random(2)).issue("gen")
    assert one != other


def test_the_last_id_of_a_millisecond_is_followed_by_another() -> None:
    """Counting up over the end of the random part reaches into the next millisecond."""
    ids = ClientOrderIds(StoppedClock(), Ones())
    first, second = (number_of(ids.issue("gen").unique_part) for _ in range(2))
    assert second == first + 1
    assert second >> 80 == (first >> 80) + 1


def test_counting_up_does_not_need_chance() -> None:
    """Even a broken source of chance gives distinct ids within one process."""
    ids = ClientOrderIds(StoppedClock(NOON), Zeros())
    assert len({ids.issue("gen") for _ in range(1000)}) == 1000


def test_the_account_is_the_callers() -> None:
    """One sequence serves every account."""
    ids = ClientOrderIds(StoppedClock(), random.Random(7))
    assert [ids.issue(name).account for name in ("gen", "rev")] == ["gen", "rev"]
