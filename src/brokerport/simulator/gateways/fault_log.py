"""The gateway's own mistakes: logged in full and counted, so that no test passes over one."""

from __future__ import annotations

from brokerport.simulator.gateways.log import gateway_logger

_log = gateway_logger(__name__)


class FaultLog:
    """Counts errors that should not have happened."""

    def __init__(self) -> None:
        self.count = 0

    def record(self, where: str) -> None:
        """Log the exception being handled, and count it."""
        self.count += 1
        _log.exception("gateway.fault", where=where)
