"""The broker's numbers: permanent order ids and execution ids, the same for the same seed.

IBKR's shapes: a permId is a positive 32-bit number; an execution id is four groups of hexadecimal
digits such as ``0000e0d5.6560a2b1.01.01``, whose last group counts corrections.
"""

from __future__ import annotations

from random import Random

_PERM_ID_MIN = 200_000_000
_PERM_ID_MAX = 1_900_000_000


class IdentifierSource:
    """Gives out each number once."""

    def __init__(self, seed: int) -> None:
        draw = Random(f"identifiers {seed}")
        self._next_perm_id = draw.randint(_PERM_ID_MIN, _PERM_ID_MAX)
        self._execution_prefix = draw.randint(0xE000, 0xFFFF)
        self._next_execution = draw.randint(0x60000000, 0x6FFFFFFF)

    def next_perm_id(self) -> int:
        """Return a permanent order id never given before."""
        perm_id = self._next_perm_id
        self._next_perm_id += 1
        return perm_id

    def next_execution_id(self) -> str:
        """Return an execution id never given before."""
        number = self._next_execution
        self._next_execution += 1
        return f"{self._execution_prefix:08x}.{number:08x}.01.01"
