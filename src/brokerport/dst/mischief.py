"""What the gateways do wrong by themselves, until they are told to stop."""

from __future__ import annotations

from brokerport.simulator.faults.chances import FaultChances
from brokerport.simulator.faults.portal_mischief import PortalMischief
from brokerport.simulator.faults.tws_mischief import TwsMischief


def _end(chances: FaultChances | None) -> None:
    if chances is not None:
        chances.faults = ()


class EndingTwsMischief(TwsMischief):
    """The TWS gateway's faults, up to an end."""

    def end(self) -> None:
        """Play no more faults."""
        _end(self._chances)


class EndingPortalMischief(PortalMischief):
    """The Client Portal gateway's faults, up to an end."""

    def end(self) -> None:
        """Play no more faults."""
        _end(self._chances)
