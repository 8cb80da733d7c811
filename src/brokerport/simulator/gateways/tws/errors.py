"""How the gateway refuses a request; what keeps it from listening is in ``gateways.errors``.

Exception
└── Refused                   inside the gateway only: a request is answered with an IBKR error
"""

from __future__ import annotations

from brokerport.simulator.gateways.tws.codes import MessageCode


class Refused(Exception):
    """A request is refused with one of IBKR's codes; the client is told and lives on."""

    def __init__(self, code: MessageCode, **details: object) -> None:
        self.code = code
        self.message = code.message(**details)
        super().__init__(f"{code.number}: {self.message}")
