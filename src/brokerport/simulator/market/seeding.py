"""Seeded draws that depend on what they are for, not on what was drawn before.

A key is a 64-bit number hashed (BLAKE2b, never Python's own salted hash) from the seed and the
words that name a purpose. A draw is a number of a counter under a key (SplitMix64's output
function; Steele, Lea and Flood, OOPSLA 2014): cheap enough for every quote.
"""

from __future__ import annotations

from hashlib import blake2b

_MASK = 2**64 - 1


def key_of(seed: int, *words: str) -> int:
    """Return the 64-bit key of a purpose under a seed."""
    text = "\x1f".join((str(seed), *words)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def draw(key: int, counter: int) -> int:
    """Return 64 pseudo-random bits: the counter's, under that key."""
    mixed = (key + counter * 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & _MASK
    return mixed ^ mixed >> 31
