"""How the brokerage's refusals of a read leave the ports: as ``RequestRefused``, never unnamed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from brokerport.domain.errors import RequestRefused
from brokerport.simulator.brokerage.marks import NoMarkPrice
from brokerport.simulator.brokerage.refusals import OrderRefused


@contextmanager
def refused_as_request() -> Iterator[None]:
    """Turn what the brokerage refuses inside the block into the ports' own error.

    Raises:
        RequestRefused: with the brokerage's reason, and its code where it has one.
    """
    try:
        yield
    except OrderRefused as refusal:
        raise RequestRefused(refusal.reason, refusal.code) from None
    except NoMarkPrice as error:
        raise RequestRefused(str(error)) from error
