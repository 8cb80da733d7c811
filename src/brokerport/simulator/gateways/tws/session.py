"""A client that has started: who it is, what it was told, and how its requests are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from brokerport.domain.errors import FinalError, UnknownContract
from brokerport.simulator.brokerage.refusals import OrderRefused
from brokerport.simulator.gateways.log import gateway_logger
from brokerport.simulator.gateways.tws.codes import (
    CANNOT_PROCESS,
    MAX_RATE_EXCEEDED,
    NO_SECURITY_DEFINITION,
    UNREADABLE_REQUEST,
    MessageCode,
)
from brokerport.simulator.gateways.tws.errors import Refused
from brokerport.simulator.gateways.tws.pacing import PacingMeter
from brokerport.simulator.wire.tws.connection import MalformedRequest
from brokerport.simulator.wire.tws.messages.session import ErrorMessage, UnknownRequest

if TYPE_CHECKING:
    from brokerport.simulator.gateways.tws.served_world import ServedWorld

_log = gateway_logger(__name__)

Handler: TypeAlias = Callable[["Session", Any], None]
DispatchTable: TypeAlias = Mapping[type[Any], Handler]

NO_ID = -1
"""The request id of a message that belongs to no request."""


class Outlet(Protocol):
    """Where a session's messages go."""

    @property
    def version(self) -> int:
        """The protocol version spoken."""
        ...

    def send(self, message: object) -> None:
        """Send one message."""
        ...

    def close(self) -> None:
        """Close after everything sent so far has been written."""
        ...

    def drop(self, reason: str) -> None:
        """Close at once."""
        ...


class Session:
    """One started client.

    ``market_data_type`` is 1 live, 2 frozen, 3 delayed, 4 delayed frozen. ``binds_other_orders`` is
    client 0's wish to see and change orders that came through other doors.
    """

    def __init__(
        self,
        client_id: int,
        outlet: Outlet,
        served: ServedWorld,
        table: DispatchTable,
    ) -> None:
        self.client_id = client_id
        self.served = served
        self.market_data_type = 1
        self.binds_other_orders = False
        self.pacing = PacingMeter(served.settings.messages_per_second_max)
        self._outlet = outlet
        self._table = table

    @property
    def version(self) -> int:
        """The protocol version spoken with this client."""
        return self._outlet.version

    def send(self, message: object) -> None:
        """Send one message."""
        self._outlet.send(message)

    def error(self, request_id: int, code: MessageCode, **details: object) -> None:
        """Send one of IBKR's errors or notices."""
        self.send(ErrorMessage(request_id, code.number, code.message(**details)))

    def close(self) -> None:
        """Close the connection after everything sent so far has been written."""
        self._outlet.close()

    def handle(self, request: Any, now_seconds: float) -> None:
        """Answer one request; a refusal becomes an error message with the request's id."""
        if self.pacing.count(now_seconds):
            self._answer_pacing_violation()
        request_id = _request_id_of(request)
        try:
            self._dispatch(request)
        except Refused as refused:
            self.send(ErrorMessage(request_id, refused.code.number, refused.message))
        except OrderRefused as refused:
            self.send(ErrorMessage(request_id, refused.code, refused.reason))
        except UnknownContract as unknown:
            self.error(request_id, NO_SECURITY_DEFINITION, detail=f" ({unknown})")
        except FinalError as cause:
            self.error(request_id, CANNOT_PROCESS, field=_name_of(request), cause=cause)

    def _dispatch(self, request: Any) -> None:
        if isinstance(request, MalformedRequest):
            raise Refused(UNREADABLE_REQUEST, cause=request.reason)
        handler = self._table.get(type(request))
        if handler is None:
            raise Refused(
                CANNOT_PROCESS,
                field=_name_of(request),
                cause="this request is not supported by the simulated gateway",
            )
        handler(self, request)

    def _answer_pacing_violation(self) -> None:
        self.error(
            NO_ID,
            MAX_RATE_EXCEEDED,
            limit=self.pacing.limit,
            received=self.pacing.received_this_second,
            count=self.pacing.violations,
        )
        _log.warning("tws_gateway.pacing", client=self.client_id, violations=self.pacing.violations)
        violations_max = self.served.settings.pacing_violations_max
        if violations_max is not None and self.pacing.violations >= violations_max:
            self.close()


def _name_of(request: object) -> str:
    if isinstance(request, UnknownRequest):
        return f"message {request.message_id}"
    return type(request).__name__


def _request_id_of(request: object) -> int:
    for attribute in ("request_id", "order_id"):
        value = getattr(request, attribute, None)
        if isinstance(value, int):
            return value
    return NO_ID
