"""An endpoint: one method and path, what a caller needs before it, and who answers."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from brokerport.simulator.gateways.client_portal.call import Call


class Tier(Enum):
    """Which session a request needs (Web API, "Sessions")."""

    OUTER = "the read-only session"
    BRIDGE = "the brokerage session"


@frozen
class Endpoint:
    """One row of the table of what the gateway serves.

    ``path`` is below ``/v1/api``, with parameters in braces. ``needs_accounts`` says that
    GET /iserver/accounts must have come first, ``needs_portfolio_accounts`` that
    GET /portfolio/accounts must have. ``limit`` names a row of the pacing table. A request
    invalidates questions that wait for a reply unless ``invalidates_replies`` is False.
    """

    method: str
    path: str
    handler: Callable[[Call], object]
    tier: Tier = Tier.BRIDGE
    needs_accounts: bool = False
    needs_portfolio_accounts: bool = False
    limit: str | None = None
    invalidates_replies: bool = True
