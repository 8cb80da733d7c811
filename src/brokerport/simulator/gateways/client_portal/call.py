"""A call: one request that has passed authentication and pacing, and the answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from brokerport.domain.accounts import BrokerAccount
from brokerport.simulator.brokerage.brokerage import Brokerage
from brokerport.simulator.gateways.client_portal.errors import bad_request
from brokerport.simulator.gateways.client_portal.login import Login
from brokerport.simulator.gateways.client_portal.served_portal import ServedPortal
from brokerport.simulator.world import World


@frozen
class Answer:
    """What a handler answers when the status or a header is not the usual one."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class Call:
    """One request of one login; ``body`` is the parsed JSON, None when there was none."""

    portal: ServedPortal
    login: Login
    method: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None

    @property
    def world(self) -> World:
        """The world behind the gateway."""
        return self.portal.world

    @property
    def brokerage(self) -> Brokerage:
        """The broker behind the gateway."""
        return self.portal.world.brokerage

    @property
    def now(self) -> datetime:
        """The world's time, UTC."""
        return self.portal.now

    def account(self, name: str = "accountId") -> BrokerAccount:
        """Return the account that a path parameter names.

        Raises:
            PortalError: this login may not see such an account (400).
        """
        return self.portal.account(self.path[name])

    def body_mapping(self) -> Mapping[str, Any]:
        """Return the body, which must be a JSON object.

        Raises:
            PortalError: it is something else, or missing (400).
        """
        if not isinstance(self.body, Mapping):
            raise bad_request("Bad Request: the body must be a JSON object")
        return self.body

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number from the query, ``default`` when it is not given.

        Raises:
            PortalError: it is no whole number from ``least`` to ``most`` (400).
        """
        text = self.query.get(name, "")
        if not text:
            return default
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise bad_request(f"Bad Request: {name} must be from {least} to {most}")
        return value

    def contract_id(self, name: str = "conid") -> int:
        """Return the contract id that a path or query parameter gives.

        Raises:
            PortalError: it is missing or no positive whole number (400).
        """
        text = self.path.get(name, self.query.get(name, ""))
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise bad_request(f"Bad Request: {name} is not a contract id")
        return int(text)
