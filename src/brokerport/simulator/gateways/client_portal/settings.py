"""What can be set on a Client Portal gateway; the defaults behave like IBKR's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import Attribute, field, frozen

from brokerport.domain.errors import InvalidConfiguration

if TYPE_CHECKING:
    from brokerport.simulator.gateways.client_portal.oauth.consumer import OAuthConsumer
    from brokerport.simulator.gateways.client_portal.questions import Question


def _positive(_settings: object, attribute: Attribute[Any], value: Any) -> None:
    if not value > 0:
        name = f"client_portal_gateway.{attribute.name}"
        raise InvalidConfiguration(name, value, "greater than zero")


def _not_negative(_settings: object, attribute: Attribute[Any], value: Any) -> None:
    if not value >= 0:
        name = f"client_portal_gateway.{attribute.name}"
        raise InvalidConfiguration(name, value, "zero or more")


@frozen
class PortalSettings:
    """How the gateway treats its callers.

    ``is_plain_http`` serves without TLS. ``data_directory`` is where its certificate is kept, None
    for the user's own data directory.

    ``username`` is whose session the gateway holds; ``is_logged_in`` says that somebody has logged
    in at the start and the brokerage session is open, as after IBKR's login page.

    ``idle_seconds_max`` ends the brokerage session (about 6 minutes), ``session_seconds_max`` the
    outer one (24 hours). ``heartbeat_seconds`` is how often a WebSocket hears one.
    ``market_data_seconds_max`` is when a streaming subscription ends by itself.

    ``enforces_pacing`` False counts nothing and refuses nothing. After ``penalty_after`` violations
    within a minute every request of that address is refused for ``penalty_seconds``.

    ``history_seconds`` is how long a request for history takes, by the wall's clock.

    ``body_bytes_max`` bounds one request, ``body_seconds_max`` how long it may take to arrive,
    ``unread_messages_max`` what may wait for a WebSocket that does not read.
    ``close_grace_seconds`` is how long requests under way may take when the gateway closes.

    ``questions`` are what orders are asked; None is IBKR's usual set. ``oauth_consumers`` may come
    without the browser's login.
    """

    is_plain_http: bool = False
    data_directory: Path | None = None
    username: str = "paper"
    is_logged_in: bool = True
    idle_seconds_max: float = field(default=360.0, validator=_positive)
    session_seconds_max: float = field(default=86_400.0, validator=_positive)
    heartbeat_seconds: float = field(default=10.0, validator=_positive)
    market_data_seconds_max: float = field(default=900.0, validator=_positive)
    enforces_pacing: bool = True
    penalty_after: int = field(default=10, validator=_positive)
    penalty_seconds: float = field(default=600.0, validator=_positive)
    history_seconds: float = field(default=0.0, validator=_not_negative)
    body_bytes_max: int = field(default=1_048_576, validator=_positive)
    body_seconds_max: float = field(default=30.0, validator=_positive)
    close_grace_seconds: float = field(default=1.0, validator=_positive)
    unread_messages_max: int = field(default=10_000, validator=_positive)
    questions: tuple[Question, ...] | None = None
    oauth_consumers: tuple[OAuthConsumer, ...] = ()
