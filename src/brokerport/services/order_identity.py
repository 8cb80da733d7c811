"""Where new ClientOrderIds come from: a ULID from a clock and a source of random bits.

ULID (github.com/ulid/spec): 48 bits of milliseconds since 1970 and 80 random bits in Crockford's
base 32; within one millisecond the random part is counted up, so ids also sort by age.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from brokerport.domain.orders import ClientOrderId
from brokerport.ports.clock import Clock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80


class ClientOrderIds:
    """Issues a ClientOrderId that no other call, process or day will issue again."""

    def __init__(self, clock: Clock, random_source: random.Random) -> None:
        self._clock = clock
        self._random = random_source
        self._last = 0

    def issue(self, account: str) -> ClientOrderId:
        """Return a new id for an order of that logical account."""
        milliseconds = int(self._clock.now().timestamp() * 1000)
        value = (milliseconds << _RANDOM_BITS) | self._random.getrandbits(_RANDOM_BITS)
        if value >> _RANDOM_BITS <= self._last >> _RANDOM_BITS:
            value = self._last + 1
        self._last = value
        return ClientOrderId(account, _base32(value))


def issued_at(client_order_id: ClientOrderId) -> datetime:
    """Return when an id was issued (UTC), by the clock of who issued it."""
    milliseconds = 0
    for character in client_order_id.unique_part[:10]:
        milliseconds = milliseconds * 32 + _ALPHABET.index(character)
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)


def _base32(value: int) -> str:
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))
