"""Settings of the Client Portal adapter."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from attrs import Attribute, field, frozen

from brokerport.config import checks
from brokerport.domain.errors import InvalidConfiguration

# What IBKR asks of every order of a kind, which tells its sender nothing new: no market data here
# (o354), a market order (o10151) and its cap price (o10223), a stop order (o10331). Not among them:
# what guards against a slip, as a price (o163), a size (o383) or a value (o451) out of bounds.
USUAL_ANSWERS = ("o354", "o10151", "o10223", "o10331")


class PortalMode(Enum):
    """How the adapter is let in: through a gateway somebody logged in to, or with OAuth."""

    GATEWAY = "gateway"
    OAUTH = "oauth"


class PortalPacing(Enum):
    """Whose limits the adapter keeps: IBKR's, or none (for a simulated gateway without them)."""

    IBKR = "ibkr"
    OFF = "off"


def _base_url(instance: object, attribute: Attribute[str], value: str) -> None:
    path, allowed = checks.setting_path(instance, attribute), "an http or https URL"
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise InvalidConfiguration(path, value, allowed) from None
    if parts.username or parts.password:
        # The value is not shown: it holds a secret.
        raise InvalidConfiguration(path, "a URL with a password", "a URL without one")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise InvalidConfiguration(path, value, allowed)
    if parts.scheme == "http" and not checks.is_loopback(parts.hostname):
        raise InvalidConfiguration(path, value, "https, unless the host is this machine")


@frozen
class ClientPortalSettings:
    """How to reach the Client Portal API, who we are there, and what questions may be answered.

    In ``gateway`` mode ``base_url`` is a Client Portal Gateway's, and somebody has logged in to it;
    ``certificate`` is the PEM file its self-made certificate is pinned to. In ``oauth`` mode it is
    IBKR's, and the ``oauth_...`` settings are references, ``env:NAME`` or ``file:PATH``, to where
    the credentials are: no secret stands in a setting.

    ``answered_questions`` are the ids of those questions IBKR may ask of an order that are answered
    with yes, such as ``o163``. An order that is asked anything else is not placed.
    ``takes_over_session`` ends another program's brokerage session of the same username.
    Times are in seconds; ``tickle_seconds`` is how often the session is kept alive (IBKR: 60).
    """

    SECTION = "client_portal"

    base_url: str = field(default="https://localhost:5000/v1/api", validator=_base_url)
    mode: PortalMode = PortalMode.GATEWAY
    certificate: Path | None = None
    request_timeout_seconds: float = field(default=15.0, validator=checks.positive)
    tickle_seconds: float = field(default=60.0, validator=checks.positive)
    answered_questions: tuple[str, ...] = USUAL_ANSWERS
    takes_over_session: bool = False
    pacing: PortalPacing = PortalPacing.IBKR
    oauth_consumer_key: str | None = field(default=None, validator=checks.reference)
    oauth_access_token: str | None = field(default=None, validator=checks.reference)
    oauth_access_token_secret: str | None = field(default=None, validator=checks.reference)
    oauth_encryption_key: str | None = field(default=None, validator=checks.reference)
    oauth_signature_key: str | None = field(default=None, validator=checks.reference)
    oauth_dh_prime: str | None = field(default=None, validator=checks.reference)
    oauth_realm: str = "limited_poa"

    def __attrs_post_init__(self) -> None:
        if self.mode is not PortalMode.OAUTH:
            return
        for name in (
            "oauth_consumer_key",
            "oauth_access_token",
            "oauth_access_token_secret",
            "oauth_encryption_key",
            "oauth_signature_key",
            "oauth_dh_prime",
        ):
            if getattr(self, name) is None:
                raise InvalidConfiguration(f"client_portal.{name}", None, "given in oauth mode")
