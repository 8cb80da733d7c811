"""Which version is announced to which client."""

from __future__ import annotations

import pytest

from brokerport.simulator.wire.tws.versions import negotiate


@pytest.mark.parametrize(
    ("client_min", "client_max", "announced"),
    [
        (157, 178, 178),  # ib_async
        (100, 157, 157),  # official 9.81
        (100, 177, 177),  # older official
        (100, 176, 176),
        (100, 226, 178),  # official 10.51
        (178, 300, 178),
        (179, 300, None),
        (100, 156, None),
        (1, 99, None),
        (157, 157, 157),
    ],
)
def test_the_announced_version(client_min: int, client_max: int, announced: int | None) -> None:
    """The client's maximum, at most 178, and nothing below 157 or below the client's minimum."""
    assert negotiate(client_min, client_max) == announced
