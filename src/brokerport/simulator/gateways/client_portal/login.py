"""A login: one outer session, and all that IBKR remembers of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from attrs import define, field

from brokerport.domain.accounts import BrokerAccount

if TYPE_CHECKING:
    from brokerport.simulator.gateways.client_portal.replies import PendingReplies


def _no_replies() -> PendingReplies:
    from brokerport.simulator.gateways.client_portal.replies import PendingReplies

    return PendingReplies()


@define(eq=False)
class Login:
    """One outer session: the gateway's browser login, or one OAuth access token.

    ``is_authenticated`` says that it holds the brokerage session, ``is_competing`` that another
    login of the same username does. ``snapshot_fields`` are the fields asked of each contract id.
    ``last_request_at`` and ``opened_at`` are monotonic seconds; ``opened_on`` and
    ``brokerage_since`` are the world's time, UTC.
    """

    username: str
    session_id: str
    selected_account: BrokerAccount
    opened_at: float
    last_request_at: float
    opened_on: datetime
    is_open: bool = True
    is_authenticated: bool = False
    is_competing: bool = False
    brokerage_since: datetime | None = None
    has_queried_accounts: bool = False
    has_queried_portfolio: bool = False
    suppressed: set[str] = field(factory=set)
    primed: set[str] = field(factory=set)
    snapshot_fields: dict[int, set[str]] = field(factory=dict)
    replies: PendingReplies = field(factory=_no_replies)

    def forget_brokerage(self) -> None:
        """Forget what the brokerage session knew; a new one must be primed again."""
        self.is_authenticated = False
        self.brokerage_since = None
        self.has_queried_accounts = False
        self.suppressed.clear()
        self.primed.clear()
        self.snapshot_fields.clear()
        self.replies = _no_replies()
