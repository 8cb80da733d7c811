"""The table of pacing limits, and that the simulated gateways judge by the same numbers."""

from __future__ import annotations

import pytest

from brokerport.adapters.pacing_limits import LIMITS, Api, Counted, Limit, PacingLimit, limit_table
from brokerport.simulator.gateways.client_portal.pacing import LIMITS as ENFORCED
from brokerport.simulator.gateways.tws.settings import GatewaySettings


def test_a_limit_cannot_stand_in_the_table_twice() -> None:
    """A second entry for a name is refused, and the name is given."""
    row = PacingLimit("orders", Api.CLIENT_PORTAL, Limit(1, 5.0))
    with pytest.raises(ValueError, match="'orders'"):
        limit_table([row, row])


def test_every_row_says_what_it_counts() -> None:
    """A row of one kind names its messages or its path; a row of all names none."""
    for row in LIMITS.values():
        names_some = bool(row.messages) or (row.path is not None and bool(row.method))
        assert names_some is (row.counted is not Counted.ALL), row.name
        assert row.limit.requests > 0


def test_the_simulated_portal_enforces_the_same_limits() -> None:
    """The adapter's table and the gateway's are written separately, from IBKR's page."""
    kept = {
        row.name: (row.limit.requests, row.limit.seconds)
        for row in LIMITS.values()
        if row.api is Api.CLIENT_PORTAL
    }
    assert kept == {name: (limit.requests, limit.seconds) for name, limit in ENFORCED.items()}


def test_the_simulated_tws_enforces_the_same_limit() -> None:
    """50 messages a second."""
    assert GatewaySettings().messages_per_second_max == LIMITS["messages"].limit.requests
