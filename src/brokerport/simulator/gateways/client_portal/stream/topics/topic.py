"""What every topic has: its commands, who has subscribed, and when it speaks.

Rules:

- What matters one by one (orders, executions) is told from ``on_event``, as it happens. What only
  matters as it stands in the end (quotes, values) is told at the end of the turn.
- A command raises PortalError, or an error of the domain, when it cannot be followed: nothing has
  changed then, and the client is told why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from attrs import frozen

from brokerport.simulator.brokerage.events import BrokerageEvent
from brokerport.simulator.gateways.client_portal.errors import bad_request
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.gateways.client_portal.stream.frame import Frame
from brokerport.simulator.gateways.client_portal.stream.subscriber import Subscriber
from brokerport.simulator.gateways.turn import EndOfTurn


@frozen
class Command:
    """Who follows a command, and whether it takes the brokerage session."""

    follow: Callable[[Subscriber, Frame], None]
    needs_bridge: bool = False


class Topic:
    """One kind of message, and the subscriptions to it."""

    def __init__(self, portal: ServedPortal, end_of_turn: EndOfTurn) -> None:
        self.portal = portal
        self.end_of_turn = end_of_turn

    def commands(self) -> Mapping[str, Command]:
        """Return what clients may ask for."""
        return {}

    def on_event(self, event: BrokerageEvent, /) -> None:
        """Take note of something that happened at the broker."""

    def on_tick(self, at: datetime, /) -> None:
        """Take note that the market has moved."""

    def on_time(self, seconds: float, /) -> None:
        """Do what is due at this monotonic time."""

    def next_due(self) -> float | None:
        """Return the monotonic time at which something is due, None when nothing is."""
        return None

    def end_brokerage(self, subscriber: Subscriber) -> None:
        """End a subscription that takes the brokerage session, which is lost."""
        self.end(subscriber)

    def end(self, subscriber: Subscriber) -> None:
        """End every subscription of a connection that is gone."""


def contract_id(text: str) -> int:
    """Return the contract id of a target, which may name an exchange: ``265598@SMART``.

    Raises:
        PortalError: it is no contract id (400).
    """
    digits = text.partition("@")[0]
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise bad_request("Bad Request: conid is not a contract id")
    return int(digits)
