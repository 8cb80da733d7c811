"""The simulated world behind IBKR's TWS socket protocol."""

from __future__ import annotations

from brokerport.simulator.gateways.errors import NotLoopback, PortInUse
from brokerport.simulator.gateways.tws.server import TwsGateway
from brokerport.simulator.gateways.tws.settings import GatewaySettings

__all__ = ["GatewaySettings", "NotLoopback", "PortInUse", "TwsGateway"]
