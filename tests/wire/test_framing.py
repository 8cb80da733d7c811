"""Frames: torn, glued, oversized."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerport.simulator.wire.tws.errors import LocalViolation, RemoteViolation
from brokerport.simulator.wire.tws.framing import (
    CLIENT_FRAME_LENGTH_MAX,
    FrameDecoder,
    encode_frame,
)
from tests.wire.wire_strategies import examples


@examples(100)
@given(
    payloads=st.lists(st.binary(min_size=1, max_size=40), max_size=12),
    cuts=st.lists(st.integers(0, 500), max_size=30),
)
def test_frames_survive_any_cutting(payloads: list[bytes], cuts: list[int]) -> None:
    """However the stream is torn and glued, the same payloads come out in order."""
    stream = b"".join(encode_frame(payload) for payload in payloads)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    decoder, got = FrameDecoder(), []
    for start, end in pairwise(edges):
        decoder.feed(stream[start:end])
        got += list(decoder)
    assert got == payloads
    assert decoder.buffered_length == 0


def test_frames_survive_byte_by_byte() -> None:
    """One byte at a time, and nothing before its time."""
    decoder = FrameDecoder()
    stream = encode_frame(b"first\0") + encode_frame(b"second\0")
    seen = []
    for position, byte in enumerate(stream):
        decoder.feed(bytes([byte]))
        seen += [(position, payload) for payload in decoder]
    assert seen == [(9, b"first\0"), (20, b"second\0")]


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (b"\0\0\0\0", "got 0"),
        (b"\xff\xff\xff\xff", "got -1"),
        (b"\x80\x00\x00\x00", "got -2147483648"),
        (b"\x00\x10\x00\x01", "got 1048577"),
    ],
)
def test_a_forbidden_length_is_refused_at_once(length: bytes, shown: str) -> None:
    """Zero, negative and oversized lengths are refused before any payload arrives, and for good."""
    decoder = FrameDecoder(CLIENT_FRAME_LENGTH_MAX)
    decoder.feed(encode_frame(b"good\0") + length)
    assert decoder.next_frame() == b"good\0"
    with pytest.raises(RemoteViolation, match=shown):
        decoder.next_frame()
    with pytest.raises(RemoteViolation, match=shown):
        decoder.next_frame()
    with pytest.raises(RemoteViolation, match=shown):
        decoder.feed(encode_frame(b"more\0"))


def test_the_longest_frame_is_accepted() -> None:
    """A frame of exactly the limit passes."""
    decoder = FrameDecoder(8)
    decoder.feed(encode_frame(b"12345678") + encode_frame(b"123456789"))
    assert decoder.next_frame() == b"12345678"
    with pytest.raises(RemoteViolation):
        decoder.next_frame()


@pytest.mark.parametrize("payload", [b"", b"123456789"])
def test_a_frame_that_no_peer_accepts_is_our_fault(payload: bytes) -> None:
    """We never send an empty or oversized frame."""
    with pytest.raises(LocalViolation):
        encode_frame(payload, 8)


def test_the_limit_must_be_positive() -> None:
    """A decoder that accepts nothing is a mistake of its maker."""
    with pytest.raises(ValueError, match="at least 1"):
        FrameDecoder(0)


def work_seconds(frame_count: int) -> float:
    """Return how long it takes to cut so many small frames out of one big buffer."""
    stream = encode_frame(b"2\x006\x001\x000\x00100\x00") * frame_count
    decoder = FrameDecoder()
    start = time.process_time()
    decoder.feed(stream)
    assert sum(1 for _ in decoder) == frame_count
    return time.process_time() - start


def test_the_work_is_linear() -> None:
    """Ten times as many glued frames cost about ten times the work, not a hundred times."""
    few = min(work_seconds(5_000) for _ in range(3))
    many = min(work_seconds(50_000) for _ in range(3))
    assert many < few * 40
