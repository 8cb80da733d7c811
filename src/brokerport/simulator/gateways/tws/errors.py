"""Errors of the gateway itself.

InvalidConfiguration          (brokerport.domain.errors)
├── NotLoopback               the host is not this machine: a simulator is never exposed
└── PortInUse                 another program listens on the port
Exception
└── Refused                   inside the gateway only: a request is answered with an IBKR error
"""

from __future__ import annotations

from brokerport.domain.errors import InvalidConfiguration
from brokerport.simulator.gateways.tws.codes import MessageCode


class NotLoopback(InvalidConfiguration):
    """The gateway was asked to listen on an address that other machines could reach."""

    def __init__(self, host: str) -> None:
        super().__init__("tws_gateway.host", host, "a loopback address: 127.0.0.1, ::1, localhost")
        self.host = host


class PortInUse(InvalidConfiguration):
    """Another program listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__("tws_gateway.port", port, f"a port that nothing else uses on {host}")
        self.host = host
        self.port = port


class Refused(Exception):
    """A request is refused with one of IBKR's codes; the client is told and lives on."""

    def __init__(self, code: MessageCode, **details: object) -> None:
        self.code = code
        self.message = code.message(**details)
        super().__init__(f"{code.number}: {self.message}")
