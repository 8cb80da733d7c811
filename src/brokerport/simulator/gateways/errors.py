"""What keeps a gateway from listening.

InvalidConfiguration          (brokerport.domain.errors)
├── NotLoopback               the host is not this machine: a simulator is never exposed
└── PortInUse                 another program listens on the port
"""

from __future__ import annotations

import ipaddress

from brokerport.domain.errors import InvalidConfiguration


class NotLoopback(InvalidConfiguration):
    """A gateway was asked to listen on an address that other machines could reach."""

    def __init__(self, gateway: str, host: str) -> None:
        super().__init__(f"{gateway}.host", host, "a loopback address: 127.0.0.1, ::1, localhost")
        self.host = host


class PortInUse(InvalidConfiguration):
    """Another program listens on the port."""

    def __init__(self, gateway: str, host: str, port: int) -> None:
        super().__init__(f"{gateway}.port", port, f"a port that nothing else uses on {host}")
        self.host = host
        self.port = port


def check_loopback(gateway: str, host: str) -> None:
    """Refuse a host that other machines could reach.

    Raises:
        NotLoopback: it is no loopback address.
    """
    if host == "localhost":
        return
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise NotLoopback(gateway, host)
